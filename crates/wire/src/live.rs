//! What clients are told of an app at work: the lines that it writes, and what it uses. Times are RFC 3339 in UTC.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The parameters of AppLogs.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppLogsParameters {
    /// The app whose lines are asked for.
    #[schema(example = "myblog")]
    #[param(example = "myblog")]
    pub app_id: String,
    /// Only those of this service.
    #[schema(example = "web")]
    #[param(example = "web", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Only the last so many, of all services together: 0 to 10000; 100 where it is absent.
    #[schema(example = 100, minimum = 0, maximum = 10_000)]
    #[param(example = 100, value_type = u32, required = false, minimum = 0, maximum = 10_000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail: Option<u32>,
    /// Only those of this moment or later, in UTC; as exact as the `time` of a line.
    #[schema(example = "2026-11-22T08:00:00Z")]
    #[param(example = "2026-11-22T08:00:00Z", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Whether to go on with every line to come, as a stream of Server-Sent Events; no where it is absent.
    #[schema(example = false)]
    #[param(example = false, value_type = bool, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow: Option<bool>,
}

/// A line that a container of an app wrote, secrets removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLineInfo {
    /// When the container engine got it, to the nanosecond.
    #[schema(example = "2026-11-22T08:00:00.123456789Z")]
    pub time: String,
    /// The service whose container wrote it; `""` for a container that a person started beside the app's own.
    #[schema(example = "web")]
    pub service: String,
    /// Where the container wrote it: `stdout` or `stderr`. With a terminal everything is `stdout`.
    #[schema(example = "stderr")]
    pub stream: String,
    /// The line without its end; what is beyond 16 KiB is left out.
    #[schema(
        example = "AH00558: apache2: Could not reliably determine the server's fully qualified domain name"
    )]
    pub line: String,
}

/// The parameters of AppStats.
#[derive(Clone, Debug, Serialize, ToSchema, IntoParams)]
pub struct AppStatsParameters {
    /// Tell only what this app uses.
    #[schema(example = "myblog")]
    #[param(example = "myblog", value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
}

/// What an app uses of the machine, all its containers together; zeros while it does not run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AppStatsInfo {
    /// The app's id.
    #[schema(example = "myblog")]
    pub app_id: String,
    /// When it was sampled; `""` if that has not been possible yet.
    #[schema(example = "2026-11-22T08:00:00Z")]
    pub sampled_at: String,
    /// Processor time over the last seconds, in percent of one core: two busy cores are 200.
    #[schema(example = 12.5)]
    pub cpu_percent: f64,
    /// Memory in use, without what the kernel keeps of files and can drop, as `docker stats` counts it.
    #[schema(example = 268_435_456)]
    pub memory_bytes: u64,
    /// The most memory that its containers may use together; the machine's where they have no limit of their own.
    #[schema(example = 8_589_934_592_u64)]
    pub memory_limit_bytes: u64,
    /// Bytes received since its containers were started.
    #[schema(example = 1_048_576)]
    pub network_received_bytes: u64,
    /// Bytes sent since its containers were started.
    #[schema(example = 2_097_152)]
    pub network_sent_bytes: u64,
    /// Bytes read from disks since its containers were started.
    #[schema(example = 4_194_304)]
    pub disk_read_bytes: u64,
    /// Bytes written to disks since its containers were started.
    #[schema(example = 8_388_608)]
    pub disk_written_bytes: u64,
    /// Bytes that its volumes have on disk, also while it does not run; some minutes old, and 0 before they were
    /// measured.
    #[schema(example = 536_870_912)]
    pub volumes_bytes: u64,
    /// Its services, by name.
    pub services: Vec<ServiceStatsInfo>,
}

/// What a service of an app uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServiceStatsInfo {
    /// Its name in the compose file.
    #[schema(example = "web")]
    pub service: String,
    /// Processor time over the last seconds, in percent of one core.
    #[schema(example = 12.5)]
    pub cpu_percent: f64,
    /// Memory in use, as `docker stats` counts it.
    #[schema(example = 134_217_728)]
    pub memory_bytes: u64,
}
