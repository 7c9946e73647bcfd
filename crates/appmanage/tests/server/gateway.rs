//! With a gateway in the settings: who is still answered, and what settings are refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::place::{Place, Started};

/// Starts a server with that setting, on its address and a socket.
fn serve(place: &Place, variable: &str, value: &str) -> Started {
    let mut command = place.command(&["serve", "--listen", "unix:a.sock", "--listen", &place.address]);
    place.start({
        command.env(variable, value).stdin(Stdio::null());
        command
    })
}

#[test]
fn only_the_gateway_and_the_local_administrator_are_answered() {
    let place = Place::new();
    let secret = place.file("secret");
    fs::write(&secret, "0123456789abcdef0123456789abcdef\n").expect("it can be written");
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).expect("it is ours");
    let secret = secret.display().to_string();
    for (variable, value) in
        [("APPMANAGE_GATEWAY_USER", "nobody"), ("APPMANAGE_GATEWAY_SECRET_FILE", secret.as_str())]
    {
        let mut server = serve(&place, variable, value);
        server.wait_until_ready();
        for path in ["/AppList", "/docs/", "/openapi.json", "/metrics", "/doctor", "/gateway/auth"] {
            assert!(place.get(path).starts_with("HTTP/1.1 404"), "{path}");
        }
        assert!(place.get("/healthz").starts_with("HTTP/1.1 200"));
        // The tests run as the server's own user.
        assert!(place.get_by_socket("a.sock", "/AppList").starts_with("HTTP/1.1 200"));
        assert!(place.get_by_socket("a.sock", "/UserList").contains("\"ResponseData\":[]"));
        assert!(place.get_by_socket("a.sock", "/gateway/auth").starts_with("HTTP/1.1 404"));
        let (_, log) = server.terminate();
        assert!(!log.contains("0123456789abcdef"), "{log}");
    }
}

#[test]
fn who_rules_the_server_cannot_be_the_gateway() {
    let place = Place::new();
    for (name, said) in [("root", "rules this server anyway"), ("no-such-user", "does not have")] {
        let (code, log) = serve(&place, "APPMANAGE_GATEWAY_USER", name).wait();
        assert_eq!(code, Some(2), "{log}");
        assert!(log.contains(said) && log.contains(name) && log.lines().count() == 1, "{log}");
    }
}

#[test]
fn a_secret_that_others_may_read_is_refused() {
    let place = Place::new();
    let secret = place.file("secret");
    fs::write(&secret, "0123456789abcdef0123456789abcdef\n").expect("it can be written");
    fs::set_permissions(&secret, Permissions::from_mode(0o644)).expect("it is ours");
    let (code, log) = serve(&place, "APPMANAGE_GATEWAY_SECRET_FILE", &secret.display().to_string()).wait();
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("others may read the secret"), "{log}");
}
