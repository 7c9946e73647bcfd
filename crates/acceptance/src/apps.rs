//! Short ways to what tests do with apps again and again.

use std::time::Duration;

use serde_json::Value;

use crate::http::{Address, Answer};
use crate::json::{number, text};
use crate::server::Server;
use crate::{Follower, docker, wait};

/// How long a small app may take on a machine with other things to do.
pub const INSTALL_LIMIT: Duration = Duration::from_secs(90);

/// How late a status may be (issue, "Truth").
pub const LATE: Duration = Duration::from_secs(1);

/// Installs a package's version 1 under a name and waits until it runs; the app's whole name.
///
/// # Panics
/// It does not.
pub fn install(server: &Server, package: &str, name: &str) -> String {
    let name = begin(server, package, name);
    server.api().await_status(&name, "30", INSTALL_LIMIT);
    name
}

/// Asks for a verb, such as `AppStop`, and waits until it is done.
///
/// # Panics
/// It is refused, or does not succeed.
pub fn done(server: &Server, verb: &str, name: &str) {
    ask(server, verb, name);
    let operation = ended(server, name);
    assert_eq!(text(&operation, "/state"), "succeeded", "{verb}: {operation:#}");
}

/// Asks for a verb, such as `AppStop`; `AppUninstall purge` stands for one that purges.
///
/// # Panics
/// It is refused.
pub fn ask(server: &Server, verb: &str, name: &str) {
    let (interface, data) = verb.split_once(' ').unwrap_or((verb, "keep"));
    let parameters = [("app_id", name), ("data", data)];
    let parameters = if interface == "AppUninstall" { &parameters[..] } else { &parameters[..1] };
    let answer = server.api().call(interface, parameters);
    let answer = answer.unwrap_or_else(|refused| panic!("{verb} of {name}: {refused}"));
    assert_eq!(text(&answer, "/app_id"), name);
}

/// Waits until the newest operation of an app has ended, and returns it.
///
/// # Panics
/// It does not end.
#[must_use]
pub fn ended(server: &Server, name: &str) -> Value {
    let api = server.api();
    let ended = wait::within(INSTALL_LIMIT, || {
        let operation = api.operation(name);
        ["succeeded", "failed", "cancelled"]
            .contains(&text(&operation, "/state").as_str())
            .then_some(operation)
    });
    ended.unwrap_or_else(|| panic!("what is done to {name} ends: {:#}", api.operation(name)))
}

/// The statuses of an app that events have told of up to the end of its newest operation.
///
/// # Panics
/// No event tells of that end.
#[must_use]
pub fn told(server: &Server, name: &str) -> Vec<String> {
    let operation = text(&ended(server, name), "/operation_id");
    let mut follower = Follower::after(&server.api(), 0);
    let mut told = Vec::new();
    loop {
        let event = follower.next_event().expect("events go on");
        let kind = text(&event, "/kind");
        if kind == "status_changed" && text(&event, "/app_id") == name {
            told.push(text(&event, "/status_to"));
        }
        let is_end = ["succeeded", "failed", "cancelled"].contains(&kind.as_str());
        if is_end && text(&event, "/operation_id") == operation {
            return told;
        }
    }
}

/// Asks for an install; the app's whole name.
///
/// # Panics
/// It is refused.
pub fn begin(server: &Server, package: &str, name: &str) -> String {
    let name = server.name(name);
    let id = server.api().install(package, &name, "1").expect("the install is accepted");
    assert_eq!(id, name);
    name
}

/// The host port of an app that runs.
///
/// # Panics
/// It does not run.
#[must_use]
pub fn port(server: &Server, name: &str) -> u16 {
    let detail = server.api().detail(name);
    assert!(detail["running_info"].is_object(), "{name} runs: {detail}");
    u16::try_from(number(&detail, "/running_info/port")).expect("a port")
}

/// The first page of an app that runs.
///
/// # Panics
/// It does not answer.
#[must_use]
pub fn page(server: &Server, name: &str) -> Answer {
    Address::local(port(server, name)).get("/").expect("the app answers")
}

/// The container of a service of an app.
#[must_use]
pub fn container(name: &str, service: &str) -> String {
    format!("{name}-{service}-1")
}

/// Waits until the install of an app has failed, and returns its operation.
///
/// # Panics
/// It does not fail, or `running_info` is not `null` then.
#[must_use]
pub fn failure(server: &Server, name: &str, limit: Duration) -> Value {
    let api = server.api();
    wait::until(&format!("{name} has failed"), limit, || {
        let status = api.status_or_code(name);
        assert_ne!(status, "30", "{name} was to fail");
        (status == "50").then_some(())
    });
    assert!(api.detail(name)["running_info"].is_null());
    let operation = api.operation(name);
    assert_eq!(text(&operation, "/state"), "failed", "{operation:#}");
    operation
}

/// The networks' subnets of an app.
#[must_use]
pub fn subnets(name: &str) -> Vec<String> {
    let format = "{{range .IPAM.Config}}{{.Subnet}}{{end}}";
    let of_network = |network: String| docker::docker(&["network", "inspect", "--format", format, &network]);
    docker::networks(name).into_iter().map(of_network).collect()
}
