//! What the engine says of pulls and of what containers write, with inputs that are damaged on purpose.

use std::path::{Path, PathBuf};

use super::lines::LineSplitter;
use super::progress::{Message, Progress};

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target)
}

#[test]
fn the_figures_of_a_pull_only_ever_grow_whatever_the_engine_says() {
    testkit::fuzz::run(&corpus("pull_progress"), |input| {
        let mut progress = Progress::of("image");
        let (mut done, mut moved) = (0, false);
        for line in input.split(|byte| *byte == b'\n') {
            let Ok(message) = serde_json::from_slice::<Message>(line) else { continue };
            moved |= progress.take_in(&message);
            let figures = progress.figures();
            assert!(figures.bytes_done() >= done && figures.bytes_total() >= figures.bytes_done());
            done = figures.bytes_done();
        }
        moved
    });
}

#[test]
fn lines_are_bounded_and_do_not_depend_on_how_the_bytes_come() {
    const LONGEST: usize = 64;
    let lines = |has_terminal: bool, input: &[u8], piece: usize| {
        let mut splitter = LineSplitter::of(has_terminal, LONGEST);
        let mut told = Vec::new();
        for bytes in input.chunks(piece) {
            splitter.take_in(bytes, &mut |line| told.push(line));
        }
        splitter.finish(&mut |line| told.push(line));
        told
    };
    testkit::fuzz::run(&corpus("container_output"), |input| {
        let mut lead_somewhere = false;
        for has_terminal in [true, false] {
            let whole = lines(has_terminal, input, input.len().max(1));
            // A byte that is no text is shown by a sign of three.
            assert!(whole.iter().all(|(_, line)| line.len() <= 3 * LONGEST));
            assert_eq!(whole, lines(has_terminal, input, 1));
            assert_eq!(whole, lines(has_terminal, input, 7));
            lead_somewhere |= whole.len() > 2;
        }
        lead_somewhere
    });
}
