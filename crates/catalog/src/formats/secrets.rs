//! Secrets that every install of a catalog would share: made anew for each, wherever the same value stands. Which
//! values are some is [`super::secret_samples`]'s.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::block::{Kind, ShapeBlock, VariableBlock};
use crate::formats::Untranslatable;
use crate::formats::interpolation::{Part, escaped, parse};
use crate::formats::known::Known;
use crate::formats::offered::text_variable;
pub(crate) use crate::formats::secret_names::is_made_for;
use crate::formats::secret_names::{is_identity, looks_secret, may_repeat_secret};
use crate::formats::secret_samples::{Sample, find, unquoted};

type Object = Map<String, Value>;

/// The length of secrets made for apps that want signs in passwords.
const STRONG_LENGTH: u16 = 20;
/// The length of the shortest keys of AES.
const KEY_LENGTH: u16 = 16;
/// The length of secrets without a shape.
const STANDARD_LENGTH: u16 = 24;
/// Longest secret: what keys of the field need.
const LONGEST: usize = 128;
/// Characters of a word of a command that are looked at: longer ones announce nothing.
const WORD_LENGTH: usize = 64;

/// What is given besides the compose file.
pub(crate) struct Surroundings<'a> {
    pub(crate) known: &'a Known,
    /// Names whose values are to stay.
    pub(crate) fixed: &'a BTreeSet<String>,
    /// The password that the app ships with, which people are told.
    pub(crate) told: Option<&'a str>,
    /// The texts that the catalog ships for the app.
    pub(crate) files: &'a [&'a str],
}

/// Replaces sample secrets in the compose file, in the defaults of variables and, by variables of the same name, in
/// `.env`.
///
/// # Errors
/// `Unsupported`: there are more of them than an app may have.
pub(crate) fn clean(
    compose: &mut Object,
    variables: &mut Vec<VariableBlock>,
    around: &Surroundings<'_>,
    remarks: &mut Vec<String>,
) -> Result<(), Untranslatable> {
    let samples = find(compose, variables, around, remarks)?;
    if samples.is_empty() {
        return Ok(());
    }
    let services = compose.get_mut("services").and_then(Value::as_object_mut);
    for service in services.into_iter().flat_map(Map::values_mut) {
        replace(service, None, None, &samples);
    }
    for kind in ["configs", "secrets"] {
        if let Some(value) = compose.get_mut(kind) {
            replace(value, None, None, &samples);
        }
    }
    let mut added = Vec::new();
    for sample in &samples {
        let shape = shape(&sample.value);
        match variables.iter_mut().find(|variable| variable.name == sample.variable) {
            Some(variable) if variable.kind == Kind::Secret => {}
            Some(variable) => make_secret(variable, shape, &mut added, &sample.value),
            None => {
                let mut variable = text_variable(&sample.variable);
                make_secret(&mut variable, shape, &mut added, &sample.value);
                variables.push(variable);
            }
        }
    }
    variables.extend(added);
    derive_defaults(variables, &samples);
    derive_env(variables, &samples, around);
    Ok(())
}

fn make_secret(
    variable: &mut VariableBlock,
    shape: Option<ShapeBlock>,
    added: &mut Vec<VariableBlock>,
    sample: &str,
) {
    variable.default = None;
    variable.optional = false;
    // The key of the PHP framework Laravel: 32 bytes, with a word before them.
    if sample.starts_with("base64:") {
        let mut bytes = text_variable(&format!("{}_BYTES", variable.name));
        bytes.kind = Kind::Secret;
        bytes.shape = Some(ShapeBlock::Base64(32));
        variable.kind = Kind::Derived;
        variable.value = Some(format!("base64:${{{}}}", bytes.name));
        added.push(bytes);
        return;
    }
    variable.kind = Kind::Secret;
    variable.shape = shape;
}

/// What a secret has to look like, by its sample.
pub(crate) fn shape(sample: &str) -> Option<ShapeBlock> {
    let is_hex = sample.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase());
    let is_uuid = sample.len() == 36 && sample.bytes().filter(|byte| *byte == b'-').count() == 4;
    let length = u16::try_from(sample.len().min(LONGEST)).unwrap_or(u16::MAX);
    let has_sign = sample.contains(['!', '@', '#', '%', '^', '&', '*']);
    match sample {
        _ if is_uuid => Some(ShapeBlock::Uuid),
        _ if is_hex && sample.len() >= 16 && sample.bytes().any(|byte| byte.is_ascii_digit()) => {
            Some(ShapeBlock::Hex(length))
        }
        _ if sample.ends_with('=') && sample.len() >= 20 => Some(ShapeBlock::Base64(
            length / 4 * 3 - u16::from(sample.ends_with('=')) - u16::from(sample.ends_with("==")),
        )),
        // What is as long as a key of AES may have to be.
        _ if has_sign => Some(ShapeBlock::Strong(if length < KEY_LENGTH { STRONG_LENGTH } else { length })),
        _ if length == KEY_LENGTH || length > STANDARD_LENGTH => Some(ShapeBlock::Alphanumeric(length)),
        _ => None,
    }
}

/// Replaces samples in a value; `key` is its name, `before` what stands before it in a list.
fn replace(value: &mut Value, key: Option<&str>, before: Option<&str>, samples: &[Sample]) {
    match value {
        Value::String(text) => {
            let is_meant = key
                .is_some_and(|key| (looks_secret(key) && !is_identity(key)) || may_repeat_secret(key))
                || before.is_some_and(announces);
            *text = replaced(text, is_meant, samples);
        }
        Value::Array(items) => {
            let mut before: Option<String> = None;
            for item in items {
                let own = item.as_str().map(str::to_owned);
                replace(item, None, before.as_deref(), samples);
                before = own;
            }
        }
        Value::Object(map) => {
            for (key, item) in
                map.iter_mut().filter(|(key, _)| !matches!(key.as_str(), "image" | "ports" | "volumes"))
            {
                replace(item, Some(key), None, samples);
            }
        }
        _ => {}
    }
}

/// Whether a word of a command says that a secret follows.
fn announces(word: &str) -> bool {
    let word = word.trim_start_matches('-').to_ascii_lowercase();
    word == "a" || word == "p" || ["pass", "secret", "token"].iter().any(|part| word.contains(part))
}

/// The text with `${NAME}` in place of samples: where it is one of them and a secret is meant, in URLs, and where it
/// can mean nothing else.
fn replaced(text: &str, is_meant: bool, samples: &[Sample]) -> String {
    let parts = parse(text);
    if let [Part::Text(whole)] = parts.as_slice()
        && let Some(sample) = samples.iter().find(|sample| sample.value == unquoted(whole))
        && (is_meant || !sample.is_ambiguous)
    {
        return whole.replacen(&sample.value, &format!("${{{}}}", sample.variable), 1);
    }
    let written = |part: &Part| match part {
        Part::Text(text) => replaced_in(text, samples),
        Part::Use(used) => format!("${{{}}}", used.name),
    };
    parts.iter().map(written).collect()
}

/// A plain text with variables in the places of samples: of the longest sample first, of others in what is left.
fn replaced_in(text: &str, samples: &[Sample]) -> String {
    let mut pieces = vec![Piece::Plain(text)];
    for sample in samples {
        pieces = pieces.into_iter().flat_map(|piece| piece.without(sample)).collect();
    }
    let written = |piece: &Piece<'_>| match piece {
        Piece::Plain(text) => escaped(text),
        Piece::Variable(name) => format!("${{{name}}}"),
    };
    pieces.iter().map(written).collect()
}

/// A part of a plain text in which samples are looked for.
enum Piece<'t> {
    Plain(&'t str),
    Variable(&'t str),
}

impl<'t> Piece<'t> {
    /// The same with the sample's variable in each of its places.
    fn without(self, sample: &'t Sample) -> Vec<Self> {
        let Self::Plain(mut text) = self else { return vec![self] };
        let (mut pieces, mut from) = (Vec::new(), 0);
        while let Some(at) = text[from..].find(&sample.value).map(|at| from + at) {
            let (before, after) = (&text[..at], &text[at + sample.value.len()..]);
            if is_place(before, after, sample) {
                pieces.extend([Self::Plain(before), Self::Variable(&sample.variable)]);
                (text, from) = (after, 0);
            } else {
                from = at + sample.value.len();
            }
        }
        pieces.push(Self::Plain(text));
        pieces
    }
}

/// Whether what stands between two texts is that sample, and not the same word by chance.
fn is_place(before: &str, after: &str, sample: &Sample) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric();
    let is_word = || !before.ends_with(is_inner) && !after.starts_with(is_inner);
    let is_announced = || {
        let words = before.trim_end_matches([' ', '=', '"', '\'', ':']);
        let word = last_word(words);
        words.len() < before.len() && announces(word) && word.len() > 1
    };
    let is_in_url = before.ends_with(':') && after.starts_with('@');
    is_in_url || (is_word() && (!sample.is_ambiguous || is_announced()))
}

/// The last word of a text, or the end of it.
fn last_word(text: &str) -> &str {
    let is_of_word = |c: &char| ![' ', '&', '?', ';', '-'].contains(c);
    let letters = text.chars().rev().take(WORD_LENGTH).take_while(is_of_word);
    &text[text.len() - letters.map(char::len_utf8).sum::<usize>()..]
}

/// Defaults of other variables with a sample in them: made of the secret.
fn derive_defaults(variables: &mut [VariableBlock], samples: &[Sample]) {
    for variable in variables.iter_mut().filter(|variable| variable.kind == Kind::Text) {
        let Some(Value::String(default)) = &variable.default else { continue };
        let value = replaced(&escaped(default), looks_secret(&variable.name), samples);
        if value != escaped(default) {
            *variable = VariableBlock {
                kind: Kind::Derived,
                default: None,
                optional: false,
                value: Some(value),
                ..variable.clone()
            };
        }
    }
}

/// Lines of `.env` with a sample in them: variables of the same names, made of the secret.
fn derive_env(variables: &mut Vec<VariableBlock>, samples: &[Sample], around: &Surroundings<'_>) {
    for (name, template) in around.known.env() {
        if variables.iter().any(|variable| variable.name == *name) || around.fixed.contains(name) {
            continue;
        }
        let is_declared = |name: &str| variables.iter().any(|variable| variable.name == name);
        let plain = around.known.expanded(template, &is_declared);
        let value = replaced(&plain, looks_secret(name), samples);
        if value != plain {
            let mut variable = text_variable(name);
            variable.kind = Kind::Derived;
            variable.value = Some(value);
            variables.push(variable);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(compose: Value) -> (Value, Vec<VariableBlock>) {
        let Value::Object(mut compose) = compose else { panic!("an object") };
        let (known, fixed, mut variables) = (Known::default(), BTreeSet::new(), Vec::new());
        let around = Surroundings { known: &known, fixed: &fixed, told: None, files: &[] };
        clean(&mut compose, &mut variables, &around, &mut Vec::new()).expect("they are few");
        (Value::Object(compose), variables)
    }

    #[test]
    fn a_sample_is_one_variable_wherever_it_stands() {
        let (compose, variables) = run(json!({ "services": {
            "db": { "environment": { "POSTGRES_PASSWORD": "postgres", "POSTGRES_USER": "postgres" },
                "healthcheck": { "test": "pg_isready -U postgres" } },
            "web": { "environment": { "URL": "postgres://postgres:postgres@db/postgres", "SECRET_KEY": "s3cr3t-key-0" },
                "command": ["--key", "s3cr3t-key-0", "x-s3cr3t-key-0$$"] },
            "cache": { "command": "redis-server --requirepass postgres", "environment": { "CLIENT_AUTH": "postgres" } },
        } }));
        assert_eq!(
            compose["services"],
            json!({
                "db": { "environment": { "POSTGRES_PASSWORD": "${POSTGRES_PASSWORD}", "POSTGRES_USER": "postgres" },
                    "healthcheck": { "test": "pg_isready -U postgres" } },
                "web": { "environment": { "URL": "postgres://postgres:${POSTGRES_PASSWORD}@db/postgres",
                    "SECRET_KEY": "${SECRET_KEY}" }, "command": ["--key", "${SECRET_KEY}", "x-${SECRET_KEY}$$"] },
                "cache": { "command": "redis-server --requirepass ${POSTGRES_PASSWORD}",
                    "environment": { "CLIENT_AUTH": "${POSTGRES_PASSWORD}" } },
            })
        );
        let names: Vec<_> = variables.iter().map(|v| (v.name.as_str(), v.kind)).collect();
        assert_eq!(names, [("SECRET_KEY", Kind::Secret), ("POSTGRES_PASSWORD", Kind::Secret)]);
    }

    #[test]
    fn a_random_key_is_a_catalogs_own_whatever_it_is_called() {
        let (compose, _) = run(json!({ "services": { "web": { "environment": {
            "PLUGIN_API_KEY": "Kx7Qm2TpR9wZb4HnV1sLc6Dg0Fj3YaQd", "DAEMON_KEY": "lYkiYYT6owG+71oLerGzA7GX",
            "OTHER_API_KEY": "your-own-key-goes-in-here", "OPENAI_API_KEY": "Kx7Qm2TpR9wZb4HnV1sLc6Dg" } } } }));
        let environment = &compose["services"]["web"]["environment"];
        assert_eq!(environment["PLUGIN_API_KEY"], "${PLUGIN_API_KEY}");
        assert_eq!(environment["DAEMON_KEY"], "${DAEMON_KEY}");
        assert_eq!(environment["OTHER_API_KEY"], "your-own-key-goes-in-here");
        assert_eq!(environment["OPENAI_API_KEY"], "Kx7Qm2TpR9wZb4HnV1sLc6Dg");
    }

    #[test]
    fn a_program_called_like_its_password_keeps_its_name() {
        let (compose, _) = run(json!({ "services": {
            "db": { "image": "docker.io/postgres:16", "environment": { "POSTGRES_PASSWORD": "postgres" },
                "healthcheck": { "test": "pg_isready -U postgres" } },
            "web": { "environment": { "URL": "postgres://postgres:postgres@db/postgres" } },
        } }));
        let services = &compose["services"];
        assert_eq!(services["db"]["healthcheck"]["test"], "pg_isready -U postgres");
        assert_eq!(
            services["web"]["environment"]["URL"],
            "postgres://postgres:${POSTGRES_PASSWORD}@db/postgres"
        );
    }

    #[test]
    fn a_sample_a_hundred_thousand_times_is_replaced_each_time() {
        let samples =
            [Sample { value: "s3cr3t".to_owned(), variable: "KEY".to_owned(), is_ambiguous: false }];
        let text = "s3cr3t ".repeat(100_000);
        assert_eq!(replaced_in(&text, &samples), "${KEY} ".repeat(100_000));
    }

    #[test]
    fn what_somebody_else_gives_out_is_kept() {
        let (compose, variables) = run(json!({ "services": { "web": { "environment": {
            "SMTP_PASSWORD": "mailpassword", "PASSWORD_FILE": "/run/x", "ALLOW_EMPTY_PASSWORD": "yes" } } } }));
        assert_eq!(compose["services"]["web"]["environment"]["SMTP_PASSWORD"], "mailpassword");
        assert!(variables.is_empty());
    }
}
