//! Bringing an app up, seeing it, and taking it away.

use control::ports::projects::VariableValue;
use control::ports::{CommandError, Engine as _, EngineEvent, EngineObject, Projects as _};
use domain::{ContainerState, Health, Protocol, RestartPolicy};
use futures_util::StreamExt as _;

use crate::{Place, docker_command, inspect_until};

const WEB: &str = "
services:
  web:
    image: appmanage/hello:2
    restart: unless-stopped
    ports: [\"80:80\"]
    environment: {HELLO_MESSAGE: \"${MESSAGE}\"}
    volumes: [data:/data]
volumes:
  data:
";

#[tokio::test]
#[ignore = "needs the private engine: cargo xtask test"]
async fn an_app_comes_up_is_seen_whole_and_leaves_nothing() {
    let place = Place::of(1, WEB).await;
    let events = place.docker.events().await.expect("it answers");
    place.projects.up(&place.project).await.expect("it comes up");
    place.projects.up(&place.project).await.expect("twice is once");

    let web = place.container("web").await;
    assert_eq!(web.facts.state, ContainerState::Running);
    assert_eq!((web.facts.health, web.facts.restart_policy), (Health::None, RestartPolicy::Always));
    assert!(web.facts.started_at >= Some(web.facts.created_at) && web.facts.finished_at.is_none());
    assert_eq!(web.owner.project.as_deref(), Some("realengine1"));
    assert_eq!(web.owner.instance, Some(place.project.instance.clone()));
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    assert_eq!(web.ports, [(address, Protocol::Tcp, 27_001)], "the package's 80 is only a hint");
    let sight = place.docker.look().await.expect("it answers");
    let network = sight.networks.iter().find(|network| network.name == "realengine1_default").expect("seen");
    assert_eq!(network.subnets, [place.project.subnets[0].subnet]);
    assert!(
        sight.volumes.iter().any(|volume| volume.name == "realengine1_data" && volume.owner == web.owner)
    );

    let started = EngineEvent::Container(web.facts.id.clone());
    let told = events.any(|event| std::future::ready(event == started));
    let told = tokio::time::timeout(std::time::Duration::from_secs(30), told).await;
    assert_eq!(told, Ok(true), "its events were told");
    let network = EngineObject::Network(network.id.clone());
    place.docker.remove(&network).await.expect_err("it is in use");
    let volume = EngineObject::Volume("realengine1_data".to_owned());
    place.docker.remove(&volume).await.expect_err("it is in use");
    assert_eq!(place.clean().await, 3, "a container, a network and a volume");
}

#[tokio::test]
#[ignore = "needs the private engine: cargo xtask test"]
async fn what_a_container_did_is_told_by_inspect_and_its_last_lines() {
    let exits =
        WEB.replace("HELLO_MESSAGE: \"${MESSAGE}\"", "HELLO_EXIT_CODE: 3").replace("unless-stopped", "'no'");
    let place = Place::of(2, &exits).await;
    place.projects.up(&place.project).await.expect("it is started");
    let id = place.container("web").await.facts.id;
    let seen = inspect_until(&place.docker, &id, |seen| seen.facts.state == ContainerState::Exited).await;
    assert_eq!((seen.facts.exit_code, seen.facts.restart_policy), (3, RestartPolicy::No));
    // The engine may note the start of a short life after its end.
    assert!(seen.facts.started_at.is_some() && seen.facts.finished_at.is_some() && !seen.facts.oom_killed);
    assert_eq!(seen.ports.len(), 1, "a stopped one will publish its port again");
    let lines = place.docker.last_lines(&id, 1).await.expect("it answers");
    assert!(lines.len() == 1 && !lines[0].is_empty(), "{lines:?}");
    assert!(place.docker.last_lines(&id, 100).await.expect("it answers").ends_with(&lines));
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs the private engine: cargo xtask test"]
async fn a_port_and_a_subnet_that_are_taken_are_told_apart() {
    let place = Place::of(3, WEB).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:27003").expect("it is free");
    let error = place.projects.up(&place.project).await.expect_err("it is taken");
    assert!(matches!(error, CommandError::PortTaken { port: 27_003, .. }), "{error:?}");
    drop(taken);
    place.projects.up(&place.project).await.expect("it is free again");

    let mut other = Place::unwritten(4, WEB).await;
    other.project.subnets[0].subnet = place.project.subnets[0].subnet;
    other.projects.create_folder(&other.project.folder, &other.project.install).await.expect("created");
    other.projects.write(&other.project).await.expect("written");
    let error = other.projects.up(&other.project).await.expect_err("it is taken");
    assert!(matches!(error, CommandError::SubnetTaken { .. }), "{error:?}");
    other.clean().await;
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs the private engine: cargo xtask test"]
async fn a_dependency_that_fails_is_told_in_composes_words() {
    let waits = |dependency: &str, condition: &str| {
        let dependency = format!("  db:\n    image: appmanage/hello:2\n    {dependency}\n");
        let depends = format!("    depends_on: {{db: {{condition: {condition}}}}}\n    volumes:");
        WEB.replace("    volumes:", &depends).replace("services:\n", &format!("services:\n{dependency}"))
    };
    let health = "healthcheck: {test: [CMD, /healthcheck], interval: 1s, retries: 1}";
    let unhealthy = format!("{health}\n    environment: {{HELLO_UNHEALTHY: 1}}");
    for (number, compose, said) in [
        (5, waits(&unhealthy, "service_healthy"), "is unhealthy"),
        (6, waits("environment: {HELLO_EXIT_CODE: 7}", "service_completed_successfully"), "exit 7"),
    ] {
        let place = Place::of(number, &compose).await;
        let error = place.projects.up(&place.project).await.expect_err("it fails");
        assert!(matches!(&error, CommandError::Failed { words } if words.contains(said)), "{error:?}");
        place.clean().await;
    }
}

#[tokio::test]
#[ignore = "needs the private engine: cargo xtask test"]
async fn an_engine_that_is_away_is_told_by_compose_too() {
    let place = Place::of(7, WEB).await;
    let elsewhere = [("DOCKER_HOST".to_owned(), "unix:///nowhere/docker.sock".to_owned())];
    let environment =
        docker::Environment::of(std::env::vars().filter(|(name, _)| name != "DOCKER_HOST").chain(elsewhere));
    let compose = docker::Compose::find(environment).expect("the test environment has it");
    let instance = place.project.instance.clone();
    let projects = docker::ComposeProjects::of(compose, &place.root, instance);
    let error = projects.up(&place.project).await.expect_err("it is away");
    assert!(matches!(error, CommandError::EngineUnreachable { .. }), "{error:?}");
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs the private engine: cargo xtask test"]
async fn every_value_reaches_compose_as_it_is() {
    let mut place = Place::of(8, WEB).await;
    let values = [
        "plain",
        "",
        "$HOME ${X} $$",
        "it's",
        "'",
        "\"quoted\"",
        r"back\slash",
        r"ends with \",
        r"\'",
        r#"'$\" `x` #"#,
        "two\nlines",
        "two\nline's",
        "  blanks  ",
        "密码",
        "a=b; c",
        "\\n",
        "'\\n\\$x",
    ];
    for (index, value) in values.iter().enumerate() {
        place
            .project
            .variables
            .push((format!("VALUE_{index:02}"), VariableValue::Plain((*value).to_owned())));
    }
    place.projects.write(&place.project).await.expect("written");
    let folder = place.project.folder.display().to_string();
    let shown = docker_command(&["compose", "--project-directory", &folder, "config", "--environment"]);
    for (index, value) in values.iter().enumerate() {
        assert!(shown.contains(&format!("VALUE_{index:02}={value}\n")), "{value:?} in\n{shown}");
    }
    assert!(shown.contains("COMPOSE_PROJECT_NAME=realengine8\n"), "a user in the folder works on the app");
    place.clean().await;
}
