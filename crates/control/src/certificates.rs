//! Gets the certificates of domains and renews them, one after the other, in the background; and removes those that
//! nobody needs any more. A certificate that works is used until its successor is: a failure takes no site down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{AppDomain, Certificate, DomainName, Failure, FailureClass, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::memory::Memory;
use crate::ports::ChallengeSink;
use crate::recorder::error_chain;
use crate::sites::WantedSite;
use crate::{Control, Front};

/// How often it is looked whether something has become due with time: a look at memory.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long one certificate may take. Authorities look from several places and may take their time; the others wait
/// meanwhile.
const ISSUE_LIMIT: Duration = Duration::from_mins(3);

/// Before a certificate is renewed that was issued in this life of the server: where the clock is far ahead, what has just
/// been issued is due for renewal already, and the authority would count each.
const RENEWED_AFTER_MIN: Duration = Duration::from_hours(1);

/// Between two tries with a disk that does not do as it should.
const DISK_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What the authority has to find, while a certificate is being issued.
#[derive(Debug, Default)]
pub(crate) struct Challenges(Mutex<HashMap<String, String>>);

impl ChallengeSink for Challenges {
    fn answer(&self, token: &str, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned(), text.to_owned());
    }
}

impl Control {
    /// What the authority has to find at `/.well-known/acme-challenge/TOKEN`; `None` if nothing was agreed on.
    #[must_use]
    pub fn challenge(&self, token: &str) -> Option<String> {
        self.challenges.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }
}

/// When certificates were issued in this life of the server, whatever the clock says.
#[derive(Debug, Default)]
struct Issued(HashMap<DomainName, (Certificate, Instant)>);

impl Issued {
    fn note(&mut self, name: DomainName, certificate: Certificate) {
        self.0.retain(|_, (_, at)| at.elapsed() < RENEWED_AFTER_MIN);
        self.0.insert(name, (certificate, Instant::now()));
    }

    /// Whether what the domain has is so new that no right clock could want another. Certificates that are good for minutes
    /// only, as in a trial, are renewed sooner.
    fn is_fresh(&self, domain: &AppDomain) -> bool {
        let noted = self
            .0
            .get(&domain.name)
            .filter(|(certificate, _)| domain.certificate.as_ref() == Some(certificate));
        noted.is_some_and(|(certificate, at)| {
            let lifetime = certificate.expires_at.since(certificate.valid_from);
            at.elapsed() < RENEWED_AFTER_MIN.min(lifetime / 3)
        })
    }
}

/// What is to be done next.
enum Work {
    /// Ask for a certificate of that name.
    Issue(DomainName),
    /// The gateway serves other sites than at the last time: some file may not be needed any more.
    Clean(Vec<WantedSite>),
}

/// Works until `stop`.
pub(crate) async fn renew(control: Arc<Control>, stop: CancellationToken) {
    let Some(front) = &control.front else { return };
    let mut cleaned: Option<Vec<WantedSite>> = None;
    let mut issued = Issued::default();
    loop {
        let next = control.wait_for(|memory| next(memory, cleaned.as_ref(), &issued, control.clock.now()));
        let work = tokio::select! {
            () = stop.cancelled() => return,
            work = tokio::time::timeout(LOOK_EVERY, next) => work,
        };
        match work {
            Err(_) => {}
            Ok(Work::Issue(name)) => tokio::select! {
                () = stop.cancelled() => return,
                certificate = issue(&control, front, &name) => {
                    certificate.into_iter().for_each(|certificate| issued.note(name.clone(), certificate));
                }
            },
            Ok(Work::Clean(served)) => {
                clean(&control, front, &served, &stop).await;
                cleaned = Some(served);
            }
        }
    }
}

/// Only names that the gateway serves are asked for: nobody would answer the challenge of another.
fn next(memory: &Memory, cleaned: Option<&Vec<WantedSite>>, issued: &Issued, now: Timestamp) -> Option<Work> {
    let served = memory.gateway.served.as_ref()?;
    if cleaned != Some(served) {
        return Some(Work::Clean(served.clone()));
    }
    let is_served = |domain: &&AppDomain| served.iter().any(|site| site.domain == domain.name);
    let domains = memory.oldest_first().flat_map(|record| &record.app.domains).filter(is_served);
    let due = domains.filter(|domain| is_due(domain, now) && !issued.is_fresh(domain));
    Some(Work::Issue(due.min_by_key(|domain| domain.next_try_at())?.name.clone()))
}

/// Whether it is time to ask. What was noted in the future, before the clock was set back, puts nothing off.
fn is_due(domain: &AppDomain, now: Timestamp) -> bool {
    let failed = domain.failed.clone().filter(|failed| failed.at <= now);
    AppDomain { added_at: domain.added_at.min(now), failed, ..domain.clone() }.next_try_at() <= now
}

/// Asks for a certificate and records what came of it, which is returned where it is one.
async fn issue(control: &Arc<Control>, front: &Front, name: &DomainName) -> Option<Certificate> {
    let issued = tokio::time::timeout(ISSUE_LIMIT, front.certificates.issue(name, &control.challenges)).await;
    control.challenges.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let issued = issued.unwrap_or_else(|_| {
        let detail = format!("no certificate came within {} s", ISSUE_LIMIT.as_secs());
        Err(Failure::of(FailureClass::CaUnreachable, "", detail))
    });
    match &issued {
        Ok(Certificate { file, .. }) => tracing::info!(domain = %name, file, "a certificate was issued"),
        Err(failure) => tracing::warn!(domain = %name, %failure, "no certificate; it will be tried again"),
    }
    // Until it is recorded: the authority would be asked again otherwise, and counts.
    let mut is_logged = false;
    while let Err(error) = record(control, name, &issued).await {
        if !std::mem::replace(&mut is_logged, true) {
            let reason = error_chain(&error);
            tracing::error!(domain = %name, reason, "cannot record a certificate; trying until it works");
        }
        tokio::time::sleep(DISK_AGAIN_AFTER).await;
    }
    issued.ok()
}

async fn record(
    control: &Arc<Control>,
    name: &DomainName,
    issued: &Result<Certificate, Failure>,
) -> Result<(), crate::ports::StoreError> {
    let (name, issued) = (name.clone(), issued.clone());
    control
        .recorder
        .update(move |memory, now| {
            let change = memory.amended_domain(&name, |domain| match issued {
                Ok(certificate) => (domain.certificate, domain.failed) = (Some(certificate), None),
                Err(failure) => domain.note_failure(failure, now),
            });
            Ok((change.unwrap_or_default(), ()))
        })
        .await
}

/// Keeps what an app has, in the recycle bin too, and what is served. A disk that does not let go of a file would not
/// take a new one either: nothing is issued meanwhile.
async fn clean(control: &Arc<Control>, front: &Front, served: &[WantedSite], stop: &CancellationToken) {
    let mut is_logged = false;
    loop {
        let mut kept: Vec<Certificate> = control.recorder.read(|memory| {
            let domains = memory.oldest_first().flat_map(|record| &record.app.domains);
            domains.filter_map(|domain| domain.certificate.clone()).collect()
        });
        kept.extend(served.iter().filter_map(|site| site.certificate.clone()));
        let Err(error) = front.certificates.keep_only(&kept).await else { return };
        if !std::mem::replace(&mut is_logged, true) {
            let reason = error_chain(&error);
            tracing::warn!(reason, "cannot remove certificates that nobody needs; trying until it works");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(DISK_AGAIN_AFTER) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_before_the_clock_was_set_back_puts_nothing_off() {
        let day = |number: u64| Timestamp::from_millis(0).plus(Duration::from_hours(24 * number));
        let name = DomainName::parse("blog.example.com").expect("a name");
        let mut domain = AppDomain::added(name, day(100));
        assert!(is_due(&domain, day(99)), "it was given to the app in the future");
        let file = "blog.pem".to_owned();
        domain.certificate = Some(Certificate { file, valid_from: day(10), expires_at: day(100) });
        assert!(is_due(&domain, day(80)) && !is_due(&domain, day(60)));
        domain.note_failure(Failure::of(FailureClass::CaUnreachable, "", ""), day(500));
        assert!(is_due(&domain, day(80)), "it is not put off until then");
        assert!(!is_due(&domain, day(60)), "nor is it hurried");
    }
}
