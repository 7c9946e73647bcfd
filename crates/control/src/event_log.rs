//! The latest events, in memory, for those who follow what happens.
//!
//! Owns waking the followers and what can be had without the database. Nobody is handed anything: each
//! follower takes the next events when it is ready for them, so that a slow one holds up nobody.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use domain::{AppId, Event, EventId, StoredEvent};
use tokio::sync::watch;

/// Events that are held: at some hundred bytes each, half a megabyte. A follower that is further behind reads
/// the database; one that keeps up costs it nothing, however many follow. (Measured: with 50 followers that all
/// read the database, storing an event took ten times as long as with none.)
const EVENTS_HELD: usize = 1_000;

/// The latest events, in the order of their places, without gaps.
pub(crate) struct EventLog {
    latest: RwLock<VecDeque<Arc<StoredEvent>>>,
    newest: watch::Sender<EventId>,
}

/// Some of the events after a place.
#[derive(Debug, Default)]
pub(crate) struct EventsAfter {
    /// The events, oldest first.
    pub(crate) events: Vec<Arc<StoredEvent>>,
    /// The place up to which there are no others.
    pub(crate) through: EventId,
}

impl EventLog {
    /// A log that goes on after that place.
    pub(crate) fn after(newest: EventId) -> Self {
        Self { latest: RwLock::default(), newest: watch::Sender::new(newest) }
    }

    /// The place of the newest event, for those who wait for the next.
    pub(crate) fn newest(&self) -> watch::Receiver<EventId> {
        self.newest.subscribe()
    }

    /// Takes in what has just been stored, from that place on. The caller holds the recorder's `writing`.
    pub(crate) fn append(&self, first: EventId, events: Vec<Event>) {
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        // What was stored although the store called it failed is not here: then nothing before it counts.
        if latest.back().is_some_and(|newest| newest.id.next() != first) {
            latest.clear();
        }
        for (number, event) in (first.0..).zip(events) {
            latest.push_back(Arc::new(StoredEvent { id: EventId(number), event }));
        }
        let surplus = latest.len().saturating_sub(EVENTS_HELD);
        latest.drain(..surplus);
        let newest = latest.back().map_or(first, |newest| newest.id);
        // Told before anybody can see them: nobody may be given what is newer than the newest.
        self.newest.send_replace(newest);
    }

    /// The next events of one app or of all after that place, at most `limit`. `None` if they are not all here.
    pub(crate) fn next(&self, place: EventId, app: Option<&AppId>, limit: usize) -> Option<EventsAfter> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        let oldest = latest.front()?.id;
        let skipped = usize::try_from(place.next().0.checked_sub(oldest.0)?).ok()?;
        let mut found = EventsAfter { events: Vec::new(), through: place };
        for stored in latest.iter().skip(skipped) {
            if app.is_none_or(|app| stored.event.app == *app) {
                found.events.push(Arc::clone(stored));
            }
            found.through = stored.id;
            if found.events.len() == limit {
                break;
            }
        }
        Some(found)
    }
}
