//! Networks of a compose file of others: private ones of the app, without addresses of their own choice. Containers
//! that others found by their names are found by them still.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::formats::known::Known;

type Object = Map<String, Value>;

const DEFAULT: &str = "default";

/// Makes the networks of the file and of its services private ones.
pub(crate) fn clean(
    compose: &mut Object,
    container_names: &[(String, String)],
    known: &Known,
    remarks: &mut Vec<String>,
) {
    let declared = match compose.remove("networks") {
        Some(Value::Object(map)) => map,
        _ => Object::new(),
    };
    let is_external = |network: &Value| network.get("external").is_some_and(|value| *value != json!(false));
    let external: BTreeSet<&str> =
        declared.iter().filter(|(_, network)| is_external(network)).map(|(name, _)| name.as_str()).collect();
    let Some(Value::Object(services)) = compose.get_mut("services") else { return };

    let mut used: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for (name, service) in services.iter_mut() {
        let Value::Object(service) = service else { continue };
        clean_mode(service, container_names, known);
        let networks = networks_of(service, &external, name, remarks);
        service.remove("networks");
        used.insert(name.clone(), networks);
    }
    // What only one service has in common with the outside it has in common with nobody.
    let on_default = used.values().filter(|networks| networks.contains_key(DEFAULT)).count();
    for (name, mut networks) in used {
        if on_default == 1 && networks.len() > 1 {
            networks.remove(DEFAULT);
        }
        let Some(Value::Object(service)) = services.get_mut(&name) else { continue };
        let only_default = networks.len() == 1 && networks.get(DEFAULT) == Some(&Value::Null);
        if !networks.is_empty() && !only_default {
            service.insert("networks".to_owned(), Value::Object(networks.into_iter().collect()));
        }
    }
    declare(compose, &declared);
}

/// Declares every network that is used.
fn declare(compose: &mut Object, declared: &Object) {
    let mut networks = Object::new();
    for service in compose["services"].as_object().into_iter().flat_map(Map::values) {
        for name in service.get("networks").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            if name != DEFAULT {
                let is_internal = declared.get(name).and_then(|n| n.get("internal")) == Some(&json!(true));
                networks
                    .insert(name.clone(), if is_internal { json!({ "internal": true }) } else { json!({}) });
            }
        }
    }
    if !networks.is_empty() {
        compose.insert("networks".to_owned(), Value::Object(networks));
    }
}

/// The modes that name other containers, as services; `bridge` is what the default network does.
fn clean_mode(service: &mut Object, container_names: &[(String, String)], known: &Known) {
    let Some(Value::String(mode)) = service.get("network_mode") else {
        service.remove("network_mode");
        return;
    };
    let settled = known.settle(mode);
    if !settled.has_gap && matches!(settled.text.as_str(), "bridge" | "default" | "") {
        service.remove("network_mode");
    } else if let Some(container) = mode.strip_prefix("container:")
        && let Some((name, _)) = container_names.iter().find(|(_, called)| called == container)
    {
        let mode = json!(format!("service:{name}"));
        service.insert("network_mode".to_owned(), mode);
    }
}

/// The networks of a service by name, each with its aliases or nothing. None where it has a network mode.
fn networks_of(
    service: &Object,
    external: &BTreeSet<&str>,
    name: &str,
    remarks: &mut Vec<String>,
) -> BTreeMap<String, Value> {
    if service.contains_key("network_mode") {
        return BTreeMap::new();
    }
    let written: Vec<(String, Value)> = match service.get("networks") {
        Some(Value::Object(map)) => map.iter().map(|(name, how)| (name.clone(), how.clone())).collect(),
        Some(Value::Array(items)) => {
            items.iter().filter_map(|item| Some((item.as_str()?.to_owned(), Value::Null))).collect()
        }
        _ => Vec::new(),
    };
    let mut networks = BTreeMap::new();
    for (network, how) in written {
        if how.get("ipv4_address").or_else(|| how.get("ipv6_address")).is_some() {
            remarks.push(format!("{name} has no fixed address: the app's network is given a free one"));
        }
        let aliases = how.get("aliases").cloned();
        let network = if external.contains(network.as_str()) { DEFAULT.to_owned() } else { network };
        let entry = networks.entry(network).or_insert(Value::Null);
        if let Some(Value::Array(aliases)) = aliases.filter(|_| entry.is_null()) {
            *entry = json!({ "aliases": aliases });
        }
    }
    if networks.is_empty() {
        networks.insert(DEFAULT.to_owned(), Value::Null);
    }
    networks
}

/// Gives each service its former container's name as another name on its networks, where anything else in the app may
/// look for it.
pub(crate) fn name_containers(
    compose: &mut Object,
    container_names: &[(String, String)],
    known: &Known,
    files: &[&str],
) {
    let Some(Value::Object(services)) = compose.get_mut("services") else { return };
    if services.len() < 2 {
        return;
    }
    let mut texts = Vec::new();
    services.values().for_each(|service| collect_texts(service, known, &mut texts));
    let of_env: Vec<(&String, String)> =
        known.env().iter().map(|(name, template)| (name, known.settle(template).text)).collect();
    for (name, called) in container_names {
        let settled = known.settle(called).text;
        if settled.is_empty() || called == name {
            continue;
        }
        // The line that gives the name is no use of it.
        let is_own_line = |name: &str| *called == format!("${name}") || *called == format!("${{{name}}}");
        let is_sought = texts.iter().any(|text| has_host(text, &settled))
            || of_env.iter().any(|(name, text)| has_host(text, &settled) && !is_own_line(name))
            || files.iter().any(|text| has_host(text, &settled));
        let Some(Value::Object(service)) = services.get_mut(name) else { continue };
        // A service is found by its own name anyway; but where the name follows the app's, so must the alias.
        let is_own_name = settled == *name && !called.contains('$');
        if is_sought && !is_own_name && !service.contains_key("network_mode") {
            add_alias(service, called);
        }
    }
}

fn add_alias(service: &mut Object, alias: &str) {
    let networks = service.entry("networks").or_insert_with(|| json!({ "default": null }));
    let Value::Object(networks) = networks else { return };
    for how in networks.values_mut() {
        if !how.is_object() {
            *how = json!({});
        }
        let aliases = how.as_object_mut().map(|how| how.entry("aliases").or_insert_with(|| json!([])));
        if let Some(Value::Array(aliases)) = aliases
            && !aliases.contains(&json!(alias))
        {
            aliases.push(json!(alias));
        }
    }
}

/// The texts of a service in which it may name another.
fn collect_texts(value: &Value, known: &Known, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(known.settle(text).text),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, known, texts)),
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| {
                !matches!(key.as_str(), "image" | "volumes" | "networks" | "depends_on" | "labels")
            })
            .for_each(|(_, item)| collect_texts(item, known, texts)),
        _ => {}
    }
}

/// Whether a text has that name as a word of its own.
pub(super) fn has_host(text: &str, host: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.match_indices(host)
        .any(|(at, _)| !text[..at].ends_with(is_inner) && !text[at + host.len()..].starts_with(is_inner))
}
