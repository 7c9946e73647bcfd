//! What every [`Store`] does, whatever it keeps its rows in. [`store_contract`](crate::store_contract)
//! makes a test of each function here.

mod access;
mod catalogs;
mod generated;
mod pages;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use control::ports::store::{
    Change, Conflict, EVENTS_KEPT, Loaded, OPERATIONS_KEPT_PER_APP, OPERATIONS_KEPT_WITHOUT_APP, Store,
    StoreError,
};
use control::ports::{AccessStore, CatalogStore};
use domain::{
    App, AppDomain, AppId, DomainName, Event, EventId, EventKind, Failure, FailureClass, InstallId,
    Operation, OperationId, OperationState, PortReservation, Protocol, SubnetReservation, Timestamp,
};

pub use access::*;
pub use catalogs::*;
pub use generated::Generator;
pub use pages::*;

/// A store under test.
pub trait Subject: Sync {
    /// The store.
    fn store(&self) -> &dyn Store;

    /// The same store, as far as it keeps users, keys and the trail.
    fn access(&self) -> &dyn AccessStore;

    /// The same store, as far as it keeps the list of catalogs.
    fn catalogs(&self) -> &dyn CatalogStore;

    /// Closes it and opens it again, as the next life of a server would.
    fn reopen(&mut self);
}

/// Makes a test of every function of [`store_suite`](crate::store_suite). The expression makes a fresh,
/// empty [`Subject`].
#[macro_export]
macro_rules! store_contract {
    ($subject:expr) => {
        $crate::store_contract! { $subject;
            an_empty_store_holds_nothing_but_its_instance
            apps_come_back_as_they_were
            apps_are_loaded_in_the_order_of_their_installs
            operations_come_back_as_they_were
            the_newest_operation_of_each_app_is_loaded
            operations_come_in_pages_newest_first
            events_come_back_newest_first
            events_are_numbered_without_gaps_and_come_after_any_of_them
            a_second_app_of_one_name_is_refused
            a_second_open_operation_of_one_app_is_refused
            a_reserved_port_is_refused_to_another_app
            a_reserved_subnet_is_refused_to_another_app
            a_domain_is_refused_to_another_app_until_it_is_given_up
            reservations_of_an_installation_without_a_row_are_refused
            a_refused_change_leaves_nothing
            a_forgotten_app_gives_way_to_the_next_of_its_name
            old_operations_are_dropped_but_never_an_open_one
            of_names_that_have_no_app_any_more_old_operations_are_dropped
            old_events_are_dropped
            of_many_installs_of_one_name_at_once_one_wins
            accounts_come_back_as_they_were
            a_revoked_key_stays_revoked
            the_trail_comes_in_pages_newest_first
            catalogs_come_back_as_they_were_and_in_their_order
        }
    };
    ($subject:expr; $($fact:ident)*) => {
        $(
            #[test]
            fn $fact() {
                $crate::store_suite::$fact(&mut $subject);
            }
        )*
    };
}

/// Values that a round trip is tried with.
const ROUNDS: u32 = 300;

fn commit(subject: &dyn Subject, change: &Change) {
    subject.store().commit(change).expect("the change breaks no rule");
}

fn refused(subject: &dyn Subject, change: &Change) -> Conflict {
    match subject.store().commit(change) {
        Err(StoreError::Conflict(conflict)) => conflict,
        other => panic!("a conflict was expected, not {other:?}"),
    }
}

fn load(subject: &dyn Subject) -> Loaded {
    subject.store().load().expect("the store can be read")
}

fn app(install: &str, id: &str) -> App {
    Generator::seeded(1).app(install, id)
}

fn operation(id: &str, app: &App, state: OperationState) -> Operation {
    Operation { state, ..Generator::seeded(2).operation(id, app) }
}

fn with_app(app: &App) -> Change {
    Change { app: Some(app.clone()), ..Change::default() }
}

fn with_operation(operation: &Operation) -> Change {
    Change { operation: Some(operation.clone()), ..Change::default() }
}

fn with_ports(app: &App, ports: &[PortReservation]) -> Change {
    Change { ports: Some((app.install.clone(), ports.to_vec())), ..Change::default() }
}

fn with_subnets(app: &App, subnets: &[SubnetReservation]) -> Change {
    Change { subnets: Some((app.install.clone(), subnets.to_vec())), ..Change::default() }
}

fn port(address: [u8; 4], protocol: Protocol, port: u16) -> PortReservation {
    PortReservation {
        address: Ipv4Addr::from(address).into(),
        protocol,
        port,
        service: "web".into(),
        target: 80,
    }
}

fn subnet(text: &str) -> SubnetReservation {
    SubnetReservation { network: "default".into(), subnet: text.parse().expect("a test writes subnets well") }
}

fn some_failure() -> Failure {
    Failure::of(FailureClass::TimeOut, "web", "300")
}

/// Nothing is in it at first, it can be written, and its instance stays the same.
pub fn an_empty_store_holds_nothing_but_its_instance(subject: &mut dyn Subject) {
    let instance = subject.store().instance().expect("the store can be read");
    assert!(!instance.as_str().is_empty());
    assert_eq!(load(subject), Loaded::default());
    assert_eq!(subject.store().events(None, 10).expect("the store can be read"), []);
    let unknown = OperationId::from_text("unknown");
    assert_eq!(subject.store().operation(&unknown).expect("the store can be read"), None);
    subject.store().check().expect("the store can be written");
    subject.reopen();
    assert_eq!(subject.store().instance().expect("the store can be read"), instance);
}

/// Any app, written once or again, is read as it was written last.
pub fn apps_come_back_as_they_were(subject: &mut dyn Subject) {
    let mut generator = Generator::seeded(3);
    let mut written = BTreeMap::new();
    for round in 0..ROUNDS {
        // Every name comes three times: rows are rewritten too.
        let id = format!("app{}", round % (ROUNDS / 3));
        let app = generator.app(&format!("install-{id}"), &id);
        commit(subject, &with_app(&app));
        written.insert(app.id.clone(), app);
    }
    subject.reopen();
    let read: BTreeMap<AppId, App> =
        load(subject).apps.into_iter().map(|app| (app.id.clone(), app)).collect();
    assert_eq!(read, written);
}

/// Whatever the clock said, which may have been set back between.
pub fn apps_are_loaded_in_the_order_of_their_installs(subject: &mut dyn Subject) {
    for (id, millis) in [("c", 5), ("b", 7), ("a", 7), ("d", 1)] {
        let app = App { created_at: Timestamp::from_millis(millis), ..app(&format!("install-{id}"), id) };
        commit(subject, &with_app(&app));
    }
    subject.reopen();
    let order: Vec<String> = load(subject).apps.iter().map(|app| app.id.to_string()).collect();
    assert_eq!(order, ["c", "b", "a", "d"]);
}

/// Any operation, written once or again, is read as it was written last.
pub fn operations_come_back_as_they_were(subject: &mut dyn Subject) {
    let mut generator = Generator::seeded(4);
    let mut written = BTreeMap::new();
    for round in 0..ROUNDS {
        let id = format!("app{}", round % (ROUNDS / 3));
        let app = generator.app(&format!("install-{id}"), &id);
        let operation = generator.operation(&format!("operation-{id}"), &app);
        commit(subject, &with_operation(&operation));
        written.insert(operation.id.clone(), operation);
    }
    subject.reopen();
    for (id, operation) in written {
        let read = subject.store().operation(&id).expect("the store can be read");
        assert_eq!(read, Some(operation));
    }
}

/// The one that came last, of the apps that are there.
pub fn the_newest_operation_of_each_app_is_loaded(subject: &mut dyn Subject) {
    let (one, other) = (app("install-one", "one"), app("install-other", "other"));
    commit(subject, &with_app(&one));
    commit(subject, &with_app(&other));
    let first = operation("first", &one, OperationState::Failed(some_failure()));
    let second = operation("second", &one, OperationState::Queued);
    let third = operation("third", &other, OperationState::Succeeded);
    let of_nobody = operation("fourth", &app("install-gone", "gone"), OperationState::Succeeded);
    for operation in [&first, &second, &third, &of_nobody, &first] {
        commit(subject, &with_operation(operation));
    }
    subject.reopen();
    let mut loaded = load(subject).operations;
    loaded.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(loaded, [second, third]);
}

/// Of one app or of all, not more than asked for.
pub fn events_come_back_newest_first(subject: &mut dyn Subject) {
    let mut generator = Generator::seeded(5);
    let apps = [app("install-one", "one"), app("install-other", "other")];
    let mut written = Vec::new();
    for round in 0..ROUNDS {
        let app = &apps[usize::from(round % 3 == 0)];
        let events = vec![generator.event(app), generator.event(app)];
        written.extend(events.clone());
        commit(subject, &Change { events, ..Change::default() });
    }
    written.reverse();
    subject.reopen();
    let read =
        |app: Option<&AppId>, limit| subject.store().events(app, limit).expect("the store can be read");
    assert_eq!(read(None, 10_000), written);
    assert_eq!(read(None, 3), written[..3]);
    let of_one: Vec<Event> = written.into_iter().filter(|event| event.app == apps[0].id).collect();
    assert_eq!(read(Some(&apps[0].id), 10_000), of_one);
    assert_eq!(read(Some(&apps[0].id), 0), []);
}

/// Another installation may not take the name; the same may be written again.
pub fn a_second_app_of_one_name_is_refused(subject: &mut dyn Subject) {
    let first = app("install-first", "blog");
    commit(subject, &with_app(&first));
    assert_eq!(refused(subject, &with_app(&app("install-second", "blog"))), Conflict::AppName);
    commit(subject, &with_app(&first));
    assert_eq!(load(subject).apps, [first]);
}

/// Whatever the state of the one that is open; once it has ended the next may be stored.
pub fn a_second_open_operation_of_one_app_is_refused(subject: &mut dyn Subject) {
    let app = app("install-blog", "blog");
    let open = [
        OperationState::Queued,
        OperationState::Running,
        OperationState::Unwinding(some_failure()),
        OperationState::Stuck(some_failure()),
    ];
    for (round, state) in open.into_iter().enumerate() {
        let first = operation(&format!("first-{round}"), &app, state);
        let second = operation(&format!("second-{round}"), &app, OperationState::Queued);
        commit(subject, &with_operation(&first));
        assert_eq!(refused(subject, &with_operation(&second)), Conflict::OpenOperation);
        commit(subject, &with_operation(&first));
        commit(subject, &with_operation(&Operation { state: OperationState::Succeeded, ..first }));
        commit(subject, &with_operation(&second));
        commit(subject, &with_operation(&Operation { state: OperationState::Cancelled, ..second }));
    }
}

/// By address, protocol and port; its owner may have it again, and gives it back.
pub fn a_reserved_port_is_refused_to_another_app(subject: &mut dyn Subject) {
    let (one, other) = (app("install-one", "one"), app("install-other", "other"));
    commit(subject, &with_app(&one));
    commit(subject, &with_app(&other));
    let web = port([0, 0, 0, 0], Protocol::Tcp, 8080);
    let dns = port([0, 0, 0, 0], Protocol::Udp, 8080);
    let local = port([127, 0, 0, 1], Protocol::Tcp, 8080);
    let six = PortReservation { address: "::1".parse::<IpAddr>().expect("an address"), ..web.clone() };
    commit(subject, &with_ports(&one, std::slice::from_ref(&web)));
    commit(subject, &with_ports(&one, &[web.clone(), dns.clone()]));
    commit(subject, &with_ports(&other, &[local, six]));
    assert_eq!(
        refused(subject, &with_ports(&other, &[web.clone(), dns.clone()])),
        Conflict::Port(web.clone())
    );
    commit(subject, &with_ports(&one, std::slice::from_ref(&dns)));
    commit(subject, &with_ports(&other, std::slice::from_ref(&web)));
    assert_eq!(refused(subject, &with_ports(&one, &[dns, web.clone()])), Conflict::Port(web.clone()));
    assert_eq!(refused(subject, &with_ports(&other, &[web.clone(), web.clone()])), Conflict::Port(web));
}

/// Its owner may have it again, and gives it back.
pub fn a_reserved_subnet_is_refused_to_another_app(subject: &mut dyn Subject) {
    let (one, other) = (app("install-one", "one"), app("install-other", "other"));
    commit(subject, &with_app(&one));
    commit(subject, &with_app(&other));
    let (first, second) = (subnet("10.213.0.0/27"), subnet("10.213.0.32/27"));
    commit(subject, &with_subnets(&one, std::slice::from_ref(&first)));
    commit(subject, &with_subnets(&one, &[first.clone(), second.clone()]));
    assert_eq!(
        refused(subject, &with_subnets(&other, std::slice::from_ref(&second))),
        Conflict::Subnet(second.clone())
    );
    commit(subject, &with_subnets(&one, &[]));
    commit(subject, &with_subnets(&other, &[second, first]));
}

/// It goes with its app, too.
pub fn a_domain_is_refused_to_another_app_until_it_is_given_up(subject: &mut dyn Subject) {
    let plain = |install, id| App { domains: Vec::new(), ..app(install, id) };
    let name = DomainName::parse("blog.example.com").expect("a domain name");
    let having =
        |app: App| App { domains: vec![AppDomain::added(name.clone(), Timestamp::from_millis(1))], ..app };
    let (one, other) = (plain("install-one", "one"), plain("install-other", "other"));
    commit(subject, &with_app(&having(one.clone())));
    assert_eq!(refused(subject, &with_app(&having(other.clone()))), Conflict::Domain(name.clone()));
    commit(subject, &with_app(&one));
    commit(subject, &with_app(&having(other.clone())));
    assert_eq!(refused(subject, &with_app(&having(one.clone()))), Conflict::Domain(name.clone()));
    commit(subject, &Change { forget: Some(other.install), ..Change::default() });
    commit(subject, &with_app(&having(one.clone())));
    assert_eq!(load(subject).apps, [having(one)]);
}

/// So that none can be left over.
pub fn reservations_of_an_installation_without_a_row_are_refused(subject: &mut dyn Subject) {
    let nobody = app("install-nobody", "nobody");
    let ports = with_ports(&nobody, &[port([0, 0, 0, 0], Protocol::Tcp, 80)]);
    let subnets = with_subnets(&nobody, &[subnet("10.213.0.0/27")]);
    for change in [ports, subnets] {
        assert!(matches!(subject.store().commit(&change), Err(StoreError::Failed { .. })));
        commit(subject, &Change { app: Some(nobody.clone()), ..change });
        commit(subject, &Change { forget: Some(nobody.install.clone()), ..Change::default() });
    }
    commit(subject, &with_ports(&nobody, &[]));
    commit(subject, &with_subnets(&nobody, &[]));
}

/// Not even the parts that came before the one that was refused.
pub fn a_refused_change_leaves_nothing(subject: &mut dyn Subject) {
    let holder = app("install-holder", "holder");
    let held = subnet("10.213.0.0/27");
    commit(subject, &with_app(&holder));
    commit(subject, &with_subnets(&holder, std::slice::from_ref(&held)));
    let before = load(subject);
    let newcomer = app("install-new", "new");
    let mut change = Change {
        forget: None,
        app: Some(newcomer.clone()),
        operation: Some(operation("operation", &newcomer, OperationState::Queued)),
        ports: Some((newcomer.install.clone(), vec![port([0, 0, 0, 0], Protocol::Tcp, 80)])),
        subnets: Some((newcomer.install.clone(), vec![subnet("10.213.0.32/27"), held.clone()])),
        events: vec![Generator::seeded(6).event(&newcomer)],
    };
    assert_eq!(refused(subject, &change), Conflict::Subnet(held));
    subject.reopen();
    assert_eq!(load(subject), before);
    assert_eq!(subject.store().events(None, 10).expect("the store can be read"), []);
    let id = OperationId::from_text("operation");
    assert_eq!(subject.store().operation(&id).expect("the store can be read"), None);
    // Without the part that was in the way, all of it can be stored: nothing had been left.
    change.subnets = None;
    commit(subject, &change);
    assert_eq!(load(subject).apps.len(), 2);
}

/// In one change; the reservations go with the old one, the history stays.
pub fn a_forgotten_app_gives_way_to_the_next_of_its_name(subject: &mut dyn Subject) {
    let first = app("install-first", "blog");
    let (web, net) = (port([0, 0, 0, 0], Protocol::Tcp, 80), subnet("10.213.0.0/27"));
    let failed = operation("failed", &first, OperationState::Failed(some_failure()));
    let event = Generator::seeded(7).event(&first);
    commit(
        subject,
        &Change {
            app: Some(first.clone()),
            operation: Some(failed.clone()),
            ports: Some((first.install.clone(), vec![web.clone()])),
            subnets: Some((first.install.clone(), vec![net.clone()])),
            events: vec![event.clone()],
            forget: None,
        },
    );
    let second = app("install-second", "blog");
    let queued = operation("queued", &second, OperationState::Queued);
    commit(
        subject,
        &Change {
            forget: Some(first.install.clone()),
            app: Some(second.clone()),
            operation: Some(queued.clone()),
            ports: Some((second.install.clone(), vec![web])),
            subnets: Some((second.install.clone(), vec![net])),
            events: Vec::new(),
        },
    );
    subject.reopen();
    assert_eq!(load(subject), Loaded { apps: vec![second.clone()], operations: vec![queued] });
    let read = subject.store().operation(&failed.id).expect("the store can be read");
    assert_eq!(read, Some(failed));
    assert_eq!(subject.store().events(Some(&second.id), 10).expect("the store can be read"), [event]);
    commit(subject, &Change { forget: Some(InstallId::from_text("unknown")), ..Change::default() });
}

/// The bound is per app name, over installations.
pub fn old_operations_are_dropped_but_never_an_open_one(subject: &mut dyn Subject) {
    let other = app("install-other", "other");
    commit(subject, &with_operation(&operation("of-other", &other, OperationState::Succeeded)));
    let open = operation("open", &app("install-open", "blog"), OperationState::Queued);
    commit(subject, &with_operation(&open));
    for number in 0..OPERATIONS_KEPT_PER_APP + 5 {
        let app = app(&format!("install-{number}"), "blog");
        commit(subject, &with_operation(&operation(&number.to_string(), &app, OperationState::Cancelled)));
    }
    subject.reopen();
    let is_there = |id: &str| {
        let id = OperationId::from_text(id);
        subject.store().operation(&id).expect("the store can be read").is_some()
    };
    assert!(is_there("open") && is_there("of-other"));
    let kept = (0..OPERATIONS_KEPT_PER_APP + 5).filter(|number| is_there(&number.to_string()));
    assert_eq!(kept.collect::<Vec<u64>>(), (5..OPERATIONS_KEPT_PER_APP + 5).collect::<Vec<u64>>());
}

/// Names that are used once are not kept for ever; an app that is there keeps its own.
pub fn of_names_that_have_no_app_any_more_old_operations_are_dropped(subject: &mut dyn Subject) {
    let living = app("install-living", "living");
    let of_living = operation("of-living", &living, OperationState::Succeeded);
    commit(subject, &Change { app: Some(living), ..with_operation(&of_living) });
    for number in 0..OPERATIONS_KEPT_WITHOUT_APP + 3 {
        let gone = app(&format!("install-{number}"), &format!("pr{number}"));
        commit(subject, &with_app(&gone));
        let purge = operation(&number.to_string(), &gone, OperationState::Succeeded);
        commit(subject, &Change { forget: Some(gone.install), ..with_operation(&purge) });
    }
    subject.reopen();
    let is_there = |id: &str| {
        let id = OperationId::from_text(id);
        subject.store().operation(&id).expect("the store can be read").is_some()
    };
    assert!(is_there("of-living"));
    let kept = (0..OPERATIONS_KEPT_WITHOUT_APP + 3).filter(|number| is_there(&number.to_string()));
    assert!(kept.eq(3..OPERATIONS_KEPT_WITHOUT_APP + 3));
}

/// Those beyond the bound, over all apps.
pub fn old_events_are_dropped(subject: &mut dyn Subject) {
    let app = app("install-blog", "blog");
    let event = |millis| Event {
        at: Timestamp::from_millis(millis),
        install: app.install.clone(),
        app: app.id.clone(),
        operation: None,
        kind: EventKind::Succeeded,
    };
    let kept = EVENTS_KEPT.cast_signed();
    commit(subject, &Change { events: (0..kept - 1).map(event).collect(), ..Change::default() });
    commit(subject, &Change { events: (kept - 1..kept + 7).map(event).collect(), ..Change::default() });
    let read = subject.store().events(None, usize::MAX).expect("the store can be read");
    assert_eq!(read.len() as u64, EVENTS_KEPT);
    let ends = [read.first(), read.last()].map(|event| event.map(|event| event.at.as_millis()));
    assert_eq!(ends, [Some(kept + 6), Some(7)]);
    let page = subject.store().events_after(EventId(0), None, 1).expect("the store can be read");
    assert_eq!((page.oldest, page.newest), (EventId(8), EventId(EVENTS_KEPT + 7)));
    assert_eq!(page.events.first().map(|stored| stored.id), Some(page.oldest));
}

/// The others are told why.
pub fn of_many_installs_of_one_name_at_once_one_wins(subject: &mut dyn Subject) {
    let subject = &*subject;
    let try_one = |number: u32| {
        let app = app(&format!("install-{number}"), "blog");
        let operation = operation(&format!("operation-{number}"), &app, OperationState::Queued);
        subject.store().commit(&Change { operation: Some(operation), ..with_app(&app) }).map(drop)
    };
    let results: Vec<Result<(), StoreError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50).map(|number| scope.spawn(move || try_one(number))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a commit does not panic")).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let lost = results.iter().filter(|r| matches!(r, Err(StoreError::Conflict(Conflict::AppName))));
    assert_eq!(lost.count(), 49);
    assert_eq!(load(subject).apps.len(), 1);
}
