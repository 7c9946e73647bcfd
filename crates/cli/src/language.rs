//! Which language people are spoken to in.

use std::collections::BTreeMap;

/// The languages that there are texts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

/// What says which language a person speaks, the first that is set before all others (POSIX).
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

impl Language {
    /// What the environment says; English where it says nothing or names a language without texts.
    pub(crate) fn of_variables(variables: &BTreeMap<String, String>) -> Self {
        let set = VARIABLES.iter().find_map(|name| variables.get(*name).filter(|value| !value.is_empty()));
        set.and_then(|locale| Self::of_locale(locale)).unwrap_or(Self::English)
    }

    /// What is said before the command line is understood, so that its help and errors are in that language.
    pub(crate) fn of_arguments(arguments: &[String]) -> Option<Self> {
        let mut arguments = arguments.iter().take_while(|argument| *argument != "--");
        let value = arguments.find_map(|argument| argument.strip_prefix("--lang").map(str::to_owned))?;
        match value.strip_prefix('=') {
            Some(value) => Self::of_locale(value),
            None => Self::of_locale(arguments.next()?),
        }
    }

    /// Reads the value of `--lang`.
    pub(crate) fn of_flag(text: &str) -> Result<Self, String> {
        Self::of_locale(text).ok_or_else(|| "write zh or en".to_owned())
    }

    /// What the API calls it.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// Reads `zh_CN.UTF-8`, `zh-Hans`, `en`.
    fn of_locale(locale: &str) -> Option<Self> {
        match locale.split(['_', '-', '.', '@']).next()?.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(variables: &[(&str, &str)]) -> Language {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Language::of_variables(&variables.collect())
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        assert_eq!(spoken(&[]), Language::English);
        assert_eq!(spoken(&[("LANG", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(spoken(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")]), Language::Chinese);
        assert_eq!(spoken(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C.UTF-8")]), Language::English);
        assert_eq!(spoken(&[("LANG", "de_DE"), ("LC_MESSAGES", "zh")]), Language::Chinese);
    }

    #[test]
    fn the_flag_is_found_before_the_command_line_is_understood() {
        let found =
            |line: &str| Language::of_arguments(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(found("appmanage --lang zh list"), Some(Language::Chinese));
        assert_eq!(found("appmanage list --lang=zh-CN --help"), Some(Language::Chinese));
        assert_eq!(found("appmanage list --lang"), None);
        assert_eq!(found("appmanage list -- --lang zh"), None);
        assert_eq!(found("appmanage list"), None);
    }
}
