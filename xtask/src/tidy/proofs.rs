//! Checks that every row of the tables of attacks and of promises names tests that are there.

use std::path::Path;

use super::Finding;

/// Where the tables are, from the repository's root.
pub(super) const PAGES: [&str; 2] = ["docs/security.md", "docs/reliability.md"];

/// What is wrong with the tables of a page. `read` gives the text of a file of the repository.
pub(super) fn check(page: &str, text: &str, read: impl Fn(&Path) -> Option<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut found = |what: String| findings.push(Finding::new(page, index + 1, what));
        let is_row = line.starts_with("| ") && !line.ends_with("| test |");
        if !is_row {
            continue;
        }
        let tests = line.split('`').filter_map(|text| text.split_once(".rs::"));
        let tests: Vec<(String, &str)> = tests.map(|(file, test)| (format!("{file}.rs"), test)).collect();
        if tests.is_empty() {
            found("a row without a test; name it as `crates/…/file.rs::name_of_the_test`".to_owned());
        }
        for (file, test) in tests {
            match read(Path::new(&file)) {
                None => found(format!("there is no {file}; name the file that the test is in")),
                Some(text) if !has_test(&text, test) => {
                    found(format!("{file} has no test `{test}`; name one, or write it"));
                }
                Some(_) => {}
            }
        }
    }
    findings
}

/// Whether the file has a function of that name that the harness runs.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_it = |line: &&str| {
        ["fn ", "async fn "].iter().any(|start| {
            line.strip_prefix(start)
                .is_some_and(|rest| rest.strip_prefix(name).is_some_and(|r| r.starts_with('(')))
        })
    };
    let found = lines.iter().position(is_it);
    found.is_some_and(|at| {
        let attributes =
            lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        attributes.into_iter().any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "#[tokio::test(start_paused = true)]\n// Why.\nasync fn holds() {}\n\nfn no_test() {}\n";

    fn found(row: &str) -> Vec<String> {
        let table = format!("| attack | what comes of it | test |\n|---|---|---|\n{row}\n");
        let read = |path: &Path| (path == Path::new("crates/a/tests/b.rs")).then(|| FILE.to_owned());
        check(PAGES[0], &table, read).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_row_whose_tests_are_there_is_sound() {
        assert!(found("| x | y | `crates/a/tests/b.rs::holds` |").is_empty());
    }

    #[test]
    fn a_row_without_a_test_or_with_one_that_is_not_there_is_found() {
        for (row, expected) in [
            ("| x | y | somewhere |", "docs/security.md:3: a row without a test"),
            (
                "| x | y | `crates/a/tests/b.rs::hold` |",
                "docs/security.md:3: crates/a/tests/b.rs has no test `hold`",
            ),
            (
                "| x | y | `crates/a/tests/b.rs::no_test` |",
                "docs/security.md:3: crates/a/tests/b.rs has no test",
            ),
            (
                "| x | y | `crates/a/tests/c.rs::holds` |",
                "docs/security.md:3: there is no crates/a/tests/c.rs",
            ),
        ] {
            let found = found(row);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?}");
        }
    }
}
