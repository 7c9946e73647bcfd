//! What people are told of an app, cleaned to what a package may say. Nothing is translated.

use std::collections::BTreeMap;

use crate::block::{Block, TextBlock, VariableBlock, VersionBlock};

/// Characters of a name, a label or a category.
const LINE_LIMIT: usize = 120;
/// Characters of a description or a note.
const TEXT_LIMIT: usize = 1000;

/// Makes every text one that a package may have.
pub(crate) fn clean(block: &mut Block, name: &str) {
    block.trademark = line(&block.trademark, LINE_LIMIT);
    if block.trademark.is_empty() {
        name.clone_into(&mut block.trademark);
    }
    let trademark = block.trademark.clone();
    text(&mut block.description, TEXT_LIMIT, &trademark);
    if let Some(note) = &mut block.note {
        text(note, TEXT_LIMIT, "");
        block.note.take_if(|note| note.en.is_empty());
    }
    block.categories = block.categories.iter().map(|category| line(category, LINE_LIMIT)).collect();
    block.categories.retain(|category| !category.is_empty());
    let mut seen = std::collections::BTreeSet::new();
    block.categories.retain(|category| seen.insert(category.to_lowercase()));
    if block.categories.is_empty() {
        block.categories.push("other".to_owned());
    }
    for variable in &mut block.variables {
        let fallback = crate::formats::offered::label(&variable.name);
        text(&mut variable.label, LINE_LIMIT, &fallback);
        for option in &mut variable.options {
            if let Some(label) = &mut option.label {
                text(label, LINE_LIMIT, &option.value);
            }
        }
    }
    block.website.take_if(|website| !website.starts_with("http://") && !website.starts_with("https://"));
    block.admin_path = path(&block.admin_path);
    versions(&mut block.versions);
}

/// Labels variables that have none of their own yet with what the catalog says of their names.
pub(crate) fn label(variables: &mut [VariableBlock], labels: &BTreeMap<String, TextBlock>) {
    for variable in variables {
        let from_name = crate::formats::offered::label(&variable.name);
        if let Some(told) = labels.get(&variable.name).filter(|_| variable.label.en == from_name) {
            variable.label = told.clone();
            text(&mut variable.label, LINE_LIMIT, &from_name);
        }
    }
}

fn versions(versions: &mut Vec<VersionBlock>) {
    let is_plain = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte))
    };
    let mut seen = std::collections::BTreeSet::new();
    for version in versions.iter_mut() {
        version.name = version.name.trim().to_owned();
    }
    versions.retain(|version| is_plain(&version.name) && seen.insert(version.name.clone()));
}

/// A path as packages may have one: `/` and what follows, or nothing.
fn path(path: &str) -> String {
    let path = path.trim();
    if path.is_empty() || path == "/" || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return String::new();
    }
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

fn text(block: &mut TextBlock, limit: usize, fallback: &str) {
    block.zh = line(&block.zh, limit);
    block.en = line(&block.en, limit);
    if block.en.is_empty() {
        block.en =
            Some(block.zh.clone()).filter(|zh| !zh.is_empty()).unwrap_or_else(|| line(fallback, limit));
    }
    if block.zh.is_empty() {
        block.zh.clone_from(&block.en);
    }
}

/// A text as one line of at most so many characters.
fn line(text: &str, limit: usize) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= limit {
        return line;
    }
    let cut: String = line.chars().take(limit - 1).collect();
    format!("{}…", cut.trim_end())
}
