//! Looking at what the engine holds.

use control::ports::{Engine as _, EngineImage};
use domain::{ContainerId, ContainerState, Health, InstallId, InstanceId, Protocol};
use testkit::fake_daemon::{container, network, volume};

use crate::Place;

#[tokio::test]
async fn a_look_shows_everything_whoever_it_belongs_to() {
    let place = Place::with_api("1.53");
    for number in 0..100 {
        place.daemon.put_container(container(&format!("c{number:03}"), "myblog", "web", "i1", "n1"));
    }
    place.daemon.put_network(network("n1", "myblog_default", "10.1.0.0/27"));
    place.daemon.put_volume(volume("somebody_data"));
    let sight = place.docker.look().await.expect("it answers");
    assert_eq!((sight.containers.len(), sight.networks.len(), sight.volumes.len()), (100, 1, 1));
    assert_eq!(sight.containers[0].facts.service, "web");
    assert_eq!(sight.networks[0].subnets, ["10.1.0.0/27".parse().expect("a subnet")]);
    let (networks, volumes) = place.docker.look_at_networks_and_volumes().await.expect("it answers");
    assert_eq!((networks, volumes), (sight.networks, sight.volumes));
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_left_out_and_the_rest_is_shown() {
    let place = Place::with_api("1.41");
    for id in ["good", "strange", "gone"] {
        place.daemon.put_container(container(id, "p", "web", "i", "n"));
    }
    let mut strange = container("strange", "p", "web", "i", "n");
    strange["State"]["Status"] = "hibernating".into();
    strange["State"]["Health"] = serde_json::json!({"Status": "dizzy"});
    place.daemon.put_container(strange);
    place.daemon.answer("GET /containers/gone/json", 404, r#"{"message":"No such container: gone"}"#);
    place.daemon.answer("GET /networks", 200, r#"[{"Id": 5}, {"Id": "n1", "Name": "p_default"}]"#);
    place.daemon.answer("GET /volumes", 200, r#"{"Volumes": null, "Warnings": null}"#);

    let sight = place.docker.look().await.expect("it answers");
    let mut shown: Vec<_> = sight.containers.iter().map(|shown| shown.facts.id.as_str()).collect();
    shown.sort_unstable();
    assert_eq!(shown, ["good", "strange"]);
    let strange = sight.containers.iter().find(|shown| shown.facts.id.as_str() == "strange").expect("shown");
    assert_eq!((strange.facts.state, strange.facts.health), (ContainerState::Running, Health::None));
    assert_eq!((sight.networks.len(), sight.volumes.len()), (1, 0));
}

#[tokio::test]
async fn a_container_that_cannot_be_inspected_is_shown_as_the_list_tells_of_it() {
    let place = Place::with_api("1.41");
    let anonymous = "5e".repeat(32);
    for id in ["broken", "failing", "hanging"] {
        let mut listed = container(id, "p", id, "i", "n");
        listed["Mounts"] = serde_json::json!([
            {"Type": "volume", "Name": anonymous, "Source": "/var/lib/docker", "Destination": "/data"},
            {"Type": "volume", "Name": "p_data", "Destination": "/named"}, {"Type": "bind", "Destination": "/etc"}]);
        place.daemon.put_container(listed);
    }
    place.daemon.answer("GET /containers/broken/json", 200, r#"{"Id": {"is": "no text"}}"#);
    place.daemon.answer("GET /containers/failing/json", 500, r#"{"message":"no"}"#);
    place.daemon.hang("GET /containers/hanging/json");

    // An undo must not take it for gone, nor the watcher the engine for away.
    let sight = place.docker.look().await.expect("it answers");
    assert_eq!(sight.containers.len(), 3);
    for shown in sight.containers {
        let id = shown.facts.id.as_str();
        assert!(shown.owner.is_of(&InstanceId::from_text("i"), &InstallId::from_text("n")), "{id}");
        assert_eq!((shown.facts.name, shown.facts.service), (format!("p-{id}-1"), id.to_owned()));
        assert_eq!(
            (shown.facts.state, shown.facts.created_at.as_millis()),
            (ContainerState::Running, 1_767_225_600_000)
        );
        assert_eq!(shown.ports, [("0.0.0.0".parse().expect("an address"), Protocol::Tcp, 8080)]);
        // An uninstall removes the container, which alone names it.
        assert_eq!(shown.anonymous_volumes, [("/data".to_owned(), anonymous.clone())], "{id}");
    }
}

#[tokio::test]
async fn the_list_tells_how_healthy_a_container_is_and_how_it_ended() {
    let place = Place::with_api("1.41");
    let mut expected = Vec::new();
    for (number, health) in [Health::Starting, Health::Healthy, Health::Unhealthy].into_iter().enumerate() {
        let mut listed = container(&format!("c{number}"), "p", "web", "i", "n");
        listed["State"]["Health"] = serde_json::json!({"Status": format!("{health:?}").to_lowercase()});
        place.daemon.put_container(listed);
        expected.push((ContainerState::Running, health, 0));
    }
    let mut ended = container("c3", "p", "web", "i", "n");
    (ended["State"]["Status"], ended["State"]["ExitCode"]) = ("exited".into(), 42.into());
    place.daemon.put_container(ended);
    place.daemon.put_container(container("c4", "p", "web", "i", "n"));
    expected.extend([(ContainerState::Exited, Health::None, 42), (ContainerState::Running, Health::None, 0)]);
    for id in 0..5 {
        place.daemon.answer(&format!("GET /containers/c{id}/json"), 500, r#"{"message":"no"}"#);
    }
    let sight = place.docker.look().await.expect("it answers");
    assert!(sight.containers.iter().all(|shown| shown.facts.is_partial));
    let shown = sight.containers.iter().map(|c| (c.facts.state, c.facts.health, c.facts.exit_code));
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_container_that_is_not_there_is_none() {
    let place = Place::with_api("1.41");
    let id = ContainerId::from_text("abc");
    assert_eq!(place.docker.inspect(&id).await, Ok(None));
    assert_eq!(place.docker.last_lines(&id, 10).await, Ok(Vec::new()));
    place.daemon.put_container(container("abc", "p", "web", "i", "n"));
    let found = place.docker.inspect(&id).await.expect("it answers").expect("it is there");
    assert_eq!(found.owner.project.as_deref(), Some("p"));
}

#[tokio::test]
async fn last_lines_are_read_with_and_without_a_terminal() {
    let place = Place::with_api("1.41");
    let id = ContainerId::from_text("abc");
    place.daemon.put_container(container("abc", "p", "web", "i", "n"));
    let frames = [&[1, 0, 0, 0, 0, 0, 0, 4][..], b"out\n", &[2, 0, 0, 0, 0, 0, 0, 4], b"err\n"].concat();
    place.daemon.answer("GET /containers/abc/logs", 200, frames);
    assert_eq!(place.docker.last_lines(&id, 10).await.expect("it answers"), ["out", "err"]);
    let mut with_terminal = container("abc", "p", "web", "i", "n");
    with_terminal["Config"]["Tty"] = true.into();
    place.daemon.put_container(with_terminal);
    place.daemon.answer("GET /containers/abc/logs", 200, "one\r\ntwo\r\n");
    assert_eq!(place.docker.last_lines(&id, 1).await.expect("it answers"), ["two"]);
    assert!(
        place.lines_asked().contains(&"GET /v1.41/containers/abc/logs?stdout=1&stderr=1&tail=1".to_owned())
    );
}

#[tokio::test]
async fn an_image_tells_what_it_can_be_pulled_by_again() {
    let place = Place::with_api("1.41");
    assert_eq!(place.docker.image("redis:7").await, Ok(None));
    let answers = [
        (r#"{"Id":"sha256:1f","RepoDigests":["redis@sha256:9a"]}"#, vec!["redis@sha256:9a".to_owned()]),
        (r#"{"Id":"sha256:1f","RepoDigests":null}"#, Vec::new()),
        (r#"{"Id":"sha256:1f"}"#, Vec::new()),
    ];
    for (body, repo_digests) in answers {
        place.daemon.answer("GET /images/sha256:1f/json", 200, body);
        let image = EngineImage { id: "sha256:1f".to_owned(), repo_digests };
        assert_eq!(place.docker.image("sha256:1f").await, Ok(Some(image)));
    }
}
