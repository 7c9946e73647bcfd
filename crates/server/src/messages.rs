//! Every text that users get, in both languages, from `messages/{zh,en}.ftl`.
//!
//! Owns looking a text up and filling in its variables. Which text belongs to an answer is `error`'s
//! business; which language a client speaks is `language`'s.

use std::sync::LazyLock;

use domain::{ErrorCode, Failure, Risk};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

use crate::language::Language;

/// The texts, read once: the first use costs a millisecond, all later ones a look-up.
static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 2]> = LazyLock::new(|| {
    [bundle("zh-CN", include_str!("messages/zh.ftl")), bundle("en", include_str!("messages/en.ftl"))]
});

/// The value of `subject` where a failure has none: the texts of some classes tell the two apart.
const NO_SUBJECT: &str = "none";

/// The fixed text of an error code.
pub(crate) fn of_code(language: Language, code: ErrorCode) -> String {
    text(language, &code.as_str().replace('.', "-"), &[])
}

/// What a failure means and what to do next.
pub(crate) fn of_failure(language: Language, failure: &Failure) -> String {
    let subject = if failure.subject.is_empty() { NO_SUBJECT } else { &failure.subject };
    let id = format!("failure-{}", failure.class.as_str());
    text(language, &id, &[("subject", subject), ("detail", &failure.detail)])
}

/// What a risk means.
pub(crate) fn of_risk(language: Language, risk: &Risk) -> String {
    text(language, &format!("risk-{}", risk.rule.as_str()), &[("subject", &risk.subject)])
}

/// The text of that id with its variables filled in.
pub(crate) fn text(language: Language, id: &str, variables: &[(&str, &str)]) -> String {
    let bundle = match language {
        Language::Chinese => &BUNDLES[0],
        Language::English => &BUNDLES[1],
    };
    let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
        // Not reached: tests look up every id that the program can ask for.
        tracing::error!(id, "a text is missing from the message files");
        return id.to_owned();
    };
    let mut arguments = FluentArgs::with_capacity(variables.len());
    for (name, value) in variables {
        arguments.set(*name, *value);
    }
    let mut errors = Vec::new();
    bundle.format_pattern(pattern, Some(&arguments), &mut errors).into_owned()
}

fn bundle(language: &str, source: &str) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = language.parse().expect("it is one of the two tags above");
    let resource = FluentResource::try_new(source.to_owned())
        .expect("the message files are built in, and a test reads both");
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // The marks that fluent puts around variables (U+2068, U+2069) are for pages, not for JSON.
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).expect("no id stands twice in a message file");
    bundle
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use domain::{FailureClass, Rule};

    use super::*;

    /// Ids of a message file with the names of the variables that each text uses.
    fn variables_by_id(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut id = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if !line.starts_with(' ')
                && let Some((name, _)) = line.split_once(" = ")
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
        let chinese = variables_by_id(include_str!("messages/zh.ftl"));
        let english = variables_by_id(include_str!("messages/en.ftl"));
        assert_eq!(chinese, english);
        assert!(chinese.len() > ErrorCode::ALL.len() + FailureClass::ALL.len());
    }

    #[test]
    fn every_error_code_has_a_text_in_both_languages() {
        for &code in ErrorCode::ALL {
            let [chinese, english] = Language::ALL.map(|language| of_code(language, code));
            assert!(!chinese.is_ascii(), "{code:?}: {chinese}");
            assert!(english.is_ascii() && english.contains(' '), "{code:?}: {english}");
        }
    }

    #[test]
    fn every_failure_class_says_in_both_languages_what_to_do_next() {
        for &class in FailureClass::ALL {
            for language in Language::ALL {
                let text = of_failure(language, &Failure::of(class, "SUBJECT", "DETAIL"));
                assert!(text.chars().count() > 20, "{class:?}: {text}");
                assert!(!text.contains(['{', '$', '\u{2068}', '\u{2069}']), "{class:?}: {text}");
            }
            let chinese = of_failure(Language::Chinese, &Failure::of(class, "", ""));
            assert!(chinese.contains('请'), "{class:?} advises nothing: {chinese}");
        }
    }

    #[test]
    fn every_rule_of_the_policy_says_in_both_languages_what_it_is_about() {
        for &rule in Rule::ALL {
            let risk = Risk { rule, service: String::new(), subject: "SUBJECT".into() };
            let [chinese, english] = Language::ALL.map(|language| of_risk(language, &risk));
            assert!(!chinese.is_ascii() && english.is_ascii() && !english.starts_with("risk-"), "{english}");
            assert!(
                rule == Rule::Privileged || (chinese + &english).matches("SUBJECT").count() == 2,
                "{rule:?}"
            );
        }
    }

    #[test]
    fn a_failure_without_subject_reads_well() {
        let text = of_failure(Language::English, &Failure::of(FailureClass::DiskFull, "", ""));
        assert!(text.starts_with("A disk of the server is full. Free some space"), "{text}");
        let text = of_failure(Language::Chinese, &Failure::of(FailureClass::DiskFull, "/var", ""));
        assert!(text.starts_with("/var 所在的磁盘已满。请清理空间"), "{text}");
    }

    #[test]
    fn the_chinese_texts_are_the_documents_own() {
        let spoken = |code| of_code(Language::Chinese, code);
        assert_eq!(spoken(ErrorCode::AppNameBlank), "APP名称为空");
        assert_eq!(spoken(ErrorCode::SystemError), "系统异常,请联系管理员");
        assert_eq!(spoken(ErrorCode::RequirementNotEnough), "系统资源(cpu,内存,磁盘空间)不足");
        assert_eq!(spoken(ErrorCode::CustomerAppNameWait), "同名应用已经在安装等待中,请重新指定APP名称");
    }
}
