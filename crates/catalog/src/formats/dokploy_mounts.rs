//! The files that a Dokploy template writes beside its app. One that is the same for everybody becomes a file of the
//! package; one with a password or an address in it becomes a config of the compose file, which compose fills in.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::formats::dokploy::FILES;
use crate::formats::dokploy_template::Template;
use crate::formats::dokploy_values::Values;
use crate::formats::{PackagedFile, loose};

type Object = Map<String, Value>;

/// A config that compose fills in: readable for everybody, as the file would be.
const READABLE: &str = "0444";
const EXECUTABLE: &str = "0555";

/// Works out the files of a template. Those that are made at install are put into `compose`.
pub(super) fn place(
    template: &Template,
    values: &mut Values<'_>,
    compose: &mut Object,
    remarks: &mut Vec<String>,
) -> BTreeMap<String, PackagedFile> {
    let mut files = BTreeMap::new();
    for mount in &template.mounts {
        let written = values.plain(&mount.path);
        let Some(path) = own_path(&written).filter(|path| !path.is_empty()) else {
            remarks.push(format!("the file {written:?} is left out: it is not one of the app's own"));
            continue;
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        match values.content(&mount.content, name) {
            Ok(_) if !is_used(compose, &path) => {
                remarks.push(format!("the file {path} of its template is left out: no service uses it"));
            }
            Ok(text) => {
                let is_executable = text.starts_with("#!");
                files.insert(path, PackagedFile { bytes: text.into_bytes(), is_executable });
            }
            Err(template) if configure(compose, &path, &template) => {}
            Err(_) => {
                remarks.push(format!("the file {path} of its template is left out: no service mounts it"));
            }
        }
    }
    files
}

/// Whether a text of the compose file names that file or a folder that it lies in, as a mount does, an `env_file`, a config.
fn is_used(compose: &Object, path: &str) -> bool {
    let names = |text: &str| {
        own_path(loose::split(text)[0])
            .filter(|_| text.starts_with('.'))
            .is_some_and(|named| below(&named, path).is_some())
    };
    fn any(value: &Value, names: &impl Fn(&str) -> bool) -> bool {
        match value {
            Value::String(text) => names(text),
            Value::Array(items) => items.iter().any(|item| any(item, names)),
            Value::Object(map) => map.values().any(|item| any(item, names)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    compose.values().any(|part| any(part, &names))
}

/// What of a path lies below that folder or file; nothing of the path itself.
fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    if folder.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(folder)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

/// Makes a config of that file, wherever a service mounts it or a folder that it lies in; whether one does.
fn configure(compose: &mut Object, path: &str, content: &str) -> bool {
    let name: String =
        path.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    let mode = if content.starts_with("#!") { EXECUTABLE } else { READABLE };
    let mut is_used = false;
    for service in
        compose.get_mut("services").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        let Value::Object(service) = service else { continue };
        let Some(Value::Array(mounts)) = service.get_mut("volumes") else { continue };
        let mut targets = Vec::new();
        mounts.retain_mut(|mount| {
            let Some((source, target)) = ends(mount) else { return true };
            match below(&source, path) {
                Some("") => {
                    targets.push(target);
                    return false;
                }
                Some(rest) => {
                    targets.push(format!("{}/{rest}", target.trim_end_matches('/')));
                    make_writable(mount);
                }
                None => {}
            }
            true
        });
        is_used |= !targets.is_empty();
        let configs = targets.iter().map(|target| json!({ "source": name, "target": target, "mode": mode }));
        match service.entry("configs").or_insert_with(|| json!([])) {
            Value::Array(list) => list.extend(configs),
            other => *other = Value::Array(configs.collect()),
        }
        if service.get("configs") == Some(&json!([])) {
            service.remove("configs");
        }
    }
    if is_used {
        let all = compose.entry("configs").or_insert_with(|| json!({}));
        if !all.is_object() {
            *all = json!({});
        }
        all[&name] = json!({ "content": content });
    }
    is_used
}

/// The app's own path that a mount shows, and where.
fn ends(mount: &Value) -> Option<(String, String)> {
    let (source, target) = match mount {
        Value::String(text) => {
            let mut parts = text.split(':');
            (parts.next()?.to_owned(), parts.next()?.to_owned())
        }
        Value::Object(long) => {
            let text_of = |key: &str| long.get(key).and_then(Value::as_str).map(str::to_owned);
            (text_of("source")?, text_of("target")?)
        }
        _ => return None,
    };
    if !source.starts_with('.') {
        return None;
    }
    Some((own_path(&source)?, target))
}

/// Compose writes a config into the folder that is mounted there, so that one has to be writable.
fn make_writable(mount: &mut Value) {
    match mount {
        Value::String(text) => {
            let parts: Vec<&str> = text.splitn(3, ':').collect();
            if let [source, target, _] = parts.as_slice() {
                *text = format!("{source}:{target}");
            }
        }
        Value::Object(long) => drop(long.remove("read_only")),
        _ => {}
    }
}

/// A path of the template, from the folder of its files: `../files/a`, `./a` and `/a` are all `a`. `None` where it leads
/// out of it.
fn own_path(written: &str) -> Option<String> {
    let mut path: Vec<&str> = Vec::new();
    let below = FILES.iter().find_map(|files| {
        written.strip_prefix(files).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    for part in below.unwrap_or(written).split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part => path.push(part),
        }
    }
    Some(path.join("/"))
}
