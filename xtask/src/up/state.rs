//! What `up` leaves in `target/up/`, and what it writes down there for the next `up` and for `down`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::daemon::{Daemon, Environment};
use crate::paths;

/// The demo of one clone: where its things are. Making one touches nothing.
pub(super) struct Demo {
    pub(super) folder: PathBuf,
}

/// Whose engine the apps are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// The user's, at this `DOCKER_HOST`.
    Users { host: String },
    /// The private one; `ours_to_stop` where no earlier command had started it.
    Private { ours_to_stop: bool },
}

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) engine: Engine,
    /// The version of the app that is installed on it.
    pub(super) version: String,
    /// Images that the engine did not have before.
    pub(super) new_images: Vec<String>,
    /// Where the server listens; 0 before its first start.
    pub(super) port: u16,
}

impl Demo {
    pub(super) fn of(repository: &Path) -> Demo {
        Demo { folder: repository.join("target/up") }
    }

    /// The server's data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The server's process. `environment` matters only for starting it.
    pub(super) fn daemon(&self, environment: Environment) -> Daemon {
        Daemon {
            pid_file: self.folder.join("server.pid"),
            log: self.log(),
            mark: format!("--data-dir={}", self.data().display()),
            environment,
        }
    }

    fn state_file(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    /// What an earlier `up` wrote down; `None` if there was none.
    pub(super) fn state(&self) -> Result<Option<State>> {
        let file = self.state_file();
        if !file.exists() {
            return Ok(None);
        }
        let state = serde_json::from_str(&paths::read(&file)?).ok().as_ref().and_then(State::of_json);
        let what =
            || format!("{} is damaged; delete target/up and run `cargo xtask up` again", file.display());
        state.map(Some).with_context(what)
    }

    pub(super) fn remember(&self, state: &State) -> Result<()> {
        paths::write(&self.state_file(), format!("{:#}\n", state.to_json()))
    }
}

impl State {
    fn to_json(&self) -> Value {
        let engine = match &self.engine {
            Engine::Users { host } => json!({ "host": host }),
            Engine::Private { ours_to_stop } => json!({ "ours_to_stop": ours_to_stop }),
        };
        json!({ "engine": engine, "version": self.version, "new_images": self.new_images, "port": self.port })
    }

    fn of_json(value: &Value) -> Option<State> {
        let engine = match value["engine"]["host"].as_str() {
            Some(host) => Engine::Users { host: host.to_owned() },
            None => Engine::Private { ours_to_stop: value["engine"]["ours_to_stop"].as_bool()? },
        };
        let images = value["new_images"].as_array()?.iter();
        Some(State {
            engine,
            version: value["version"].as_str()?.to_owned(),
            new_images: images.filter_map(Value::as_str).map(str::to_owned).collect(),
            port: u16::try_from(value["port"].as_u64()?).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_written_down_is_read_again() {
        let folder = std::env::temp_dir().join(format!("xtask-up-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let demo = Demo { folder };
        assert_eq!(demo.state().unwrap(), None);
        for engine in [
            Engine::Users { host: "unix:///var/run/docker.sock".to_owned() },
            Engine::Private { ours_to_stop: true },
        ] {
            let new_images = vec!["mariadb:10.11".to_owned()];
            let state = State { engine, version: "6.1".to_owned(), new_images, port: 5001 };
            demo.remember(&state).unwrap();
            assert_eq!(demo.state().unwrap(), Some(state));
        }
        std::fs::write(demo.state_file(), "{").unwrap();
        assert!(demo.state().unwrap_err().to_string().contains("is damaged"));
        std::fs::remove_dir_all(&demo.folder).unwrap();
    }
}
