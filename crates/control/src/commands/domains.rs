//! AppDomainAdd, AppDomainRemove: the names that apps are reached by. What is stored counts at once; the gateway and the
//! certification authority follow in the background (`sites`, `certificates`).

use std::net::IpAddr;
use std::sync::Arc;

use domain::{
    App, AppDomain, AppId, DomainName, DomainNameError, Lifecycle, OperationKind, Origin, Timestamp,
};

use super::no_such_app;
use crate::error::DomainHolder;
use crate::memory::{AppRecord, Memory};
use crate::ports::{Change, Conflict, StoreError};
use crate::queries::app_domains::DomainDetail;
use crate::queries::{parse_app_id, visible_app};
use crate::sites::upstream;
use crate::{Control, Error};

/// Names that one app may have: what each costs is a certificate every two months.
pub const DOMAINS_PER_APP_MAX: usize = 20;

/// What a package's files call the app's own address: an app that reads it is told of a new one.
const OWN_ADDRESS: [&str; 4] = ["APPMANAGE_AUTHORITY", "APPMANAGE_HOST", "APPMANAGE_SCHEME", "APPMANAGE_URL"];

/// The key with which a service is given the whole `.env`, addresses included.
const WHOLE_ENV: &str = "env_file";

impl Control {
    /// Gives an app a name of its own. Its address follows once the gateway has served it (`addresses`).
    ///
    /// # Errors
    /// `AppIdFormat`, `DomainFormat`, `NoGateway`, `NoSuchApp`, `NotManaged`, `Busy`, `NotWeb`, `DomainTaken`, `TooManyDomains`,
    /// `DomainNotResolved`, `Store`. Nothing has changed then.
    pub async fn add_domain(self: &Arc<Self>, id: &str, domain: &str) -> Result<DomainDetail, Error> {
        let id = parse_app_id(id)?;
        let name = DomainName::parse_of_app(domain).map_err(|reason| format_of(domain, reason))?;
        let Some(front) = &self.front else { return Err(Error::NoGateway) };
        let Some(own_names) = front.gateway.own_names().await else { return Err(Error::NoGateway) };
        self.recorder.read(|memory| self.with_domain(memory, &id, &name, Timestamp::default()))?;
        if own_names.iter().any(|own| own.eq_ignore_ascii_case(name.as_str())) {
            return Err(Error::DomainTaken { domain: name, holder: DomainHolder::Server });
        }
        self.check_resolves(&name).await?;
        let control = Arc::clone(self);
        let decide = move |memory: &Memory, now| {
            let app = control.with_domain(memory, &id, &name, now)?;
            let record = memory.app(&id).ok_or_else(|| no_such_app(id.to_string()))?;
            let detail = control.domain_detail(
                memory,
                &app,
                app.domains.last().unwrap_or(&AppDomain::added(name, now)),
                now,
            );
            let operation = record.operation.clone();
            Ok((Change { app: Some(app), operation, ..Change::default() }, detail))
        };
        self.recorder.update(decide).await.map_err(|error| match error {
            // Decided on the same state by the database's own constraint.
            Error::Store(StoreError::Conflict(Conflict::Domain(domain))) => {
                Error::DomainTaken { domain, holder: DomainHolder::Server }
            }
            other => other,
        })
    }

    /// Takes a name from an app, in the recycle bin too.
    ///
    /// # Errors
    /// `AppIdFormat`, `DomainFormat`, `NoSuchApp`, `NoSuchDomain`, `Busy`, `Store`. Nothing has changed then.
    pub async fn remove_domain(
        self: &Arc<Self>,
        id: &str,
        domain: &str,
    ) -> Result<(AppId, DomainName), Error> {
        let id = parse_app_id(id)?;
        let name = DomainName::parse(domain).map_err(|reason| format_of(domain, reason))?;
        let app = self.recorder.read(|memory| memory.app(&id).map(|record| record.app.clone()));
        let app = app.ok_or_else(|| no_such_app(id.to_string()))?;
        let is_address = app.address().is_some_and(|(address, _)| *address == name);
        // Whoever wants to be rid of a name is not kept from it by files that cannot be read now.
        let reads_address = is_address
            && app.lifecycle == Lifecycle::Installed
            && self.reads_own_address(&app).await.unwrap_or(true);
        let control = Arc::clone(self);
        let decide = move |memory: &Memory, now| {
            let record = memory.app(&id).ok_or_else(|| no_such_app(id.to_string()))?;
            let mut app = record.app.clone();
            app.domains.retain(|domain| domain.name != name);
            if app.domains.len() == record.app.domains.len() {
                return Err(Error::NoSuchDomain { domain: name });
            }
            if let Some(open) = record.open_operation().filter(|_| is_address) {
                return Err(Error::Busy { open: open.kind });
            }
            Ok((control.readdressed(record, app, reads_address, now), (id, name)))
        };
        self.recorder.update(decide).await
    }

    /// The app as it is with one more name.
    fn with_domain(
        &self,
        memory: &Memory,
        id: &AppId,
        name: &DomainName,
        now: Timestamp,
    ) -> Result<App, Error> {
        let record = visible_app(memory, id)?;
        let mut app = record.app.clone();
        if app.origin != Origin::Installed {
            return Err(Error::NotManaged { id: id.to_string() });
        }
        // What is at work on an installed app, a name changes nothing of.
        if let Some(open) = record.open_operation().filter(|_| app.lifecycle != Lifecycle::Installed) {
            return Err(Error::Busy { open: open.kind });
        }
        if app.lifecycle != Lifecycle::Installed {
            return Err(no_such_app(id.to_string()));
        }
        if upstream(&app).is_none() {
            return Err(Error::NotWeb { id: id.to_string() });
        }
        if let Some(holder) = self.domain_holder(memory, name) {
            return Err(Error::DomainTaken { domain: name.clone(), holder });
        }
        if app.domains.len() >= DOMAINS_PER_APP_MAX {
            return Err(Error::TooManyDomains { limit: DOMAINS_PER_APP_MAX });
        }
        app.domains.push(AppDomain::added(name.clone(), now));
        Ok(app)
    }

    fn domain_holder(&self, memory: &Memory, name: &DomainName) -> Option<DomainHolder> {
        let is_own = |host: &String| host.eq_ignore_ascii_case(name.as_str());
        if self.settings.own_hosts.iter().any(is_own) {
            return Some(DomainHolder::Server);
        }
        let record = memory.domain_holder(name)?;
        let id = record.app.id.clone();
        Some(if record.is_visible() { DomainHolder::App(id) } else { DomainHolder::Trash(id) })
    }

    /// The change that gives an app other names. Where that changes its address, and it reads that, it is configured anew.
    pub(crate) fn readdressed(
        &self,
        record: &AppRecord,
        app: App,
        reads_address: bool,
        now: Timestamp,
    ) -> Change {
        if reads_address && app.address() != record.app.address() {
            return self.queue(app, &record.app, OperationKind::Configure, now);
        }
        Change { app: Some(app), operation: record.operation.clone(), ..Change::default() }
    }

    pub(crate) async fn reads_own_address(&self, app: &App) -> Result<bool, Error> {
        let package = self.package_of(app).await.map_err(|error| Error::PackageUnreadable {
            id: app.id.to_string(),
            reason: error.to_string(),
        })?;
        let uses = package.env.iter().flat_map(|env| env.uses());
        let is_used_in_env = uses.into_iter().any(|(_, name, _)| OWN_ADDRESS.contains(&name));
        let is_in_compose = |text: &&str| package.compose.contains(*text);
        Ok(is_used_in_env || OWN_ADDRESS.iter().chain([&WHOLE_ENV]).any(is_in_compose))
    }

    /// Whether the name leads here: to an address of this machine or, behind a router that hides it, to one that its
    /// public name has.
    async fn check_resolves(&self, name: &DomainName) -> Result<(), Error> {
        let not_resolved = |found: &[IpAddr], reason: String| Error::DomainNotResolved {
            domain: name.clone(),
            found: found.to_vec(),
            public_host: self.settings.public_host.clone(),
            reason,
        };
        let found = self.host.resolve(name.as_str()).await;
        let found = found.map_err(|error| not_resolved(&[], crate::recorder::error_chain(&error)))?;
        if found.iter().any(|address| self.host.has_address(*address)) {
            return Ok(());
        }
        let public_host = &self.settings.public_host;
        let public = match public_host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.host.resolve(public_host).await.unwrap_or_default(),
        };
        match found.iter().any(|address| public.contains(address)) {
            true => Ok(()),
            false => Err(not_resolved(&found, String::new())),
        }
    }
}

fn format_of(text: &str, reason: DomainNameError) -> Error {
    Error::DomainFormat { domain: text.to_owned(), reason }
}
