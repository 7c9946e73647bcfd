//! What becomes of a project on the engine: its networks, volumes and containers, and what a start does to them.

use std::net::IpAddr;

use control::ports::{
    ComposeOrigin, EngineContainer, EngineEvent, EngineNetwork, EngineVolume, Ownership, Project,
};
use domain::{ContainerFacts, ContainerId, ContainerState, Health, Protocol, RestartPolicy};

use super::{Behaviour, State, UpError};

impl State {
    pub(super) fn create(
        &mut self,
        project: &Project,
        now: domain::Timestamp,
        is_started: bool,
    ) -> Result<(), UpError> {
        let images = project.package.services.iter().map(|service| &service.image);
        if let Some(image) = images.into_iter().find(|image| !self.images.has(image)) {
            return Err(UpError::NoImage(image.clone()));
        }
        let is_there = |name: &String| self.volumes.iter().any(|volume| volume.name == *name);
        if let Some(lost) = project.kept_volumes.iter().find(|kept| !is_there(&kept.name)) {
            return Err(UpError::NoVolume(lost.name.clone()));
        }
        let owner = Ownership {
            instance: Some(project.instance.clone()),
            install: Some(project.install.clone()),
            project: Some(project.name.to_string()),
        };
        for subnet in &project.subnets {
            let name = format!("{}_{}", project.name, subnet.network);
            if !self.networks.iter().any(|network| network.name == name) {
                let (id, subnets) = (format!("id-of-{name}"), vec![subnet.subnet]);
                self.networks.push(EngineNetwork { id, name, owner: owner.clone(), subnets });
            }
        }
        for key in &project.package.volumes {
            let name = format!("{}_{key}", project.name);
            if !self.volumes.iter().any(|volume| volume.name == name) {
                self.volumes.push(EngineVolume { name, owner: owner.clone() });
            }
        }
        self.tell(&EngineEvent::Networks);
        for service in &project.package.services {
            let id = self.create_container(project, service, &owner, now);
            if is_started {
                self.start(&id, now).map_err(UpError::PortTaken)?;
            }
        }
        Ok(())
    }

    fn create_container(
        &mut self,
        project: &Project,
        service: &domain::package::Service,
        owner: &Ownership,
        now: domain::Timestamp,
    ) -> ContainerId {
        let ports: Vec<(IpAddr, Protocol, u16)> = project
            .ports
            .iter()
            .filter(|port| port.service == service.name)
            .map(|port| (port.address, port.protocol, port.port))
            .collect();
        let name = format!("{}-{}-1", project.name, service.name);
        // As compose does: a container that is there is kept if it fits and recreated if not.
        let found = self.containers.values().find(|container| container.facts.name == name);
        let image_id = self.images.id_of(&service.image);
        let definition = format!("{ports:?} {image_id} {:?}", project.variables);
        if let Some(found) = found.filter(|c| self.definitions.get(&c.facts.id) == Some(&definition)) {
            return found.facts.id.clone();
        }
        // What it had in anonymous volumes, compose hands on to the one that takes its place.
        let found = self.containers.values().find(|container| container.facts.name == name);
        let replaced = found.map(|container| container.facts.id.clone());
        let handed_on = found.map(|container| container.anonymous_volumes.clone()).unwrap_or_default();
        if let Some(replaced) = replaced {
            self.containers.remove(&replaced);
            self.tell(&EngineEvent::Container(replaced));
        }
        self.next_id += 1;
        let id = ContainerId::from_text(format!("c{}", self.next_id));
        self.definitions.insert(id.clone(), definition);
        let mut anonymous_volumes = handed_on;
        if anonymous_volumes.is_empty()
            && let Some(target) = self.anonymous.get(&service.image).cloned()
        {
            let is_it = |kept: &&domain::KeptVolume| kept.service == service.name && kept.target == target;
            let kept = project.kept_volumes.iter().find(is_it).map(|kept| kept.name.clone());
            let volume = kept.unwrap_or_else(|| format!("anonymous-{id}"));
            if !self.volumes.iter().any(|known| known.name == volume) {
                self.volumes.push(EngineVolume { name: volume.clone(), owner: Ownership::default() });
            }
            anonymous_volumes.push((target, volume));
        }
        self.images_of.insert(id.clone(), service.image.clone());
        let mut facts = facts(id.clone(), name, &service.name, now);
        facts.restart_policy = self.restart_policy.unwrap_or(facts.restart_policy);
        let container = EngineContainer {
            facts,
            image: service.image.clone(),
            image_id,
            owner: owner.clone(),
            ports,
            anonymous_volumes,
            compose: ComposeOrigin::default(),
        };
        self.containers.insert(id.clone(), container);
        self.tell(&EngineEvent::Container(id.clone()));
        id
    }

    /// Starts a container that does not run; the port that is taken.
    pub(super) fn start(&mut self, id: &ContainerId, now: domain::Timestamp) -> Result<(), u16> {
        let image = self.images_of.get(id).cloned().unwrap_or_default();
        let behaviour = self.behaviours.get(&image).copied().unwrap_or_default();
        let Some(container) = self.containers.get_mut(id) else { return Ok(()) };
        if container.facts.state == ContainerState::Running {
            return Ok(());
        }
        let mut ports = container.ports.iter().map(|(_, _, port)| *port);
        if let Some(stolen) = ports.find(|port| self.stolen_ports.contains(port)) {
            return Err(stolen);
        }
        behave(&mut container.facts, behaviour, now);
        if behaviour == Behaviour::Silent {
            self.silent.insert(id.clone());
        }
        self.tell(&EngineEvent::Container(id.clone()));
        Ok(())
    }
}

/// What the start of a container makes of it.
fn behave(facts: &mut ContainerFacts, behaviour: Behaviour, now: domain::Timestamp) {
    (facts.state, facts.exit_code) = match behaviour {
        Behaviour::Well | Behaviour::Silent | Behaviour::Unhealthy => (ContainerState::Running, 0),
        Behaviour::Exits(code) => (ContainerState::Exited, code),
        Behaviour::OutOfMemory => (ContainerState::Exited, 137),
    };
    facts.oom_killed = behaviour == Behaviour::OutOfMemory;
    facts.health = if behaviour == Behaviour::Unhealthy { Health::Unhealthy } else { Health::None };
    facts.started_at = Some(now);
}

/// A container that has just been created.
pub(super) fn facts(id: ContainerId, name: String, service: &str, now: domain::Timestamp) -> ContainerFacts {
    ContainerFacts {
        id,
        name,
        service: service.to_owned(),
        state: ContainerState::Created,
        exit_code: 0,
        oom_killed: false,
        health: Health::None,
        restart_count: 0,
        restart_policy: RestartPolicy::Always,
        created_at: now,
        started_at: None,
        finished_at: None,
        depends_on: Vec::new(),
        is_partial: false,
    }
}
