//! The only writer: every change to an app is one [`Change`], stored in one transaction and then taken
//! into memory, one after the other.
//!
//! The invariant: memory never shows what is not stored. The one exception is what Docker shows
//! (observations, progress of pulls), which is true whether or not the disk can take it: it goes into
//! memory without waiting for the disk, which learns of it afterwards. See `watcher`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use domain::{
    AppId, Event, EventId, EventKind, ImagePull, InstallId, InstanceId, Operation, OperationId,
    OperationState, Timestamp,
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::event_log::EventLog;
use crate::memory::{AppRecord, Memory};
use crate::metrics::Metrics;
use crate::ports::{Change, Clock, Store, StoreError};

/// Keeps database and memory in step.
pub struct Recorder {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    instance: InstanceId,
    /// Never held while anything waits for a disk, the engine or the network.
    memory: RwLock<Memory>,
    /// Held from the decision until memory shows it: two changes cannot be decided on one state.
    writing: Arc<tokio::sync::Mutex<()>>,
    /// Counts changes of memory, for those who wait for one.
    changes: watch::Sender<u64>,
    /// Wakes whoever stores what was seen.
    seen: Notify,
    /// What has happened, for those who follow it.
    events: EventLog,
    /// What each open operation was asked for by, as its log lines tell it; none after a restart.
    causes: Mutex<HashMap<OperationId, Span>>,
    /// What has been counted: here, because operations end here.
    metrics: Arc<Metrics>,
}

impl Recorder {
    /// Loads what is stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn open(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let memory = Memory::of(store.load()?, clock.now());
        let instance = store.instance()?;
        let (changes, _) = watch::channel(0);
        let (memory, writing, seen) = (RwLock::new(memory), Arc::default(), Notify::new());
        let events = EventLog::after(store.events_after(EventId::default(), None, 0)?.newest);
        let metrics = Arc::default();
        Ok(Self {
            store,
            clock,
            instance,
            memory,
            writing,
            changes,
            seen,
            events,
            causes: Mutex::default(),
            metrics,
        })
    }

    /// Which data directory this is.
    pub fn instance(&self) -> &InstanceId {
        &self.instance
    }

    /// Reads memory. Keep it short: writers wait meanwhile.
    pub fn read<T>(&self, read: impl FnOnce(&Memory) -> T) -> T {
        read(&self.memory.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts up at each change of memory.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Decides on the present state and stores what was decided, with nothing in between. `decide` must not
    /// wait for anything: queries wait for it.
    ///
    /// Runs to its end even if the caller goes away meanwhile: an answered install is a stored install,
    /// and an unanswered one is whole.
    ///
    /// # Errors
    /// What `decide` returns, or what the store says, as `E`. Then nothing has changed.
    pub async fn update<T, E>(
        self: &Arc<Self>,
        decide: impl FnOnce(&Memory, Timestamp) -> Result<(Change, T), E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let recorder = Arc::clone(self);
        let writing = Arc::clone(&self.writing).lock_owned().await;
        let work = move || {
            let _writing = writing;
            let now = recorder.clock.now();
            let (change, value) = recorder.read(|memory| decide(memory, now))?;
            recorder.store(change, now)?;
            Ok(value)
        };
        off_the_runtime(work).await
    }

    /// Changes one installation's operation, and its app with it. `None` if it is gone.
    ///
    /// # Errors
    /// The store's.
    pub async fn update_operation<T: Send + 'static>(
        self: &Arc<Self>,
        install: &InstallId,
        work: impl FnOnce(&mut AppRecord, &mut Operation, Timestamp) -> (Amendment, T) + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let install = install.clone();
        self.update(move |memory, now| {
            let Some(mut record) = memory.install(&install).cloned() else {
                return Ok((Change::default(), None));
            };
            let Some(mut operation) = record.operation.take() else {
                return Ok((Change::default(), None));
            };
            let (amendment, value) = work(&mut record, &mut operation, now);
            let events = amendment.events.into_iter().map(|kind| Event {
                at: now,
                install: install.clone(),
                app: record.app.id.clone(),
                operation: Some(operation.id.clone()),
                kind,
            });
            let change = Change {
                events: events.collect(),
                ports: amendment.release.then(|| (install.clone(), Vec::new())),
                subnets: amendment.release.then(|| (install.clone(), Vec::new())),
                forget: amendment.forget.then(|| install.clone()),
                app: (!amendment.forget).then_some(record.app),
                operation: Some(operation),
            };
            Ok((change, Some(value)))
        })
        .await
    }

    /// Changes what Docker shows, in memory, at once.
    pub fn observe(&self, look: impl FnOnce(&mut Memory, Timestamp)) {
        let now = self.clock.now();
        look(&mut self.memory.write().unwrap_or_else(PoisonError::into_inner), now);
        self.announce();
        self.seen.notify_one();
    }

    /// Stores the apps whose status changes by what was seen, or that were restarted; until `stop`.
    ///
    /// A disk that cannot take it is logged once; the next look at anything tries again.
    pub(crate) async fn store_what_is_seen(self: Arc<Self>, stop: CancellationToken) {
        let mut is_failing = false;
        loop {
            let is_last = tokio::select! {
                () = stop.cancelled() => true,
                () = self.seen.notified() => false,
            };
            let stored = self.store_what_was_seen().await;
            if let (Err(error), false) = (&stored, is_failing) {
                let reason = error_chain(error);
                tracing::error!(reason, "cannot store what the engine shows; trying until it works");
            }
            is_failing = stored.is_err();
            if is_last {
                return;
            }
        }
    }

    /// Stores the apps of which memory shows more than the disk. One at a time: others may write between.
    async fn store_what_was_seen(self: &Arc<Self>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let is_behind = |record: &&AppRecord| record.is_behind(now);
        let behind: Vec<AppId> =
            self.read(|memory| memory.oldest_first().filter(is_behind).map(|r| r.app.id.clone()).collect());
        for id in behind {
            self.update(move |memory, now| {
                let record = memory.app(&id).filter(|record| record.is_behind(now)).cloned();
                let change = record.map(|AppRecord { app, operation, .. }| Change {
                    app: Some(app),
                    operation,
                    ..Change::default()
                });
                Ok::<_, StoreError>((change.unwrap_or_default(), ()))
            })
            .await?;
        }
        Ok(())
    }

    /// Notes how far a pull is: in memory at once, on the disk with the operation's next change.
    pub fn note_pull(&self, operation: &OperationId, pull: &ImagePull) {
        {
            let mut memory = self.memory.write().unwrap_or_else(PoisonError::into_inner);
            let of_operation = |record: &&mut AppRecord| {
                record.operation.as_ref().is_some_and(|candidate| candidate.id == *operation)
            };
            let Some(record) = memory.records_mut().find(of_operation) else { return };
            let Some(operation) = record.operation.as_mut() else { return };
            match operation.pulls.iter_mut().find(|known| known.image == pull.image) {
                Some(known) => known.clone_from(pull),
                None => operation.pulls.push(pull.clone()),
            }
        }
        self.announce();
    }

    /// Whether the database can be written.
    ///
    /// # Errors
    /// It cannot.
    pub async fn check_store(self: &Arc<Self>) -> Result<(), StoreError> {
        self.ask_store(|store| store.check()).await
    }

    /// Asks the database for what memory does not hold.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn ask_store<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let recorder = Arc::clone(self);
        off_the_runtime(move || ask(recorder.store.as_ref())).await
    }

    /// What has happened, for those who follow it.
    pub(crate) fn events(&self) -> &EventLog {
        &self.events
    }

    /// What has been counted.
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Stores a change, then takes it into memory. The caller holds `writing`.
    fn store(&self, mut change: Change, now: Timestamp) -> Result<(), StoreError> {
        if change == Change::default() {
            return Ok(());
        }
        self.keep_the_queue(&mut change);
        self.add_status_event(&mut change, now);
        let first_event = self.store.commit(&change)?;
        let events = std::mem::take(&mut change.events);
        self.count_end(&change);
        self.note_cause(&change);
        self.memory.write().unwrap_or_else(PoisonError::into_inner).apply(change, now);
        self.announce();
        // Last: who asks because of an event finds memory as the event tells.
        if let Some(first) = first_event {
            self.events.append(first, events);
        }
        Ok(())
    }

    /// Counts the operation that ends by `change`, which memory shows open still.
    fn count_end(&self, change: &Change) {
        let Some(operation) = change.operation.as_ref().filter(|operation| !operation.state.is_open()) else {
            return;
        };
        let is_open =
            |memory: &Memory| memory.app(&operation.app)?.open_operation().map(|open| open.id.clone());
        if self.read(is_open).as_ref() != Some(&operation.id) {
            return;
        }
        let begun = operation.started_at.unwrap_or(operation.queued_at);
        let took = operation.finished_at.map_or(Duration::ZERO, |finished| finished.since(begun));
        self.metrics.operations.add((operation.kind.as_str(), operation.state.as_str()), took);
    }

    /// Tells of an operation that has just been accepted, and keeps what it was asked for by.
    fn note_cause(&self, change: &Change) {
        let Some(operation) = &change.operation else { return };
        let mut causes = self.causes.lock().unwrap_or_else(PoisonError::into_inner);
        if !operation.state.is_open() {
            causes.remove(&operation.id);
        } else if operation.state == OperationState::Queued && !causes.contains_key(&operation.id) {
            causes.insert(operation.id.clone(), Span::current());
            let of = change.app.as_ref().map(|app| &app.package);
            let (package, version) = of.map_or(("", ""), |package| (&package.name, &package.version));
            let (app, id, kind) = (&operation.app, &operation.id, operation.kind.as_str());
            tracing::info!(app.id = %app, operation.id = %id, kind, package, version, "operation accepted");
        }
    }

    /// The span of all that is logged about an operation, within that of the call that asked for it.
    pub(crate) fn span_of(&self, operation: &OperationId, app: &AppId) -> Span {
        let causes = self.causes.lock().unwrap_or_else(PoisonError::into_inner);
        let cause = causes.get(operation).and_then(Span::id);
        tracing::error_span!(parent: cause, "operation", operation.id = %operation, app.id = %app)
    }

    /// What is queued is served oldest first: it is dated no earlier than what waits already, though the clock was set
    /// back since.
    fn keep_the_queue(&self, change: &mut Change) {
        let Some(operation) = change.operation.as_mut() else { return };
        self.read(|memory| {
            let is_new = memory.open_operations().all(|open| open.id != operation.id);
            if is_new && operation.state == OperationState::Queued {
                let newest = memory.open_operations().map(|open| open.queued_at).max();
                operation.queued_at = newest.map_or(operation.queued_at, |at| at.max(operation.queued_at));
            }
        });
    }

    /// Adds the event of the status that changes by `change`, so that it is stored with it.
    fn add_status_event(&self, change: &mut Change, now: Timestamp) {
        let Some(app) = change.app.as_ref() else { return };
        let told = self.read(|memory| {
            memory.app(&app.id).filter(|record| record.app.install == app.install).map(|r| r.told_status)
        });
        let open = change.operation.as_ref().filter(|operation| operation.state.is_open());
        let status = app.status(open, now);
        if let Some(from) = told.filter(|from| *from != status) {
            tracing::info!(app.id = %app.id, from = from.as_str(), to = status.as_str(), "status changed");
            let kind = EventKind::StatusChanged { from, to: status };
            let operation = open.map(|operation| operation.id.clone());
            let (install, id) = (app.install.clone(), app.id.clone());
            change.events.push(Event { at: now, install, app: id, operation, kind });
        }
    }

    fn announce(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// What a change to an operation brings with it.
#[derive(Debug, Default)]
pub struct Amendment {
    /// What happened.
    pub events: Vec<EventKind>,
    /// Whether the app's ports and subnets are given back.
    pub release: bool,
    /// Whether the app's row goes; its operations and events stay.
    pub forget: bool,
}

impl Amendment {
    /// Nothing but the rows themselves.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// With one event.
    #[must_use]
    pub fn event(kind: EventKind) -> Self {
        Self { events: vec![kind], ..Self::default() }
    }
}

/// Does work that blocks. A panic in it goes on in the caller.
pub(crate) async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // What it logs belongs to whoever asked for it.
    let span = Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(value) => value,
        Err(join) => match join.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is ending, and this future with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// An error with all its causes, on one line.
#[must_use]
pub fn error_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
