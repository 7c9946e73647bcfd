//! Reading and following what a container wrote.

use std::time::Duration;

use control::ports::OutputStream::{Stderr, Stdout};
use control::ports::{Engine as _, EngineError, OutputLine, OutputQuery};
use domain::ContainerId;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use testkit::fake_daemon::{container, frame};

use crate::Place;

/// How long a line may take.
const DEADLINE: Duration = Duration::from_secs(20);

type Output = BoxStream<'static, Result<OutputLine, EngineError>>;

fn place_with(log: Vec<u8>) -> (Place, ContainerId) {
    let place = Place::with_api("1.41");
    place.daemon.put_container(container("abc", "p", "web", "i", "n"));
    place.daemon.set_log("abc", log);
    (place, ContainerId::from_text("abc"))
}

fn written() -> Vec<u8> {
    [
        frame(1, "2026-01-01T00:00:00.000000001Z one\n"),
        frame(2, "2026-01-01T00:00:00.000000002Z two\r\n"),
        frame(1, "2026-01-01T00:00:00.000000003Z \n"),
    ]
    .concat()
}

fn query(follow: bool) -> OutputQuery {
    OutputQuery { tail: Some(7), since_nanos: Some(1_500_000_000), follow }
}

async fn next(output: &mut Output) -> Option<Result<OutputLine, EngineError>> {
    tokio::time::timeout(DEADLINE, output.next()).await.expect("in time")
}

#[tokio::test]
async fn lines_come_with_their_time_and_stream() {
    let (place, id) = place_with(written());
    let mut output = place.docker.output(&id, &query(false)).await.expect("it answers");
    let began = 1_767_225_600_000_000_000;
    for (nanos, stream, text) in [(1, Stdout, "one"), (2, Stderr, "two"), (3, Stdout, "")] {
        let line = OutputLine { at_nanos: began + nanos, stream, text: text.to_owned() };
        assert_eq!(next(&mut output).await, Some(Ok(line)));
    }
    assert_eq!(next(&mut output).await, None);
    let asked = "GET /v1.41/containers/abc/logs?stdout=1&stderr=1&timestamps=1&tail=7&since=1.500000000";
    assert!(place.lines_asked().contains(&asked.to_owned()), "{:?}", place.lines_asked());
}

#[tokio::test]
async fn a_follower_waits_for_more_and_its_end_is_seen_at_the_engine() {
    let (place, id) = place_with(written());
    let mut output = place.docker.output(&id, &query(true)).await.expect("it answers");
    for _ in 0..3 {
        assert!(matches!(next(&mut output).await, Some(Ok(_))));
    }
    let more = tokio::time::timeout(Duration::from_millis(100), output.next()).await;
    assert!(more.is_err(), "it waits: {more:?}");
    assert_eq!(place.daemon.hanging_answers(), 1);
    drop(output);
    crate::until("the engine sees that nobody listens", || place.daemon.hanging_answers() == 0).await;
}

#[tokio::test]
async fn an_engine_that_goes_away_meanwhile_is_an_error_at_the_end_of_the_stream() {
    let (mut place, id) = place_with(written());
    let mut output = place.docker.output(&id, &query(true)).await.expect("it answers");
    for _ in 0..3 {
        assert!(matches!(next(&mut output).await, Some(Ok(_))));
    }
    place.daemon.stop().await;
    assert!(matches!(next(&mut output).await, Some(Err(EngineError::Unreachable { .. }))));
    assert_eq!(next(&mut output).await, None);
    assert!(matches!(
        place.docker.output(&id, &query(true)).await.map(drop),
        Err(EngineError::Unreachable { .. })
    ));
}

#[tokio::test]
async fn a_terminals_lines_are_without_frames_and_a_container_that_is_gone_has_none() {
    let (place, id) = place_with(b"2026-01-01T00:00:00.000000001Z \x1b[1mbold\x1b[0m\r\n".to_vec());
    let mut with_terminal = container("abc", "p", "web", "i", "n");
    with_terminal["Config"]["Tty"] = true.into();
    place.daemon.put_container(with_terminal);
    let mut output = place.docker.output(&id, &query(false)).await.expect("it answers");
    let line = next(&mut output).await.expect("a line").expect("no error");
    assert_eq!((line.stream, line.text.as_str()), (Stdout, "\x1b[1mbold\x1b[0m"));
    let mut output =
        place.docker.output(&ContainerId::from_text("gone"), &query(true)).await.expect("it answers");
    assert_eq!(next(&mut output).await, None);
}

#[tokio::test]
async fn what_the_engine_refuses_is_said_in_its_words() {
    let (place, id) = place_with(Vec::new());
    place.daemon.put_container(container("sends", "p", "web", "i", "n"));
    let words = r#"{"message":"configured logging driver does not support reading"}"#;
    place.daemon.answer("GET /containers/sends/logs", 500, words);
    let refused = place.docker.output(&ContainerId::from_text("sends"), &query(false)).await.map(drop);
    assert!(
        matches!(&refused, Err(EngineError::Refused { reason, .. }) if reason.ends_with("does not support reading")),
        "{refused:?}"
    );
    assert!(place.docker.output(&id, &query(false)).await.is_ok());
}
