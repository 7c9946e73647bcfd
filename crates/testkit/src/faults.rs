//! Faults at every call that crosses a port, by number: the generated suites fail, or crash, at each.
//!
//! A run without a plan counts the calls; then the same run is repeated with a fault at the first call,
//! at the second, and so on to the last.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

/// What goes wrong at the chosen call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call does nothing and answers an error.
    Fail,
    /// The server dies before the call has any effect.
    CrashBefore,
    /// The server dies when the call has had its effect, before it hears of it.
    CrashAfter,
    /// Nothing goes wrong, but the call waits until [`Life::release`]: something else happens meanwhile.
    Hold,
}

impl Fault {
    /// Every fault that harms.
    pub const ALL: [Self; 3] = [Self::Fail, Self::CrashBefore, Self::CrashAfter];
}

/// One life of a server: from its start to its crash or stop.
#[derive(Debug, Default)]
pub struct Life {
    dead: AtomicBool,
    died: Notify,
    calls: AtomicUsize,
    names: Mutex<Vec<&'static str>>,
    plan: Vec<(usize, Fault)>,
    held: watch::Sender<Held>,
    committing: Mutex<()>,
}

/// How far the one call is that is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Held {
    #[default]
    NotYet,
    Waiting,
    Released,
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
    /// Its work, once it has been released.
    Held,
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
        Self::with_all(&[(call, fault)])
    }

    /// A life in which each of these befalls the call of its number.
    #[must_use]
    pub fn with_all(plan: &[(usize, Fault)]) -> Arc<Self> {
        Arc::new(Self { plan: plan.to_owned(), ..Self::default() })
    }

    /// Waits until the call that is to be held has come.
    pub async fn holds(&self) {
        // The sender lives as long as `self`.
        let _ = self.held.subscribe().wait_for(|held| *held != Held::NotYet).await;
    }

    /// Lets the call that is held, or will be, do its work.
    pub fn release(&self) {
        self.held.send_replace(Held::Released);
    }

    /// Holds a call until it is released.
    pub(crate) async fn hold(&self) {
        self.note_held();
        let _ = self.held.subscribe().wait_for(|held| *held == Held::Released).await;
    }

    /// Notes that a call has come that was to be held, and cannot be: it blocks its thread.
    pub(crate) fn note_held(&self) {
        self.held.send_if_modified(|held| {
            let is_first = *held == Held::NotYet;
            if is_first {
                *held = Held::Waiting;
            }
            is_first
        });
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
        let planned = self.plan.iter().find(|(call, _)| *call == number);
        match planned.map(|(_, fault)| fault) {
            None => Gate::Open,
            Some(Fault::Fail) => Gate::Fails,
            Some(Fault::Hold) => Gate::Held,
            Some(Fault::CrashBefore) => {
                self.die();
                Gate::Dead
            }
            Some(Fault::CrashAfter) => Gate::DiesAfter,
        }
    }

    /// Held by a commit from its gate to its end. Commits run on threads of their own: one that has passed its gate would
    /// otherwise land in the next life, which no process that was killed can do.
    pub(crate) fn committing(&self) -> MutexGuard<'_, ()> {
        self.committing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server is dead from now on: no call of it has any effect.
    pub fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.died.notify_waiters();
    }
}

/// Runs what makes calls with every harmful fault at its first call, at its second, and so on to its last; then with a
/// failure at two calls in a row. `run` is given the plan of one run and returns how many calls were made.
///
/// # Panics
///
/// It makes another number of calls than `expected`: fewer, and not all that it does was seen; more, and it never ends.
pub async fn at_every_call(
    what: &str,
    expected: RangeInclusive<usize>,
    run: impl AsyncFn(&[(usize, Fault)]) -> usize,
) {
    for fault in Fault::ALL {
        let mut call = 0;
        while run(&[(call, fault)]).await > call {
            call += 1;
            assert!(call <= *expected.end(), "{what} makes more than {} calls", expected.end());
        }
        assert!(call >= *expected.start(), "{what} makes more calls than {call}");
    }
    let mut call = 0;
    while run(&[(call, Fault::Fail), (call + 1, Fault::Fail)]).await > call {
        call += 1;
    }
}
