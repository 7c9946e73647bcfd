//! The private engine as `bench` uses it: the plain client that is compared with, and a clean table.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::command::{output, run};
use crate::http::{Address, Answer, Connection, request};
use crate::trial::Variables;

/// How long the engine may take for one answer. Ending a container is one.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) struct Docker {
    address: Address,
    /// For clients.
    environment: Vec<(&'static str, String)>,
}

impl Docker {
    pub(super) fn of(environment: Vec<(&'static str, String)>) -> Result<Docker> {
        let host = environment.iter().find(|(name, _)| *name == "DOCKER_HOST").map(|(_, host)| host.as_str());
        let address = host.and_then(Address::of_docker_host).context("the engine has a socket")?;
        Ok(Docker { address, environment })
    }

    /// What a server of ours needs to use it.
    pub(super) fn variables(&self) -> Variables {
        let rename = |name: &str| match name {
            "DOCKER_HOST" | "DOCKER_CONFIG" => Some(name.to_owned()),
            "TESTENV_SUBNETS" => Some("APPMANAGE_NETWORK_SUBNET_POOL".to_owned()),
            _ => None,
        };
        self.environment.iter().filter_map(|(name, value)| Some((rename(name)?, value.clone()))).collect()
    }

    /// The `docker` command.
    pub(super) fn client(&self) -> Command {
        let mut docker = Command::new("docker");
        docker.envs(self.environment.iter().map(|(name, value)| (*name, value)));
        docker
    }

    /// Removes all containers, networks and volumes, and images too.
    pub(super) fn clear(&self) -> Result<()> {
        let kinds: [(&[&str], &[&str]); 4] = [
            (&["ps", "--all", "--quiet"], &["rm", "--force", "--volumes"]),
            (&["network", "ls", "--quiet", "--filter", "type=custom"], &["network", "rm"]),
            (&["volume", "ls", "--quiet"], &["volume", "rm"]),
            (&["image", "ls", "--quiet"], &["image", "rm", "--force"]),
        ];
        for (list, remove) in kinds {
            let found = output(self.client().args(list))?;
            let mut found: Vec<&str> = found.split_whitespace().collect();
            // An image is listed once for each of its names.
            found.sort_unstable();
            found.dedup();
            if !found.is_empty() {
                run(self.client().args(remove).args(found))?;
            }
        }
        Ok(())
    }

    /// The containers of a compose project.
    pub(super) fn containers(&self, project: &str) -> Result<Vec<Value>> {
        // {"label":["com.docker.compose.project=NAME"]}
        let filters = format!("%7B%22label%22%3A%5B%22com.docker.compose.project%3D{project}%22%5D%7D");
        let answer = self.ask("GET", &format!("/containers/json?all=1&filters={filters}"))?;
        Ok(answer.json()?.as_array().cloned().unwrap_or_default())
    }

    /// Asks the engine itself, without starting a client.
    pub(super) fn ask(&self, method: &str, target: &str) -> Result<Answer> {
        let answer = Connection::open(&self.address, LIMIT)?.send(&request(method, target, ""))?;
        if answer.status >= 300 {
            bail!("the engine answered {} to {method} {target}: {}", answer.status, answer.text());
        }
        Ok(answer)
    }
}
