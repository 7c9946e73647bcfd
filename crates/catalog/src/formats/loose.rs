//! Values as people write them into catalogs: a number where a text is meant, `null` for nothing, one text for a
//! list. What the values mean is the readers' business.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::block::TextBlock;
use crate::formats::interpolation::{Otherwise, Part, Use, parse};
use crate::formats::{Icon, PackagedFile, Tree, Untranslatable, bounds, document};

/// Folders inside each other that are looked through one by one where they are too much together. Each level reads the
/// app's files once more.
const COLLECT_DEPTH_LIMIT: usize = 3;
/// What a package may show as its icon.
const ICON_LIMIT_BYTES: u64 = 256 << 10;

/// A YAML file whose top is a map; `None` where there is no such file.
pub(super) fn document(folder: &Tree, path: &str) -> Result<Option<Map<String, Value>>, Untranslatable> {
    let Some(text) = folder.text(path)? else { return Ok(None) };
    mapping(path, &text).map(Some)
}

/// A JSON file whose top is an object; `None` where there is no such file.
pub(super) fn json(folder: &Tree, path: &str) -> Result<Option<Map<String, Value>>, Untranslatable> {
    let Some(text) = folder.text(path)? else { return Ok(None) };
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map(Some)
        .map_err(|error| Untranslatable::Unreadable(format!("{path}: {error}")))
}

/// The map that the text of a YAML file holds.
pub(super) fn mapping(path: &str, text: &str) -> Result<Map<String, Value>, Untranslatable> {
    document::read_mapping(path, text)
}

/// The text of a scalar, trimmed; `None` where nothing is left, or where it is no scalar.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// That key's text.
pub(super) fn text_at(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key).and_then(text)
}

/// The first of those keys that holds an address of the web.
pub(super) fn link(map: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter()
        .filter_map(|key| text_at(map, key))
        .find(|link| link.starts_with("https://") || link.starts_with("http://"))
}

/// The texts of a list, or the one text that stands in its place.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The same in both languages.
pub(super) fn both(text: impl Into<String>) -> TextBlock {
    let text = text.into();
    TextBlock { zh: text.clone(), en: text }
}

/// Calls `change` with every text in the value, at any depth; names of keys are left alone.
pub(super) fn each_text(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(map) => map.values_mut().for_each(|item| each_text(item, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The services of a compose file.
pub(super) fn services(compose: &Map<String, Value>) -> impl Iterator<Item = (&String, &Map<String, Value>)> {
    let services = compose.get("services").and_then(Value::as_object);
    services.into_iter().flatten().filter_map(|(name, service)| Some((name, service.as_object()?)))
}

/// The services of a compose file, to be changed.
pub(super) fn services_mut(
    compose: &mut Map<String, Value>,
) -> impl Iterator<Item = (&String, &mut Map<String, Value>)> {
    let services = compose.get_mut("services").and_then(Value::as_object_mut);
    services.into_iter().flatten().filter_map(|(name, service)| Some((name, service.as_object_mut()?)))
}

/// The names and values of a service's environment, in either form; names without a value are left out.
pub(super) fn environment(service: &Map<String, Value>) -> Vec<(String, String)> {
    match service.get("environment") {
        Some(Value::Object(map)) => {
            map.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()
        }
        items => {
            let items = texts(items);
            let pairs = items.iter().filter_map(|item| item.split_once('='));
            pairs.map(|(key, value)| (key.trim().to_owned(), value.to_owned())).collect()
        }
    }
}

/// Whether a service gets the whole of the app's own `.env`.
pub(super) fn reads_env(service: &Map<String, Value>) -> bool {
    texts(service.get("env_file")).iter().any(|path| path == ".env")
}

/// Whether a text in it uses that variable, in any of compose's forms.
pub(super) fn uses(value: &Value, variable: &str) -> bool {
    match value {
        Value::String(text) => text.match_indices('$').any(|(at, _)| {
            let after = text[at + 1..].trim_start_matches('{');
            let ends =
                |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
            after.strip_prefix(variable).is_some_and(ends)
        }),
        Value::Array(items) => items.iter().any(|item| uses(item, variable)),
        Value::Object(map) => map.values().any(|item| uses(item, variable)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a text in it says what that variable is where nobody sets it: `${NAME:-text}`.
pub(super) fn has_default(value: &Value, variable: &str) -> bool {
    fn is_in(parts: &[Part], variable: &str) -> bool {
        parts.iter().any(|part| match part {
            Part::Use(Use { name, otherwise: Otherwise::Default { text, .. } }) => {
                name == variable || is_in(text, variable)
            }
            Part::Use(_) | Part::Text(_) => false,
        })
    }
    match value {
        Value::String(text) => is_in(&parse(text), variable),
        Value::Array(items) => items.iter().any(|item| has_default(item, variable)),
        Value::Object(map) => map.values().any(|item| has_default(item, variable)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The parts of a text between the colons that are in no `${…}`; at least one.
pub(super) fn split(text: &str) -> Vec<&str> {
    let mut open = 0_usize;
    text.split(|letter| {
        match letter {
            '{' => open += 1,
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        letter == ':' && open == 0
    })
    .collect()
}

/// Takes over what that path of the app's folder brings; a remark where that is more than a package may.
pub(super) fn collect(
    folder: &Tree,
    path: &str,
    files: &mut BTreeMap<String, PackagedFile>,
    remarks: &mut Vec<String>,
) {
    let inner = [folder.folders(path), folder.files(path)].concat();
    match folder.collect(path) {
        Ok(found) if bounds::has_room(files, &found) => files.extend(found),
        // What is too much together may not be so one by one.
        Err(_) if !inner.is_empty() && path.matches('/').count() < COLLECT_DEPTH_LIMIT => {
            for name in inner {
                collect(folder, &format!("{path}/{name}"), files, remarks);
            }
        }
        _ => remarks.push(format!("{path} of its folder is left out: it is more than a package may bring")),
    }
}

/// The first of those pictures that is there; whether it is one is looked at where it is taken over.
pub(super) fn icon<'n>(folder: &Tree, names: impl IntoIterator<Item = &'n str>) -> Option<Icon> {
    names.into_iter().find_map(|name| {
        let extension = match name.rsplit('.').next()? {
            "svg" => "svg",
            "png" => "png",
            "jpg" | "jpeg" => "jpg",
            "webp" => "webp",
            _ => return None,
        };
        Some(Icon { extension, bytes: folder.bytes(name, ICON_LIMIT_BYTES).ok()?? })
    })
}

/// The tag of an image, without its digest; `latest` where none is named.
pub(super) fn tag(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split_once(':').map_or("latest", |(_, tag)| tag)
}

/// What the one version is called: as its catalog says, but `latest` where that is what its image really is, so
/// that nobody is promised a version that will be another one tomorrow.
pub(super) fn version(told: Option<String>, image: Option<String>) -> String {
    let plain = |name: &String| {
        name.len() <= 60 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte))
    };
    let tag = image.map(|image| tag(&image).to_owned()).filter(plain);
    match tag {
        Some(tag) if tag == "latest" => tag,
        tag => told.filter(plain).or(tag).unwrap_or_else(|| "latest".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_are_found_behind_ports_and_before_digests() {
        for (image, expected) in [
            ("nginx", "latest"),
            ("nginx:1.25", "1.25"),
            ("registry.example:5000/a/b", "latest"),
            ("registry.example:5000/a/b:2@sha256:00", "2"),
        ] {
            assert_eq!(tag(image), expected, "{image}");
        }
    }

    #[test]
    fn a_version_whose_image_moves_is_called_latest() {
        let named = |told: &str, image: &str| version(Some(told.to_owned()), Some(image.to_owned()));
        assert_eq!(named("1.2", "a/b:latest"), "latest");
        assert_eq!(named("1.2", "a/b:v1.2"), "1.2");
        assert_eq!(named("1.2 (beta)", "a/b:v1.2"), "v1.2");
        assert_eq!(named("1.2", "a/b:${TAG}"), "1.2");
    }

    #[test]
    fn a_variable_is_used_in_every_form_but_not_by_a_longer_name() {
        let value = json!({ "a": ["${AppID}", "x"], "b": "$TZ", "c": "${PUID:-1000}", "d": "$$none ${TZX}" });
        for name in ["AppID", "TZ", "PUID"] {
            assert!(uses(&value, name), "{name}");
        }
        for name in ["App", "PGID", "TZXY"] {
            assert!(!uses(&value, name), "{name}");
        }
    }
}
