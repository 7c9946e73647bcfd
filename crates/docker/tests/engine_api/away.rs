//! An engine that is away, goes away, or answers nonsense.

use std::os::unix::fs::PermissionsExt as _;

use control::ports::{Engine as _, EngineError, EngineEvent, EngineObject};
use domain::ContainerId;
use futures_util::StreamExt as _;
use testkit::fake_daemon;

use crate::{Place, client};

fn reason(error: &EngineError) -> &str {
    match error {
        EngineError::Unreachable { reason, .. } | EngineError::Refused { reason, .. } => reason,
    }
}

#[tokio::test]
async fn an_engine_may_start_later_and_go_away_and_come_back() {
    let mut place = Place::with_api("1.41");
    place.daemon.stop().await;
    let error = place.docker.ping().await.expect_err("it is away");
    assert!(matches!(&error, EngineError::Unreachable { .. }), "{error}");
    assert!(
        error.to_string().contains(&place.daemon.host()) && reason(&error).contains("install Docker"),
        "{error}"
    );
    place.daemon.start_again();
    place.docker.ping().await.expect("it is back");
    place.daemon.stop().await;
    place.docker.look().await.expect_err("it is away again");
}

#[tokio::test]
async fn a_socket_that_nobody_serves_or_that_we_may_not_use_is_said_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("socket");
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("a socket"));
    let docker = client(&format!("unix://{}", socket.display()), folder.path());
    let error = docker.ping().await.expect_err("nobody serves it");
    assert!(reason(&error).contains("start Docker"), "{error}");
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o000)).expect("ours");
    let error = docker.ping().await.expect_err("nobody serves it");
    // Root may do everything, so that it finds out that nobody listens.
    assert!(reason(&error).contains("group docker") || reason(&error).contains("start Docker"), "{error}");
}

#[tokio::test]
async fn the_stream_of_events_ends_with_the_connection() {
    let mut place = Place::with_api("1.41");
    let mut events = place.docker.events().await.expect("it answers");
    place.daemon.emit("container", "die", "abc");
    assert_eq!(events.next().await, Some(EngineEvent::Container(ContainerId::from_text("abc"))));
    place.daemon.stop().await;
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn events_are_hints_of_what_changed() {
    let place = Place::with_api("1.53");
    let mut events = place.docker.events().await.expect("it answers");
    assert_eq!(place.daemon.listeners(), 1, "it is subscribed when the call returns");
    place.daemon.emit("container", "exec_create: /healthcheck", "noise");
    place.daemon.emit("container", "exec_die", "noise");
    place.daemon.emit("container", "health_status: healthy", "abc");
    place.daemon.emit("network", "create", "n1");
    place.daemon.emit("volume", "destroy", "v1");
    let three: Vec<_> = events.by_ref().take(3).collect().await;
    let container = EngineEvent::Container(ContainerId::from_text("abc"));
    assert_eq!(three, [container, EngineEvent::Networks, EngineEvent::Volumes]);
    drop(events);
    crate::until("the subscription ends with its stream", || place.daemon.listeners() == 0).await;
}

#[tokio::test]
async fn a_broken_answer_is_a_refusal_that_says_what_was_asked() {
    let place = Place::with_api("1.41");
    place.daemon.answer("GET /info", 200, "{\"NCPU\": ");
    let error = place.docker.info().await.expect_err("it is broken");
    assert!(matches!(&error, EngineError::Refused { action, .. } if action == "tell of itself"), "{error}");
    place.daemon.answer("GET /info", 500, "{\"message\":\"the disk is on fire\"}");
    assert_eq!(reason(&place.docker.info().await.expect_err("it says so")), "the disk is on fire");
    place.daemon.answer("GET /info", 503, "");
    assert_eq!(reason(&place.docker.info().await.expect_err("it says so")), "503 Service Unavailable");
}

#[tokio::test]
async fn removing_what_is_not_there_succeeds_and_what_is_used_is_refused() {
    let place = Place::with_api("1.41");
    place.daemon.put_container(fake_daemon::container("abc", "p", "web", "i", "n"));
    place.daemon.put_network(fake_daemon::network("n1", "p_default", "10.1.0.0/27"));
    place.daemon.put_volume(fake_daemon::volume("p_data"));
    let container = EngineObject::Container(ContainerId::from_text("abc"));
    let all = [container, EngineObject::Network("n1".to_owned()), EngineObject::Volume("p_data".to_owned())];
    for object in all.iter().chain(&all) {
        place.docker.remove(object).await.expect("it is gone");
    }
    let sight = place.docker.look().await.expect("it answers");
    assert_eq!((sight.containers.len(), sight.networks.len(), sight.volumes.len()), (0, 0, 0));
    assert!(place.lines_asked().contains(&"DELETE /v1.41/containers/abc?force=1&v=1".to_owned()));

    place.daemon.answer("DELETE /networks/", 403, r#"{"message":"network p_default has active endpoints"}"#);
    let error = place.docker.remove(&all[1]).await.expect_err("it is in use");
    assert!(matches!(&error, EngineError::Refused { .. }) && reason(&error).contains("active endpoints"));
}

#[tokio::test]
async fn a_removal_that_is_under_way_is_waited_for() {
    let place = Place::with_api("1.41");
    place.daemon.put_container(fake_daemon::container("abc", "p", "web", "i", "n"));
    let words = r#"{"message":"removal of container abc is already in progress"}"#;
    place.daemon.answer("DELETE /containers/abc", 409, words);
    let container = EngineObject::Container(ContainerId::from_text("abc"));
    place.docker.remove(&container).await.expect("it is gone");
    place.docker.remove(&container).await.expect("it was gone when we began to wait");
    let last = place.lines_asked().pop();
    assert_eq!(last.as_deref(), Some("POST /v1.41/containers/abc/wait?condition=removed"));
}
