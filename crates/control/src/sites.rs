//! Has the web server in front serve the names of apps: whatever differs from what it serves is brought to it, until it
//! takes it. What it served before goes on meanwhile.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::package::Speaks;
use domain::{App, Certificate, DomainName, Failure, FailureClass, Lifecycle, Timestamp};

use crate::memory::Memory;
use crate::ports::{Change, GatewayError, Site, StoreError, Upstream};
use crate::{Control, Front, Stop};

/// Before sites that were not taken are brought again; doubled each time up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// The longest pause: whoever has mended the gateway does not wait for longer.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// A site as the rows of apps want it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedSite {
    /// The name.
    pub domain: DomainName,
    /// Where the app answers on this host.
    pub upstream: Upstream,
    /// Its certificate, if it has one.
    pub certificate: Option<Certificate>,
}

/// Serves until `stop`.
pub(crate) async fn serve(control: Arc<Control>, stop: Stop) {
    let Some(front) = &control.front else { return };
    let mut pause = FIRST_PAUSE;
    loop {
        let wanted = tokio::select! {
            () = stop.soft.cancelled() => return,
            wanted = control.wait_for(unserved) => wanted,
        };
        let brought = tokio::select! {
            // What is half brought is brought again at the next start.
            () = stop.hard.cancelled() => return,
            brought = bring(&control, front, &wanted) => brought,
        };
        let Some(brought) = brought else { continue };
        let is_well = brought.served.is_ok() && brought.refused.is_empty();
        note(&control, brought);
        if is_well {
            pause = FIRST_PAUSE;
        } else {
            let changed = control.wait_for(|memory| unserved(memory).filter(|now| *now != wanted));
            tokio::select! {
                () = stop.soft.cancelled() => return,
                _ = changed => {}
                () = tokio::time::sleep(pause) => {
                    // Whether it was set up meanwhile is a look at one file.
                    let is_there = front.gateway.own_names().await.is_some();
                    pause = if is_there { (pause * 2).min(LONGEST_PAUSE) } else { FIRST_PAUSE };
                }
            }
        }
    }
}

/// What is to be served, if it is not known to be: after a change that failed, nobody knows whether it came into force
/// after all; and what was refused may be taken another time.
fn unserved(memory: &Memory) -> Option<Vec<WantedSite>> {
    let (wanted, gateway) = (wanted(memory), &memory.gateway);
    let is_well = gateway.failure.is_none() && gateway.refused.is_empty();
    let is_served = is_well && gateway.served.as_ref() == Some(&wanted);
    (!is_served).then_some(wanted)
}

fn wanted(memory: &Memory) -> Vec<WantedSite> {
    let installed = memory.oldest_first().filter(|record| record.app.lifecycle == Lifecycle::Installed);
    let sites = installed.filter_map(|record| Some((&record.app, upstream(&record.app)?)));
    let mut wanted: Vec<WantedSite> = sites
        .flat_map(|(app, upstream)| {
            app.domains.iter().map(move |domain| WantedSite {
                domain: domain.name.clone(),
                upstream,
                certificate: domain.certificate.clone(),
            })
        })
        .collect();
    wanted.sort_by(|one, other| one.domain.cmp(&other.domain));
    wanted
}

/// Where an app answers in HTTP on this host.
pub(crate) fn upstream(app: &App) -> Option<Upstream> {
    let main = app.deployment.as_ref()?.main.as_ref()?;
    match main.speaks {
        Speaks::Http { tls, .. } => Some(Upstream { address: SocketAddr::new(main.address, main.port), tls }),
        Speaks::Tcp => None,
    }
}

/// What came of bringing sites to the gateway.
struct Brought {
    /// What it serves now, and at which port of HTTPS; why that is not known, where it is not.
    served: Result<(Vec<WantedSite>, u16), Failure>,
    /// The names that it does not take as they are wanted, each with the reason.
    refused: BTreeMap<DomainName, Failure>,
}

/// Brings the sites to the gateway: those that it refuses by name are set aside, so that they hold up no other. `None` if
/// one of them names a certificate that is gone, which is noted.
async fn bring(control: &Arc<Control>, front: &Front, wanted: &[WantedSite]) -> Option<Brought> {
    let (mut sites, mut refused) = (wanted.to_vec(), BTreeMap::new());
    for WantedSite { domain, certificate, .. } in wanted {
        if let Some(lost) = certificate
            && !front.certificates.is_there(lost).await
        {
            tracing::error!(%domain, file = lost.file, "the file of its certificate is gone; asking for another");
            // If the disk takes nothing, it is looked for again.
            let Err(error) = forget_certificate(control, domain, lost).await else { return None };
            let failure = Failure::of(FailureClass::GatewayUnreachable, "", error.to_string());
            return Some(Brought { served: Err(failure), refused });
        }
    }
    let before = control.recorder.read(|memory| memory.gateway.served.clone().unwrap_or_default());
    // It ends: each time round, one site at least is what it was before, or is gone.
    loop {
        let error = match front.gateway.serve(&as_files(front, &sites)).await {
            Ok(port) => return Some(Brought { served: Ok((sites, port)), refused }),
            Err(error) => error,
        };
        let at_fault = match &error {
            GatewayError::Refused { at_fault, .. } => at_fault.clone(),
            GatewayError::Unreachable { .. } => Vec::new(),
        };
        let failure = failure_of(error);
        if !set_aside(&mut sites, &at_fault, &before) {
            return Some(Brought { served: Err(failure), refused });
        }
        refused.extend(at_fault.into_iter().map(|name| (name, failure.clone())));
    }
}

fn as_files(front: &Front, sites: &[WantedSite]) -> Vec<Site> {
    let as_file = |WantedSite { domain, upstream, certificate }: &WantedSite| Site {
        domain: domain.clone(),
        upstream: *upstream,
        certificate: certificate.as_ref().map(|certificate| front.certificates.path(certificate)),
    };
    sites.iter().map(as_file).collect()
}

/// Leaves the sites of those names as they were served before, with another certificate, or else leaves them out. Returns
/// whether there was any.
fn set_aside(sites: &mut Vec<WantedSite>, names: &[DomainName], before: &[WantedSite]) -> bool {
    let is_meant = |site: &WantedSite| names.contains(&site.domain);
    let is_any = sites.iter().any(is_meant);
    sites.retain_mut(|site| {
        if !is_meant(site) {
            return true;
        }
        let older = before.iter().find(|old| old.domain == site.domain && old.upstream == site.upstream);
        match older.filter(|older| *older != site) {
            Some(older) => older.clone_into(site),
            None => return false,
        }
        true
    });
    is_any
}

async fn forget_certificate(
    control: &Arc<Control>,
    domain: &DomainName,
    lost: &Certificate,
) -> Result<(), StoreError> {
    let (domain, lost) = (domain.clone(), lost.clone());
    control
        .recorder
        .update(move |memory, _| {
            let change = memory.amended_domain(&domain, |domain| {
                if domain.certificate.as_ref() == Some(&lost) {
                    domain.certificate = None;
                }
            });
            Ok((change.unwrap_or_default(), ()))
        })
        .await
}

/// Notes what came of it, and logs each reason once.
fn note(control: &Arc<Control>, Brought { served, refused }: Brought) {
    control.recorder.observe(move |memory: &mut Memory, _: Timestamp| {
        let known = &mut memory.gateway;
        for (domain, failure) in refused.iter().filter(|(domain, why)| known.refused.get(*domain) != Some(*why)) {
            tracing::warn!(%domain, %failure, "the gateway does not take a domain; the others are served; trying again");
        }
        known.refused = refused;
        let failure = match served {
            Ok((served, port)) => {
                if known.served.as_ref() != Some(&served) {
                    tracing::info!(sites = served.len(), "the gateway serves the domains of apps");
                }
                (known.served, known.port) = (Some(served), Some(port));
                None
            }
            Err(failure) => Some(failure),
        };
        if let Some(failure) = failure.as_ref().filter(|failure| known.failure.as_ref() != Some(*failure)) {
            tracing::warn!(%failure, "the gateway does not serve the domains of apps as it should; trying again");
        }
        known.failure = failure;
    });
}

fn failure_of(error: GatewayError) -> Failure {
    match error {
        GatewayError::Refused { words, .. } => Failure::of(FailureClass::GatewayRefused, "", words),
        GatewayError::Unreachable { reason } => Failure::of(FailureClass::GatewayUnreachable, "", reason),
    }
}

impl Memory {
    /// Where the gateway leads the names of others than that app, also of apps that are gone: it may be late in letting
    /// go of a site, and whoever had such a port would be shown under another's name.
    pub(crate) fn upstreams_of_others<'a>(
        &'a self,
        app: Option<&'a App>,
    ) -> impl Iterator<Item = SocketAddr> + 'a {
        let is_own = move |site: &&WantedSite| {
            app.is_some_and(|app| app.domains.iter().any(|domain| domain.name == site.domain))
        };
        let served = self.gateway.served.iter().flatten();
        served.filter(move |site| !is_own(site)).map(|site| site.upstream.address)
    }

    /// The change that amends a domain, whoever has it; `None` if nobody does.
    pub(crate) fn amended_domain(
        &self,
        name: &DomainName,
        amend: impl FnOnce(&mut domain::AppDomain),
    ) -> Option<Change> {
        let record = self.domain_holder(name)?;
        let (mut app, operation) = (record.app.clone(), record.operation.clone());
        amend(app.domains.iter_mut().find(|domain| domain.name == *name)?);
        Some(Change { app: Some(app), operation, ..Change::default() })
    }
}
