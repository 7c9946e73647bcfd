//! What containers and volumes use.

use std::collections::HashMap;
use std::time::UNIX_EPOCH;

use control::ports::{ContainerUsage, EngineError};
use domain::ContainerId;
use serde::Deserialize;

use super::client::{Call, Client};

/// `GET /containers/{id}/stats`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Stats {
    read: String,
    cpu_stats: CpuStats,
    memory_stats: MemoryStats,
    networks: Option<HashMap<String, Network>>,
    blkio_stats: DiskStats,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CpuStats {
    cpu_usage: CpuUsage,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CpuUsage {
    total_usage: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MemoryStats {
    usage: u64,
    limit: u64,
    stats: Option<HashMap<String, u64>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Network {
    rx_bytes: u64,
    tx_bytes: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DiskStats {
    io_service_bytes_recursive: Option<Vec<DiskEntry>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DiskEntry {
    op: String,
    value: u64,
}

pub(super) async fn usage(client: &Client, id: &ContainerId) -> Result<Option<ContainerUsage>, EngineError> {
    // One shot: the engine would else take a second sample of its own, a second later.
    let target = format!("/containers/{id}/stats?stream=false&one-shot=true");
    let call = Call::get("tell what a container uses", target);
    let Some(body) = client.send(&call).await?.found(call.action)? else { return Ok(None) };
    Ok(body.json::<Stats>(call.action).await?.into_usage())
}

impl Stats {
    /// `None` for a container that does not run: the engine then says that it read in the year 1.
    fn into_usage(self) -> Option<ContainerUsage> {
        let since_epoch = humantime::parse_rfc3339_weak(&self.read).ok()?.duration_since(UNIX_EPOCH).ok()?;
        let networks = || self.networks.iter().flat_map(HashMap::values);
        let disks = |op: &str| {
            let entries = self.blkio_stats.io_service_bytes_recursive.iter().flatten();
            entries.filter(|entry| entry.op.eq_ignore_ascii_case(op)).map(|entry| entry.value).sum()
        };
        Some(ContainerUsage {
            at_nanos: i64::try_from(since_epoch.as_nanos()).ok()?,
            cpu_nanos: self.cpu_stats.cpu_usage.total_usage,
            memory_bytes: self.memory_stats.without_file_cache(),
            memory_limit_bytes: self.memory_stats.limit,
            network_received_bytes: networks().map(|network| network.rx_bytes).sum(),
            network_sent_bytes: networks().map(|network| network.tx_bytes).sum(),
            disk_read_bytes: disks("read"),
            disk_written_bytes: disks("write"),
        })
    }
}

impl MemoryStats {
    fn without_file_cache(&self) -> u64 {
        // The first is cgroup v1's, which has the second as well, of the container's top group alone.
        let cache = ["total_inactive_file", "inactive_file"];
        let cache = cache.iter().find_map(|name| self.stats.as_ref()?.get(*name).copied());
        cache.filter(|cache| *cache < self.usage).map_or(self.usage, |cache| self.usage - cache)
    }
}

/// `GET /system/df`, as API versions to 1.51 answer it, and as those from 1.52 do.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DiskUsage {
    volumes: Option<Vec<Volume>>,
    volume_usage: Option<VolumeUsage>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct VolumeUsage {
    items: Option<Vec<Volume>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Volume {
    name: String,
    usage_data: Option<UsageData>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct UsageData {
    /// -1 where the volume's driver does not tell.
    size: i64,
}

pub(super) async fn volume_sizes(client: &Client) -> Result<HashMap<String, u64>, EngineError> {
    // API 1.41 knows neither parameter, and tells everything.
    let call = Call::get("tell the sizes of its volumes", "/system/df?type=volume&verbose=1");
    let body = client.send(&call).await?.good(call.action)?;
    Ok(body.json::<DiskUsage>(call.action).await?.into_sizes())
}

impl DiskUsage {
    fn into_sizes(self) -> HashMap<String, u64> {
        let newer = self.volume_usage.and_then(|usage| usage.items);
        let volumes = self.volumes.or(newer).unwrap_or_default().into_iter();
        volumes.filter_map(|v| Some((v.name, u64::try_from(v.usage_data?.size).ok()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn usage(stats: Value) -> Option<ContainerUsage> {
        serde_json::from_value::<Stats>(stats).expect("it can be read").into_usage()
    }

    fn memory(stats: &Value) -> u64 {
        let stats = json!({"read": "2026-01-01T00:00:00Z", "memory_stats": {"usage": 1_000, "stats": stats}});
        usage(stats).expect("it runs").memory_bytes
    }

    #[test]
    fn memory_is_counted_without_the_file_cache_on_both_cgroup_versions() {
        assert_eq!(memory(&json!({"inactive_file": 300})), 700);
        assert_eq!(memory(&json!({"total_inactive_file": 400, "inactive_file": 1})), 600);
        assert_eq!(memory(&json!({"inactive_file": 2_000})), 1_000, "more than there is cannot be taken off");
        assert_eq!(memory(&Value::Null), 1_000);
    }

    #[test]
    fn networks_and_disks_are_added_up() {
        let found = usage(json!({
            "read": "2026-01-01T00:00:00.000000005Z",
            "cpu_stats": {"cpu_usage": {"total_usage": 9}},
            "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2}, "eth1": {"rx_bytes": 10, "tx_bytes": 20}},
            "blkio_stats": {"io_service_bytes_recursive": [
                {"major": 8, "minor": 0, "op": "Read", "value": 3}, {"op": "Write", "value": 4},
                {"major": 9, "minor": 0, "op": "read", "value": 30}, {"op": "Total", "value": 99},
            ]},
        }));
        let found = found.expect("it runs");
        assert_eq!((found.at_nanos, found.cpu_nanos), (1_767_225_600_000_000_005, 9));
        assert_eq!((found.network_received_bytes, found.network_sent_bytes), (11, 22));
        assert_eq!((found.disk_read_bytes, found.disk_written_bytes), (33, 4));
    }

    #[test]
    fn a_container_that_does_not_run_uses_nothing() {
        let stopped = json!({"read": "0001-01-01T00:00:00Z", "memory_stats": {}, "networks": null,
            "blkio_stats": {"io_service_bytes_recursive": null}});
        assert_eq!(usage(stopped), None);
        assert_eq!(usage(json!({})), None);
    }

    #[test]
    fn sizes_of_volumes_are_read_from_older_and_newer_answers() {
        let volumes = json!([{"Name": "a", "UsageData": {"Size": 5, "RefCount": 1}},
            {"Name": "nfs", "UsageData": {"Size": -1, "RefCount": 1}}, {"Name": "b"}]);
        for answer in
            [json!({"Volumes": volumes}), json!({"VolumeUsage": {"Items": volumes, "TotalSize": 5}})]
        {
            let sizes = serde_json::from_value::<DiskUsage>(answer).expect("it can be read").into_sizes();
            assert_eq!(sizes, HashMap::from([("a".to_owned(), 5)]));
        }
    }
}
