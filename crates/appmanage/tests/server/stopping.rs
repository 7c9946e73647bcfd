//! Told to stop while an install is at work: before an engine in memory, with a docker command that takes as
//! long as the test wants.

use std::fs;
use std::path::Path;

use crate::place::{Place, Started, wait_until};
use testkit::FakeDaemon;
use testkit::fake_daemon::Pull;

/// A docker command whose `compose up` tells its process id and lasts until a file appears.
fn slow_docker(place: &Place) {
    let (pid, go_on) = (place.file("up-pid"), place.file("go-on"));
    place.docker(&format!(
        "case \"$*\" in\n\
         'compose version --short') echo 2.40.3 ;;\n\
         *' config '*) echo '{{}}' ;;\n\
         *' up '*) echo $$ > '{pid}.new' && /bin/mv '{pid}.new' '{pid}'\n\
         until [ -e '{go_on}' ]; do /bin/sleep 0.01; done ;;\n\
         esac",
        pid = pid.display(),
        go_on = go_on.display(),
    ));
}

fn engine(place: &Place) -> FakeDaemon {
    let engine = FakeDaemon::start(&place.engine_socket(), "1.41");
    let lines = vec![serde_json::json!({"status": "Status: Image is up to date for appmanage/hello:2"})];
    engine.set_pull("appmanage/hello:2", Pull { lines, ..Pull::default() });
    engine
}

/// A server whose one install is within `docker compose up`, and that process's id.
fn server_at_work(place: &Place) -> (Started, String) {
    let mut server = place.serve(&[]);
    server.wait_for_line("engine connected");
    let answer = place.get("/AppInstall?app_name=hello&customer_app_name=a&app_version=latest");
    assert!(answer.contains("\"app_id\":\"a\""), "{answer}");
    let pid = place.file("up-pid");
    wait_until("docker compose up runs", || pid.exists());
    (server, fs::read_to_string(pid).expect("it is there").trim().to_owned())
}

fn is_alive(pid: &str) -> bool {
    // One that has ended and was not waited for yet shows no command line.
    fs::read(Path::new("/proc").join(pid).join("cmdline")).is_ok_and(|line| !line.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_at_work_may_end_before_the_server_does() {
    let place = Place::new();
    slow_docker(&place);
    let _engine = engine(&place);
    let (mut server, pid) = server_at_work(&place);
    server.ask_to_stop();
    server.wait_for_line("stopping; a second signal quits at once");
    assert!(is_alive(&pid));
    assert!(place.get("/AppStatus?app_id=a").contains("\"status\":\"creating\""), "it still answers");
    fs::write(place.file("go-on"), "").expect("it can be written");
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(!is_alive(&pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_quits_at_once_and_the_next_start_ends_what_was_left() {
    let place = Place::new();
    slow_docker(&place);
    let _engine = engine(&place);
    let (mut server, pid) = server_at_work(&place);
    server.ask_to_stop();
    server.wait_for_line("stopping; a second signal quits at once");
    server.ask_to_stop();
    let (code, log) = server.wait();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("appmanage: quit at a second signal"), "{log}");

    place.docker("case \"$*\" in 'compose version --short') echo 2.40.3;; *) exit 1;; esac");
    let mut next = place.serve(&[]);
    next.wait_until_ready();
    wait_until("no process of the first server is left", || !is_alive(&pid));
    wait_until("the install has failed", || {
        place.get("/AppStatus?app_id=a").contains("\"status\":\"error\"")
    });
    next.terminate();
}
