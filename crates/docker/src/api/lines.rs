//! Makes lines of the bytes by which the engine tells what a container wrote.
//!
//! Without a terminal both streams come in frames, one for each record of the engine's log. A record is a
//! line, or 16 KiB of one that is longer.

use control::ports::OutputStream;

/// A frame's head: the stream's number, three zeros, the length of what follows.
const HEAD: usize = 8;

/// A line as the engine wrote it, without its end.
pub(super) type RawLine = (OutputStream, String);

/// Bytes on their way to lines.
pub(super) struct LineSplitter {
    /// Most bytes of a line that are kept; what it says further is dropped.
    longest: usize,
    /// `None` where the container has a terminal: then there are no frames.
    frames: Option<Frame>,
    /// The line that each stream has begun.
    begun: [Vec<u8>; 2],
}

/// The present frame.
#[derive(Default)]
struct Frame {
    /// Of the next one, as far as it has come.
    head: Vec<u8>,
    stream: usize,
    /// How much of it is to come.
    remaining: usize,
}

impl LineSplitter {
    /// None yet. `longest` must not be above 16 KiB: what follows in further records is to be dropped.
    pub(super) fn of(has_terminal: bool, longest: usize) -> Self {
        Self { longest, frames: (!has_terminal).then(Frame::default), begun: Default::default() }
    }

    /// Takes in some bytes and tells the lines that they end.
    pub(super) fn take_in(&mut self, mut bytes: &[u8], tell: &mut impl FnMut(RawLine)) {
        let Some(mut frame) = self.frames.take() else { return self.add(0, bytes, tell) };
        while !bytes.is_empty() {
            if frame.remaining > 0 {
                let (payload, rest) = bytes.split_at(frame.remaining.min(bytes.len()));
                self.add(frame.stream, payload, tell);
                frame.remaining -= payload.len();
                bytes = rest;
                // A record that ends without a line break is the last of a program that did not write one,
                // unless it is a piece of a line that is full already.
                if frame.remaining == 0 && (1..self.longest).contains(&self.begun[frame.stream].len()) {
                    self.end(frame.stream, tell);
                }
                continue;
            }
            let (more, rest) = bytes.split_at((HEAD - frame.head.len()).min(bytes.len()));
            frame.head.extend_from_slice(more);
            bytes = rest;
            if let Ok([stream, _, _, _, length @ ..]) = <[u8; HEAD]>::try_from(frame.head.as_slice()) {
                frame.stream = usize::from(stream == 2);
                frame.remaining = u32::from_be_bytes(length) as usize;
                frame.head.clear();
            }
        }
        self.frames = Some(frame);
    }

    /// Tells what was begun and will not be ended any more.
    pub(super) fn finish(&mut self, tell: &mut impl FnMut(RawLine)) {
        for stream in 0..self.begun.len() {
            if !self.begun[stream].is_empty() {
                self.end(stream, tell);
            }
        }
    }

    fn add(&mut self, stream: usize, bytes: &[u8], tell: &mut impl FnMut(RawLine)) {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (part, is_end) = part.strip_suffix(b"\n").map_or((part, false), |part| (part, true));
            let room = self.longest.saturating_sub(self.begun[stream].len());
            self.begun[stream].extend_from_slice(&part[..part.len().min(room)]);
            if is_end {
                self.end(stream, tell);
            }
        }
    }

    fn end(&mut self, stream: usize, tell: &mut impl FnMut(RawLine)) {
        let line = std::mem::take(&mut self.begun[stream]);
        let source = if stream == 0 { OutputStream::Stdout } else { OutputStream::Stderr };
        tell((source, String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: usize = 1024;

    fn frame(stream: u8, payload: &str) -> Vec<u8> {
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], payload.as_bytes()].concat()
    }

    fn told(has_terminal: bool, bytes: &[u8], cut: usize) -> Vec<RawLine> {
        let (mut lines, mut told) = (LineSplitter::of(has_terminal, LONGEST), Vec::new());
        for chunk in bytes.chunks(cut) {
            lines.take_in(chunk, &mut |line| told.push(line));
        }
        lines.finish(&mut |line| told.push(line));
        told
    }

    #[test]
    fn frames_cut_anywhere_give_the_lines_of_both_streams() {
        use OutputStream::{Stderr, Stdout};
        let bytes =
            [frame(1, "one\n"), frame(2, "error\r\n"), frame(1, "\n"), frame(2, ""), frame(1, "last")];
        let bytes = bytes.concat();
        let expected = [(Stdout, "one"), (Stderr, "error"), (Stdout, ""), (Stdout, "last")];
        let expected = expected.map(|(stream, text)| (stream, text.to_owned()));
        for cut in 1..bytes.len() {
            assert_eq!(told(false, &bytes, cut), expected, "cut every {cut} bytes");
        }
    }

    #[test]
    fn a_terminals_output_is_cut_at_its_line_breaks_only() {
        let expected = ["one", "two", "", "rest"].map(|text| (OutputStream::Stdout, text.to_owned()));
        for cut in 1..10 {
            assert_eq!(told(true, b"one\r\ntwo\r\n\r\nrest", cut), expected);
        }
    }

    #[test]
    fn what_a_program_left_without_a_line_break_does_not_run_into_its_next_life() {
        let bytes = [frame(1, "dying"), frame(1, "born\n")].concat();
        let texts: Vec<String> = told(false, &bytes, 5).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["dying", "born"]);
    }

    #[test]
    fn a_long_line_is_bounded_also_when_it_comes_in_pieces() {
        let piece = "x".repeat(LONGEST + 5);
        let bytes = [frame(1, &piece), frame(1, &piece), frame(1, "end\n"), frame(1, "next\n")].concat();
        let texts: Vec<String> = told(false, &bytes, 7).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, [&piece[..LONGEST], "next"]);
    }
}
