//! The adapters against a real engine and the real `docker compose`: `cargo xtask test` starts one and
//! names it in the environment.

#![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

mod real_engine {
    mod leftovers;
    mod policy;
    mod pull;
    mod up;
}

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use control::ports::projects::VariableValue;
use control::ports::{Engine as _, EngineContainer, EngineObject, Project, Projects as _, PullSink};
use docker::{Compose, ComposeProjects, Docker, Environment};
use domain::package::Service;
use domain::{
    ContainerId, ImagePull, InstallId, InstanceId, Package, PortReservation, ProjectName, Protocol,
    SubnetReservation,
};
use testkit::packages;

/// What the test environment has, two megabytes in size.
const IMAGE: &str = "appmanage/hello:2";

/// An app on the engine, whose every trace is taken away at the end.
struct Place {
    /// Where the data directory is.
    root: PathBuf,
    docker: Docker,
    projects: ComposeProjects,
    project: Project,
}

impl Place {
    /// An app of that compose file, its folder written and its image pulled. `number` tells the apps of
    /// these tests apart: their names, ports and subnets.
    async fn of(number: u8, compose: &str) -> Self {
        let place = Self::unwritten(number, compose).await;
        place
            .docker
            .pull(IMAGE, Duration::from_secs(60), &Silent)
            .await
            .expect("the test environment has it");
        place.projects.create_folder(&place.project.folder, &place.project.install).await.expect("created");
        place.projects.write(&place.project).await.expect("written");
        place
    }

    /// The same without a side effect: what a second server sees.
    async fn unwritten(number: u8, compose: &str) -> Self {
        let environment = Environment::of(std::env::vars());
        let root = std::env::temp_dir().join(format!("appmanage-real-engine-{number}"));
        let instance = InstanceId::from_text(format!("realengine{number}"));
        let detected = Compose::find(environment.clone()).expect("the test environment has it");
        let docker = Docker::of(environment.clone()).expect("the test environment's engine");
        let projects = ComposeProjects::of(detected, &root, instance.clone());
        let project = project(number, compose, &root, instance);
        Self { root, docker, projects, project }
    }

    async fn containers(&self) -> Vec<EngineContainer> {
        let sight = self.docker.look().await.expect("it answers");
        let install = Some(&self.project.install);
        sight.containers.into_iter().filter(|shown| shown.owner.install.as_ref() == install).collect()
    }

    /// The only container of a service.
    async fn container(&self, service: &str) -> EngineContainer {
        let found = self.containers().await.into_iter().find(|shown| shown.facts.service == service);
        found.expect("the service has a container")
    }

    /// A network may be held for a moment by the endpoint of a container that has just been removed.
    async fn remove(&self, object: &EngineObject) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Err(error) = self.docker.remove(object).await {
            assert!(error.to_string().contains("active endpoints") && Instant::now() < deadline, "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Removes everything that bears our mark; says how much that was.
    async fn clean(self) -> usize {
        self.projects.end_leftovers(&self.project.folder, &self.project.install).await.expect("they end");
        let (sight, install) = (self.docker.look().await.expect("it answers"), Some(&self.project.install));
        let containers = sight.containers.iter().filter(|shown| shown.owner.install.as_ref() == install);
        let networks = sight.networks.iter().filter(|shown| shown.owner.install.as_ref() == install);
        let volumes = sight.volumes.iter().filter(|shown| shown.owner.install.as_ref() == install);
        let ours: Vec<_> = containers
            .map(|shown| EngineObject::Container(shown.facts.id.clone()))
            .chain(networks.map(|shown| EngineObject::Network(shown.id.clone())))
            .chain(volumes.map(|shown| EngineObject::Volume(shown.name.clone())))
            .collect();
        for object in ours.iter().chain(&ours) {
            self.remove(object).await;
        }
        self.projects.remove_folder(&self.project.folder, &self.project.install).await.expect("removed");
        std::fs::remove_dir_all(&self.root).expect("only what was ours is there");
        ours.len()
    }
}

fn project(number: u8, compose: &str, root: &std::path::Path, instance: InstanceId) -> Project {
    let name = ProjectName::from_text(format!("realengine{number}"));
    let pool = std::env::var("TESTENV_SUBNETS").expect("the test environment names its subnets");
    let start = pool.split_once(".192.0/").expect("10.N.192.0/18").0.to_owned();
    let mut package = Package { compose: compose.to_owned(), ..packages::hello() };
    if compose.contains("volumes:") {
        package.volumes.push("data".to_owned());
    }
    if compose.contains("  db:") {
        let web = &package.services[0];
        package.services.push(Service { name: "db".to_owned(), ports: Vec::new(), ..web.clone() });
    }
    Project {
        folder: root.join("apps").join(name.as_str()),
        name,
        instance,
        install: InstallId::from_text(format!("install{number}")),
        package: Arc::new(package),
        variables: vec![("MESSAGE".to_owned(), VariableValue::Plain("hello".to_owned()))],
        ports: vec![PortReservation {
            address: std::net::Ipv4Addr::LOCALHOST.into(),
            protocol: Protocol::Tcp,
            port: 27_000 + u16::from(number),
            service: "web".to_owned(),
            target: 80,
        }],
        subnets: vec![SubnetReservation {
            network: "default".to_owned(),
            subnet: format!("{start}.250.{}/28", 16 * (number % 16)).parse().expect("a subnet"),
        }],
        kept_volumes: Vec::new(),
    }
}

/// A sink for figures that nobody wants.
struct Silent;

impl PullSink for Silent {
    fn progress(&self, _: &ImagePull) {}
}

/// Runs the docker command as a user would.
fn docker_command(arguments: &[&str]) -> String {
    let output =
        Command::new("docker").args(arguments).stderr(Stdio::inherit()).output().expect("docker runs");
    String::from_utf8(output.stdout).expect("text")
}

/// What inspect says, as soon as the condition is met.
async fn inspect_until(
    docker: &Docker,
    id: &ContainerId,
    condition: impl Fn(&EngineContainer) -> bool,
) -> EngineContainer {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let seen = docker.inspect(id).await.expect("it answers").expect("it is there");
        if condition(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "{seen:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
