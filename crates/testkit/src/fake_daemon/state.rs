//! What the fake engine holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use control::ports::engine::{LABEL_INSTALL, LABEL_INSTANCE};
use serde_json::{Value, json};

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Method, path and query, such as `GET /v1.41/info`.
    pub line: String,
    /// The `X-Registry-Auth` header.
    pub registry_login: Option<String>,
}

/// How a pull goes: its lines, and then its end.
#[derive(Clone, Debug, Default)]
pub struct Pull {
    /// JSON values, one a line.
    pub lines: Vec<Value>,
    /// Before each line.
    pub pause: Duration,
    /// It says nothing more and does not end, instead of ending after the lines.
    pub hangs: bool,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) oldest_api: (u32, u32),
    pub(super) newest_api: (u32, u32),
    pub(super) containers: BTreeMap<String, Value>,
    pub(super) networks: Vec<Value>,
    pub(super) volumes: Vec<Value>,
    pub(super) images: BTreeSet<String>,
    pub(super) pulls: HashMap<String, Pull>,
    /// What containers wrote, as the engine sends it, to whoever follows.
    pub(super) logs: HashMap<String, Vec<u8>>,
    pub(super) overrides: HashMap<String, (u16, Vec<u8>)>,
    /// What is never answered.
    pub(super) hanging_requests: Vec<String>,
    pub(super) requests: Vec<Request>,
}

impl State {
    pub(super) fn of(api_version: &str) -> Self {
        Self {
            oldest_api: (1, 12),
            newest_api: version(api_version),
            containers: BTreeMap::new(),
            networks: Vec::new(),
            volumes: Vec::new(),
            images: BTreeSet::new(),
            pulls: HashMap::new(),
            logs: HashMap::new(),
            overrides: HashMap::new(),
            hanging_requests: Vec::new(),
            requests: Vec::new(),
        }
    }

    pub(super) fn serve_versions(&mut self, oldest: &str, newest: &str) {
        (self.oldest_api, self.newest_api) = (version(oldest), version(newest));
    }

    /// What the container wrote whose log is at that path.
    pub(super) fn log(&self, path: &str) -> Option<Vec<u8>> {
        let id = path.strip_prefix("/containers/")?.strip_suffix("/logs")?;
        self.logs.get(id).cloned()
    }

    pub(super) fn put_container(&mut self, inspect: Value) {
        let id = inspect["Id"].as_str().expect("a container has an Id").to_owned();
        self.containers.insert(id, inspect);
    }
}

/// `1.41` as numbers.
pub(super) fn version(text: &str) -> (u32, u32) {
    let (major, minor) = text.split_once('.').expect("an API version has a point");
    (major.parse().expect("a number"), minor.parse().expect("a number"))
}

/// A running container as `docker inspect` shows it, the fields that nobody of ours reads left out.
/// Change what is to differ: `container["State"]["Status"] = "exited".into()`.
#[must_use]
pub fn container(id: &str, project: &str, service: &str, instance: &str, install: &str) -> Value {
    json!({
        "Id": id,
        "Created": "2026-01-01T00:00:00.123456789Z",
        "Name": format!("/{project}-{service}-1"),
        "RestartCount": 0,
        "State": {
            "Status": "running", "Running": true, "Paused": false, "Restarting": false, "OOMKilled": false,
            "Dead": false, "Pid": 4242, "ExitCode": 0, "Error": "",
            "StartedAt": "2026-01-01T00:00:01.5Z", "FinishedAt": "0001-01-01T00:00:00Z"
        },
        "HostConfig": {"RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}, "PortBindings": {}},
        "Config": {"Tty": false, "Labels": {
            LABEL_INSTANCE: instance,
            LABEL_INSTALL: install,
            "com.docker.compose.project": project,
            "com.docker.compose.service": service,
        }},
        "NetworkSettings": {"Ports": {}}
    })
}

/// A network as `docker network ls` shows it through the API.
#[must_use]
pub fn network(id: &str, name: &str, subnet: &str) -> Value {
    json!({"Id": id, "Name": name, "Driver": "bridge", "Labels": {}, "IPAM": {"Config": [{"Subnet": subnet}]}})
}

/// A volume as `docker volume ls` shows it through the API.
#[must_use]
pub fn volume(name: &str) -> Value {
    json!({"Name": name, "Driver": "local", "Labels": null, "Mountpoint": "/nowhere"})
}

/// A record of a container's log as the engine sends it: in a frame of stream 1 (output) or 2 (errors).
///
/// # Panics
/// It is longer than a frame can be.
#[must_use]
pub fn frame(stream: u8, record: &str) -> Vec<u8> {
    let length = u32::try_from(record.len()).expect("a record is short").to_be_bytes();
    [&[stream, 0, 0, 0], &length[..], record.as_bytes()].concat()
}

/// The counters of a container that has used so much, as the engine of a machine with cgroup v2 tells them.
#[must_use]
pub fn stats(read: &str, cpu_nanos: u64, memory_bytes: u64) -> Value {
    json!({
        "read": read, "preread": "0001-01-01T00:00:00Z", "num_procs": 0, "pids_stats": {"current": 3},
        "cpu_stats": {"cpu_usage": {"total_usage": cpu_nanos, "usage_in_kernelmode": 0}, "online_cpus": 2},
        "precpu_stats": {"cpu_usage": {"total_usage": 0}},
        "memory_stats": {"usage": memory_bytes + 500, "limit": 8_000_000_000_u64,
            "stats": {"anon": memory_bytes, "file": 900, "inactive_file": 500}},
        "networks": {"eth0": {"rx_bytes": 1, "rx_packets": 1, "tx_bytes": 2}},
        "blkio_stats": {"io_service_bytes_recursive": [{"major": 8, "minor": 0, "op": "read", "value": 3}]}
    })
}
