//! What a user sets of an app reaches its containers in place of the defaults, and nobody else.

use std::path::Path;

use control::ports::OutputStream;
use control::{Error, LogsRequest};
use domain::settings::Given;
use domain::{ContainerState, OperationState, Secret, SettingError, Status};
use testkit::{Behaviour, World};

/// The values that the app's compose file gets.
fn variables(world: &World, app: &str) -> Vec<(String, String)> {
    let project = world.projects.written(&Path::new("/fake/apps").join(app)).expect("it was written");
    let ours = |(name, _): &&(String, _)| !name.starts_with("APPMANAGE_");
    let values = project.variables.iter().filter(ours);
    values.map(|(name, value)| (name.clone(), value.reveal().to_owned())).collect()
}

fn value(world: &World, app: &str, variable: &str) -> String {
    let found = variables(world, app).into_iter().find(|(name, _)| name == variable);
    found.expect("every declared variable has a value").1
}

#[tokio::test(start_paused = true)]
async fn a_value_that_was_set_stands_in_place_of_the_default() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    server.install_with("blog", "set", &[("TITLE", "It's mine"), ("POSTS", "07")]).await.expect("accepted");
    server.install("blog", "plain").await.expect("accepted");
    server.has_status("set", Status::Running).await;
    server.has_status("plain", Status::Running).await;
    assert_eq!(
        (value(&world, "set", "TITLE"), value(&world, "set", "POSTS")),
        ("It's mine".into(), "7".into())
    );
    assert_eq!(
        (value(&world, "plain", "TITLE"), value(&world, "plain", "POSTS")),
        ("A blog".into(), "10".into())
    );
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_set_is_the_login_and_is_masked() {
    let world = World::default();
    world.engine.behave("blog", Behaviour::Exits(1));
    let server = world.start();
    server.connected().await;
    server.install_with("blog", "one", &[("DB_PASSWORD", "correct horse")]).await.expect("accepted");
    server.has_status("one", Status::Error).await;
    world.engine.behave("blog", Behaviour::Well);
    server.install_with("blog", "one", &[("DB_PASSWORD", "correct horse")]).await.expect("accepted");
    server.has_status("one", Status::Running).await;
    assert_eq!(value(&world, "one", "DB_PASSWORD"), "correct horse");
    let running = server.detail("one").and_then(|detail| detail.running).expect("it runs");
    assert_eq!(running.login.password.reveal(), "correct horse");
    let app = server.control.recorder().read(|memory| memory.oldest_first().next().map(|r| r.app.clone()));
    let app = app.expect("it is there");
    assert!(app.secrets().iter().any(|secret| secret.reveal() == "correct horse"));
    assert!(!format!("{app:?}").contains("correct horse"));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn settings_that_do_not_fit_are_refused_and_change_nothing() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    for (name, text) in [("TITEL", "x"), ("POSTS", "many"), ("DB_PASSWORD", "short")] {
        let refused = server.install_with("blog", "one", &[(name, text)]).await;
        let Err(Error::Setting(
            SettingError::Unknown { name: told } | SettingError::Value { name: told, .. },
        )) = refused
        else {
            panic!("{name}: {refused:?}")
        };
        assert_eq!(told, name);
    }
    assert_eq!(server.status("one"), None);
    assert_eq!(world.traces(), Vec::<String>::new());
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_set_outlives_the_server() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    server.install_with("blog", "one", &[("TITLE", "Mine")]).await.expect("accepted");
    server.has_status("one", Status::Running).await;
    server.stop().await;
    let next = world.start();
    let title = next.control.recorder().read(|memory| {
        let app = memory.oldest_first().next().map(|record| record.app.clone())?;
        Some(app.settings.get("TITLE")?.reveal().to_owned())
    });
    assert_eq!(title.as_deref(), Some("Mine"));
    next.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_is_judged_by_the_containers_that_have_it() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    // Nobody tells that the containers of before, which are well, are gone.
    world.engine.set_mute(true);
    world.engine.behave("blog", Behaviour::Exits(1));
    let title = [("TITLE".to_owned(), Given::Scalar(Secret::from_text("New")))];
    server.control.configure("one", Ok(title.into())).await.expect("accepted");
    let operation = server.operation_ended("one").await;
    assert!(matches!(operation.state, OperationState::Failed(_)), "{:?}", operation.state);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn new_settings_do_not_start_an_app_that_was_stopped_past_the_server() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    for service in ["web", "db"] {
        world.engine.change("one", service, |facts| facts.state = ContainerState::Exited);
    }
    server.has_status("one", Status::Stop).await;
    let title = [("TITLE".to_owned(), Given::Scalar(Secret::from_text("New")))];
    server.control.configure("one", Ok(title.into())).await.expect("accepted");
    let operation = server.operation_ended("one").await;
    assert_eq!(operation.state, OperationState::Succeeded);
    assert_eq!((value(&world, "one", "TITLE").as_str(), server.status("one")), ("New", Some(Status::Stop)));
    let is_up =
        |container: &control::ports::EngineContainer| container.facts.state == ContainerState::Running;
    assert!(!world.engine.sight().containers.iter().any(is_up), "nobody asked for its start");
    server.control.start("one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn new_settings_do_not_stop_an_app_that_was_started_past_the_server() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    server.control.stop("one").await.expect("accepted");
    server.has_status("one", Status::Stop).await;
    for service in ["web", "db"] {
        world.engine.change("one", service, |facts| facts.state = ContainerState::Running);
    }
    server.has_status("one", Status::Running).await;
    let title = [("TITLE".to_owned(), Given::Scalar(Secret::from_text("New")))];
    server.control.configure("one", Ok(title.into())).await.expect("accepted");
    assert_eq!(server.operation_ended("one").await.state, OperationState::Succeeded);
    server.has_status("one", Status::Running).await;
    assert_eq!(value(&world, "one", "TITLE"), "New");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn while_a_password_is_being_changed_the_old_one_is_shown_no_more_than_the_new_one() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    // The old one is what the container of the test will write.
    let (old, new) = ("last words of", "battery staple");
    server.install_with("blog", "one", &[("DB_PASSWORD", old)]).await.expect("accepted");
    server.has_status("one", Status::Running).await;
    world.engine.write("one", "web", OutputStream::Stdout, &format!("{old}, {new}"));
    // What is made comes into sight with the next full look only: until then the change is at work.
    world.engine.set_mute(true);
    world.engine.behave("blog", Behaviour::Exits(1));
    let settings = [("DB_PASSWORD", new), ("TITLE", "New")]
        .map(|(name, text)| (name.to_owned(), Given::Scalar(Secret::from_text(text))));
    server.control.configure("one", Ok(settings.into())).await.expect("accepted");
    let request = LogsRequest { app_id: "one".to_owned(), service: None, tail: 9, since_nanos: None };
    let lines = server.control.app_logs(&request).await.expect("it answers");
    assert_eq!(lines.iter().map(|line| line.line.text.as_str()).collect::<Vec<_>>(), ["***, ***"]);
    let operation = server.operation_ended("one").await;
    assert!(matches!(operation.state, OperationState::Failed(_)), "{:?}", operation.state);
    assert_eq!(operation.last_lines, ["*** one-web-1"]);
    server.stop().await;
}
