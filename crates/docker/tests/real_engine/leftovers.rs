//! A server that is killed while the real `docker compose` works for it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use control::ports::{EngineContainer, Projects as _};

use crate::Place;

/// Its second service waits for the health of the first, which comes late: compose is at work for long.
const WAITS: &str = "
services:
  db:
    image: appmanage/hello:2
    environment: {HELLO_UNHEALTHY: 1}
    healthcheck: {test: [CMD, /healthcheck], interval: 1s, retries: 1000}
  web:
    image: appmanage/hello:2
    ports: [\"80:80\"]
    depends_on: {db: {condition: service_healthy}}
";

/// Set for the copy of this test program that is going to be killed.
const KILLED_COPY: &str = "TESTENV_KILLED_COPY";

#[tokio::test]
#[ignore = "needs the private engine: cargo xtask test"]
async fn compose_of_a_killed_server_holds_the_lock_and_is_ended() {
    if std::env::var_os(KILLED_COPY).is_some() {
        let place = Place::unwritten(9, WAITS).await;
        place.projects.up(&place.project).await.expect("it waits until it is killed");
        return;
    }
    let place = Place::of(9, WAITS).await;
    let mut server = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "--ignored",
            "real_engine::leftovers::compose_of_a_killed_server_holds_the_lock_and_is_ended",
        ])
        .env(KILLED_COPY, "1")
        .stdout(Stdio::null())
        .spawn()
        .expect("a copy of this program");
    until_db_runs(&place).await;
    let at_work = compose_processes(&place);
    server.kill().expect("it is alive");
    server.wait().expect("it was started");

    assert!(at_work.len() >= 2, "the docker command and its plugin: {at_work:?}");
    assert_eq!(compose_processes(&place), at_work, "they work on");
    assert!(!lock_is_free(&place), "the plugin inherited the lock");
    place
        .projects
        .end_leftovers(&place.project.folder, &place.project.install)
        .await
        .expect("they are ended");
    assert_eq!(compose_processes(&place), Vec::<String>::new());
    assert!(lock_is_free(&place));
    place.clean().await;
}

async fn until_db_runs(place: &Place) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let runs = |shown: &EngineContainer| shown.facts.service == "db" && shown.facts.started_at.is_some();
    while !place.containers().await.iter().any(runs) {
        assert!(Instant::now() < deadline, "compose starts its containers");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The processes whose arguments name the app's folder.
fn compose_processes(place: &Place) -> Vec<String> {
    let folder = place.project.folder.display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("Linux").flatten() {
        let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&arguments).contains(&folder) {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

/// Asked as any other program would.
fn lock_is_free(place: &Place) -> bool {
    let lock = place.project.folder.join(".lock");
    let asked = std::process::Command::new("flock")
        .args(["--nonblock", "--exclusive"])
        .arg(lock)
        .arg("true")
        .status();
    asked.expect("util-linux is everywhere").success()
}
