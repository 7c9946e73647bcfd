//! Reads what a project asks for out of `docker compose config --format json`: what compose itself makes of
//! its files, the last word before it carries them out.
//!
//! Whatever is not known here is passed on as [`Wish::Unknown`], never left out. What is forbidden is judged
//! in [`domain::policy`].

use std::path::Path;

use domain::KeptVolume;
use domain::policy::{Ask, Wish};
use serde_json::{Map, Value};

use super::{files, links};

type Object = Map<String, Value>;

/// Keys of a service that reach nothing beyond its own containers.
const HARMLESS_IN_SERVICE: &[&str] = &[
    "attach",
    "blkio_config",
    "cap_drop",
    "command",
    "configs",
    "container_name",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "cpus",
    "cpuset",
    "depends_on",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "entrypoint",
    "environment",
    "expose",
    "extra_hosts",
    "group_add",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "labels",
    "links",
    "mac_address",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "networks",
    "oom_kill_disable",
    "oom_score_adj",
    "pids_limit",
    "platform",
    "ports",
    "profiles",
    "pull_policy",
    "read_only",
    "restart",
    "scale",
    "secrets",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "storage_opt",
    "tmpfs",
    "tty",
    "ulimits",
    "user",
    "working_dir",
];

/// Keys that choose a namespace.
const NAMESPACES: [&str; 6] = ["network_mode", "pid", "ipc", "uts", "userns_mode", "cgroup"];

/// Log drivers that write below the engine's own folder, or nowhere.
const LOG_DRIVERS: [&str; 4] = ["", "json-file", "local", "none"];

/// Options of a volume that is a file system in memory.
const TMPFS_OPTIONS: [&str; 12] = [
    "size",
    "mode",
    "uid",
    "gid",
    "nr_inodes",
    "nr_blocks",
    "ro",
    "rw",
    "nodev",
    "noexec",
    "nosuid",
    "noatime",
];

/// Everything that the project asks for, in the order of the file. `kept` are volumes of its own under other names.
pub(super) fn of(project: &Object, name: &str, kept: &[KeptVolume]) -> Vec<Ask> {
    let mut asks = Asks { kept, service: String::new(), found: Vec::new() };
    for (key, section) in set(project) {
        match key {
            "name" => {}
            "services" => section.as_object().into_iter().flatten().for_each(|(service, keys)| {
                service.clone_into(&mut asks.service);
                asks.service(keys);
                asks.service.clear();
            }),
            "volumes" => asks.resources(section, |asks, key, volume| asks.volume(name, key, volume)),
            "networks" => asks.resources(section, |asks, key, network| asks.network(name, key, network)),
            "configs" | "secrets" => asks.resources(section, Asks::file),
            extension if extension.starts_with("x-") => {}
            unknown => asks.unknown(unknown),
        }
    }
    asks.found
}

/// What compose does not show: the files that services take their environment from, by their paths below `files/`.
/// It has read them by then, in the app's `folder`, following links.
pub(super) fn of_env_files<'a>(folder: &'a Path, paths: &'a [String]) -> impl Iterator<Item = Ask> + 'a {
    paths.iter().map(|path| {
        let written = format!("./{}/{path}", files::FILES_FOLDER);
        let resolved = links::resolved(&folder.join(files::FILES_FOLDER).join(path));
        Ask { service: String::new(), what: Wish::ReadForIt { written, resolved } }
    })
}

/// The asks found so far, and whose they are.
struct Asks<'a> {
    kept: &'a [KeptVolume],
    service: String,
    found: Vec<Ask>,
}

impl Asks<'_> {
    fn add(&mut self, what: Wish) {
        self.found.push(Ask { service: self.service.clone(), what });
    }

    fn unknown(&mut self, what: impl Into<String>) {
        self.add(Wish::Unknown(what.into()));
    }

    fn path(&mut self, written: String, is_read_only: bool) {
        let resolved = links::resolved(Path::new(&written));
        self.add(Wish::HostPath { written, resolved, is_read_only });
    }

    /// One wish for each text of a list, or of an object's keys.
    fn each(&mut self, key: &str, list: &Value, wish: impl Fn(String) -> Wish) {
        match list {
            Value::Array(items) => items.iter().for_each(|item| self.add(wish(words(item)))),
            Value::Object(map) => map.keys().for_each(|name| self.add(wish(unescaped(name)))),
            _ => self.unknown(key),
        }
    }

    fn service(&mut self, keys: &Value) {
        let Some(keys) = keys.as_object() else { return self.unknown("service") };
        for (key, value) in set(keys) {
            match key {
                known if HARMLESS_IN_SERVICE.contains(&known) || known.starts_with("x-") => {}
                "privileged" => self.if_true(value, Wish::Privileged),
                "use_api_socket" => self.if_true(value, Wish::EngineAccess),
                "cap_add" => self.each(key, value, Wish::Capability),
                "security_opt" => self.each(key, value, Wish::SecurityOption),
                "devices" | "device_cgroup_rules" | "gpus" => self.each(key, value, Wish::Device),
                "sysctls" => self.each(key, value, Wish::Sysctl),
                "external_links" => self.each(key, value, Wish::OtherContainer),
                "volumes_from" => self.volumes_from(value),
                "cgroup_parent" => self.add(Wish::CgroupParent(words(value))),
                "provider" => {
                    let program = value.get("type").map(words);
                    self.add(Wish::HostProgram(program.unwrap_or_default()));
                }
                "volumes" => self.mounts(value),
                "logging" => self.logging(value),
                "deploy" => self.deploy(value),
                "post_start" | "pre_stop" => self.hooks(key, value),
                _ => match NAMESPACES.into_iter().find(|namespace| *namespace == key) {
                    Some(key) => self.add(Wish::Namespace { key, mode: words(value) }),
                    None => self.unknown(key),
                },
            }
        }
    }

    fn if_true(&mut self, value: &Value, wish: Wish) {
        if *value != Value::Bool(false) {
            self.add(wish);
        }
    }

    /// Volumes of an own service are judged where that service mounts them.
    fn volumes_from(&mut self, list: &Value) {
        let Some(items) = list.as_array() else { return self.unknown("volumes_from") };
        for item in items.iter().map(words).filter(|item| item.starts_with("container:")) {
            self.add(Wish::OtherContainer(item));
        }
    }

    fn mounts(&mut self, list: &Value) {
        let Some(mounts) = list.as_array() else { return self.unknown("volumes") };
        for mount in mounts {
            match mount.get("type").map(words).as_deref() {
                Some("bind") => {
                    let is_read_only = mount.get("read_only") == Some(&Value::Bool(true));
                    self.path(mount.get("source").map(words).unwrap_or_default(), is_read_only);
                    let propagation = mount.pointer("/bind/propagation").map(words).unwrap_or_default();
                    if !["", "private", "rprivate", "slave", "rslave"].contains(&&*propagation) {
                        self.unknown(format!("volumes.bind.propagation: {propagation}"));
                    }
                }
                Some("volume" | "tmpfs" | "image") => {}
                other => self.unknown(format!("volumes.type: {}", other.unwrap_or_default())),
            }
        }
    }

    fn logging(&mut self, logging: &Value) {
        let driver = logging.get("driver").map(words).unwrap_or_default();
        if !LOG_DRIVERS.contains(&&*driver) {
            self.unknown(format!("logging.driver: {driver}"));
        }
    }

    /// Graphics cards hide there. The rest is limits.
    fn deploy(&mut self, deploy: &Value) {
        if let Some(devices) = deploy.pointer("/resources/reservations/devices") {
            self.each("deploy.resources.reservations.devices", devices, Wish::Device);
        }
    }

    fn hooks(&mut self, key: &str, hooks: &Value) {
        let Some(hooks) = hooks.as_array() else { return self.unknown(key) };
        for privileged in hooks.iter().filter_map(|hook| hook.get("privileged")) {
            self.if_true(privileged, Wish::Privileged);
        }
    }

    fn resources(&mut self, section: &Value, read: impl Fn(&mut Self, &str, &Object)) {
        for (key, resource) in section.as_object().into_iter().flatten() {
            read(self, key, resource.as_object().unwrap_or(&Object::new()));
        }
    }

    fn volume(&mut self, project: &str, key: &str, volume: &Object) {
        self.own(project, "volume", key, volume);
        for (option, value) in set(volume) {
            match (option, words(value).as_str()) {
                ("name" | "labels" | "external" | "driver_opts", _) | ("driver", "" | "local") => {}
                (option, value) => self.unknown(format!("volumes.{key}.{option}: {value}")),
            }
        }
        if let Some(options) = volume.get("driver_opts").and_then(Value::as_object) {
            self.volume_options(key, options);
        }
    }

    /// The `local` driver hands its options to the kernel's mount, which can be a bind of any folder, a disk,
    /// or a share.
    fn volume_options(&mut self, key: &str, options: &Object) {
        let option = |name: &str| options.get(name).map(words).unwrap_or_default();
        let (kind, device, flags) = (option("type"), option("device"), option("o"));
        let mut flags = flags.split(',').map(|flag| flag.split_once('=').map_or(flag, |(name, _)| name));
        let is_harmless = |flag: &str| flag.is_empty() || TMPFS_OPTIONS.contains(&flag);
        let is_known = options.keys().all(|name| ["type", "device", "o"].contains(&&**name));
        if flags.clone().any(|flag| ["bind", "rbind"].contains(&flag)) {
            self.path(device, false);
        } else if !is_known || kind != "tmpfs" || !flags.all(is_harmless) {
            self.unknown(format!("volumes.{key}.driver_opts: {kind} {device}"));
        }
    }

    fn network(&mut self, project: &str, key: &str, network: &Object) {
        self.own(project, "network", key, network);
        for (option, value) in set(network) {
            match (option, words(value).as_str()) {
                (
                    "name" | "labels" | "external" | "internal" | "attachable" | "enable_ipv4"
                    | "enable_ipv6",
                    _,
                )
                | ("driver", "" | "bridge") => {}
                ("ipam", _) if value.get("driver").is_none_or(|driver| words(driver) == "default") => {}
                ("driver_opts", _) => {
                    let options = value.as_object().into_iter().flatten().map(|(option, _)| option);
                    for option in options.filter(|option| *option != "com.docker.network.driver.mtu") {
                        self.unknown(format!("networks.{key}.driver_opts.{option}"));
                    }
                }
                (option, value) => self.unknown(format!("networks.{key}.{option}: {value}")),
            }
        }
    }

    /// What compose does not name after the project may be somebody else's.
    fn own(&mut self, project: &str, kind: &str, key: &str, resource: &Object) {
        let name = resource.get("name").map(words).unwrap_or_default();
        let is_external = resource.get("external").is_some_and(|external| *external != Value::Bool(false));
        if kind == "volume" && self.kept.iter().any(|kept| kept.name == name) {
            return;
        }
        if is_external || name != format!("{project}_{key}") {
            self.add(Wish::External(format!("{kind} {name}")));
        }
    }

    /// A config or a secret.
    fn file(&mut self, key: &str, source: &Object) {
        for (option, value) in set(source) {
            match option {
                "name" | "content" | "environment" | "labels" => {}
                "file" => self.path(words(value), false),
                option => self.unknown(format!("{key}.{option}")),
            }
        }
    }
}

/// The members that are set.
fn set(object: &Object) -> impl Iterator<Item = (&str, &Value)> {
    object.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.as_str(), value))
}

/// A value in words: a text as it is meant, anything else as JSON.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => unescaped(text),
        Value::Object(map) if map.contains_key("source") => map.get("source").map(words).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// Compose writes `$$` for a dollar sign, so that what it writes can be read again.
fn unescaped(text: &str) -> String {
    text.replace("$$", "$")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asks(project: Value) -> Vec<(String, Wish)> {
        let Value::Object(project) = project else { panic!("a project is an object") };
        let kept = KeptVolume { service: "web".into(), target: "/x".into(), name: "kept".into() };
        of(&project, "blog", &[kept]).into_iter().map(|ask| (ask.service, ask.what)).collect()
    }

    #[test]
    fn a_project_of_the_usual_kind_asks_for_nothing() {
        let project = json!({
            "name": "blog",
            "x-appmanage": { "trademark": "Blog" },
            "services": { "web": {
                "image": "blog", "command": null, "environment": { "A": "b" }, "networks": { "default": null },
                "volumes": [{ "type": "volume", "source": "data", "target": "/data", "volume": {} }],
                "logging": { "driver": "json-file", "options": { "max-size": "10m" } },
                "deploy": { "resources": { "limits": { "memory": "64M" } }, "placement": {} },
            } },
            "networks": { "default": {
                "name": "blog_default", "ipam": { "config": [{ "subnet": "10.0.0.0/27" }] }, "labels": {},
            } },
            "volumes": {
                "data": { "name": "blog_data", "labels": {} },
                "appmanage-kept-0": { "name": "kept", "external": true },
            },
        });
        assert_eq!(asks(project), []);
    }

    #[test]
    fn what_is_not_known_is_told_with_whose_it_is_and_never_left_out() {
        let project = json!({
            "name": "blog",
            "services": { "web": { "image": "blog", "of_tomorrow": 1, "privileged": "yes", "volumes": "odd" } },
            "volumes": { "data": { "name": "other_data" } },
            "models": { "llm": {} },
        });
        let unknown = |what: &str| Wish::Unknown(what.to_owned());
        let expected = [
            ("web", unknown("of_tomorrow")),
            ("web", Wish::Privileged),
            ("web", unknown("volumes")),
            ("", Wish::External("volume other_data".to_owned())),
            ("", unknown("models")),
        ];
        assert_eq!(asks(project), expected.map(|(service, wish)| (service.to_owned(), wish)));
    }

    #[test]
    fn a_dollar_sign_that_compose_doubled_is_one() {
        let mounts = json!([{ "type": "bind", "source": "/no$$where", "target": "/x" }]);
        let found = asks(json!({ "services": { "web": { "volumes": mounts } } }));
        let Some((_, Wish::HostPath { written, resolved, .. })) = found.first() else { panic!("{found:?}") };
        assert_eq!((written.as_str(), resolved.as_deref()), ("/no$where", Some(Path::new("/no$where"))));
    }
}
