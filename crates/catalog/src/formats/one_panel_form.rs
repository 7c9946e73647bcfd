//! The form of a 1Panel version: what its user is asked for, and what the panel itself tells a compose file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::block::{Kind, LoginBlock, OptionBlock, TextBlock, VariableBlock};
use crate::formats::interpolation;
use crate::formats::one_panel::{both, localised, scalar};
use crate::formats::secret_names::is_placeholder;
use crate::formats::secrets::shape;
use crate::formats::{Web, WebPort};

/// The field of the port that people use.
const MAIN_PORT: &str = "PANEL_APP_PORT_HTTP";
/// Words in the name of a port's field by which it leads to pages.
const WEB_WORDS: [&str; 6] = ["HTTP", "WEB", "DASHBOARD", "CONSOLE", "ADMIN", "UI"];
/// Ports at which no browser is answered: mail, shells, databases, queues.
const NOT_WEB: [u16; 26] = [
    21, 22, 25, 53, 110, 143, 389, 465, 587, 993, 995, 1433, 1521, 1883, 3306, 3389, 5060, 5432, 5672, 6379,
    8883, 9042, 9092, 11211, 27017, 50051,
];
/// Container ports that speak HTTPS.
const TLS: [u16; 3] = [443, 8443, 9443];
/// Fields that ask for the app's own address.
const OWN_ADDRESSES: [&str; 9] = [
    "PANEL_APP_URL",
    "APP_URL",
    "SITE_URL",
    "ROOT_URL",
    "BASE_URL",
    "PUBLIC_URL",
    "SERVER_URL",
    "WEB_URL",
    "EXTERNAL_URL",
];
/// The host, as its containers see it: where a form says so, it asks for the host's address.
const HOST: &str = "172.17.0.1";
/// Words in names of secrets that an outside service gave its user, which nobody can make up.
const GIVEN_WORDS: [&str; 10] =
    ["SMTP", "MAIL", "LDAP", "OAUTH", "OIDC", "S3", "OSS", "API", "PROXY", "REGISTRATION"];

/// What came of a form.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// Its fields that are not understood yet, by name.
    pub(super) fields: Vec<Field>,
    pub(super) needs: Vec<Need>,
    pub(super) variables: Vec<VariableBlock>,
    pub(super) values: BTreeMap<String, String>,
    pub(super) login: Option<LoginBlock>,
    pub(super) remarks: Vec<String>,
    /// Ports in the order of the form.
    ports: Vec<String>,
    /// Variables with a value that stays.
    fixed: Vec<String>,
}

/// A field that asks for a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) default: String,
    kind: String,
    pub(super) label: TextBlock,
    is_required: bool,
    is_random: bool,
    is_url: bool,
    options: Vec<OptionBlock>,
}

/// A field that asks for another installed app.
#[derive(Debug)]
pub(super) struct Need {
    /// The variable of its host name.
    pub(super) host: String,
    /// The variable of its kind, where the form offers several.
    pub(super) kind_variable: Option<String>,
    /// Kinds that it may be, the preferred one first.
    pub(super) kinds: Vec<String>,
    pub(super) label: TextBlock,
    pub(super) is_required: bool,
}

impl Form {
    /// Reads the fields; those of databases stay in `needs`, with what they are told in `fields`.
    pub(super) fn of(fields: &[Value], ports: &Ports) -> Self {
        let mut form = Self::default();
        for field in fields.iter().filter_map(Value::as_object) {
            match field.get("type").and_then(scalar).as_deref() {
                Some("apps" | "service") => form.needs.extend(Need::of(field)),
                _ => form.fields.extend(Field::of(field)),
            }
        }
        let mut seen = BTreeSet::new();
        form.fields.retain(|field| seen.insert(field.name.clone()));
        for field in &form.fields {
            if ports.by_variable.contains_key(&field.name) {
                form.ports.push(field.name.clone());
            }
        }
        for field in &form.fields {
            // A sample of a secret is never kept.
            let is_value = !field.is_placeholder() && !field.is_secret() && field.kind != "password";
            if !field.default.is_empty() && is_value {
                form.values.insert(field.name.clone(), field.default.clone());
            }
        }
        form
    }

    /// Takes the field of that name out, or what stands for one that only the compose file names.
    pub(super) fn take(&mut self, name: &str) -> Option<Field> {
        let place = self.fields.iter().position(|field| field.name == name)?;
        Some(self.fields.remove(place))
    }

    /// What a variable is, and stays: it stands in the package as that text.
    pub(super) fn fix(&mut self, name: &str, text: &str) {
        self.values.insert(name.to_owned(), text.to_owned());
        self.fixed.push(name.to_owned());
    }

    /// A variable that holds what that other one does.
    pub(super) fn repeat(&mut self, field: &Field, of: &str) {
        let mut same = VariableBlock::of(&field.name, Kind::Derived, field.label.clone());
        same.value = Some(format!("${{{of}}}"));
        self.declare(same);
    }

    pub(super) fn declare(&mut self, variable: VariableBlock) {
        if !self.variables.iter().any(|known| known.name == variable.name) {
            self.variables.push(variable);
        }
    }

    /// Declares what is left of the fields, and what the panel tells besides, so far as the compose file uses it. A
    /// container that gets the whole `.env` (`has_env_file`) gets that of the panel: everything.
    pub(super) fn add_what_the_panel_tells(
        &mut self,
        used: &BTreeSet<String>,
        has_env_file: bool,
        app: &str,
    ) {
        let fields = std::mem::take(&mut self.fields);
        let main_port =
            fields.iter().find(|field| field.name == MAIN_PORT).map(|field| field.default.clone());
        self.login = login(&fields, used, has_env_file);
        for field in fields {
            if self.ports.contains(&field.name) {
                continue; // The server gives it a port.
            }
            self.declare(field.variable(main_port.as_deref()));
        }
        let told = [("CONTAINER_NAME", app), ("HOST_IP", "0.0.0.0"), ("CPUS", "0"), ("MEMORY_LIMIT", "0")];
        for (name, text) in told.into_iter().filter(|(name, _)| has_env_file || used.contains(*name)) {
            self.fix(name, text);
        }
        for name in std::mem::take(&mut self.fixed).into_iter().filter(|_| has_env_file) {
            let mut fixed = VariableBlock::of(&name, Kind::Derived, both(None, None, &name));
            fixed.value = self.values.get(&name).cloned();
            self.declare(fixed);
        }
    }

    /// The port that people use: the panel's own field for it, else the first that is published.
    pub(super) fn web(&self, ports: &Ports, is_database: bool) -> Option<Web> {
        let is_published = |name: &&str| ports.by_variable.contains_key(*name);
        let first = || self.ports.first().map(String::as_str);
        let name = [MAIN_PORT, "PANEL_APP_PORT_HTTPS"].into_iter().find(is_published).or_else(first);
        let Some(name) = name else { return self.plain_web(ports, is_database) };
        let target = ports.by_variable.get(name).copied().unwrap_or_default();
        let sounds_web = WEB_WORDS.iter().any(|word| name.contains(word));
        Some(Web {
            service: None,
            port: WebPort::Variable(name.to_owned()),
            hint: self.values.get(name).and_then(|port| port.parse().ok()),
            path: "/".to_owned(),
            is_http: sounds_web && !is_database && !NOT_WEB.contains(&target),
            tls: TLS.contains(&target) || name.ends_with("_HTTPS"),
        })
    }

    /// The same where the compose file names no variable for it, whatever the form asks.
    fn plain_web(&self, ports: &Ports, is_database: bool) -> Option<Web> {
        let wish = self.values.get(MAIN_PORT).and_then(|port| port.parse::<u16>().ok());
        let wished = ports.plain.iter().find(|(published, _)| Some(*published) == wish);
        let (published, target) = *wished.or(ports.plain.first())?;
        Some(Web {
            service: None,
            port: WebPort::Published(published),
            hint: Some(published),
            path: "/".to_owned(),
            is_http: wish.is_some() && !is_database && !NOT_WEB.contains(&target),
            tls: TLS.contains(&target),
        })
    }
}

impl Field {
    fn of(field: &Map<String, Value>) -> Option<Self> {
        let text = |key: &str| field.get(key).and_then(scalar);
        let is = |key: &str| field.get(key).and_then(Value::as_bool).unwrap_or(false);
        let name = text("envKey").filter(|name| is_name(name))?;
        let rule = text("rule").unwrap_or_default();
        let list = field.get("default").and_then(Value::as_array);
        let list = list.map(|list| list.iter().filter_map(scalar).collect::<Vec<_>>().join(","));
        Some(Self {
            label: label(field, &name),
            default: text("default").or(list).unwrap_or_default(),
            kind: if is("multiple") { "text".to_owned() } else { text("type").unwrap_or_default() },
            is_required: is("required"),
            is_random: is("random"),
            is_url: rule == "paramExtUrl" || rule == "paramHttp",
            options: options(field.get("values")),
            name,
        })
    }

    /// One that only the compose file names.
    pub(super) fn unasked(name: &str) -> Self {
        Self { name: name.to_owned(), label: both(None, None, name), ..Self::default() }
    }

    /// Whether its default stands for no value: `<token>`, `http://<your server>/`, `www.example.com`.
    fn is_placeholder(&self) -> bool {
        let is_gap = || ["<", "example.com", "example.org"].iter().any(|sign| self.default.contains(sign));
        is_placeholder(&self.default) || (self.is_url && is_gap())
    }

    /// Whether it is to be made up, and not to be asked for.
    fn is_secret(&self) -> bool {
        let is_given = GIVEN_WORDS.iter().any(|word| self.name.contains(word));
        match self.kind.as_str() {
            "password" => self.is_random || (self.is_required && !is_given) || !self.default.is_empty(),
            "text" => {
                sounds_secret(&self.name)
                    && !self.is_placeholder()
                    && (self.is_random || (!self.default.is_empty() && !is_given))
            }
            _ => false,
        }
    }

    /// The password that it shows: what stands before one that is made up is none.
    fn shown(&self) -> Option<String> {
        let is_whole = !self.is_random && !self.default.trim().is_empty();
        is_whole.then(|| self.default.clone())
    }

    /// What the user is asked for; `main` is the port that the catalog would give to the app's pages.
    fn variable(&self, main: Option<&str>) -> VariableBlock {
        if self.is_secret() {
            return VariableBlock { shape: shape(&self.default), ..secret(&self.name, self.label.clone()) };
        }
        if self.default == HOST && self.kind == "text" {
            let mut host = VariableBlock::of(&self.name, Kind::Derived, self.label.clone());
            host.value = Some("${APPMANAGE_HOST}".to_owned());
            return host;
        }
        let asks_for_own = self.default.is_empty() && OWN_ADDRESSES.contains(&self.name.as_str());
        if self.is_url && main.is_some_and(|port| asks_for_own || is_own_address(&self.default, port)) {
            let mut own = VariableBlock::of(&self.name, Kind::Derived, self.label.clone());
            let path = self.default.splitn(4, '/').nth(3).map_or_else(String::new, |path| format!("/{path}"));
            own.value = Some(format!("${{APPMANAGE_URL}}{path}"));
            return own;
        }
        let default = if self.is_placeholder() { "" } else { self.default.as_str() };
        let kind = match self.kind.as_str() {
            "number" => Kind::Number,
            "select" if !self.options.is_empty() => Kind::Choice,
            _ => Kind::Text,
        };
        let number = default.parse::<i64>().ok();
        let kind = if kind == Kind::Number && number.is_none() { Kind::Text } else { kind };
        let mut asked = VariableBlock::of(&self.name, kind, self.label.clone());
        asked.default = match kind {
            Kind::Number => number.map(Value::from),
            Kind::Choice => self
                .options
                .iter()
                .find(|option| option.value == default)
                .or_else(|| self.options.first())
                .map(|option| Value::String(option.value.clone())),
            _ => Some(default).filter(|default| !default.is_empty()).map(Value::from),
        };
        if kind == Kind::Choice {
            asked.options.clone_from(&self.options);
        }
        asked.optional = asked.default.is_none() && !self.is_required;
        asked
    }
}

impl Need {
    fn of(field: &Map<String, Value>) -> Option<Self> {
        let text = |key: &str| field.get(key).and_then(scalar).filter(|text| !text.is_empty());
        let is = |of: &Map<String, Value>, key: &str| of.get(key).and_then(Value::as_bool).unwrap_or(false);
        let child = field.get("child").and_then(Value::as_object);
        let (host, kind_variable) = match child {
            Some(child) => (child.get("envKey").and_then(scalar)?, text("envKey")),
            None => (text("envKey")?, None),
        };
        let mut kinds: Vec<String> =
            options(field.get("values")).into_iter().map(|option| option.value).collect();
        if child.is_none() {
            // Such a field says which app in `key`, and has nothing to choose.
            kinds = text("key").into_iter().collect();
        } else if let Some(preferred) = text("default").filter(|preferred| kinds.contains(preferred)) {
            kinds.retain(|kind| *kind != preferred);
            kinds.insert(0, preferred);
        }
        let label = label(field, &host);
        let is_required = is(field, "required");
        is_name(&host).then_some(Self { host, kind_variable, kinds, label, is_required })
    }
}

/// The host ports of a compose file, with the container's port of each.
#[derive(Debug, Default)]
pub(super) struct Ports {
    /// Those that a variable names; the container's is 0 where it is not plain.
    pub(super) by_variable: BTreeMap<String, u16>,
    /// Those that are numbers.
    plain: Vec<(u16, u16)>,
}

impl Ports {
    pub(super) fn of(compose: &Map<String, Value>) -> Self {
        let mut found = Self::default();
        let services = compose.get("services").and_then(Value::as_object).into_iter().flatten();
        for entry in services.filter_map(|(_, service)| service.get("ports")?.as_array()).flatten() {
            let (published, target) = match entry {
                Value::String(text) => {
                    let mut parts = pieces(text);
                    let target = parts.pop().unwrap_or_default();
                    (parts.pop().unwrap_or_default().to_owned(), target.to_owned())
                }
                entry => {
                    let part = |key: &str| entry.get(key).and_then(scalar).unwrap_or_default();
                    (part("published"), part("target"))
                }
            };
            let target = target.split('/').next().and_then(|port| port.parse().ok()).unwrap_or_default();
            if let (Ok(published), 1..) = (published.parse(), target) {
                found.plain.push((published, target));
            }
            for name in names_in(&Value::String(published)) {
                found.by_variable.entry(name).or_insert(target);
            }
        }
        found
    }
}

/// A port's text at its colons, but for those inside `${…}`.
fn pieces(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ':' && depth == 0
    })
    .collect()
}

/// The variables that a compose file names, in whatever form.
pub(super) fn names_in(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) => interpolation::names(text).into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(names_in).collect(),
        Value::Object(map) => map.values().flat_map(names_in).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => BTreeSet::new(),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let is_path = ["_FILE", "_PATH", "_DIR", "_URL"].iter().any(|ending| name.ends_with(ending));
    !is_path
        && (["PASSWORD", "PASSWD", "SECRET", "TOKEN", "SALT"].iter().any(|word| name.contains(word))
            || ["_PASS", "_PWD", "_KEY"].iter().any(|ending| name.ends_with(ending)))
}

/// `http://localhost:8090` for an app whose port the catalog wishes to be 8090.
fn is_own_address(url: &str, port: &str) -> bool {
    let address = url.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    let parts = address.and_then(|address| address.split_once(':'));
    parts.is_some_and(|(host, given)| matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0") && given == port)
}

/// The form does not mark it: the first secret that is called an administrator's password, else any, else the only one that
/// is a token, with the first name that sounds like its user's.
fn login(fields: &[Field], used: &BTreeSet<String>, has_env_file: bool) -> Option<LoginBlock> {
    const INNER: [&str; 5] = ["_DB_", "SMTP", "MAIL", "PROXY", "REPLICATION"];
    const USERS: [&str; 7] =
        ["ADMIN_USER", "USERNAME", "USER_NAME", "ROOT_USER", "_USER", "ADMIN_NAME", "ADMIN_EMAIL"];
    let is_login = |field: &&Field| {
        field.name.starts_with("PANEL_DB_ROOT_") || !INNER.iter().any(|part| field.name.contains(part))
    };
    let is_user = |field: &&Field| {
        let is_called_so = || {
            ["user", "username", "account"].iter().any(|word| field.label.en.to_lowercase().ends_with(word))
        };
        field.kind == "text" && (USERS.iter().any(|ending| field.name.ends_with(ending)) || is_called_so())
    };
    let has = |field: &Field, words: &[&str]| {
        let name = field.name.to_ascii_uppercase();
        words.iter().any(|word| name.contains(word))
    };
    let secrets: Vec<&Field> = fields.iter().filter(is_login).filter(|field| field.is_secret()).collect();
    let passwords = || secrets.iter().filter(|field| has(field, &["PASS", "PWD"]));
    let password = passwords().find(|field| has(field, &["ADMIN"])).or_else(|| passwords().next());
    let token = || secrets.first().filter(|field| secrets.len() == 1 && has(field, &["TOKEN"]));
    let password = password.or_else(token)?;
    let user = fields.iter().filter(is_login).find(is_user);
    let mut login = match has_env_file || used.contains(&password.name) {
        true => LoginBlock { password_variable: Some(password.name.clone()), ..LoginBlock::default() },
        // The form only shows what the app has built in.
        false => LoginBlock { password: Some(password.shown()?), ..LoginBlock::default() },
    };
    let is_of_root = password.name.contains("_ROOT_") && !password.name.contains("REDIS");
    match user {
        Some(user) if used.contains(&user.name) => login.user_variable = Some(user.name.clone()),
        Some(user) => login.user_name.clone_from(&user.default),
        None if is_of_root => "root".clone_into(&mut login.user_name),
        None => {}
    }
    Some(login)
}

pub(super) fn secret(name: &str, label: TextBlock) -> VariableBlock {
    VariableBlock::of(name, Kind::Secret, label)
}

fn label(field: &Map<String, Value>, name: &str) -> TextBlock {
    let text = |key: &str| field.get(key).and_then(scalar);
    let labels = field.get("label");
    let plain = labels.and_then(scalar);
    let zh = localised(labels, "zh").or_else(|| text("labelZh")).or_else(|| plain.clone());
    both(zh, localised(labels, "en").or_else(|| text("labelEn")).or(plain), name)
}

fn options(values: Option<&Value>) -> Vec<OptionBlock> {
    let mut options: Vec<OptionBlock> = Vec::new();
    for entry in values.and_then(Value::as_array).into_iter().flatten() {
        let Some(value) = entry.get("value").or(Some(entry)).and_then(scalar) else { continue };
        if options.iter().any(|known| known.value == value) {
            continue;
        }
        let text = entry.get("label").and_then(scalar).filter(|label| !label.is_empty() && *label != value);
        let label = text.map(|text| TextBlock { zh: text.clone(), en: text });
        options.push(OptionBlock { value, label });
    }
    options
}
