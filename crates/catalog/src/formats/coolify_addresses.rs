//! The addresses that a Coolify template declares or uses: which service and port each means, which of them is the app's
//! own, and which ports are published beside it. Magic variables themselves are read in [`crate::formats::coolify_magic`].

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::block::{Kind, PortBlock, VariableBlock};
use crate::formats::addresses::Address;
use crate::formats::coolify_magic::{self, Magic, Reached};
use crate::formats::loose;
use crate::formats::offered::text_variable;
use crate::formats::{Web, WebPort};

type Object = Map<String, Value>;

/// What Coolify's proxy takes where nobody tells a port.
const USUAL_PORT: u16 = 80;

/// Whether apps of the web listen at such a port: what is at another one that the file publishes may speak anything, as
/// MQTT does at 1883.
const fn is_usual(port: u16) -> bool {
    matches!(port, 80..=81 | 443 | 3000..=3010 | 4000 | 5000 | 8000..=8099 | 8443 | 8888 | 9000 | 9090)
}

/// A line of an environment that says: this service is to have an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    service: String,
    reached: Reached,
    path: String,
}

/// Takes the lines that declare addresses out of the environments.
pub(super) fn take(compose: &mut Object) -> Vec<Declared> {
    let mut declared = Vec::new();
    for (service, object) in loose::services_mut(compose) {
        let mut take = |key: &str, value: &str| {
            let (Magic::Url(reached) | Magic::HostName(reached)) = coolify_magic::declared(key)? else {
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

/// Addresses that are used and declared nowhere: another port of a service that declares one; else of the service that is
/// called so; else, where a port is told, of the first that uses it.
pub(super) fn add_used(declared: &mut Vec<Declared>, compose: &Object, magic: &BTreeSet<String>) {
    for name in magic {
        let Some(Magic::Url(reached) | Magic::HostName(reached)) = coolify_magic::read(name) else {
            continue;
        };
        if declared.iter().any(|one| one.reached == reached) {
            continue;
        }
        let of_name = declared.iter().find(|one| one.reached.name == reached.name);
        let of_name = of_name.map(|one| one.service.clone());
        let called_so = || service_called(compose, &reached.name);
        let service = match reached.port {
            Some(_) => of_name.or_else(called_so).or_else(|| service_using(compose, name)),
            None if of_name.is_some() => None,
            // One of several without a port would have to be guessed.
            None => called_so().filter(|service| {
                declared.is_empty()
                    || loose::services(compose).any(|(name, one)| name == service && told_port(one).is_some())
            }),
        };
        if let Some(service) = service {
            declared.push(Declared { service, reached, path: String::new() });
        }
    }
}

fn service_called(compose: &Object, name: &str) -> Option<String> {
    let plain = |name: &str| {
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    };
    loose::services(compose)
        .map(|(service, _)| service)
        .find(|service| plain(service) == plain(name))
        .cloned()
}

fn service_using(compose: &Object, variable: &str) -> Option<String> {
    let uses = |service: &Object| service.values().any(|part| loose::uses(part, variable));
    loose::services(compose).find(|(_, service)| uses(service)).map(|(name, _)| name.clone())
}

/// The port of the address that the header means, else of the first one: as it is declared, else as the header has it,
/// else as the service tells it.
pub(super) fn web(compose: &Object, declared: &[Declared], header: Option<u16>) -> Option<Web> {
    let of_header = declared.iter().find(|one| one.reached.port.is_some() && one.reached.port == header);
    if let Some(first) = of_header.or(declared.first()) {
        let is_same = |other: &&Declared| {
            (&other.service, &other.reached.name) == (&first.service, &first.reached.name)
        };
        let told = first.reached.port;
        let told = told.or_else(|| declared.iter().filter(is_same).find_map(|other| other.reached.port));
        let service = compose.get("services").and_then(|services| services.get(&first.service)?.as_object());
        let port = told.or(header).or_else(|| service.and_then(told_port)).unwrap_or(USUAL_PORT);
        // As below, where only the header tells a port.
        let is_page =
            told.is_some() || header.is_none() || service.is_none_or(|service| may_be_page(service, port));
        return Some(Web::of(Some(first.service.clone()), WebPort::Target(port), &first.path, is_page));
    }
    if let Some(port) = header {
        let is_page = loose::services(compose).all(|(_, service)| may_be_page(service, port));
        return Some(Web::of(None, WebPort::Target(port), "", is_page));
    }
    loose::services(compose)
        .any(|(_, service)| service.contains_key("ports"))
        .then(|| Web::of(None, WebPort::First, "", false))
}

/// Whether the header's port may be a page of that service: what Coolify's proxy is not to lead to is published by the file
/// itself, and need not be one.
fn may_be_page(service: &Object, port: u16) -> bool {
    is_usual(port) || !publishes(service, port) || tells_page(service, port)
}

/// Whether a service exposes that port, as it does to a proxy, or its health is asked there by HTTP.
fn tells_page(service: &Object, port: u16) -> bool {
    let is_exposed = || loose::texts(service.get("expose")).iter().any(|text| text.parse() == Ok(port));
    let asks_http = |text: &String| text.contains("http://") || text.contains("https://");
    let test = service.get("healthcheck").and_then(|check| check.get("test"));
    is_exposed() || (loose::texts(test).iter().any(asks_http) && told_port(service) == Some(port))
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
pub(super) struct Addresses {
    declared: Vec<(Declared, Address)>,
    ports: Vec<VariableBlock>,
}

impl Addresses {
    /// What is declared by that name, best with that port; the app's own address where nothing is.
    pub(super) fn of(&self, reached: &Reached) -> Address {
        let named = || self.declared.iter().filter(|(declared, _)| declared.reached.name == reached.name);
        let exactly =
            named().find(|(declared, _)| reached.port.is_some() && declared.reached.port == reached.port);
        exactly.or_else(|| named().next()).map_or_else(Address::main, |(_, address)| address.clone())
    }

    pub(super) fn variables(&self) -> Vec<VariableBlock> {
        self.ports.clone()
    }
}

/// Publishes what is declared beside the app's own port.
pub(super) fn publish_others(
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
    if publishes(service, port) {
        return;
    }
    if let Value::Array(ports) = service.entry("ports").or_insert_with(|| json!([])) {
        ports.push(json!(format!("{port}:{port}")));
    }
}

/// Whether the file publishes that port of a service by itself.
fn publishes(service: &Object, port: u16) -> bool {
    let is_target = |text: &str| text.parse() == Ok(port);
    let is_it = |entry: &Value| match entry {
        Value::Object(long) => loose::text_at(long, "target").is_some_and(|target| is_target(&target)),
        short => loose::text(short).is_some_and(|text| {
            let parts = loose::split(&text);
            parts.len() > 1 && parts.last().is_some_and(|target| is_target(target.trim_end_matches("/tcp")))
        }),
    };
    service.get("ports").and_then(Value::as_array).is_some_and(|ports| ports.iter().any(is_it))
}
