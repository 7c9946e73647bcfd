//! Files with variables that containers of an app get: as their environment, and the app's own `.env` where it is
//! mounted. Other mounts are [`super`]'s.
//!
//! `docker compose` reads what becomes an environment on the host, whenever it works on the app: none of it lies where a
//! container could make a link of it (`domain::policy` forbids it).

use serde_json::{Value, json};

use super::{Object, Source, Storage, holders, normal};
use crate::formats::interpolation::{escaped, is_name};
use crate::formats::known::Known;

/// The folder below `files/` that no container is given.
const BESIDE: &str = "env-files";

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
                let place = if self.is_open(&path) { beside(&path) } else { path.clone() };
                self.ship(&path, &place);
                kept.push(json!(format!("./files/{place}")));
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

    /// Whether a container is given it, or a folder that it lies in.
    fn is_open(&self, path: &str) -> bool {
        std::iter::once(path).chain(holders(path)).any(|path| self.mounted.contains(path))
    }
}

/// Where a copy lies that no container is given.
fn beside(path: &str) -> String {
    format!("{BESIDE}/{}", path.replace('/', "-"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::clean;
    use super::*;
    use crate::formats::PackagedFile;
    use crate::yaml;

    /// What becomes of a service with those mounts and `e/x.env`, which the catalog brings.
    fn translated(mounts: &str) -> (Value, Vec<String>) {
        let text = format!("services: {{ a: {{ image: b, env_file: ./e/x.env, volumes: [{mounts}] }} }}");
        let mut compose: Object = yaml::from_str(&text).expect("it is YAML");
        let file = PackagedFile { bytes: b"A=1\n".to_vec(), is_executable: false };
        let shipped = BTreeMap::from([("e/x.env".to_owned(), file)]);
        let mut remarks = Vec::new();
        let known = Known::default();
        let stored = clean(&mut compose, &[], &shipped, &known, &mut remarks).expect("it is small");
        assert_eq!(remarks, Vec::<String>::new());
        (compose["services"]["a"]["env_file"].clone(), stored.files.into_keys().collect())
    }

    #[test]
    fn a_file_that_compose_reads_is_none_that_a_container_could_make_a_link_of() {
        let own = |place: &str| json!(format!("./files/{place}"));
        assert_eq!(translated("'./f:/f'"), (own("e/x.env"), vec!["e/x.env".to_owned()]));
        for mount in ["'./e:/e'", "'./e/x.env:/x.env'"] {
            let files = vec!["e/x.env".to_owned(), "env-files/e-x.env".to_owned()];
            assert_eq!(translated(mount), (own("env-files/e-x.env"), files), "{mount}");
        }
    }
}
