//! What a user sets of an app: values for the variables that its package declares, judged by their kind.
//!
//! Only what was set is here. What holds where nothing was set (the package's default, a generated secret)
//! is joined to it where the app's folder is written.

use std::collections::BTreeMap;

use crate::package::{Variable, VariableKind};
use crate::secret::Secret;

/// Bytes of one value: a certificate in one line fits, a file does not.
pub const LONGEST_VALUE: usize = 4096;

/// Characters of a secret, at least: a shorter one could not be kept out of logs, where it would have to be
/// masked wherever its few letters stand.
pub const SHORTEST_SECRET: usize = 8;

/// The value of a variable of the compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableValue {
    /// May be shown.
    Plain(String),
    /// Must not be shown.
    Secret(Secret),
}

impl VariableValue {
    /// The text for the `.env` file.
    #[must_use]
    pub fn reveal(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.reveal(),
        }
    }
}

/// What was given for one variable, before it is known what the variable is: so nothing of it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A text, a number or a boolean, as text.
    Scalar(Secret),
    /// Nothing: the variable is to have what the package gives it.
    Nothing,
    /// Something that no variable can be: a list, an object.
    Other,
}

/// What was given, by the names of variables.
pub type GivenSettings = BTreeMap<String, Given>;

/// The values that a user has set, by variable; each fits the kind that its variable had when it was set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingValues(BTreeMap<String, VariableValue>);

/// Why what was given cannot be set. What was given is not told: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// What was given names no variables at all: it is no object.
    #[error("the settings are no object")]
    NoObject,
    /// The package has no such variable.
    #[error("there is no variable {name:?}")]
    Unknown {
        /// What was named, shortened.
        name: String,
    },
    /// The value does not fit the variable.
    #[error("the value for {name} is not {expected:?}")]
    Value {
        /// The variable.
        name: String,
        /// What it takes.
        expected: Expected,
    },
    /// Variables that the package gives no value have none.
    #[error("there is no value for {}", names.join(", "))]
    Missing {
        /// All of them.
        names: Vec<String>,
    },
}

/// What a variable takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// One line of at least [`SHORTEST_SECRET`] characters and at most [`LONGEST_VALUE`] bytes.
    Secret,
    /// One line of at most [`LONGEST_VALUE`] bytes.
    Text,
    /// A whole number of 64 bits.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of these.
    Choice(Vec<String>),
}

impl SettingValues {
    /// Takes values that were stored.
    #[must_use]
    pub fn of(values: BTreeMap<String, VariableValue>) -> Self {
        Self(values)
    }

    /// What was set for that variable.
    #[must_use]
    pub fn get(&self, variable: &str) -> Option<&VariableValue> {
        self.0.get(variable)
    }

    /// The secret that was set for that variable.
    #[must_use]
    pub fn secret(&self, variable: &str) -> Option<&Secret> {
        match self.get(variable)? {
            VariableValue::Secret(secret) => Some(secret),
            VariableValue::Plain(_) => None,
        }
    }

    /// The secrets that were set.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.values().filter_map(|value| match value {
            VariableValue::Secret(secret) => Some(secret),
            VariableValue::Plain(_) => None,
        })
    }

    /// Everything that was set, by variable.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &VariableValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// These values with those that were given in their place. There are never more of them than variables.
    ///
    /// # Errors
    /// `Unknown` before `Value`, each for the first name in the order of the alphabet.
    pub fn with(&self, given: &GivenSettings, variables: &[Variable]) -> Result<Self, SettingError> {
        let variable = |name: &String| {
            variables.iter().find(|variable| variable.name == *name && variable.kind.is_settable())
        };
        if let Some(unknown) = given.keys().find(|name| variable(name).is_none()) {
            return Err(SettingError::Unknown { name: shortened(unknown) });
        }
        let mut values = self.0.clone();
        for (name, given) in given {
            let Some(variable) = variable(name) else { continue };
            match given {
                Given::Nothing => {
                    values.remove(name);
                }
                Given::Scalar(text) => {
                    values.insert(name.clone(), read(variable, text)?);
                }
                Given::Other => return Err(misfit(variable)),
            }
        }
        Ok(Self(values))
    }

    /// Looks whether every variable that must be set is.
    ///
    /// # Errors
    /// `Missing`, with the names of those that are not, in the order of the package.
    pub fn check_complete(&self, variables: &[Variable]) -> Result<(), SettingError> {
        let is_set =
            |variable: &Variable| self.get(&variable.name).is_some_and(|value| !value.reveal().is_empty());
        let missing = variables.iter().filter(|variable| variable.kind.is_required() && !is_set(variable));
        let names: Vec<String> = missing.map(|variable| variable.name.clone()).collect();
        if names.is_empty() { Ok(()) } else { Err(SettingError::Missing { names }) }
    }
}

/// The value that `text` is for that variable.
fn read(variable: &Variable, text: &Secret) -> Result<VariableValue, SettingError> {
    let text = text.reveal();
    // A line end or another control character would end the line of `.env`, or be lost in it.
    let is_line = text.len() <= LONGEST_VALUE && !text.chars().any(char::is_control);
    let value = match &variable.kind {
        VariableKind::Secret { .. } if is_line && text.chars().count() >= SHORTEST_SECRET => {
            Some(VariableValue::Secret(Secret::from_text(text)))
        }
        VariableKind::Text { .. } if is_line => Some(VariableValue::Plain(text.to_owned())),
        VariableKind::Number { .. } => {
            text.parse::<i64>().ok().map(|number| VariableValue::Plain(number.to_string()))
        }
        VariableKind::Boolean { .. } => {
            let known = ["true", "false"].into_iter().find(|known| known.eq_ignore_ascii_case(text));
            known.map(|known| VariableValue::Plain(known.to_owned()))
        }
        VariableKind::Choice { options, .. } => {
            let chosen = options.iter().find(|option| option.value == text);
            chosen.map(|option| VariableValue::Plain(option.value.clone()))
        }
        VariableKind::Secret { .. }
        | VariableKind::Text { .. }
        | VariableKind::Port { .. }
        | VariableKind::Derived(_)
        | VariableKind::Token { .. } => None,
    };
    value.ok_or_else(|| misfit(variable))
}

fn misfit(variable: &Variable) -> SettingError {
    let expected = match &variable.kind {
        VariableKind::Secret { .. } => Expected::Secret,
        VariableKind::Number { .. } => Expected::Number,
        VariableKind::Boolean { .. } => Expected::Boolean,
        VariableKind::Choice { options, .. } => {
            Expected::Choice(options.iter().map(|option| option.value.clone()).collect())
        }
        VariableKind::Text { .. }
        | VariableKind::Port { .. }
        | VariableKind::Derived(_)
        | VariableKind::Token { .. } => Expected::Text,
    };
    SettingError::Value { name: variable.name.clone(), expected }
}

/// A name that a client made up, short enough to be repeated to it.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 64;
    name.chars().filter(|character| !character.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::package::{ChoiceOption, SecretShape, Text};
    use crate::template::Template;

    fn variables() -> Vec<Variable> {
        let option = |value: &str| ChoiceOption { value: value.into(), label: Text::default() };
        let kinds = [
            ("PASSWORD", VariableKind::Secret { shape: SecretShape::Standard }),
            ("TITLE", VariableKind::Text { default: Some("Blog".into()) }),
            ("LIMIT", VariableKind::Number { default: Some(5) }),
            ("DEBUG", VariableKind::Boolean { default: Some(false) }),
            ("LOOK", VariableKind::Choice { default: None, options: vec![option("dark"), option("light")] }),
            ("OWNER", VariableKind::Text { default: None }),
            ("MADE", VariableKind::Derived(Template::parse("${TITLE}").expect("it is one"))),
        ];
        let variable =
            |(name, kind): (&str, VariableKind)| Variable { name: name.into(), kind, label: Text::default() };
        kinds.map(variable).into()
    }

    fn given(pairs: &[(&str, &str)]) -> GivenSettings {
        let scalar = |text: &str| Given::Scalar(Secret::from_text(text));
        pairs.iter().map(|(name, text)| ((*name).to_owned(), scalar(text))).collect()
    }

    fn set(name: &str, text: &str) -> Result<String, SettingError> {
        let values = SettingValues::default().with(&given(&[(name, text)]), &variables())?;
        Ok(values.get(name).expect("it was set").reveal().to_owned())
    }

    #[test]
    fn values_that_fit_are_taken_in_one_spelling() {
        for (name, text, expected) in [
            ("PASSWORD", "correct horse", "correct horse"),
            ("PASSWORD", "密码密码密码密码", "密码密码密码密码"),
            ("TITLE", "", ""),
            ("TITLE", r#" it's "$5" \ #1 博客 "#, r#" it's "$5" \ #1 博客 "#),
            ("LIMIT", "-7", "-7"),
            ("LIMIT", "+0012", "12"),
            ("LIMIT", "9223372036854775807", "9223372036854775807"),
            ("DEBUG", "true", "true"),
            ("DEBUG", "FALSE", "false"),
            ("LOOK", "light", "light"),
        ] {
            assert_eq!(set(name, text), Ok(expected.to_owned()), "{name}={text}");
        }
    }

    #[test]
    fn values_that_do_not_fit_are_refused_with_the_name_of_the_variable() {
        let long = "x".repeat(LONGEST_VALUE + 1);
        for (name, text, expected) in [
            ("PASSWORD", "short", Expected::Secret),
            ("PASSWORD", "two\nlines of it", Expected::Secret),
            ("PASSWORD", &*long, Expected::Secret),
            ("TITLE", "a\nB=b", Expected::Text),
            ("TITLE", "a\r", Expected::Text),
            ("TITLE", "a\0", Expected::Text),
            ("TITLE", "a\u{85}b", Expected::Text),
            ("TITLE", &*long, Expected::Text),
            ("LIMIT", "", Expected::Number),
            ("LIMIT", "5.0", Expected::Number),
            ("LIMIT", "1e3", Expected::Number),
            ("LIMIT", "9223372036854775808", Expected::Number),
            ("DEBUG", "1", Expected::Boolean),
            ("DEBUG", "yes", Expected::Boolean),
            ("LOOK", "Light", Expected::Choice(vec!["dark".into(), "light".into()])),
        ] {
            assert_eq!(set(name, text), Err(SettingError::Value { name: name.into(), expected }), "{text:?}");
        }
        let list = GivenSettings::from([("LIMIT".to_owned(), Given::Other)]);
        let refused = SettingValues::default().with(&list, &variables());
        assert_eq!(refused, Err(SettingError::Value { name: "LIMIT".into(), expected: Expected::Number }));
    }

    #[test]
    fn what_must_be_set_is_missed_all_at_once_until_it_is() {
        let missed = SettingValues::default().check_complete(&variables());
        assert_eq!(missed, Err(SettingError::Missing { names: vec!["LOOK".into(), "OWNER".into()] }));
        let values = SettingValues::default().with(&given(&[("LOOK", "dark"), ("OWNER", "")]), &variables());
        let missed = values.and_then(|values| values.check_complete(&variables()));
        assert_eq!(missed, Err(SettingError::Missing { names: vec!["OWNER".into()] }), "empty is nothing");
        let values =
            SettingValues::default().with(&given(&[("LOOK", "dark"), ("OWNER", "me")]), &variables());
        assert_eq!(values.and_then(|values| values.check_complete(&variables())), Ok(()));
    }

    #[test]
    fn what_follows_from_others_cannot_be_set() {
        assert_eq!(set("MADE", "x"), Err(SettingError::Unknown { name: "MADE".into() }));
    }

    #[test]
    fn a_name_that_is_no_variable_is_told_before_values_and_never_at_length() {
        let wrong = given(&[("LIMIT", "x"), (&format!("limit\n{}", "x".repeat(500)), "5")]);
        let refused = SettingValues::default().with(&wrong, &variables());
        let Err(SettingError::Unknown { name }) = refused else { panic!("{refused:?}") };
        assert!(name.starts_with("limitxxx") && name.len() == 64, "{name}");
    }

    #[test]
    fn what_is_given_later_takes_the_place_of_what_was_set_and_nothing_takes_it_away() {
        let first = SettingValues::default().with(&given(&[("TITLE", "One"), ("LIMIT", "1")]), &variables());
        let mut next = given(&[("LIMIT", "2")]);
        next.insert("TITLE".into(), Given::Nothing);
        next.insert("DEBUG".into(), Given::Nothing);
        let second = first.and_then(|first| first.with(&next, &variables())).expect("all fit");
        assert_eq!(second.iter().collect::<Vec<_>>(), [("LIMIT", &VariableValue::Plain("2".into()))]);
    }

    proptest! {
        #[test]
        fn whatever_is_given_ends_as_one_short_line_or_not_at_all(text in ".{0,40}|(?s:.){0,20}") {
            for variable in variables() {
                if let Ok(value) = set(&variable.name, &text) {
                    prop_assert!(value.len() <= LONGEST_VALUE && !value.chars().any(char::is_control));
                }
            }
        }

        #[test]
        fn no_error_and_no_debug_output_tells_a_secret(text in "[a-zA-Z0-9]{20,30}") {
            let given = given(&[("PASSWORD", &text)]);
            let values = SettingValues::default().with(&given, &variables()).expect("it fits");
            let shown = format!("{given:?} {values:?}");
            prop_assert!(!shown.contains(&text));
            let error = set("LIMIT", &text).expect_err("it is no number");
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains(&text));
        }
    }
}
