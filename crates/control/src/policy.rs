//! Judges what packages ask of the host, before they run: on the files that were written, and once for each package
//! of the catalog that does not ship with the server, so that people know beforehand and an install need not wait
//! for it. Those that ship are judged by a test of this project (acceptance's `policy`), once for everybody.
//!
//! The rules are [`domain::policy`]'s; what an administrator excepts from them stands in the settings.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

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
use crate::ports::{CatalogEntry, CommandError, KnownRisks, Project};

/// How often a package is judged whose judging is ended by what is not its own fault: a full disk, compose at its time limit.
const TRIES_MAX: u32 = 3;
/// Until it is tried again: nobody waits for it, as an install judges what it installs.
const NEXT_TRY: Duration = Duration::from_mins(5);

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

/// What versions of packages of the catalogs ask for with the package's own values, as far as it is known: by what is in
/// the package, so that another one of that name is judged anew.
#[derive(Debug, Default)]
pub(crate) struct KnownToAsk(RwLock<RisksOfVersions>);

/// By a package's fingerprint and the version's name.
type RisksOfVersions = HashMap<(String, String), Arc<[Risk]>>;

impl Control {
    /// What is known beforehand of a package of a list: its newest version with the package's own values.
    #[must_use]
    pub fn policy_of(&self, entry: &CatalogEntry) -> PolicyReport {
        if entry.official {
            return PolicyReport::allowed();
        }
        let risks = self.known_risks(&entry.fingerprint, &entry.version);
        risks.map_or(PolicyReport::unknown(), |risks| self.report(&entry.name, &entry.catalog, risks))
    }

    /// What is known of a version with the package's own values: of these very contents, whatever its catalog has under
    /// that name by now.
    pub(crate) fn policy_of_package(&self, package: &Package, version: &str) -> PolicyReport {
        if package.official {
            return PolicyReport::allowed();
        }
        let risks = package.fingerprint.as_ref().and_then(|known| self.known_risks(known, version));
        risks.map_or(PolicyReport::unknown(), |risks| self.report(&package.name, &package.catalog, risks))
    }

    fn known_risks(&self, fingerprint: &str, version: &str) -> Option<Vec<Risk>> {
        let known = self.known_to_ask.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&(fingerprint.to_owned(), version.to_owned())).map(|risks| risks.to_vec())
    }

    /// Remembers what a version asks for with the package's own values, by the contents that were judged.
    pub(crate) fn remember_risks(&self, package: &Package, version: &str, risks: &[Risk]) {
        let Some(fingerprint) = package.fingerprint.clone() else { return };
        let version = version.to_owned();
        // To the catalog first: whoever takes all from there meanwhile has either this, or what is written last here.
        let known = (fingerprint.clone(), version.clone());
        self.catalog.remember(&KnownRisks { fingerprint, version, risks: risks.to_vec() });
        self.known_to_ask.0.write().unwrap_or_else(PoisonError::into_inner).insert(known, risks.into());
    }

    /// Takes what the catalogs remember for all there is to know.
    pub(crate) fn recall_risks(&self) {
        // Nothing is written between what is read and its taking: it would be lost.
        let mut all = self.known_to_ask.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = self.catalog.known_risks().into_iter();
        *all = known.map(|known| ((known.fingerprint, known.version), known.risks.into())).collect();
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
        self.report(&project.package.name, &project.package.catalog, risks)
    }

    /// What follows from what a package asks for. The administrator's exceptions name packages, and a catalog for which
    /// nobody vouches calls its packages what it likes.
    fn report(&self, package: &str, catalog: &str, risks: Vec<Risk>) -> PolicyReport {
        let is_excepted = |name: &String| PackageName::parse(name).fits(package, catalog);
        let verdict = match risks.is_empty() {
            true => Verdict::Allowed,
            false
                if self.catalogs.is_trusted(catalog)
                    && self.settings.policy_exceptions.iter().any(is_excepted) =>
            {
                Verdict::Excepted
            }
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

    /// Judges the newest version of a package as it would be installed without any settings; not one that its catalog has
    /// no longer, or with other contents: those are in its list by now.
    async fn judge_package(self: &Arc<Self>, entry: &CatalogEntry) -> Result<(), CommandError> {
        let failed = |words: &str| CommandError::Failed { words: words.to_owned() };
        let id = AppId::parse("example").map_err(|_| failed("no app id"))?;
        let package = self.find_package(&PackageName::of(&entry.name, &entry.catalog).to_string()).await;
        let is_listed = |package: &Arc<Package>| package.fingerprint.as_ref() == Some(&entry.fingerprint);
        let Some(package) = &package.filter(is_listed) else { return Ok(()) };
        let mut app =
            self.fresh_app(&id, package, entry.version.clone(), SettingValues::default(), self.clock.now());
        let (ports, subnets) = (example_ports(package), self.example_subnets(package));
        app.deployment = Some(self.deployed(&app, package, ports, subnets));
        self.installing.keep(&app.install, package);
        let project = self.project(&app).await;
        self.installing.drop(&app.install);
        let project = project.map_err(|error| failed(&error.to_string()))?;
        let rendered = self.projects.rendered_aside(&project).await?;
        let report = self.judge(&project, &rendered);
        let (catalog, verdict) = (&entry.catalog, report.verdict.as_str());
        tracing::debug!(package = entry.name, catalog, verdict, "package judged");
        self.remember_risks(package, &entry.version, &report.risks);
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

/// Judges the packages of the catalogs that do not ship with the server and are not known, one after the other, once the
/// engine has been seen and while nobody waits for an operation, which has the processor first; and again what a sync
/// brings; until `stop`.
pub(crate) async fn judge_catalog(control: Arc<Control>, stop: CancellationToken) {
    let exceptions = control.settings.policy_exceptions.iter();
    for unknown in exceptions.filter(|name| control.catalog.entry(name).is_none()) {
        tracing::warn!(
            package = unknown,
            "the setting policy.exceptions names a package that no catalog has"
        );
    }
    let judge_all = async {
        control.wait_for(|memory| (memory.engine_link == EngineLink::Up).then_some(())).await;
        let mut changes = control.catalogs.changes();
        // How often it was tried in vain, by fingerprint.
        let mut tries: HashMap<String, u32> = HashMap::new();
        loop {
            changes.mark_unchanged();
            let mut is_any_left = false;
            for entry in control.catalog.entries().iter() {
                let tried = tries.get(&entry.fingerprint).copied().unwrap_or_default();
                if tried >= TRIES_MAX || control.policy_of(entry).verdict != Verdict::Unknown {
                    continue;
                }
                control.wait_for(|memory| memory.open_operations().next().is_none().then_some(())).await;
                if let Err(error) = control.judge_package(entry).await {
                    let (package, catalog) = (&entry.name, &entry.catalog);
                    tracing::warn!(package, catalog, %error, "the package cannot be judged beforehand");
                    // What compose refuses once it refuses always.
                    let is_final = matches!(error, CommandError::Failed { .. });
                    let tried = if is_final { TRIES_MAX } else { tried + 1 };
                    is_any_left |= tried < TRIES_MAX;
                    tries.insert(entry.fingerprint.clone(), tried);
                }
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(NEXT_TRY), if is_any_left => {}
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = judge_all => {}
    }
}
