//! What clients are told of an install before it is asked for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{PolicyInfo, WarningInfo};

/// What AppInstall would do now with the same parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanInfo {
    /// The package's name, as the catalog spells it.
    #[schema(example = "wordpress")]
    pub app_name: String,
    /// The version, never `latest`.
    #[schema(example = "6.8")]
    pub version: String,
    /// Its images, each once.
    pub images: Vec<PlanImageInfo>,
    /// The sum of the images' `bytes`.
    #[schema(example = 0)]
    pub download_bytes: u64,
    /// Whether `download_bytes` counts every image: false where the size of one is not known.
    #[schema(example = false)]
    pub is_download_known: bool,
    /// Space that must be free for images and first data, as the package says.
    #[schema(example = 2_147_483_648_u64)]
    pub disk_bytes: u64,
    /// Memory that must be available, as the package says.
    #[schema(example = 536_870_912)]
    pub memory_bytes: u64,
    /// The ports that it would be given; empty where none is published, or there are none to give.
    pub ports: Vec<PlanPortInfo>,
    /// The subnets that it would be given; empty where there are none to give.
    pub subnets: Vec<PlanSubnetInfo>,
    /// Everything for which AppInstall would refuse now, in the order of its checks.
    pub obstacles: Vec<ObstacleInfo>,
    /// What it may do on the host, with the values that were given.
    pub policy: PolicyInfo,
    /// What does not keep AppInstall from it, and has to be known.
    pub warnings: Vec<WarningInfo>,
}

/// An image of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanImageInfo {
    /// As the compose file names it.
    #[schema(example = "wordpress:6.8")]
    pub image: String,
    /// What remains to be downloaded, compressed; 0 where it is there, and where `is_size_known` is false.
    #[schema(example = 0)]
    pub bytes: u64,
    /// Whether `bytes` is known. What an image that is not there weighs, only its registry knows, and that is not
    /// asked yet.
    #[schema(example = false)]
    pub is_size_known: bool,
    /// Whether the engine has it; false also while the engine does not tell.
    #[schema(example = false)]
    pub is_present: bool,
}

/// A port of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanPortInfo {
    /// The service that it leads to.
    #[schema(example = "wordpress")]
    pub service: String,
    /// The port inside the container.
    #[schema(example = 80)]
    pub target: u16,
    /// `tcp` or `udp`.
    #[schema(example = "tcp")]
    pub protocol: String,
    /// The port on the host.
    #[schema(example = 8080)]
    pub port: u16,
}

/// A subnet of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanSubnetInfo {
    /// The network of the compose file.
    #[schema(example = "default")]
    pub network: String,
    /// The subnet.
    #[schema(example = "10.213.0.0/27")]
    pub subnet: String,
}

/// Something for which AppInstall would refuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ObstacleInfo {
    /// The code that AppInstall would answer.
    #[schema(example = "Requirement.NotEnough")]
    pub code: String,
    /// Its message, in the language that was asked for.
    #[schema(example = "The system does not have enough resources (memory: needs 4 GB, 1.2 GB free)")]
    pub message: String,
}
