//! The form of a Runtipi app, and the variables that Runtipi itself gives to every app.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::block::{Kind, LoginBlock, OptionBlock, ShapeBlock, TextBlock, VariableBlock};
use crate::formats::environments::Entry;
use crate::formats::interpolation::{Part, parse};
use crate::formats::logins;
use crate::formats::loose::{self, both, text, text_at};
use crate::formats::secret_names::{is_foreign, looks_secret, told_shape};
use crate::formats::{Untranslatable, bounds};
use domain::template::is_variable_name;

/// What Runtipi gives to every app, as this server says the same. `APP_PORT` and `APP_DATA_DIR` beside: ports and
/// paths are settled elsewhere.
const GIVEN: [(&str, &str); 12] = [
    ("APP_ID", "${APPMANAGE_APP_ID}"),
    ("APP_NAME", "${APPMANAGE_APP_ID}"),
    ("APP_URN", "${APPMANAGE_APP_ID}"),
    ("APP_STORE_ID", "${APPMANAGE_APP_ID}"),
    ("APP_DOMAIN", "${APPMANAGE_AUTHORITY}"),
    ("APP_LOCAL_DOMAIN", "${APPMANAGE_AUTHORITY}"),
    ("APP_HOST", "${APPMANAGE_HOST}"),
    ("APP_PROTOCOL", "${APPMANAGE_SCHEME}"),
    ("APP_DATA_DIR", "${APPMANAGE_FOLDER}"),
    ("LOCAL_DOMAIN", "${APPMANAGE_HOST}"),
    ("INTERNAL_IP", "${APPMANAGE_HOST}"),
    ("TIPI_HOST", "${APPMANAGE_HOST}"),
];
/// What Runtipi takes from its own settings, and what it is unless somebody changes it.
const CHOSEN: [(&str, &str, &str, &str); 4] = [
    ("TZ", "Etc/UTC", "时区", "Time zone"),
    ("DNS_IP", "9.9.9.9", "DNS 服务器", "DNS server"),
    ("TIPI_UID", "1000", "文件属主的用户号", "Number of the user who owns files"),
    ("TIPI_GID", "1000", "文件属主的组号", "Number of the group that owns files"),
];
/// The keys for push messages: a pair, which cannot be made of chance alone.
const PUSH_KEYS: [(&str, &str); 2] = [
    ("VAPID_PUBLIC_KEY", "Public key for push messages"),
    ("VAPID_PRIVATE_KEY", "Private key for push messages"),
];
/// Length of a generated secret where the form tells none.
const RANDOM_LENGTH: u16 = 32;
/// The longest that Runtipi makes: it takes them from a SHA-256, in hexadecimal or as bytes.
const HEX_LIMIT: u16 = 64;
const BASE64_LIMIT: u16 = 32;
/// The length of passwords here, and the least that one may be asked to have.
const PASSWORD_LENGTH: u16 = 24;
const PASSWORD_LEAST: u16 = 8;
/// The longest password that is made.
const PASSWORD_LIMIT: u16 = 128;

/// The variables of an app.
#[derive(Default)]
pub(super) struct Form {
    pub(super) variables: Vec<VariableBlock>,
    /// Labels of those that the compose file has a default for: it takes part in declaring them.
    pub(super) labels: BTreeMap<String, TextBlock>,
}

impl Form {
    /// Those of the form, and those of Runtipi that `compose` uses.
    ///
    /// # Errors
    /// `Unsupported`: the form has more fields than one may.
    pub(super) fn read(
        config: &Map<String, Value>,
        compose: &Value,
        remarks: &mut Vec<String>,
    ) -> Result<Self, Untranslatable> {
        let mut form = Self::default();
        let fields = config.get("form_fields").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        bounds::check_count("fields in its form", fields.len(), bounds::FIELDS_LIMIT)?;
        for field in fields {
            let Some(field) = field.as_object() else { continue };
            let Some(name) = text_at(field, "env_variable") else { continue };
            if !is_variable_name(&name) {
                remarks.push(format!("{name} of its form is left out: it is no name of a variable"));
            } else if loose::uses(compose, &name) && !form.has(&name) {
                let mut variable = variable(&name, field);
                if is_laravel_key(field) {
                    form.variables.push(take_bytes(&mut variable));
                }
                if variable.optional && loose::has_default(compose, &name) {
                    form.labels.insert(name, variable.label);
                } else {
                    form.variables.push(variable);
                }
            }
        }
        form.add_what_runtipi_gives(config, compose);
        Ok(form)
    }

    fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable.name == name)
    }

    fn add_what_runtipi_gives(&mut self, config: &Map<String, Value>, compose: &Value) {
        let is_wanted = |form: &Self, name: &str| loose::uses(compose, name) && !form.has(name);
        for (name, value) in GIVEN {
            if is_wanted(self, name) {
                let value = Some(value.to_owned());
                self.variables.push(VariableBlock {
                    value,
                    ..VariableBlock::of(name, Kind::Derived, TextBlock::default())
                });
            }
        }
        for (name, default, zh, en) in CHOSEN {
            if is_wanted(self, name) {
                let label = TextBlock { zh: zh.to_owned(), en: en.to_owned() };
                let default = Some(default.into());
                self.variables.push(VariableBlock { default, ..VariableBlock::of(name, Kind::Text, label) });
            }
        }
        if config.get("generate_vapid_keys").and_then(Value::as_bool) == Some(true) {
            for (name, label) in PUSH_KEYS {
                if is_wanted(self, name) {
                    let label =
                        format!("{label} (a VAPID key pair: `web-push generate-vapid-keys` makes one)");
                    self.variables.push(VariableBlock::of(name, Kind::Text, both(label)));
                }
            }
        }
    }

    /// Whom to log in as: the user and the password that the main service is given by names of a login; else the first
    /// user and the first generated password of the form that are not a database's.
    pub(super) fn login(&self, entries: &[Entry], main: Option<&str>) -> Option<LoginBlock> {
        let of_main: Vec<&Entry> =
            entries.iter().filter(|entry| Some(entry.service.as_str()) == main).collect();
        self.login_of(&of_main).or_else(|| self.login_of_form())
    }

    fn login_of(&self, entries: &[&Entry]) -> Option<LoginBlock> {
        let variable = |entry: &Entry, kind: Kind| match parse(&entry.value).as_slice() {
            [Part::Use(used)] => {
                let mut all = self.variables.iter();
                all.find(|other| other.name == used.name && other.kind == kind)
                    .map(|found| found.name.clone())
            }
            _ => None,
        };
        let is_of_login =
            |entry: &&&Entry| !looks_secret(&entry.name) || variable(entry, Kind::Secret).is_some();
        let found = logins::find(entries.iter().filter(is_of_login).map(|entry| entry.name.as_str()))?;
        let entry = |name: &str| entries.iter().find(|entry| entry.name == name);
        let password_variable = variable(entry(found.password_variable.as_deref()?)?, Kind::Secret)?;
        let user = found.user_variable.as_deref().and_then(entry);
        let user_variable = user.and_then(|user| variable(user, Kind::Text));
        let user_name = user.filter(|user| !user.value.contains('$')).map(|user| user.value.clone());
        Some(LoginBlock {
            user_name: user_name.unwrap_or_default(),
            user_variable,
            password_variable: Some(password_variable),
            ..LoginBlock::default()
        })
    }

    fn login_of_form(&self) -> Option<LoginBlock> {
        let of_kind = |kind: Kind| self.variables.iter().filter(move |variable| variable.kind == kind);
        let names = of_kind(Kind::Secret).chain(of_kind(Kind::Text)).map(|variable| variable.name.as_str());
        let mut found = logins::find(names)?;
        let is_one = |kind: Kind, name: &String| of_kind(kind).any(|variable| variable.name == *name);
        found.user_variable.take_if(|name| !is_one(Kind::Text, name));
        found.password_variable.take_if(|name| !is_one(Kind::Secret, name));
        found.password_variable.is_some().then_some(found)
    }
}

/// Whether it asks for the key of the PHP framework Laravel: 32 bytes, with a word before them.
fn is_laravel_key(field: &Map<String, Value>) -> bool {
    let begins = |key: &str| {
        text_at(field, key).is_some_and(|told| told.trim_start_matches('^').starts_with("base64:"))
    };
    text_at(field, "type").as_deref() == Some("password") && (begins("regex") || begins("placeholder"))
}

/// Makes a variable that key. Returns the one with its bytes.
fn take_bytes(key: &mut VariableBlock) -> VariableBlock {
    let bytes = VariableBlock {
        shape: Some(ShapeBlock::Base64(BASE64_LIMIT)),
        ..VariableBlock::of(&format!("{}_BYTES", key.name), Kind::Secret, key.label.clone())
    };
    *key = VariableBlock {
        value: Some(format!("base64:${{{}}}", bytes.name)),
        ..VariableBlock::of(&key.name, Kind::Derived, key.label.clone())
    };
    bytes
}

/// A field of the form.
fn variable(name: &str, field: &Map<String, Value>) -> VariableBlock {
    let is_required = field.get("required").and_then(Value::as_bool) == Some(true);
    let default = text_at(field, "default");
    let kind = text_at(field, "type").unwrap_or_default();
    let options = options(field);
    let is_choice = !options.is_empty() && (is_required || default.is_some());
    let blank = VariableBlock::of(name, Kind::Text, both(label(name, field, &kind, is_choice)));
    match kind.as_str() {
        "random" => VariableBlock { kind: Kind::Secret, shape: Some(random_shape(field)), ..blank },
        "boolean" => {
            let default = Some(default.is_some_and(|default| default.eq_ignore_ascii_case("true")).into());
            VariableBlock { kind: Kind::Boolean, default, ..blank }
        }
        // What somebody else hands out cannot be made here; what may be absent had better be so.
        "password" if is_required && !is_handed_out(name, field) => {
            VariableBlock { kind: Kind::Secret, shape: password_shape(field), ..blank }
        }
        "password" => VariableBlock { optional: !is_required, ..blank },
        _ if is_choice => {
            let default = default.filter(|default| options.iter().any(|option| option.value == *default));
            VariableBlock { kind: Kind::Choice, default: default.map(Value::from), options, ..blank }
        }
        "number" => {
            let number = default.as_deref().map(str::parse::<i64>);
            match number {
                Some(Ok(number)) => {
                    VariableBlock { kind: Kind::Number, default: Some(number.into()), ..blank }
                }
                None if is_required => VariableBlock { kind: Kind::Number, ..blank },
                _ => {
                    VariableBlock { optional: default.is_none(), default: default.map(Value::from), ..blank }
                }
            }
        }
        _ => VariableBlock {
            optional: default.is_none() && !is_required,
            default: default.map(Value::from),
            ..blank
        },
    }
}

/// Whether it is something that another service gives to its user: a generated one would be none.
fn is_handed_out(name: &str, field: &Map<String, Value>) -> bool {
    let told = format!("{name} {}", text_at(field, "label").unwrap_or_default())
        .to_uppercase()
        .replace(['_', '-'], " ");
    ["TOKEN", "API KEY", "APIKEY", "CLAIM", "LICENSE", "SMTP", "VPN"].iter().any(|word| told.contains(word))
        || is_foreign(name)
}

fn options(field: &Map<String, Value>) -> Vec<OptionBlock> {
    let options = field.get("options").and_then(Value::as_array).into_iter().flatten();
    options
        .filter_map(|option| {
            let value = option.get("value").and_then(text).or_else(|| text(option))?;
            let label = option.get("label").and_then(text).filter(|label| *label != value).map(both);
            Some(OptionBlock { value, label })
        })
        .collect()
}

fn bound(field: &Map<String, Value>, key: &str) -> Option<u16> {
    field
        .get(key)
        .and_then(Value::as_u64)
        .and_then(|bound| u16::try_from(bound).ok())
        .filter(|bound| *bound > 0)
}

fn random_shape(field: &Map<String, Value>) -> ShapeBlock {
    let length = bound(field, "min").unwrap_or(RANDOM_LENGTH);
    match text_at(field, "encoding").as_deref() {
        Some("base64") => ShapeBlock::Base64(length.min(BASE64_LIMIT)),
        _ => ShapeBlock::Hex(length.min(HEX_LIMIT)),
    }
}

fn password_shape(field: &Map<String, Value>) -> Option<ShapeBlock> {
    let least = bound(field, "min").unwrap_or(0).clamp(PASSWORD_LEAST, PASSWORD_LIMIT);
    let most = bound(field, "max").unwrap_or(PASSWORD_LIMIT).clamp(least, PASSWORD_LIMIT);
    let length = PASSWORD_LENGTH.clamp(least, most);
    let told =
        ["label", "hint"].iter().filter_map(|key| text_at(field, key)).find_map(|told| told_shape(&told));
    if told.is_some() {
        return told;
    }
    if wants_sign(field) {
        return Some(ShapeBlock::Strong(length));
    }
    (length != PASSWORD_LENGTH).then_some(ShapeBlock::Alphanumeric(length))
}

/// Whether its rule takes no password of letters and digits alone.
fn wants_sign(field: &Map<String, Value>) -> bool {
    let rule = text_at(field, "regex").unwrap_or_default();
    let told = text_at(field, "pattern_error").unwrap_or_default().to_lowercase();
    told.contains("special")
        || told.contains("symbol")
        || rule.contains("(?=.*[^")
        || rule.contains("(?=.*\\W")
}

/// The label, with what the form says of the value that a variable here cannot hold.
fn label(name: &str, field: &Map<String, Value>, kind: &str, is_choice: bool) -> String {
    let mut said: Vec<String> = text_at(field, "hint").into_iter().collect();
    if kind != "random" {
        let unit = if kind == "number" { "" } else { " characters" };
        match (bound(field, "min"), bound(field, "max")) {
            (Some(least), Some(most)) if least == most && kind != "number" => {
                said.push(format!("{most}{unit}"));
            }
            (Some(least), Some(most)) => said.push(format!("{least} to {most}{unit}")),
            (Some(least), None) => said.push(format!("at least {least}{unit}")),
            (None, Some(most)) => said.push(format!("at most {most}{unit}")),
            (None, None) => {}
        }
    }
    let form = match kind {
        "email" => Some("an e-mail address"),
        "ip" => Some("an IP address"),
        "fqdn" => Some("a domain name"),
        "fqdnip" => Some("a domain name or IP address"),
        "url" => Some("a URL"),
        _ => None,
    };
    said.extend(form.map(ToOwned::to_owned));
    said.extend(
        text_at(field, "pattern_error")
            .or_else(|| text_at(field, "regex").map(|regex| format!("must match {regex}"))),
    );
    let names: Vec<String> = options(field).into_iter().map(|option| option.value).collect();
    if !names.is_empty() && !is_choice {
        said.push(format!("one of {}", names.join(", ")));
    }
    said.extend(text_at(field, "placeholder").map(|example| format!("such as {example}")));
    let label = text_at(field, "label").unwrap_or_else(|| name.to_owned());
    if said.is_empty() { label } else { format!("{label} ({})", said.join("; ")) }
}
