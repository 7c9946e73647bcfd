//! Published ports of others, in every form, as plain ones; which variables told the host's port; and which port is
//! the app's own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::block::{HttpBlock, MainBlock};
use crate::formats::interpolation::{Part, names, parse};
use crate::formats::known::Known;
use crate::formats::{Web, WebPort, loose};

type Object = Map<String, Value>;

/// Ports of one range. Each takes one of the host's from other apps, and costs a rule of its firewall and a process of
/// the engine's. What transfers files or plays games needs a dozen; what carries calls asks for hundreds and does without
/// where it is told so.
const RANGE_LIMIT: u16 = 32;
/// What the first app is told to listen on whose catalog leaves that to its user; further ones the next numbers. Far from
/// what programs listen on by themselves, and below what systems use for connections of their own.
const OWN_TARGET: u16 = 20_000;

/// A port of a service, published on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) service: String,
    /// The address of the host, where it is one that only the host has.
    pub(crate) address: Option<String>,
    /// The host port that the catalog would like.
    pub(crate) hint: Option<u16>,
    pub(crate) target: u16,
    pub(crate) udp: bool,
    /// The variable that told the host port.
    pub(crate) variable: Option<String>,
    /// It tells the container's port, too.
    pub(crate) is_inside: bool,
}

/// Variables by which a container is told the port that it listens on, since `ports` have them on its side: `${X}:${X}`.
/// Whatever port of the host it gets, these stay: on what the catalog says, else on a number of our own.
pub(crate) fn listened_on(compose: &Object, known: &Known) -> BTreeMap<String, String> {
    let is_told = |name: &str| {
        let mut parts = loose::services(compose).flat_map(|(_, service)| service);
        parts.any(|(key, part)| {
            let is_named = || match part {
                Value::Array(items) => items.iter().any(|item| item == name),
                part => part.get(name).is_some_and(Value::is_null),
            };
            key != "ports" && (loose::uses(part, name) || (key == "environment" && is_named()))
        })
    };
    let (mut found, mut own) = (BTreeMap::new(), OWN_TARGET..=u16::MAX);
    let ports = loose::services(compose).filter_map(|(_, service)| service.get("ports")?.as_array());
    for (_, host, target, _) in ports.flatten().map(parts) {
        let parsed = parse(&target);
        let [Part::Use(used)] = parsed.as_slice() else { continue };
        let (name, settled) = (&used.name, known.settle(&target).text);
        let number = match range(&settled) {
            Some((first, last)) if first == last && names(&host).contains(name) => Some(first),
            None if settled.is_empty() && is_told(name) && !found.contains_key(name) => own.next(),
            _ => None,
        };
        found.extend(number.map(|number| (name.clone(), number.to_string())));
    }
    found
}

/// Makes the ports of every service plain ones, with that of `web` among them.
pub(crate) fn clean(
    compose: &mut Object,
    web: Option<&Web>,
    known: &Known,
    remarks: &mut Vec<String>,
) -> (Vec<Published>, Option<MainBlock>) {
    let Some(Value::Object(services)) = compose.get_mut("services") else { return (Vec::new(), None) };
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for (name, service) in services.iter_mut() {
        let Value::Object(service) = service else { continue };
        let entries = match service.remove("ports") {
            Some(Value::Array(entries)) => entries,
            _ => Vec::new(),
        };
        if service.contains_key("network_mode") {
            continue;
        }
        let mut ports: Vec<Published> = Vec::new();
        for entry in &entries {
            match read(name, entry, known) {
                Ok(found) => ports.extend(found),
                Err(why) => remarks.push(format!("a port of {name} is not published: {why}")),
            }
        }
        for port in ports {
            if seen.insert((port.service.clone(), port.address.clone(), port.target, port.udp)) {
                all.push(port);
            }
        }
    }
    let main = web.and_then(|web| main(services, &mut all, web));
    for (name, service) in services.iter_mut() {
        let ports: Vec<Value> =
            all.iter().filter(|port| port.service == *name).map(|port| json!(text(port))).collect();
        if let (Value::Object(service), false) = (service, ports.is_empty()) {
            service.insert("ports".to_owned(), Value::Array(ports));
        }
    }
    (all, main)
}

fn is_web(web: &Web, port: &Published) -> bool {
    let is_service = web.service.as_ref().is_none_or(|service| *service == port.service);
    is_service
        && !port.udp
        && match &web.port {
            WebPort::Target(target) => port.target == *target,
            WebPort::Published(hint) => port.hint == Some(*hint),
            WebPort::Variable(name) => port.variable.as_ref() == Some(name),
            WebPort::First => true,
        }
}

/// The app's own port; published here where the file does not.
fn main(services: &Object, all: &mut Vec<Published>, web: &Web) -> Option<MainBlock> {
    let is_of_service =
        |port: &Published| !port.udp && web.service.as_ref().is_none_or(|service| *service == port.service);
    let found = all.iter().position(|port| is_web(web, port)).or_else(|| match web.port {
        WebPort::Target(_) => None,
        _ => all.iter().position(is_of_service),
    });
    let (service, target) = match (found, &web.port) {
        (Some(index), _) => {
            let port = &mut all[index];
            port.hint = port.hint.or(web.hint);
            (port.service.clone(), port.target)
        }
        // What is spoken to by UDP alone is no page, whatever the catalog has in front of it.
        (None, WebPort::Target(target)) if all.iter().any(|port| port.udp && port.target == *target) => {
            return None;
        }
        (None, WebPort::Target(target)) => {
            let service = web.service.clone().or_else(|| exposing(services, *target))?;
            if services.get(&service)?.get("network_mode").is_some() {
                return None;
            }
            all.push(Published {
                service: service.clone(),
                address: None,
                hint: web.hint.or(Some(*target)),
                target: *target,
                udp: false,
                variable: None,
                is_inside: false,
            });
            (service, *target)
        }
        (None, _) => return None,
    };
    let path = if web.path.starts_with('/') { web.path.clone() } else { format!("/{}", web.path) };
    // What listens on 443 speaks TLS, whatever the catalog says; what listens on 8443 need not.
    let tls = web.tls || target == 443;
    let http = web.is_http.then(|| HttpBlock { ready_path: "/".to_owned(), path, tls });
    Some(MainBlock { service, port: target, http })
}

/// The service that tells others of that port, or the only one.
fn exposing(services: &Object, target: u16) -> Option<String> {
    let exposes = |service: &Value| {
        let ports = service.get("expose").and_then(Value::as_array);
        ports.is_some_and(|ports| {
            ports.iter().any(|port| {
                port.as_u64() == Some(target.into()) || port.as_str() == Some(&target.to_string())
            })
        })
    };
    let found = services.iter().find(|(_, service)| exposes(service)).map(|(name, _)| name.clone());
    found.or_else(|| services.keys().next().cloned())
}

fn text(port: &Published) -> String {
    let host = match (&port.address, port.hint) {
        (None, None) => String::new(),
        (None, Some(hint)) => format!("{hint}:"),
        (Some(address), hint) => {
            format!("{address}:{}:", hint.map(|hint| hint.to_string()).unwrap_or_default())
        }
    };
    format!("{host}{}{}", port.target, if port.udp { "/udp" } else { "" })
}

/// The ports that one entry publishes.
fn read(service: &str, entry: &Value, known: &Known) -> Result<Vec<Published>, String> {
    let (address, host, target, protocol) = parts(entry);
    let settled = |text: &str| known.settle(text).text.trim().to_owned();
    let no_port = || format!("{entry} is no port");
    let untold = || format!("{entry} does not tell which one");
    let udp = match settled(&protocol).to_ascii_lowercase().as_str() {
        "" | "tcp" => false,
        "udp" => true,
        other => return Err(format!("{other} is not published here")),
    };
    let targets = match settled(&target) {
        text if text.is_empty() => return Err(untold()),
        text => range(&text).ok_or_else(no_port)?,
    };
    let hosts = match settled(&host) {
        text if text.is_empty() => None,
        text => Some(range(&text).ok_or_else(no_port)?),
    };
    if targets.1 - targets.0 >= RANGE_LIMIT {
        let (first, last) = targets;
        return Err(format!("{first}-{last} are more than the {RANGE_LIMIT} that one range may have"));
    }
    let address = settled(&address).trim_matches(['[', ']']).parse().ok();
    let address = address.filter(std::net::IpAddr::is_loopback).map(|address| address.to_string());
    let fits = hosts.is_some_and(|hosts| hosts.1 - hosts.0 == targets.1 - targets.0);
    let port = |number: u16| Published {
        service: service.to_owned(),
        address: address.clone(),
        // Of several host ports for one of the container, compose takes any that is free: the first is as good.
        hint: hosts.map(|hosts| if fits { hosts.0 + (number - targets.0) } else { hosts.0 }),
        target: number,
        udp,
        is_inside: names(&host).first().is_some_and(|name| names(&target).contains(name)),
        variable: names(&host).into_iter().next(),
    };
    Ok((targets.0..=targets.1).map(port).collect())
}

/// Address, host port, container's port and protocol of an entry, as they are written.
fn parts(entry: &Value) -> (String, String, String, String) {
    let plain = |value: Option<&Value>| value.and_then(loose::text).unwrap_or_default();
    match entry {
        Value::Object(long) => {
            let part = |key: &str| plain(long.get(key));
            (part("host_ip"), part("published"), part("target"), part("protocol"))
        }
        short => split(&plain(Some(short))),
    }
}

/// `[[address:]host:]target[/protocol]`, where each may be a variable with colons of its own.
fn split(text: &str) -> (String, String, String, String) {
    let mut parts = vec![String::new()];
    let (mut open, mut protocol) = (0_usize, String::new());
    let mut rest = text;
    if let Some((ports, after)) = text.rsplit_once('/')
        && after.bytes().all(|byte| byte.is_ascii_alphabetic())
    {
        (rest, protocol) = (ports, after.to_owned());
    }
    for character in rest.chars() {
        match character {
            '{' | '[' => open += 1,
            '}' | ']' => open = open.saturating_sub(1),
            _ => {}
        }
        if character == ':' && open == 0 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    let target = parts.pop().unwrap_or_default();
    let host = parts.pop().unwrap_or_default();
    (parts.join(":"), host, target, protocol)
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse::<u16>().ok().filter(|number| *number != 0);
    let range = (number(first)?, number(last)?);
    (range.0 <= range.1).then_some(range)
}
