//! Chooses folder, ports, subnets and secrets, and stores the choice before anything is made of it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use domain::network::subnets_overlap;
use domain::observation::Expectation;
use domain::package::{PublishedPort, Variable, VariableKind};
use domain::{
    App, Deployment, Failure, FailureClass, Login, MainEndpoint, Operation, OperationKind, Package,
    PortReservation, Protocol, Secret, Step, StepOutcome, SubnetReservation,
};
use ipnet::Ipv4Net;

use super::StepError;
use crate::Control;
use crate::allocation::{PortRange, TakenPort, choose_port, choose_subnet, is_free};
use crate::memory::Memory;
use crate::ports::{Change, EngineNetwork, HostError, Listener};
use crate::recorder::off_the_runtime;

pub(super) async fn run(control: &Arc<Control>, app: &App, operation: &Operation) -> Result<(), StepError> {
    let package = control.package_of(app).await?;
    let networks = control.refuse_taken_names(app, &package).await?;
    let lost = Lost::of(operation);
    let (chooser, install) = (Arc::clone(control), app.install.clone());
    let asker = Arc::clone(control);
    let taken = off_the_runtime(move || asker.taken_outside(networks)).await?;
    control
        .recorder
        .update(move |memory, _| {
            let Some(record) = memory.install(&install) else { return Ok((Change::default(), ())) };
            let mut app = record.app.clone();
            let deployment = chooser.deployment(&app, &package, memory, &taken, &lost)?;
            let change = Change {
                ports: Some((install.clone(), deployment.ports.clone())),
                subnets: Some((install, deployment.subnets.clone())),
                operation: record.operation.clone(),
                app: Some({
                    app.deployment = Some(deployment);
                    app
                }),
                ..Change::default()
            };
            Ok::<_, StepError>((change, ()))
        })
        .await?;
    let folder = control.projects.folder(&app.project);
    Ok(control.projects.create_folder(&folder, &app.install).await?)
}

pub(super) async fn undo(control: &Arc<Control>, app: &App, operation: &Operation) -> Result<(), String> {
    if operation.kind != OperationKind::Install {
        return Ok(());
    }
    // The reservations are given back in the transaction that ends the operation: until then nobody else
    // can be given what may still be in use.
    let folder = control.projects.folder(&app.project);
    let removed = control.projects.remove_folder(&folder, &app.install).await;
    removed.map_err(|error| crate::recorder::error_chain(&error))
}

/// What others than this server's apps have, asked before memory is held.
pub(crate) struct TakenOutside {
    networks: Vec<EngineNetwork>,
    routes: Vec<Ipv4Net>,
    listeners: Vec<Listener>,
}

/// What earlier tries found to be taken: it is chosen anew.
#[derive(Default)]
pub(crate) struct Lost {
    ports: Vec<u16>,
    subnets: bool,
    /// What the app had before it lay in the recycle bin may have been given to others since.
    is_doubtful: bool,
}

impl Lost {
    fn of(operation: &Operation) -> Self {
        let is_first = operation.step().is_none_or(|step| step == Step::Reserve);
        let is_doubtful = operation.kind == OperationKind::Restore && is_first;
        let mut lost = Self { is_doubtful, ..Self::default() };
        for record in &operation.steps {
            let StepOutcome::Failed(failure) = &record.outcome else { continue };
            match failure.class {
                FailureClass::PortTaken => lost.ports.extend(failure.subject.parse::<u16>().ok()),
                FailureClass::NoFreeSubnet => lost.subnets = true,
                _ => {}
            }
        }
        lost
    }
}

impl Control {
    /// Blocks: it asks the kernel.
    pub(crate) fn taken_outside(&self, networks: Vec<EngineNetwork>) -> Result<TakenOutside, HostError> {
        Ok(TakenOutside { networks, routes: self.host.routes()?, listeners: self.host.listeners()? })
    }

    /// The app's deployment: what it has already is kept, unless it was lost.
    pub(crate) fn deployment(
        &self,
        app: &App,
        package: &Package,
        memory: &Memory,
        taken: &TakenOutside,
        lost: &Lost,
    ) -> Result<Deployment, StepError> {
        let ports = self.choose_ports(Some(app), package, memory, taken, lost)?;
        let subnets = self.choose_subnets(Some(app), package, memory, taken, lost)?;
        Ok(self.deployed(app, package, ports, subnets))
    }

    /// The app's deployment with these ports and subnets.
    pub(crate) fn deployed(
        &self,
        app: &App,
        package: &Package,
        ports: Vec<PortReservation>,
        subnets: Vec<SubnetReservation>,
    ) -> Deployment {
        let before = app.deployment.as_ref();
        let secrets = before.map_or_else(|| self.secrets(package), |deployment| deployment.secrets.clone());
        let main = package.main.as_ref().and_then(|main| {
            let port = ports.iter().find(|p| p.service == main.service && p.target == main.target)?;
            let address = port.reachable_address();
            Some((
                MainEndpoint { address, port: port.port, speaks: main.speaks.clone() },
                main.service.clone(),
            ))
        });
        let folder = self.projects.folder(&app.project);
        Deployment {
            compose_file: self.projects.compose_file(&folder),
            folder,
            ports,
            subnets,
            images: package.images(&app.package.version),
            expected: Expectation {
                services: package.services.iter().map(|s| (s.name.clone(), s.one_shot)).collect(),
                main_service: main.as_ref().map(|(_, service)| service.clone()),
            },
            patience: package.patience,
            main: main.map(|(endpoint, _)| endpoint),
            admin_path: package.admin_path.clone(),
            login: first_login(package),
            user_variable: package.login.as_ref().and_then(|login| login.user_variable.clone()),
            password_variable: package.login.as_ref().and_then(|login| login.password_variable.clone()),
            secrets,
            // Known once the app's files are written.
            tokens: before.map(|deployment| deployment.tokens.clone()).unwrap_or_default(),
            kept_volumes: before.map(|deployment| deployment.kept_volumes.clone()).unwrap_or_default(),
        }
    }

    /// A host port for each that the package publishes. Those of `app` itself are kept, unless they were lost.
    pub(crate) fn choose_ports(
        &self,
        app: Option<&App>,
        package: &Package,
        memory: &Memory,
        outside: &TakenOutside,
        lost: &Lost,
    ) -> Result<Vec<PortReservation>, StepError> {
        let before = app.and_then(|app| app.deployment.as_ref());
        let before = before.map_or(&[][..], |deployment| &deployment.ports[..]);
        let mut taken: Vec<TakenPort> = memory
            .reserved_ports(app.map(|app| &app.install))
            .map(|port| (port.address, port.protocol, port.port))
            .collect();
        taken.extend(memory.upstreams_of_others(app).map(|at| (at.ip(), Protocol::Tcp, at.port())));
        let own = |container: &&crate::ports::EngineContainer| {
            app.is_some_and(|app| container.owner.is_of_app(app))
        };
        let others = memory.engine.containers.values().filter(|container| !own(container));
        taken.extend(others.flat_map(|container| container.ports.iter().copied()));
        let listeners = outside.listeners.iter();
        taken.extend(listeners.map(|listener| (listener.address, listener.protocol, listener.port)));
        let can_bind = |address, protocol, port| self.host.can_bind(address, protocol, port);
        // Whether it can be bound says less of an old port: connections that were closed a moment ago keep it from
        // being bound in the plain way, and nobody has it. If somebody should, the engine tells.
        let is_kept = |port: &&PortReservation| {
            !lost.ports.contains(&port.port)
                && (!lost.is_doubtful || is_free((port.address, port.protocol, port.port), &taken))
        };
        let kept: Vec<PortReservation> = before.iter().filter(is_kept).cloned().collect();
        taken.extend(kept.iter().map(|port| (port.address, port.protocol, port.port)));
        let range = PortRange { first: self.settings.port_first, last: self.settings.port_last };
        let mut chosen: Vec<PortReservation> = Vec::new();
        for service in &package.services {
            for wanted in &service.ports {
                let wanted = &self.published(wanted);
                let is_it = |port: &&PortReservation| {
                    port.service == service.name
                        && port.target == wanted.target
                        && port.protocol == wanted.protocol
                };
                let port = match kept.iter().find(is_it) {
                    Some(kept) => kept.clone(),
                    None => choose_port(&service.name, wanted, range, &taken, |address, protocol, port| {
                        !lost.ports.contains(&port) && can_bind(address, protocol, port)
                    })
                    .ok_or_else(|| no_free_port(&service.name, range))?,
                };
                taken.push((port.address, port.protocol, port.port));
                chosen.push(port);
            }
        }
        Ok(chosen)
    }

    /// The port as it is published here: on a loopback address only, where the settings say so and the package names no
    /// address.
    fn published(&self, wanted: &PublishedPort) -> PublishedPort {
        let is_everywhere = wanted.address == PublishedPort::EVERYWHERE;
        let narrowed = (self.settings.publish_on_loopback && is_everywhere).then_some(Ipv4Addr::LOCALHOST);
        PublishedPort { address: narrowed.map_or(wanted.address, Into::into), ..*wanted }
    }

    /// A subnet for each network of the package.
    pub(crate) fn choose_subnets(
        &self,
        app: Option<&App>,
        package: &Package,
        memory: &Memory,
        outside: &TakenOutside,
        lost: &Lost,
    ) -> Result<Vec<SubnetReservation>, StepError> {
        let own = app.map(|app| &app.install);
        let mut taken = memory.taken_subnets(&outside.routes, &outside.networks, own);
        let before = app.and_then(|app| app.deployment.as_ref());
        let is_free =
            |kept: &SubnetReservation| !taken.iter().any(|other| subnets_overlap(&kept.subnet, other));
        if let Some(before) = before.filter(|_| !lost.subnets)
            && (!lost.is_doubtful || before.subnets.iter().all(is_free))
        {
            return Ok(before.subnets.clone());
        }
        // Lost or not, what it had is not chosen again: another network is in the way of it.
        let before = before.iter().flat_map(|deployment| &deployment.subnets);
        taken.extend(before.map(|reserved| reserved.subnet));
        let pool = self.settings.subnet_pool;
        let mut chosen = Vec::new();
        for network in &package.networks {
            let subnet = choose_subnet(&pool, self.settings.subnet_prefix, &taken).ok_or_else(|| {
                let detail = format!("every /{} of {pool} is in use", self.settings.subnet_prefix);
                StepError::failed(FailureClass::NoFreeSubnet, &pool.to_string(), detail)
            })?;
            taken.push(subnet);
            chosen.push(SubnetReservation { network: network.clone(), subnet });
        }
        Ok(chosen)
    }

    fn secrets(&self, package: &Package) -> Vec<(String, Secret)> {
        let secret = package.variables.iter().filter_map(|variable| match variable.kind {
            VariableKind::Secret { shape } => Some((variable.name.clone(), self.ids.secret(shape))),
            _ => None,
        });
        secret.collect()
    }
}

/// The login as the package gives it, before anybody sets a variable and apart from generated passwords.
fn first_login(package: &Package) -> Login {
    let Some(login) = &package.login else { return Login::default() };
    let is_it = |variable: &&Variable| Some(&variable.name) == login.user_variable.as_ref();
    let of_variable = package.variables.iter().find(is_it).and_then(|variable| variable.kind.default_text());
    Login {
        user_name: of_variable.unwrap_or_else(|| login.user_name.clone()),
        password: Secret::from_text(login.password.clone()),
    }
}

fn no_free_port(service: &str, range: PortRange) -> StepError {
    let detail = format!("every port from {} to {} is in use", range.first, range.last);
    StepError::Failed(Failure::of(FailureClass::NoFreePort, service, detail))
}
