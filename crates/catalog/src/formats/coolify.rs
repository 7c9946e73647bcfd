//! Coolify's service templates: `templates/compose/<app>.yaml`, compose files with a header of comments, magic variables
//! and volumes that hold the text of a file; or the table of them, where only that is there.
//!
//! Coolify puts a proxy before every app. Here the port behind the first address is published, and further ones beside it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::block::{Block, Kind, LoginBlock, PortBlock, TextBlock, VariableBlock};
use crate::formats::addresses::{self, Address, HOST};
use crate::formats::coolify_file::{self, File};
use crate::formats::coolify_magic::{self, Magic, Reached};
use crate::formats::interpolation::{Otherwise, Part, is_name, names, parse};
use crate::formats::loose::{self, both};
use crate::formats::offered::text_variable;
use crate::formats::{Draft, Tree, Untranslatable, Web, WebPort, coolify_contents, document, logins};

type Object = Map<String, Value>;

/// Where the pictures are that headers name.
const PICTURES: [&str; 2] = ["public/", ""];
/// What Coolify's proxy takes where nobody tells a port.
const USUAL_PORT: u16 = 80;
/// Beginnings that need no explanation in a name that people read.
const SMALL_WORDS: [&str; 6] = ["with", "without", "and", "for", "of", "by"];

/// A line of an environment that says: this service is to have an address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Declared {
    service: String,
    reached: Reached,
    path: String,
}

/// The apps of the catalog.
pub(super) fn apps(tree: &Tree) -> Vec<String> {
    coolify_file::names(tree)
}

/// Whether this is such a catalog.
pub(super) fn detect(tree: &Tree) -> bool {
    coolify_file::is_there(tree)
}

/// Reads one app.
///
/// # Errors
///
/// Why it is no package.
pub(super) fn read(tree: &Tree, app: &str) -> Result<Vec<Draft>, Untranslatable> {
    let file = coolify_file::read(tree, app)?;
    if file.is_ignored {
        return Err(Untranslatable::Hidden("its catalog marks it as one to be left out".to_owned()));
    }
    let mut compose = document::read_mapping("its compose file", &file.compose)?;
    for part in compose.values_mut() {
        loose::each_text(part, &mut |text| *text = with_defaults(text));
    }
    let mut remarks = Vec::new();
    let files = coolify_contents::take(&mut compose, &mut remarks);
    let one_shot = take_unwatched(&mut compose);
    let mut declared = take_addresses(&mut compose);
    let magic = magic_names(&compose, &files);
    add_used_ports(&mut declared, &magic);
    let web = web(&compose, &declared, file.port);
    let addresses = publish_others(&mut compose, &declared, web.as_ref(), &mut remarks);
    let hosts = magic.iter().filter_map(|name| match coolify_magic::read(name)? {
        Magic::HostName(reached) => Some((name.clone(), addresses.of(&reached))),
        _ => None,
    });
    let hosts: BTreeMap<String, Address> = hosts.collect();
    for part in compose.values_mut() {
        loose::each_text(part, &mut |text| *text = addresses::settle(text, &hosts));
    }
    let mut variables: Vec<VariableBlock> =
        magic.iter().filter_map(|name| variable(name, &addresses)).collect();
    variables.extend(addresses.variables());
    let login = login(&compose, web.as_ref(), &magic);
    let pictures = file.logo.iter().flat_map(|logo| PICTURES.map(|folder| format!("{folder}{logo}")));
    let pictures: Vec<String> = pictures.collect();
    Ok(vec![Draft {
        name: app.to_owned(),
        block: block(app, &file, variables, login, one_shot),
        compose,
        files,
        icon: loose::icon(tree, pictures.iter().map(String::as_str)),
        remarks,
        web,
        ..Draft::default()
    }])
}

fn block(
    app: &str,
    file: &File,
    variables: Vec<VariableBlock>,
    login: Option<LoginBlock>,
    one_shot: Vec<String>,
) -> Block {
    Block {
        trademark: title(app),
        description: both(file.slogan.clone()),
        categories: file.categories.clone(),
        website: file.documentation.clone(),
        architectures: if file.is_amd64_only { vec!["amd64".to_owned()] } else { Vec::new() },
        variables,
        login,
        one_shot,
        ..Block::default()
    }
}

/// `nextcloud-with-postgres` is "Nextcloud with Postgres".
fn title(app: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if !SMALL_WORDS.contains(&word) => first.to_uppercase().chain(letters).collect(),
            _ => word.to_owned(),
        }
    };
    let words: Vec<String> = app.split(['-', '_']).filter(|part| !part.is_empty()).map(word).collect();
    words.join(" ")
}

/// Services whose end is nothing that Coolify would tell of: they may end.
fn take_unwatched(compose: &mut Object) -> Vec<String> {
    let mut unwatched = Vec::new();
    for (name, service) in services_mut(compose) {
        if service.remove("exclude_from_hc") == Some(json!(true)) {
            unwatched.push(name.clone());
        }
    }
    unwatched
}

/// Takes the lines that declare addresses out of the environments.
fn take_addresses(compose: &mut Object) -> Vec<Declared> {
    let mut declared = Vec::new();
    for (service, object) in services_mut(compose) {
        let mut take = |key: &str, value: &str| {
            let (Magic::Url(reached) | Magic::HostName(reached)) = coolify_magic::read(key)? else {
                return None;
            };
            let path = if value.starts_with('/') { value } else { "" };
            declared.push(Declared { service: service.clone(), reached, path: path.to_owned() });
            Some(())
        };
        match object.get_mut("environment") {
            Some(Value::Array(items)) => items.retain(|item| {
                let text = item.as_str().unwrap_or_default();
                let (key, value) = text.split_once('=').unwrap_or((text, ""));
                take(key.trim(), value.trim()).is_none()
            }),
            Some(Value::Object(map)) => {
                map.retain(|key, value| take(key, value.as_str().unwrap_or_default()).is_none());
            }
            _ => {}
        }
    }
    declared
}

/// Ports that are told where an address is used, of services that declare another: `${SERVICE_URL_WEB_3001}`.
fn add_used_ports(declared: &mut Vec<Declared>, magic: &BTreeSet<String>) {
    for name in magic {
        let Some(Magic::Url(reached) | Magic::HostName(reached)) = coolify_magic::read(name) else {
            continue;
        };
        let is_declared = declared.iter().any(|one| one.reached == reached);
        let of_service = declared.iter().find(|one| one.reached.name == reached.name);
        if let Some(service) = of_service.map(|one| one.service.clone())
            && reached.port.is_some()
            && !is_declared
        {
            declared.push(Declared { service, reached, path: String::new() });
        }
    }
}

/// A text where what stands behind `:?` is a default: to compose it is what to say of a variable that is not set, to
/// Coolify the value that it is set to at first. Words between blanks are for people.
fn with_defaults(text: &str) -> String {
    let (mut written, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(":?") {
        let is_use =
            before.rsplit_once("${").is_some_and(|(head, name)| !head.ends_with('$') && is_name(name));
        let default = after.split_once('}').map_or("", |(default, _)| default);
        let has_default = is_use && !default.is_empty() && !default.contains(char::is_whitespace);
        written.push_str(before);
        written.push_str(if has_default { ":-" } else { ":?" });
        rest = after;
    }
    written.push_str(rest);
    written
}

/// The port of the address that the header means, else of the first one: as it is declared, else as the header has it,
/// else as the service tells it.
fn web(compose: &Object, declared: &[Declared], header: Option<u16>) -> Option<Web> {
    let of = |service: Option<String>, port: WebPort, path: &str, is_http: bool| Web {
        service,
        port,
        hint: None,
        path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
        is_http,
        tls: false,
    };
    let of_header = declared.iter().find(|one| one.reached.port.is_some() && one.reached.port == header);
    if let Some(first) = of_header.or(declared.first()) {
        let is_same = |other: &&Declared| {
            (&other.service, &other.reached.name) == (&first.service, &first.reached.name)
        };
        let told = first.reached.port;
        let told = told.or_else(|| declared.iter().filter(is_same).find_map(|other| other.reached.port));
        let service = compose.get("services").and_then(|services| services.get(&first.service)?.as_object());
        let port = told.or(header).or_else(|| service.and_then(told_port)).unwrap_or(USUAL_PORT);
        return Some(of(Some(first.service.clone()), WebPort::Target(port), &first.path, true));
    }
    if let Some(port) = header {
        return Some(of(None, WebPort::Target(port), "", true));
    }
    services(compose)
        .any(|(_, service)| service.contains_key("ports"))
        .then(|| of(None, WebPort::First, "", false))
}

/// The port that a service itself names: one that it exposes, or the one that its health is asked at.
fn told_port(service: &Object) -> Option<u16> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port != 0);
    let exposed = loose::texts(service.get("expose")).iter().find_map(|text| number(text));
    let test = service.get("healthcheck").and_then(|check| check.get("test"));
    let asked = || {
        loose::texts(test).iter().find_map(|text| {
            let after =
                ["localhost:", "127.0.0.1:", "0.0.0.0:"].iter().find_map(|host| text.split_once(host))?.1;
            number(&after[..after.bytes().take_while(u8::is_ascii_digit).count()])
        })
    };
    exposed.or_else(asked)
}

/// How every declared name is reached.
struct Addresses {
    declared: Vec<(Declared, Address)>,
    ports: Vec<VariableBlock>,
}

impl Addresses {
    /// What is declared by that name, best with that port; the app's own address where nothing is.
    fn of(&self, reached: &Reached) -> Address {
        let named = || self.declared.iter().filter(|(declared, _)| declared.reached.name == reached.name);
        let exactly =
            named().find(|(declared, _)| reached.port.is_some() && declared.reached.port == reached.port);
        exactly.or_else(|| named().next()).map_or_else(Address::main, |(_, address)| address.clone())
    }

    fn variables(&self) -> Vec<VariableBlock> {
        self.ports.clone()
    }
}

/// Publishes what is declared beside the app's own port.
fn publish_others(
    compose: &mut Object,
    declared: &[Declared],
    web: Option<&Web>,
    remarks: &mut Vec<String>,
) -> Addresses {
    let mut addresses = Addresses { declared: Vec::new(), ports: Vec::new() };
    let main = web.and_then(|web| match (&web.service, &web.port) {
        (Some(service), WebPort::Target(port)) => Some((service.clone(), *port)),
        _ => None,
    });
    for one in declared {
        let service = compose.get_mut("services").and_then(|all| all.get_mut(&one.service)?.as_object_mut());
        let is_main_service = main.as_ref().is_some_and(|(service, _)| *service == one.service);
        let told = one.reached.port.or_else(|| {
            if is_main_service {
                main.as_ref().map(|(_, port)| *port)
            } else {
                told_port(service.as_deref()?)
            }
        });
        let port = told.unwrap_or(USUAL_PORT);
        if main.as_ref() == Some(&(one.service.clone(), port)) {
            addresses.declared.push((one.clone(), Address::main()));
            continue;
        }
        let name = format!("{}_{port}_PORT", one.reached.name);
        if let Some(service) = service
            && !addresses.ports.iter().any(|variable| variable.name == name)
        {
            publish(service, port);
            let of = Some(PortBlock { service: one.service.clone(), port, udp: false });
            addresses.ports.push(VariableBlock { kind: Kind::Port, of, ..text_variable(&name) });
            if one.path.len() > 1 {
                let (service, path) = (&one.service, &one.path);
                remarks.push(format!(
                    "{service} is reached at port {port} of its own, where its catalog has it below {path}"
                ));
            }
        }
        addresses.declared.push((one.clone(), Address::of_port(&name)));
    }
    addresses
}

fn publish(service: &mut Object, port: u16) {
    let target = port.to_string();
    if let Value::Array(ports) = service.entry("ports").or_insert_with(|| json!([])) {
        let is_there =
            |port: &Value| port.as_str().is_some_and(|text| text.rsplit(':').next() == Some(&target));
        if !ports.iter().any(is_there) {
            ports.push(json!(format!("{target}:{target}")));
        }
    }
}

/// The magic variables that are used, and what they need.
fn magic_names(compose: &Object, files: &BTreeMap<String, crate::formats::PackagedFile>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut copy = compose.clone();
    for part in copy.values_mut() {
        loose::each_text(part, &mut |text| found.extend(names(text)));
    }
    for (_, service) in services(compose) {
        match service.get("environment") {
            Some(Value::Array(items)) => {
                found.extend(items.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            Some(Value::Object(map)) => found.extend(map.keys().cloned()),
            _ => {}
        }
    }
    for file in files.values() {
        let text = String::from_utf8_lossy(&file.bytes);
        found.extend(coolify_magic::names_in(&text).map(str::to_owned));
    }
    found.retain(|name| coolify_magic::read(name).is_some());
    if found.iter().any(|name| matches!(coolify_magic::read(name), Some(Magic::Token(_)))) {
        found.insert(coolify_magic::TOKEN_KEY.to_owned());
    }
    found
}

fn variable(name: &str, addresses: &Addresses) -> Option<VariableBlock> {
    let of = |kind: Kind| VariableBlock { kind, ..text_variable(name) };
    let secret = |shape| VariableBlock { shape: Some(shape), ..of(Kind::Secret) };
    let derived = |value: &str| VariableBlock { value: Some(value.to_owned()), ..of(Kind::Derived) };
    let (mut variable, zh, en) = match coolify_magic::read(name)? {
        Magic::Secret(shape) => (secret(shape), "密码", "Password"),
        Magic::Token(shape) => (secret(shape), "令牌", "Token"),
        Magic::User(user) => {
            (VariableBlock { default: Some(json!(user)), ..of(Kind::Text) }, "用户名", "User name")
        }
        Magic::Url(reached) => (derived(addresses.of(&reached).url()), "网址", "Address"),
        Magic::HostName(_) => (derived(HOST), "主机名", "Host name"),
    };
    let what = name.rsplit('_').next().unwrap_or(name).to_lowercase();
    variable.label = TextBlock { zh: format!("{zh} ({what})"), en: format!("{en} ({what})") };
    Some(variable)
}

/// The administrator's variables; else those that the main service gets under names of a login.
fn login(compose: &Object, web: Option<&Web>, magic: &BTreeSet<String>) -> Option<LoginBlock> {
    let known = |name: &str| Some(name.to_owned()).filter(|name| magic.contains(name));
    if let Some(password) = known("SERVICE_PASSWORD_ADMIN") {
        let user_variable = known("SERVICE_USER_ADMIN");
        return Some(LoginBlock {
            user_variable,
            password_variable: Some(password),
            ..LoginBlock::default()
        });
    }
    let main = web.and_then(|web| web.service.as_deref())?;
    let service = compose.get("services")?.get(main)?.as_object()?;
    let pairs: Vec<(String, String)> = match service.get("environment")? {
        Value::Object(map) => {
            map.iter().filter_map(|(key, value)| Some((key.clone(), loose::text(value)?))).collect()
        }
        items => loose::texts(Some(items))
            .iter()
            .filter_map(|item| item.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
    };
    let found = logins::find(pairs.iter().map(|(key, _)| key.as_str()))?;
    let value = |key: Option<String>| {
        pairs.iter().find(|(known, _)| Some(known) == key.as_ref()).map(|(_, v)| v.clone())
    };
    let password_variable = value(found.password_variable).as_deref().and_then(only_variable);
    password_variable.as_ref().filter(|name| magic.contains(*name))?;
    let user = value(found.user_variable).unwrap_or_default();
    let user_variable = only_variable(&user);
    let user_name = if user.contains('$') { String::new() } else { user };
    Some(LoginBlock { user_name, user_variable, password_variable, ..LoginBlock::default() })
}

/// The variable that is the whole of a text.
fn only_variable(text: &str) -> Option<String> {
    match parse(text).as_slice() {
        [Part::Use(used)] if !matches!(used.otherwise, Otherwise::Instead { .. }) => Some(used.name.clone()),
        _ => None,
    }
}

fn services(compose: &Object) -> impl Iterator<Item = (&String, &Object)> {
    let services = compose.get("services").and_then(Value::as_object);
    services.into_iter().flatten().filter_map(|(name, service)| Some((name, service.as_object()?)))
}

fn services_mut(compose: &mut Object) -> impl Iterator<Item = (&String, &mut Object)> {
    let services = compose.get_mut("services").and_then(Value::as_object_mut);
    services.into_iter().flatten().filter_map(|(name, service)| Some((name, service.as_object_mut()?)))
}

#[cfg(test)]
#[path = "coolify_tests.rs"]
mod tests;
