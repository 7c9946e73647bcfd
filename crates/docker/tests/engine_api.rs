//! The Engine API against a fake daemon: versions, broken answers, an engine that is away.

#![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

mod engine_api {
    mod away;
    mod look;
    mod output;
    mod pull;
    mod usage;
    mod versions;
}

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use control::ports::PullSink;
use docker::{Docker, Environment};
use domain::ImagePull;
use testkit::FakeDaemon;

/// A fake daemon in a folder of its own, and our client of it.
struct Place {
    folder: tempfile::TempDir,
    daemon: FakeDaemon,
    docker: Docker,
}

impl Place {
    fn with_api(version: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let daemon = FakeDaemon::start(&folder.path().join("docker.sock"), version);
        let docker = client(&daemon.host(), folder.path());
        Self { folder, daemon, docker }
    }

    fn lines_asked(&self) -> Vec<String> {
        self.daemon.requests().into_iter().map(|request| request.line).collect()
    }
}

fn client(host: &str, client_config: &Path) -> Docker {
    let config = client_config.display().to_string();
    let environment = [("DOCKER_HOST".to_owned(), host.to_owned()), ("DOCKER_CONFIG".to_owned(), config)];
    Docker::of(Environment::of(environment)).expect("a socket")
}

/// Keeps what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<ImagePull>>);

impl PullSink for Told {
    fn progress(&self, pull: &ImagePull) {
        self.0.lock().expect("no test panics while it tells").push(pull.clone());
    }
}

impl Told {
    fn all(&self) -> Vec<ImagePull> {
        self.0.lock().expect("no test panics while it tells").clone()
    }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
