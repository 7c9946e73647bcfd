//! What stands in the log of a real server: whose doing each line is, and that a line is a line.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use testkit::FakeDaemon;
use testkit::fake_daemon::Pull;

use crate::place::{Place, wait_until};

/// A docker command whose `compose up` fails with words that would like to be log lines.
const FAILING_DOCKER: &str = "case \"$*\" in\n\
     'compose version --short') echo 2.40.3 ;;\n\
     *' config '*) echo '{}' ;;\n\
     *' up '*) /usr/bin/printf 'no\\n2026-01-01T00:00:00Z ERROR forged by docker\\033[2J\\n' >&2; exit 1 ;;\n\
     esac";

fn engine(place: &Place) -> FakeDaemon {
    let engine = FakeDaemon::start(&place.engine_socket(), "1.41");
    let lines = vec![serde_json::json!({"status": "Status: Image is up to date for appmanage/hello:2"})];
    engine.set_pull("appmanage/hello:2", Pull { lines, ..Pull::default() });
    engine
}

fn send(place: &Place, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(&place.address).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// The log of an install that fails, asked for under the id `asked-1`.
fn log_of_a_failed_install(format: &str) -> String {
    let place = Place::new();
    place.docker(FAILING_DOCKER);
    let _engine = engine(&place);
    let settings = place.file("settings.toml");
    std::fs::write(&settings, format!("log.format = \"{format}\"\nlog.level = \"debug\"\n"))
        .expect("it is ours");
    let mut server = place.serve(&["--config", &settings.display().to_string()]);
    server.wait_for_line("engine connected");
    let install = "/AppInstall?app_name=hello&customer_app_name=one&app_version=latest";
    send(&place, install, "X-Request-Id: asked-1\r\n");
    wait_until("the install has failed", || {
        place.get("/AppStatus?app_id=one").contains("\"status\":\"error\"")
    });
    // None of these may begin a line.
    send(&place, "/AppStatus?app_id=x%0A2026-01-01T00:00:00Z%20ERROR%20forged", "");
    send(&place, "/AppStatus?app_id=x%1B%5B2J%C2%9B%E2%80%AE", "X-Request-Id: a\tforged\r\n");
    send(&place, "/AppList?app_name=%00%0d%0aforged", "Language: %0aforged\r\n");
    server.terminate().1
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_a_request_is_on_every_line_of_the_operation_that_it_began() {
    let log = log_of_a_failed_install("json");
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let ids = |line: &Value| -> Vec<String> {
        let spans = line["spans"].as_array().cloned().unwrap_or_default();
        let of =
            |span: &Value| span["request.id"].as_str().or(span["operation.id"].as_str()).map(str::to_owned);
        spans.iter().filter_map(of).collect()
    };
    let line = |message: &str| {
        lines.iter().find(|line| line["message"] == message).unwrap_or_else(|| panic!("{message}: {log}"))
    };
    let accepted = line("operation accepted");
    assert_eq!(ids(accepted), ["asked-1"]);
    let operation = accepted["operation.id"].as_str().expect("a text").to_owned();
    for message in ["the operation failed and is being undone", "undone"] {
        assert_eq!(ids(line(message)), ["asked-1", &operation], "{message}");
    }
    let failures =
        lines.iter().filter(|line| ["WARN", "ERROR"].contains(&line["level"].as_str().unwrap_or("")));
    let failures: Vec<&Value> = failures.collect();
    assert_eq!(failures.len(), 1, "a failure is told once: {failures:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_client_nor_docker_can_forge_a_line_of_the_log() {
    let log = log_of_a_failed_install("text");
    assert!(log.contains("forged by docker"), "{log}");
    for line in log.lines() {
        assert!(line.starts_with("20") && line.contains("Z "), "{line}");
        assert!(!line.contains(|character: char| character.is_control()), "{line:?}");
        let level = line.split_whitespace().nth(1).expect("a level");
        assert!(["DEBUG", "INFO", "WARN"].contains(&level), "{line}");
    }
}
