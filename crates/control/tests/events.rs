//! Following what happens: nothing is left out, nothing comes twice, whatever is kept and whoever goes away.

#![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

use std::time::Duration;

use control::ports::store::{Change, EVENTS_KEPT, StoreError};
use control::{Control, Error, EventFollower, News};
use domain::{AppId, Event, EventId, EventKind, InstallId, OperationId, OperationState, Timestamp};
use testkit::{Running, World};
use tokio::time::timeout;

fn event(app: &str, number: u64) -> Event {
    Event {
        at: Timestamp::from_millis(number.cast_signed()),
        install: InstallId::from_text("any"),
        app: AppId::parse(app).expect("a test names its apps well"),
        operation: Some(OperationId::from_text("any")),
        kind: EventKind::Succeeded,
    }
}

async fn happens(control: &Control, events: Vec<Event>) {
    let change = Change { events, ..Change::default() };
    let stored = control.recorder().update(move |_, _| Ok::<_, StoreError>((change, ())));
    stored.await.expect("a store in memory takes it");
}

/// The places of the events that a follower gets up to that one.
async fn places_up_to(follower: &mut EventFollower, last: u64) -> Vec<u64> {
    let mut places: Vec<u64> = Vec::new();
    while places.last().is_none_or(|place| *place < last) {
        match timeout(Duration::from_secs(60), follower.next()).await.expect("it comes").expect("readable") {
            News::Events(events) => places.extend(events.iter().map(|stored| stored.id.0)),
            News::Place(_) => {}
            News::Gap { next } => panic!("a gap before {next:?}, after {places:?}"),
        }
    }
    places
}

async fn next(follower: &mut EventFollower) -> News {
    timeout(Duration::from_secs(60), follower.next()).await.expect("it comes").expect("readable")
}

async fn follow(server: &Running, app: Option<&str>, after: Option<u64>) -> EventFollower {
    server.control.follow_events(app, after.map(EventId)).await.expect("it can be followed")
}

#[tokio::test(start_paused = true)]
async fn a_follower_gets_every_event_once_whether_it_is_held_or_read_from_the_database() {
    let server = World::default().start();
    // Small changes and large ones, beyond what is held in memory.
    for number in 0..300_u64 {
        let size = number % 12;
        happens(&server.control, (0..size).map(|each| event("one", each)).collect()).await;
    }
    let stored = 300 / 12 * 66;
    let mut from_the_first = follow(&server, None, Some(0)).await;
    assert_eq!(places_up_to(&mut from_the_first, stored).await, (1..=stored).collect::<Vec<_>>());
    for place in [1, 500, stored - 1_001, stored - 1_000, stored - 999, stored - 1] {
        let mut later = follow(&server, None, Some(place)).await;
        assert_eq!(places_up_to(&mut later, stored).await, (place + 1..=stored).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_place_a_follower_gets_what_comes_from_now_on() {
    let server = World::default().start();
    happens(&server.control, vec![event("one", 0), event("one", 1)]).await;
    let mut follower = follow(&server, None, None).await;
    happens(&server.control, vec![event("one", 2)]).await;
    assert_eq!(
        next(&mut follower).await,
        News::Place(EventId(2)),
        "where to go on from if it is cut off now"
    );
    assert_eq!(places_up_to(&mut follower, 3).await, [3]);
    assert!(timeout(Duration::from_secs(60), follower.next()).await.is_err(), "nothing else has happened");
}

#[tokio::test(start_paused = true)]
async fn followers_and_writers_at_the_same_time_lose_nothing() {
    let server = World::default().start();
    let followers = (0..10).map(|_| {
        let control = server.control.clone();
        tokio::spawn(async move {
            let mut follower =
                control.follow_events(None, Some(EventId(0))).await.expect("it can be followed");
            places_up_to(&mut follower, 2_000).await
        })
    });
    let followers: Vec<_> = followers.collect();
    for number in 0..2_000 {
        happens(&server.control, vec![event("one", number)]).await;
    }
    for follower in followers {
        assert_eq!(follower.await.expect("no panic"), (1..=2_000).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_kept_is_a_gap_that_is_told() {
    let server = World::default().start();
    happens(&server.control, (0..EVENTS_KEPT + 7).map(|number| event("one", number)).collect()).await;
    let mut follower = follow(&server, None, Some(3)).await;
    assert_eq!(next(&mut follower).await, News::Gap { next: EventId(8) });
    let News::Events(events) = next(&mut follower).await else { panic!("what is kept comes") };
    assert_eq!(events[0].id, EventId(8));
    let mut at_the_edge = follow(&server, None, Some(7)).await;
    assert_eq!(places_up_to(&mut at_the_edge, 10).await[..3], [8, 9, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_place_in_the_future_is_a_gap_and_the_present_goes_on() {
    let server = World::default().start();
    happens(&server.control, vec![event("one", 0)]).await;
    for place in [2, 1_000, u64::MAX] {
        let mut follower = follow(&server, None, Some(place)).await;
        assert_eq!(next(&mut follower).await, News::Gap { next: EventId(2) });
        assert!(timeout(Duration::from_secs(60), follower.next()).await.is_err());
    }
    let mut follower = follow(&server, None, Some(2)).await;
    assert_eq!(next(&mut follower).await, News::Gap { next: EventId(2) });
    happens(&server.control, vec![event("one", 1)]).await;
    assert_eq!(places_up_to(&mut follower, 2).await, [2]);
}

#[tokio::test(start_paused = true)]
async fn places_go_on_in_the_next_life() {
    let world = World::default();
    let server = world.start();
    happens(&server.control, vec![event("one", 0), event("one", 1)]).await;
    server.kill().await;
    let server = world.start();
    let mut follower = follow(&server, None, Some(1)).await;
    happens(&server.control, vec![event("one", 2)]).await;
    assert_eq!(places_up_to(&mut follower, 3).await, [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_follower_of_one_app_gets_its_events_and_keeps_its_place_among_the_others() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    server.install("hello", "one").await.expect("accepted");
    server.has_status("one", domain::Status::Running).await;
    let all = world.ports(&testkit::Life::sound()).store.events(None, 1_000).expect("events").len() as u64;
    let mut follower = follow(&server, Some("one"), Some(0)).await;
    assert_eq!(places_up_to(&mut follower, all).await, (1..=all).collect::<Vec<_>>());
    happens(&server.control, (0..2_500).map(|number| event("other", number)).collect()).await;
    assert_eq!(
        next(&mut follower).await,
        News::Place(EventId(all + 2_500)),
        "told without an event of its own"
    );
    happens(&server.control, vec![event("other", 0), event("one", 1), event("other", 2)]).await;
    assert_eq!(places_up_to(&mut follower, all + 2_502).await, [all + 2_502]);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_never_was_cannot_be_followed_but_one_that_has_gone_can() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    for app in ["nobody", &"a".repeat(33)] {
        assert!(matches!(server.control.follow_events(Some(app), None).await, Err(Error::NoSuchApp { .. })));
        assert!(matches!(server.control.last_operation(app).await, Err(Error::NoSuchApp { .. })));
        let operations = server.control.app_operations(Some(app), None, 10).await;
        assert!(matches!(operations, Err(Error::NoSuchApp { .. })));
    }
    server.install("hello", "one").await.expect("accepted");
    let ended = server.operation_ended("one").await;
    assert_eq!(ended.state, OperationState::Succeeded);
    let install = ended.install.clone();
    let forget = Change { forget: Some(install), events: vec![event("one", 9)], ..Change::default() };
    let gone = server.control.recorder().update(move |_, _| Ok::<_, StoreError>((forget, ())));
    gone.await.expect("stored");
    assert!(matches!(server.control.app_operation("one"), Err(Error::NoSuchApp { .. })));
    let last = server.control.last_operation("one").await.expect("it is stored");
    assert_eq!((&last.id, &last.state), (&ended.id, &ended.state));
    assert_eq!(server.control.app_operations(Some("one"), None, 10).await.expect("stored"), [last]);
    let mut follower = follow(&server, Some("one"), Some(0)).await;
    let News::Events(_) = next(&mut follower).await else { panic!("its events are still there") };
}
