//! `appmanage serve`: puts the parts together, in an order in which whatever cannot work is found out before
//! anything is begun, and takes them apart again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use catalog::PackageCatalog;
use control::ports::{Catalog, Engine, Store};
use control::{Control, Ports, Settings, Stop};
use docker::{Compose, ComposeProjects, Docker, Environment};
use host::{LinuxHost, RandomIds, SystemClock};
use server::ServerSettings;
use store::SqliteStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::lifecycle::{self, Signals};
use crate::surroundings;

/// Threads that carry the runtime. The server waits nearly all of the time; more would only cost memory.
const WORKER_THREADS: usize = 4;

/// How long a write that blocks may hold up the end of the process.
const LAST_WRITES_LIMIT: Duration = Duration::from_secs(5);

/// Serves until told to stop. `variables` is the environment, for Docker's own tools.
pub(crate) fn run(config: &Config, variables: BTreeMap<String, String>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .enable_all()
        .build()
        .context("cannot start the threads of the server")?;
    let served = runtime.block_on(serve(config, variables));
    runtime.shutdown_timeout(LAST_WRITES_LIMIT);
    served
}

async fn serve(config: &Config, variables: BTreeMap<String, String>) -> anyhow::Result<()> {
    let data_dir = DataDir::claim(&config.data_dir)?;
    let signals = Signals::catch().context("cannot catch signals")?;
    let (listeners, _socket_files) = surroundings::listen(&config.listen, &data_dir)?;
    let ports = open_ports(config, variables, &data_dir).await?;
    let engine = Arc::clone(&ports.engine);
    let control = Control::open(ports, settings(config)).context("cannot load the database")?;
    let router = server::router(Arc::clone(&control), &server_settings(config))?;

    let stop = Stop::default();
    let shutdown = CancellationToken::new();
    let tasks = TaskTracker::new();
    let work = tasks.spawn({
        let (stop, shutdown) = (stop.clone(), shutdown.clone());
        async move {
            // Answers are given until the work has ended, however it ends.
            let _shutdown = shutdown.drop_guard();
            control.run(stop).await;
        }
    });
    let answers = tasks.spawn(server::serve(listeners, router, shutdown));
    tasks.spawn(warn_of_absent_engine(engine));

    let listen: Vec<String> = config.listen.iter().map(ToString::to_string).collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        data_dir = %data_dir.path().display(),
        listen = listen.join(", "),
        "serving"
    );
    lifecycle::tell_ready();
    tokio::select! {
        ended = async { tokio::try_join!(work, answers) } => {
            ended.context("a part of the server panicked")?;
            tracing::info!("stopped");
            Ok(())
        }
        why = lifecycle::stop_when_told(signals, stop) => bail!(why),
        () = lifecycle::feed_watchdog() => unreachable!("the watchdog is fed for ever"),
    }
}

/// Everything that the use cases work with. Two programs are started to look at `docker compose`; meanwhile
/// the database is opened and the packages are read.
async fn open_ports(
    config: &Config,
    mut variables: BTreeMap<String, String>,
    data_dir: &DataDir,
) -> anyhow::Result<Ports> {
    variables.insert("DOCKER_HOST".to_owned(), config.engine_host.0.clone());
    let environment = Environment::of(variables);
    let engine = Docker::of(environment.clone())?;
    let from_disk = tokio::task::spawn_blocking({
        let (path, packages) = (data_dir.path().to_owned(), config.catalog_dir.clone());
        move || open_files(&path, packages.as_deref())
    });
    let (compose, from_disk) = tokio::join!(Compose::detect(&environment), from_disk);
    let (store, catalog) = from_disk.context("opening the database panicked")??;
    let compose = compose?;
    tracing::debug!(compose.version = compose.version(), "docker compose found");
    let projects = ComposeProjects::of(compose, environment, data_dir.path(), store.instance()?);
    Ok(Ports {
        store,
        engine: Arc::new(engine),
        projects: Arc::new(projects),
        catalog,
        host: Arc::new(LinuxHost),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
    })
}

fn open_files(
    data_dir: &Path,
    packages: Option<&Path>,
) -> anyhow::Result<(Arc<dyn Store>, Arc<dyn Catalog>)> {
    let store = SqliteStore::open(data_dir)?;
    let catalog = PackageCatalog::load(packages).catalog;
    Ok((Arc::new(store), Arc::new(catalog)))
}

/// One line where the engine does not answer now. It is no reason not to start: it may come later.
async fn warn_of_absent_engine(engine: Arc<dyn Engine>) {
    if let Err(error) = engine.ping().await {
        tracing::warn!(%error, "the container engine is away; installs wait until it answers");
    }
}

fn settings(config: &Config) -> Settings {
    Settings {
        public_host: config.public_host.clone(),
        installs_at_once: config.installs_at_once.to(),
        pull_idle_limit: Duration::from_secs(config.installs_pull_idle_seconds.get().into()),
        engine_grace: Duration::from_secs(config.engine_grace_seconds.get().into()),
        port_first: config.network_port_first.to(),
        port_last: config.network_port_last.to(),
        subnet_pool: config.network_subnet_pool,
        subnet_prefix: config.network_subnet_prefix.to(),
        data_dir: config.data_dir.clone(),
    }
}

fn server_settings(config: &Config) -> ServerSettings {
    ServerSettings {
        base: config.api_base.clone(),
        require_headers: config.api_require_headers,
        cors_origins: config.api_cors_origins.clone(),
        hosts: config.api_hosts.clone(),
        public_host: config.public_host.clone(),
    }
}
