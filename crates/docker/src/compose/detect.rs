//! Finds `docker compose`, and says in one line what to do where it is absent or too old.

use std::path::PathBuf;
use std::time::Duration;

use crate::environment::Environment;
use crate::process::{self, Input, Invocation, RunError};

/// The oldest version that knows `--progress json`.
const OLDEST: (u32, u32) = (2, 29);

/// `docker compose version` starts two programs of 70 MB from the disk and asks nobody.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The `docker compose` command of this machine.
#[derive(Clone, Debug)]
pub struct Compose {
    pub(super) docker: PathBuf,
    pub(super) environment: Environment,
    /// What its processes are told of it.
    pub(super) told: Environment,
}

/// Why there is no usable `docker compose`.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// There is no docker command.
    #[error(
        "no docker command is found on the PATH: install Docker's command-line client (package docker-ce-cli)"
    )]
    NoDocker,
    /// The docker command has no compose plugin.
    #[error(
        "docker has no compose plugin: install docker compose 2.29 or newer (package docker-compose-plugin); \
         docker says: {words}"
    )]
    NoPlugin {
        /// What the docker command says.
        words: String,
    },
    /// The plugin is too old, or says something that is no version.
    #[error(
        "docker compose is {found:?}, and 2.29 or newer is needed: upgrade the package docker-compose-plugin"
    )]
    TooOld {
        /// What it says its version is.
        found: String,
    },
    /// The docker command could not be run.
    #[error("{} cannot be run: {reason}", docker.display())]
    NotRunning {
        /// The docker command.
        docker: PathBuf,
        /// What happened.
        reason: String,
    },
}

impl Compose {
    /// Finds the docker command. Whether it has compose, and which, tells [`Self::check`].
    ///
    /// # Errors
    /// `NoDocker`.
    pub fn find(environment: Environment) -> Result<Self, ComposeError> {
        let docker = environment.find_program("docker").ok_or(ComposeError::NoDocker)?;
        let told = environment.without_proxies();
        Ok(Self { docker, environment, told })
    }

    /// The environment that it was found in.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Asks for its version, and gives it if it is new enough, such as `2.40.3`. That takes a tenth of a
    /// second: two programs of 70 MB are started.
    ///
    /// # Errors
    /// See [`ComposeError`].
    pub async fn check(&self) -> Result<String, ComposeError> {
        let ended = process::run(Invocation {
            program: self.docker.clone(),
            arguments: ["compose", "version", "--short"].map(Into::into).into(),
            environment: &self.told,
            markers: None,
            input: Input::Nothing,
            time_limit: TIME_LIMIT,
        })
        .await
        .map_err(|error| {
            let reason = match error {
                RunError::Start(error) => error.to_string(),
                RunError::TimedOut => {
                    format!("it did not tell its version within {} s", TIME_LIMIT.as_secs())
                }
            };
            ComposeError::NotRunning { docker: self.docker.clone(), reason }
        })?;
        if !ended.success {
            let words = ended.stderr.lines().find(|line| !line.trim().is_empty());
            let words = words.unwrap_or("nothing").to_owned();
            return Err(ComposeError::NoPlugin { words });
        }
        let version = ended.stdout.trim().trim_start_matches('v').to_owned();
        if numbers(&version).is_none_or(|numbers| numbers < OLDEST) {
            return Err(ComposeError::TooOld { found: version });
        }
        Ok(version)
    }
}

/// Major and minor number.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What detection says of a machine whose docker command is that script.
    async fn with_docker(script: &str) -> Result<String, ComposeError> {
        let folder = tempfile::tempdir().expect("a folder");
        testkit::programs::script(&folder.path().join("docker"), script);
        let path = folder.path().display().to_string();
        Compose::find(Environment::of([("PATH".to_owned(), path)]))?.check().await
    }

    #[tokio::test]
    async fn new_enough_versions_are_taken() {
        for version in ["2.29.0", "v2.40.3", "2.29.1-0ubuntu1~22.04", "5.0.0"] {
            let found = with_docker(&format!("echo {version}")).await.expect("new enough");
            assert_eq!(found, version.trim_start_matches('v'));
        }
    }

    #[tokio::test]
    async fn an_old_or_absent_compose_is_an_error_that_says_what_to_do() {
        for version in ["2.28.9", "v2.3.3", "1.29.2", "dev", ""] {
            let error = with_docker(&format!("echo {version}")).await.expect_err("too old");
            assert!(matches!(&error, ComposeError::TooOld { .. }) && error.to_string().contains("upgrade"));
        }
        let script = "echo \"docker: 'compose' is not a docker command.\" >&2; exit 1";
        let error = with_docker(script).await.expect_err("no plugin");
        assert!(
            error.to_string().ends_with("docker says: docker: 'compose' is not a docker command."),
            "{error}"
        );
        let nothing = Environment::of([("PATH".to_owned(), "/nowhere".to_owned())]);
        assert!(matches!(Compose::find(nothing), Err(ComposeError::NoDocker)));
    }
}
