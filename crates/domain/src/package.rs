//! A package: everything the rest of the program needs to know of an app that can be installed.
//!
//! `catalog` reads packages and checks them once, at load; from then on every rule stated here holds.
//! The compose text is carried along and never looked into again.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::network::Protocol;

/// One app that can be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name in the catalog, as the catalog spells it; lowercase letters, digits and `-`.
    pub name: String,
    /// The app's own name: WordPress.
    pub trademark: String,
    /// One sentence that says what it is.
    pub description: Text,
    /// Categories, for searching.
    pub categories: Vec<String>,
    /// Whether it ships in the server and no directory of the user's overrides it.
    pub official: bool,
    /// The versions offered, newest first; never empty.
    pub versions: Vec<PackageVersion>,
    /// What it needs of the host.
    pub requirements: Requirements,
    /// What can be set, and what is generated.
    pub variables: Vec<Variable>,
    /// Its services; never empty.
    pub services: Vec<Service>,
    /// The keys of its own named volumes.
    pub volumes: Vec<String>,
    /// The keys of its own networks: `default` at least, but where every service does without.
    pub networks: Vec<String>,
    /// The port that people use; `None` where it publishes none.
    pub main: Option<MainPort>,
    /// How long it may take to get ready.
    pub patience: Duration,
    /// Path of its administration pages, beginning with `/`, or empty.
    pub admin_path: String,
    /// How to log in for the first time.
    pub login: Option<PackageLogin>,
    /// What a new owner has to know: such as that the first visitor owns the set-up page.
    pub note: Option<Text>,
    /// The compose file, word for word.
    pub compose: String,
    /// The icon, an SVG image; `None` where there is none.
    pub icon: Option<Vec<u8>>,
}

impl Package {
    /// The default of [`Package::patience`]: a database's first start on a slow disk takes minutes.
    pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(300);

    /// The version of that name; `latest` names the newest.
    #[must_use]
    pub fn version(&self, name: &str) -> Option<&PackageVersion> {
        self.versions
            .iter()
            .find(|version| version.name == name)
            .or_else(|| if name == "latest" { self.versions.first() } else { None })
    }

    /// The images of a version, as its compose file names them, each once.
    #[must_use]
    pub fn images(&self, version: &str) -> Vec<String> {
        let version = self.version(version);
        let mut images: Vec<String> = Vec::new();
        for service in &self.services {
            let image = version.map_or_else(|| service.image.clone(), |v| service.image_for(&v.variables));
            if !images.contains(&image) {
                images.push(image);
            }
        }
        images
    }
}

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// One version of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageVersion {
    /// What users ask for: `6.8`.
    pub name: String,
    /// What it sets for the compose file: the image tags.
    pub variables: BTreeMap<String, String>,
}

/// What an app needs of the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Processor cores the host must have; not summed over apps.
    pub cpu_cores: u32,
    /// Memory that must be available, in bytes.
    pub memory_bytes: u64,
    /// Space that must be free for images and first data, in bytes.
    pub disk_bytes: u64,
}

/// A variable of the compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name: upper-case letters, digits and `_`.
    pub name: String,
    /// What it is.
    pub kind: VariableKind,
    /// What it is for.
    pub label: Text,
}

/// What a variable holds and where its value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableKind {
    /// A password, generated anew for each install.
    Secret,
    /// A text with a default.
    Text {
        /// Used where the user sets nothing.
        default: String,
    },
    /// A whole number with a default.
    Number {
        /// Used where the user sets nothing.
        default: i64,
    },
    /// Yes or no, `true` or `false` in the compose file.
    Boolean {
        /// Used where the user sets nothing.
        default: bool,
    },
}

/// A compose service, as far as it concerns anybody but `docker compose`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its key in the compose file.
    pub name: String,
    /// Its image, which may hold `${NAME}` of a version's variables and no other form.
    pub image: String,
    /// The ports it publishes.
    pub ports: Vec<PublishedPort>,
    /// It does its work and ends: exit code 0 is its good end (contract, "Status").
    pub one_shot: bool,
    /// The package says itself how its log is kept, so that we must not.
    pub has_logging: bool,
}

impl Service {
    /// The image that `variables` make of it.
    ///
    /// Only the plain form `${NAME}` is known, on purpose: the loader refuses every other, so what is
    /// pulled and what compose asks for cannot differ.
    #[must_use]
    pub fn image_for(&self, variables: &BTreeMap<String, String>) -> String {
        let mut image = self.image.clone();
        for (name, value) in variables {
            image = image.replace(&format!("${{{name}}}"), value);
        }
        image
    }
}

/// A port that a service publishes on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedPort {
    /// Host address the package asks for; databases ask for `127.0.0.1`.
    pub address: IpAddr,
    /// Host port the package would like; only a hint.
    pub hint: Option<u16>,
    /// Port inside the container.
    pub target: u16,
    /// Transport protocol.
    pub protocol: Protocol,
}

impl PublishedPort {
    /// Every address of the host.
    pub const EVERYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
}

/// The port that people use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainPort {
    /// The service that publishes it.
    pub service: String,
    /// The port inside its container; always one of that service's published ports.
    pub target: u16,
    /// What it speaks.
    pub speaks: Speaks,
}

/// What the main port speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP; the app is ready once `path` answers below 500.
    Http {
        /// Path of the page that shows it is ready, beginning with `/`.
        ready_path: String,
        /// Path that the app's URL ends with, beginning with `/`.
        path: String,
    },
    /// Something else over TCP.
    Tcp,
}

/// How to log in for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageLogin {
    /// The user name.
    pub user_name: String,
    /// The secret variable that holds the password, if there is one.
    pub password_variable: Option<String>,
}
