//! What every store does when it is read page by page: operations backwards, events forwards.

use control::ports::store::{Change, EventPage};
use domain::{AppId, Event, EventId, Operation, OperationId, OperationState, StoredEvent};

use super::{Generator, Subject, app, commit, operation, with_operation};

/// Of one app name or of all; a page goes on where the one before ended, whatever has come since.
pub fn operations_come_in_pages_newest_first(subject: &mut dyn Subject) {
    let apps = [app("install-one", "one"), app("install-other", "other")];
    let mut written = Vec::new();
    for number in 0..20_usize {
        let made = operation(&format!("{number}"), &apps[number % 2], OperationState::Succeeded);
        commit(subject, &with_operation(&made));
        written.insert(0, made);
    }
    // Written again, an operation keeps its place.
    commit(subject, &with_operation(&written[10]));
    subject.reopen();
    let read = |app: Option<&AppId>, before: Option<&str>, limit| {
        let before = before.map(OperationId::from_text);
        subject.store().operations(app, before.as_ref(), limit).expect("the store can be read")
    };
    assert_eq!(read(None, None, 100), written);
    assert_eq!(read(None, None, 7), written[..7]);
    assert_eq!(read(None, Some(written[6].id.as_str()), 7), written[7..14]);
    let of_other: Vec<Operation> = written.iter().filter(|o| o.app == apps[1].id).cloned().collect();
    assert_eq!(read(Some(&apps[1].id), None, 4), of_other[..4]);
    assert_eq!(read(Some(&apps[1].id), Some(of_other[3].id.as_str()), 100), of_other[4..]);
    let newest = |install: &domain::InstallId| subject.store().newest_operation(install);
    assert_eq!(newest(&apps[1].install).expect("the store can be read").as_ref(), of_other.first());
    assert_eq!(newest(&domain::InstallId::from_text("unknown")).expect("the store can be read"), None);
    assert_eq!(read(None, Some("0"), 100), []);
    assert_eq!(read(None, Some("unknown"), 100), []);
}

/// Whoever has read up to one of them can go on from there, also in the next life.
pub fn events_are_numbered_without_gaps_and_come_after_any_of_them(subject: &mut dyn Subject) {
    let page = |subject: &dyn Subject, place, app: Option<&AppId>, limit| {
        subject.store().events_after(EventId(place), app, limit).expect("the store can be read")
    };
    assert_eq!(page(subject, 0, None, 10), EventPage::default());
    let mut generator = Generator::seeded(6);
    let apps = [app("install-one", "one"), app("install-other", "other")];
    let mut written = Vec::new();
    for round in 0..40_usize {
        let events: Vec<Event> = (0..round % 3).map(|_| generator.event(&apps[round % 2])).collect();
        let first = EventId(written.len() as u64 + 1);
        let change = Change { events: events.clone(), ..Change::default() };
        let told = subject.store().commit(&change).expect("the change breaks no rule");
        assert_eq!(told, (!events.is_empty()).then_some(first));
        written.extend((first.0..).zip(events).map(|(id, event)| StoredEvent { id: EventId(id), event }));
        if round % 10 == 0 {
            subject.reopen();
        }
    }
    let newest = EventId(written.len() as u64);
    let expected = |events: &[StoredEvent]| EventPage { events: events.to_vec(), oldest: EventId(1), newest };
    assert_eq!(page(subject, 0, None, 100), expected(&written));
    assert_eq!(page(subject, 5, None, 7), expected(&written[5..12]));
    assert_eq!(page(subject, newest.0, None, 100), expected(&[]));
    assert_eq!(page(subject, u64::MAX, None, 100), expected(&[]));
    let of_other = written[9..].iter().filter(|stored| stored.event.app == apps[1].id).cloned();
    assert_eq!(page(subject, 9, Some(&apps[1].id), 4), expected(&of_other.take(4).collect::<Vec<_>>()));
}
