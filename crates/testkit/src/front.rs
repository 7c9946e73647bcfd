//! A web server in front and a certification authority that do as they are told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use control::ports::{Certificates, ChallengeSink, Clock, Gateway, GatewayError, Site};
use domain::{Certificate, DomainName, Failure, FailureClass, Timestamp, Validity};

use crate::of_life::OfLife;

/// A web server and an authority. They outlive the servers that use them.
#[derive(Clone)]
pub struct FakeFront {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

struct State {
    served: Vec<Site>,
    own_names: Option<Vec<String>>,
    own_certificate: Option<Validity>,
    port: u16,
    age: Duration,
    refusal: Option<GatewayError>,
    refused: BTreeSet<DomainName>,
    files: BTreeSet<String>,
    issued: Vec<DomainName>,
    asked: u32,
    failing: BTreeMap<DomainName, FailureClass>,
}

impl FakeFront {
    /// The lifetime of a certificate: short, so that a test can live to see its end.
    pub const LIFETIME: Duration = Duration::from_hours(6);

    /// A web server that serves nothing, and an authority that issues whatever it is asked for.
    #[must_use]
    pub fn of(clock: Arc<dyn Clock>) -> Self {
        let state = State {
            served: Vec::new(),
            own_names: Some(Vec::new()),
            own_certificate: None,
            port: domain::HTTPS_PORT,
            age: Duration::ZERO,
            refusal: None,
            refused: BTreeSet::new(),
            files: BTreeSet::new(),
            issued: Vec::new(),
            asked: 0,
            failing: BTreeMap::new(),
        };
        Self { clock, state: Arc::new(Mutex::new(state)) }
    }

    /// What is served.
    #[must_use]
    pub fn served(&self) -> Vec<Site> {
        self.state().served.clone()
    }

    /// Lets the web server refuse every change of what it serves, or ends that.
    pub fn refuse(&self, refusal: Option<GatewayError>) {
        self.state().refusal = refusal;
    }

    /// Lets the web server refuse every change of that site, by its name, or ends that.
    pub fn refuse_site(&self, name: &DomainName, is_refused: bool) {
        let refused = &mut self.state().refused;
        let _ = if is_refused { refused.insert(name.clone()) } else { refused.remove(name) };
    }

    /// Gives the web server a name that it has itself.
    pub fn call_itself(&self, name: &DomainName) {
        self.state().own_names = Some(vec![name.to_string()]);
    }

    /// A web server that nobody has set up yet.
    pub fn forget_setup(&self) {
        self.state().own_names = None;
    }

    /// Lets the web server show a certificate of its own with that validity.
    pub fn show_own_certificate(&self, validity: Validity) {
        self.state().own_certificate = Some(validity);
    }

    /// Lets the web server serve nothing any more, as after its files are gone.
    pub fn forget_sites(&self) {
        self.state().served.clear();
    }

    /// Lets the web server listen at another port of HTTPS from its next change on.
    pub fn listen_at(&self, port: u16) {
        self.state().port = port;
    }

    /// Lets certificates begin that long before now: the authority's clock is behind ours.
    pub fn issue_in_the_past(&self, age: Duration) {
        self.state().age = age;
    }

    /// The files of certificates.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        self.state().files.iter().cloned().collect()
    }

    /// Loses the file of every certificate, as somebody who tidies up would.
    pub fn lose_files(&self) {
        self.state().files.clear();
    }

    /// The names that certificates were issued for, in order.
    #[must_use]
    pub fn issued(&self) -> Vec<DomainName> {
        self.state().issued.clone()
    }

    /// How often a certificate was asked for.
    #[must_use]
    pub fn asked(&self) -> u32 {
        self.state().asked
    }

    /// Lets every request for that name fail in that way, or ends that.
    pub fn fail(&self, name: &DomainName, class: Option<FailureClass>) {
        match class {
            Some(class) => drop(self.state().failing.insert(name.clone(), class)),
            None => drop(self.state().failing.remove(name)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, sites: &[Site]) -> Result<u16, GatewayError> {
        let mut state = self.state();
        if state.served == sites {
            return Ok(state.port);
        }
        if let Some(refusal) = &state.refusal {
            return Err(refusal.clone());
        }
        for site in sites {
            let path = site.certificate.as_ref();
            let file = path.and_then(|path| path.file_name()).and_then(|name| name.to_str());
            let at_fault = vec![site.domain.clone()];
            if state.refused.contains(&site.domain) && !state.served.contains(site) {
                let words = format!("it does not like {}", site.domain);
                return Err(GatewayError::Refused { words, at_fault });
            }
            if let Some(file) = file.filter(|file| !state.files.contains(*file)) {
                let words = format!("cannot load certificate {file}");
                return Err(GatewayError::Refused { words, at_fault });
            }
        }
        state.served = sites.to_vec();
        Ok(state.port)
    }

    fn issue(&self, name: &DomainName, challenges: &dyn ChallengeSink) -> Result<Certificate, Failure> {
        let mut state = self.state();
        state.asked += 1;
        if let Some(class) = state.failing.get(name) {
            return Err(Failure::of(*class, name.as_str(), "the test says so"));
        }
        challenges.answer("token", name.as_str());
        let file = format!("{name}-{}.pem", state.asked);
        state.files.insert(file.clone());
        state.issued.push(name.clone());
        let valid_from =
            Timestamp::from_millis(0).plus(self.clock.now().since(Timestamp::from_millis(0)) - state.age);
        Ok(Certificate { file, valid_from, expires_at: valid_from.plus(Self::LIFETIME) })
    }
}

#[async_trait]
impl Gateway for OfLife<FakeFront> {
    async fn serve(&self, sites: &[Site]) -> Result<u16, GatewayError> {
        let failure = || Err(GatewayError::Unreachable { reason: "injected fault".to_owned() });
        self.pass("gateway.serve", failure, async || self.inner.serve(sites)).await
    }

    async fn own_names(&self) -> Option<Vec<String>> {
        self.inner.state().own_names.clone()
    }

    async fn own_certificate(&self) -> Option<Vec<u8>> {
        self.inner.state().own_certificate.map(|_| Vec::new())
    }
}

#[async_trait]
impl Certificates for OfLife<FakeFront> {
    async fn issue(&self, name: &DomainName, challenges: &dyn ChallengeSink) -> Result<Certificate, Failure> {
        let failure = || Err(Failure::of(FailureClass::CaUnreachable, name.as_str(), "injected fault"));
        self.pass("certificates.issue", failure, async || self.inner.issue(name, challenges)).await
    }

    fn path(&self, certificate: &Certificate) -> PathBuf {
        PathBuf::from("/fake/certificates").join(&certificate.file)
    }

    fn validity(&self, _: &[u8]) -> Option<Validity> {
        self.inner.state().own_certificate
    }

    async fn is_there(&self, certificate: &Certificate) -> bool {
        self.unless_dead().await;
        self.inner.state().files.contains(&certificate.file)
    }

    async fn keep_only(&self, kept: &[Certificate]) -> Result<(), std::io::Error> {
        let failure = || Err(std::io::Error::other("injected fault"));
        let work = async || {
            let is_kept = |file: &String| kept.iter().any(|certificate| certificate.file == *file);
            self.inner.state().files.retain(is_kept);
            Ok(())
        };
        self.pass("certificates.keep_only", failure, work).await
    }
}
