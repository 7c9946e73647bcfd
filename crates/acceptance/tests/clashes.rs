//! Names and ports that somebody else has: refused or evaded, and never touched.

use std::net::{TcpListener, UdpSocket};

use acceptance::apps::{self, INSTALL_LIMIT};
use acceptance::json::{items, text};
use acceptance::packages::HELLO;
use acceptance::proxy::{Mode, Registry};
use acceptance::{Hello, Package, Setup, docker, share, traces, wait};

const REPEAT: &str = "Param.CustomerAppName.Repeat";

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_port_stolen_between_check_and_start_is_replaced() {
    let registry = Registry::open(Mode::Held);
    let port = share::free_port();
    let hello = Hello::named("hello").image(&registry.image("appmanage/hello:1")).hint(port);
    let server = Setup::default().packages(&[hello.package()]).start();
    let name = apps::begin(&server, "hello", "app");
    server.api().await_status(&name, "10", INSTALL_LIMIT);
    // The port is chosen by now, and nobody listens there yet.
    let thief = TcpListener::bind(("0.0.0.0", port)).expect("the port is free");
    registry.set(Mode::Open);
    server.api().await_status(&name, "30", INSTALL_LIMIT);
    let other = apps::port(&server, &name);
    assert_ne!(other, port);
    assert!(apps::page(&server, &name).body.contains("Hello"));
    assert_eq!(docker::containers(&name).len(), 1, "of the first try nothing is left");
    assert_eq!(docker::networks(&name).len(), 1);
    let operation = server.api().operation(&name);
    let failed = items(&operation, "/steps").into_iter().find(|step| text(step, "/state") == "failed");
    let failed = failed.expect("the first try is told");
    assert_eq!(text(&failed, "/reason/class"), "port_taken", "{operation:#}");
    assert_eq!(text(&failed, "/reason/subject"), port.to_string());
    drop(thief);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_port_that_somebody_listens_at_is_passed_over() {
    let listener = TcpListener::bind("0.0.0.0:0").expect("a free port");
    let taken = listener.local_addr().expect("it is bound").port();
    let server = Setup::default().packages(&[Hello::named("hello").hint(taken).package()]).start();
    let name = apps::install(&server, "hello", "app");
    assert_ne!(apps::port(&server, &name), taken);
    let operation = server.api().operation(&name);
    assert_eq!(items(&operation, "/steps").len(), 6, "it was seen before, not by failing: {operation:#}");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn every_published_port_is_allocated_for_its_address_and_protocol() {
    let [first, second] = [share::free_port(), share::free_port()];
    let listener = UdpSocket::bind(("0.0.0.0", first)).expect("it is free");
    let ports =
        format!("[\"{first}:80\", \"127.0.0.1:{second}:81\", \"{first}:80/udp\", \"{second}:82/udp\"]");
    let package = Package::with(
        "ports",
        &format!(
            "  main: {{ service: web, port: 80, http: {{}} }}
services:
  web: {{ image: \"{HELLO}\", ports: {ports} }}
  other: {{ image: \"{HELLO}\", ports: [\"{first}:80\"] }}
"
        ),
    );
    let server = Setup::default().packages(&[package]).start();
    let name = apps::install(&server, "ports", "app");
    let bound = |service: &str, port: &str| {
        let inspected = docker::inspect(&apps::container(&name, service)).expect("it runs");
        let bindings = inspected["NetworkSettings"]["Ports"][port].clone();
        (text(&bindings, "/0/HostIp"), text(&bindings, "/0/HostPort").parse::<u16>().expect("a port"))
    };
    // The hints, of which the first has a UDP listener of ours, and the second service comes too late.
    assert_eq!(bound("web", "80/tcp"), ("0.0.0.0".to_owned(), first));
    assert_eq!(bound("web", "81/tcp"), ("127.0.0.1".to_owned(), second));
    assert_eq!(bound("web", "82/udp"), ("0.0.0.0".to_owned(), second));
    assert_ne!(bound("web", "80/udp").1, first);
    assert_ne!(bound("other", "80/tcp").1, first);
    drop(listener);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn the_port_of_a_stopped_container_is_passed_over() {
    let port = share::free_port();
    let setup = Setup::default().packages(&[Hello::named("hello").hint(port).package()]);
    let theirs = format!("{}theirs", setup.prefix);
    let publish = format!("{port}:80");
    docker::docker(&["create", "--name", &theirs, "--publish", &publish, HELLO]);
    let server = setup.start();
    let name = apps::install(&server, "hello", "app");
    assert_ne!(apps::port(&server, &name), port);
    docker::docker(&["start", &theirs]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_users_own_volume_of_that_name_is_refused_and_untouched() {
    let setup = Setup::default().packages(&[Hello::named("hello").volume().package()]);
    let volume = format!("{}app_data", setup.prefix);
    docker::docker(&["volume", "create", "--label", "mine=1", &volume]);
    let mount = format!("{volume}:/data");
    let keep = ["run", "--rm", "--entrypoint", "/bin/sh", "--volume", &mount, HELLO];
    docker::docker(&[&keep[..], &["-c", "echo precious >/data/file"]].concat());

    let mut server = setup.start();
    let refused = server.api().install("hello", &server.name("app"), "1").expect_err("the name is taken");
    assert_eq!(refused.code, REPEAT);
    assert!(refused.message.contains(&volume), "it says by what: {refused}");
    assert_eq!(traces::of(&server, &server.name("app")), [format!("volume {volume}")]);

    // The same for one that was made while the server runs.
    let later = server.name("later_data");
    docker::docker(&["volume", "create", &later]);
    apps::install(&server, "hello", "another");
    let refused = server.api().install("hello", &server.name("later"), "1").expect_err("the name is taken");
    assert_eq!(refused.code, REPEAT);
    server.stop();

    let read = docker::docker(&[&keep[..], &["-c", "cat /data/file"]].concat());
    assert_eq!(read, "precious");
    docker::docker(&["volume", "inspect", &later]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn what_a_user_makes_under_that_name_during_the_pull_is_untouched() {
    let registry = Registry::open(Mode::Held);
    let held = Hello::named("held").image(&registry.image(HELLO)).volume();
    let server = Setup::default().packages(&[held.package()]).start();
    let (by_volume, by_container) =
        (apps::begin(&server, "held", "volume"), apps::begin(&server, "held", "container"));
    for name in [&by_volume, &by_container] {
        server.api().await_status(name, "10", INSTALL_LIMIT);
    }
    let volume = format!("{by_volume}_data");
    docker::docker(&["volume", "create", &volume]);
    let container = format!("{by_container}-web-1");
    let project = format!("com.docker.compose.project={by_container}");
    let service = "com.docker.compose.service=web";
    let labels = ["--label", &project, "--label", service];
    docker::docker(&[&["run", "--detach", "--name", &container], &labels[..], &[HELLO]].concat());
    let before = docker::inspect(&container).expect("it runs");
    registry.set(Mode::Open);
    for (name, holder) in [(&by_volume, &volume), (&by_container, &container)] {
        let operation = apps::failure(&server, name, INSTALL_LIMIT);
        assert_eq!(text(&operation, "/reason/class"), "name_taken", "{operation:#}");
        assert!(text(&operation, "/reason/detail").contains(holder), "{operation:#}");
    }
    assert_eq!(traces::of(&server, &by_volume), [format!("volume {volume}")]);
    assert_eq!(traces::of(&server, &by_container), [format!("container {container}")]);
    let mount = format!("{volume}:/data");
    let look = ["run", "--rm", "--entrypoint", "/bin/ls", "--volume", &mount, HELLO, "/data"];
    assert_eq!(docker::docker(&look), "", "nothing was written to it");
    assert_eq!(docker::inspect(&container).expect("it runs")["Id"], before["Id"]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_running_foreign_project_of_that_name_is_refused_and_untouched() {
    let setup = Setup::default().packages(&[Hello::named("hello").package()]);
    let project = format!("{}app", setup.prefix);
    let file = setup.folder().join("theirs.yaml");
    let compose =
        "services: { site: { image: \"appmanage/hello:1\", environment: { HELLO_MESSAGE: theirs } } }";
    std::fs::write(&file, compose).expect("it can be written");
    let file = file.display().to_string();
    docker::docker(&["compose", "--file", &file, "--project-name", &project, "up", "--detach"]);
    let container = format!("{project}-site-1");
    let before = docker::inspect(&container).expect("it runs");

    let server = setup.start();
    let refused = server.api().install("hello", &project, "1").expect_err("the name is taken");
    assert_eq!(refused.code, REPEAT);
    let after = docker::inspect(&container).expect("it still runs");
    for pointer in ["/Id", "/State", "/RestartCount"] {
        assert_eq!(after.pointer(pointer), before.pointer(pointer), "{pointer}");
    }
    assert!(!server.app_folder(&project).exists());
    // It is told of apps that it never installed nothing.
    assert_eq!(server.api().status_or_code(&project), "APP.NotExis");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_name_is_the_apps_until_its_install_has_failed() {
    let registry = Registry::open(Mode::Held);
    let held = Hello::named("held").image(&registry.image("appmanage/hello:1"));
    let server = Setup::default().packages(&[held.package()]).start();
    let name = apps::begin(&server, "held", "app");
    let again = || server.api().install("held", &name, "1").expect_err("the name is taken").code;
    assert_eq!(again(), "Param.CustomerAppName.Wait");
    registry.set(Mode::Open);
    server.api().await_status(&name, "30", INSTALL_LIMIT);
    assert_eq!(again(), REPEAT);
    docker::docker(&["stop", "--time", "0", &apps::container(&name, "web")]);
    wait::until("it is stopped", apps::LATE, || (server.api().status_or_code(&name) == "40").then_some(()));
    assert_eq!(again(), REPEAT);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_subnet_that_a_foreign_network_has_is_passed_over() {
    let setup = Setup::default().packages(&[Hello::named("hello").package()]);
    let pool = share::subnet_pool(2);
    let (first, _) = pool.split_once('/').expect("address/length");
    let theirs = format!("{}theirs", setup.prefix);
    docker::docker(&["network", "create", "--subnet", &format!("{first}/27"), &theirs]);
    let server = setup.setting("network.subnet_pool", &pool).start();
    let name = apps::install(&server, "hello", "app");
    let subnets = apps::subnets(&name);
    assert!(subnets.len() == 1 && !subnets[0].starts_with(&format!("{first}/")), "{subnets:?} of {pool}");
    let operation = server.api().operation(&name);
    assert_eq!(items(&operation, "/steps").len(), 6, "it was seen before, not by failing: {operation:#}");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_folder_of_that_name_that_is_not_ours_is_untouched() {
    let server = Setup::default().packages(&[Hello::named("hello").package()]).start();
    let name = server.name("app");
    let file = server.app_folder(&name).join("precious");
    std::fs::create_dir_all(server.app_folder(&name)).expect("it can be made");
    std::fs::write(&file, "mine").expect("it can be written");
    // Refused, or failed and undone: never written to.
    if server.api().install("hello", &name, "1").is_ok() {
        let operation = apps::failure(&server, &name, INSTALL_LIMIT);
        assert!(
            text(&operation, "/reason/message").contains(&name),
            "it says what is in the way: {operation:#}"
        );
    }
    let files = std::fs::read_dir(server.app_folder(&name)).expect("it is there");
    assert_eq!(files.count(), 1);
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "mine");
    assert!(docker::containers(&name).is_empty());
}
