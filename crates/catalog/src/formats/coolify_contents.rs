//! Volumes of Coolify's templates that hold the text of a file: files of the package. Coolify writes them as they are, and
//! gives every service all variables; here a service gets those that its files and scripts name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::formats::PackagedFile;
use crate::formats::coolify_magic;
use crate::formats::interpolation::{Part, parse};

type Object = Map<String, Value>;

/// Keys of a volume that mean something to Coolify only.
const OWN_KEYS: [&str; 4] = ["content", "is_directory", "isDirectory", "mode"];

/// Takes the files out of the mounts, which keep the place.
pub(super) fn take(compose: &mut Object, remarks: &mut Vec<String>) -> BTreeMap<String, PackagedFile> {
    let mut files = BTreeMap::new();
    let services = compose.get_mut("services").and_then(Value::as_object_mut);
    for (name, service) in services.into_iter().flatten() {
        let Value::Object(service) = service else { continue };
        let mut named = BTreeSet::new();
        if let Some(Value::Array(mounts)) = service.get_mut("volumes") {
            for mount in mounts.iter_mut().filter_map(Value::as_object_mut) {
                take_one(name, mount, &mut files, &mut named, remarks);
            }
        }
        for key in ["command", "entrypoint", "healthcheck"] {
            if let Some(part) = service.get(key) {
                collect_escaped(part, &mut named);
            }
        }
        give(service, named);
    }
    files
}

fn take_one(
    service: &str,
    mount: &mut Object,
    files: &mut BTreeMap<String, PackagedFile>,
    named: &mut BTreeSet<String>,
    remarks: &mut Vec<String>,
) {
    let content = mount.get("content").and_then(Value::as_str).map(str::to_owned);
    let mode = mount.get("mode").map(|mode| mode.as_str().map_or_else(|| mode.to_string(), str::to_owned));
    mount.retain(|key, _| !OWN_KEYS.contains(&key.as_str()));
    let Some(content) = content else { return };
    let text_of = |key: &str| mount.get(key).and_then(Value::as_str).unwrap_or_default();
    let Some(path) = own_path(text_of("source")).or_else(|| own_path(text_of("target"))) else {
        remarks.push(format!("a file of {service} is left out: its catalog tells no place for it"));
        return;
    };
    named.extend(coolify_magic::names_in(&content).map(str::to_owned));
    let may_run = mode.is_some_and(|mode| u32::from_str_radix(&mode, 8).is_ok_and(|mode| mode & 0o111 != 0));
    let is_executable = may_run || content.starts_with("#!");
    let file = PackagedFile { bytes: content.into_bytes(), is_executable };
    let path =
        if files.get(&path).is_none_or(|other| *other == file) { path } else { format!("{service}/{path}") };
    mount.insert("type".to_owned(), json!("bind"));
    mount.insert("source".to_owned(), json!(format!("./{path}")));
    files.insert(path, file);
}

/// Below the app's folder, wherever that is: `./a` and `/a` are both `a`.
fn own_path(written: &str) -> Option<String> {
    let parts = written.split('/').filter(|part| !part.is_empty() && *part != ".");
    let parts: Vec<&str> = parts.collect();
    (!parts.is_empty() && !parts.iter().any(|part| *part == ".." || part.contains('$')))
        .then(|| parts.join("/"))
}

/// The magic variables that a shell in the container is to replace: those behind `$$`.
fn collect_escaped(value: &Value, named: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            for part in parse(text) {
                if let Part::Text(text) = part
                    && text.contains('$')
                {
                    named.extend(coolify_magic::names_in(&text).map(str::to_owned));
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_escaped(item, named)),
        Value::Object(map) => map.values().for_each(|item| collect_escaped(item, named)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Puts those variables into the environment of a service.
fn give(service: &mut Object, named: BTreeSet<String>) {
    if named.is_empty() {
        return;
    }
    match service.entry("environment").or_insert_with(|| json!([])) {
        Value::Array(items) => {
            let has = |items: &[Value], name: &str| {
                items.iter().filter_map(Value::as_str).any(|item| item.split('=').next() == Some(name))
            };
            for name in named {
                if !has(items, &name) {
                    items.push(json!(format!("{name}=${{{name}}}")));
                }
            }
        }
        Value::Object(map) => {
            for name in named {
                let value = json!(format!("${{{name}}}"));
                map.entry(name).or_insert(value);
            }
        }
        _ => {}
    }
}
