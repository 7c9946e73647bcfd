//! AppLogs and AppStats, as clients meet them.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use control::ports::OutputStream::{Stderr, Stdout};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::timeout;
use tower::ServiceExt as _;

use crate::client::{Api, Call};
use crate::sockets::{HEADERS, served};

/// How long something may take to come, in the time of the stopped clock where it is stopped.
const DEADLINE: Duration = Duration::from_secs(60);

/// The lines of an answer or of events, without their times.
fn without_times(lines: &[Value]) -> Vec<(String, String, String)> {
    let text = |line: &Value, name: &str| line[name].as_str().expect("a text").to_owned();
    lines.iter().map(|line| (text(line, "service"), text(line, "stream"), text(line, "line"))).collect()
}

/// A stream that is being read.
struct Following(Body, String);

impl Following {
    async fn of(api: &Api, parameters: &[(&str, &str)]) -> Self {
        let call = Call::to("/AppLogs", parameters);
        let answer = api.router.clone().oneshot(call.get()).await.expect("a router always answers");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self(answer.into_body(), String::new())
    }

    async fn next(&mut self) -> Value {
        loop {
            if let Some((event, rest)) = self.1.split_once("\n\n") {
                let data = event.strip_prefix("event: line\ndata: ").map(serde_json::from_str);
                self.1 = rest.to_owned();
                if let Some(data) = data {
                    return data.expect("JSON");
                }
                continue;
            }
            let frame = timeout(DEADLINE, self.0.frame()).await.expect("in time").expect("it goes on");
            let data = frame.expect("a stream cannot fail").into_data().expect("data");
            self.1.push_str(std::str::from_utf8(&data).expect("whole characters"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn logs_are_a_list_or_a_stream_of_the_same_lines() {
    let api = Api::start().await;
    api.install("blog", "one").await;
    api.world.engine.write("one", "web", Stdout, "hello");
    api.world.engine.write("one", "db", Stderr, "two\u{7}\"lines\"");
    let expected = [
        ("db".to_owned(), "stderr".to_owned(), "two\u{7}\"lines\"".to_owned()),
        ("web".to_owned(), "stdout".to_owned(), "hello".to_owned()),
    ];
    let all = Call::to("/AppLogs", &[("app_id", "one"), ("tail", "10"), ("follow", "false")]);
    let mut told = Vec::new();
    for request in all.every_form() {
        let data = api.send(request).await.data();
        told = data.as_array().expect("a list").clone();
        let mut lines = without_times(&told);
        lines.sort();
        assert_eq!(lines, expected);
    }
    let time = told[0]["time"].as_str().expect("a text");
    assert!(time.starts_with("2026-01-01T00:") && time.ends_with("000000Z"), "{time}");
    let typed: wire::LogLineInfo = serde_json::from_value(told[0].clone()).expect("a LogLineInfo");
    assert_eq!(serde_json::to_value(&typed).ok().as_ref(), Some(&told[0]), "it has every field and no other");

    let mut following = Following::of(&api, &[("app_id", "one"), ("follow", "true")]).await;
    let mut lines = without_times(&[following.next().await, following.next().await]);
    lines.sort();
    assert_eq!(lines, expected);
    api.world.engine.write("one", "web", Stdout, "more");
    assert_eq!(following.next().await["line"], "more");
    // Numbers and booleans in JSON; the time of a line leads on from it.
    let body = json!({"app_id": "one", "tail": 0, "follow": false}).to_string();
    let request = Call::to("/AppLogs", &[]).with(Method::POST, false, Some(("application/json", body)));
    assert_eq!(api.send(request).await.data(), json!([]));
    let since = told[1]["time"].as_str().expect("a text");
    let call = Call::to("/AppLogs", &[("app_id", "one"), ("service", "web"), ("since", since)]);
    let lines = api.send(call.get()).await.data();
    assert_eq!(
        lines.as_array().and_then(|lines| lines.last()).map(|line| &line["line"]),
        Some(&json!("more"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_app_keeps_its_stream_open_also_when_it_has_stopped() {
    let api = Api::start().await;
    api.install("hello", "one").await;
    let call = Call::to("/AppLogs", &[("app_id", "one"), ("follow", "true")]);
    for _ in 0..2 {
        let answer = api.send(call.get()).await;
        assert_eq!(answer.text(), ":\n\n", "a heartbeat comes first");
        api.running.control.stop("one").await.expect("accepted");
        api.running.operation_ended("one").await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_nobody_at_the_engine() {
    let served = served().await;
    served.api.install("hello", "one").await;
    let stream = tokio::net::TcpStream::connect(served.tcp).await.expect("connected");
    let request = format!("GET /AppLogs?app_id=one&follow=true HTTP/1.1\r\n{HEADERS}\r\n");
    stream.writable().await.expect("it can be written");
    stream.try_write(request.as_bytes()).expect("it can be written");
    let engine = &served.api.world.engine;
    let followers = |count: usize| async move {
        while engine.output_followers() != count {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, followers(1)).await.expect("it is followed");
    drop(stream);
    timeout(DEADLINE, followers(0)).await.expect("nobody follows any more");
}

#[tokio::test(start_paused = true)]
async fn stats_tell_the_share_of_the_processor_from_the_first_answer_on() {
    let api = Api::start().await;
    api.install("blog", "one").await;
    api.install("hello", "two").await;
    api.world.engine.load("one", "web", 2, 1_000);
    let all = api.send(Call::to("/AppStats", &[]).get()).await.data();
    let ids: Vec<&Value> = all.as_array().expect("a list").iter().map(|app| &app["app_id"]).collect();
    assert_eq!(ids, ["one", "two"]);
    for request in Call::to("/AppStats", &[("app_id", "one")]).every_form() {
        let data = api.send(request).await.data();
        let app = data[0].clone();
        assert_eq!((&app["cpu_percent"], &app["memory_bytes"]), (&json!(200.0), &json!(1_000)), "{app}");
        assert_eq!(
            (&app["services"][0]["service"], &app["services"][1]["service"]),
            (&json!("db"), &json!("web"))
        );
        assert!(app["sampled_at"].as_str().is_some_and(|at| at.starts_with("2026-01-01T")), "{app}");
        let typed: wire::AppStatsInfo = serde_json::from_value(app.clone()).expect("an AppStatsInfo");
        assert_eq!(serde_json::to_value(&typed).ok(), Some(app), "it has every field and no other");
    }
}
