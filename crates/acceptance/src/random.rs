//! Luck that can be repeated: `TESTENV_SEED` is shown by every run that uses it.

use std::time::Duration;

use crate::note;

/// A small generator of numbers that can be repeated (SplitMix64).
#[derive(Debug)]
pub struct Random(u64);

/// A number that a variable of the environment asks for.
#[must_use]
pub fn wanted(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The seed of this run: `TESTENV_SEED`, else one of the clock's.
///
/// # Panics
/// The clock stands before 1970.
#[must_use]
pub fn seed() -> u64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let of_clock = since_epoch.expect("the clock is past 1970").as_secs();
    let seed = wanted("TESTENV_SEED").unwrap_or(of_clock);
    note(&format!("TESTENV_SEED={seed}"));
    seed
}

impl Random {
    /// The generator of one lane of a run.
    #[must_use]
    pub const fn of(seed: u64, lane: u64) -> Self {
        Self(seed ^ (lane << 32))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below that.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A time shorter than that.
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX).max(1);
        Duration::from_micros(self.below(micros))
    }
}
