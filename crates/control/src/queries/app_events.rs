//! AppEvents: everything that happens, to all apps or to one.

use std::sync::Arc;

use domain::{AppId, EventId, StoredEvent};
use tokio::sync::watch;

use super::parse_app_id;
use crate::event_log::EventsAfter;
use crate::ports::StoreError;
use crate::recorder::Recorder;
use crate::{Control, Error};

/// Events that are taken at once: some ten kilobytes of text.
const EVENTS_AT_ONCE: usize = 100;

/// A follower of one app is told of its place when it has passed that many events of others: far less than are
/// kept, so that it can go on from there after any interruption that the others survive as well.
const PLACES_APART: u64 = 1_000;

/// What a follower gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The next events, oldest first; never none.
    Events(Vec<Arc<StoredEvent>>),
    /// Events are missing: those after the place that was asked for and before this one are not kept, or that
    /// place lies in a future that this database never had.
    Gap {
        /// The place of the event that comes next.
        next: EventId,
    },
    /// Nothing happened, up to this place: where to go on from.
    Place(EventId),
}

/// Follows what happens, at its own pace, without leaving anything out and without telling anything twice.
pub struct EventFollower {
    recorder: Arc<Recorder>,
    newest: watch::Receiver<EventId>,
    app: Option<AppId>,
    /// Everything up to here has been told.
    place: EventId,
    /// What the client would go on from, if it were cut off now.
    told: Option<EventId>,
}

impl Control {
    /// Follows what happens to one app or to all: from that place on, or from now.
    ///
    /// An app need not be there any more: that it went is one of its events.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `Store`.
    pub async fn follow_events(
        &self,
        app: Option<&str>,
        after: Option<EventId>,
    ) -> Result<EventFollower, Error> {
        // Before anything is waited for: now is when the call came.
        let newest = self.recorder.events().newest();
        let place = after.unwrap_or(*newest.borrow());
        let app = app.map(parse_app_id).transpose()?;
        if let Some(app) = &app {
            self.check_known(app).await?;
        }
        Ok(EventFollower { recorder: Arc::clone(&self.recorder), newest, app, place, told: after })
    }
}

impl EventFollower {
    /// What comes next. Waits until there is something.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn next(&mut self) -> Result<News, StoreError> {
        loop {
            // Marked as seen before it is looked at: what is stored meanwhile wakes again.
            let newest = *self.newest.borrow_and_update();
            if self.place > newest {
                return Ok(self.gap(newest.next()));
            }
            if self.told.is_none_or(|told| self.place.0 - told.0 >= PLACES_APART) {
                self.told = Some(self.place);
                return Ok(News::Place(self.place));
            }
            if self.place == newest {
                self.newest.changed().await.expect("the recorder, which is held here, keeps the sender");
                continue;
            }
            if let Some(news) = self.take(newest).await? {
                return Ok(news);
            }
        }
    }

    /// Moves on, up to `newest`. `None` if there is nothing to tell of on the way.
    async fn take(&mut self, newest: EventId) -> Result<Option<News>, StoreError> {
        let held = self.recorder.events().next(self.place, self.app.as_ref(), EVENTS_AT_ONCE);
        let EventsAfter { events, through } = match held {
            Some(held) => held,
            None => {
                let (place, app) = (self.place, self.app.clone());
                let read = move |store: &dyn crate::ports::Store| {
                    store.events_after(place, app.as_ref(), EVENTS_AT_ONCE)
                };
                let page = self.recorder.ask_store(read).await?;
                if self.place.next() < page.oldest {
                    return Ok(Some(self.gap(page.oldest)));
                }
                let through = match page.events.last() {
                    Some(last) if page.events.len() == EVENTS_AT_ONCE => last.id,
                    _ => page.newest,
                };
                // What is stored but not announced yet is told when it is.
                let events = page.events.into_iter().filter(|stored| stored.id <= newest);
                EventsAfter { events: events.map(Arc::new).collect(), through: through.min(newest) }
            }
        };
        self.place = through;
        if events.is_empty() {
            return Ok(None);
        }
        self.told = Some(through);
        Ok(Some(News::Events(events)))
    }

    fn gap(&mut self, next: EventId) -> News {
        self.place = EventId(next.0.saturating_sub(1));
        self.told = Some(self.place);
        News::Gap { next }
    }
}
