//! Whether a name is taken on the engine by something that is not the app's own.
//!
//! `docker compose` uses a volume of the right name, whoever made it, with only a warning; so the names
//! that it would use are looked for beforehand, and any that is there refuses the install.

use domain::{InstallId, Package, ProjectName};

use crate::error::NameHolder;
use crate::ports::{EngineContainer, EngineNetwork, EngineVolume, Ownership};

/// What holds `project`'s name, if anything does that is not `own`'s.
pub(crate) fn holder<'a>(
    project: &ProjectName,
    package: &Package,
    own: Option<&InstallId>,
    mut containers: impl Iterator<Item = &'a EngineContainer>,
    networks: &[EngineNetwork],
    volumes: &[EngineVolume],
) -> Option<NameHolder> {
    let foreign = |owner: &Ownership| own.is_none() || owner.install.as_ref() != own;
    let of_project = |owner: &Ownership| owner.project.as_deref() == Some(project.as_str());
    let container_names: Vec<String> =
        package.services.iter().map(|service| format!("{project}-{}-1", service.name)).collect();
    let network_names: Vec<String> = package.networks.iter().map(|key| format!("{project}_{key}")).collect();
    let volume_names: Vec<String> = package.volumes.iter().map(|key| format!("{project}_{key}")).collect();
    let holds = |owner: &Ownership, name: &String, names: &[String]| {
        foreign(owner) && (of_project(owner) || names.contains(name))
    };
    if let Some(found) = containers.find(|c| holds(&c.owner, &c.facts.name, &container_names)) {
        return Some(NameHolder::Container(found.facts.name.clone()));
    }
    if let Some(found) = networks.iter().find(|n| holds(&n.owner, &n.name, &network_names)) {
        return Some(NameHolder::Network(found.name.clone()));
    }
    let found = volumes.iter().find(|v| holds(&v.owner, &v.name, &volume_names))?;
    Some(NameHolder::Volume(found.name.clone()))
}
