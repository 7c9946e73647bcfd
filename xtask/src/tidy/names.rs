//! Checks the names of files: one that says nothing about what is inside collects everything.

use std::path::Path;

use super::Finding;

const EMPTY_NAMES: [&str; 8] = ["manager", "helper", "helpers", "util", "utils", "common", "misc", "stuff"];

pub(super) fn check(path: &Path) -> Vec<Finding> {
    let components = path.iter().map(|part| part.to_string_lossy());
    let words: Vec<String> = components
        .flat_map(|part| {
            part.trim_end_matches(".rs").split(['_', '-']).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    EMPTY_NAMES
        .iter()
        .filter(|name| words.iter().any(|word| word == *name))
        .map(|name| Finding::new(path, 1, format!("a file called `{name}`; name it after what it owns")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found_in_files_and_folders() {
        for path in ["crates/a/src/util.rs", "crates/a/src/app_manager.rs", "crates/a/tests/common/mod.rs"] {
            assert_eq!(check(Path::new(path)).len(), 1, "{path}");
        }
    }

    #[test]
    fn longer_words_are_no_empty_names() {
        for path in ["crates/a/src/utility_bill.rs", "crates/a/src/uncommon.rs"] {
            assert!(check(Path::new(path)).is_empty(), "{path}");
        }
    }
}
