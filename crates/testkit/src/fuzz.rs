//! Fuzzing on the stable toolchain: inputs that are damaged on purpose, thrown at a reader.
//!
//! No coverage guides it: the guide is the corpus, inputs of the reader's own kind that are kept in the repository,
//! past findings among them, and whatever the reader says leads somewhere. In the tests a target runs for a moment and
//! always alike; `cargo xtask fuzz --seconds N` runs each for N seconds, differently each time. An input that makes the
//! reader panic is kept in its corpus: then it is a test.

use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How many seconds each target runs; a moment where it is not set.
const SECONDS: &str = "APPMANAGE_FUZZ_SECONDS";

/// Inputs that a target gets in the tests, but for at most [`MOMENT`].
const TRIES: usize = 3_000;

/// How long a target may run in the tests.
const MOMENT: Duration = Duration::from_secs(3);

/// Inputs that led somewhere and are built upon, besides the corpus.
const KEPT_MAX: usize = 500;

/// Longest input, in bytes: what is wrong with longer ones is wrong with these.
const LONGEST: usize = 16 * 1024;

/// What readers of text stumble over.
const TOKENS: &[&str] = &[
    "\0",
    "\n",
    "\r\n",
    "\t",
    "\u{1b}[2J",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "\u{feff}",
    "\u{fffd}",
    "\u{10ffff}",
    "'",
    "\"",
    "\\",
    "`",
    "$",
    "${",
    "$(",
    "}}",
    "%",
    "%00",
    "%ff",
    "&",
    "=",
    ";",
    "#",
    ":",
    ": ",
    "- ",
    "*a",
    "&a ",
    "<<: ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "[[[[[[[[",
    "../",
    "/etc/passwd",
    "null",
    "true",
    "-1",
    "1e999",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "NaN",
    "\"\\ud800\"",
    "博客",
    "İ",
    "ß",
];

/// Runs a target over its corpus and what is made of it. `reader` panics at what must not be, and says whether the
/// input led somewhere.
///
/// # Panics
/// The reader did, or the corpus is not there.
pub fn run(corpus: &Path, reader: impl Fn(&[u8]) -> bool) {
    let mut known = read(corpus);
    assert!(!known.is_empty(), "there is no corpus at {}", corpus.display());
    for (file, input) in &known {
        let read = catch_unwind(AssertUnwindSafe(|| reader(input)));
        read.unwrap_or_else(|panic| {
            // The harness shows what is printed by a test that fails.
            let _told = writeln_error(&format!("a past finding is back: {}", file.display()));
            resume_unwind(panic)
        });
    }
    let seconds = std::env::var(SECONDS).ok().and_then(|text| text.parse().ok());
    let limit = seconds.map_or(MOMENT, Duration::from_secs);
    let mut dice =
        Dice(seconds.map_or(0x9e37_79b9_7f4a_7c15, |_| RandomState::new().build_hasher().finish() | 1));
    let (begun, mut tries) = (Instant::now(), 0_usize);
    let own = known.len();
    while begun.elapsed() < limit && (seconds.is_some() || tries < TRIES) {
        tries += 1;
        let input = damaged(&mut dice, &known);
        match catch_unwind(AssertUnwindSafe(|| reader(&input))) {
            Ok(false) => {}
            Ok(true) if known.len() < own + KEPT_MAX => known.push((PathBuf::new(), input)),
            Ok(true) => {
                let place = own + dice.below(KEPT_MAX);
                known[place].1 = input;
            }
            Err(panic) => {
                let kept = keep(corpus, &input);
                let _told = writeln_error(&format!("the input is kept: {}", kept.display()));
                resume_unwind(panic);
            }
        }
    }
    if seconds.is_some() {
        let _told = writeln_error(&format!("{tries} inputs: {}", corpus.display()));
    }
}

fn writeln_error(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "{text}")
}

fn read(corpus: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(corpus).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files.into_iter().filter_map(|file| std::fs::read(&file).ok().map(|input| (file, input))).collect()
}

fn keep(corpus: &Path, input: &[u8]) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let file = corpus.join(format!("found-{:016x}", hasher.finish()));
    // The finding is told in any case.
    let _kept = std::fs::write(&file, input);
    file
}

/// One of the inputs, damaged at some places.
fn damaged(dice: &mut Dice, known: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
    let mut input = known[dice.below(known.len())].1.clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(input.len() + 1);
        let end = (at + dice.below(24)).min(input.len());
        match dice.below(8) {
            0 if at < input.len() => input[at] ^= 1 << dice.below(8),
            1 if at < input.len() => input[at] = u8::try_from(dice.below(256)).expect("below 256"),
            2 => drop(input.drain(at..end)),
            3 => input.truncate(at.max(1)),
            4 => {
                let again = input[at..end].repeat(1 + dice.below(40));
                drop(input.splice(at..at, again));
            }
            5 => {
                let other = &known[dice.below(known.len())].1;
                let from = dice.below(other.len() + 1);
                let to = (from + dice.below(200)).min(other.len());
                drop(input.splice(at..end, other[from..to].iter().copied()));
            }
            _ => drop(input.splice(at..end, TOKENS[dice.below(TOKENS.len())].bytes())),
        }
        input.truncate(LONGEST);
    }
    input
}

/// A small generator (xorshift): the same numbers on every machine.
struct Dice(u64);

impl Dice {
    /// A number below that, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).expect("48 bits") % end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_makes_a_reader_panic_is_found_and_kept() {
        let corpus = std::env::temp_dir().join(format!("appmanage-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&corpus).expect("it can be created");
        std::fs::write(corpus.join("seed"), "name=value").expect("it can be written");
        let reader = |input: &[u8]| {
            assert!(!input.contains(&b'$'), "no dollar");
            input.contains(&b'=')
        };
        let ran = catch_unwind(|| run(&corpus, reader));
        let kept = read(&corpus);
        std::fs::remove_dir_all(&corpus).expect("it is ours");
        assert!(ran.is_err());
        assert_eq!(kept.len(), 2);
        assert!(kept.iter().any(|(_, input)| input.contains(&b'$')));
    }
}
