//! A package: everything the rest of the program needs to know of an app that can be installed.
//!
//! `catalog` reads packages and checks them once, at load; from then on every rule stated here holds.
//! The compose text is carried along and never looked into again.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use crate::env_file::EnvFile;
use crate::network::Protocol;
use crate::package_name::PackageName;
use crate::template::Template;

/// One app that can be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name in the catalog, as the catalog spells it; lowercase letters, digits and `-`.
    pub name: String,
    /// The name of the catalog that it is of.
    pub catalog: String,
    /// Of everything in it: another one means other contents. `None` of what was read out of an app's folder, which has
    /// that app's values in it.
    pub fingerprint: Option<String>,
    /// The app's own name: WordPress.
    pub trademark: String,
    /// What it is, in a sentence or some lines.
    pub description: Text,
    /// Categories, for searching.
    pub categories: Vec<String>,
    /// The app's own pages, where they are told.
    pub website: Option<String>,
    /// The processors that it runs on, as the engine names them (`amd64`); empty where that is not told.
    pub architectures: Vec<String>,
    /// Whether it ships in the server and no directory of the user's overrides it.
    pub official: bool,
    /// The versions offered, the recommended one first; never empty.
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
    /// The lines that its `.env` begins from; `None` where it brings none.
    pub env: Option<EnvFile>,
    /// What lies below `files/` in the app's folder.
    pub files: Vec<PackageFile>,
    /// The files of them that services take their environment from, by path.
    pub env_files: Vec<String>,
    /// The icon; `None` where there is none.
    pub icon: Option<Icon>,
}

/// A file that a package brings for its app.
#[derive(Clone, PartialEq, Eq)]
pub struct PackageFile {
    /// Where it lies below `files/`: names with `/` between them, none of which is empty, `.` or `..`.
    pub path: String,
    /// What is in it.
    pub bytes: Arc<[u8]>,
    /// Whether it may be executed.
    pub is_executable: bool,
}

impl std::fmt::Debug for PackageFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PackageFile").field(&self.path).field(&self.bytes.len()).finish()
    }
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icon {
    /// What it is written in.
    pub kind: IconKind,
    /// The picture itself.
    pub bytes: Vec<u8>,
}

/// What a picture is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IconKind {
    /// SVG, without scripts.
    Svg,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
}

impl IconKind {
    /// Every kind, in the order in which a package's is looked for.
    pub const ALL: [Self; 4] = [Self::Svg, Self::Png, Self::Jpeg, Self::Webp];

    /// The end of its file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

impl Package {
    /// The default of [`Package::patience`]: a database's first start on a slow disk takes minutes.
    pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(300);

    /// Its name together with its catalog's, which no other package has.
    #[must_use]
    pub fn full_name(&self) -> PackageName {
        PackageName::of(&self.name, &self.catalog)
    }

    /// Whether it ships with a password that is the same for everybody: until its owner changes it, anybody can log in.
    #[must_use]
    pub fn has_fixed_password(&self) -> bool {
        self.login
            .as_ref()
            .is_some_and(|login| login.password_variable.is_none() && !login.password.is_empty())
    }

    /// The version of that name; `latest`, where none is called so, is the first.
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
    /// Its name: letters, digits and `_`.
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
    Secret {
        /// What it looks like.
        shape: SecretShape,
    },
    /// A text.
    Text {
        /// Used where the user sets nothing; without one, the user must set a value that is not empty.
        default: Option<String>,
    },
    /// A whole number.
    Number {
        /// Used where the user sets nothing; without one, the user must set a value.
        default: Option<i64>,
    },
    /// Yes or no, `true` or `false` in the compose file.
    Boolean {
        /// Used where the user sets nothing; without one, the user must set a value.
        default: Option<bool>,
    },
    /// One of some texts.
    Choice {
        /// Used where the user sets nothing: one of the options. Without one, the user must set a value.
        default: Option<String>,
        /// What can be chosen; never empty.
        options: Vec<ChoiceOption>,
    },
    /// The host port that was given to a port which the package publishes. It cannot be set.
    Port {
        /// The service that publishes it.
        service: String,
        /// The port inside the container.
        target: u16,
        /// Transport protocol.
        protocol: Protocol,
    },
    /// A text made of others' values. It cannot be set.
    Derived(Template),
    /// A JSON web token, signed (HS256) with a secret of the same package. It cannot be set.
    Token {
        /// The secret that it is signed with.
        key: String,
        /// Its claims, a JSON object.
        claims: String,
    },
}

impl VariableKind {
    /// What holds where the user sets nothing, if that is a plain text that everybody may know.
    #[must_use]
    pub fn default_text(&self) -> Option<String> {
        match self {
            Self::Text { default } | Self::Choice { default, .. } => default.clone(),
            Self::Number { default } => default.map(|number| number.to_string()),
            Self::Boolean { default } => default.map(|flag| flag.to_string()),
            Self::Secret { .. } | Self::Port { .. } | Self::Derived(_) | Self::Token { .. } => None,
        }
    }

    /// Whether its user may set it.
    #[must_use]
    pub const fn is_settable(&self) -> bool {
        !matches!(self, Self::Port { .. } | Self::Derived(_) | Self::Token { .. })
    }

    /// Whether its user must set it.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.is_settable() && !matches!(self, Self::Secret { .. }) && self.default_text().is_none()
    }
}

/// One of the texts that a choice offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceOption {
    /// What the variable holds.
    pub value: String,
    /// What people read.
    pub label: Text,
}

/// What a generated secret looks like. Lengths are in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretShape {
    /// Letters of both cases and digits, at least one of each, the first a letter: 24, which do everywhere.
    Standard,
    /// The same, that many.
    Alphanumeric(u16),
    /// Small letters and digits.
    Lowercase(u16),
    /// Hexadecimal digits.
    Hex(u16),
    /// That many random bytes, in base64.
    Base64(u16),
    /// Letters of both cases, digits and a `!`, at least one of each.
    Strong(u16),
    /// A random UUID.
    Uuid,
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
        /// It is spoken over TLS, with whatever certificate the app made for itself.
        tls: bool,
    },
    /// Something else over TCP.
    Tcp,
}

/// How to log in for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageLogin {
    /// The user name, unless a variable holds it.
    pub user_name: String,
    /// The variable that holds the user name, if there is one.
    pub user_variable: Option<String>,
    /// The secret variable that holds the password, if there is one.
    pub password_variable: Option<String>,
    /// The password that the app ships with, the same for everybody; empty where there is none.
    pub password: String,
}
