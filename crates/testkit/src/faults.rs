//! Faults at every call that crosses a port, by number: the generated suites fail, or crash, at each.
//!
//! A run without a plan counts the calls; then the same run is repeated with a fault at the first call,
//! at the second, and so on to the last.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// What goes wrong at the chosen call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call does nothing and answers an error.
    Fail,
    /// The server dies before the call has any effect.
    CrashBefore,
    /// The server dies when the call has had its effect, before it hears of it.
    CrashAfter,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 3] = [Self::Fail, Self::CrashBefore, Self::CrashAfter];
}

/// One life of a server: from its start to its crash or stop.
#[derive(Debug, Default)]
pub struct Life {
    dead: AtomicBool,
    died: Notify,
    calls: AtomicUsize,
    names: Mutex<Vec<&'static str>>,
    plan: Option<(usize, Fault)>,
}

/// What a call has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Its work.
    Open,
    /// Nothing but to answer an error.
    Fails,
    /// Nothing: the server is dead.
    Dead,
    /// Its work; then the server is dead.
    DiesAfter,
}

impl Life {
    /// A life in which nothing goes wrong.
    #[must_use]
    pub fn sound() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// A life in which `fault` befalls the call of that number, from 0.
    #[must_use]
    pub fn with(call: usize, fault: Fault) -> Arc<Self> {
        Arc::new(Self { plan: Some((call, fault)), ..Self::default() })
    }

    /// Waits for the crash.
    pub async fn died(&self) {
        while !self.dead.load(Ordering::SeqCst) {
            let died = self.died.notified();
            if self.dead.load(Ordering::SeqCst) {
                return;
            }
            died.await;
        }
    }

    /// Whether it has crashed.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// The names of the calls so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<&'static str> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a call and says what it has to do.
    pub fn gate(&self, name: &'static str) -> Gate {
        if self.is_dead() {
            return Gate::Dead;
        }
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        self.names.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        match self.plan {
            Some((call, Fault::Fail)) if call == number => Gate::Fails,
            Some((call, Fault::CrashBefore)) if call == number => {
                self.die();
                Gate::Dead
            }
            Some((call, Fault::CrashAfter)) if call == number => Gate::DiesAfter,
            _ => Gate::Open,
        }
    }

    /// The server is dead from now on: no call of it has any effect.
    pub fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.died.notify_waiters();
    }
}
