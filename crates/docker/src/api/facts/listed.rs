//! What the engine's list of containers says of each: less than inspect tells, and known also of a container over
//! which the engine hangs.

use control::ports::EngineContainer;
use domain::{ContainerId, Timestamp};
use serde::Deserialize;

use super::{
    Binding, Config, Container, HealthState, HostConfig, Labels, Mount, NetworkSettings, PortMap, State,
};

/// An item of `GET /containers/json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct Listed {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    image: String,
    #[serde(default, rename = "ImageID")]
    image_id: String,
    /// Seconds since the epoch.
    #[serde(default)]
    created: i64,
    #[serde(default)]
    state: String,
    /// The same in words for people, which tell more: `Up 5 minutes (unhealthy)`, `Exited (1) 3 minutes ago`.
    #[serde(default)]
    status: String,
    #[serde(default)]
    labels: Option<Labels>,
    #[serde(default)]
    ports: Option<Vec<ListedPort>>,
    #[serde(default)]
    mounts: Option<Vec<Mount>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ListedPort {
    #[serde(rename = "IP")]
    ip: String,
    private_port: u16,
    public_port: u16,
    r#type: String,
}

impl Listed {
    pub(in crate::api) fn id(&self) -> ContainerId {
        ContainerId::from_text(self.id.clone())
    }

    /// What there is to know of it without an inspection.
    pub(in crate::api) fn into_domain(self) -> EngineContainer {
        let mut ports = PortMap::new();
        for port in self.ports.unwrap_or_default().into_iter().filter(|port| port.public_port != 0) {
            let binding = Binding { host_ip: port.ip, host_port: port.public_port.to_string() };
            let target = format!("{}/{}", port.private_port, port.r#type);
            ports.entry(target).or_default().get_or_insert_default().push(binding);
        }
        let detail = detail(&self.status);
        let state = State {
            running: self.state == "running",
            status: self.state,
            exit_code: detail.parse().unwrap_or_default(),
            health: Some(HealthState { status: detail.trim_start_matches("health: ").to_owned() }),
            ..State::default()
        };
        let mut container = Container {
            id: self.id,
            name: self.names.into_iter().next().unwrap_or_default(),
            image: self.image_id,
            created: String::new(),
            restart_count: 0,
            state,
            config: Config { image: self.image, tty: false, labels: self.labels },
            host_config: HostConfig::default(),
            network_settings: NetworkSettings { ports: Some(ports) },
            mounts: self.mounts,
        }
        .into_domain();
        container.facts.created_at = Timestamp::from_millis(self.created.saturating_mul(1_000));
        container.facts.is_partial = true;
        container
    }
}

/// What stands in parentheses there: how healthy it is, or the exit code of its last run.
fn detail(status: &str) -> &str {
    let inside = status.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    inside.map_or("", |(inside, _)| inside)
}
