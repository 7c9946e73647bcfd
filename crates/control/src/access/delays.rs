//! Failed logins are slowed down, for each account and each address: after a failure the next try has to wait, twice
//! as long each time.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tokio::time::Instant;

/// The wait after the first failure.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait: an account can be tried 1,440 times a day, and who mistyped is not kept waiting for long.
const LONGEST: Duration = Duration::from_secs(60);

/// Failures are forgotten after this long without another.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);

/// Accounts, and addresses, whose failures are remembered: some kilobytes. Beyond it, who may try again soonest is
/// forgotten first.
const REMEMBERED_MAX: usize = 1_024;

/// Who has to wait.
#[derive(Debug, Default)]
pub(super) struct Delays {
    accounts: Failures<String>,
    addresses: Failures<IpAddr>,
}

impl Delays {
    /// How long that account, tried from that address, has to wait; `None` if it may try now.
    pub(super) fn wait(&self, account: &str, address: IpAddr, now: Instant) -> Option<Duration> {
        let of_account = self.accounts.wait(&account.to_owned(), now);
        of_account.max(self.wait_from(address, now))
    }

    /// How long that address has to wait, whatever account is tried.
    pub(super) fn wait_from(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        self.addresses.wait(&network(address), now)
    }

    /// Notes a failure.
    pub(super) fn failed(&mut self, account: &str, address: IpAddr, now: Instant) {
        self.accounts.note(account.to_owned(), now);
        self.failed_from(address, now);
    }

    /// Notes a failure with what is no account's name: there is nobody whose password is guessed.
    pub(super) fn failed_from(&mut self, address: IpAddr, now: Instant) {
        self.addresses.note(network(address), now);
    }

    /// Notes that an account has another password: tries with the old one say nothing of who knows the new one.
    pub(super) fn forget_account(&mut self, account: &str) {
        self.accounts.0.remove(account);
    }

    /// Notes a success: who knows the password did not guess.
    pub(super) fn succeeded(&mut self, account: &str, address: IpAddr) {
        self.accounts.0.remove(account);
        self.addresses.0.remove(&network(address));
    }
}

/// Whoever has one IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) if six.to_ipv4_mapped().is_none() => {
            IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64))
        }
        other => other.to_canonical(),
    }
}

#[derive(Debug)]
struct Failed {
    times: u32,
    until: Instant,
}

#[derive(Debug)]
struct Failures<K>(HashMap<K, Failed>);

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash> Failures<K> {
    fn wait(&self, who: &K, now: Instant) -> Option<Duration> {
        let wait = self.0.get(who)?.until.saturating_duration_since(now);
        Some(wait).filter(|wait| !wait.is_zero())
    }

    fn note(&mut self, who: K, now: Instant) {
        self.0.retain(|_, failed| now.saturating_duration_since(failed.until) < FORGOTTEN_AFTER);
        if self.0.len() >= REMEMBERED_MAX && !self.0.contains_key(&who) {
            let soonest = self.0.iter().min_by_key(|(_, failed)| failed.until).map(|(who, _)| who.clone());
            soonest.map(|who| self.0.remove(&who));
        }
        let failed = self.0.entry(who).or_insert(Failed { times: 0, until: now });
        failed.until =
            now + FIRST.saturating_mul(1_u32.checked_shl(failed.times).unwrap_or(u32::MAX)).min(LONGEST);
        failed.times = failed.times.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_a_minute_and_end_with_a_success() {
        let (mut delays, here) = (Delays::default(), address("192.0.2.7"));
        let mut now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..40 {
            delays.failed("admin", here, now);
            let wait = delays.wait("admin", here, now).expect("a wait");
            waits.push(wait.as_secs());
            now += wait;
            assert_eq!(delays.wait("admin", here, now), None);
        }
        assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(waits[8..].iter().all(|wait| *wait == 60), "{waits:?}");
        delays.failed("admin", here, now);
        delays.succeeded("admin", here);
        assert_eq!(delays.wait("admin", here, now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_waits_from_everywhere_and_an_address_with_every_account() {
        let (mut delays, now) = (Delays::default(), Instant::now());
        delays.failed("admin", address("2001:db8::1"), now);
        for (account, from, waits) in [
            ("admin", "192.0.2.7", true),
            ("other", "2001:db8::ffff:1", true),
            ("other", "2001:db8:0:1::1", false),
            ("other", "192.0.2.7", false),
        ] {
            assert_eq!(delays.wait(account, address(from), now).is_some(), waits, "{account} {from}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_without_an_account_keeps_nobody_else_waiting() {
        let (mut delays, now) = (Delays::default(), Instant::now());
        let (here, elsewhere) = (address("192.0.2.7"), address("192.0.2.9"));
        delays.failed_from(here, now);
        assert!(delays.wait_from(here, now).is_some() && delays.wait("admin", here, now).is_some());
        assert_eq!((delays.wait_from(elsewhere, now), delays.wait("", elsewhere, now)), (None, None));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_is_bounded_and_forgotten() {
        let (mut delays, now) = (Delays::default(), Instant::now());
        delays.failed("admin", address("192.0.2.7"), now);
        delays.failed("admin", address("192.0.2.7"), now);
        for number in 0..5_000_u32 {
            delays.failed(&number.to_string(), IpAddr::V4(number.into()), now);
        }
        assert_eq!((delays.accounts.0.len(), delays.addresses.0.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
        assert!(delays.wait("admin", address("192.0.2.9"), now).is_some(), "who waits longest stays");
        let later = now + FORGOTTEN_AFTER + LONGEST;
        delays.failed("x", address("192.0.2.7"), later);
        assert_eq!((delays.accounts.0.len(), delays.addresses.0.len()), (1, 1));
    }
}
