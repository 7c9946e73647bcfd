//! A name that an app is reached by, its certificate, and when the next one is asked for.
//!
//! The times are those of a certification authority with rate limits: what fails is tried again ever more seldom.

use std::time::Duration;

use crate::domain_name::DomainName;
use crate::failure::{Failure, FailureClass};
use crate::time::Timestamp;

/// A name that an app is reached by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppDomain {
    /// The name.
    pub name: DomainName,
    /// When it was given to the app.
    pub added_at: Timestamp,
    /// The port of HTTPS at which the gateway served it last; `None` until it first does. A name that never was served may
    /// never work, so nothing is made to depend on it.
    pub served_port: Option<u16>,
    /// Its certificate; `None` before the first was issued.
    pub certificate: Option<Certificate>,
    /// The tries to get the next certificate that have failed; `None` once one succeeds.
    pub failed: Option<FailedTries>,
}

/// A certificate that was issued. Chain and private key are in a file, and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The name of its file, which no other certificate has.
    pub file: String,
    /// From when on it is valid.
    pub valid_from: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// From when until when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Validity {
    /// Whether somebody has to look: it has expired, or will before long, though whoever renews it in time, with a third of
    /// its lifetime left, has had half of that to do so.
    #[must_use]
    pub fn is_ending(&self, now: Timestamp) -> bool {
        self.until.since(now) < self.until.since(self.from) / 6
    }
}

/// Tries that have failed one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedTries {
    /// How many.
    pub count: u32,
    /// Why the last one failed.
    pub failure: Failure,
    /// When it did.
    pub at: Timestamp,
}

/// What the URLs of a name begin with that is served at that port.
#[must_use]
pub fn https_origin(name: &DomainName, port: u16) -> String {
    if port == HTTPS_PORT { format!("https://{name}") } else { format!("https://{name}:{port}") }
}

/// The port that a URL of HTTPS means where it names none.
pub const HTTPS_PORT: u16 = 443;

/// The longest pause after a try that failed.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

impl AppDomain {
    /// A name that has just been given to an app.
    #[must_use]
    pub const fn added(name: DomainName, now: Timestamp) -> Self {
        Self { name, added_at: now, served_port: None, certificate: None, failed: None }
    }

    /// When the next certificate is to be asked for: at once where there is none, else when a third of the lifetime is
    /// left, or up to a thirtieth of it earlier, so that not all names of all servers come at once; and after the
    /// pause that a failure brings.
    #[must_use]
    pub fn next_try_at(&self) -> Timestamp {
        let due = self.certificate.as_ref().map_or(self.added_at, |certificate| {
            let lifetime = certificate.expires_at.since(certificate.valid_from);
            let jitter = (lifetime / 30).mul_f64(fraction_of(self.name.as_str(), certificate.valid_from));
            certificate.valid_from.plus(lifetime * 2 / 3 - jitter)
        });
        self.failed.as_ref().map_or(due, |failed| due.max(failed.at.plus(failed.pause())))
    }

    /// Whether somebody has to look: a certificate was asked for in vain; or the one that there is ends without another.
    #[must_use]
    pub fn lacks_certificate(&self, now: Timestamp) -> bool {
        self.certificate.as_ref().map_or(self.failed.is_some(), |certificate| {
            Validity { from: certificate.valid_from, until: certificate.expires_at }.is_ending(now)
        })
    }

    /// Notes that a try has failed.
    pub fn note_failure(&mut self, failure: Failure, now: Timestamp) {
        let count = self.failed.as_ref().map_or(0, |failed| failed.count).saturating_add(1);
        self.failed = Some(FailedTries { count, failure, at: now });
    }
}

impl FailedTries {
    /// How long to wait before the next try: doubled each time, up to a day.
    #[must_use]
    pub fn pause(&self) -> Duration {
        let first = match self.failure.class {
            // The authority has not heard of it, so it counts no failure.
            FailureClass::CaUnreachable => Duration::from_mins(1),
            // "Not before some hours" is what most limits come to; the words say more than a program can read.
            FailureClass::CaLimit => Duration::from_hours(3),
            // Let's Encrypt takes five failures of one name in an hour.
            _ => Duration::from_mins(15),
        };
        let doublings = self.count.saturating_sub(1).min(16);
        (first * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
    }
}

/// A number from 0 to 1 that is another for each name and moment, and the same whenever it is asked for (FNV-1a).
fn fraction_of(name: &str, moment: Timestamp) -> f64 {
    let bytes = name.bytes().chain(moment.as_millis().to_le_bytes());
    let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    f64::from(hash) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn issued(name: &str, lifetime: Duration) -> AppDomain {
        let name = DomainName::parse(name).unwrap();
        let valid_from = Timestamp::from_millis(1_000);
        let file = "x.pem".to_owned();
        let certificate = Certificate { file, valid_from, expires_at: valid_from.plus(lifetime) };
        AppDomain { certificate: Some(certificate), ..AppDomain::added(name, valid_from) }
    }

    #[test]
    fn the_first_certificate_is_asked_for_at_once() {
        let added = AppDomain::added(DomainName::parse("a.example").unwrap(), Timestamp::from_millis(5));
        assert_eq!(added.next_try_at(), Timestamp::from_millis(5));
    }

    #[test]
    fn somebody_has_to_look_when_no_certificate_comes_or_the_one_there_is_is_not_renewed() {
        let day = |number: u32| Timestamp::from_millis(1_000).plus(number * DAY);
        let mut domain = issued("a.example", 90 * DAY);
        assert!(!domain.lacks_certificate(day(74)), "it is being renewed since day 60");
        assert!(domain.lacks_certificate(day(76)) && domain.lacks_certificate(day(100)));
        domain.certificate = None;
        assert!(!domain.lacks_certificate(day(0)), "it has just been asked for");
        domain.note_failure(Failure::of(FailureClass::CaRefused, "", ""), day(0));
        assert!(domain.lacks_certificate(day(0)));
    }

    #[test]
    fn two_names_are_not_renewed_at_the_same_moment() {
        let (one, other) = (issued("a.example", 90 * DAY), issued("b.example", 90 * DAY));
        assert_ne!(one.next_try_at(), other.next_try_at());
        assert_eq!(one.next_try_at(), issued("a.example", 90 * DAY).next_try_at());
    }

    #[test]
    fn what_fails_is_tried_again_ever_more_seldom() {
        let mut domain = issued("a.example", 90 * DAY);
        let pauses = |class, domain: &mut AppDomain| {
            domain.failed = None;
            let mut pause = |_| {
                domain.note_failure(Failure::of(class, "", ""), Timestamp::default());
                domain.failed.as_ref().unwrap().pause().as_secs() / 60
            };
            (0..9).map(&mut pause).collect::<Vec<_>>()
        };
        let refused = pauses(FailureClass::ChallengeFailed, &mut domain);
        assert_eq!(refused, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
        assert_eq!(pauses(FailureClass::CaUnreachable, &mut domain)[..4], [1, 2, 4, 8]);
        assert_eq!(pauses(FailureClass::CaLimit, &mut domain)[..4], [180, 360, 720, 1440]);
        domain.failed.as_mut().unwrap().count = u32::MAX;
        assert_eq!(domain.failed.unwrap().pause(), DAY);
    }

    proptest! {
        #[test]
        fn a_certificate_is_renewed_when_a_third_of_its_life_is_left(minutes in 1_u32..1_000_000, name in "[a-z]{1,20}") {
            let lifetime = Duration::from_mins(minutes.into());
            let domain = issued(&format!("{name}.example"), lifetime);
            let age = domain.next_try_at().since(Timestamp::from_millis(1_000));
            prop_assert!(age <= lifetime * 2 / 3 && age + Duration::from_millis(2) >= lifetime * 19 / 30);
        }
    }
}
