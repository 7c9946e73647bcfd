//! A store in memory. It keeps the same rules as the one on the disk: both pass
//! [`store_suite`](crate::store_suite).

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::gate::BlockingGate;

use control::ports::CatalogStore;
use control::ports::access::{
    AUDIT_CUT_PERIOD, AUDIT_DONE_KEPT, AUDIT_REFUSED_KEPT, AccessChange, AccessStore, Accounts,
};
use control::ports::store::{
    Change, Conflict, EVENTS_KEPT, EventPage, Loaded, OPERATIONS_KEPT_PER_APP, OPERATIONS_KEPT_WITHOUT_APP,
    Store, StoreError,
};
use domain::{
    App, AppId, AuditEntry, CatalogRecord, Event, EventId, InstallId, InstanceId, Operation, OperationId,
    PortReservation, StoredEvent, SubnetReservation,
};

fn failed(reason: &str) -> StoreError {
    StoreError::Failed { action: "write the database", source: reason.into() }
}

/// The store in memory. Shared between two lives of a server (`Arc`), it is their disk.
pub struct MemoryStore {
    instance: InstanceId,
    state: Mutex<State>,
    disk: BlockingGate,
}

#[derive(Default)]
struct State {
    rows: Rows,
    disk_is_full: bool,
    is_unreadable: bool,
}

/// The rows, each kind in the order of arrival.
#[derive(Default)]
struct Rows {
    apps: Vec<App>,
    operations: Vec<Operation>,
    ports: Vec<(InstallId, PortReservation)>,
    subnets: Vec<(InstallId, SubnetReservation)>,
    events: VecDeque<Event>,
    /// How many events there were before those.
    events_dropped: u64,
    accounts: Accounts,
    audit: VecDeque<(u64, AuditEntry)>,
    catalogs: Vec<CatalogRecord>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::of_instance(InstanceId::from_text("memoryinstance"))
    }
}

impl MemoryStore {
    /// An empty store of that data directory.
    #[must_use]
    pub fn of_instance(instance: InstanceId) -> Self {
        Self { instance, state: Mutex::default(), disk: BlockingGate::default() }
    }

    /// Lets every commit and check fail because the disk is full, or ends that. (Faults at one chosen
    /// commit are the business of [`OfLife`](crate::of_life::OfLife).)
    pub fn set_disk_full(&self, is_full: bool) {
        self.state().disk_is_full = is_full;
    }

    /// Lets every read of operations and events fail, or ends that.
    pub fn set_unreadable(&self, is_unreadable: bool) {
        self.state().is_unreadable = is_unreadable;
    }

    /// Lets every commit wait from now on, as on a disk that is busy, or ends that.
    pub fn set_disk_stalled(&self, is_stalled: bool) {
        self.disk.set_closed(is_stalled);
    }

    /// Whether a commit waits for a stalled disk.
    #[must_use]
    pub fn is_waited_for(&self) -> bool {
        self.disk.is_waited_for()
    }

    /// All port reservations, with the installation that each belongs to.
    #[must_use]
    pub fn ports(&self) -> Vec<(InstallId, PortReservation)> {
        self.state().rows.ports.clone()
    }

    /// All subnet reservations, with the installation that each belongs to.
    #[must_use]
    pub fn subnets(&self) -> Vec<(InstallId, SubnetReservation)> {
        self.state().rows.subnets.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readable(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        if state.is_unreadable {
            return Err(StoreError::Failed {
                action: "read the database",
                source: "the test says so".into(),
            });
        }
        Ok(state)
    }
}

impl Store for MemoryStore {
    fn instance(&self) -> Result<InstanceId, StoreError> {
        Ok(self.instance.clone())
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        let state = self.state();
        let apps = state.rows.apps.clone();
        let is_newest = |(position, operation): &(usize, &Operation)| {
            let later = &state.rows.operations[position + 1..];
            state.rows.apps.iter().any(|app| app.install == operation.install)
                && !later.iter().any(|other| other.install == operation.install)
        };
        let newest = state.rows.operations.iter().enumerate().filter(is_newest);
        Ok(Loaded { apps, operations: newest.map(|(_, operation)| operation.clone()).collect() })
    }

    fn commit(&self, change: &Change) -> Result<Option<EventId>, StoreError> {
        self.disk.pass();
        let mut state = self.state();
        state.writable()?;
        // All is checked before anything is written: a refused change leaves nothing.
        state.rows.check(change)?;
        Ok(state.rows.write(change))
    }

    fn operation(&self, id: &OperationId) -> Result<Option<Operation>, StoreError> {
        Ok(self.readable()?.rows.operations.iter().find(|operation| operation.id == *id).cloned())
    }

    fn newest_operation(&self, install: &InstallId) -> Result<Option<Operation>, StoreError> {
        let state = self.readable()?;
        Ok(state.rows.operations.iter().rfind(|operation| operation.install == *install).cloned())
    }

    fn operations(
        &self,
        app: Option<&AppId>,
        before: Option<&OperationId>,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        let state = self.readable()?;
        let all = &state.rows.operations;
        let older = match before {
            None => all.len(),
            Some(id) => all.iter().position(|operation| operation.id == *id).unwrap_or(0),
        };
        let of_app = |operation: &&Operation| app.is_none_or(|app| operation.app == *app);
        Ok(all[..older].iter().rev().filter(of_app).take(limit).cloned().collect())
    }

    fn events_after(
        &self,
        place: EventId,
        app: Option<&AppId>,
        limit: usize,
    ) -> Result<EventPage, StoreError> {
        Ok(self.readable()?.rows.events_after(place, app, limit))
    }

    fn events(&self, app: Option<&AppId>, limit: usize) -> Result<Vec<Event>, StoreError> {
        let state = self.readable()?;
        let wanted = state.rows.events.iter().rev().filter(|event| app.is_none_or(|app| event.app == *app));
        Ok(wanted.take(limit).cloned().collect())
    }

    fn check(&self) -> Result<(), StoreError> {
        self.state().writable()
    }
}

impl AccessStore for MemoryStore {
    fn accounts(&self) -> Result<Accounts, StoreError> {
        Ok(self.state().rows.accounts.clone())
    }

    fn change_accounts(&self, change: &AccessChange) -> Result<(), StoreError> {
        let mut state = self.state();
        state.writable()?;
        state.rows.accounts.apply(change.clone());
        Ok(())
    }

    fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut state = self.state();
        state.writable()?;
        let audit = &mut state.rows.audit;
        let number = audit.back().map_or(1, |(newest, _)| newest + 1);
        audit.push_back((number, entry.clone()));
        if number.is_multiple_of(AUDIT_CUT_PERIOD) {
            let mut left = [AUDIT_REFUSED_KEPT, AUDIT_DONE_KEPT];
            let mut kept: VecDeque<_> = VecDeque::with_capacity(audit.len());
            for (number, entry) in audit.drain(..).rev() {
                let left = &mut left[usize::from(entry.outcome == AuditEntry::DONE)];
                if *left > 0 {
                    *left -= 1;
                    kept.push_front((number, entry));
                }
            }
            *audit = kept;
        }
        Ok(())
    }

    fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<(u64, AuditEntry)>, StoreError> {
        let state = self.readable()?;
        let older =
            state.rows.audit.iter().rev().filter(|(number, _)| before.is_none_or(|before| *number < before));
        Ok(older.take(limit).cloned().collect())
    }
}

impl CatalogStore for MemoryStore {
    fn catalogs(&self) -> Result<Vec<CatalogRecord>, StoreError> {
        Ok(self.state().rows.catalogs.clone())
    }

    fn write_catalogs(&self, catalogs: &[CatalogRecord]) -> Result<(), StoreError> {
        let mut state = self.state();
        state.writable()?;
        state.rows.catalogs = catalogs.to_vec();
        Ok(())
    }
}

impl State {
    fn writable(&self) -> Result<(), StoreError> {
        if self.disk_is_full {
            return Err(StoreError::DiskFull("the test says so".into()));
        }
        Ok(())
    }
}

impl Rows {
    fn check(&self, change: &Change) -> Result<(), StoreError> {
        self.conflict(change).map_or(Ok(()), |conflict| Err(StoreError::Conflict(conflict)))?;
        let is_there = |install: &InstallId| {
            self.remaining_apps(change).chain(&change.app).any(|app| app.install == *install)
        };
        let ports = change.ports.iter().filter(|(_, ports)| !ports.is_empty()).map(|(install, _)| install);
        let subnets = change.subnets.iter().filter(|(_, nets)| !nets.is_empty()).map(|(install, _)| install);
        if !ports.chain(subnets).all(is_there) {
            return Err(failed("reservations of an installation that has no row"));
        }
        Ok(())
    }

    fn remaining_apps<'a>(&'a self, change: &'a Change) -> impl Iterator<Item = &'a App> {
        self.apps.iter().filter(|app| change.forget.as_ref() != Some(&app.install))
    }

    fn conflict(&self, change: &Change) -> Option<Conflict> {
        if let Some(app) = &change.app
            && self.remaining_apps(change).any(|other| other.id == app.id && other.install != app.install)
        {
            return Some(Conflict::AppName);
        }
        if let Some(app) = &change.app {
            let others = self.remaining_apps(change).filter(|other| other.install != app.install);
            let taken: Vec<_> = others.flat_map(|other| &other.domains).collect();
            if let Some(domain) =
                first_repeated(taken.into_iter(), &app.domains, |domain| domain.name.clone())
            {
                return Some(Conflict::Domain(domain.name.clone()));
            }
        }
        if let Some(operation) = change.operation.as_ref().filter(|operation| operation.state.is_open())
            && self
                .operations
                .iter()
                .any(|other| other.state.is_open() && other.app == operation.app && other.id != operation.id)
        {
            return Some(Conflict::OpenOperation);
        }
        let stays = |owner: &InstallId, replaced: &InstallId| {
            owner != replaced && change.forget.as_ref() != Some(owner)
        };
        if let Some((install, ports)) = &change.ports {
            let taken = self.ports.iter().filter(|(owner, _)| stays(owner, install)).map(|(_, port)| port);
            let key = |port: &PortReservation| (port.address, port.protocol, port.port);
            if let Some(port) = first_repeated(taken, ports, key) {
                return Some(Conflict::Port(port.clone()));
            }
        }
        if let Some((install, subnets)) = &change.subnets {
            let taken = self.subnets.iter().filter(|(owner, _)| stays(owner, install)).map(|(_, net)| net);
            if let Some(subnet) = first_repeated(taken, subnets, |subnet| subnet.subnet) {
                return Some(Conflict::Subnet(subnet.clone()));
            }
        }
        None
    }

    fn write(&mut self, change: &Change) -> Option<EventId> {
        if let Some(install) = &change.forget {
            self.apps.retain(|app| app.install != *install);
            self.ports.retain(|(owner, _)| owner != install);
            self.subnets.retain(|(owner, _)| owner != install);
        }
        if let Some(app) = &change.app {
            put(&mut self.apps, app, |one, other| one.install == other.install);
        }
        if let Some(operation) = &change.operation {
            put(&mut self.operations, operation, |one, other| one.id == other.id);
            self.drop_old_operations(&operation.app);
        }
        if change.forget.is_some() {
            self.drop_operations_without_app();
        }
        if let Some((install, ports)) = &change.ports {
            self.ports.retain(|(owner, _)| owner != install);
            self.ports.extend(ports.iter().map(|port| (install.clone(), port.clone())));
        }
        if let Some((install, subnets)) = &change.subnets {
            self.subnets.retain(|(owner, _)| owner != install);
            self.subnets.extend(subnets.iter().map(|subnet| (install.clone(), subnet.clone())));
        }
        let first = (!change.events.is_empty()).then(|| self.newest_event().next());
        self.events.extend(change.events.iter().cloned());
        let surplus = self.events.len().saturating_sub(limit(EVENTS_KEPT));
        self.events.drain(..surplus);
        self.events_dropped += surplus as u64;
        first
    }

    fn newest_event(&self) -> EventId {
        EventId(self.events_dropped + self.events.len() as u64)
    }

    fn events_after(&self, place: EventId, app: Option<&AppId>, limit: usize) -> EventPage {
        let oldest = EventId(self.events_dropped).next();
        let skipped = usize::try_from(place.0.saturating_sub(self.events_dropped)).unwrap_or(usize::MAX);
        let stored = (oldest.0..).zip(&self.events).skip(skipped);
        let wanted = stored.filter(|(_, event)| app.is_none_or(|app| event.app == *app)).take(limit);
        let events = wanted.map(|(id, event)| StoredEvent { id: EventId(id), event: event.clone() });
        let oldest = if self.events.is_empty() { EventId::default() } else { oldest };
        EventPage { events: events.collect(), oldest, newest: self.newest_event() }
    }

    fn drop_old_operations(&mut self, app: &AppId) {
        let of_app = self.operations.iter().filter(|operation| operation.app == *app).count();
        let mut surplus = of_app.saturating_sub(limit(OPERATIONS_KEPT_PER_APP));
        self.operations.retain(|operation| {
            if surplus == 0 || operation.app != *app {
                return true;
            }
            surplus -= 1;
            operation.state.is_open()
        });
    }

    fn drop_operations_without_app(&mut self) {
        let Self { apps, operations, .. } = self;
        let has_none = |operation: &Operation| !apps.iter().any(|app| app.id == operation.app);
        let without = operations.iter().filter(|operation| has_none(operation)).count();
        let mut surplus = without.saturating_sub(limit(OPERATIONS_KEPT_WITHOUT_APP));
        operations.retain(|operation| {
            let is_dropped = surplus > 0 && has_none(operation);
            surplus -= usize::from(is_dropped);
            !is_dropped
        });
    }
}

fn limit(kept: u64) -> usize {
    usize::try_from(kept).unwrap_or(usize::MAX)
}

/// Replaces the row that is the same, or appends.
fn put<T: Clone>(rows: &mut Vec<T>, row: &T, same: impl Fn(&T, &T) -> bool) {
    match rows.iter_mut().find(|other| same(other, row)) {
        Some(other) => other.clone_from(row),
        None => rows.push(row.clone()),
    }
}

/// The first of `asked` whose key is among `taken` or earlier in `asked`.
fn first_repeated<'a, T: 'a, K: Ord>(
    taken: impl Iterator<Item = &'a T>,
    asked: &'a [T],
    key: impl Fn(&T) -> K,
) -> Option<&'a T> {
    let mut seen: BTreeSet<K> = taken.map(&key).collect();
    asked.iter().find(|item| !seen.insert(key(item)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store_suite::Subject;

    impl Subject for MemoryStore {
        fn store(&self) -> &dyn Store {
            self
        }

        fn access(&self) -> &dyn AccessStore {
            self
        }

        fn catalogs(&self) -> &dyn CatalogStore {
            self
        }

        fn reopen(&mut self) {}
    }

    crate::store_contract!(MemoryStore::default());

    #[test]
    fn a_full_disk_refuses_every_write_until_there_is_room() {
        let store = MemoryStore::default();
        store.set_disk_full(true);
        assert!(matches!(store.commit(&Change::default()), Err(StoreError::DiskFull(_))));
        assert!(matches!(store.check(), Err(StoreError::DiskFull(_))));
        store.set_disk_full(false);
        assert!(store.commit(&Change::default()).is_ok() && store.check().is_ok());
    }
}
