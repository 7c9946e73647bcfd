//! What is written for each variable of a compose file of others: `${NAME}` where it is one of the package's, else a
//! text; and which variables the package gets because the file has them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::block::{Kind, TextBlock, VariableBlock};
use crate::formats::interpolation::{self, Otherwise, Part, Use, escaped, parse};
use crate::formats::known::Known;
use crate::formats::loose::each_text;
use crate::formats::secret_names::looks_secret;
use crate::formats::{logins, secrets};
use crate::variables::BUILT_IN_VARIABLES;

type Object = Map<String, Value>;

/// Beginnings of names that mean something to the server, to `docker compose` or to `docker`.
const RESERVED_PREFIXES: [&str; 3] = ["APPMANAGE_", "COMPOSE_", "DOCKER_"];
/// Names that every process has.
const RESERVED_NAMES: [&str; 2] = ["HOME", "PATH"];
/// What is told by the server itself.
const BUILT_IN: [(&str, &str); 2] =
    [("COMPOSE_PROJECT_NAME", "${APPMANAGE_APP_ID}"), ("PWD", "${APPMANAGE_FOLDER}")];
/// Names that every catalog means the same by, and the value that does on every server.
const CUSTOMARY: [(&str, &str); 5] =
    [("TZ", "UTC"), ("PUID", "1000"), ("PGID", "1000"), ("UID", "1000"), ("GID", "1000")];
/// Characters of a default that is offered to be changed.
const DEFAULT_LIMIT: usize = 1000;

/// Names in one remark: some apps have a hundred settings that all may stay empty.
const NAMES_LIMIT: usize = 20;
/// How values begin that only say that they are none: their user has to set another.
const BEGINNINGS_TO_CHANGE: [&str; 4] = ["CHANGE_ME", "CHANGEME", "REPLACE_ME", "REPLACEME"];

/// What the file's own uses say of a variable.
#[derive(Debug, Default)]
struct Seen {
    /// Defaults, as they would be written.
    defaults: BTreeSet<String>,
    is_required: bool,
    /// It would be a password that its database knows nothing of.
    is_untold: bool,
}

struct Offer<'a> {
    known: &'a Known,
    declared: BTreeSet<String>,
    seen: BTreeMap<String, Seen>,
}

/// Writes every text of the compose file plainly, and declares the variables that it needs.
pub(crate) fn clean(
    compose: &mut Object,
    variables: &mut Vec<VariableBlock>,
    versions: &BTreeSet<String>,
    known: &Known,
    remarks: &mut Vec<String>,
) {
    let declared =
        variables.iter().map(|variable| variable.name.clone()).chain(versions.iter().cloned()).collect();
    let mut offer = Offer { known, declared, seen: BTreeMap::new() };
    take_defaults(variables, known);
    bare_names(compose, &offer);
    take_from_container(compose, &offer);
    compose.values().for_each(|value| offer.look(value));
    for template in known.env().values() {
        // What `.env` itself uses and nothing defines is empty; declared, compose does not warn of it.
        parse(template).iter().for_each(|part| offer.look_at_env(part));
    }
    for (name, seen) in &mut offer.seen {
        seen.is_untold = !seen.is_required && logins::is_untold(compose, name);
    }
    compose.values_mut().for_each(|value| offer.write(value));
    let mut seen: Vec<(String, Seen)> = std::mem::take(&mut offer.seen).into_iter().collect();
    seen.retain(|(_, seen)| Offer::is_offered(seen));
    let mut empty = Vec::new();
    for (name, seen) in seen {
        variables.push(offer.variable(&name, &seen, &mut empty));
    }
    remarks.extend(remark_empty(&empty));
    for variable in variables.iter_mut().filter(|v| v.kind == Kind::Text && !looks_secret(&v.name)) {
        let default = variable.default.as_ref().and_then(Value::as_str).unwrap_or_default();
        if BEGINNINGS_TO_CHANGE.iter().any(|beginning| default.starts_with(beginning)) {
            variable.default = None;
        }
    }
}

/// What is said of variables that stay empty.
fn remark_empty(names: &[String]) -> Option<String> {
    let (first, more) = names.split_at(names.len().min(NAMES_LIMIT));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    match first {
        [] => None,
        [name] => Some(format!("{name} has no value in the catalog: it stays empty unless you set it")),
        names => {
            let names = names.join(", ");
            Some(format!("{names}{more} have no value in the catalog: they stay empty unless you set them"))
        }
    }
}

/// Variables that may stay empty, where the file has a text for that: this one.
fn take_defaults(variables: &mut [VariableBlock], known: &Known) {
    let is_empty = |default: &Option<Value>| default.as_ref().is_none_or(|text| *text == json!(""));
    for variable in
        variables.iter_mut().filter(|v| v.kind == Kind::Text && v.optional && is_empty(&v.default))
    {
        let told = known.value(&variable.name);
        if let Some(text) = told.filter(|text| !text.is_empty() && !text.contains(char::is_control)) {
            variable.default = Some(json!(text));
            variable.optional = false;
        }
    }
}

/// Names in an environment that take their value from the surroundings: here from `.env`, or they are not there.
fn bare_names(compose: &mut Object, offer: &Offer<'_>) {
    let services = compose.get_mut("services").and_then(Value::as_object_mut);
    for service in services.into_iter().flat_map(Map::values_mut) {
        let Some(Value::Object(environment)) = service.get_mut("environment") else { continue };
        for (name, value) in environment.iter_mut().filter(|(_, value)| value.is_null()) {
            if offer.declared.contains(name) || offer.known.is_in_env(name) {
                *value = json!(format!("${{{name}}}"));
            } else if let Some(given) = offer.known.given(name) {
                *value = json!(escaped(given));
            }
        }
        environment.retain(|_, value| !value.is_null());
    }
}

/// Variables of a command that nobody tells, but its container has them: compose would put nothing in their place. Their
/// author means the value in the same service's environment, or what the command itself sets.
fn take_from_container(compose: &mut Object, offer: &Offer<'_>) {
    let services = compose.get_mut("services").and_then(Value::as_object_mut);
    for service in services.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        let environment = service.get("environment").and_then(Value::as_object).cloned().unwrap_or_default();
        let own = |name: &str| {
            let value = environment.get(name)?.as_str()?;
            (!interpolation::names(value).iter().any(|used| used == name)).then(|| value.to_owned())
        };
        for key in ["command", "entrypoint", "healthcheck"] {
            let Some(value) = service.get_mut(key) else { continue };
            each_text(value, &mut |text| {
                let written = |part: Part| match &part {
                    Part::Use(Use { name, otherwise: Otherwise::Nothing }) if !offer.is_settled(name) => {
                        let in_shell = || is_assigned(text, name).then(|| format!("$${{{name}}}"));
                        own(name).or_else(in_shell).unwrap_or_else(|| part.written())
                    }
                    _ => part.written(),
                };
                *text = parse(text).into_iter().map(written).collect();
            });
        }
    }
}

/// Whether a line of a script sets that variable, to something else than what it was.
fn is_assigned(script: &str, name: &str) -> bool {
    let sets = |line: &str| {
        let value = line.trim_start().strip_prefix(name)?.strip_prefix('=')?;
        Some(!interpolation::names(value).iter().any(|used| used == name))
    };
    script.lines().any(|line| sets(line) == Some(true))
}

impl Offer<'_> {
    fn look(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.look_at(&parse(text)),
            Value::Array(items) => items.iter().for_each(|item| self.look(item)),
            Value::Object(map) => map.values().for_each(|item| self.look(item)),
            _ => {}
        }
    }

    fn look_at(&mut self, parts: &[Part]) {
        for part in parts {
            let Part::Use(used) = part else { continue };
            if self.is_settled(&used.name) {
                self.look_at_inner(used);
                continue;
            }
            match &used.otherwise {
                Otherwise::Default { text, .. } => {
                    self.look_at_inner(used);
                    let default = self.written(text);
                    self.seen.entry(used.name.clone()).or_default().defaults.insert(default);
                }
                Otherwise::Required => self.seen.entry(used.name.clone()).or_default().is_required = true,
                Otherwise::Nothing => drop(self.seen.entry(used.name.clone()).or_default()),
                Otherwise::Instead { .. } => {}
            }
        }
    }

    fn look_at_inner(&mut self, used: &Use) {
        if let Otherwise::Default { text, .. } | Otherwise::Instead { text, .. } = &used.otherwise {
            self.look_at(text);
        }
    }

    fn look_at_env(&mut self, part: &Part) {
        if let Part::Use(Use { name, otherwise: Otherwise::Nothing }) = part
            && !self.is_settled(name)
        {
            self.seen.entry(name.clone()).or_default();
        }
    }

    /// Whether what is written for it does not depend on how the file uses it.
    fn is_settled(&self, name: &str) -> bool {
        self.declared.contains(name)
            || self.known.is_in_env(name)
            || self.known.given(name).is_some()
            || is_reserved(name)
            || BUILT_IN.iter().any(|(known, _)| *known == name)
    }

    fn write(&self, value: &mut Value) {
        match value {
            Value::String(text) if text.contains('$') => *text = self.written(&parse(text)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.write(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.write(item)),
            _ => {}
        }
    }

    fn written(&self, parts: &[Part]) -> String {
        let written = |part: &Part| match part {
            Part::Text(text) => escaped(text),
            Part::Use(used) => self.written_use(used),
        };
        parts.iter().map(written).collect()
    }

    fn written_use(&self, used: &Use) -> String {
        let name = used.name.as_str();
        let variable = || format!("${{{name}}}");
        let (if_unset, if_set) = match &used.otherwise {
            Otherwise::Default { text, .. } => (self.written(text), None),
            Otherwise::Instead { text, .. } => (String::new(), Some(self.written(text))),
            Otherwise::Nothing | Otherwise::Required => (String::new(), None),
        };
        let takes_empty = !matches!(
            &used.otherwise,
            Otherwise::Default { if_empty: true, .. } | Otherwise::Instead { if_empty: true, .. }
        );
        if let Some((_, built_in)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return if_set.unwrap_or_else(|| (*built_in).to_owned());
        }
        if self.declared.contains(name) || BUILT_IN_VARIABLES.contains(&name) {
            return if_set.unwrap_or_else(variable);
        }
        if is_reserved(name) || (self.known.given(name).is_some() && !self.known.is_in_env(name)) {
            let value = self.known.value(name).filter(|value| takes_empty || !value.is_empty());
            return match value {
                Some(value) => if_set.unwrap_or_else(|| escaped(&value)),
                None => if_unset,
            };
        }
        if self.known.is_in_env(name) {
            let is_set = takes_empty || self.known.value(name).is_some_and(|value| !value.is_empty());
            return if is_set { if_set.unwrap_or_else(variable) } else { if_unset };
        }
        if if_set.is_some() {
            return String::new();
        }
        match self.seen.get(name) {
            Some(seen) if !Self::is_offered(seen) => if_unset,
            _ => variable(),
        }
    }

    /// Whether it becomes a variable of the package: not where the file means several things by it, and not where it
    /// is made of other variables.
    fn is_offered(seen: &Seen) -> bool {
        let is_plain = |text: &String| {
            text.len() <= DEFAULT_LIMIT
                && !text.chars().any(char::is_control)
                && parse(text).iter().all(|part| matches!(part, Part::Text(_)))
        };
        seen.defaults.len() <= 1 && seen.defaults.iter().all(is_plain)
    }

    fn variable(&self, name: &str, seen: &Seen, empty: &mut Vec<String>) -> VariableBlock {
        let customary =
            CUSTOMARY.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let default =
            seen.defaults.first().map(|text| text.replace("$$", "$")).filter(|text| !text.is_empty());
        let default = default.or(customary);
        let mut variable = text_variable(name);
        // `${NAME:-}` says that it may stay empty.
        let is_made = secrets::is_made_for(name) && !seen.is_untold;
        if seen.defaults.is_empty() && default.is_none() && is_made {
            variable.kind = Kind::Secret;
        } else if default.is_none() && !seen.is_required {
            variable.optional = true;
            if seen.defaults.is_empty() {
                empty.push(name.to_owned());
            }
        }
        variable.default = default.map(Value::String);
        variable
    }
}

/// Whether no variable of a package may be called so.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED_NAMES.contains(&name) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// A text that its user may set, labelled with the words of its name.
pub(crate) fn text_variable(name: &str) -> VariableBlock {
    let label = label(name);
    VariableBlock::of(name, Kind::Text, TextBlock { zh: label.clone(), en: label })
}

/// The words of a variable's name: `SMTP_HOST` is "Smtp host".
pub(crate) fn label(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase();
    let mut characters = words.chars();
    characters
        .next()
        .map_or_else(|| name.to_owned(), |first| first.to_uppercase().chain(characters).collect())
}
