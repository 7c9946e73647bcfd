//! The program nginx: asked whether it takes a configuration, and told to read it anew.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::error::GatewayFailure;

/// Where nginx is looked for.
const PATH: &str = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/sbin:/bin";

/// nginx reads a thousand sites with their certificates within seconds.
const TIME_MAX: Duration = Duration::from_secs(30);

/// Bytes that are read of what nginx says: it says what is wrong first, and little else.
const WORDS_BYTES_MAX: u64 = 64 * 1024;

/// A name that two sites of one nginx have: it serves one of them, and tells by a warning only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameClash {
    pub(crate) name: String,
    /// Where both listen.
    pub(crate) address: String,
}

impl NameClash {
    /// In nginx's words: `nginx: [warn] conflicting server name "a.example" on 0.0.0.0:443, ignored`. Of names only by which
    /// somebody can ask: "_" and "" are what sites have that are for all other names, Debian's own among them.
    fn in_line(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once("conflicting server name \"")?;
        let (name, rest) = rest.split_once("\" on ")?;
        let (address, _) = rest.rsplit_once(", ignored")?;
        (!["", "_"].contains(&name)).then(|| Self { name: name.to_owned(), address: address.to_owned() })
    }
}

/// An nginx, by its configuration.
#[derive(Debug)]
pub(crate) struct Nginx {
    config: PathBuf,
}

impl Nginx {
    pub(crate) fn of(nginx_dir: &Path) -> Self {
        Self { config: nginx_dir.join("nginx.conf") }
    }

    /// Whether it takes the configuration that is on disk.
    pub(crate) async fn test(&self) -> Result<(), GatewayFailure> {
        self.test_file(&self.config).await
    }

    /// Whether it takes a configuration.
    pub(crate) async fn test_file(&self, config: &Path) -> Result<(), GatewayFailure> {
        match run(config, &["-t", "-q"]).await? {
            (true, _) => Ok(()),
            (false, words) => Err(GatewayFailure::Refused { words }),
        }
    }

    /// Tests the configuration that is on disk, and tells which names more than one site has.
    pub(crate) async fn name_clashes(&self) -> Result<Vec<NameClash>, GatewayFailure> {
        match run(&self.config, &["-t"]).await? {
            (true, words) => Ok(words.lines().filter_map(NameClash::in_line).collect()),
            (false, words) => Err(GatewayFailure::Refused { words }),
        }
    }

    /// Tells it to read its configuration anew. Whether that took effect is not known then: it goes on with the old one
    /// where it cannot, and says nothing.
    pub(crate) async fn reload(&self) -> Result<(), GatewayFailure> {
        match run(&self.config, &["-s", "reload"]).await? {
            (true, _) => Ok(()),
            (false, words) => Err(GatewayFailure::NotReloaded { words }),
        }
    }
}

/// Whether it went well, and what it said.
async fn run(config: &Path, arguments: &[&str]) -> Result<(bool, String), GatewayFailure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that starts nginx; as docker's process module does it"
    )]
    let mut child = Command::new("nginx")
        .arg("-c")
        .arg(config)
        // What is wrong is said to us, not to a log.
        .args(["-e", "stderr"])
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(GatewayFailure::NoNginx)?;
    let stderr = child.stderr.take().expect("it is piped");
    let ended = async {
        let mut words = Vec::new();
        stderr.take(WORDS_BYTES_MAX).read_to_end(&mut words).await?;
        Ok((child.wait().await?.success(), String::from_utf8_lossy(&words).trim().to_owned()))
    };
    let silent = GatewayFailure::Silent { seconds: TIME_MAX.as_secs() };
    timeout(TIME_MAX, ended).await.map_err(|_| silent)?.map_err(GatewayFailure::NoNginx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clashes_of_names_are_told_from_other_warnings() {
        let words = "nginx: [warn] conflicting server name \"a.example\" on 0.0.0.0:443, ignored\n\
                     nginx: [warn] conflicting server name \"_\" on 0.0.0.0:80, ignored\n\
                     nginx: [warn] conflicting server name \"\" on [::]:80, ignored\n\
                     nginx: [warn] could not build optimal variables_hash\n\
                     nginx: configuration file /etc/nginx/nginx.conf test is successful";
        let clash = NameClash { name: "a.example".to_owned(), address: "0.0.0.0:443".to_owned() };
        assert_eq!(words.lines().filter_map(NameClash::in_line).collect::<Vec<_>>(), [clash]);
    }
}
