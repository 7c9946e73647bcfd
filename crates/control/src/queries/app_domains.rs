//! AppDomainList: the names that apps are reached by, and how it stands with each.

use domain::{App, AppDomain, AppId, DomainName, Failure, HTTPS_PORT, Lifecycle, Timestamp, https_origin};

use super::parse_app_id;
use crate::memory::Memory;
use crate::sites::upstream;
use crate::{Control, Error};

/// A name that an app is reached by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainDetail {
    /// The app.
    pub app: AppId,
    /// The name, with its certificate.
    pub domain: AppDomain,
    /// What its URLs begin with.
    pub origin: String,
    /// How it stands with the gateway.
    pub site: SiteState,
    /// Whether the certificate can be used now.
    pub is_certified: bool,
    /// Whether somebody has to look after its certificate, where it is to have one.
    pub lacks_certificate: bool,
    /// When the next certificate is to be asked for.
    pub next_try_at: Timestamp,
}

/// How it stands with the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteState {
    /// It serves the name, as it should.
    Served,
    /// It is about to.
    Pending,
    /// It does not take it; why.
    Failed(Failure),
    /// The app lies in the recycle bin: the name is kept for it, and nothing is served.
    Kept,
}

impl SiteState {
    /// All of them in a word, in the order of declaration.
    pub const ALL: [&'static str; 4] = ["served", "pending", "failed", "kept"];

    /// In a word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Pending => "pending",
            Self::Failed(_) => "failed",
            Self::Kept => "kept",
        }
    }
}

impl Control {
    /// The names of one app or of all, oldest app first, each app's in the order in which it was given them. Those
    /// of apps in the recycle bin are among them.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`.
    pub fn app_domains(&self, id: Option<&str>) -> Result<Vec<DomainDetail>, Error> {
        let id = id.map(parse_app_id).transpose()?;
        let now = self.clock.now();
        self.recorder.read(|memory| {
            if let Some(id) = id.as_ref().filter(|id| memory.app(id).is_none()) {
                return Err(Error::NoSuchApp { id: id.to_string() });
            }
            let is_wanted = |detail: &DomainDetail| id.as_ref().is_none_or(|id| detail.app == *id);
            Ok(self.domain_details(memory, now).filter(is_wanted).collect())
        })
    }

    pub(crate) fn domain_details<'a>(
        &'a self,
        memory: &'a Memory,
        now: Timestamp,
    ) -> impl Iterator<Item = DomainDetail> + 'a {
        let apps = memory.oldest_first().map(|record| &record.app);
        apps.flat_map(move |app| {
            app.domains.iter().map(move |domain| self.domain_detail(memory, app, domain, now))
        })
    }

    pub(crate) fn domain_detail(
        &self,
        memory: &Memory,
        app: &App,
        domain: &AppDomain,
        now: Timestamp,
    ) -> DomainDetail {
        let is_valid = |c: &domain::Certificate| c.valid_from <= now && now < c.expires_at;
        let port = domain.served_port.or(memory.gateway.port).unwrap_or(HTTPS_PORT);
        let site = site_state(memory, app, domain);
        DomainDetail {
            app: app.id.clone(),
            lacks_certificate: site != SiteState::Kept && domain.lacks_certificate(now),
            origin: https_origin(&domain.name, port),
            site,
            is_certified: domain.certificate.as_ref().is_some_and(is_valid),
            next_try_at: domain.next_try_at(),
            domain: domain.clone(),
        }
    }
}

fn site_state(memory: &Memory, app: &App, domain: &AppDomain) -> SiteState {
    if app.lifecycle != Lifecycle::Installed {
        return SiteState::Kept;
    }
    let is_it = |name: &DomainName| *name == domain.name;
    let served = memory.gateway.served.iter().flatten().find(|site| is_it(&site.domain));
    match served {
        Some(site) if Some(site.upstream) == upstream(app) && site.certificate == domain.certificate => {
            SiteState::Served
        }
        _ => {
            let of_all = memory.gateway.failure.as_ref();
            let failure = memory.gateway.refused.get(&domain.name).or(of_all);
            failure.cloned().map_or(SiteState::Pending, SiteState::Failed)
        }
    }
}
