//! `appmanage serve`: puts the parts together, in an order in which whatever cannot work is found out before
//! anything is begun, and takes them apart again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use acme::AcmeAuthority;
use anyhow::{Context, bail};
use catalog::PackageCatalog;
use control::ports::{Engine, Store as _};
use control::{Control, Front, Ports, Settings, Stop};
use docker::{Compose, ComposeError, ComposeProjects, Docker, Environment};
use gateway::NginxGateway;
use host::{LinuxHost, RandomIds, SystemClock};
use server::ServerSettings;
use store::SqliteStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::activation::HandedOver;
use crate::config::{Config, Publish};
use crate::data_dir::DataDir;
use crate::instance::ServedInstance;
use crate::lifecycle::{self, Signals};
use crate::trust::{self, TrustError};
use crate::{own_limits, surroundings};

/// Threads that carry the runtime. The server waits nearly all of the time; more would only cost memory.
const WORKER_THREADS: usize = 2;

/// How long a write that blocks may hold up the end of the process.
const LAST_WRITES_LIMIT: Duration = Duration::from_secs(5);

/// Serves until told to stop. `variables` is the environment, for Docker's own tools.
pub(crate) fn run(
    config: &Config,
    handed_over: HandedOver,
    variables: BTreeMap<String, String>,
) -> anyhow::Result<()> {
    own_limits::set();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .enable_all()
        .build()
        .context("cannot start the threads of the server")?;
    let served = runtime.block_on(serve(config, handed_over, variables));
    runtime.shutdown_timeout(LAST_WRITES_LIMIT);
    served
}

async fn serve(
    config: &Config,
    handed_over: HandedOver,
    variables: BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let server_settings = server_settings(config)?;
    let data_dir = DataDir::claim(&config.data_dir)?;
    let signals = Signals::catch().context("cannot catch signals")?;
    let socket_mode = match config.gateway_user {
        Some(_) => surroundings::SOCKET_MODE_WITH_GATEWAY,
        None => surroundings::SOCKET_MODE,
    };
    let (listeners, _socket_files) =
        surroundings::listen(&config.listen, handed_over, &data_dir, socket_mode)?;
    let compose = Compose::find(environment(config, variables))?;
    let ports = open_ports(config, &compose, &data_dir).await?;
    let engine = Arc::clone(&ports.engine);
    let control = Control::open(ports, settings(config)).context("cannot load the database")?;
    let _instance = ServedInstance::claim(control.instance())?;
    let api = server::api(Arc::clone(&control), &server_settings)?;

    let stop = Stop::default();
    let shutdown = CancellationToken::new();
    let tasks = TaskTracker::new();
    let work = tasks.spawn({
        let (stop, shutdown) = (stop.clone(), shutdown.clone());
        let serving = serving(config, &data_dir);
        async move {
            // Answers are given until the work has ended, however it ends.
            let _shutdown = shutdown.drop_guard();
            // Reads are answered meanwhile; nothing is begun with a compose that is not good enough.
            let version = compose.check().await?;
            tracing::debug!(compose.version = version, "docker compose found");
            tracing::info!("{serving}");
            lifecycle::tell_ready();
            tokio::join!(control.run(stop), warn_of_absent_engine(engine));
            Ok::<_, ComposeError>(())
        }
    });
    let worked = shutdown.clone();
    let answers = tasks.spawn(server::serve(listeners, api, shutdown));

    tokio::select! {
        ended = async { tokio::try_join!(work, answers) } => {
            let (work, ()) = ended.context("a part of the server panicked")?;
            work?;
            tracing::info!("stopped");
            Ok(())
        }
        why = lifecycle::stop_when_told(signals, stop, worked) => bail!(why),
        () = lifecycle::feed_watchdog() => unreachable!("the watchdog is fed for ever"),
    }
}

/// The line that tells of a good start.
fn serving(config: &Config, data_dir: &DataDir) -> String {
    let listen: Vec<String> = config.listen.iter().map(ToString::to_string).collect();
    let (version, data_dir) = (env!("CARGO_PKG_VERSION"), data_dir.path().display());
    format!("appmanage {version} serves {data_dir} at {}", listen.join(", "))
}

/// What Docker's own tools are told: the environment, with the engine that the settings name.
fn environment(config: &Config, mut variables: BTreeMap<String, String>) -> Environment {
    variables.insert("DOCKER_HOST".to_owned(), config.engine_host.0.clone());
    Environment::of(variables)
}

/// Everything that the use cases work with.
async fn open_ports(config: &Config, compose: &Compose, data_dir: &DataDir) -> anyhow::Result<Ports> {
    let engine = Docker::of(compose.environment().clone())?;
    let (path, packages) = (data_dir.path().to_owned(), config.catalog_dir.clone());
    let files = tokio::task::spawn_blocking(move || open_files(&path, packages.as_deref()));
    let (store, catalog) = files.await.context("opening the database panicked")??;
    let projects = ComposeProjects::of(compose.clone(), data_dir.path(), store.instance()?);
    projects
        .clear_scratch()
        .context("cannot remove what an earlier life of the server left in its scratch folder")?;
    Ok(Ports {
        access: Arc::clone(&store) as _,
        catalogs: Arc::clone(&store) as _,
        store,
        engine: Arc::new(engine),
        projects: Arc::new(projects),
        sources: Arc::clone(&catalog) as _,
        catalog,
        host: Arc::new(LinuxHost),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        front: front(config, data_dir),
    })
}

/// What serves apps under names of their own, where a gateway is configured.
fn front(config: &Config, data_dir: &DataDir) -> Option<Front> {
    if config.gateway_user.is_none() && config.gateway_secret_file.is_none() {
        return None;
    }
    let gateway_dir = config.gateway_dir.clone().unwrap_or_else(|| data_dir.path().join("gateway"));
    let certificates = AcmeAuthority::of(acme::Settings {
        directory: config.acme_directory.0.clone(),
        contact: config.acme_contact.as_ref().map(|contact| contact.0.clone()).unwrap_or_default(),
        ca_file: config.acme_ca_file.clone(),
        account_file: data_dir.path().join("acme").join("account.json"),
        folder: gateway_dir.join("certificates"),
    });
    let gateway = NginxGateway::of(&config.gateway_nginx_dir, &gateway_dir);
    Some(Front { gateway: Arc::new(gateway), certificates: Arc::new(certificates) })
}

fn open_files(
    data_dir: &Path,
    packages: Option<&Path>,
) -> anyhow::Result<(Arc<SqliteStore>, Arc<PackageCatalog>)> {
    let store = SqliteStore::open(data_dir)?;
    let catalog = PackageCatalog::load(packages, data_dir.join("catalogs")).catalog;
    Ok((Arc::new(store), Arc::new(catalog)))
}

/// One line where the engine does not answer now. It is no reason not to start: it may come later.
async fn warn_of_absent_engine(engine: Arc<dyn Engine>) {
    if let Err(error) = engine.ping().await {
        tracing::warn!(%error, "the container engine is away; installs wait until it answers");
    }
}

/// The names that this server itself is reached by.
fn own_hosts(config: &Config) -> Vec<String> {
    let hosts = config.api_hosts.iter().map(|name| name.0.clone());
    std::iter::once(config.public_host.0.clone()).chain(hosts).collect()
}

fn settings(config: &Config) -> Settings {
    Settings {
        public_host: config.public_host.0.clone(),
        own_hosts: own_hosts(config),
        installs_at_once: config.installs_at_once.to(),
        pull_idle_limit: Duration::from_secs(config.installs_pull_idle_seconds.get().into()),
        engine_grace: Duration::from_secs(config.engine_grace_seconds.get().into()),
        port_first: config.network_port_first.to(),
        port_last: config.network_port_last.to(),
        publish_on_loopback: config.network_publish == Publish::Loopback,
        subnet_pool: config.network_subnet_pool,
        subnet_prefix: config.network_subnet_prefix.to(),
        foreign_projects: config.projects_foreign,
        trash_retention: Duration::from_hours(24 * u64::from(config.trash_retention_days.get())),
        policy_exceptions: config.policy_exceptions.iter().map(|name| name.0.clone()).collect(),
        data_dir: config.data_dir.clone(),
    }
}

fn server_settings(config: &Config) -> Result<ServerSettings, TrustError> {
    Ok(ServerSettings {
        trust: trust::of(config)?,
        base: config.api_base.0.clone(),
        require_headers: config.api_require_headers,
        cors_origins: config.api_cors_origins.iter().map(|origin| origin.0.clone()).collect(),
        hosts: config.api_hosts.iter().map(|name| name.0.clone()).collect(),
        public_host: config.public_host.0.clone(),
    })
}
