//! AppLogs: the lines of all containers of an app, those there are and those to come.

use std::time::Duration;

use control::ports::OutputStream::{Stderr, Stdout};
use control::{AppLine, Error, LogsRequest};
use domain::package::{Text, Variable, VariableKind};
use domain::settings::Given;
use domain::{ContainerState, Secret, Status, Template};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use testkit::{Running, World};

/// How long a line may take to come, in the time of the stopped clock.
const DEADLINE: Duration = Duration::from_secs(60);

async fn with_a_running_app(world: &World) -> Running {
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    server
}

fn request(tail: usize) -> LogsRequest {
    LogsRequest { app_id: "one".to_owned(), service: None, tail, since_nanos: None }
}

async fn logs(server: &Running, request: &LogsRequest) -> Vec<String> {
    server.control.app_logs(request).await.expect("it answers").iter().map(told).collect()
}

fn told(line: &AppLine) -> String {
    format!("{} {}: {}", line.service, line.line.stream.as_str(), line.line.text)
}

async fn follow(server: &Running, request: &LogsRequest) -> BoxStream<'static, AppLine> {
    server.control.follow_app_logs(request).await.expect("it opens")
}

async fn next(lines: &mut BoxStream<'static, AppLine>) -> String {
    let line = tokio::time::timeout(DEADLINE, lines.next()).await.expect("a line comes");
    told(&line.expect("the stream goes on"))
}

async fn silent(lines: &mut BoxStream<'static, AppLine>) {
    let line = tokio::time::timeout(DEADLINE, lines.next()).await;
    assert!(line.is_err(), "no line, and no end: {line:?}");
}

/// Runs until what is at work has come to rest.
async fn rest() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn the_lines_of_all_services_come_in_the_order_of_time() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    let began_nanos = control::ports::Clock::now(&*world.clock).as_millis() * 1_000_000;
    for (service, stream, text) in
        [("db", Stdout, "1"), ("web", Stderr, "2"), ("db", Stderr, "3"), ("web", Stdout, "4")]
    {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.engine.write("one", service, stream, text);
    }
    let all = ["db stdout: 1", "web stderr: 2", "db stderr: 3", "web stdout: 4"];
    assert_eq!(logs(&server, &request(100)).await, all);
    assert_eq!(logs(&server, &request(2)).await, all[2..]);
    assert_eq!(logs(&server, &request(0)).await, [""; 0]);
    let of_db = LogsRequest { service: Some("db".to_owned()), ..request(100) };
    assert_eq!(logs(&server, &of_db).await, ["db stdout: 1", "db stderr: 3"]);
    let since = LogsRequest { since_nanos: Some(began_nanos + 3_000_000_000), ..request(100) };
    assert_eq!(logs(&server, &since).await, all[2..], "that moment included");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_there_is_not_is_refused_and_says_what_there_is() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    let refused = |request: LogsRequest| {
        let control = std::sync::Arc::clone(&server.control);
        async move {
            let followed = control.follow_app_logs(&request).await.map(drop).expect_err("refused");
            let told = control.app_logs(&request).await.expect_err("refused");
            assert_eq!(told.code(), followed.code());
            told
        }
    };
    let error = refused(LogsRequest { service: Some("cache".to_owned()), ..request(1) }).await;
    assert!(matches!(&error, Error::NoSuchService { offered, .. } if *offered == ["db", "web"]), "{error}");
    let error = refused(LogsRequest { app_id: "two".to_owned(), ..request(1) }).await;
    assert!(matches!(error, Error::NoSuchApp { .. }), "{error}");
    world.engine.set_away(true);
    let error = refused(request(1)).await;
    assert!(matches!(error, Error::Engine(_)), "before any stream is opened: {error}");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_container_whose_output_cannot_be_read_hides_no_other() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    world.engine.write("one", "web", Stdout, "hello");
    world.engine.make_unreadable("one", "db");
    assert_eq!(logs(&server, &request(9)).await, ["web stdout: hello"]);
    let mut lines = follow(&server, &request(9)).await;
    assert_eq!(next(&mut lines).await, "web stdout: hello");
    world.engine.make_unreadable("one", "web");
    let error = server.control.app_logs(&request(9)).await.expect_err("nothing is left");
    assert!(error.to_string().contains("does not support reading"), "{error}");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn secrets_are_masked_in_every_line() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    let secret = server
        .control
        .recorder()
        .read(|memory| {
            let record = memory.oldest_first().next().expect("it is there");
            record.app.secrets().first().map(|secret| secret.reveal().to_owned())
        })
        .expect("the blog has a password");
    world.engine.write("one", "db", Stdout, &format!("the password is {secret}."));
    let mut lines = follow(&server, &request(9)).await;
    assert_eq!(next(&mut lines).await, "db stdout: the password is ***.");
    world.engine.write("one", "web", Stderr, &format!("{secret} again"));
    assert_eq!(next(&mut lines).await, "web stderr: *** again");
    let told = logs(&server, &request(9)).await.join("\n");
    assert!(told.contains("***") && !told.contains(&secret), "{told}");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_follower_gets_the_tail_and_then_every_line_once() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    for text in ["1", "2", "3"] {
        world.engine.write("one", "web", Stdout, text);
    }
    let mut lines = follow(&server, &request(2)).await;
    let mut fresh = follow(&server, &request(0)).await;
    // Written between the look at what is there and the beginning of the stream.
    world.engine.write("one", "web", Stdout, "4");
    for text in ["2", "3", "4"] {
        assert_eq!(next(&mut lines).await, format!("web stdout: {text}"));
    }
    rest().await;
    silent(&mut lines).await;
    silent(&mut fresh).await;
    world.engine.write("one", "db", Stderr, "5");
    assert_eq!(next(&mut lines).await, "db stderr: 5");
    assert_eq!(next(&mut fresh).await, "db stderr: 5");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_follower_stays_while_containers_end_start_and_are_recreated() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    for tail in [0, 9] {
        let mut lines = follow(&server, &request(tail)).await;
        while tail > 0 && next(&mut lines).await != "db stdout: another" {}
        silent(&mut lines).await;
        let end = |facts: &mut domain::ContainerFacts| facts.state = ContainerState::Exited;
        world.engine.write("one", "web", Stdout, "last words");
        for service in ["web", "db"] {
            world.engine.change("one", service, end);
        }
        assert_eq!(next(&mut lines).await, "web stdout: last words");
        silent(&mut lines).await;
        let now = control::ports::Clock::now(&*world.clock);
        world.engine.change("one", "web", |facts| {
            (facts.state, facts.started_at) = (ContainerState::Running, Some(now));
        });
        world.engine.write("one", "web", Stdout, "back");
        assert_eq!(next(&mut lines).await, "web stdout: back");
        world.engine.recreate("one", "db");
        world.engine.write("one", "db", Stdout, "another");
        assert_eq!(next(&mut lines).await, "db stdout: another");
        silent(&mut lines).await;
    }
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_follower_outlives_an_engine_that_goes_away_for_a_while() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    let mut lines = follow(&server, &request(9)).await;
    world.engine.write("one", "web", Stdout, "before");
    assert_eq!(next(&mut lines).await, "web stdout: before");
    world.engine.set_away(true);
    silent(&mut lines).await;
    world.engine.write("one", "web", Stdout, "meanwhile");
    world.engine.set_away(false);
    assert_eq!(next(&mut lines).await, "web stdout: meanwhile");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_leaves_nobody_at_the_engine() {
    let world = World::default();
    let server = with_a_running_app(&world).await;
    let mut all = Vec::new();
    for _ in 0..10 {
        let mut lines = follow(&server, &request(9)).await;
        silent(&mut lines).await;
        all.push(lines);
    }
    assert_eq!(world.engine.output_followers(), 20, "two containers, ten clients");
    all.pop();
    assert_eq!(world.engine.output_followers(), 18);
    all.clear();
    assert_eq!(world.engine.output_followers(), 0);
    server.stop().await;
}

/// The blog with a token that is signed with its password, and an address that holds it.
fn blog_with_tokens() -> domain::Package {
    let mut package = testkit::packages::blog();
    for (name, kind) in [
        ("API_KEY", VariableKind::Token { key: "DB_PASSWORD".into(), claims: r#"{"role":"anon"}"#.into() }),
        (
            "API_URL",
            VariableKind::Derived(Template::parse("https://api/?key=${API_KEY}").expect("a template")),
        ),
    ] {
        package.variables.push(Variable { name: name.into(), kind, label: Text::default() });
    }
    package
}

#[tokio::test(start_paused = true)]
async fn what_is_made_of_secrets_is_masked_like_them_also_after_a_change_and_a_restart_of_the_server() {
    let mut world = World::default();
    world.packages = vec![blog_with_tokens().into()];
    let server = with_a_running_app(&world).await;
    let token = |world: &World| world.projects.variable("one", "API_KEY").expect("it is in .env");
    let first = token(&world);
    for text in
        [format!("key {first}"), format!("GET https://api/?key={first}"), format!("cut {}", &first[..60])]
    {
        world.engine.write("one", "web", Stdout, &text);
    }
    let masked = ["web stdout: key ***", "web stdout: GET https://api/?key=***", "web stdout: cut ***"];
    assert_eq!(logs(&server, &request(9)).await, masked);

    let password = Given::Scalar(Secret::from_text("correct-horse-battery"));
    let settings = [("DB_PASSWORD".to_owned(), password)].into();
    server.control.configure("one", Ok(settings)).await.expect("accepted");
    server.operation_ended("one").await;
    server.stop().await;
    let server = world.start();
    server.connected().await;
    assert_ne!(token(&world), first);
    world.engine.write("one", "web", Stderr, &token(&world));
    assert_eq!(logs(&server, &request(1)).await, ["web stderr: ***"]);
    server.stop().await;
}
