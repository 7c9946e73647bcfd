//! Two servers: never on one data directory, and on one engine neither harms the other.

use acceptance::apps::{self, LATE, container};
use acceptance::json::text;
use acceptance::packages::HELLO;
use acceptance::proxy::{Mode, Registry};
use acceptance::{Hello, Package, Setup, docker, traces, wait};

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_second_server_on_one_data_directory_refuses_and_says_why() {
    let server = Setup::default().start();
    let second = Setup::default().data_dir(server.data_dir());
    let (status, said) = second.refusal();
    assert!(!status.success());
    assert!(said.contains("in use by another server"), "{said}");
    assert!(said.contains(&format!("(process {})", server.pid())), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "one clear line: {said}");
    assert!(
        server.api().address.get("/readyz").is_ok_and(|answer| answer.status == 200),
        "the first lives on"
    );
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_copy_of_a_data_directory_is_not_served_beside_its_original() {
    let mut server = Setup::default().packages(&[Hello::named("hello").package()]).start();
    let name = apps::install(&server, "hello", "app");
    let copy = Setup::default();
    let paths = [server.data_dir(), copy.path_of_data_dir()];
    let copied = std::process::Command::new("cp").arg("--archive").args(paths).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let (status, said) = copy.refusal();
    assert!(!status.success() && said.contains("a copy of this data directory"), "{said}");
    assert_eq!(server.api().status(&name).as_deref(), Ok("30"));
    // Alone it is as good as the original: that is what a backup is for.
    server.stop();
    let restored = copy.start();
    wait::until("it is told", LATE, || (restored.api().status_or_code(&name) == "30").then_some(()));
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn two_data_directories_on_one_engine_leave_each_other_alone() {
    let packages = [Package::pair("pair", HELLO), Package::pair("broken", HELLO).with_broken_main_service()];
    let mut one = Setup::default().packages(&packages).start();
    let two = Setup::default().packages(&packages).start();
    let of_one = apps::install(&one, "pair", "app");
    let of_two = apps::install(&two, "pair", "app");
    let before = docker::inspect(&container(&of_two, "web")).expect("it runs")["State"].clone();

    // A name of the other's is somebody else's, for both.
    let refused = one.api().install("pair", &of_two, "1").expect_err("the name is taken");
    assert_eq!(refused.code, "Param.CustomerAppName.Repeat");
    // An undo, a kill -9 in the middle of an install and a recovery touch nothing of the other's.
    let failed = apps::begin(&one, "broken", "failed");
    let _ = apps::failure(&one, &failed, apps::INSTALL_LIMIT);
    traces::assert_nothing_left(&one, &failed);
    let crashed = apps::begin(&one, "broken", "crashed");
    let compose = || (!traces::children(&one).is_empty()).then_some(());
    wait::until("compose is at work", apps::INSTALL_LIMIT, compose);
    one.kill_9();
    one.start();
    let _ = apps::failure(&one, &crashed, apps::INSTALL_LIMIT);
    traces::assert_nothing_left(&one, &crashed);

    assert_eq!(docker::inspect(&container(&of_two, "web")).expect("it runs")["State"], before);
    assert_eq!(two.api().list().len(), 1);
    assert_eq!(one.api().status_or_code(&of_two), "APP.NotExis");
    docker::docker(&["rm", "--force", &container(&of_one, "web"), &container(&of_one, "database")]);
    wait::until("it shows", LATE, || (one.api().status_or_code(&of_one) == "50").then_some(()));
    assert_eq!(two.api().status(&of_two).as_deref(), Ok("30"));
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn of_two_servers_that_pull_for_one_name_the_later_gives_way() {
    let registries = [Registry::open(Mode::Held), Registry::open(Mode::Held)];
    let [one, two] = registries
        .each_ref()
        .map(|registry| Setup::default().packages(&[Package::pair("held", &registry.image(HELLO))]).start());
    let name = one.name("app");
    for server in [&one, &two] {
        assert_eq!(server.api().install("held", &name, "1"), Ok(name.clone()), "nobody has it yet");
        server.api().await_status(&name, "10", apps::INSTALL_LIMIT);
    }
    registries[0].set(Mode::Open);
    one.api().await_status(&name, "30", apps::INSTALL_LIMIT);
    let before = docker::inspect(&container(&name, "web")).expect("it runs");
    registries[1].set(Mode::Open);
    let operation = apps::failure(&two, &name, apps::INSTALL_LIMIT);
    assert_eq!(text(&operation, "/reason/class"), "name_taken", "{operation:#}");
    assert_eq!(one.api().status(&name).as_deref(), Ok("30"));
    assert_eq!(docker::inspect(&container(&name, "web")).expect("it runs")["State"], before["State"]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_server_finds_its_apps_again_after_each_kind_of_end() {
    let mut server = Setup::default().packages(&[Hello::named("hello").package()]).start();
    let name = apps::install(&server, "hello", "app");
    let before = server.api().detail(&name);
    let container = container(&name, "web");
    let started = docker::inspect(&container).expect("it runs")["State"]["StartedAt"].clone();
    assert!(server.stop().success(), "SIGTERM is a good end");
    assert_eq!(docker::state(&container), "running", "apps outlive their server");
    server.start();
    wait::until("it runs", LATE, || (server.api().status_or_code(&name) == "30").then_some(()));
    server.kill_9();
    server.start();
    wait::until("it runs", LATE, || (server.api().status_or_code(&name) == "30").then_some(()));
    assert_eq!(server.api().detail(&name), before);
    assert_eq!(docker::inspect(&container).expect("it runs")["State"]["StartedAt"], started);
}
