//! Services beside an app that would own the host: one that sets an app up through `docker exec`, a runner of jobs, an
//! agent that watches the machine. No package may have what they ask for, and the app itself runs without them.

use serde_json::{Map, Value};

use crate::formats::networks::has_host;

type Object = Map<String, Value>;

/// Leaves out those that publish nothing, run an image of their own and are named by no other service. What people use
/// is never one of them: it publishes a port, or its container has one of the names in `main_containers`.
pub(super) fn leave_out(compose: &mut Object, main_containers: &[&str], remarks: &mut Vec<String>) {
    let Some(Value::Object(services)) = compose.get_mut("services") else { return };
    let is_main = |service: &Value| {
        service.get("ports").is_some()
            || text(service, "container_name").is_some_and(|name| main_containers.contains(&name))
    };
    let left_out: Vec<String> = services
        .iter()
        .filter(|(name, service)| {
            owns_host(service) && !is_main(service) && !is_needed(name, service, services)
        })
        .map(|(name, _)| name.clone())
        .collect();
    if left_out.len() == services.len() {
        return;
    }
    services.retain(|name, _| !left_out.contains(name));
    for name in left_out {
        remarks.push(format!(
            "its service {name} is left out, and what it does besides the app: it would have Docker's socket or all rights on the host"
        ));
    }
}

/// Whether it asks for Docker's socket, or for all rights on the host.
fn owns_host(service: &Value) -> bool {
    let mounts = service.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let mut sources = mounts.filter_map(|mount| mount.as_str().or_else(|| text(mount, "source")));
    service.get("privileged") == Some(&Value::Bool(true))
        || sources.any(|source| source.contains("docker.sock"))
}

/// Whether another service calls it by one of its names, or is the same program: one that works for the app.
fn is_needed(name: &str, service: &Value, services: &Object) -> bool {
    let others = || services.iter().filter(|(other, _)| *other != name).map(|(_, other)| other);
    let called = [Some(name), text(service, "container_name"), text(service, "hostname")];
    let is_called = |other: &Value| called.iter().flatten().any(|called| names(other, called));
    others().any(|other| is_called(other) || other.get("image") == service.get("image"))
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// Whether a text or a key in it has that name as a word of its own.
fn names(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => has_host(text, name),
        Value::Array(items) => items.iter().any(|item| names(item, name)),
        Value::Object(map) => map.iter().any(|(key, item)| key == name || names(item, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
