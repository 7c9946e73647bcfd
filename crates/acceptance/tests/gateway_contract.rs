//! All of the contract through the nginx that `appmanage gateway` set up, for who has a login: every interface, and the
//! whole life of an app, of users, keys and catalogs.

use std::fs;
use std::time::{Duration, Instant};

use acceptance::api::Api;
use acceptance::gateway::{Gateway, basic, bearer};
use acceptance::json::{items, text};
use acceptance::{Follower, Package, Setup, apps, wait};
use serde_json::Value;

/// What both headers of the contract are.
const HEADERS: [(&str, &str); 2] = [("Version", "v1"), ("Language", "en")];

/// As many as there are.
const INTERFACES: usize = 38;

/// What a client shows to nginx.
fn shown(api: &Api) -> &str {
    api.authorization.as_deref().expect("it has a login")
}

/// The answer of an interface without error, through nginx, by the first user.
fn called(api: &Api, interface: &str, parameters: &[(&str, &str)]) -> Value {
    api.call(interface, parameters).unwrap_or_else(|refused| panic!("{interface} {parameters:?}: {refused}"))
}

/// Asks for a verb and waits until it has succeeded.
fn done(api: &Api, interface: &str, parameters: &[(&str, &str)]) {
    called(api, interface, parameters);
    await_success(api, interface, parameters[0].1);
}

fn await_success(api: &Api, interface: &str, name: &str) {
    let operation = wait::until(interface, apps::INSTALL_LIMIT, || {
        let operation = api.operation(name);
        ["succeeded", "failed", "cancelled"].contains(&&*text(&operation, "/state")).then_some(operation)
    });
    assert_eq!(text(&operation, "/state"), "succeeded", "{interface}: {operation:#}");
}

/// A package with something to set, which its page then says.
fn greeter() -> Package {
    Package::with(
        "greeter",
        "  variables:
    - { name: GREETING, kind: text, default: hello, label: { zh: 问候, en: Greeting } }
  main: { service: web, port: 80, http: {} }
services:
  web:
    image: appmanage/hello:1
    restart: unless-stopped
    ports: [\"80\"]
    environment: { HELLO_MESSAGE: \"${GREETING}\" }
    volumes: [\"data:/data\"]
volumes:
  data:
",
    )
}

#[test]
#[ignore = "needs the private engine and nginx: cargo xtask test"]
fn every_interface_is_there_through_nginx_for_who_has_a_login() {
    let gateway = Gateway::start(Setup::default());
    let admin = gateway.admin();
    let shown = shown(&admin);
    let document = gateway
        .address()
        .request("GET", "/openapi.json", &[("Authorization", shown)], "")
        .expect("nginx answers");
    let document: Value = serde_json::from_str(&document.body).expect("JSON");
    let interfaces: Vec<String> = document["paths"].as_object().expect("paths").keys().cloned().collect();
    assert_eq!(interfaces.len(), INTERFACES, "{interfaces:?}");
    for path in &interfaces {
        for method in ["GET", "POST"] {
            // Without a login it is not told whether there is such an interface.
            let refused = gateway.address().request(method, path, &HEADERS, "").expect("nginx answers");
            assert_eq!(refused.status, 401, "{method} {path}");
            if path == "/AppEvents" {
                // It does not end: the life of an app below follows it.
                continue;
            }
            let headers = [HEADERS[0], HEADERS[1], ("Authorization", shown)];
            let answer = gateway.address().request(method, path, &headers, "").expect("nginx answers");
            let envelope: Value = serde_json::from_str(&answer.body).expect("JSON");
            assert_eq!(answer.status, 200, "{method} {path}: {envelope}");
            let code = envelope["Error"]["Code"].as_str().unwrap_or("none");
            assert!(code == "none" || code.ends_with(".Blank"), "{method} {path}: {envelope}");
        }
    }
}

#[test]
#[ignore = "needs the private engine and nginx: cargo xtask test"]
fn the_whole_life_of_an_app_goes_through_nginx_and_events_at_once() {
    let gateway = Gateway::start(Setup::default().packages(&[greeter()]));
    let (api, name) = (gateway.admin(), gateway.server.name("app"));
    let app: &[(&str, &str)] = &[("app_id", &name)];
    let wanted = [("app_name", "greeter"), ("customer_app_name", &*name), ("app_version", "1")];
    assert_eq!(items(&called(&api, "AppCatalog", &[("search", "greeter")]), "").len(), 1);
    assert_eq!(text(&called(&api, "AppCatalogDetail", &wanted[..1]), "/name"), "greeter");
    assert!(items(&called(&api, "AppPlan", &wanted), "/obstacles").is_empty());

    let mut follower = Follower::after(&api, 0);
    called(&api, "AppInstall", &wanted);
    let began = Instant::now();
    follower.next_event().expect("the stream goes on");
    assert!(began.elapsed() < Duration::from_secs(1), "an event came after {:?}", began.elapsed());
    api.await_status(&name, "30", apps::INSTALL_LIMIT);
    assert_eq!(text(&called(&api, "AppDetail", app), "/app_id"), name);
    assert!(called(&api, "AppDomainList", app).as_array().is_some_and(Vec::is_empty));
    let page = || apps::page(&gateway.server, &name).body;
    assert!(page().contains("hello"), "{}", page());

    done(&api, "AppStop", app);
    api.await_status(&name, "40", apps::LATE);
    done(&api, "AppStart", app);
    done(&api, "AppRestart", app);
    let body = format!(r#"{{"app_id":"{name}","settings":{{"GREETING":"through nginx"}}}}"#);
    let configure = gateway.address().request(
        "POST",
        "/AppConfig",
        &[HEADERS[0], HEADERS[1], ("Content-Type", "application/json"), ("Authorization", shown(&api))],
        &body,
    );
    let configured: Value = serde_json::from_str(&configure.expect("nginx answers").body).expect("JSON");
    assert!(configured.get("Error").is_none(), "{configured}");
    await_success(&api, "AppConfig", &name);
    assert!(page().contains("through nginx"), "{}", page());

    wait::until("it has written", apps::INSTALL_LIMIT, || {
        (!items(&called(&api, "AppLogs", app), "").is_empty()).then_some(())
    });
    Follower::of_logs(&api, app).next_data().expect("what it wrote comes");
    assert_eq!(items(&called(&api, "AppStats", app), "").len(), 1);
    assert!(items(&called(&api, "AppOperations", app), "").len() >= 5);

    done(&api, "AppUninstall", &[("app_id", &name), ("data", "keep")]);
    assert!(called(&api, "AppTrash", &[]).to_string().contains(&*name));
    done(&api, "AppRestore", app);
    api.await_status(&name, "30", apps::INSTALL_LIMIT);
    done(&api, "AppUninstall", &[("app_id", &name), ("data", "keep")]);
    called(&api, "AppPurge", app);
    wait::until("it is purged", apps::INSTALL_LIMIT, || {
        (!called(&api, "AppTrash", &[]).to_string().contains(&*name)).then_some(())
    });
    assert_eq!(api.status_or_code(&name), "APP.NotExis");
    // The stream has gone on all the while, and missed nothing (`next_event` counts).
    for (name, value) in [("/operation_kind", "purge"), ("/kind", "succeeded")] {
        while text(&follower.next_event().expect("the stream goes on"), name) != value {}
    }
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn users_keys_and_catalogs_come_and_go_through_nginx_and_the_trail_tells() {
    let gateway = Gateway::start(Setup::default());
    let api = gateway.admin();
    let has = |list: &str, name: &str| {
        items(&called(&api, list, &[]), "").iter().any(|item| text(item, "/name") == name)
    };

    let password = text(&called(&api, "UserAdd", &[("name", "alice")]), "/password");
    assert!(has("UserList", "alice"));
    let alice = gateway.client(&basic("alice", &password));
    called(&alice, "AppList", &[]);
    called(&api, "UserPassword", &[("name", "alice"), ("password", "correct horse battery")]);
    called(&gateway.client(&basic("alice", "correct horse battery")), "AppList", &[]);
    called(&api, "UserRemove", &[("name", "alice")]);
    assert!(!has("UserList", "alice"));

    let key = called(&api, "KeyAdd", &[("name", "robot"), ("scope", "full"), ("days", "1")]);
    assert!(has("KeyList", "robot"));
    called(&gateway.client(&bearer(&text(&key, "/key"))), "AppList", &[]);
    called(&api, "KeyRevoke", &[("name", "robot")]);
    assert!(!has("KeyList", "robot"));

    let folder = gateway.server.setup.folder().join("store");
    fs::create_dir_all(&folder).expect("a new folder");
    greeter().write(&folder);
    let source = folder.display().to_string();
    called(&api, "CatalogAdd", &[("name", "store"), ("source", &source)]);
    let ready = || {
        wait::until("it is synced", apps::INSTALL_LIMIT, || {
            let listed = items(&called(&api, "CatalogList", &[]), "");
            listed.iter().any(|catalog| text(catalog, "/state") == "ready").then_some(())
        });
    };
    ready();
    assert_eq!(called(&api, "CatalogTrust", &[("name", "store")])["trusted"], true);
    called(&api, "CatalogSync", &[("name", "store")]);
    ready();
    assert_eq!(items(&called(&api, "AppCatalog", &[("catalog", "store")]), "").len(), 1);
    called(&api, "CatalogRemove", &[("name", "store")]);
    assert!(!has("CatalogList", "store"));

    let trail = items(&called(&api, "AppAudit", &[("limit", "9")]), "");
    let told: Vec<String> = trail.iter().rev().map(|entry| text(entry, "/interface")).collect();
    let changes = ["UserAdd", "UserPassword", "UserRemove", "KeyAdd", "KeyRevoke", "CatalogAdd"];
    assert_eq!(told, [&changes[..], &["CatalogTrust", "CatalogSync", "CatalogRemove"]].concat());
    assert!(
        trail.iter().all(|entry| text(entry, "/caller") == "user:admin" && text(entry, "/outcome") == "ok")
    );
}
