//! The last lines that a container wrote.

use control::ports::EngineError;
use domain::ContainerId;

use super::client::{Call, Client};
use super::look;

/// Most bytes of a line that are kept; what it says further is dropped.
const LONGEST_LINE: usize = 4 * 1024;
/// Most bytes that are read in all: a container may have written lines of any length.
const MOST_READ: usize = 16 * 1024 * 1024;
/// A frame's head: the stream's number, three zeros, the length of what follows.
const HEAD: usize = 8;

pub(super) async fn last_lines(
    client: &Client,
    id: &ContainerId,
    lines: usize,
) -> Result<Vec<String>, EngineError> {
    // Only the container's own configuration tells the two formats apart on every version of the API.
    let Some(container) = look::inspect(client, id).await? else { return Ok(Vec::new()) };
    let call = Call::get(
        "tell a container's last lines",
        format!("/containers/{id}/logs?stdout=1&stderr=1&tail={lines}"),
    );
    let Some(mut body) = client.send(&call).await?.found(call.action)? else { return Ok(Vec::new()) };
    let mut collected = Collected::default();
    let (mut frames, mut read) = (Frames::default(), 0);
    while let Some(chunk) = body.chunk().await? {
        if container.has_terminal() {
            collected.take_in(0, &chunk);
        } else {
            frames.take_in(&chunk, &mut collected);
        }
        read += chunk.len();
        if read > MOST_READ {
            break;
        }
    }
    Ok(collected.finish(lines))
}

/// Undoes the interleaving of both streams.
#[derive(Default)]
struct Frames {
    head: Vec<u8>,
    /// Which stream the present frame belongs to, and how much of it is to come.
    stream: usize,
    remaining: usize,
}

impl Frames {
    fn take_in(&mut self, mut bytes: &[u8], collected: &mut Collected) {
        while !bytes.is_empty() {
            if self.remaining > 0 {
                let (payload, rest) = bytes.split_at(self.remaining.min(bytes.len()));
                collected.take_in(self.stream, payload);
                self.remaining -= payload.len();
                bytes = rest;
                continue;
            }
            let (more, rest) = bytes.split_at((HEAD - self.head.len()).min(bytes.len()));
            self.head.extend_from_slice(more);
            bytes = rest;
            if let Ok([stream, _, _, _, length @ ..]) = <[u8; HEAD]>::try_from(self.head.as_slice()) {
                self.stream = usize::from(stream == 2);
                self.remaining = u32::from_be_bytes(length) as usize;
                self.head.clear();
            }
        }
    }
}

/// Lines in the order in which they were ended.
#[derive(Default)]
struct Collected {
    lines: Vec<String>,
    /// The line that each stream has begun.
    begun: [Vec<u8>; 2],
}

impl Collected {
    fn take_in(&mut self, stream: usize, bytes: &[u8]) {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (part, is_end) = part.strip_suffix(b"\n").map_or((part, false), |part| (part, true));
            let room = LONGEST_LINE.saturating_sub(self.begun[stream].len());
            self.begun[stream].extend_from_slice(&part[..part.len().min(room)]);
            if is_end {
                self.end_line(stream);
            }
        }
    }

    fn end_line(&mut self, stream: usize) {
        let line = std::mem::take(&mut self.begun[stream]);
        self.lines.push(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned());
    }

    fn finish(mut self, lines: usize) -> Vec<String> {
        for stream in 0..self.begun.len() {
            if !self.begun[stream].is_empty() {
                self.end_line(stream);
            }
        }
        let surplus = self.lines.len().saturating_sub(lines);
        self.lines.split_off(surplus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(stream: u8, payload: &str) -> Vec<u8> {
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], payload.as_bytes()].concat()
    }

    #[test]
    fn frames_cut_anywhere_give_the_lines_of_both_streams() {
        let bytes =
            [frame(1, "one\ntw"), frame(2, "error\r\n"), frame(1, "o\n"), frame(2, ""), frame(1, "last")]
                .concat();
        for cut in 1..bytes.len() {
            let (mut frames, mut collected) = (Frames::default(), Collected::default());
            for chunk in bytes.chunks(cut) {
                frames.take_in(chunk, &mut collected);
            }
            assert_eq!(collected.finish(10), ["one", "error", "two", "last"], "cut every {cut} bytes");
        }
    }

    #[test]
    fn a_line_is_bounded_and_only_the_last_are_kept() {
        let mut collected = Collected::default();
        collected.take_in(0, "x".repeat(3 * LONGEST_LINE).as_bytes());
        collected.take_in(0, b"y\nlast\n");
        assert_eq!(collected.lines[0].len(), LONGEST_LINE);
        assert_eq!(collected.finish(1), ["last"]);
    }
}
