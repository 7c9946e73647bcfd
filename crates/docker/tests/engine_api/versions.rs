//! The API version that is spoken.

use control::ports::{Engine as _, EngineError};

use crate::{Place, client};

async fn spoken_with(newest: &str) -> (String, String) {
    let place = Place::with_api(newest);
    let info = place.docker.info().await.expect("it answers");
    (info.api_version, place.lines_asked().pop().expect("it was asked"))
}

#[tokio::test]
async fn the_newest_version_that_both_know_is_spoken() {
    assert_eq!(spoken_with("1.41").await, ("1.41".to_owned(), "GET /v1.41/info".to_owned()));
    assert_eq!(spoken_with("1.53").await, ("1.53".to_owned(), "GET /v1.53/info".to_owned()));
    assert_eq!(spoken_with("1.99").await, ("1.53".to_owned(), "GET /v1.53/info".to_owned()));
}

#[tokio::test]
async fn an_engine_that_is_too_old_is_refused_with_advice() {
    let error = Place::with_api("1.40").docker.ping().await.expect_err("it is too old");
    assert!(
        matches!(error, EngineError::Refused { .. }) && error.to_string().contains("upgrade Docker"),
        "{error}"
    );
}

#[tokio::test]
async fn an_engine_that_was_upgraded_or_downgraded_meanwhile_is_spoken_to_as_it_is_now() {
    let place = Place::with_api("1.41");
    place.docker.ping().await.expect("it answers");
    place.daemon.serve_versions("1.44", "1.53");
    assert_eq!(place.docker.info().await.expect("it answers").api_version, "1.53");
    place.daemon.serve_versions("1.12", "1.43");
    assert_eq!(place.docker.info().await.expect("it answers").api_version, "1.43");
}

#[tokio::test]
async fn the_version_is_asked_for_once_and_anew_with_each_watch() {
    let place = Place::with_api("1.47");
    place.docker.ping().await.expect("it answers");
    place.docker.ping().await.expect("it answers");
    place.daemon.serve_versions("1.12", "1.48");
    drop(place.docker.events().await.expect("it answers"));
    place.docker.ping().await.expect("it answers");
    let asked = place.lines_asked();
    assert_eq!(asked[..4], ["GET /_ping", "GET /v1.47/_ping", "GET /v1.47/_ping", "GET /_ping"]);
    assert!(asked[4].starts_with("GET /v1.48/events?filters=%7B"), "{asked:?}");
    assert!(asked[4].contains("&since=1"), "what happened while subscribing is repeated: {asked:?}");
    assert_eq!(asked[5..], ["GET /v1.48/_ping"]);
}

#[tokio::test]
async fn what_is_no_engine_is_said_to_be_none() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("socket");
    let listener = tokio::net::UnixListener::bind(&socket).expect("a socket");
    let server = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        assert_ne!(stream.read(&mut [0; 1024]).await.expect("a request"), 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await.expect("written");
    };
    let docker = crate::client(&format!("unix://{}", socket.display()), folder.path());
    let (error, ()) = tokio::join!(docker.ping(), server);
    assert!(error.expect_err("it is none").to_string().contains("no container engine"));
}

#[tokio::test]
async fn an_engine_behind_a_port_may_be_on_another_machine_and_tells_of_no_folder_on_this_one() {
    let place = Place::with_api("1.53");
    assert!(place.docker.info().await.expect("it answers").root_dir.is_some());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("it has one");
    let socket = place.folder.path().join("docker.sock");
    let forward = async {
        loop {
            let (mut from, _) = listener.accept().await.expect("it listens");
            let mut to = tokio::net::UnixStream::connect(&socket).await.expect("the engine is there");
            tokio::io::copy_bidirectional(&mut from, &mut to).await.ok();
        }
    };
    let remote = client(&format!("tcp://{address}"), place.folder.path());
    tokio::select! {
        info = remote.info() => assert_eq!(info.expect("it answers").root_dir, None),
        () = forward => {}
    }
}
