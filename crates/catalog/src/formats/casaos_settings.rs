//! What the user of an app in `CasaOS`' format may set. There is no form: what stands in `environment` is offered
//! where the file describes it in words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::block::{Kind, LoginBlock, TextBlock, VariableBlock};
use crate::formats::casaos::localised;
use crate::formats::environments::{Entry, each_entry, entries};
use crate::formats::loose::{self, both, text_at};
use crate::formats::secret_names::{is_made_for, is_password_hash, is_placeholder, looks_secret, told_shape};
use crate::formats::{Web, addresses, casaos_addresses, casaos_logins};
use domain::template::is_variable_name;

/// What `CasaOS` itself gives to every app: name, kind, and what it usually is.
const GIVEN: [(&str, Kind, &str); 6] = [
    ("AppID", Kind::Derived, "${APPMANAGE_APP_ID}"),
    ("TZ", Kind::Text, "Etc/UTC"),
    ("PUID", Kind::Number, "1000"),
    ("PGID", Kind::Number, "1000"),
    ("DefaultUserName", Kind::Text, "admin"),
    ("DefaultPassword", Kind::Secret, ""),
];
/// Texts of `environment` longer than this are no settings.
const VALUE_LIMIT: usize = 200;
/// Settings that are offered; the most of the field has 40.
const OFFERED_LIMIT: usize = 60;

/// What became of `environment`.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) variables: Vec<VariableBlock>,
    /// What variables of the file are known to be when paths are settled.
    pub(super) values: BTreeMap<String, String>,
    /// What is told of names in `environment`, whatever becomes of them.
    pub(super) labels: BTreeMap<String, TextBlock>,
    pub(super) login: Option<LoginBlock>,
}

impl Settings {
    /// Replaces what users may set by variables. `note` is what the catalog tells them.
    pub(super) fn take(
        compose: &mut Map<String, Value>,
        main: Option<&str>,
        web: Option<&Web>,
        note: Option<&mut TextBlock>,
    ) -> Self {
        let samples = entries(compose);
        let mut settings = Self { labels: labels(compose, &samples), ..Self::default() };
        settings.variables = casaos_addresses::fill_in(compose, main, web);
        let found = casaos_logins::find(&entries(compose), main, note);
        if let Some(found) = &found {
            settings.tell_login(found);
        }
        settings.offer(compose, main);
        settings.declare_given(compose);
        // A user that may be chosen is told as chosen.
        let user = found.and_then(|found| found.user).filter(|user| settings.has(&user.name));
        if let (Some(login), Some(user)) = (&mut settings.login, user) {
            login.user_variable = Some(user.name);
            login.user_name.clear();
        }
        settings
    }

    fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable.name == name)
    }

    fn tell_login(&mut self, found: &casaos_logins::Found) {
        // With the sample as its default it is known for the secret that it is, wherever the same value stands.
        self.variables.extend(found.password.as_ref().map(|password| match password.value.as_str() {
            "" => blank(&password.name, Kind::Secret),
            sample => VariableBlock {
                label: self.label(&password.name),
                default: Some(sample.into()),
                ..blank(&password.name, Kind::Text)
            },
        }));
        self.login = Some(LoginBlock {
            user_name: found.user_name.clone(),
            password_variable: found.password.as_ref().map(|password| password.name.clone()),
            password: found.fixed.clone(),
            ..LoginBlock::default()
        });
    }

    /// What `CasaOS` gives, as far as the file asks for it.
    fn declare_given(&mut self, compose: &Map<String, Value>) {
        let whole = Value::Object(compose.clone());
        for (name, kind, value) in GIVEN {
            if self.has(name) || !loose::uses(&whole, name) {
                continue;
            }
            let mut variable = VariableBlock { label: self.label(name), ..blank(name, kind) };
            match kind {
                Kind::Derived => variable.value = Some(value.to_owned()),
                Kind::Secret => {}
                _ => variable.default = Some(default(kind, value)),
            }
            if !value.contains('$') && !value.is_empty() {
                self.values.insert(name.to_owned(), value.to_owned());
            }
            self.variables.push(variable);
        }
        for domain in casaos_addresses::DOMAINS {
            // One that the file describes is its user's to set.
            if self.has(domain) || !loose::uses(&whole, domain) {
                continue;
            }
            let value = Some(addresses::HOST.to_owned());
            self.variables.push(VariableBlock { value, ..blank(domain, Kind::Derived) });
        }
        // What the file only names it may tell how to make.
        for (name, label) in self.labels.clone() {
            if is_made_for(&name) && !self.has(&name) && loose::uses(&whole, &name) {
                let shape = told_shape(&label.en);
                self.variables.extend(shape.map(|shape| VariableBlock {
                    label,
                    shape: Some(shape),
                    ..blank(&name, Kind::Secret)
                }));
            }
        }
    }

    /// Entries of `environment` that its user may want otherwise: those of the main service that are described in
    /// words, and the few that mean the same everywhere. A name that has several values is left as it is.
    fn offer(&mut self, compose: &mut Map<String, Value>, main: Option<&str>) {
        let entries = entries(compose);
        let names: BTreeSet<String> = entries.iter().map(|entry| entry.service.clone()).collect();
        let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        // By value, what it is called in each service: one that services call differently is how they find each
        // other, such as the user of a database.
        let mut meanings: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for entry in &entries {
            values.entry(&entry.name).or_default().insert(&entry.value);
            meanings.entry(&entry.value).or_default().insert(&entry.name);
        }
        let mut chosen: BTreeMap<String, (Kind, String)> = BTreeMap::new();
        for Entry { service, name, value } in &entries {
            let is_given = GIVEN.iter().any(|(given, kind, _)| given == name && *kind != Kind::Derived);
            let is_taken = self.has(name);
            let is_described = Some(service.as_str()) == main && self.labels.contains_key(name);
            if is_taken {
                continue;
            } else if is_variable_name(name) && is_password_hash(value) {
                chosen.insert(name.clone(), (Kind::Secret, String::new()));
            } else if is_variable_name(name) && is_placeholder(value) && !is_made_for(name) {
                chosen.insert(name.clone(), (Kind::Text, String::new()));
            } else if (is_given || is_described)
                && values[name.as_str()].len() == 1
                && (is_given || kind(value) != Kind::Text || meanings[value.as_str()].len() == 1)
                && may_be_offered(name, value, &names)
                && chosen.len() < OFFERED_LIMIT
            {
                chosen.insert(name.clone(), (kind(value), value.clone()));
            }
        }
        for (name, (kind, value)) in &chosen {
            let label = self.label(name);
            let variable = match kind {
                // Nobody but its user can make the hash of a password: it has to be given.
                Kind::Secret => {
                    let label =
                        both(format!("{} (the hash of a password, as the app's pages say)", label.en));
                    VariableBlock { label, ..blank(name, Kind::Text) }
                }
                _ if value.is_empty() => VariableBlock { label, optional: true, ..blank(name, *kind) },
                _ => VariableBlock { label, default: Some(default(*kind, value)), ..blank(name, *kind) },
            };
            self.variables.push(variable);
        }
        each_entry(compose, &mut |_, name, value| {
            if let Some((kind, chosen)) = chosen.get(name)
                && (*kind == Kind::Secret || chosen.is_empty() || chosen == value)
            {
                *value = format!("${{{name}}}");
            }
        });
    }

    fn label(&self, name: &str) -> TextBlock {
        let told = match name {
            "TZ" => Some(TextBlock { zh: "时区".to_owned(), en: "Time zone".to_owned() }),
            "PUID" => Some(TextBlock {
                zh: "文件属主的用户号".to_owned(),
                en: "Number of the user who owns files".to_owned(),
            }),
            "PGID" => Some(TextBlock {
                zh: "文件属主的组号".to_owned(),
                en: "Number of the group that owns files".to_owned(),
            }),
            _ => self.labels.get(name).cloned(),
        };
        told.unwrap_or_default()
    }
}

/// What the file says of each name of `environment`, where it says more than the name.
fn labels(compose: &Map<String, Value>, samples: &[Entry]) -> BTreeMap<String, TextBlock> {
    let mut labels = BTreeMap::new();
    let services = compose.get("services").and_then(Value::as_object).into_iter().flatten();
    for (_, service) in services {
        let told = service.pointer("/x-casaos/envs").and_then(Value::as_array).into_iter().flatten();
        for told in told.filter_map(Value::as_object) {
            let (Some(name), Some(label)) =
                (text_at(told, "container"), told.get("description").and_then(localised))
            else {
                continue;
            };
            let is_name = label.en.eq_ignore_ascii_case(&name) || label.en.starts_with("Container ");
            if !is_name {
                let label = samples
                    .iter()
                    .filter(|sample| sample.name == name)
                    .fold(label, |label, sample| without_value(&label, &sample.value));
                let label = if looks_secret(&name) { without_word(&label) } else { label };
                labels.entry(name).or_insert(label);
            }
        }
    }
    labels
}

/// `Password: changeme` without what it was in another version of the file.
fn without_word(label: &TextBlock) -> TextBlock {
    let word = |text: &str| text.rsplit_once(": ").map_or(text, |(_, word)| word).to_owned();
    match word(&label.en) {
        word if word.contains(char::is_whitespace) => label.clone(),
        word => without_value(label, &word),
    }
}

/// `Password: changeme` without the sample, which is the default or no longer true.
fn without_value(label: &TextBlock, value: &str) -> TextBlock {
    let plain = |text: &str| {
        let rest = text.strip_suffix(value).and_then(|rest| rest.strip_suffix(": "));
        rest.filter(|rest| !rest.is_empty()).unwrap_or(text).to_owned()
    };
    TextBlock { zh: plain(&label.zh), en: plain(&label.en) }
}

/// Whether a value is one that people choose, and not how the app's parts find each other, a place in a container
/// or a secret (those are made anew, for all formats alike).
fn may_be_offered(name: &str, value: &str, services: &BTreeSet<String>) -> bool {
    let is_reserved = ["APPMANAGE_", "COMPOSE_", "DOCKER_"].iter().any(|prefix| name.starts_with(prefix));
    let names_service = value
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.'))
        .any(|word| services.contains(word));
    let is_plain = value.len() <= VALUE_LIMIT && !value.contains(char::is_control) && !value.contains('$');
    // The container's own ports are told by `ports`, and databases have their own variables for the same.
    let is_inner = name.to_uppercase().split('_').any(|word| {
        matches!(word, "PORT" | "HOST" | "DB" | "DATABASE" | "POSTGRES" | "MYSQL" | "REDIS" | "MONGO")
    });
    let is_wiring = names_service || value.starts_with('/') || is_inner;
    is_variable_name(name)
        && !matches!(name, "HOME" | "PATH")
        && !is_reserved
        && is_plain
        && !is_wiring
        && !value.is_empty()
        && !looks_secret(name)
}

/// What kind of setting a value is one of.
fn kind(value: &str) -> Kind {
    let is_number = value.parse::<i64>().is_ok_and(|number| number.to_string() == value);
    match value {
        "true" | "false" => Kind::Boolean,
        _ if is_number => Kind::Number,
        _ => Kind::Text,
    }
}

fn default(kind: Kind, value: &str) -> Value {
    match kind {
        Kind::Boolean => (value == "true").into(),
        Kind::Number => value.parse::<i64>().map_or(Value::Null, Value::from),
        _ => value.into(),
    }
}

fn blank(name: &str, kind: Kind) -> VariableBlock {
    VariableBlock {
        name: name.to_owned(),
        kind,
        label: TextBlock::default(),
        default: None,
        optional: false,
        options: Vec::new(),
        shape: None,
        of: None,
        value: None,
    }
}
