//! `docker-compose.json`, Runtipi's own words for what a compose file says: a list of services, of which one is the
//! main one, with keys in `camelCase`.

use serde_json::{Map, Value, json};

use crate::formats::Untranslatable;
use crate::formats::loose::{self, text, text_at, texts};

/// Keys that tell Runtipi something, and are nothing of compose.
const OWN_KEYS: [&str; 8] = [
    "name",
    "isMain",
    "internalPort",
    "addPorts",
    "addToMainNetwork",
    "httpsBackend",
    "extraLabels",
    "$schema",
];
/// Keys that compose spells otherwise than the rule says.
const SPELLED: [(&str, &str); 1] = [("healthCheck", "healthcheck")];
/// Keys below which names are the app's own and stay as they are.
const OF_THE_APP: [&str; 6] = ["dependsOn", "ulimits", "sysctls", "logging", "labels", "environment"];
/// What marks the main service until it was asked for, and one that speaks TLS.
const MAIN: &str = "x-main";
const TLS: &str = "x-tls";
/// What the proxy is told of a service that does.
const SCHEME_LABEL: &str = ".loadbalancer.server.scheme";

/// The compose file that it means.
pub(super) fn from_dynamic(
    dynamic: &Map<String, Value>,
    app: &str,
    remarks: &mut Vec<String>,
) -> Result<Map<String, Value>, Untranslatable> {
    let unreadable = |why: &str| Untranslatable::Unreadable(format!("docker-compose.json {why}"));
    let listed =
        dynamic.get("services").and_then(Value::as_array).ok_or_else(|| unreadable("lists no services"))?;
    let main = main_index(listed, app);
    let mut services = Map::new();
    for (index, service) in listed.iter().enumerate() {
        let service = service.as_object().ok_or_else(|| unreadable("has a service that is no object"))?;
        let name = text_at(service, "name").ok_or_else(|| unreadable("has a service without name"))?;
        services.insert(name, one(service, Some(index) == main));
    }
    if services.is_empty() {
        return Err(unreadable("lists no services"));
    }
    let overrides = dynamic.get("overrides").and_then(Value::as_array).into_iter().flatten();
    for changed in overrides.filter_map(|changes| changes.get("architecture")).filter_map(text) {
        remarks.push(format!("what it changes for {changed} is left out"));
    }
    Ok(Map::from_iter([("services".to_owned(), Value::Object(services))]))
}

/// The service that people use: the marked one; of several, or where none is marked, the first with a port, or of
/// the app's own name.
fn main_index(services: &[Value], app: &str) -> Option<usize> {
    let is_marked = |service: &Value| service.get("isMain").and_then(Value::as_bool) == Some(true);
    let has_port = |service: &Value| service.get("internalPort").and_then(text).is_some();
    let find = |wanted: &dyn Fn(&Value) -> bool| services.iter().position(wanted);
    find(&|service| is_marked(service) && has_port(service))
        .or_else(|| find(&is_marked))
        .or_else(|| find(&|service| service.get("name").and_then(text).is_some_and(|name| name == app)))
        .or_else(|| find(&has_port))
}

fn one(service: &Map<String, Value>, is_main: bool) -> Value {
    let mut written = Map::new();
    for (key, value) in service {
        match key.as_str() {
            "environment" => drop(written.insert(key.clone(), environment(value))),
            "volumes" => drop(written.insert(key.clone(), volumes(value))),
            "devices" => drop(written.insert(key.clone(), devices(value))),
            key if OWN_KEYS.contains(&key) => {}
            key => drop(written.insert(compose_key(key), spelled(key, value))),
        }
    }
    // A service in somebody else's network publishes nothing by itself; Runtipi leaves its ports out, too.
    let ports = if service.get("networkMode").and_then(text).is_some() {
        Vec::new()
    } else {
        ports(service, is_main)
    };
    if !ports.is_empty() {
        written.insert("ports".to_owned(), ports.into());
    }
    written.entry("restart").or_insert_with(|| "unless-stopped".into());
    if is_main {
        written.insert(MAIN.to_owned(), true.into());
        if speaks_tls(service) {
            written.insert(TLS.to_owned(), true.into());
        }
    }
    Value::Object(written)
}

fn ports(service: &Map<String, Value>, is_main: bool) -> Vec<Value> {
    let mut ports: Vec<Value> = Vec::new();
    if let Some(port) = text_at(service, "internalPort").filter(|_| is_main) {
        ports.push(format!("${{APP_PORT}}:{port}").into());
    }
    let added = service.get("addPorts").and_then(Value::as_array).into_iter().flatten();
    for port in added.filter_map(Value::as_object) {
        let (Some(host), Some(container)) = (text_at(port, "hostPort"), text_at(port, "containerPort"))
        else {
            continue;
        };
        let interface = text_at(port, "interface").map(|address| format!("{address}:")).unwrap_or_default();
        let is_set = |key: &str| port.get(key).and_then(Value::as_bool) == Some(true);
        let pair = format!("{interface}{host}:{container}");
        match (is_set("tcp"), is_set("udp")) {
            (_, false) => ports.push(pair.into()),
            (false, true) => ports.push(format!("{pair}/udp").into()),
            (true, true) => ports.extend([format!("{pair}/tcp").into(), format!("{pair}/udp").into()]),
        }
    }
    ports
}

/// A list of `key` and `value`; a map in older files.
fn environment(value: &Value) -> Value {
    let Value::Array(list) = value else { return value.clone() };
    let pairs = list.iter().filter_map(Value::as_object).filter_map(|pair| {
        let value = pair.get("value").and_then(|value| match value {
            Value::String(text) => Some(text.clone()),
            other => text(other),
        });
        Some((text_at(pair, "key")?, Value::String(value.unwrap_or_default())))
    });
    Value::Object(pairs.collect())
}

fn volumes(value: &Value) -> Value {
    let Value::Array(list) = value else { return value.clone() };
    let mounts = list.iter().map(|mount| {
        let Some(mount) = mount.as_object() else { return mount.clone() };
        // Runtipi joins both with a colon, so that a whole pair in the first is taken, too.
        let source = text_at(mount, "hostPath").unwrap_or_default();
        let source = loose::split(&source)[0].to_owned();
        let is_path = source.starts_with(['/', '.', '~', '$']);
        json!({
            "type": if is_path { "bind" } else { "volume" },
            "source": source,
            "target": text_at(mount, "containerPath").unwrap_or_default(),
            "read_only": mount.get("readOnly").and_then(Value::as_bool).unwrap_or(false),
        })
    });
    Value::Array(mounts.collect())
}

/// Devices are texts; some write them as they write volumes.
fn devices(value: &Value) -> Value {
    let Value::Array(list) = value else { return value.clone() };
    let device = |device: &Value| match device {
        Value::Object(map) => {
            let parts = ["hostPath", "containerPath"].into_iter().filter_map(|key| text_at(map, key));
            parts.collect::<Vec<_>>().join(":").into()
        }
        other => other.clone(),
    };
    list.iter().map(device).collect()
}

/// The value with the keys of its own maps as compose spells them.
fn spelled(key: &str, value: &Value) -> Value {
    match value {
        _ if OF_THE_APP.contains(&key) => value.clone(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (compose_key(key), spelled(key, value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| spelled("", item)).collect()),
        other => other.clone(),
    }
}

fn compose_key(key: &str) -> String {
    if let Some((_, spelled)) = SPELLED.iter().find(|(own, _)| *own == key) {
        return (*spelled).to_owned();
    }
    let mut written = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            written.push('_');
        }
        written.push(letter.to_ascii_lowercase());
    }
    written
}

/// Whether a service of either file says that it speaks TLS itself, whatever is in front of it.
pub(super) fn speaks_tls(service: &Map<String, Value>) -> bool {
    let is_set = |key: &str| service.get(key).and_then(Value::as_bool) == Some(true);
    let says_so = |labels: &Value| match labels {
        Value::Object(map) => map.iter().any(|(key, told)| key.ends_with(SCHEME_LABEL) && told == "https"),
        list => texts(Some(list)).iter().any(|label| label.ends_with(&format!("{SCHEME_LABEL}=https"))),
    };
    is_set(TLS)
        || is_set("httpsBackend")
        || ["extraLabels", "labels"].iter().filter_map(|key| service.get(*key)).any(says_so)
}

/// In a compose file that marks its main service by `x-runtipi`, publishes that service's port.
pub(super) fn publish_marked_port(compose: &mut Map<String, Value>) {
    let Some(Value::Object(services)) = compose.get_mut("services") else { return };
    for service in services.values_mut().filter_map(Value::as_object_mut) {
        let told = service.get("x-runtipi").cloned().unwrap_or_default();
        if told.get("is_main").and_then(Value::as_bool) != Some(true) {
            continue;
        }
        service.insert(MAIN.to_owned(), true.into());
        let Some(port) = told.get("internal_port").and_then(text) else { continue };
        let ports = service.entry("ports").or_insert_with(|| Value::Array(Vec::new()));
        if let Some(ports) =
            ports.as_array_mut().filter(|ports| !ports.iter().any(|port| loose::uses(port, "APP_PORT")))
        {
            ports.insert(0, format!("${{APP_PORT}}:{port}").into());
        }
    }
}

/// The name of the main service; its mark is taken away.
pub(super) fn take_main(compose: &mut Map<String, Value>) -> Option<String> {
    let services = compose.get_mut("services")?.as_object_mut()?;
    services
        .iter_mut()
        .find_map(|(name, service)| service.as_object_mut()?.remove(MAIN).map(|_| name.clone()))
}

/// Whether the host port of an entry is that number.
pub(super) fn publishes(ports: &Value, port: u16) -> bool {
    let number = port.to_string();
    ports.as_array().into_iter().flatten().any(|entry| match entry {
        Value::Object(long) => text_at(long, "published").is_some_and(|published| published == number),
        short => text(short).is_some_and(|short| {
            let mut parts = short.rsplit(':').skip(1);
            parts.next() == Some(number.as_str())
        }),
    })
}
