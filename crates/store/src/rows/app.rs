//! The table `app`.

use domain::package::Requirements;
use domain::{App, AppDomain, AppId, Desired, InstallId, Lifecycle, Origin, PackageRef, ProjectName};
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::Cells;
use super::deployment::DeploymentRow;
use super::image::ImageRow;
use super::observation::ObservationRow;
use super::settings::SettingsRow;
use crate::error::Fault;

#[derive(Serialize, Deserialize)]
#[serde(remote = "Requirements")]
struct RequirementsFields {
    cpu_cores: u32,
    memory_bytes: u64,
    disk_bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct RequirementsRow(#[serde(with = "RequirementsFields")] Requirements);

pub(crate) fn read(row: &Row<'_>, domains: Vec<AppDomain>) -> Result<App, Fault> {
    let cells = Cells { row, table: "app", key_column: "app_id" };
    Ok(App {
        install: InstallId::from_text(cells.plain::<String>("install")?),
        origin: cells.known("origin", Origin::from_text)?,
        id: cells.known("app_id", |text| AppId::parse(text).ok())?,
        project: ProjectName::from_text(cells.plain::<String>("project")?),
        package: PackageRef {
            name: cells.plain("package")?,
            catalog: cells.plain("catalog")?,
            version: cells.plain("version")?,
            trademark: cells.plain("trademark")?,
            fingerprint: cells.plain("fingerprint")?,
            official: cells.plain("official")?,
            requirements: cells.json::<RequirementsRow>("requirements")?.0,
        },
        settings: cells.json::<SettingsRow>("settings")?.into(),
        desired: cells.known("desired", desired_from_text)?,
        lifecycle: cells.known("lifecycle", Lifecycle::from_text)?,
        deployment: cells.optional_json::<DeploymentRow>("deployment")?.map(Into::into),
        images: cells.json::<Vec<ImageRow>>("images")?.into_iter().map(Into::into).collect(),
        observation: cells.json::<ObservationRow>("observation")?.into(),
        domains,
        created_at: cells.time("created_at")?,
        trashed_at: cells.optional_time("trashed_at")?,
    })
}

pub(crate) fn requirements_to_json(requirements: Requirements) -> serde_json::Result<String> {
    serde_json::to_string(&RequirementsRow(requirements))
}

pub(crate) const fn desired_to_text(desired: Desired) -> &'static str {
    match desired {
        Desired::Running => "running",
        Desired::Stopped => "stopped",
    }
}

pub(super) fn desired_from_text(text: &str) -> Option<Desired> {
    [Desired::Running, Desired::Stopped].into_iter().find(|desired| desired_to_text(*desired) == text)
}
