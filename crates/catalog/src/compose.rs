//! The compose part of a package: what the rest of the program needs of it, and the rules that keep it
//! something that we can carry out. `docker compose` itself reads the file again, word for word; this
//! is no second implementation of it.

use std::collections::BTreeSet;

use domain::package::{PublishedPort, Service};
use domain::template::is_variable_name;
use serde_json::{Map, Value};

use crate::error::PackageError;
use crate::mounts;
use crate::ports::parse_port;

type Object = Map<String, Value>;

/// What is kept of a compose file.
#[derive(Debug)]
pub(crate) struct ComposeFile {
    pub(crate) services: Vec<Service>,
    pub(crate) volumes: Vec<String>,
    pub(crate) networks: Vec<String>,
    /// Variables that configs and secrets take their content from, beside those written `${NAME}`.
    pub(crate) content_variables: BTreeSet<String>,
    /// Whether a service is given the whole `.env`.
    pub(crate) passes_env: bool,
    /// Files that services take their environment from, by their paths below `files/`.
    pub(crate) env_files: BTreeSet<String>,
    /// Variables that services are given under their own names.
    pub(crate) bare_names: BTreeSet<String>,
}

const ONE_FILE: &str = "write it out here: a package is one compose file";

/// Keys that a package must not have at the top, and what to do instead.
const REFUSED_AT_TOP: [(&str, &str); 2] =
    [("include", ONE_FILE), ("name", "leave it out: the project has the app's own name")];

/// Keys that a service must not have, and what to do instead. (What a service may do on the host is judged on
/// what compose makes of the file, see `domain::policy`.)
const REFUSED_IN_SERVICE: [(&str, &str); 6] = [
    ("build", "name an image that can be pulled"),
    ("container_name", "leave it out: every app has containers of its own"),
    ("extends", ONE_FILE),
    ("label_file", ONE_FILE),
    ("profiles", "leave it out: every service of a package is started"),
    ("scale", "leave it out: a published port leads to one container"),
];

/// Keys that a volume of the app's own must not have, and what to do instead.
const REFUSED_IN_VOLUME: [(&str, &str); 1] = [("name", "leave it out: the volume is named after the app")];

/// Keys that a network of the app's own must not have, and what to do instead.
const REFUSED_IN_NETWORK: [(&str, &str); 3] = [
    ("driver", "leave it out: networks are bridges"),
    ("ipam", "leave it out: a free subnet is given to each network"),
    ("name", "leave it out: the network is named after the app"),
];

/// Reads and checks a whole compose file. `one_shot` are the services that the package declares so.
///
/// # Errors
///
/// The first rule that is broken.
pub(crate) fn read(document: &Object, one_shot: &[String]) -> Result<ComposeFile, PackageError> {
    refuse("", document, &REFUSED_AT_TOP)?;
    let declared = section(document, "services")?;
    if declared.is_empty() {
        return Err(PackageError::rule("services", "is missing or empty", "name at least one service"));
    }
    if let Some(unknown) = one_shot.iter().find(|name| !declared.iter().any(|(key, _)| key == *name)) {
        return Err(PackageError::rule(
            "x-appmanage.one_shot",
            format!("names {unknown}, which is no service"),
            "name services of this file",
        ));
    }
    let volumes = resources(document, "volumes", &REFUSED_IN_VOLUME)?;
    let networks = resources(document, "networks", &REFUSED_IN_NETWORK)?;
    let content_variables = content_variables(document)?;

    let mut awaited = BTreeSet::new();
    let mut used_networks = BTreeSet::new();
    let (mut passes_env, mut env_files, mut bare_names) = (false, BTreeSet::new(), BTreeSet::new());
    for (name, service) in &declared {
        awaited.extend(awaited_by(service));
        used_networks.extend(networks_of(name, service, &networks.all)?);
        mounts::check(name, service, &volumes.all)?;
        bare_names.extend(bare_names_of(service));
        for path in env_files_of(name, service)? {
            match path {
                EnvFilePath::Env => passes_env = true,
                EnvFilePath::Below(path) => drop(env_files.insert(path)),
            }
        }
    }
    let services = declared
        .iter()
        .map(|(name, service)| {
            let declared_so = one_shot.contains(name) || awaited.contains(name);
            read_service(name, service, declared_so)
        })
        .collect::<Result<_, _>>()?;
    let networks = used_networks.into_iter().filter(|used| !networks.external.contains(used)).collect();
    let volumes = volumes.all.into_iter().filter(|key| !volumes.external.contains(key)).collect();
    Ok(ComposeFile { services, volumes, networks, content_variables, passes_env, env_files, bare_names })
}

fn read_service(name: &str, service: &Object, one_shot: bool) -> Result<Service, PackageError> {
    let place = format!("services.{name}");
    if !is_compose_key(name) {
        return Err(PackageError::rule(&place, "is not a service's name", "use letters, digits, ., _ and -"));
    }
    refuse(&place, service, &REFUSED_IN_SERVICE)?;
    let deploy = service.get("deploy").and_then(Value::as_object);
    if deploy.is_some_and(|deploy| deploy.contains_key("replicas")) {
        let advice = "leave it out: a published port leads to one container";
        return Err(PackageError::rule(format!("{place}.deploy.replicas"), "cannot be carried out", advice));
    }
    let image = service.get("image").and_then(Value::as_str).unwrap_or_default();
    if image.is_empty() {
        return Err(PackageError::rule(format!("{place}.image"), "is missing", "name the image to pull"));
    }
    let restart = service.get("restart").and_then(Value::as_str).unwrap_or_default();
    let restart_of_deploy = deploy
        .and_then(|deploy| deploy.get("restart_policy")?.get("condition")?.as_str())
        .unwrap_or_default();
    Ok(Service {
        name: name.to_owned(),
        image: image.to_owned(),
        ports: published_ports(&place, service)?,
        one_shot: one_shot
            || restart == "on-failure"
            || restart.starts_with("on-failure:")
            || restart_of_deploy == "on-failure",
        has_logging: service.contains_key("logging"),
    })
}

fn published_ports(place: &str, service: &Object) -> Result<Vec<PublishedPort>, PackageError> {
    let mut ports: Vec<PublishedPort> = Vec::new();
    for (index, entry) in list(place, service, "ports")?.iter().enumerate() {
        let place = format!("{place}.ports[{index}]");
        let port = parse_port(&place, entry)?;
        let same = |other: &PublishedPort| {
            (other.address, other.protocol, other.target) == (port.address, port.protocol, port.target)
        };
        if ports.iter().any(same) {
            return Err(PackageError::rule(place, "publishes a port twice", "leave one out"));
        }
        ports.push(port);
    }
    Ok(ports)
}

/// A file that a service takes its environment from.
enum EnvFilePath {
    /// The app's `.env`.
    Env,
    /// One of the package's own, by its path below `files/`.
    Below(String),
}

fn env_files_of(name: &str, service: &Object) -> Result<Vec<EnvFilePath>, PackageError> {
    let place = format!("services.{name}.env_file");
    let entries = match service.get("env_file") {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(entries)) => entries,
        Some(one) => std::slice::from_ref(one),
    };
    let read = |entry: &Value| {
        let path = entry.as_str().or_else(|| entry.get("path")?.as_str()).unwrap_or_default();
        let path = path.strip_prefix("./").unwrap_or(path);
        let is_plain = |path: &&str| !path.contains(['$', '\\']) && is_plain_path(path);
        match (path, path.strip_prefix("files/").filter(is_plain)) {
            (".env", _) => Ok(EnvFilePath::Env),
            (_, Some(path)) => Ok(EnvFilePath::Below(path.to_owned())),
            _ => {
                let advice = "name .env, or a file below ./files/ that the package brings";
                Err(PackageError::rule(&place, format!("names {path:?}"), advice))
            }
        }
    };
    entries.iter().map(read).collect()
}

/// The names in a service's environment without a value: compose takes that from `.env`, and before that from its own
/// environment, which is the server's.
fn bare_names_of(service: &Object) -> Vec<String> {
    match service.get("environment") {
        Some(Value::Object(map)) => {
            map.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.clone()).collect()
        }
        Some(Value::Array(lines)) => {
            let names = lines.iter().filter_map(Value::as_str).filter(|line| !line.contains('='));
            names.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether that is a path below a folder, without any detour.
pub(crate) fn is_plain_path(path: &str) -> bool {
    path.split('/').all(|name| !matches!(name, "" | "." | ".."))
}

/// The services that this one waits for until they have ended well.
fn awaited_by(service: &Object) -> Vec<String> {
    let Some(dependencies) = service.get("depends_on").and_then(Value::as_object) else { return Vec::new() };
    dependencies
        .iter()
        .filter(|(_, how)| {
            how.get("condition").and_then(Value::as_str) == Some("service_completed_successfully")
        })
        .map(|(name, _)| name.clone())
        .collect()
}

fn networks_of(name: &str, service: &Object, declared: &[String]) -> Result<Vec<String>, PackageError> {
    let place = format!("services.{name}");
    if service.contains_key("network_mode") {
        if !list(&place, service, "ports")?.is_empty() {
            let advice = "leave one of them out: such a service has no ports of its own";
            return Err(PackageError::rule(format!("{place}.ports"), "stands beside network_mode", advice));
        }
        return Ok(Vec::new());
    }
    let used: Vec<String> = match service.get("networks") {
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        _ => list(&place, service, "networks")?
            .iter()
            .map(|entry| entry.as_str().unwrap_or_default().to_owned())
            .collect(),
    };
    if let Some(unknown) = used.iter().find(|used| *used != "default" && !declared.contains(used)) {
        return Err(PackageError::rule(
            format!("{place}.networks"),
            format!("uses {unknown:?}, which is not declared"),
            "declare it under networks",
        ));
    }
    Ok(if used.is_empty() { vec!["default".to_owned()] } else { used })
}

/// The keys of a file's volumes or networks.
struct Resources {
    all: Vec<String>,
    /// Those that are there before the app and stay after it.
    external: Vec<String>,
}

/// The volumes or networks of a file, none of which has a refused key.
fn resources(document: &Object, kind: &str, refused: &[(&str, &str)]) -> Result<Resources, PackageError> {
    let mut found = Resources { all: Vec::new(), external: Vec::new() };
    for (key, resource) in section(document, kind)? {
        let place = format!("{kind}.{key}");
        if !is_compose_key(&key) {
            return Err(PackageError::rule(place, "is not a valid name", "use letters, digits, ., _ and -"));
        }
        match resource.get("external") {
            None | Some(Value::Null | Value::Bool(false)) => refuse(&place, &resource, refused)?,
            Some(Value::Bool(true)) => found.external.push(key.clone()),
            Some(_) => {
                let place = format!("{place}.external");
                return Err(PackageError::rule(place, "is not plain", "write true, and name beside it"));
            }
        }
        found.all.push(key);
    }
    Ok(found)
}

/// Configs and secrets: their content stands in the file, or in a variable.
fn content_variables(document: &Object) -> Result<BTreeSet<String>, PackageError> {
    let mut variables = BTreeSet::new();
    for kind in ["configs", "secrets"] {
        for (key, source) in section(document, kind)? {
            let variable = source.get("environment").and_then(Value::as_str);
            variables.extend(variable.filter(|name| is_variable_name(name)).map(str::to_owned));
            if variable.is_none() && !source.contains_key("content") {
                let advice = "write its text as content, or name a variable as environment";
                return Err(PackageError::rule(format!("{kind}.{key}"), "needs another file", advice));
            }
        }
    }
    Ok(variables)
}

/// The entries of a section of the file; an entry without a value is an empty one.
fn section(document: &Object, kind: &str) -> Result<Vec<(String, Object)>, PackageError> {
    let shape = |place: String| PackageError::rule(place, "is not a mapping", "write key: value lines");
    match document.get(kind) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(key, value)| match value {
                Value::Object(inner) => Ok((key.clone(), inner.clone())),
                Value::Null => Ok((key.clone(), Object::new())),
                _ => Err(shape(format!("{kind}.{key}"))),
            })
            .collect(),
        Some(_) => Err(shape(kind.to_owned())),
    }
}

/// A list of a service; one that is absent is empty.
pub(crate) fn list<'a>(place: &str, service: &'a Object, key: &str) -> Result<&'a [Value], PackageError> {
    match service.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(PackageError::rule(format!("{place}.{key}"), "is not a list", "write - lines")),
    }
}

fn refuse(place: &str, object: &Object, refused: &[(&str, &str)]) -> Result<(), PackageError> {
    let Some((key, advice)) = refused.iter().find(|(key, _)| object.contains_key(*key)) else {
        return Ok(());
    };
    let place = if place.is_empty() { (*key).to_owned() } else { format!("{place}.{key}") };
    Err(PackageError::rule(place, "cannot be carried out", *advice))
}

fn is_compose_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}
