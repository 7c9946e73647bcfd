//! Services beside an app of Websoft9's that would steer Docker: one that sets an app up through `docker exec`, a runner
//! of jobs. No package may have Docker's socket, and the apps run without them.

use serde_json::{Map, Value};

use crate::formats::networks::has_host;

/// What no package may have, and no app of its own accord needs: Docker's socket, and all rights on the host.
fn owns_host(service: &Value) -> bool {
    let mounts = service.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let mut sources = mounts.filter_map(|mount| mount.as_str().or_else(|| mount.get("source")?.as_str()));
    service.get("privileged") == Some(&Value::Bool(true))
        || sources.any(|source| source.contains("docker.sock"))
}

/// Leaves out those that publish nothing and that no other service names. What people use is never one of them.
pub(super) fn leave_out(compose: &mut Map<String, Value>, remarks: &mut Vec<String>) {
    let Some(Value::Object(services)) = compose.get_mut("services") else { return };
    let is_main = |service: &Value| {
        let container = service.get("container_name").and_then(Value::as_str).unwrap_or_default();
        service.get("ports").is_some() || matches!(container, "$W9_ID" | "${W9_ID}")
    };
    let is_named = |name: &str, service: &Value| {
        let container = service.get("container_name").and_then(Value::as_str).unwrap_or(name);
        let others = services.iter().filter(|(other, _)| *other != name);
        others.into_iter().any(|(_, other)| names(other, name) || names(other, container))
    };
    let left_out: Vec<String> = services
        .iter()
        .filter(|(name, service)| owns_host(service) && !is_main(service) && !is_named(name, service))
        .map(|(name, _)| name.clone())
        .collect();
    for name in left_out.iter().filter(|_| left_out.len() < services.len()) {
        remarks.push(format!(
            "its service {name} is left out, and what it does besides the app: it would have Docker's socket or all rights on the host"
        ));
    }
    if left_out.len() < services.len() {
        services.retain(|name, _| !left_out.contains(name));
    }
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
