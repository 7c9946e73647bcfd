//! What is written for compose and what is read of it, with inputs that are damaged on purpose.

use std::path::{Path, PathBuf};

use domain::EnvFile;
use domain::failure::Failure;

use super::output;

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target)
}

/// Reads one variable as compose's own reader does (tried with 2.40.3), and what is left behind it.
fn read_back(text: &str) -> Option<(String, String, &str)> {
    let (name, rest) = text.split_once('=')?;
    let quote = rest.chars().next()?;
    let mut value = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if quote == '"' => value.push(characters.next()?.1),
            '\\' if rest[at + 1..].starts_with('\'') => value.push(characters.next()?.1),
            end if end == quote => return Some((name.to_owned(), value, &rest[at + 1..])),
            // What compose would put another value in place of.
            '$' if quote == '"' => return None,
            other => value.push(other),
        }
    }
    None
}

#[test]
fn every_value_that_may_be_set_is_one_variable_in_dotenv() {
    testkit::fuzz::run(&corpus("dotenv"), |input| {
        let text = String::from_utf8_lossy(input);
        // What may be set is one line: `domain::settings` tests that.
        let value: String = text.chars().filter(|character| !character.is_control()).collect();
        let line = EnvFile::of("").with([("NAME", value.as_str())]);
        assert_eq!(line.lines().count(), 1, "{line:?}");
        let read = read_back(&line).unwrap_or_else(|| panic!("it cannot be read back: {line:?}"));
        assert_eq!(read, ("NAME".to_owned(), value, "\n"), "{line:?}");
        true
    });
}

#[test]
fn whatever_compose_says_is_told_in_bounded_words() {
    testkit::fuzz::run(&corpus("compose_output"), |input| {
        let text = String::from_utf8_lossy(input);
        let words = output::words(&text);
        assert!(words.len() <= Failure::LONGEST_DETAIL, "{} bytes", words.len());
        drop(super::classify(words.clone(), &[]));
        !words.is_empty()
    });
}
