//! Addresses in the environment of an app in `CasaOS`' format: where its file asks its reader for the server's, says
//! `localhost` to people, or reaches another service by way of the host.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::{Map, Value};

use crate::block::{Kind, PortBlock, TextBlock, VariableBlock};
use crate::formats::addresses::{self, Address};
use crate::formats::environments::each_entry;
use crate::formats::loose::{self, text, text_at};
use crate::formats::{Web, WebPort};

/// What a server with `CasaOS` is called in its own network, and what authors write for it.
const OWN_NAMES: [&str; 3] = ["casaos.local", "zimaos.local", "local.host"];
/// What stands for it until it is settled.
const SERVER: &str = "[SERVER-IP]";
/// The name of the machine itself.
const LOCAL: &str = "localhost";
/// What stores that count on a proxy call the name that it answers to: there an app is reached by `<app>-$domain`.
pub(super) const DOMAINS: [&str; 3] = ["domain", "APP_DOMAIN", "PCS_DOMAIN"];
/// How containers reach ports of the host.
const BY_HOST: [&str; 2] = ["172.17.0.1:", "host.docker.internal:"];
/// Words in names of variables that tell people's addresses, and in those that do not.
const PUBLIC_WORDS: [&str; 6] = ["URL", "URI", "ORIGIN", "DOMAIN", "SITE", "ADDRESS"];
const INNER_WORDS: [&str; 5] = ["INTERNAL", "HEALTH", "BACKEND", "LISTEN", "BIND"];

/// A port that the file publishes.
struct Published {
    service: String,
    host: u16,
    target: u16,
}

/// Puts the addresses in that the file leaves open. Returns the variables for the host's ports that they name.
pub(super) fn fill_in(
    compose: &mut Map<String, Value>,
    main_service: Option<&str>,
    web: Option<&Web>,
) -> Vec<VariableBlock> {
    if web.is_some() {
        settle_domains(compose, main_service);
    }
    let ports = published(compose);
    let main = match web.map(|web| &web.port) {
        Some(WebPort::Published(port)) => Some(*port),
        Some(WebPort::Target(target)) => {
            ports.iter().find(|port| port.target == *target).map(|port| port.host)
        }
        _ => None,
    };
    let mut variables: Vec<VariableBlock> = Vec::new();
    each_entry(compose, &mut |service, name, value| {
        for own in OWN_NAMES {
            *value = value.replace(own, SERVER);
        }
        if let Some(main) = main.filter(|_| is_public(name)) {
            *value = with_server(value, main);
        }
        for by_host in BY_HOST {
            for port in ports.iter().filter(|port| port.service != service) {
                let inside = format!("{}:{}", port.service, port.target);
                *value = replace_whole(value, &format!("{by_host}{}", port.host), &inside);
            }
        }
        let (mut written, mut rest) = (String::new(), value.as_str());
        while let Some((before, after)) = place(rest) {
            written.push_str(before);
            rest = write_server(&mut written, after, main, &ports, &mut variables);
        }
        *value = written + rest;
    });
    variables
}

/// Writes the server's name or address between two texts. Returns what is left of the second.
fn write_server<'t>(
    written: &mut String,
    after: &'t str,
    main: Option<u16>,
    ports: &[Published],
    variables: &mut Vec<VariableBlock>,
) -> &'t str {
    let (port, rest) = split_port(after).map_or((None, after), |(port, rest)| (Some(port), rest));
    if port.is_some() && port == main {
        let before = ["http://", "https://"].into_iter().find_map(|scheme| written.strip_suffix(scheme));
        match before.map(str::len) {
            Some(length) => {
                written.truncate(length);
                written.push_str("${APPMANAGE_URL}");
            }
            None => written.push_str("${APPMANAGE_AUTHORITY}"),
        }
        return rest;
    }
    written.push_str("${APPMANAGE_HOST}");
    let Some(published) = port.and_then(|port| ports.iter().find(|other| other.host == port)) else {
        return after;
    };
    let name = format!("PORT_{}", published.host);
    written.push_str(&format!(":${{{name}}}"));
    if variables.iter().all(|variable| variable.name != name) {
        let of = PortBlock { service: published.service.clone(), port: published.target, udp: false };
        let variable = VariableBlock::of(&name, Kind::Port, TextBlock::default());
        variables.push(VariableBlock { of: Some(of), ..variable });
    }
    rest
}

/// Replaces the names of the app itself at the store's proxy by its own address.
fn settle_domains(compose: &mut Map<String, Value>, main_service: Option<&str>) {
    let project = text_at(compose, "name");
    let own: Vec<&str> = project.as_deref().into_iter().chain(main_service).collect();
    let hosts = BTreeMap::from(DOMAINS.map(|domain| (domain.to_owned(), Address::main())));
    let settle = |text: &mut String| {
        for (own, domain) in own.iter().flat_map(|own| DOMAINS.map(|domain| (own, domain))) {
            for used in [format!("${domain}"), format!("${{{domain}}}")] {
                *text = text.replace(&format!("://{own}-{used}"), &format!("://{used}"));
            }
        }
        *text = addresses::settle(text, &hosts);
    };
    for (_, service) in loose::services_mut(compose) {
        for key in ["environment", "healthcheck"] {
            service
                .get_mut(key)
                .into_iter()
                .for_each(|value| loose::each_text(value, &mut |text| settle(text)));
        }
    }
}

/// A public address whose host is the machine itself, or the author's own server, with that port: with the server.
fn with_server(value: &str, port: u16) -> String {
    let (mut written, mut rest) = (String::with_capacity(value.len()), value);
    while let Some((before, after)) = rest.split_once("://") {
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(after.len());
        let (host, behind) = after.split_at(end);
        let is_home = |address: Ipv4Addr| address.is_private() || address.is_loopback();
        let is_server = host == LOCAL || host.parse().is_ok_and(is_home);
        let told = split_port(behind);
        let is_port = match told {
            Some((told, _)) => told == port,
            None => port == if before.ends_with("https") { 443 } else { 80 },
        };
        written.push_str(before);
        written.push_str("://");
        rest = match is_server && is_port {
            true => {
                written.push_str(&format!("{SERVER}:{port}"));
                told.map_or(behind, |(_, behind)| behind)
            }
            false => after,
        };
    }
    written + rest
}

fn is_public(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    has(&PUBLIC_WORDS) && !has(&INNER_WORDS)
}

/// `:8080` at the beginning of a text, and what is behind it.
fn split_port(text: &str) -> Option<(u16, &str)> {
    let text = text.strip_prefix(':')?;
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// Replaces a text that ends with a number where the number ends there.
fn replace_whole(text: &str, from: &str, to: &str) -> String {
    let (mut replaced, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(from) {
        replaced.push_str(before);
        replaced.push_str(if after.starts_with(|next: char| next.is_ascii_digit()) { from } else { to });
        rest = after;
    }
    replaced + rest
}

/// The first `[YOUR_…_IP]` or `<your-ip>` of a text: what is before and after it.
fn place(value: &str) -> Option<(&str, &str)> {
    value.match_indices(['[', '<']).find_map(|(at, open)| {
        let close = if open == "[" { ']' } else { '>' };
        let rest = &value[at + 1..];
        let end = rest.find(|c: char| !(c.is_ascii_alphabetic() || "_- ".contains(c)))?;
        let after = rest[end..].strip_prefix(close)?;
        let mut words = rest[..end].split(['_', '-', ' ']);
        words.any(|word| word.eq_ignore_ascii_case("ip")).then_some((&value[..at], after))
    })
}

/// The ports of every service that are plain numbers of TCP.
fn published(compose: &Map<String, Value>) -> Vec<Published> {
    let services = compose.get("services").and_then(Value::as_object).into_iter().flatten();
    let entries = services.flat_map(|(service, body)| {
        let ports = body.get("ports").and_then(Value::as_array).into_iter().flatten();
        ports.filter_map(|entry| Some((service.clone(), pair(entry)?)))
    });
    entries.map(|(service, (host, target))| Published { service, host, target }).collect()
}

fn pair(entry: &Value) -> Option<(u16, u16)> {
    if let Value::Object(long) = entry {
        let is_udp = text_at(long, "protocol").is_some_and(|protocol| protocol == "udp");
        let number = |key: &str| text_at(long, key)?.parse().ok();
        return Some((number("published")?, number("target")?)).filter(|_| !is_udp);
    }
    let short = text(entry)?;
    let short = short.strip_suffix("/tcp").unwrap_or(&short);
    let parts = loose::split(short);
    let host = parts.len().checked_sub(2)?;
    Some((parts[host].parse().ok()?, parts[host + 1].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(name: &str, value: &str) -> (String, usize) {
        let Value::Object(mut compose) = json!({ "services": {
            "web": { "ports": ["8085:80"], "environment": { name: value } },
            "api": { "ports": [{ "target": 9000, "published": "9001" }, "53:53/udp"] },
        } }) else {
            panic!("an object")
        };
        let web = Web {
            service: None,
            port: WebPort::Published(8085),
            hint: None,
            path: "/".to_owned(),
            is_http: true,
            tls: false,
        };
        let variables = fill_in(&mut compose, Some("web"), Some(&web)).len();
        (compose["services"]["web"]["environment"][name].as_str().unwrap_or_default().to_owned(), variables)
    }

    #[test]
    fn addresses_that_people_use_are_the_servers_and_those_between_services_stay_inside() {
        for (name, value, expected, variables) in [
            ("X", "https://[YOUR_CASAOS_IP]:8085/a", "${APPMANAGE_URL}/a", 0),
            ("X", "http://local.host:9001", "http://${APPMANAGE_HOST}:${PORT_9001}", 1),
            ("X", "ws://<your-ip>:8085", "ws://${APPMANAGE_AUTHORITY}", 0),
            ("X", "http://[change to your IP]:9001/", "http://${APPMANAGE_HOST}:${PORT_9001}/", 1),
            ("X", "http://[YOUR_IP]:7000,casaos.local", "http://${APPMANAGE_HOST}:7000,${APPMANAGE_HOST}", 0),
            ("APP_URL", "http://localhost:8085", "${APPMANAGE_URL}", 0),
            ("APP_URL", "http://localhost:80850", "http://localhost:80850", 0),
            (
                "APP_URL",
                "http://192.168.1.20:8085/a,ws://10.0.0.2:8085",
                "${APPMANAGE_URL}/a,ws://${APPMANAGE_AUTHORITY}",
                0,
            ),
            (
                "APP_URL",
                "http://192.168.1.20 http://8.8.8.8:8085",
                "http://192.168.1.20 http://8.8.8.8:8085",
                0,
            ),
            ("X", "https://web-${APP_DOMAIN}/a https://x-$domain", "${APPMANAGE_URL}/a https://x-$domain", 0),
            ("X", "me@$domain $domain", "me@$domain $domain", 0),
            ("INTERNAL_URL", "http://localhost:8085", "http://localhost:8085", 0),
            ("PORT", "http://localhost:8085", "http://localhost:8085", 0),
            ("API", "http://172.17.0.1:9001/v1", "http://api:9000/v1", 0),
            ("API", "http://172.17.0.1:53", "http://172.17.0.1:53", 0),
        ] {
            assert_eq!(filled(name, value), (expected.to_owned(), variables), "{value}");
        }
    }
}
