//! The published ports of a compose service, short syntax and long. Which host port is given in the end
//! is not decided here: the one written is a hint.

use std::net::IpAddr;

use domain::network::Protocol;
use domain::package::PublishedPort;
use serde_json::{Map, Value};

use crate::error::PackageError;

const ADVICE: &str =
    "write \"8080:80\", \"127.0.0.1:5432:5432\" or the long form, one port each, plain numbers (a hint)";

/// Reads one entry of a service's `ports`.
///
/// # Errors
///
/// A rule, where it is no single port that can be published.
pub(crate) fn parse_port(place: &str, entry: &Value) -> Result<PublishedPort, PackageError> {
    let port = match entry {
        Value::Number(number) => parse_short(&number.to_string()),
        Value::String(text) => parse_short(text),
        Value::Object(map) => parse_long(map),
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    };
    port.ok_or_else(|| PackageError::rule(place, "is not a port that can be published", ADVICE))
}

/// `[[address:]hint:]target[/protocol]`
fn parse_short(text: &str) -> Option<PublishedPort> {
    let (ports, protocol) = match text.rsplit_once('/') {
        Some((ports, protocol)) => (ports, parse_protocol(protocol)?),
        None => (text, Protocol::Tcp),
    };
    let (host, target) = match ports.rsplit_once(':') {
        Some((host, target)) => (Some(host), target),
        None => (None, ports),
    };
    let (address, hint) = match host.map(|host| host.rsplit_once(':').ok_or(host)) {
        None => (PublishedPort::EVERYWHERE, None),
        Some(Err(hint)) => (PublishedPort::EVERYWHERE, Some(parse_number(hint)?)),
        Some(Ok((address, ""))) => (parse_address(address)?, None),
        Some(Ok((address, hint))) => (parse_address(address)?, Some(parse_number(hint)?)),
    };
    Some(PublishedPort { address, hint, target: parse_number(target)?, protocol })
}

fn parse_long(map: &Map<String, Value>) -> Option<PublishedPort> {
    const KNOWN: [&str; 7] = ["target", "published", "host_ip", "protocol", "mode", "name", "app_protocol"];
    if map.keys().any(|key| !KNOWN.contains(&key.as_str())) {
        return None;
    }
    let text_of = |key: &str| match map.get(key) {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(text.clone())),
        Some(Value::Number(number)) => Some(Some(number.to_string())),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    Some(PublishedPort {
        address: match text_of("host_ip")? {
            Some(address) => address.parse().ok()?,
            None => PublishedPort::EVERYWHERE,
        },
        hint: match text_of("published")? {
            Some(hint) => Some(parse_number(&hint)?),
            None => None,
        },
        target: parse_number(&text_of("target")??)?,
        protocol: match text_of("protocol")? {
            Some(protocol) => parse_protocol(&protocol)?,
            None => Protocol::Tcp,
        },
    })
}

fn parse_number(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number != 0)
}

fn parse_address(text: &str) -> Option<IpAddr> {
    text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text).parse().ok()
}

fn parse_protocol(text: &str) -> Option<Protocol> {
    match text {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(entry: &Value) -> Option<(String, Option<u16>, u16, Protocol)> {
        let port = parse_port("ports[0]", entry).ok()?;
        Some((port.address.to_string(), port.hint, port.target, port.protocol))
    }

    #[test]
    fn both_syntaxes_are_read() {
        let any = || "0.0.0.0".to_owned();
        for (entry, expected) in [
            (json!(80), (any(), None, 80, Protocol::Tcp)),
            (json!("80"), (any(), None, 80, Protocol::Tcp)),
            (json!("8080:80"), (any(), Some(8080), 80, Protocol::Tcp)),
            (json!("53:53/udp"), (any(), Some(53), 53, Protocol::Udp)),
            (json!("127.0.0.1:5432:5432"), ("127.0.0.1".into(), Some(5432), 5432, Protocol::Tcp)),
            (json!("127.0.0.1::5432"), ("127.0.0.1".into(), None, 5432, Protocol::Tcp)),
            (json!("[::1]:8080:80"), ("::1".into(), Some(8080), 80, Protocol::Tcp)),
            (json!({ "target": 80 }), (any(), None, 80, Protocol::Tcp)),
            (
                json!({ "target": 80, "published": "8080", "host_ip": "127.0.0.1", "protocol": "udp" }),
                ("127.0.0.1".into(), Some(8080), 80, Protocol::Udp),
            ),
        ] {
            assert_eq!(read(&entry), Some(expected), "{entry}");
        }
    }

    #[test]
    fn what_cannot_be_one_published_port_is_refused() {
        for entry in [
            json!("8000-8010:80"),
            json!("80-90"),
            json!("${PORT}:80"),
            json!("0:80"),
            json!("70000:80"),
            json!("host:80:80"),
            json!("80/sctp"),
            json!("+80"),
            json!(""),
            json!(80.5),
            json!(-1),
            json!(null),
            json!(["80"]),
            json!({ "published": 80 }),
            json!({ "target": "80-81" }),
            json!({ "target": 80, "published": "8000-8010" }),
            json!({ "target": 80, "publish": 8080 }),
        ] {
            assert_eq!(read(&entry), None, "{entry}");
        }
    }
}
