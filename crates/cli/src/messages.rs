//! Every text of the client's own, in both languages, from `messages/{zh,en}.ftl`.
//!
//! What the server says comes in the language that it was asked in, and is shown as it is.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

use crate::language::Language;

static CHINESE: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| {
    bundle("zh-CN", &[include_str!("messages/zh.ftl"), include_str!("messages/help_zh.ftl")])
});
static ENGLISH: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle("en", &[include_str!("messages/en.ftl")]));

/// The text of that id with its variables filled in; `None` where there is none.
pub(crate) fn find(language: Language, id: &str, variables: &[(&str, &str)]) -> Option<String> {
    let bundle = match language {
        Language::Chinese => &CHINESE,
        Language::English => &ENGLISH,
    };
    let pattern = bundle.get_message(id)?.value()?;
    let mut arguments = FluentArgs::with_capacity(variables.len());
    for (name, value) in variables {
        arguments.set(*name, *value);
    }
    // A test holds that both languages have the same variables; one that is not given shows as its name.
    let mut errors = Vec::new();
    Some(bundle.format_pattern(pattern, Some(&arguments), &mut errors).into_owned())
}

/// The text of that id with its variables filled in; the id itself where there is none.
pub(crate) fn text(language: Language, id: &str, variables: &[(&str, &str)]) -> String {
    find(language, id, variables).unwrap_or_else(|| id.to_owned())
}

fn bundle(language: &str, sources: &[&str]) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = language.parse().expect("it is one of the two tags above");
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // The marks that fluent puts around variables (U+2068, U+2069) are for pages, not for terminals.
    bundle.set_use_isolating(false);
    for source in sources {
        let resource = FluentResource::try_new((*source).to_owned())
            .expect("the message files are built in, and a test reads both");
        bundle.add_resource(resource).expect("no id stands twice in the message files");
    }
    bundle
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const SOURCES: [&str; 2] = [include_str!("messages/zh.ftl"), include_str!("messages/en.ftl")];

    /// Ids of a message file with the names of the variables that each text uses.
    fn variables_by_id(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut id = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if !line.starts_with(' ')
                && let Some((name, _)) = line.split_once(" =")
            {
                id = name.to_owned();
                found.entry(id.clone()).or_default();
            }
            for piece in line.split("{ $").skip(1) {
                let name = piece.split([' ', '}']).next().unwrap_or_default();
                found.entry(id.clone()).or_default().insert(name.to_owned());
            }
        }
        found
    }

    #[test]
    fn both_languages_have_the_same_texts_with_the_same_variables() {
        let [chinese, english] = SOURCES.map(variables_by_id);
        assert_eq!(chinese, english);
    }

    #[test]
    fn every_text_reads_in_both_languages() {
        for id in variables_by_id(SOURCES[0]).keys() {
            for language in [Language::Chinese, Language::English] {
                let text = find(language, id, &[]).unwrap_or_else(|| panic!("{id} has no text"));
                assert!(!text.is_empty(), "{id}");
            }
        }
    }
}
