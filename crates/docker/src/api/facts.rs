//! What the engine's JSON says, as `control`'s and `domain`'s types.
//!
//! Only the fields that we use are named, all of them may be absent, and words that we do not know have
//! a meaning: an engine that is newer than this program must not lose us a container.

mod listed;

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use control::ports::engine::{LABEL_INSTALL, LABEL_INSTANCE};
use control::ports::{ComposeOrigin, EngineContainer, EngineNetwork, EngineVolume, Ownership};
use domain::{
    Condition, ContainerFacts, ContainerId, ContainerState, Dependency, Health, InstallId, InstanceId,
    Protocol, RestartPolicy, Timestamp,
};
pub(super) use listed::Listed;
use serde::Deserialize;

const LABEL_PROJECT: &str = "com.docker.compose.project";
const LABEL_SERVICE: &str = "com.docker.compose.service";
/// `True` on what `docker compose run` made: it bears all labels of its service, and is not of it.
const LABEL_ONE_OFF: &str = "com.docker.compose.oneoff";

/// The folder that a project was brought up in.
const LABEL_WORKING_DIR: &str = "com.docker.compose.project.working_dir";
/// Its compose files, separated by commas.
const LABEL_CONFIG_FILES: &str = "com.docker.compose.project.config_files";

/// What a service depends on: `db:service_healthy:false,cache:service_started:true`.
const LABEL_DEPENDS_ON: &str = "com.docker.compose.depends_on";

/// Most ports that one binding may name as a range; Docker itself allows all.
const LONGEST_PORT_RANGE: u16 = 1_000;

type Labels = HashMap<String, String>;
/// `80/tcp` → the host ports that lead there.
type PortMap = HashMap<String, Option<Vec<Binding>>>;

/// `GET /containers/{id}/json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Container {
    id: String,
    #[serde(default)]
    name: String,
    /// The identifier of its image.
    #[serde(default)]
    image: String,
    #[serde(default)]
    created: String,
    #[serde(default)]
    restart_count: u32,
    #[serde(default)]
    state: State,
    #[serde(default)]
    config: Config,
    #[serde(default)]
    host_config: HostConfig,
    #[serde(default)]
    network_settings: NetworkSettings,
    #[serde(default)]
    mounts: Option<Vec<Mount>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Mount {
    r#type: String,
    name: String,
    destination: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct State {
    status: String,
    running: bool,
    exit_code: i64,
    #[serde(rename = "OOMKilled")]
    oom_killed: bool,
    started_at: String,
    finished_at: String,
    health: Option<HealthState>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HealthState {
    status: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    /// Its image, as it was asked for.
    image: String,
    tty: bool,
    labels: Option<Labels>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    restart_policy: RestartPolicyName,
    port_bindings: Option<PortMap>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RestartPolicyName {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    ports: Option<PortMap>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Binding {
    host_ip: String,
    host_port: String,
}

impl Container {
    /// Whether its output is one stream as a terminal shows it.
    pub(super) fn has_terminal(&self) -> bool {
        self.config.tty
    }

    pub(super) fn into_domain(self) -> EngineContainer {
        let labels = self.config.labels.unwrap_or_default();
        // What is published now, and what will be published again when a stopped one starts.
        let maps = [self.host_config.port_bindings, self.network_settings.ports];
        let ports: BTreeSet<_> = maps.iter().flatten().flatten().flat_map(host_ports).collect();
        let facts = ContainerFacts {
            id: ContainerId::from_text(self.id),
            name: self.name.trim_start_matches('/').to_owned(),
            service: service(&labels),
            state: state(&self.state),
            exit_code: self.state.exit_code,
            oom_killed: self.state.oom_killed,
            health: health(self.state.health.as_ref()),
            restart_count: self.restart_count,
            restart_policy: match self.host_config.restart_policy.name.as_str() {
                "" | "no" => RestartPolicy::No,
                "on-failure" => RestartPolicy::OnFailure,
                _ => RestartPolicy::Always,
            },
            created_at: time(&self.created).unwrap_or_default(),
            started_at: time(&self.state.started_at),
            finished_at: time(&self.state.finished_at),
            depends_on: labels.get(LABEL_DEPENDS_ON).map(|text| dependencies(text)).unwrap_or_default(),
            is_partial: false,
        };
        let mounts = self.mounts.unwrap_or_default().into_iter();
        let anonymous = mounts.filter(|mount| mount.r#type == "volume" && is_anonymous(&mount.name));
        EngineContainer {
            facts,
            image: self.config.image,
            image_id: self.image,
            owner: owner(&labels),
            ports: ports.into_iter().collect(),
            anonymous_volumes: anonymous.map(|mount| (mount.destination, mount.name)).collect(),
            compose: compose_origin(&labels),
        }
    }
}

fn state(state: &State) -> ContainerState {
    match state.status.as_str() {
        "created" => ContainerState::Created,
        "paused" => ContainerState::Paused,
        "restarting" => ContainerState::Restarting,
        "removing" => ContainerState::Removing,
        "exited" => ContainerState::Exited,
        "dead" => ContainerState::Dead,
        // `running`, and what is running under a word that we do not know (`stopping`).
        _ if state.running => ContainerState::Running,
        _ => ContainerState::Exited,
    }
}

fn health(health: Option<&HealthState>) -> Health {
    match health.map(|health| health.status.as_str()) {
        Some("starting") => Health::Starting,
        Some("healthy") => Health::Healthy,
        Some("unhealthy") => Health::Unhealthy,
        _ => Health::None,
    }
}

/// A time as the engine writes it; the year 1 stands for never.
fn time(text: &str) -> Option<Timestamp> {
    let since_epoch = humantime::parse_rfc3339_weak(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_epoch.as_millis()).ok().map(Timestamp::from_millis)
}

/// The service that a container belongs to; empty for one that a person started beside the app's own.
fn service(labels: &Labels) -> String {
    let is_one_off = labels.get(LABEL_ONE_OFF).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    labels.get(LABEL_SERVICE).filter(|_| !is_one_off).cloned().unwrap_or_default()
}

/// The services that compose's label names, each with its condition; the third part says whether a restart of it
/// restarts this one, which is compose's own affair.
fn dependencies(label: &str) -> Vec<Dependency> {
    let of_entry = |entry: &str| {
        let mut parts = entry.split(':');
        let service = parts.next().filter(|service| !service.is_empty())?.to_owned();
        let condition = match parts.next() {
            Some("service_healthy") => Condition::Healthy,
            Some("service_completed_successfully") => Condition::Completed,
            _ => Condition::Started,
        };
        Some(Dependency { service, condition })
    };
    label.split(',').filter_map(of_entry).collect()
}

/// Whether Docker chose that volume's name: 64 hexadecimal digits.
fn is_anonymous(volume: &str) -> bool {
    volume.len() == 64 && volume.bytes().all(|b| b.is_ascii_hexdigit())
}

fn owner(labels: &Labels) -> Ownership {
    Ownership {
        instance: labels.get(LABEL_INSTANCE).map(InstanceId::from_text),
        install: labels.get(LABEL_INSTALL).map(InstallId::from_text),
        project: labels.get(LABEL_PROJECT).cloned(),
    }
}

fn compose_origin(labels: &Labels) -> ComposeOrigin {
    let path = |text: &str| PathBuf::from(text);
    let files = labels.get(LABEL_CONFIG_FILES).map(String::as_str).unwrap_or_default();
    ComposeOrigin {
        folder: labels.get(LABEL_WORKING_DIR).map(|text| path(text)).unwrap_or_default(),
        file: files.split(',').next().map(path).unwrap_or_default(),
    }
}

fn host_ports(entry: (&String, &Option<Vec<Binding>>)) -> Vec<(IpAddr, Protocol, u16)> {
    let (target, bindings) = entry;
    let protocol = match target.rsplit_once('/').map(|(_, protocol)| protocol) {
        Some("udp") => Protocol::Udp,
        Some("tcp") | None => Protocol::Tcp,
        // SCTP has ports of its own, which are in nobody's way.
        Some(_) => return Vec::new(),
    };
    let of_binding = |binding: &Binding| {
        let address = binding.host_ip.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        port_range(&binding.host_port).map(move |port| (address, protocol, port))
    };
    bindings.iter().flatten().flat_map(of_binding).collect()
}

/// The ports of `8080`, or of `8000-8010`: one of them will be taken. `0` and nothing mean: any.
fn port_range(text: &str) -> impl Iterator<Item = u16> + use<> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last): (u16, u16) = (first.parse().unwrap_or(0), last.parse().unwrap_or(0));
    let last = last.min(first.saturating_add(LONGEST_PORT_RANGE));
    (first..=last).filter(|port| *port != 0)
}

/// An item of `GET /networks`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Network {
    id: String,
    name: String,
    #[serde(default)]
    labels: Option<Labels>,
    #[serde(default, rename = "IPAM")]
    ipam: Ipam,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Ipam {
    config: Option<Vec<Pool>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Pool {
    subnet: String,
}

impl Network {
    pub(super) fn into_domain(self) -> EngineNetwork {
        // Those that are no IPv4 subnets are IPv6's.
        let subnets = self.ipam.config.iter().flatten().filter_map(|pool| pool.subnet.parse().ok()).collect();
        EngineNetwork {
            id: self.id,
            name: self.name,
            owner: owner(&self.labels.unwrap_or_default()),
            subnets,
        }
    }
}

/// An item of `GET /volumes`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Volume {
    name: String,
    #[serde(default)]
    labels: Option<Labels>,
}

impl Volume {
    pub(super) fn into_domain(self) -> EngineVolume {
        EngineVolume { name: self.name, owner: owner(&self.labels.unwrap_or_default()) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn container(json: Value) -> EngineContainer {
        serde_json::from_value::<Container>(json).expect("it can be read").into_domain()
    }

    #[test]
    fn everything_that_inspect_tells_is_read() {
        let seen = container(json!({
            "Id": "abc", "Name": "/myblog-web-1", "Created": "2026-11-22T20:00:00.123456789Z", "RestartCount": 2,
            "Image": "sha256:1f",
            "State": {"Status": "exited", "Running": false, "ExitCode": 137, "OOMKilled": true,
                      "StartedAt": "2026-11-22T20:00:01Z", "FinishedAt": "0001-01-01T00:00:00Z",
                      "Health": {"Status": "unhealthy", "FailingStreak": 3, "Log": []}},
            "Config": {"Image": "blog:latest", "Labels": {"com.docker.compose.project": "myblog", "com.docker.compose.service": "web",
                                  "com.docker.compose.project.working_dir": "/srv/my blog",
                                  "com.docker.compose.project.config_files": "/srv/my blog/a.yaml,/srv/b.yaml",
                                  "io.appmanage.instance": "i1", "io.appmanage.install": "n1"}},
            "HostConfig": {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
                           "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}},
            "NetworkSettings": {"Ports": {"80/tcp": null}}
        }));
        assert_eq!((seen.image.as_str(), seen.image_id.as_str()), ("blog:latest", "sha256:1f"));
        let facts = seen.facts;
        assert_eq!((facts.name.as_str(), facts.service.as_str()), ("myblog-web-1", "web"));
        assert_eq!(facts.state, ContainerState::Exited);
        assert_eq!((facts.exit_code, facts.oom_killed, facts.restart_count), (137, true, 2));
        assert_eq!(facts.health, Health::Unhealthy);
        assert_eq!(facts.restart_policy, RestartPolicy::OnFailure);
        assert_eq!(facts.created_at.as_millis(), 1_795_377_600_123);
        assert_eq!(facts.started_at.map(Timestamp::as_millis), Some(1_795_377_601_000));
        assert_eq!(facts.finished_at, None, "the year 1 is never");
        assert_eq!(seen.owner.project.as_deref(), Some("myblog"));
        assert_eq!(seen.owner.instance, Some(InstanceId::from_text("i1")));
        assert_eq!(seen.owner.install, Some(InstallId::from_text("n1")));
        let (folder, file) = (seen.compose.folder, seen.compose.file);
        assert_eq!((folder, file), ("/srv/my blog".into(), "/srv/my blog/a.yaml".into()));
        assert_eq!(seen.ports, [("127.0.0.1".parse().expect("an address"), Protocol::Tcp, 8080)]);
    }

    #[test]
    fn what_a_person_runs_beside_the_app_belongs_to_no_service() {
        let one_off = json!({"Id": "abc", "State": {"Status": "exited", "ExitCode": 1}, "Config": {"Labels": {
            "com.docker.compose.service": "web", "com.docker.compose.oneoff": "True",
            "io.appmanage.install": "n1"}}});
        let seen = container(one_off);
        assert_eq!((seen.facts.service.as_str(), seen.owner.install), ("", Some(InstallId::from_text("n1"))));
    }

    #[test]
    fn ports_of_now_and_of_the_next_start_are_both_taken_once() {
        let seen = container(json!({
            "Id": "abc",
            "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}],
                                            "53/udp": [{"HostIp": "", "HostPort": "5300-5301"}],
                                            "81/tcp": [{"HostIp": "", "HostPort": ""}],
                                            "9/sctp": [{"HostIp": "", "HostPort": "9"}]}},
            "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"},
                                                     {"HostIp": "::", "HostPort": "8080"}],
                                          "81/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}]}}
        }));
        let ports: Vec<_> =
            seen.ports.iter().map(|(ip, protocol, port)| format!("{ip} {protocol} {port}")).collect();
        assert_eq!(
            ports,
            ["0.0.0.0 tcp 8080", "0.0.0.0 tcp 32768", "0.0.0.0 udp 5300", "0.0.0.0 udp 5301", ":: tcp 8080"]
        );
    }

    #[test]
    fn words_of_a_newer_engine_do_not_lose_the_container() {
        let unknown = json!({"Id": "a", "State": {"Status": "hibernating", "Running": true,
            "Health": {"Status": "dizzy"}}, "HostConfig": {"RestartPolicy": {"Name": "someday"}}, "New": [1]});
        let facts = container(unknown).facts;
        assert_eq!((facts.state, facts.health), (ContainerState::Running, Health::None));
        assert_eq!(facts.restart_policy, RestartPolicy::Always);
        assert_eq!(
            container(json!({"Id": "a", "State": {"Status": "gone"}})).facts.state,
            ContainerState::Exited
        );
        let nulls = json!({"Id": "a", "Config": {"Labels": null}, "HostConfig": {"PortBindings": null}});
        assert_eq!(container(nulls).owner, Ownership::default());
    }

    #[test]
    fn networks_tell_their_ipv4_subnets() {
        let network: Network = serde_json::from_value(json!({"Id": "n", "Name": "x_default", "Labels": null,
            "IPAM": {"Config": [{"Subnet": "10.1.0.0/27"}, {"Subnet": "fd00::/64"}]}}))
        .expect("it can be read");
        assert_eq!(network.into_domain().subnets, ["10.1.0.0/27".parse().expect("a subnet")]);
        let host: Network =
            serde_json::from_value(json!({"Id": "h", "Name": "host", "IPAM": {"Config": null}}))
                .expect("it can be read");
        assert_eq!(host.into_domain().subnets, []);
    }
}
