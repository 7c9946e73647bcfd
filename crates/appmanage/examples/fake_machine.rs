//! A machine with many apps that are not there, for `cargo xtask bench`: an engine's API on a socket that shows
//! their containers, and a data directory in which a server finds them installed.
//!
//! ```text
//! fake_machine SOCKET DATA_DIRECTORY NUMBER_OF_APPS
//! ```
//!
//! It says `ready`, answers each line on its standard input with the number of requests that the engine has got
//! so far (without pings, which only ask whether it is alive), and ends with that input. The rows are those that an install of WordPress with its database leaves;
//! they are written by the server's own store.
#![expect(clippy::print_stdout, reason = "a program for another program")]

use std::io::BufRead as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use control::ports::Store as _;
use control::ports::store::Change;
use domain::observation::Expectation;
use domain::package::{Requirements, Speaks};
use domain::{
    App, AppId, ContainerId, Deployment, Desired, ImagePull, InstallId, LayerPull, Lifecycle, Login,
    MainEndpoint, Observation, Operation, OperationId, OperationKind, OperationState, Origin, PackageName,
    PackageRef, PortReservation, ProjectName, Protocol, Secret, SettingValues, Step, StepOutcome, StepRecord,
    SubnetReservation, Timestamp,
};
use ipnet::Ipv4Net;
use store::SqliteStore;
use testkit::{FakeDaemon, fake_daemon};

/// The newest API version that there is; what is measured does not depend on it.
const API_VERSION: &str = "1.53";

const SERVICES: [&str; 2] = ["wordpress", "database"];

/// When every container was started: what `testkit::fake_daemon::container` says.
const STARTED_AT: Timestamp = Timestamp::from_millis(1_767_225_601_500);

/// Where the ports and the subnets of the apps begin.
const FIRST_PORT: u16 = 20_000;
const FIRST_SUBNET: Ipv4Addr = Ipv4Addr::new(10, 213, 0, 0);
const ADDRESSES_PER_SUBNET: u32 = 32;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [socket, data_dir, count] = words.as_slice() else {
        anyhow::bail!("usage: fake_machine SOCKET DATA_DIRECTORY NUMBER_OF_APPS");
    };
    let data_dir = Path::new(data_dir);
    let store = SqliteStore::open(data_dir)?;
    let instance = store.instance()?;
    let daemon = FakeDaemon::start(Path::new(socket), API_VERSION);
    for number in 0..count.parse().context("the number of apps is no number")? {
        let app = app(number, data_dir)?;
        for service in SERVICES {
            let (project, install) = (app.project.as_str(), app.install.as_str());
            let id = container_id(number, service);
            daemon.put_container(fake_daemon::container(&id, project, service, instance.as_str(), install));
        }
        let operation = Some(operation(number, &app));
        let deployment = app.deployment.clone().context("every app of ours has one")?;
        store.commit(&Change {
            operation,
            ports: Some((app.install.clone(), deployment.ports)),
            subnets: Some((app.install.clone(), deployment.subnets)),
            app: Some(app),
            ..Change::default()
        })?;
    }
    drop(store);
    println!("ready");
    // The engine answers on the runtime's other threads.
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lock().lines() {
            line?;
            println!(
                "{}",
                daemon.requests().iter().filter(|request| !request.line.ends_with("/_ping")).count()
            );
        }
        anyhow::Ok(())
    })
    .await?
}

fn container_id(number: u16, service: &str) -> String {
    // As long as a real one: 64 hexadecimal digits.
    format!("{number:060x}{:04x}", service.len())
}

fn app(number: u16, data_dir: &Path) -> anyhow::Result<App> {
    let id = AppId::parse(&format!("blog{number:04}"))?;
    let observation = Observation {
        answered: Some((ContainerId::from_text(container_id(number, SERVICES[0])), STARTED_AT)),
        ..Observation::default()
    };
    Ok(App {
        install: InstallId::from_text(format!("install{number:013}")),
        origin: Origin::Installed,
        project: ProjectName::from(&id),
        package: PackageRef {
            name: "wordpress".to_owned(),
            catalog: PackageName::BUILT_IN.to_owned(),
            version: "6.1".to_owned(),
            trademark: "WordPress".to_owned(),
            fingerprint: None,
            official: true,
            requirements: Requirements { cpu_cores: 1, memory_bytes: 512 << 20, disk_bytes: 2 << 30 },
        },
        settings: SettingValues::default(),
        desired: Desired::Running,
        lifecycle: Lifecycle::Installed,
        deployment: Some(deployment(number, &data_dir.join("apps").join(id.as_str()))?),
        images: Vec::new(),
        observation,
        created_at: created_at(number),
        id,
        trashed_at: None,
        domains: Vec::new(),
    })
}

fn created_at(number: u16) -> Timestamp {
    STARTED_AT.plus(Duration::from_secs(number.into()))
}

fn deployment(number: u16, folder: &Path) -> anyhow::Result<Deployment> {
    let port = FIRST_PORT + number;
    let subnet = u32::from(FIRST_SUBNET) + ADDRESSES_PER_SUBNET * u32::from(number);
    let secret = || Secret::from_text("abcdefghijklmnopqrstuvwx".to_owned());
    Ok(Deployment {
        folder: PathBuf::from(folder),
        compose_file: folder.join("compose.yaml"),
        ports: vec![PortReservation {
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            protocol: Protocol::Tcp,
            port,
            service: SERVICES[0].to_owned(),
            target: 80,
        }],
        subnets: vec![SubnetReservation {
            network: "default".to_owned(),
            subnet: Ipv4Net::new(Ipv4Addr::from(subnet), 27)?,
        }],
        images: vec!["wordpress:6.1".to_owned(), "mariadb:10.11".to_owned()],
        tokens: Vec::new(),
        kept_volumes: Vec::new(),
        expected: Expectation {
            services: SERVICES.map(|service| (service.to_owned(), false)).to_vec(),
            main_service: Some(SERVICES[0].to_owned()),
        },
        patience: Duration::from_secs(300),
        main: Some(MainEndpoint {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port,
            speaks: Speaks::Http { ready_path: "/".to_owned(), path: "/".to_owned(), tls: false },
        }),
        admin_path: "/wp-admin/".to_owned(),
        login: Login::default(),
        user_variable: None,
        password_variable: None,
        secrets: ["DATABASE_PASSWORD", "DATABASE_ROOT_PASSWORD"]
            .map(|name| (name.to_owned(), secret()))
            .to_vec(),
    })
}

/// The install that it came by.
fn operation(number: u16, app: &App) -> Operation {
    let id = OperationId::from_text(format!("operation{number:011}"));
    let at = created_at(number);
    let kind = OperationKind::Install;
    let mut operation = Operation::queued(id, app.install.clone(), app.id.clone(), kind, at);
    operation.state = OperationState::Succeeded;
    operation.started_at = Some(at);
    operation.finished_at = Some(at);
    let succeeded = |step: &Step| StepRecord {
        step: *step,
        attempt: 1,
        started_at: at,
        ended_at: Some(at),
        outcome: StepOutcome::Succeeded,
    };
    operation.steps = kind.steps().iter().map(succeeded).collect();
    operation.pulls =
        [("wordpress:6.1", 6), ("mariadb:10.11", 3)].map(|(image, count)| pull(image, count)).to_vec();
    operation
}

fn pull(image: &str, layers: u64) -> ImagePull {
    let layer = |number: u64| LayerPull {
        id: format!("{number:012x}"),
        bytes_done: 10_000_000,
        bytes_total: 10_000_000,
        complete: true,
    };
    ImagePull { image: image.to_owned(), layers: (0..layers).map(layer).collect(), complete: true }
}
