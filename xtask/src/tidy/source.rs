//! Checks of one source file: its size, its functions' sizes, its first line, what is left unfinished.

use super::scan::{functions, scan};
use super::{Finding, SourceFile};

/// Rule 10 of the architecture: what does not fit on a few screens is two things.
const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 70;

/// Marks of work that was not finished, in comments.
const UNFINISHED_NOTES: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// The same in code.
const UNFINISHED_CODE: [&str; 3] = ["dbg!", "todo!", "unimplemented!"];

pub(super) fn check(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |line: usize, what: String| findings.push(Finding::new(&file.path, line, what));
    let lines = file.text.lines().count();
    if lines > LONGEST_FILE {
        found(1, format!("{lines} lines; split the file, {LONGEST_FILE} is the most"));
    }
    if !file.text.starts_with("//!") {
        found(1, "no `//!` in the first line; say what the module owns and what it does not".to_owned());
    }
    let scanned = scan(&file.text);
    for function in functions(&scanned.code) {
        if function.lines > LONGEST_FUNCTION {
            let what = format!(
                "`{}` has {} lines; split it, {LONGEST_FUNCTION} is the most",
                function.name, function.lines
            );
            found(function.line, what);
        }
    }
    for (text, marks) in [(&scanned.comments, UNFINISHED_NOTES), (&scanned.code, UNFINISHED_CODE)] {
        for (number, line) in text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| has_word(line, mark)) {
                found(
                    number + 1,
                    format!("`{mark}`; finish it, or write an issue and say here what is true today"),
                );
            }
        }
    }
    findings
}

/// Whether the word stands in the line by itself.
fn has_word(line: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(is_word)
            && !line[at + word.len()..].chars().next().is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn found(text: &str) -> Vec<String> {
        let file = SourceFile { path: PathBuf::from("a.rs"), text: text.to_owned() };
        check(&file).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_file_has_no_findings() {
        assert!(found("//! Good.\nfn a() {\n    say(\"TODO\");\n}\n").is_empty());
    }

    #[test]
    fn a_file_of_501_lines_is_too_long_and_one_of_500_is_not() {
        assert!(found(&format!("//! x\n{}", "\n".repeat(499))).is_empty());
        let found = found(&format!("//! x\n{}", "\n".repeat(500)));
        assert!(found[0].starts_with("a.rs:1: 501 lines"), "{found:?}");
    }

    #[test]
    fn a_function_of_71_lines_is_too_long_and_one_of_70_is_not() {
        let function =
            |lines: usize| format!("//! x\n\nfn long() {{\n{}}}\n", "    a();\n".repeat(lines - 2));
        assert!(found(&function(70)).is_empty());
        let found = found(&function(71));
        assert!(found[0].starts_with("a.rs:3: `long` has 71 lines"), "{found:?}");
    }

    #[test]
    fn a_module_that_says_nothing_is_found() {
        assert!(found("use a;\n")[0].contains("`//!`"));
    }

    #[test]
    fn unfinished_work_is_found_where_it_stands() {
        let text =
            "//! x\n// TODO later\nfn a() {\n    dbg!(1);\n    let todo_list = 1; // XXXL is fine\n}\n";
        let found = found(text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("a.rs:2: `TODO`"), "{found:?}");
        assert!(found[1].starts_with("a.rs:4: `dbg!`"), "{found:?}");
    }
}
