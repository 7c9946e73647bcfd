//! The entries of `environment` in a compose file of others, in both of its forms. What they mean is the readers'
//! business.

use serde_json::{Map, Value};

use crate::formats::loose::text;

/// An entry of `environment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) service: String,
    pub(super) name: String,
    pub(super) value: String,
}

/// Those of all services that have a value.
pub(super) fn entries(compose: &mut Map<String, Value>) -> Vec<Entry> {
    let mut entries = Vec::new();
    each_entry(compose, &mut |service, name, value| {
        entries.push(Entry { service: service.to_owned(), name: name.to_owned(), value: value.clone() });
    });
    entries
}

/// Calls `change` with service, name and value of each entry that has a value.
pub(super) fn each_entry(compose: &mut Map<String, Value>, change: &mut impl FnMut(&str, &str, &mut String)) {
    let Some(Value::Object(services)) = compose.get_mut("services") else { return };
    for (service, body) in services {
        match body.get_mut("environment") {
            Some(Value::Object(map)) => {
                for (name, value) in map {
                    let Some(before) = text(value) else { continue };
                    let mut after = before.clone();
                    change(service, name, &mut after);
                    if after != before {
                        *value = after.into();
                    }
                }
            }
            Some(Value::Array(list)) => {
                for item in list {
                    let Value::String(line) = item else { continue };
                    let Some((name, value)) = line.split_once('=') else { continue };
                    let mut after = value.to_owned();
                    change(service, name, &mut after);
                    if after != value {
                        *line = format!("{name}={after}");
                    }
                }
            }
            _ => {}
        }
    }
}
