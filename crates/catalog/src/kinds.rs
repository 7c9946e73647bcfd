//! The kinds of variables: from the keys of a block to what `domain` knows. What stands behind names (ports, templates,
//! keys of tokens) is checked in [`crate::variables`].

use domain::Template;
use domain::network::Protocol;
use domain::package::{ChoiceOption, SecretShape, Text, VariableKind};
use domain::settings::SHORTEST_SECRET;
use serde_json::Value;

use crate::block::{Kind, OptionBlock, PortBlock, ShapeBlock, VariableBlock};
use crate::error::PackageError;
use crate::package::text;

/// Characters of a secret, at most: the longest that apps ask for have some hundred.
const LONGEST_SECRET: u16 = 512;
/// Random bytes of a secret in base64: its text is within the same bounds.
const BASE64_BYTES: std::ops::RangeInclusive<u16> = 6..=384;
/// What can be chosen, at most: a list of all time zones has some 600.
const OPTIONS_LIMIT: usize = 1_000;

/// The kind that a block tells of.
///
/// # Errors
///
/// A rule, where a key is missing, is not what the kind needs or belongs to another kind.
pub(crate) fn kind(place: &str, block: &VariableBlock) -> Result<VariableKind, PackageError> {
    refuse_keys_of_others(place, block)?;
    match block.kind {
        Kind::Secret => secret(place, block.shape.as_ref()),
        Kind::Text => text_kind(place, block),
        Kind::Number => match &block.default {
            None => Ok(VariableKind::Number { default: None }),
            Some(default) => match default.as_i64() {
                Some(number) => Ok(VariableKind::Number { default: Some(number) }),
                None => Err(wrong_default(place, "write a whole number")),
            },
        },
        Kind::Boolean => match &block.default {
            None => Ok(VariableKind::Boolean { default: None }),
            Some(Value::Bool(flag)) => Ok(VariableKind::Boolean { default: Some(*flag) }),
            Some(_) => Err(wrong_default(place, "write true or false")),
        },
        Kind::Choice => choice(place, block),
        Kind::Port => match &block.of {
            Some(PortBlock { service, port, udp }) => Ok(VariableKind::Port {
                service: service.clone(),
                target: *port,
                protocol: if *udp { Protocol::Udp } else { Protocol::Tcp },
            }),
            None => Err(missing(place, "of", "write { service, port } of a port that is published")),
        },
        Kind::Derived => {
            let advice = "write a text with ${NAME} of other variables; $$ is a dollar sign";
            let value = block.value.as_ref().ok_or_else(|| missing(place, "value", advice))?;
            let template = Template::parse(value).filter(|_| is_line(value));
            let wrong = || PackageError::rule(format!("{place}.value"), "is no template of one line", advice);
            template.map(VariableKind::Derived).ok_or_else(wrong)
        }
    }
}

fn refuse_keys_of_others(place: &str, block: &VariableBlock) -> Result<(), PackageError> {
    let VariableBlock { kind, default, optional, options, shape, of, value, name: _, label: _ } = block;
    let has_default = matches!(kind, Kind::Text | Kind::Number | Kind::Boolean | Kind::Choice);
    for (key, is_there, is_right, advice) in [
        ("default", default.is_some(), has_default, "leave it out: its value is made for each install"),
        (
            "optional",
            *optional,
            *kind == Kind::Text && default.is_none(),
            "write it for a text without default",
        ),
        ("options", !options.is_empty(), *kind == Kind::Choice, "write it for a choice"),
        ("shape", shape.is_some(), *kind == Kind::Secret, "write it for a secret"),
        ("of", of.is_some(), *kind == Kind::Port, "write it for a port"),
        ("value", value.is_some(), *kind == Kind::Derived, "write it for a derived variable"),
    ] {
        if is_there && !is_right {
            return Err(PackageError::rule(format!("{place}.{key}"), "is not for this kind", advice));
        }
    }
    Ok(())
}

fn secret(place: &str, shape: Option<&ShapeBlock>) -> Result<VariableKind, PackageError> {
    let characters = |count: u16| {
        let is_right = usize::from(count) >= SHORTEST_SECRET && count <= LONGEST_SECRET;
        let advice = format!("write {SHORTEST_SECRET} to {LONGEST_SECRET} characters");
        let wrong = || PackageError::rule(format!("{place}.shape"), format!("asks for {count}"), advice);
        is_right.then_some(count).ok_or_else(wrong)
    };
    let shape = match shape {
        None => SecretShape::Standard,
        Some(ShapeBlock::Alphanumeric(count)) => SecretShape::Alphanumeric(characters(*count)?),
        Some(ShapeBlock::Lowercase(count)) => SecretShape::Lowercase(characters(*count)?),
        Some(ShapeBlock::Hex(count)) => SecretShape::Hex(characters(*count)?),
        Some(ShapeBlock::Strong(count)) => SecretShape::Strong(characters(*count)?),
        Some(ShapeBlock::Uuid) => SecretShape::Uuid,
        Some(ShapeBlock::Base64(bytes)) if BASE64_BYTES.contains(bytes) => SecretShape::Base64(*bytes),
        Some(ShapeBlock::Base64(bytes)) => {
            let advice = format!("write {} to {} bytes", BASE64_BYTES.start(), BASE64_BYTES.end());
            return Err(PackageError::rule(format!("{place}.shape"), format!("asks for {bytes}"), advice));
        }
        Some(ShapeBlock::Jwt { key, claims }) => {
            if !claims.is_object() {
                let advice = "write an object, such as { role: anon }";
                return Err(PackageError::rule(format!("{place}.shape.jwt.claims"), "is no object", advice));
            }
            return Ok(VariableKind::Token { key: key.clone(), claims: claims.to_string() });
        }
    };
    Ok(VariableKind::Secret { shape })
}

fn text_kind(place: &str, block: &VariableBlock) -> Result<VariableKind, PackageError> {
    match &block.default {
        None => Ok(VariableKind::Text { default: block.optional.then(String::new) }),
        Some(Value::String(text)) if is_line(text) => Ok(VariableKind::Text { default: Some(text.clone()) }),
        Some(_) => Err(wrong_default(place, "write one line of text in quotes")),
    }
}

fn choice(place: &str, block: &VariableBlock) -> Result<VariableKind, PackageError> {
    if block.options.is_empty() || block.options.len() > OPTIONS_LIMIT {
        return Err(missing(place, "options", "write a list of { value } or { value, label }"));
    }
    let mut options: Vec<ChoiceOption> = Vec::new();
    for (index, OptionBlock { value, label }) in block.options.iter().enumerate() {
        let place_of_option = format!("{place}.options[{index}]");
        if !is_line(value) || options.iter().any(|known| known.value == *value) {
            let advice = "write each value once, in one line";
            return Err(PackageError::rule(place_of_option, format!("has the value {value:?}"), advice));
        }
        let spoken = || Text { zh: value.clone(), en: value.clone() };
        let key = place_of_option.trim_start_matches("x-appmanage.");
        let label = label.as_ref().map(|label| text(&format!("{key}.label"), label)).transpose()?;
        options.push(ChoiceOption { value: value.clone(), label: label.unwrap_or_else(spoken) });
    }
    let default = match &block.default {
        None => None,
        Some(Value::String(default)) if options.iter().any(|option| option.value == *default) => {
            Some(default.clone())
        }
        Some(_) => return Err(wrong_default(place, "write one of the options")),
    };
    Ok(VariableKind::Choice { default, options })
}

/// Whether a value is one line that a user could have set.
fn is_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn wrong_default(place: &str, advice: &str) -> PackageError {
    PackageError::rule(format!("{place}.default"), "is not what its kind needs", advice)
}

fn missing(place: &str, key: &str, advice: &str) -> PackageError {
    PackageError::rule(format!("{place}.{key}"), "is missing, empty or too long", advice)
}
