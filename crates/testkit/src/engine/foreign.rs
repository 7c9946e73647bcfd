//! What others do on the engine by hand: compose projects that no server of ours made.

use std::net::{IpAddr, Ipv4Addr};

use control::ports::{ComposeOrigin, EngineContainer, EngineEvent, EngineNetwork, EngineVolume, Ownership};
use domain::{ContainerId, Protocol};

use super::{FakeEngine, State, making};

/// The port that the first service of a project publishes; each next publishes the next.
pub const FOREIGN_PORT: u16 = 9_000;

impl FakeEngine {
    /// `docker compose up` in `/srv/<project>`: a network, a volume and one container of each service, whose image
    /// has the service's name. What is there already is started.
    ///
    /// # Panics
    /// A port is taken.
    pub fn compose_up(&self, project: &str, services: &[&str]) {
        let owner = Ownership { project: Some(project.to_owned()), ..Ownership::default() };
        self.compose_up_as(project, services, &owner);
    }

    /// The same, by whoever that is.
    ///
    /// # Panics
    /// A port is taken.
    pub fn compose_up_as(&self, project: &str, services: &[&str], owner: &Ownership) {
        let now = self.clock.now();
        let mut state = self.state();
        let (network, volume) = (format!("{project}_default"), format!("{project}_data"));
        if !state.networks.iter().any(|known| known.name == network) {
            let id = format!("id-of-{network}");
            state.networks.push(EngineNetwork {
                id,
                name: network,
                owner: owner.clone(),
                subnets: Vec::new(),
            });
            state.volumes.push(EngineVolume { name: volume, owner: owner.clone() });
            state.tell(&EngineEvent::Networks);
        }
        for (port, service) in (FOREIGN_PORT..).zip(services) {
            let id = state.foreign_container(project, service, port, owner, now);
            state.start(&id, now).expect("nobody else has the port");
        }
    }

    /// `docker compose down` of a project: its volumes stay.
    pub fn compose_down(&self, project: &str) {
        let mut state = self.state();
        let is_of = |owner: &Ownership| owner.project.as_deref() == Some(project);
        let found = state.containers.values().filter(|container| is_of(&container.owner));
        let gone: Vec<ContainerId> = found.map(|container| container.facts.id.clone()).collect();
        state.networks.retain(|network| !is_of(&network.owner));
        for id in gone {
            state.containers.remove(&id);
            state.tell(&EngineEvent::Container(id));
        }
        state.tell(&EngineEvent::Networks);
    }
}

impl State {
    /// The container of that service: the one that is there, or a new one.
    fn foreign_container(
        &mut self,
        project: &str,
        service: &str,
        port: u16,
        owner: &Ownership,
        now: domain::Timestamp,
    ) -> ContainerId {
        let name = format!("{project}-{service}-1");
        if let Some(found) = self.containers.values().find(|container| container.facts.name == name) {
            return found.facts.id.clone();
        }
        self.next_id += 1;
        let id = ContainerId::from_text(format!("c{}", self.next_id));
        self.images_of.insert(id.clone(), service.to_owned());
        let image_id = self.images.id_of(service);
        let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let container = EngineContainer {
            facts: making::facts(id.clone(), name, service, now),
            image: service.to_owned(),
            image_id,
            owner: owner.clone(),
            ports: vec![(everywhere, Protocol::Udp, 53), (everywhere, Protocol::Tcp, port)],
            anonymous_volumes: Vec::new(),
            compose: ComposeOrigin {
                folder: format!("/srv/{project}").into(),
                file: format!("/srv/{project}/compose.yaml").into(),
            },
        };
        self.containers.insert(id.clone(), container);
        self.tell(&EngineEvent::Container(id.clone()));
        id
    }
}
