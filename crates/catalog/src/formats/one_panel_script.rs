//! What the script of a 1Panel version would do before its first start, so far as its text tells without running it: it
//! is never run.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Release, both, services_mut};
use crate::block::{Kind, VariableBlock};
use crate::formats::one_panel_form::Form;
use crate::formats::secret_names::{is_made_for, told_shape};
use crate::formats::{Untranslatable, env_lines, loose};

/// What scripts make secrets with.
const RANDOM_SOURCES: [&str; 3] = ["/dev/urandom", "openssl rand", "uuidgen"];

impl Release {
    /// A file with variables that neither is there nor may be absent keeps compose from doing anything: where there is
    /// a script, that makes it.
    pub(super) fn check_env_files(&self) -> Result<(), Untranslatable> {
        let services = self.compose.get("services").and_then(Value::as_object);
        let services = services.into_iter().flatten().filter(|_| self.script.is_some());
        for (name, service) in services.filter_map(|(name, service)| Some((name, service.as_object()?))) {
            let is_missing = |path: &&str| *path != ".env" && !self.files.contains_key(*path);
            if let Some(path) = env_files(service).find(is_missing) {
                let why = format!(
                    "its service {name} reads {path}, which its script scripts/init.sh makes: no script is run"
                );
                return Err(Untranslatable::Unsupported(why));
            }
        }
        Ok(())
    }

    /// Variables that nobody tells and the script sets: secrets where it makes them up, else their user has to.
    pub(super) fn tell_what_its_script_finds(
        &self,
        form: &mut Form,
        compose: &mut Map<String, Value>,
        mut used: BTreeSet<String>,
    ) {
        let Some(script) = &self.script else { return };
        used.extend(self.take_over_left_empty(script, compose));
        let env = env_lines::templates(self.env.as_deref().unwrap_or_default());
        let services = compose.get("services").unwrap_or(&Value::Null);
        let is_random = RANDOM_SOURCES.iter().any(|source| script.contains(source));
        for name in &used {
            let is_told = form.values.contains_key(name)
                || form.variables.iter().any(|variable| variable.name == *name)
                || env.contains_key(name)
                || loose::has_default(services, name);
            if !is_told && script.contains(&format!("{name}=")) {
                let kind = if is_random && is_made_for(name) { Kind::Secret } else { Kind::Text };
                let shape = told_shape(script).filter(|_| kind == Kind::Secret);
                form.declare(VariableBlock {
                    shape,
                    ..VariableBlock::of(name, kind, both(None, None, name))
                });
            } else if let Some(value) = form.values.get(name).filter(|value| changes(script, name, value)) {
                form.remarks.push(format!(
                    "{name} stays {value}: its script scripts/init.sh, which is not run, would write it otherwise"
                ));
            }
        }
    }

    /// What a file with variables leaves empty for the script to fill in: variables of the services that read it.
    /// Their names.
    fn take_over_left_empty(&self, script: &str, compose: &mut Map<String, Value>) -> BTreeSet<String> {
        let mut taken = BTreeSet::new();
        for service in services_mut(compose) {
            // What `environment` has counts in compose, not what the file says.
            let set = names_set(service.get("environment"));
            let left: Vec<String> = env_files(service)
                .filter_map(|path| std::str::from_utf8(&self.files.get(path)?.bytes).ok())
                .flat_map(env_lines::templates)
                .filter(|(name, value)| value.is_empty() && script.contains(&format!("{name}=")))
                .map(|(name, _)| name)
                .filter(|name| !set.contains(name))
                .collect();
            if left.is_empty() {
                continue;
            }
            let environment = service.entry("environment").or_insert_with(|| Value::Object(Map::new()));
            for name in &left {
                match environment {
                    Value::Object(map) => drop(map.insert(name.clone(), format!("${{{name}}}").into())),
                    Value::Array(list) => list.push(format!("{name}=${{{name}}}").into()),
                    _ => {}
                }
            }
            taken.extend(left);
        }
        taken
    }
}

/// Whether a script would write something else for that value of a variable into `.env`.
fn changes(script: &str, name: &str, value: &str) -> bool {
    let command = format!("s/^{name}=");
    let mut replaced = script.split(&command).skip(1).filter_map(|after| after.split('/').next());
    replaced.any(|old| old == ".*" || old.contains(value))
}

/// The names in `environment`, with a value or without.
fn names_set(environment: Option<&Value>) -> BTreeSet<String> {
    let name_of = |item: &Value| Some(item.as_str()?.split('=').next()?.to_owned());
    match environment {
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        Some(Value::Array(list)) => list.iter().filter_map(name_of).collect(),
        _ => BTreeSet::new(),
    }
}

/// The files with variables that a service reads, by path in the version's folder.
fn env_files(service: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let files = match service.get("env_file") {
        Some(Value::Array(files)) => files.as_slice(),
        Some(file) => std::slice::from_ref(file),
        None => &[],
    };
    files.iter().filter_map(|file| Some(file.as_str()?.trim_start_matches("./")))
}
