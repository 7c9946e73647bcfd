//! `logs -f` and `events`: lines as they come, in text and as JSON lines.

use serde_json::{Value, json};

use crate::answers::{log_lines, server};
use crate::fake_server::Answer;
use crate::run::{LANGUAGES, command, piped};
use crate::terminal::Terminal;

fn event(id: u64, kind: &str, changed: &Value) -> String {
    let mut event = json!({
        "id": id, "time": "2026-11-22T08:00:00Z", "app_id": "myblog", "operation_id": "op1", "kind": kind,
        "operation_kind": "", "step": "", "attempt": 0, "status_from": "", "status_to": "", "reason": null,
    });
    for (name, value) in changed.as_object().expect("it is an object") {
        event[name] = value.clone();
    }
    format!("id: {id}\nevent: {kind}\ndata: {event}\n\n")
}

fn events() -> Vec<String> {
    let reason = json!({ "class": "disk_full", "subject": "", "detail": "", "message": "A disk of the server is full." });
    vec![
        ": heartbeat\n\n".to_owned(),
        "event: gap\ndata: {\"first_id\":7}\n\n".to_owned(),
        event(7, "queued", &json!({ "operation_kind": "install" })),
        event(8, "step_started", &json!({ "step": "pull", "attempt": 1 })),
        event(9, "status_changed", &json!({ "status_from": "pulling", "status_to": "creating" })),
        event(10, "unwinding", &json!({ "reason": reason })),
        event(11, "failed", &json!({ "reason": reason })),
        event(12, "succeeded", &json!({})),
        event(13, "of_another_time", &json!({})),
    ]
}

#[test]
fn events_are_told_as_they_come() {
    let mut page = String::new();
    let json = " --output json";
    // What the last line ends with: a terminal shows a line in pieces.
    for (language, options, end) in [
        (LANGUAGES[0], "", "of_another_time"),
        (LANGUAGES[1], "", "of_another_time"),
        (LANGUAGES[0], json, "null}"),
    ] {
        let server = server();
        server.answers("AppEvents", Answer::Events(events()));
        let terminal =
            Terminal::run(command(&server.socket, language, &format!("events myblog --after 3{options}")));
        let is_whole = |screen: &str| screen.contains("of_another_time") && screen.ends_with(end);
        let screen = terminal.wait_for(is_whole);
        page.push_str(&format!("──── {language}{options}\n{screen}\n\n"));
        let asked = server.calls("AppEvents").pop().expect("it was asked").parameters;
        assert_eq!(asked, json!({ "app_id": "myblog", "last_event_id": 3 }));
        terminal.interrupt();
        assert_eq!(terminal.end().1, None, "Ctrl-C ends it as it ends every program");
    }
    insta::assert_snapshot!("events", page);
}

#[test]
fn events_go_on_where_they_were_cut() {
    let server = server();
    let [first, last] =
        [event(7, "queued", &json!({ "operation_kind": "start" })), event(8, "succeeded", &json!({}))];
    server.answers_in_turn("AppEvents", vec![Answer::CutEvents(vec![first]), Answer::Events(vec![last])]);
    let terminal = Terminal::run(command(&server.socket, LANGUAGES[0], "events"));
    let screen = terminal.wait_for_text("succeeded");
    assert!(screen.contains("accepted: start\nThe server does not answer at the moment"), "{screen}");
    let asked: Vec<Value> = server.calls("AppEvents").into_iter().map(|call| call.parameters).collect();
    assert_eq!(asked, [json!({}), json!({ "last_event_id": 7 })]);
}

#[test]
fn logs_are_followed_line_by_line() {
    let lines = log_lines();
    let lines: Vec<String> = lines
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| format!("event: line\ndata: {line}\n\n"))
        .collect();
    let mut page = String::new();
    for options in ["", " --output json"] {
        let server = server();
        server.answers("AppLogs", Answer::CutEvents(lines.clone()));
        let piped = piped(&server, LANGUAGES[0], &format!("logs myblog -f --tail 5{options}"));
        assert_eq!(piped.code, Some(0));
        page.push_str(&format!("────{options}\n{}stderr: {}\n", piped.stdout, piped.stderr));
        let asked = server.calls("AppLogs").pop().expect("it was asked").parameters;
        assert_eq!(asked, json!({ "app_id": "myblog", "tail": 5, "follow": true }));
    }
    insta::assert_snapshot!("logs-follow", page);
}

#[test]
fn a_refused_stream_is_a_refusal() {
    let server = server();
    server.answers("AppLogs", Answer::Refusal("APP.NotExis", "The app is not installed"));
    let refused = piped(&server, LANGUAGES[0], "logs nobody -f");
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.starts_with("error: cannot show the log of nobody: The app is not installed"),
        "{}",
        refused.stderr
    );
}
