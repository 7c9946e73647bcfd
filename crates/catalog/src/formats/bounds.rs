//! What one app of a catalog of others may be made of: several times what the largest of the field is, and little enough
//! that no app makes its reader work for long. How large its files may be is [`super::tree`]'s.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::formats::loose::services;
use crate::formats::{PackagedFile, Untranslatable};

/// Services of an app: each is compared with each. The largest of the field has 70.
const SERVICES_LIMIT: usize = 200;
/// Entries of all its services together, by key: mounts are compared with each other, ports are the host's. The most of the
/// field is 800 of the first, 100 of the others.
const ENTRIES_LIMITS: [(&str, usize); 3] = [("environment", 4_000), ("volumes", 300), ("ports", PORTS_LIMIT)];
/// Ports of the host, those of ranges one by one.
pub(super) const PORTS_LIMIT: usize = 200;
/// Bytes of one value of an environment: a certificate or a key has a few thousand.
const VALUE_LIMIT_BYTES: usize = 16 << 10;
/// Lines of `.env` that give a value. The most of the field is 300.
pub(super) const ENV_LIMIT: usize = 2_000;
/// Fields of a form. The largest of the field has 40.
pub(super) const FIELDS_LIMIT: usize = 200;
/// Bytes of all files of an app among which its compose file may choose.
const CHOICE_LIMIT_BYTES: usize = 8 << 20;
/// How many those may be.
const CHOICE_LIMIT: usize = 2_000;

/// Checks a compose file before anybody works on it.
///
/// # Errors
/// `Unsupported`: it is of more than an app may be.
pub(super) fn check(compose: &Map<String, Value>) -> Result<(), Untranslatable> {
    check_count("services", services(compose).count(), SERVICES_LIMIT)?;
    for (key, limit) in ENTRIES_LIMITS {
        let count = services(compose).filter_map(|(_, service)| service.get(key)).map(length).sum();
        check_count(&format!("entries of {key}"), count, limit)?;
    }
    let longest = services(compose).filter_map(|(_, service)| service.get("environment")).map(longest).max();
    check_count("bytes in a value of an environment", longest.unwrap_or_default(), VALUE_LIMIT_BYTES)
}

/// Checks a number against the most that an app may have of it; `what` is for people.
///
/// # Errors
/// `Unsupported`: it is more.
pub(super) fn check_count(what: &str, count: usize, limit: usize) -> Result<(), Untranslatable> {
    if count <= limit {
        return Ok(());
    }
    Err(Untranslatable::Unsupported(format!(
        "it has {count} {what}, more than the {limit} that an app may have"
    )))
}

/// Whether files of so many bytes may be chosen from beside those.
pub(super) fn has_room(
    files: &BTreeMap<String, PackagedFile>,
    more: &BTreeMap<String, PackagedFile>,
) -> bool {
    let bytes = || files.values().chain(more.values()).map(|file| file.bytes.len()).sum::<usize>();
    files.len() + more.len() <= CHOICE_LIMIT && bytes() <= CHOICE_LIMIT_BYTES
}

fn length(value: &Value) -> usize {
    value.as_array().map(Vec::len).or_else(|| value.as_object().map(Map::len)).unwrap_or_default()
}

/// The bytes of the longest text in a list or map.
fn longest(value: &Value) -> usize {
    let texts =
        value.as_array().into_iter().flatten().chain(value.as_object().into_iter().flat_map(Map::values));
    texts.filter_map(Value::as_str).map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(services: Value) -> Result<(), Untranslatable> {
        check(&Map::from_iter([("services".to_owned(), services)]))
    }

    #[test]
    fn entries_are_counted_over_all_services() {
        let ports = |count: u32| (1..=count).map(|port| json!(format!("{port}:80"))).collect::<Value>();
        assert_eq!(checked(json!({ "a": { "ports": ports(100) }, "b": { "ports": ports(100) } })), Ok(()));
        let error = checked(json!({ "a": { "ports": ports(100) }, "b": { "ports": ports(101) } }));
        let error = error.expect_err("they are too many").to_string();
        assert!(error.contains("it has 201 entries of ports, more than the 200"), "{error}");
        let services: Map<String, Value> =
            (0..=SERVICES_LIMIT).map(|number| (number.to_string(), json!({}))).collect();
        assert!(checked(Value::Object(services)).is_err());
        let long = json!({ "a": { "environment": { "A": "x".repeat(VALUE_LIMIT_BYTES + 1) } } });
        assert!(checked(long).is_err());
    }
}
