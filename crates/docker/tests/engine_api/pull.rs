//! Pulling an image.

use std::time::Duration;

use control::ports::{Engine as _, PullError};
use domain::FailureClass;
use serde_json::json;
use testkit::fake_daemon::Pull;

use crate::{Place, Told};

/// A limit that no test reaches unless something is wrong.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

fn class(outcome: Result<(), PullError>) -> FailureClass {
    match outcome {
        Err(PullError::Failed(failure)) => failure.class,
        other => panic!("it should have failed: {other:?}"),
    }
}

fn error(words: &str) -> Pull {
    let line = json!({"errorDetail": {"message": words}, "error": words});
    Pull { lines: vec![line], ..Pull::default() }
}

#[tokio::test]
async fn progress_is_told_until_the_image_is_there() {
    let place = Place::with_api("1.41");
    let lines = vec![
        json!({"status": "Pulling from library/redis", "id": "7"}),
        json!({"status": "Pulling fs layer", "progressDetail": {}, "id": "aa"}),
        json!({"status": "Downloading", "progressDetail": {"current": 40, "total": 100}, "id": "aa"}),
        json!({"status": "Download complete", "progressDetail": {}, "id": "aa"}),
        json!({"status": "Pull complete", "progressDetail": {}, "id": "aa"}),
        json!({"status": "Status: Downloaded newer image for redis:7"}),
    ];
    place.daemon.set_pull("redis:7", Pull { lines, ..Pull::default() });
    let told = Told::default();
    place.docker.pull("redis:7", LONG, &told).await.expect("it is there");
    let told = told.all();
    let figures: Vec<_> =
        told.iter().map(|pull| (pull.bytes_done(), pull.bytes_total(), pull.layers_done())).collect();
    assert_eq!(figures, [(0, 0, 0), (40, 100, 0), (100, 100, 0), (100, 100, 1), (100, 100, 1)]);
    assert!(told.last().is_some_and(|last| last.complete && last.image == "redis:7"));
}

#[tokio::test]
async fn a_pull_that_ends_without_a_word_is_no_success() {
    let place = Place::with_api("1.53");
    place.daemon.set_pull("redis:7", Pull::default());
    let class = class(place.docker.pull("redis:7", LONG, &Told::default()).await);
    assert_eq!(class, FailureClass::ContainerCommand);
}

#[tokio::test]
async fn a_refusal_before_and_within_the_stream_is_classified() {
    let place = Place::with_api("1.53");
    let told = Told::default();
    assert_eq!(class(place.docker.pull("redis:nope", LONG, &told).await), FailureClass::NoSuchImage);
    place.daemon.set_pull("big:1", error("write /x: no space left on device"));
    assert_eq!(class(place.docker.pull("big:1", LONG, &told).await), FailureClass::DiskFull);
    assert_eq!(told.all(), []);
}

#[tokio::test]
async fn a_pull_without_progress_is_given_up_and_cancelled() {
    let place = Place::with_api("1.41");
    let lines =
        vec![json!({"status": "Downloading", "progressDetail": {"current": 1, "total": 9}, "id": "aa"})];
    place.daemon.set_pull("slow:1", Pull { lines, hangs: true, ..Pull::default() });
    let told = Told::default();
    assert_eq!(class(place.docker.pull("slow:1", SHORT, &told).await), FailureClass::PullStalled);
    assert_eq!(told.all().len(), 1);
    crate::until("the engine sees that nobody listens", || place.daemon.hanging_answers() == 0).await;
}

#[tokio::test]
async fn a_dropped_pull_is_cancelled() {
    let place = Place::with_api("1.41");
    place.daemon.set_pull("slow:1", Pull { hangs: true, ..Pull::default() });
    let told = Told::default();
    {
        let mut pull = std::pin::pin!(place.docker.pull("slow:1", LONG, &told));
        let begun = crate::until("it has begun", || place.daemon.hanging_answers() == 1);
        tokio::select! { outcome = &mut pull => panic!("it hangs: {outcome:?}"), () = begun => {} }
    }
    crate::until("the engine sees that nobody listens", || place.daemon.hanging_answers() == 0).await;
}

#[tokio::test]
async fn the_engines_own_image_is_taken_where_the_registry_is_out_of_reach() {
    let place = Place::with_api("1.41");
    let words = "Get \"https://registry.example/v2/\": dial tcp: lookup registry.example: no such host";
    place.daemon.set_pull("redis:7", error(words));
    let told = Told::default();
    assert_eq!(class(place.docker.pull("redis:7", LONG, &told).await), FailureClass::RegistryUnreachable);
    place.daemon.put_image("redis:7");
    place.docker.pull("redis:7", LONG, &told).await.expect("the engine has it");
    place.daemon.set_pull("redis:7", Pull { hangs: true, ..Pull::default() });
    place.docker.pull("redis:7", SHORT, &told).await.expect("a registry that hangs is out of reach, too");
    assert!(told.all().iter().all(|pull| pull.complete));
}

#[tokio::test]
async fn the_users_login_is_sent_to_its_registry_and_to_no_other() {
    let place = Place::with_api("1.41");
    let config = r#"{"auths":{"127.0.0.1:5000":{"auth":"bWU6c2VjcmV0"}}}"#;
    std::fs::write(place.folder.path().join("config.json"), config).expect("written");
    let told = Told::default();
    for image in ["127.0.0.1:5000/app:1", "redis:7"] {
        place.docker.pull(image, LONG, &told).await.expect_err("there are none");
    }
    let logins: Vec<_> =
        place.daemon.requests().into_iter().filter(|asked| asked.line.starts_with("POST")).collect();
    assert_eq!(logins[0].line, "POST /v1.41/images/create?fromImage=127.0.0.1:5000/app&tag=1");
    assert!(logins[0].registry_login.is_some() && logins[1].registry_login.is_none());
}

#[tokio::test]
async fn an_engine_that_goes_away_meanwhile_is_unreachable() {
    let mut place = Place::with_api("1.41");
    let lines = vec![json!({"status": "Pulling fs layer", "progressDetail": {}, "id": "aa"})];
    place.daemon.set_pull("redis:7", Pull { lines, hangs: true, ..Pull::default() });
    let told = Told::default();
    let stop = async {
        crate::until("it has begun", || !told.all().is_empty()).await;
        place.daemon.stop().await;
    };
    let (outcome, ()) = tokio::join!(place.docker.pull("redis:7", LONG, &told), stop);
    assert!(matches!(outcome, Err(PullError::Engine(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_pull_that_waits_for_its_turn_is_not_given_up_while_another_moves() {
    let place = Place::with_api("1.41");
    let waiting = vec![
        json!({"status": "Pulling fs layer", "progressDetail": {}, "id": "bb"}),
        json!({"status": "Waiting", "progressDetail": {}, "id": "bb"}),
    ];
    place.daemon.set_pull("second:1", Pull { lines: waiting, hangs: true, ..Pull::default() });
    // The engine downloads a few layers at once, of all pulls together.
    let line = |bytes: u64| json!({"status": "Downloading", "progressDetail": {"current": bytes, "total": 9_000}, "id": "aa"});
    let lines = (1..=10).map(line).collect();
    place.daemon.set_pull("first:1", Pull { lines, pause: SHORT / 2, hangs: true });
    let (first, second) = (Told::default(), Told::default());
    let began = std::time::Instant::now();
    let pulls = (place.docker.pull("first:1", SHORT, &first), place.docker.pull("second:1", SHORT, &second));
    let (first, second) = tokio::join!(pulls.0, async { (pulls.1.await, began.elapsed()) });
    assert_eq!(class(first), FailureClass::PullStalled);
    assert_eq!(class(second.0), FailureClass::PullStalled);
    assert!(second.1 > 5 * SHORT, "only once nothing moves at all: {:?}", second.1);
}
