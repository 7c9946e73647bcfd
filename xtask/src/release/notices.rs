//! The licence texts of everything that is linked into the program: most licences ask for them beside a copy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::parts::{Part, Parts};

/// What the names of such files begin with, in capitals.
const NAMES: [&str; 6] = ["COPYING", "COPYRIGHT", "LICENCE", "LICENSE", "NOTICE", "UNLICENSE"];

/// Of what the compiler itself contains, which is not part of what it makes.
const OF_COMPILER: &str = "COPYRIGHT.HTML";

/// What stands above the texts.
const HEAD: &str = "\
What others have written and is part of the program appmanage: first every part with its licence, then the
texts of the licences, each with the parts that it came with.
";

const RULE: &str = "\n================================================================================\n";

/// One text with everything.
pub(super) fn write(parts: &Parts) -> Result<String> {
    let mut notices = format!("{HEAD}\n");
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for part in &parts.parts {
        let name = format!("{} {}", part.name, part.version);
        notices.push_str(&format!("{name}: {}\n", part.licence));
        for text in texts_of(part)? {
            texts.entry(text).or_default().push(name.clone());
        }
    }
    // In the order of the parts, not of the texts.
    let mut texts: Vec<(Vec<String>, String)> =
        texts.into_iter().map(|(text, names)| (names, text)).collect();
    texts.sort();
    for (names, text) in texts {
        notices.push_str(&format!("{RULE}{}\n\n{text}\n", names.join(", ")));
    }
    Ok(notices)
}

fn texts_of(part: &Part) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for file in licence_files(&part.folder)? {
        let bytes = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        texts.push(String::from_utf8_lossy(&bytes).replace('\r', "").trim().to_owned());
    }
    Ok(texts)
}

fn licence_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed =
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be listed", folder.display()))?;
    let mut files = Vec::new();
    for entry in listed {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let is_one = NAMES.iter().any(|beginning| name.starts_with(beginning)) && name != OF_COMPILER;
        if is_one && entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::paths;

    #[test]
    fn parts_and_texts_are_there_and_a_text_that_many_share_is_there_once() {
        let notices = write(&Parts::of(&paths::repository().unwrap()).unwrap()).unwrap();
        assert!(notices.contains("\ntokio "), "the list names it");
        let text = "Copyright (c) Tokio Contributors";
        assert!(notices.contains(text), "its text is there");
        let own = notices
            .split(RULE)
            .filter(|section| section.contains("MIT License\n\nCopyright (c) Tokio Contributors"));
        assert!(own.count() <= 2, "one for each wording");
    }
}
