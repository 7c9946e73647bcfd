//! Services of a compose file of others, with only the keys that a package may have. Ports, mounts, networks and
//! variables are dealt with elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::formats::Untranslatable;
use crate::formats::interpolation::escaped;
use crate::formats::known::Known;
use crate::formats::loose;

type Object = Map<String, Value>;

/// What a compose file of ours has at the top.
const TOP_KEYS: [&str; 5] = ["services", "volumes", "networks", "configs", "secrets"];

/// Every key that `docker compose` 2.40 takes in a service and a package of ours may have.
const SERVICE_KEYS: [&str; 79] = [
    "annotations",
    "attach",
    "blkio_config",
    "cap_add",
    "cap_drop",
    "cgroup",
    "cgroup_parent",
    "command",
    "configs",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "cpus",
    "cpuset",
    "credential_spec",
    "depends_on",
    "deploy",
    "device_cgroup_rules",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "external_links",
    "extra_hosts",
    "gpus",
    "group_add",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "ipc",
    "isolation",
    "labels",
    "links",
    "logging",
    "mac_address",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "models",
    "network_mode",
    "networks",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "pids_limit",
    "platform",
    "ports",
    "post_start",
    "pre_stop",
    "privileged",
    "provider",
    "pull_policy",
    "read_only",
    "restart",
    "runtime",
    "secrets",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "storage_opt",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "user",
    "userns_mode",
];
const MORE_SERVICE_KEYS: [&str; 5] = ["use_api_socket", "uts", "volumes", "volumes_from", "working_dir"];

/// Keys that are left out without a word: what they say is said by the package, or is nothing.
const SILENT_KEYS: [&str; 4] = ["container_name", "scale", "label_file", "build"];

/// Beginnings of labels for programs that are not there: other app managers, proxies in front, updaters.
const FOREIGN_LABELS: [&str; 17] = [
    "traefik.",
    "caddy",
    "coolify.",
    "casaos",
    "icon",
    "runtipi.",
    "com.centurylinklabs.watchtower.",
    "diun.",
    "homepage.",
    "swag",
    "nginx-proxy",
    "cosmos-",
    "io.casaos",
    "createdby",
    "com.docker.compose.",
    "wud.",
    "umbrel.",
];

/// Words in the names of services that only prepare something.
const PREPARING: [&str; 8] =
    ["init", "setup", "migrat", "configur", "create-", "createbucket", "permission", "chown"];
/// Words for that which members of a cluster have in their names, too.
const BEGINNING: [&str; 2] = ["seed", "bootstrap"];

/// The services of a file and what they were called.
pub(crate) struct Cleaned {
    /// By service: what its container was to be called.
    pub(crate) container_names: Vec<(String, String)>,
    /// Those that end when they have done their work.
    pub(crate) one_shot: Vec<String>,
}

/// Makes every service one that a package may have. `main` is kept even where a profile would have to start it.
///
/// # Errors
///
/// Where there is none, or one cannot be started from an image alone.
pub(crate) fn clean(
    compose: &mut Object,
    main: Option<&str>,
    known: &Known,
    remarks: &mut Vec<String>,
) -> Result<Cleaned, Untranslatable> {
    if compose.contains_key("include") {
        return Err(Untranslatable::Unsupported("its compose file is made of several files".to_owned()));
    }
    compose.retain(|key, value| TOP_KEYS.contains(&key.as_str()) && !value.is_null());
    let Some(Value::Object(services)) = compose.get_mut("services") else {
        return Err(Untranslatable::Unreadable("it has no services".to_owned()));
    };
    services.retain(|name, _| !name.starts_with("x-"));
    let dropped = drop_unstarted(services, main, known, remarks);
    if services.is_empty() {
        return Err(Untranslatable::Unreadable("it has no services".to_owned()));
    }
    let names: BTreeSet<String> = services.keys().cloned().collect();
    let mut container_names = Vec::new();
    for (name, service) in services.iter_mut() {
        let Value::Object(service) = service else {
            return Err(Untranslatable::Unreadable(format!("its service {name} is empty")));
        };
        if let Some(Value::String(container)) = service.get("container_name") {
            container_names.push((name.clone(), container.clone()));
        }
        clean_service(name, service, remarks)?;
        clean_environment(name, service, known)?;
        clean_dependencies(name, service, &names, &dropped, known)?;
    }
    let one_shot = one_shot(services, main, known);
    for (name, service) in services.iter_mut() {
        let Value::Object(service) = service else { continue };
        let restart = service.get("restart").and_then(Value::as_str);
        let has_policy = restart.is_some()
            || service.get("deploy").is_some_and(|deploy| deploy.get("restart_policy").is_some());
        match one_shot.contains(name) {
            false if !has_policy => drop(service.insert("restart".to_owned(), json!("unless-stopped"))),
            true if restart.is_some_and(|restart| known.settle(restart).text != "no") => {
                service.insert("restart".to_owned(), json!("on-failure"));
            }
            _ => {}
        }
    }
    Ok(Cleaned { container_names, one_shot })
}

/// Leaves out the services that are only started when asked for, and those of which there is to be none. Returns their
/// names.
fn drop_unstarted(
    services: &mut Object,
    main: Option<&str>,
    known: &Known,
    remarks: &mut Vec<String>,
) -> BTreeSet<String> {
    let has_profile = |service: &Value| {
        service.get("profiles").and_then(Value::as_array).is_some_and(|profiles| !profiles.is_empty())
    };
    let is_none = |service: &Value| {
        let number = service.get("scale").or_else(|| service.get("deploy")?.get("replicas"));
        number.and_then(loose::text).is_some_and(|number| known.settle(&number).text == "0")
    };
    let dropped: BTreeMap<String, &str> = services
        .iter()
        .filter(|(name, _)| main != Some(name.as_str()))
        .filter_map(|(name, service)| match () {
            () if has_profile(service) => {
                Some((name.clone(), "it belongs to a profile, which is off unless asked for"))
            }
            () if is_none(service) => Some((name.clone(), "the catalog starts none of it")),
            () => None,
        })
        .collect();
    if dropped.len() == services.len() {
        return BTreeSet::new();
    }
    services.retain(|name, _| !dropped.contains_key(name));
    remarks.extend(dropped.iter().map(|(name, why)| format!("{name} is left out: {why}")));
    dropped.into_keys().collect()
}

fn clean_service(name: &str, service: &mut Object, remarks: &mut Vec<String>) -> Result<(), Untranslatable> {
    if service.contains_key("extends") {
        let why = format!("its service {name} is described in another file");
        return Err(Untranslatable::Unsupported(why));
    }
    let image = service.get("image").and_then(Value::as_str).unwrap_or_default();
    if image.trim().is_empty() {
        return Err(match service.contains_key("build") {
            true => Untranslatable::Unsupported(format!(
                "its service {name} is built from source, not from an image"
            )),
            false => Untranslatable::Unreadable(format!("its service {name} has no image")),
        });
    }
    service.retain(|key, value| {
        let is_known = SERVICE_KEYS.contains(&key.as_str()) || MORE_SERVICE_KEYS.contains(&key.as_str());
        let is_silent = SILENT_KEYS.contains(&key.as_str())
            || key == "profiles"
            || key.starts_with("x-")
            || value.is_null();
        if !is_known && !is_silent {
            remarks.push(format!("{key} of {name} is left out: docker compose does not know it"));
        }
        is_known && !value.is_null()
    });
    if service.remove("external_links").is_some() {
        remarks.push(format!("external_links of {name} are left out: they lead to containers of other apps"));
    }
    if let Some(Value::Object(deploy)) = service.get_mut("deploy") {
        deploy.retain(|key, _| matches!(key.as_str(), "resources" | "restart_policy"));
        if deploy.is_empty() {
            service.remove("deploy");
        }
    }
    clean_labels(service);
    Ok(())
}

fn clean_labels(service: &mut Object) {
    let is_foreign = |label: &str| {
        let label = label.to_ascii_lowercase();
        FOREIGN_LABELS.iter().any(|beginning| label.starts_with(beginning))
    };
    let is_empty = match service.get_mut("labels") {
        Some(Value::Object(labels)) => {
            labels.retain(|label, _| !is_foreign(label));
            labels.is_empty()
        }
        Some(Value::Array(labels)) => {
            labels.retain(|label| label.as_str().is_some_and(|label| !is_foreign(label)));
            labels.is_empty()
        }
        Some(_) => true,
        None => false,
    };
    if is_empty {
        service.remove("labels");
    }
}

/// The environment as a mapping, whichever form it has. A name without value (taken from the surroundings) becomes
/// one without value here too.
fn clean_environment(name: &str, service: &mut Object, known: &Known) -> Result<(), Untranslatable> {
    let unreadable =
        || Untranslatable::Unreadable(format!("the environment of its service {name} is no list of texts"));
    let environment = match service.get_mut("environment") {
        None => return Ok(()),
        Some(Value::Object(map)) => std::mem::take(map),
        Some(Value::Array(items)) => {
            let mut map = Object::new();
            for item in items.iter().filter(|item| !item.is_null()) {
                let item = item.as_str().ok_or_else(unreadable)?;
                // A variable that holds the whole of it: `$JAVA_OPTIONS` for `JAVA_OPTS=-Xmx1g`.
                let settled = (!item.contains('=')).then(|| escaped(&known.settle(item).text));
                let item = settled.as_deref().unwrap_or(item);
                let (key, value) = match item.split_once('=') {
                    Some((key, value)) => (key, json!(value)),
                    None => (item, Value::Null),
                };
                map.insert(key.trim_end().to_owned(), value);
            }
            map
        }
        Some(_) => return Err(unreadable()),
    };
    if environment.values().any(|value| value.is_object() || value.is_array()) {
        return Err(unreadable());
    }
    let environment: Object = environment
        .into_iter()
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| {
            (key, if let Value::Bool(flag) = value { json!(flag.to_string()) } else { value })
        })
        .collect();
    if environment.is_empty() {
        service.remove("environment");
    } else {
        service.insert("environment".to_owned(), Value::Object(environment));
    }
    Ok(())
}

/// Dependencies on services that are there.
fn clean_dependencies(
    name: &str,
    service: &mut Object,
    names: &BTreeSet<String>,
    dropped: &BTreeSet<String>,
    known: &Known,
) -> Result<(), Untranslatable> {
    let check = |dependency: &str| {
        if names.contains(dependency) {
            return Ok(true);
        }
        let why = format!("its service {name} depends on {dependency}, which is not there");
        if dropped.contains(dependency) { Ok(false) } else { Err(Untranslatable::Unreadable(why)) }
    };
    let is_empty = match service.get_mut("depends_on") {
        Some(Value::Object(map)) => {
            let mut kept = Object::new();
            for (dependency, how) in std::mem::take(map) {
                if check(&dependency)? {
                    let mut how = how.as_object().cloned().unwrap_or_default();
                    how.retain(|key, _| matches!(key.as_str(), "condition" | "required" | "restart"));
                    how.entry("condition").or_insert_with(|| json!("service_started"));
                    kept.insert(dependency, Value::Object(how));
                }
            }
            *map = kept;
            map.is_empty()
        }
        Some(Value::Array(items)) => {
            let mut kept: Vec<Value> = Vec::new();
            for item in std::mem::take(items) {
                let Some(item) = item.as_str() else {
                    let why = format!("its service {name} depends on what is no name of one");
                    return Err(Untranslatable::Unreadable(why));
                };
                let dependency = known.settle(item).text;
                if check(&dependency)? && !kept.contains(&json!(dependency)) {
                    kept.push(json!(dependency));
                }
            }
            *items = kept;
            items.is_empty()
        }
        Some(Value::String(dependency)) => {
            let list = if check(dependency)? { vec![json!(dependency)] } else { vec![] };
            let is_empty = list.is_empty();
            service.insert("depends_on".to_owned(), Value::Array(list));
            is_empty
        }
        _ => true,
    };
    if is_empty {
        service.remove("depends_on");
    }
    if let Some(Value::Array(links)) = service.get_mut("links") {
        links.retain(|link| {
            let target = link.as_str().unwrap_or_default().split(':').next().unwrap_or_default();
            names.contains(target)
        });
        if links.is_empty() {
            service.remove("links");
        }
    }
    Ok(())
}

/// The services that end when they have done their work: those that are not to be started again, and those that are
/// called so among others that are, or that do something else with the image of another.
fn one_shot(services: &Object, main: Option<&str>, known: &Known) -> Vec<String> {
    let restart = |service: &Value| {
        let never =
            || service.get("deploy")?.get("restart_policy")?.get("condition").filter(|how| *how == "none");
        let written = service.get("restart").and_then(Value::as_str);
        written.map_or_else(|| never().map_or("", |_| "no").to_owned(), |text| known.settle(text).text)
    };
    let has_word = |name: &str, words: &[&str]| {
        let name = name.to_ascii_lowercase();
        words.iter().any(|word| name.contains(word))
    };
    let borrows_image = |name: &str, service: &Value| {
        let has_own_command = service.get("command").or_else(|| service.get("entrypoint")).is_some();
        let is_same = |(other, of_other): (&String, &Value)| {
            other != name && of_other.get("image") == service.get("image")
        };
        has_own_command && services.iter().any(is_same)
    };
    if services.len() == 1 {
        return Vec::new();
    }
    services
        .iter()
        .filter(|(name, service)| {
            let ends = match restart(service).as_str() {
                "no" => true,
                // What is started again only where it fails may end, too.
                how if how.is_empty() || how.starts_with("on-failure") => {
                    has_word(name, &PREPARING) || has_word(name, &BEGINNING)
                }
                _ => {
                    has_word(name, &PREPARING)
                        && service.get("healthcheck").is_none()
                        && borrows_image(name, service)
                }
            };
            ends && service.get("ports").is_none() && main != Some(name.as_str())
        })
        .map(|(name, _)| name.clone())
        .collect()
}
