//! What the output of `docker compose up` says about a failure.
//!
//! With `--progress json` compose writes one JSON object a line to its standard error, and some lines of
//! plain text among them (warnings, errors of interpolation, the docker command's own words). A failure
//! is `{"error":true,"message":…}` in 2.29 and newer; versions since 5 may say it in an event of a
//! resource instead: `{"id":…,"status":"Error","text":…,"details":…}`.

use control::ports::CommandError;
use domain::{PortReservation, failure::Failure};
use serde::Deserialize;

/// A line of compose's; every field is absent from some.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    error: bool,
    message: String,
    id: String,
    status: String,
    text: String,
    details: String,
}

/// The words that tell why compose failed: its own error if there is one, else what its resources say,
/// else its last plain lines. Bounded.
pub(super) fn words(stderr: &str) -> String {
    let (mut errors, mut of_resources, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for text in stderr.lines().map(str::trim).filter(|text| !text.is_empty()) {
        match serde_json::from_str::<Line>(text) {
            Ok(line) if line.error => errors.push(line.message),
            Ok(line) if line.status == "Error" => {
                // The word moved from `status` to `text` in version 5, and the reason to `details`.
                let said = if line.details.is_empty() { line.text } else { line.details };
                of_resources.push(format!("{}: {said}", line.id));
            }
            Ok(_) => {}
            Err(_) if text.contains("level=warning") || text.contains("level=info") => {}
            Err(_) => plain.push(text.to_owned()),
        }
    }
    let found = [errors, of_resources, plain].into_iter().find(|said| !said.is_empty()).unwrap_or_default();
    let said = found.join("\n");
    let surplus = said.len().saturating_sub(Failure::LONGEST_DETAIL);
    let start = (surplus..=said.len()).find(|&i| said.is_char_boundary(i)).unwrap_or(0);
    said[start..].to_owned()
}

/// The variables that compose takes to be unset, each once, in the order in which it says so:
/// `level=warning msg="The \"X\" variable is not set. Defaulting to a blank string."`.
pub(super) fn unset_variables(stderr: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in stderr.lines() {
        let Some((before, _)) = line.split_once("variable is not set") else { continue };
        let mut words = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_');
        let name = words.find(|word| !word.is_empty()).unwrap_or_default().to_owned();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What kind of failure those words tell of. `ports` are the host ports that were asked for.
pub(crate) fn classify(words: String, ports: &[PortReservation]) -> CommandError {
    let lowercase = words.to_lowercase();
    let says = |any_of: &[&str]| any_of.iter().any(|text| lowercase.contains(text));
    if says(&["port is already allocated", "address already in use", "ports are not available"])
        && let Some(port) = port_in(&words, ports)
    {
        return CommandError::PortTaken { port, words };
    }
    if says(&[
        "cannot connect to the docker daemon",
        "failed to connect to the docker api",
        "error during connect",
    ]) {
        return CommandError::EngineUnreachable { words };
    }
    if says(&["no space left on device", "disk quota exceeded"]) {
        return CommandError::DiskFull { words };
    }
    if says(&[
        "pool overlaps with other one",
        "non-overlapping",
        // Of a network that the engine has half made and no longer lists, after it was killed.
        "networks have overlapping",
        "predefined address pools have been fully subnetted",
    ]) {
        return CommandError::SubnetTaken { words };
    }
    // Names are asked for before: what holds one now is the project's own. So is a network that a container was
    // made for, and that somebody has removed since.
    if says(&["is already in use by container", "is ambiguous"])
        || is_network_twice(&lowercase)
        || (lowercase.contains("network ") && lowercase.ends_with(" not found"))
    {
        return CommandError::HalfMade { words };
    }
    CommandError::Failed { words }
}

/// Whether the words tell of a network that another request has made at the same moment.
fn is_network_twice(words: &str) -> bool {
    words.contains("network with name") && words.contains("already exists")
}

/// The first port that the words name as `:8080` and that is one of ours: each version of Docker has a
/// sentence of its own around it.
fn port_in(words: &str, ports: &[PortReservation]) -> Option<u16> {
    let named = words.split(':').skip(1).filter_map(|rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    });
    named.into_iter().find(|port| ports.iter().any(|reserved| reserved.port == *port))
}

#[cfg(test)]
mod tests {
    use domain::Protocol;

    use super::*;

    #[test]
    fn variables_that_are_unset_are_told_in_plain_and_in_json() {
        let plain = "time=\"2026-11-22T08:00:00Z\" level=warning msg=\"The \\\"FIRST\\\" variable is not set. \
                     Defaulting to a blank string.\"\n";
        let json =
            "{\"level\":\"warning\",\"msg\":\"The \\\"second_1\\\" variable is not set. Defaulting\"}\n";
        let others = "time=\"x\" level=warning msg=\"the attribute `version` is obsolete\"\n";
        assert_eq!(unset_variables(&[plain, others, json, plain].concat()), ["FIRST", "second_1"]);
    }

    fn ports() -> Vec<PortReservation> {
        let reserved = |port| PortReservation {
            address: std::net::Ipv4Addr::UNSPECIFIED.into(),
            protocol: Protocol::Tcp,
            port,
            service: "web".to_owned(),
            target: 80,
        };
        vec![reserved(80), reserved(8080)]
    }

    fn error_of(stderr: &str) -> CommandError {
        classify(words(stderr), &ports())
    }

    #[test]
    fn a_taken_port_is_named_in_the_words_of_every_version() {
        for said in [
            "driver failed programming external connectivity on endpoint x-web-1 (8f3): Bind for 0.0.0.0:8080 failed: port is already allocated",
            "Error starting userland proxy: listen tcp4 0.0.0.0:8080: bind: address already in use",
            "failed to bind host port for 0.0.0.0:8080:172.18.0.2:80/tcp: address already in use",
            "failed to bind host port 0.0.0.0:8080/tcp: address already in use",
            "Ports are not available: exposing port TCP 0.0.0.0:8080 -> 0.0.0.0:0: listen tcp",
        ] {
            let stderr = format!(
                "{{\"id\":\"Container x-web-1\",\"status\":\"Starting\"}}\n\
                 {{\"error\":true,\"message\":\"Error response from daemon: {said}\"}}\n"
            );
            let error = error_of(&stderr);
            assert!(matches!(error, CommandError::PortTaken { port: 8080, .. }), "{error:?}");
        }
    }

    #[test]
    fn a_taken_port_that_is_not_ours_is_a_plain_failure() {
        let error =
            error_of(r#"{"error":true,"message":"listen tcp4 0.0.0.0:18080: bind: address already in use"}"#);
        assert!(matches!(error, CommandError::Failed { .. }), "{error:?}");
    }

    #[test]
    fn what_an_earlier_try_left_in_the_way_is_told_apart() {
        for said in [
            "network app_default is ambiguous (2 matches found on name)",
            "Conflict. The container name \"/app-web-1\" is already in use by container \"8f3\".",
            "network with name app_default already exists",
            "network dd3307c6e4b72d11551a8fcc6f056bea7c805792afd8b9b1636d0a70e07ec179 not found",
        ] {
            let line =
                serde_json::json!({"error": true, "message": format!("Error response from daemon: {said}")});
            let error = error_of(&line.to_string());
            assert!(matches!(error, CommandError::HalfMade { .. }), "{error:?}");
        }
    }

    #[test]
    fn other_failures_are_told_apart() {
        let unreachable = error_of(
            r#"{"error":true,"message":"Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"}"#,
        );
        assert!(matches!(unreachable, CommandError::EngineUnreachable { .. }));
        let full = error_of(r#"{"error":true,"message":"mkdir /var/lib/docker/x: no space left on device"}"#);
        assert!(matches!(full, CommandError::DiskFull { .. }));
        for said in [
            "failed to create network x_default: Error response from daemon: Pool overlaps with other one on this address space",
            "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
            "Error response from daemon: cannot create network 8e4 (br-8e4): conflicts with network f2b (br-f2b): networks have overlapping IPv4",
        ] {
            let error = error_of(&format!(r#"{{"error":true,"message":"{said}"}}"#));
            assert!(matches!(error, CommandError::SubnetTaken { .. }), "{error:?}");
        }
    }

    #[test]
    fn the_error_of_compose_2_is_its_last_word() {
        let recorded = concat!(
            "time=\"2025-11-22T20:00:00Z\" level=warning msg=\"a volume exists already\"\n",
            "{\"id\":\"Network x_default\",\"status\":\"Creating\"}\n",
            "{\"id\":\"Network x_default\",\"status\":\"Created\"}\n",
            "{\"id\":\"Container x-db-1\",\"status\":\"Waiting\"}\n",
            "{\"id\":\"Container x-db-1\",\"status\":\"Error\"}\n",
            "{\"error\":true,\"message\":\"dependency failed to start: container x-db-1 is unhealthy\"}\n",
        );
        assert_eq!(words(recorded), "dependency failed to start: container x-db-1 is unhealthy");
    }

    #[test]
    fn an_error_that_compose_5_says_in_an_event_is_found() {
        let recorded = concat!(
            "{\"id\":\"Network x_default\",\"status\":\"Done\",\"text\":\"Created\"}\n",
            "{\"id\":\"Container x-web-1\",\"status\":\"Working\",\"text\":\"Starting\"}\n",
            "{\"id\":\"Container x-web-1\",\"status\":\"Error\",\"text\":\"Error\",\"details\":\"no space left on device\"}\n",
        );
        assert_eq!(words(recorded), "Container x-web-1: no space left on device");
    }

    #[test]
    fn plain_lines_are_taken_where_there_is_no_json() {
        assert_eq!(
            words("required variable V is missing a value\n"),
            "required variable V is missing a value"
        );
        assert_eq!(words(""), "");
        assert!(words(&"错".repeat(4000)).len() <= Failure::LONGEST_DETAIL);
    }
}
