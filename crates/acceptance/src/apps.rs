//! Short ways to what tests do with apps again and again.

use std::time::Duration;

use serde_json::Value;

use crate::http::{Address, Answer};
use crate::json::{number, text};
use crate::server::Server;
use crate::{docker, wait};

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
