//! The project of an app that is never created, for whoever wants to see what `docker compose` makes of a package where
//! no server runs: with example values. What an app gets is decided in [`crate::operations`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use domain::package::VariableKind;
use domain::{
    InstallId, InstanceId, Package, PortReservation, ProjectName, Secret, SubnetReservation, VariableValue,
};
use ipnet::Ipv4Net;

use crate::policy::example_ports;
use crate::ports::Project;

/// Long enough for every shape of secret; the same in each place, so that it can be masked.
const SECRET: &str = "Example0secret0of0an0app";
/// What stands for an answer of the user's.
const TEXT: &str = "example";
/// Where its files would lie: whoever renders it elsewhere finds the values that name it by this.
const FOLDER: &str = "/example-folder";
/// Where the app would be reached.
const HOST: &str = "apps.example";

/// The newest version of a package, with its own values where it has any, and examples for the others.
#[must_use]
pub fn example_project(package: &Arc<Package>, subnet: Ipv4Net) -> Project {
    let ports = example_ports(package);
    let of_main = |port: &&PortReservation| {
        package.main.as_ref().is_some_and(|main| port.service == main.service && port.target == main.target)
    };
    let port = ports.iter().find(of_main).map_or(0, |main| main.port);
    let subnets = package.networks.iter();
    Project {
        name: ProjectName::from_text("example"),
        folder: PathBuf::from(FOLDER),
        instance: InstanceId::from_text("example"),
        // Several may be rendered at once, and each process is known by it.
        install: InstallId::from_text(package.name.as_str()),
        variables: variables(package, &ports, port),
        subnets: subnets.map(|network| SubnetReservation { network: network.clone(), subnet }).collect(),
        kept_volumes: Vec::new(),
        package: Arc::clone(package),
        ports,
    }
}

fn variables(package: &Package, ports: &[PortReservation], port: u16) -> Vec<(String, VariableValue)> {
    let built_in = [
        ("APPMANAGE_APP_ID", TEXT.to_owned()),
        ("APPMANAGE_HOST", HOST.to_owned()),
        ("APPMANAGE_PORT", port.to_string()),
        ("APPMANAGE_URL", format!("http://{HOST}:{port}")),
        ("APPMANAGE_AUTHORITY", format!("{HOST}:{port}")),
        ("APPMANAGE_SCHEME", "http".to_owned()),
        ("APPMANAGE_FOLDER", FOLDER.to_owned()),
    ];
    let mut values: Vec<(String, String)> =
        built_in.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let newest = package.versions.first().into_iter().flat_map(|version| &version.variables);
    values.extend(newest.map(|(name, value)| (name.clone(), value.clone())));
    for variable in &package.variables {
        let value = match &variable.kind {
            VariableKind::Secret { .. } | VariableKind::Token { .. } => SECRET.to_owned(),
            VariableKind::Port { service, target, protocol } => {
                let is_it = |port: &&PortReservation| {
                    port.service == *service && port.target == *target && port.protocol == *protocol
                };
                ports.iter().find(is_it).map_or(0, |port| port.port).to_string()
            }
            VariableKind::Number { .. } => variable.kind.default_text().unwrap_or_else(|| "1".to_owned()),
            VariableKind::Boolean { .. } => variable.kind.default_text().unwrap_or_else(|| "true".to_owned()),
            VariableKind::Choice { options, .. } => {
                let first = || options.first().map(|option| option.value.clone());
                variable.kind.default_text().or_else(first).unwrap_or_default()
            }
            VariableKind::Text { .. } => variable.kind.default_text().unwrap_or_else(|| TEXT.to_owned()),
            VariableKind::Derived(_) => continue,
        };
        values.push((variable.name.clone(), value));
    }
    // Each may be made of others, whichever stands first; none of itself.
    let derived = || {
        package.variables.iter().filter_map(|variable| match &variable.kind {
            VariableKind::Derived(template) => Some((&variable.name, template)),
            _ => None,
        })
    };
    for _ in derived() {
        let known: BTreeMap<String, String> = values.iter().cloned().collect();
        for (name, template) in derived() {
            let of_env = |name: &str| package.env.as_ref().and_then(|env| env.value(name));
            let inner: Vec<String> = template
                .names()
                .map(|name| known.get(name).cloned().or_else(|| of_env(name)).unwrap_or_default())
                .collect();
            let mut inner = inner.iter();
            let value = template.filled(|_| inner.next().map_or("", String::as_str));
            match values.iter_mut().find(|(other, _)| other == name) {
                Some((_, before)) => *before = value,
                None => values.push((name.clone(), value)),
            }
        }
    }
    let is_secret = |value: &str| value.contains(SECRET);
    let typed = |(name, value): (String, String)| match is_secret(&value) {
        true => (name, VariableValue::Secret(Secret::from_text(value))),
        false => (name, VariableValue::Plain(value)),
    };
    values.into_iter().map(typed).collect()
}
