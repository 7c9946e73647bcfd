//! Judges what packages ask of the host, before they run: on the files that were written, and once for each package
//! of the catalog that does not ship with the server, so that people know beforehand and an install need not wait
//! for it. Those that ship are judged by a test of this project (acceptance's `policy`), once for everybody.
//!
//! The rules are [`domain::policy`]'s; what an administrator excepts from them stands in the settings.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::package::{PublishedPort, Service};
use domain::policy::risks;
use domain::secret::masked;
use domain::{
    AppId, Package, PackageName, PortReservation, RenderedProject, Risk, Secret, SettingValues,
    SubnetReservation, VariableValue, Verdict,
};
use tokio_util::sync::CancellationToken;

use crate::Control;
use crate::memory::EngineLink;
use crate::ports::{CommandError, Project};

/// What a package may do on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyReport {
    /// What follows.
    pub verdict: Verdict,
    /// Everything forbidden that it asks for, whether or not it is excepted.
    pub risks: Vec<Risk>,
}

impl PolicyReport {
    /// Not judged yet, or not to be judged.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { verdict: Verdict::Unknown, risks: Vec::new() }
    }

    const fn allowed() -> Self {
        Self { verdict: Verdict::Allowed, risks: Vec::new() }
    }
}

/// The verdicts on versions of packages of the catalog with the package's own values, by the names of both, as far as
/// they are known. The catalog stays as it is for as long as the server runs.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(RwLock<HashMap<(PackageName, String), PolicyReport>>);

impl Control {
    /// What is known of a package beforehand: its newest version with the package's own values.
    #[must_use]
    pub fn policy_of(&self, package: &Package) -> PolicyReport {
        let newest = package.versions.first();
        newest.map_or(PolicyReport::unknown(), |newest| self.policy_of_version(package, &newest.name))
    }

    /// What is known of a version with the package's own values.
    pub(crate) fn policy_of_version(&self, package: &Package, version: &str) -> PolicyReport {
        if package.official {
            return PolicyReport::allowed();
        }
        let known = self.verdicts.0.read().unwrap_or_else(PoisonError::into_inner);
        let name = (package.full_name(), version.to_owned());
        known.get(&name).cloned().unwrap_or(PolicyReport::unknown())
    }

    /// Remembers the verdict on a version with the package's own values.
    pub(crate) fn remember_policy(&self, package: &Package, version: &str, report: PolicyReport) {
        let mut known = self.verdicts.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert((package.full_name(), version.to_owned()), report);
    }

    /// Judges a project. Secrets are kept out of what is told.
    pub(crate) fn judge(&self, project: &Project, rendered: &RenderedProject) -> PolicyReport {
        let secrets: Vec<&Secret> = project
            .variables
            .iter()
            .filter_map(|(_, value)| match value {
                VariableValue::Secret(secret) => Some(secret),
                VariableValue::Plain(_) => None,
            })
            .collect();
        let mut risks = risks(rendered);
        for risk in &mut risks {
            risk.subject = masked(&risk.subject, &secrets);
        }
        let package = &project.package;
        let is_excepted = |name: &String| PackageName::parse(name).fits(&package.name, &package.catalog);
        let verdict = match risks.is_empty() {
            true => Verdict::Allowed,
            false if self.settings.policy_exceptions.iter().any(is_excepted) => Verdict::Excepted,
            false => Verdict::Refused,
        };
        PolicyReport { verdict, risks }
    }

    /// Subnets for an app that is never created.
    fn example_subnets(&self, package: &Package) -> Vec<SubnetReservation> {
        let example = |network: &String| SubnetReservation {
            network: network.clone(),
            subnet: self.settings.subnet_pool,
        };
        package.networks.iter().map(example).collect()
    }

    /// Judges the newest version of a package as it would be installed without any settings.
    async fn judge_package(self: &Arc<Self>, package: &Arc<Package>) -> Result<(), CommandError> {
        let failed = |words: &str| CommandError::Failed { words: words.to_owned() };
        let id = AppId::parse("example").map_err(|_| failed("no app id"))?;
        let version = package.versions.first().ok_or_else(|| failed("it has no version"))?.name.clone();
        let mut app =
            self.fresh_app(&id, package, version.clone(), SettingValues::default(), self.clock.now());
        let (ports, subnets) = (example_ports(package), self.example_subnets(package));
        app.deployment = Some(self.deployed(&app, package, ports, subnets));
        let project = self.project(&app).await.map_err(|_| failed("the catalog no longer has it"))?;
        let rendered = self.projects.rendered_aside(&project).await?;
        let report = self.judge(&project, &rendered);
        tracing::debug!(package = package.name, verdict = report.verdict.as_str(), "package judged");
        self.remember_policy(package, &version, report);
        Ok(())
    }
}

/// Ports for an app that is never created: whoever has them does not matter.
pub(crate) fn example_ports(package: &Package) -> Vec<PortReservation> {
    let of_service = |service: &Service| {
        let example = |port: &PublishedPort| PortReservation {
            address: port.address,
            protocol: port.protocol,
            port: port.hint.unwrap_or(port.target),
            service: service.name.clone(),
            target: port.target,
        };
        service.ports.iter().map(example).collect::<Vec<_>>()
    };
    package.services.iter().flat_map(of_service).collect()
}

/// Judges the packages of the catalog that do not ship with the server, one after the other, once the engine has been
/// seen and while nobody waits for an operation, which has the processor first; until `stop`.
pub(crate) async fn judge_catalog(control: Arc<Control>, stop: CancellationToken) {
    let exceptions = control.settings.policy_exceptions.iter();
    for unknown in exceptions.filter(|name| control.catalog.find(name).is_none()) {
        tracing::warn!(
            package = unknown,
            "the setting policy.exceptions names a package that no catalog has"
        );
    }
    let judge_all = async {
        control.wait_for(|memory| (memory.engine_link == EngineLink::Up).then_some(())).await;
        for package in control.catalog.all().iter().filter(|package| !package.official) {
            control.wait_for(|memory| memory.open_operations().next().is_none().then_some(())).await;
            if let Err(error) = control.judge_package(package).await {
                tracing::warn!(package = package.name, %error, "the package cannot be judged beforehand");
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = judge_all => {}
    }
}
