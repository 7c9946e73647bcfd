//! AppPlan: what AppInstall would do and what would keep it from it, without doing anything.

use control::{Plan, PlannedImage};
use domain::{ErrorCode, PortReservation, SubnetReservation};
use wire::{
    AppInstallParameters, ObstacleInfo, PlanImageInfo, PlanInfo, PlanPortInfo, PlanSubnetInfo, PolicyInfo,
};

use super::app_catalog::{policy_info, warnings};
use super::app_install::{AppInstall, install_request};
use crate::error::Refusal;
use crate::interface::{Call, Interface};

pub(crate) struct AppPlan;

impl Interface for AppPlan {
    const NAME: &'static str = "AppPlan";
    const SUMMARY: &'static str = "Tell what AppInstall would do now with the same parameters, and everything that would keep it from it. Changes nothing, and promises nothing.";
    const CHANGES: bool = false;
    const PARAMETERS: &'static [&'static str] = AppInstall::PARAMETERS;
    const OBJECTS: &'static [&'static str] = AppInstall::OBJECTS;
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AppNameBlank,
        ErrorCode::CustomerAppNameBlank,
        ErrorCode::AppVersionBlank,
        ErrorCode::AppUnknown,
        ErrorCode::CustomerAppNameFormat,
        ErrorCode::AppVersionNotExis,
        ErrorCode::SettingsFormat,
        ErrorCode::SettingsUnknown,
        ErrorCode::SettingsValue,
    ];
    type Parameters = AppInstallParameters;
    type Data = PlanInfo;
    type Item = PlanInfo;

    fn example() -> PlanInfo {
        PlanInfo {
            app_name: "wordpress".into(),
            version: "6.8".into(),
            images: vec![PlanImageInfo {
                image: "wordpress:6.8".into(),
                bytes: 0,
                is_size_known: false,
                is_present: false,
            }],
            download_bytes: 0,
            is_download_known: false,
            disk_bytes: 2 << 30,
            memory_bytes: 512 << 20,
            ports: vec![PlanPortInfo {
                service: "wordpress".into(),
                target: 80,
                protocol: "tcp".into(),
                port: 8080,
            }],
            subnets: vec![PlanSubnetInfo { network: "default".into(), subnet: "10.213.0.0/27".into() }],
            obstacles: vec![ObstacleInfo {
                code: "Requirement.NotEnough".into(),
                message: "The system does not have enough resources (memory: needs 512 MB, 300 MB free)"
                    .into(),
            }],
            policy: PolicyInfo { verdict: "allowed".into(), risks: Vec::new() },
            warnings: Vec::new(),
        }
    }

    async fn answer(call: &Call<'_>) -> Result<PlanInfo, Refusal> {
        let plan = call.control.plan(install_request(&call.parameters)?).await?;
        Ok(plan_info(plan, call))
    }
}

fn plan_info(plan: Plan, call: &Call<'_>) -> PlanInfo {
    let images: Vec<PlanImageInfo> = plan.images.into_iter().map(image_info).collect();
    let obstacle = |error: control::Error| {
        let refusal = Refusal::Control(error);
        ObstacleInfo { code: refusal.code().as_str().into(), message: refusal.message(call.context) }
    };
    PlanInfo {
        app_name: plan.package,
        version: plan.version,
        download_bytes: images.iter().map(|image| image.bytes).sum(),
        is_download_known: images.iter().all(|image| image.is_size_known),
        images,
        disk_bytes: plan.requirements.disk_bytes,
        memory_bytes: plan.requirements.memory_bytes,
        ports: plan.ports.into_iter().map(port_info).collect(),
        subnets: plan.subnets.into_iter().map(subnet_info).collect(),
        obstacles: plan.obstacles.into_iter().map(obstacle).collect(),
        policy: policy_info(&plan.policy, call.language),
        warnings: warnings(plan.has_fixed_password, call.language),
    }
}

/// The engine does not tell what an image weighs that it does not have, and no registry is asked.
fn image_info(planned: PlannedImage) -> PlanImageInfo {
    let is_present = planned.is_present == Some(true);
    PlanImageInfo { image: planned.image, bytes: 0, is_size_known: is_present, is_present }
}

fn port_info(port: PortReservation) -> PlanPortInfo {
    PlanPortInfo {
        service: port.service,
        target: port.target,
        protocol: port.protocol.as_str().into(),
        port: port.port,
    }
}

fn subnet_info(reserved: SubnetReservation) -> PlanSubnetInfo {
    PlanSubnetInfo { network: reserved.network, subnet: reserved.subnet.to_string() }
}
