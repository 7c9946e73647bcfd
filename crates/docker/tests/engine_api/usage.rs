//! What containers and volumes use.

use std::collections::HashMap;

use control::ports::{ContainerUsage, Engine as _};
use domain::ContainerId;
use testkit::fake_daemon::{container, stats, volume};

use crate::Place;

#[tokio::test]
async fn a_container_is_asked_about_once_and_at_once() {
    for api in ["1.41", "1.53"] {
        let place = Place::with_api(api);
        place.daemon.put_container(container("abc", "p", "web", "i", "n"));
        let answer = stats("2026-01-01T00:00:00.5Z", 42, 1_000).to_string();
        place.daemon.answer("GET /containers/abc/stats", 200, answer);
        let usage = place.docker.usage(&ContainerId::from_text("abc")).await.expect("it answers");
        let expected = ContainerUsage {
            at_nanos: 1_767_225_600_500_000_000,
            cpu_nanos: 42,
            memory_bytes: 1_000,
            memory_limit_bytes: 8_000_000_000,
            network_received_bytes: 1,
            network_sent_bytes: 2,
            disk_read_bytes: 3,
            disk_written_bytes: 0,
        };
        assert_eq!(usage, Some(expected));
        let asked = format!("GET /v{api}/containers/abc/stats?stream=false&one-shot=true");
        assert!(place.lines_asked().contains(&asked), "{:?}", place.lines_asked());
    }
}

#[tokio::test]
async fn a_container_that_is_gone_or_does_not_run_uses_nothing() {
    let place = Place::with_api("1.41");
    let gone = r#"{"message":"No such container: gone"}"#;
    place.daemon.answer("GET /containers/gone/stats", 404, gone);
    let stopped = r#"{"read":"0001-01-01T00:00:00Z","preread":"0001-01-01T00:00:00Z","networks":null}"#;
    place.daemon.answer("GET /containers/stopped/stats", 200, stopped);
    for id in ["gone", "stopped"] {
        assert_eq!(place.docker.usage(&ContainerId::from_text(id)).await, Ok(None), "{id}");
    }
}

#[tokio::test]
async fn volumes_tell_their_sizes_by_name() {
    let place = Place::with_api("1.41");
    place.daemon.put_volume(volume("p_data"));
    let sizes = place.docker.volume_sizes().await;
    assert_eq!(sizes, Ok(HashMap::from([("p_data".to_owned(), 4_096)])));
    let newer = r#"{"VolumeUsage":{"TotalSize":7,"Items":[{"Name":"p_data","UsageData":{"Size":7}}]}}"#;
    place.daemon.answer("GET /system/df", 200, newer);
    let sizes = place.docker.volume_sizes().await;
    assert_eq!(sizes, Ok(HashMap::from([("p_data".to_owned(), 7)])));
    let asked = "GET /v1.41/system/df?type=volume&verbose=1".to_owned();
    assert!(place.lines_asked().contains(&asked), "{:?}", place.lines_asked());
}
