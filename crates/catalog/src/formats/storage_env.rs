//! Files with variables that containers of an app get: as their environment, and the app's own `.env` where it is
//! mounted. Other mounts are [`super`]'s.

use serde_json::{Value, json};

use super::{Object, Source, Storage, normal};
use crate::formats::interpolation::{escaped, is_name};
use crate::formats::known::Known;

/// Shows services the app's own `.env`, as it is for this install: a file that compose makes of its values.
pub(super) fn show_own(compose: &mut Object, places: &[(String, String)], known: &Known) {
    const NAME: &str = "own-env";
    if places.is_empty() {
        return;
    }
    for (service, target) in places {
        let entry = json!({ "source": NAME, "target": target });
        let configs = compose["services"][service]
            .as_object_mut()
            .map(|service| service.entry("configs").or_insert_with(|| json!([])));
        if let Some(Value::Array(configs)) = configs {
            configs.push(entry);
        }
    }
    let line = |name: &String| {
        let value = known.value(name).unwrap_or_default();
        let quote = if value.contains([' ', '#']) { "'" } else { "" };
        let value = if is_name(name) { format!("${{{name}}}") } else { escaped(&value) };
        format!("{name}={quote}{value}{quote}\n")
    };
    let lines: String = known.env().keys().map(line).collect();
    let configs = compose.entry("configs").or_insert_with(|| json!({}));
    configs[NAME] = json!({ "content": lines });
}

impl Storage<'_> {
    /// Files with variables for a service: `.env`, and those that the catalog brings.
    pub(super) fn env_files(&mut self, service_name: &str, service: &mut Object, remarks: &mut Vec<String>) {
        let entries = match service.remove("env_file") {
            None => return,
            Some(Value::Array(entries)) => entries,
            Some(entry) => vec![entry],
        };
        let mut kept = Vec::new();
        for entry in entries {
            let (path, required) = match &entry {
                Value::String(path) => (path.clone(), true),
                Value::Object(long) => (
                    long.get("path").and_then(Value::as_str).unwrap_or_default().to_owned(),
                    long.get("required") != Some(&json!(false)),
                ),
                _ => continue,
            };
            let settled = self.known.settle(&path).text;
            let path = match self.locate(&path, &settled) {
                Source::Own(path) => path,
                _ => normal(&settled),
            };
            if path == ".env" {
                kept.push(json!(".env"));
            } else if self.shipped.contains_key(&path) {
                self.ship(&path, &path);
                kept.push(json!(format!("./files/{path}")));
            } else if required {
                remarks.push(format!("{service_name} has no {path}: the catalog does not bring it"));
            }
        }
        kept.dedup();
        match kept.len() {
            0 => {}
            1 => drop(service.insert("env_file".to_owned(), kept.remove(0))),
            _ => drop(service.insert("env_file".to_owned(), Value::Array(kept))),
        }
    }
}
