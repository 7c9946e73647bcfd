//! What a package may not do on the machine is told beforehand and refused, unless the administrator excepts it;
//! and a plan is what the install then does.

use std::time::Duration;

use acceptance::apps::{self, INSTALL_LIMIT};
use acceptance::json::{items, number, text};
use acceptance::packages::in_registry;
use acceptance::{Hello, Package, Server, Setup, docker, traces, wait};
use serde_json::Value;

const REFUSED: &str = "Policy.Refused";

/// Judging one package takes a fifth of a second, and there are twenty.
const JUDGED_LIMIT: Duration = Duration::from_secs(60);

/// Mounts a folder that its user chooses.
fn mounting() -> Package {
    Package::with(
        "mounting",
        "  variables:
    - { name: FOLDER, kind: text, default: ./files, label: { zh: 文件夹, en: Folder } }
  main: { service: web, port: 80, http: {} }
services:
  web:
    image: appmanage/hello:1
    restart: unless-stopped
    ports: [\"80\"]
    volumes: [\"${FOLDER}:/files\"]
",
    )
}

fn privileged() -> Package {
    Hello::named("privileged").more("privileged: true").package()
}

/// What is told of a package's policy, once it was judged.
fn judged(server: &Server, package: &str) -> Value {
    wait::until(&format!("{package} is judged"), JUDGED_LIMIT, || {
        let detail = server.api().call("AppCatalogDetail", &[("app_name", package)]).expect("it is there");
        (text(&detail, "/policy/verdict") != "unknown").then(|| detail["policy"].clone())
    })
}

fn request<'a>(package: &'a str, name: &'a str, settings: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("app_name", package), ("customer_app_name", name), ("app_version", "1"), ("settings", settings)]
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn every_package_that_ships_is_allowed_and_judging_leaves_nothing() {
    let server = Setup::default().start();
    let catalog = items(&server.api().call("AppCatalog", &[("limit", "100")]).expect("it answers"), "");
    assert!(catalog.len() >= 18, "{catalog:#?}");
    for app in catalog {
        // The catalog takes it for granted; a plan judges what compose makes of the files.
        let package = text(&app, "/name");
        let plan = [("app_name", &*package), ("customer_app_name", "planned"), ("app_version", "latest")];
        let plan = server.api().call("AppPlan", &plan).expect("there is a plan");
        for policy in [&app["policy"], &plan["policy"]] {
            let told = (text(policy, "/verdict"), items(policy, "/risks").len());
            assert_eq!(told, ("allowed".into(), 0), "{app}");
        }
    }
    let scratch = server.data_dir().join("scratch");
    let is_empty = || std::fs::read_dir(&scratch).expect("it is there").next().is_none().then_some(());
    wait::until("nothing is left of judging", Duration::from_secs(5), is_empty);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_package_that_asks_for_too_much_is_refused_and_said_so_beforehand() {
    let socket = Hello::named("socket").more("volumes: [\"/var/run/docker.sock:/socket\"]").package();
    let server = Setup::default().packages(&[privileged(), socket]).start();
    for (package, rule) in [("privileged", "privileged"), ("socket", "engine_socket")] {
        let policy = judged(&server, package);
        assert_eq!(
            (text(&policy, "/verdict"), text(&policy, "/risks/0/rule")),
            ("refused".into(), rule.into())
        );
        let name = server.name(package);
        let refused = server.api().install(package, &name, "1").expect_err("it is forbidden");
        assert_eq!(refused.code, REFUSED);
        assert!(refused.message.contains("policy.exceptions"), "{refused}");
        assert_eq!(server.api().status_or_code(&name), "APP.NotExis");
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn values_that_make_a_package_ask_for_too_much_fail_the_install_before_anything_is_made() {
    let server = Setup::default().packages(&[mounting()]).start();
    assert_eq!(text(&judged(&server, "mounting"), "/verdict"), "allowed");
    let name = server.name("outside");
    let accepted = server.api().call("AppInstall", &request("mounting", &name, r#"{"FOLDER": "/etc"}"#));
    accepted.expect("what its files come to is not known yet");
    let operation = apps::failure(&server, &name, INSTALL_LIMIT);
    assert_eq!(text(&operation, "/reason/class"), "policy_refused", "{operation:#}");
    assert_eq!(text(&operation, "/reason/detail"), "outside_path (web: /etc)", "{operation:#}");
    assert!(items(&operation, "/pulls").is_empty());
    traces::assert_nothing_left(&server, &name);

    let name = server.name("inside");
    let accepted = server.api().call("AppInstall", &request("mounting", &name, r#"{"FOLDER": "./mine"}"#));
    accepted.expect("accepted");
    server.api().await_status(&name, "30", INSTALL_LIMIT);
    assert!(server.app_folder(&name).join("mine").is_dir());
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_package_that_the_administrator_excepts_is_installed_and_its_risks_are_told_all_the_same() {
    // A privileged container cannot be run where the tests' own engine is confined.
    let outside = Hello::named("outside").more("volumes: [\"/etc:/outside:ro\"]").package();
    let setup = Setup::default().packages(&[outside, privileged()]);
    let server = setup.setting("policy.exceptions", "outside, another").start();
    let policy = judged(&server, "outside");
    assert_eq!(
        (text(&policy, "/verdict"), text(&policy, "/risks/0/subject")),
        ("excepted".into(), "/etc".into())
    );
    let name = apps::install(&server, "outside", "app");
    let container = docker::inspect(&apps::container(&name, "web")).expect("it is there");
    assert_eq!(text(&container, "/Mounts/0/Source"), "/etc", "{container:#}");
    assert_eq!(text(&judged(&server, "privileged"), "/verdict"), "refused", "it is excepted alone");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn the_install_does_what_the_plan_said() {
    let absent = in_registry("appmanage/hello:2");
    docker::try_docker(&["image", "rm", "--force", &absent]).ok();
    let packages =
        [Package::pair("pair", "appmanage/hello:1"), Hello::named("absent").image(&absent).package()];
    let server = Setup::default().packages(&packages).start();
    apps::install(&server, "pair", "first");
    let name = server.name("second");
    let plan = server.api().call("AppPlan", &request("pair", &name, "{}")).expect("there is a plan");
    assert_eq!(text(&plan, "/policy/verdict"), "allowed", "{plan:#}");
    assert!(items(&plan, "/obstacles").is_empty(), "{plan:#}");
    assert_eq!((&plan["images"][0]["is_present"], &plan["is_download_known"]), (&true.into(), &true.into()));
    traces::assert_nothing_left(&server, &name);
    assert_eq!(server.api().status_or_code(&name), "APP.NotExis");

    apps::install(&server, "pair", "second");
    assert_eq!(u64::from(apps::port(&server, &name)), number(&plan, "/ports/0/port"));
    assert_eq!(apps::subnets(&name), [text(&plan, "/subnets/0/subnet")]);

    let name = server.name("third");
    let plan = server.api().call("AppPlan", &request("absent", &name, "")).expect("there is a plan");
    assert_eq!(
        (&plan["images"][0]["is_present"], &plan["is_download_known"]),
        (&false.into(), &false.into())
    );
    let taken = server.name("first");
    let plan = server.api().call("AppPlan", &request("absent", &taken, "")).expect("there is a plan");
    assert_eq!(text(&plan, "/obstacles/0/code"), "Param.CustomerAppName.Repeat", "{plan:#}");
}
