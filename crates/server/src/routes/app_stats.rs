//! AppStats: what apps use of the machine.

use control::{AppUsage, Usage};
use domain::ErrorCode;
use wire::{AppStatsInfo, AppStatsParameters, ServiceStatsInfo};

use crate::details::rfc3339;
use crate::error::{Nothing, Refusal};
use crate::interface::{Call, Interface};

pub(crate) struct AppStats;

impl Interface for AppStats {
    const NAME: &'static str = "AppStats";
    const SUMMARY: &'static str = "Tell what every app, or one, uses of processor, memory, network and disk.";
    const CHANGES: bool = false;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &["app_id"];
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::AppIdFormat, ErrorCode::AppNotExis, ErrorCode::ContainerCommandError];
    type Parameters = AppStatsParameters;
    type Data = Vec<AppStatsInfo>;
    type Item = AppStatsInfo;

    fn example() -> Vec<AppStatsInfo> {
        let service = |service: &str, cpu_percent, memory_bytes| ServiceStatsInfo {
            service: service.into(),
            cpu_percent,
            memory_bytes,
        };
        vec![AppStatsInfo {
            app_id: "myblog".into(),
            sampled_at: "2026-11-22T08:00:00Z".into(),
            cpu_percent: 12.5,
            memory_bytes: 268_435_456,
            memory_limit_bytes: 8_589_934_592,
            network_received_bytes: 1_048_576,
            network_sent_bytes: 2_097_152,
            disk_read_bytes: 4_194_304,
            disk_written_bytes: 8_388_608,
            volumes_bytes: 536_870_912,
            services: vec![service("db", 2.5, 134_217_728), service("web", 10.0, 134_217_728)],
        }]
    }

    async fn answer(call: &Call<'_>) -> Result<Vec<AppStatsInfo>, Refusal> {
        let apps = call.control.app_stats(call.parameters.optional("app_id")).await?;
        Ok(apps.into_iter().map(stats_info).collect())
    }
}

fn stats_info(app: AppUsage) -> AppStatsInfo {
    let counters = app.total.counters;
    AppStatsInfo {
        app_id: app.app.to_string(),
        sampled_at: app.sampled_at.map(rfc3339).unwrap_or_default(),
        cpu_percent: to_hundredths(app.total.cpu_percent),
        memory_bytes: counters.memory_bytes,
        memory_limit_bytes: counters.memory_limit_bytes,
        network_received_bytes: counters.network_received_bytes,
        network_sent_bytes: counters.network_sent_bytes,
        disk_read_bytes: counters.disk_read_bytes,
        disk_written_bytes: counters.disk_written_bytes,
        volumes_bytes: app.volumes_bytes,
        services: app.services.into_iter().map(service_info).collect(),
    }
}

fn service_info((service, usage): (String, Usage)) -> ServiceStatsInfo {
    ServiceStatsInfo {
        service,
        cpu_percent: to_hundredths(usage.cpu_percent),
        memory_bytes: usage.counters.memory_bytes,
    }
}

/// What lies below is chance.
fn to_hundredths(percent: f64) -> f64 {
    (percent * 100.0).round() / 100.0
}
