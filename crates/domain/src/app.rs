//! An app: one installation that a user owns.
//!
//! ```text
//!  AppInstall        the install succeeded                AppUninstall
//!  ──────────▶ Installing ─────────────────▶ Installed ─────────────────────▶ Trashed
//!                  │ it failed and was undone    ▲            AppRestore          │
//!                  ▼                             └────────────────────────────────┤
//!                Failed ──▶ (gone: by the next install of that name, or AppUninstall) │ AppPurge, or the
//!                                                                     (gone) ◀────┘ retention time's end
//! ```
//!
//! A compose project that this server did not install is Installed from the first sight of it; see [`Origin`].
//!
//! An app that is purged passes through Trashed if its purge fails when its data is being deleted: it can be
//! purged again from there.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::app_domain::{AppDomain, https_origin};
use crate::domain_name::DomainName;
use crate::ids::{AppId, InstallId, ProjectName};
use crate::image::AppImage;
use crate::network::{PortReservation, Protocol, SubnetReservation};
use crate::observation::{Expectation, Observation};
use crate::operation::Operation;
use crate::package::{Requirements, Speaks};
use crate::package_name::PackageName;
use crate::secret::Secret;
use crate::settings::{SettingValues, VariableValue};
use crate::status::Status;
use crate::time::Timestamp;

/// One installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Which installation it is.
    pub install: InstallId,
    /// Whose work it is.
    pub origin: Origin,
    /// The name its owner knows it by.
    pub id: AppId,
    /// The name `docker compose` knows it by.
    pub project: ProjectName,
    /// What was installed.
    pub package: PackageRef,
    /// What its owner set of the package's variables.
    pub settings: SettingValues,
    /// What the user asked for last.
    pub desired: Desired,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// Where it was put; `None` until the step that chooses it.
    pub deployment: Option<Deployment>,
    /// What its containers were made of when they were made last: of what this server installed only.
    pub images: Vec<AppImage>,
    /// What Docker shows of it.
    pub observation: Observation,
    /// The names that it is reached by, in the order in which it was given them: the first is in its URL.
    pub domains: Vec<AppDomain>,
    /// When its install was accepted: the order of AppList.
    pub created_at: Timestamp,
    /// Since when it lies in the recycle bin; `None` while it does not.
    pub trashed_at: Option<Timestamp>,
}

/// Whose work an app is.
///
/// ```text
///                   AppAdopt
///  seen ──▶ Foreign ────────▶ Adopted        Installed: by AppInstall, for ever
///              ▲               │
///              └───────────────┘ AppUninstall
/// ```
///
/// Nothing is ever made, changed or deleted of what this server did not install: it is started and stopped only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// This server installed it.
    Installed,
    /// Somebody else's compose project: it is shown for as long as it has containers.
    Foreign,
    /// Somebody else's compose project under management: it is missed when its containers go.
    Adopted,
}

impl Origin {
    /// The stable name, in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Foreign => "foreign",
            Self::Adopted => "adopted",
        }
    }

    /// The origin of that stable name.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Installed, Self::Foreign, Self::Adopted].into_iter().find(|origin| origin.as_str() == text)
    }
}

/// What was installed, copied from the catalog: it stays true when the catalog changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageRef {
    /// The package's name.
    pub name: String,
    /// The name of the catalog that it was of; empty where it was of none.
    pub catalog: String,
    /// The version chosen (`latest` only where the package calls one so).
    pub version: String,
    /// The app's own name.
    pub trademark: String,
    /// [`crate::Package::fingerprint`] of the very package that was accepted; `None` of what was accepted before that was
    /// kept, and of what this server did not install.
    pub fingerprint: Option<String>,
    /// Whether the package shipped in the server.
    pub official: bool,
    /// What it needs of the host: counted for as long as its install is open.
    pub requirements: Requirements,
}

/// What the user asked for last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Desired {
    /// It should run.
    Running,
    /// It should not.
    Stopped,
}

/// Where an app is in its life. See the drawing at the head of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifecycle {
    /// Its install is open.
    Installing,
    /// It was installed.
    Installed,
    /// Its install failed; only this record is left of it.
    Failed,
    /// It lies in the recycle bin: volumes and folder are there, containers and networks are not.
    Trashed,
}

impl Lifecycle {
    /// The stable name, in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Installing => "installing",
            Self::Installed => "installed",
            Self::Failed => "failed",
            Self::Trashed => "trashed",
        }
    }

    /// The lifecycle of that stable name.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Installing, Self::Installed, Self::Failed, Self::Trashed]
            .into_iter()
            .find(|l| l.as_str() == text)
    }
}

/// A move of the lifecycle that is not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an app that is {} cannot become {}", from.as_str(), to.as_str())]
pub struct IllegalMove {
    /// Where it is.
    pub from: Lifecycle,
    /// Where it was to go.
    pub to: Lifecycle,
}

/// Where an app was put and what it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its own folder, an absolute path.
    pub folder: PathBuf,
    /// Its compose file, an absolute path in that folder.
    pub compose_file: PathBuf,
    /// The host ports it was given.
    pub ports: Vec<PortReservation>,
    /// The subnets it was given.
    pub subnets: Vec<SubnetReservation>,
    /// Its images, as its compose file names them, each once.
    pub images: Vec<String>,
    /// Its services, and the one that has to answer.
    pub expected: Expectation,
    /// How long it may take to get ready.
    pub patience: Duration,
    /// The main port on the host; `None` where it publishes none.
    pub main: Option<MainEndpoint>,
    /// Path of its administration pages, or empty.
    pub admin_path: String,
    /// How to log in as it was installed; empty where the app has no login. See [`App::login`].
    pub login: Login,
    /// The variable that holds the login's user name, if one does.
    pub user_variable: Option<String>,
    /// The variable that holds the login's password, if one does.
    pub password_variable: Option<String>,
    /// The generated secrets, by variable: of each secret variable, whether or not its owner set another.
    pub secrets: Vec<(String, Secret)>,
    /// The tokens that were signed with secrets, and those that these took the place of last, which containers may still
    /// have: as good as passwords, and no secret stands in them. What else is made of
    /// secrets holds them in plain sight, so that it is masked with them.
    pub tokens: Vec<Secret>,
    /// Anonymous volumes of containers that were taken down: data that only this names.
    pub kept_volumes: Vec<KeptVolume>,
}

/// An anonymous volume that outlives its container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptVolume {
    /// The service whose container had it.
    pub service: String,
    /// Where in that container it was mounted.
    pub target: String,
    /// Docker's name of it.
    pub name: String,
}

/// The main port on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainEndpoint {
    /// Where a program on this host reaches it.
    pub address: IpAddr,
    /// The host port.
    pub port: u16,
    /// What it speaks.
    pub speaks: Speaks,
}

/// How to log in for the first time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// The user name, or empty.
    pub user_name: String,
    /// The password, or empty.
    pub password: Secret,
}

/// What a client is told of an app while it runs, and at no other time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningInfo {
    /// The main port on the host; 0 where it publishes none.
    pub port: u16,
    /// The compose file, an absolute path.
    pub compose_file: PathBuf,
    /// Its URL, or empty where the main port speaks no HTTP.
    pub url: String,
    /// The URL of its administration pages, or empty.
    pub admin_url: String,
    /// How to log in.
    pub login: Login,
}

impl PackageRef {
    /// The name of the package together with its catalog's.
    #[must_use]
    pub fn full_name(&self) -> PackageName {
        PackageName { name: self.name.clone(), catalog: Some(self.catalog.clone()).filter(|c| !c.is_empty()) }
    }
}

impl App {
    /// Moves the lifecycle on.
    ///
    /// # Errors
    /// The move is not drawn at the head of this file.
    pub fn move_to(&mut self, to: Lifecycle) -> Result<(), IllegalMove> {
        match (self.lifecycle, to) {
            (Lifecycle::Installing, Lifecycle::Installed | Lifecycle::Failed)
            | (Lifecycle::Installed, Lifecycle::Trashed)
            | (Lifecycle::Trashed, Lifecycle::Installed) => {
                self.lifecycle = to;
                Ok(())
            }
            (from, to) => Err(IllegalMove { from, to }),
        }
    }

    /// The status that the contract gives it now.
    #[must_use]
    pub fn status(&self, open: Option<&Operation>, now: Timestamp) -> Status {
        Status::of(self.lifecycle, open, self.desired, &self.observation, self.expected(), now)
    }

    /// What it should consist of; nothing before that was decided.
    #[must_use]
    pub fn expected(&self) -> &Expectation {
        static NOTHING: Expectation = Expectation { services: Vec::new(), main_service: None };
        self.deployment.as_ref().map_or(&NOTHING, |deployment| &deployment.expected)
    }

    /// Its secrets as it is, to be kept out of whatever is shown.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Secret> {
        let generated = self.deployment.iter().flat_map(|deployment| &deployment.secrets);
        let tokens = self.deployment.iter().flat_map(|deployment| &deployment.tokens);
        generated.map(|(_, secret)| secret).chain(tokens).chain(self.settings.secrets()).collect()
    }

    /// How to log in now: with what its owner set, else with what the package gave and what was generated.
    #[must_use]
    pub fn login(&self, deployment: &Deployment) -> Login {
        let mut login = deployment.login.clone();
        let user_name = deployment.user_variable.as_ref().and_then(|variable| self.settings.get(variable));
        if let Some(VariableValue::Plain(user_name)) = user_name {
            login.user_name.clone_from(user_name);
        }
        if let Some(variable) = &deployment.password_variable {
            let generated =
                deployment.secrets.iter().find(|(name, _)| name == variable).map(|(_, secret)| secret);
            login.password = self.settings.secret(variable).or(generated).cloned().unwrap_or(login.password);
        }
        login
    }

    /// The name that its URLs begin with, and the port of HTTPS: the first of its domains that the gateway has ever
    /// served. One that it served once stays, even if it is refused later.
    #[must_use]
    pub fn address(&self) -> Option<(&DomainName, u16)> {
        self.domains.iter().find_map(|domain| Some((&domain.name, domain.served_port?)))
    }

    /// The host that people reach it by: that name, else the server's.
    #[must_use]
    pub fn host<'a>(&'a self, public_host: &'a str) -> &'a str {
        self.address().map_or(public_host, |(name, _)| name.as_str())
    }

    /// What its URLs begin with. Where its main port is published on a loopback address only and none of its domains was
    /// ever served, this machine alone can reach it.
    #[must_use]
    pub fn origin_url(&self, public_host: &str) -> String {
        if let Some((name, port)) = self.address() {
            return https_origin(name, port);
        }
        let main = self.deployment.as_ref().and_then(|deployment| deployment.main.as_ref());
        let port = main.map_or(0, |main| main.port);
        let published = self.deployment.iter().flat_map(|deployment| &deployment.ports);
        let loopback = published
            .filter(|published| published.port == port && published.protocol == Protocol::Tcp)
            .map(|published| published.address)
            .find(IpAddr::is_loopback);
        let host = loopback.map_or_else(|| public_host.to_owned(), |address| address.to_string());
        let tls = main.is_some_and(|main| matches!(main.speaks, Speaks::Http { tls: true, .. }));
        format!("{}://{}:{port}", if tls { "https" } else { "http" }, bracketed(&host))
    }

    /// What a client may know while `status` is running; `None` at any other time (contract: 只有status=running才有值).
    #[must_use]
    pub fn running_info(&self, status: Status, public_host: &str) -> Option<RunningInfo> {
        let deployment = self.deployment.as_ref().filter(|_| status == Status::Running)?;
        let base = deployment.main.as_ref().and_then(|main| match &main.speaks {
            Speaks::Http { path, .. } => Some((self.origin_url(public_host), path)),
            Speaks::Tcp => None,
        });
        let admin_url = base
            .as_ref()
            .filter(|_| !deployment.admin_path.is_empty())
            .map(|(origin, _)| [origin, deployment.admin_path.as_str()].concat())
            .unwrap_or_default();
        Some(RunningInfo {
            port: deployment.main.as_ref().map_or(0, |main| main.port),
            compose_file: deployment.compose_file.clone(),
            url: base.map(|(origin, path)| origin + path).unwrap_or_default(),
            admin_url,
            login: self.login(deployment),
        })
    }
}

/// A host as it stands in a URL: IPv6 addresses in brackets.
#[must_use]
pub fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}
