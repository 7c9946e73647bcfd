//! What parallel tests share out among themselves, so that none gets into another's way: names, ports and
//! subnets. What they do share on purpose, one engine, they share as its users do.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::setup::variable;

/// Host ports of one share; apps of a test are few, but for the tests that say so.
pub const PORTS: u16 = 100;

/// The first port of all shares, and how many shares there are below the ports that Linux gives away.
const FIRST_PORT: u16 = 21_000;
const SHARES: u32 = 90;

/// Subnets of 32 addresses in the engine's range for tests: `TESTENV_SUBNETS` is a /18. The last quarter is
/// apart: an engine that is killed may keep some of it for ever.
const SUBNETS: u32 = 384;
const SUBNETS_APART: u32 = 128;

static NAMES: AtomicU32 = AtomicU32::new(0);
static PORT_SHARES: AtomicU32 = AtomicU32::new(0);
static SUBNETS_TAKEN: AtomicU32 = AtomicU32::new(0);

/// A beginning of names that no other test has, now or earlier, in letters and digits.
///
/// # Panics
/// The clock stands before 1970.
#[must_use]
pub fn prefix() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.expect("the clock is past 1970").as_millis() % 0x1_0000_0000;
    format!("t{millis:08x}{:02x}", NAMES.fetch_add(1, Ordering::Relaxed) % 0x100)
}

/// The first of [`PORTS`] ports that no other test of this process is given.
#[must_use]
pub fn ports() -> u16 {
    let share = PORT_SHARES.fetch_add(1, Ordering::Relaxed) % SHARES;
    FIRST_PORT + PORTS * u16::try_from(share).unwrap_or(0)
}

/// The first of [`PORTS`] ports that no test is given: for one that lasts for so long that others are run beside it.
#[must_use]
pub const fn ports_apart() -> u16 {
    FIRST_PORT + PORTS * SHARES as u16
}

/// A pool of so many subnets (a power of two) that no other test of this process is given.
///
/// # Panics
/// `TESTENV_SUBNETS` is no network.
#[must_use]
pub fn subnet_pool(count: u32) -> String {
    // Aligned to its own size, as a network has to be.
    let taken = SUBNETS_TAKEN.fetch_add(2 * count, Ordering::Relaxed);
    pool_at(taken.next_multiple_of(count) % SUBNETS, count)
}

/// A pool for apps on an engine that is going to be killed.
#[must_use]
pub fn subnet_pool_apart() -> String {
    pool_at(SUBNETS, SUBNETS_APART)
}

fn pool_at(first: u32, count: u32) -> String {
    let range = variable("TESTENV_SUBNETS");
    let (base, _) = range.split_once('/').expect("a network: address/length");
    let base: Ipv4Addr = base.parse().expect("an address");
    let length = 27 - count.trailing_zeros();
    format!("{}/{length}", Ipv4Addr::from_bits(base.to_bits() + first * 32))
}

/// A port of this machine that nothing listens on at this moment, out of those that the kernel gives away: none of any
/// share, and none that was given before, because whoever has that may not listen yet.
///
/// # Panics
/// There is none.
#[must_use]
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let listener = TcpListener::bind(("0.0.0.0", 0)).expect("some port is free");
        let port = listener.local_addr().expect("it is bound").port();
        if GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return port;
        }
    }
}
