//! Seats: how many connections of one listener are open, and which of them gives way when there is none left.
//!
//! Without that, whoever opens connections and says nothing shuts all others out until time-outs free a place. Here
//! who has been silent for longest gives way to who comes. A connection that an answer is being made for, or that
//! is a stream, keeps its seat: those are bounded in time and number by other limits.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::limits::CONNECTIONS_MAX;

/// The seats of one listener.
#[derive(Default)]
pub(crate) struct Seats {
    table: Mutex<Table>,
    /// Wakes who waits for a seat. One waits at a time: the listener.
    freed: Notify,
    evicted: AtomicU64,
}

/// The seats of every listener, with the kind of its sockets: each request carries them.
pub(crate) type Rooms = Vec<(SocketKind, Arc<Seats>)>;

/// What a listener's sockets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SocketKind {
    Tcp,
    Unix,
}

#[derive(Default)]
struct Table {
    taken: usize,
    /// Counts how often a connection fell silent, to tell who did first.
    turns: u64,
    /// Those who may be asked to go, longest silent first.
    silent: BTreeMap<u64, CancellationToken>,
    /// Somebody waits, and nobody can be asked to go.
    wanted: bool,
}

impl Seats {
    /// A seat, at once or when somebody has gone.
    pub(crate) async fn take(self: &Arc<Self>) -> Arc<Seat> {
        loop {
            let mut freed = pin!(self.freed.notified());
            // From here on: what is freed while we look is not missed, and what was before wakes nobody.
            freed.as_mut().enable();
            if let Some(seat) = self.try_take() {
                return seat;
            }
            freed.await;
        }
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.table().taken
    }

    /// How many connections have been closed to make room for others.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    fn try_take(self: &Arc<Self>) -> Option<Arc<Seat>> {
        let mut table = self.table();
        if table.taken < CONNECTIONS_MAX {
            table.taken += 1;
            let seat =
                Seat { seats: Arc::clone(self), evicted: CancellationToken::new(), turn: Mutex::default() };
            *seat.turn() = Some(table.seat_silent(seat.evicted.clone()));
            return Some(Arc::new(seat));
        }
        match table.silent.pop_first() {
            Some((_, evicted)) => {
                evicted.cancel();
                self.evicted.fetch_add(1, Ordering::Relaxed);
            }
            None => table.wanted = true,
        }
        None
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn seat_silent(&mut self, evicted: CancellationToken) -> u64 {
        self.turns += 1;
        self.silent.insert(self.turns, evicted);
        self.turns
    }
}

/// The seat of one connection, given back when it is dropped.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    evicted: CancellationToken,
    /// Its place among the silent; `None` while it is busy.
    turn: Mutex<Option<u64>>,
}

impl Seat {
    /// Waits until the connection has to give way to another.
    pub(crate) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }

    /// From now on, and until that is dropped, an answer is being made or sent bit by bit.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        let turn = self.turn().take();
        if let Some(turn) = turn {
            self.seats.table().silent.remove(&turn);
        }
        Busy(Arc::clone(self))
    }

    fn turn(&self) -> MutexGuard<'_, Option<u64>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let turn = self.turn().take();
        let mut table = self.seats.table();
        if let Some(turn) = turn {
            table.silent.remove(&turn);
        }
        table.taken -= 1;
        self.seats.freed.notify_waiters();
    }
}

/// Keeps a connection from being asked to go.
pub(crate) struct Busy(Arc<Seat>);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut table = self.0.seats.table();
        *self.0.turn() = Some(table.seat_silent(self.0.evicted.clone()));
        if std::mem::take(&mut table.wanted) {
            self.0.seats.freed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    async fn full(seats: &Arc<Seats>) -> Vec<Arc<Seat>> {
        let mut taken = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            taken.push(seats.take().await);
        }
        taken
    }

    fn is_asked_to_go(seat: &Seat) -> bool {
        seat.evicted().now_or_never().is_some()
    }

    #[tokio::test]
    async fn who_has_been_silent_for_longest_gives_way() {
        let seats = Arc::new(Seats::default());
        let mut taken = full(&seats).await;
        // The first two have spoken meanwhile: one still does, one has ended.
        let _busy = taken[0].busy();
        drop(taken[1].busy());
        assert!(seats.take().now_or_never().is_none());
        let asked: Vec<usize> = (0..taken.len()).filter(|i| is_asked_to_go(&taken[*i])).collect();
        assert_eq!(asked, [2]);
        drop(taken.remove(2));
        assert!(seats.take().now_or_never().is_some(), "it has gone");
        assert_eq!(
            (seats.taken(), seats.evicted()),
            (CONNECTIONS_MAX - 1, 1),
            "the newcomer's was dropped here"
        );
    }

    #[tokio::test]
    async fn while_all_are_busy_a_newcomer_waits_for_the_first_that_is_not() {
        let seats = Arc::new(Seats::default());
        let mut taken = full(&seats).await;
        let mut busy: Vec<Busy> = taken.iter().map(Seat::busy).collect();
        let mut newcomer = std::pin::pin!(seats.take());
        assert!(newcomer.as_mut().now_or_never().is_none());
        assert!(!taken.iter().any(|seat| is_asked_to_go(seat)));
        drop(busy.pop());
        assert!(newcomer.as_mut().now_or_never().is_none());
        assert!(taken.last().is_some_and(|seat| is_asked_to_go(seat)));
        drop(taken.pop());
        assert!(newcomer.now_or_never().is_some());
    }
}
