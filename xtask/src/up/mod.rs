//! `cargo xtask up`: from a bare machine to WordPress in the browser; `cargo xtask down` takes it away again.
//!
//! `up` asks nothing and can be run as often as wanted: each part that is there already is left as it is.
//! Where to read next: `choice` for which engine is used, `state` for what is remembered in between,
//! `follow` for the install as one sees it, `down` for the way back.

mod choice;
mod down;
mod follow;
mod server;
mod state;

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::api::{Api, text};
use crate::command::until;
use crate::http::Address;
use crate::paths;
use crate::progress::Progress;
use state::{Demo, State};

pub(crate) use down::down;

/// What is installed, and the name it gets.
const PACKAGE: &str = "wordpress";
const APP: &str = "myblog";

/// A page of a loaded WordPress takes a second or two.
const PAGE_LIMIT: Duration = Duration::from_secs(60);

/// Brings it all up and prints where it is.
pub(crate) fn up(repository: &Path) -> Result<()> {
    let demo = Demo::of(repository);
    let _lock = demo.lock()?;
    let progress = Progress::new();
    let (state, api) = match demo.running()? {
        Some(running) => running,
        None => start(repository, &demo, &progress)?,
    };
    install(&state, &api, &progress)?;
    let detail = api.detail(APP)?;
    let port = detail["running_info"]["port"].as_u64().and_then(|port| u16::try_from(port).ok());
    let port = port.with_context(|| format!("AppList tells no port of {APP}: {detail}"))?;
    await_page(port)?;
    print_summary(&demo, &state, port, &text(&detail["running_info"]["url"]));
    Ok(())
}

/// Builds the server, sees to an engine, and starts the one before the other.
fn start(repository: &Path, demo: &Demo, progress: &Progress) -> Result<(State, Api)> {
    paths::create_folder(&demo.folder)?;
    let built = server::build(repository, progress)?;
    // An earlier run's choice stands: its apps are on that engine.
    let mut state = match demo.state()? {
        Some(state) => state,
        None => choice::choose(&built)?,
    };
    demo.remember(&state)?;
    let environment = choice::engage(repository, &mut state)?;
    state.port = server::start(demo, &built, environment)?;
    demo.remember(&state)?;
    let api = Api::at(SocketAddr::from((Ipv4Addr::LOCALHOST, state.port)));
    println!("server    up at http://127.0.0.1:{}", state.port);
    Ok((state, api))
}

/// Installs the app, unless it is there, and waits until it runs.
fn install(state: &State, api: &Api, progress: &Progress) -> Result<()> {
    let is_there = match api.status(APP)?.as_deref() {
        None => false,
        // A failed install leaves only its record, and may be repeated.
        Some("50") => api.operation(APP)?["state"] != "failed",
        Some(_) => true,
    };
    if !is_there {
        println!("install   {PACKAGE} {} as {APP}", state.version);
        api.install(PACKAGE, APP, &state.version)?;
    }
    follow::follow(api, APP, progress)?;
    // After a restart of the engine its containers come back a moment later.
    let mut status = None;
    if until(PAGE_LIMIT, || {
        status = api.status(APP).ok().flatten();
        status.as_deref() == Some("30")
    }) {
        return Ok(());
    }
    bail!(
        "{APP} is installed but does not run (status {}); `cargo xtask down`, then `cargo xtask up` starts afresh",
        status.unwrap_or_else(|| "unknown".to_owned())
    )
}

/// Waits until the app shows its own page, not merely some answer.
fn await_page(port: u16) -> Result<()> {
    let address = Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let mut last = "no answer".to_owned();
    let shown = until(PAGE_LIMIT, || match address.get_following("/", PAGE_LIMIT) {
        Ok(answer) => {
            last = format!("status {}", answer.status);
            answer.status == 200 && answer.text().contains("WordPress")
        }
        Err(error) => {
            last = error.to_string();
            false
        }
    });
    if !shown {
        bail!("http://127.0.0.1:{port}/ does not show WordPress's page ({last})");
    }
    Ok(())
}

fn print_summary(demo: &Demo, state: &State, port: u16, public: &str) {
    let curl = "curl -H Version:v1 -H Language:en";
    let base = format!("http://127.0.0.1:{}", state.port);
    println!("\nWordPress, with MariaDB behind it, answers at\n");
    println!("    http://127.0.0.1:{port}/");
    if !public.is_empty() {
        println!("    {public}    from other machines");
    }
    println!("\nWhoever opens it first sets the site up. Next, you may\n");
    println!("    see your apps          {curl} {base}/AppList");
    println!(
        "    install another        {curl} '{base}/AppInstall?app_name=redis&customer_app_name=cache&app_version=7.0'"
    );
    println!("    take all of it away    cargo xtask down");
    println!("\nThe whole API is at {base}/docs, the server's log in {}.", demo.log().display());
}

impl Demo {
    /// One `up` or `down` at a time.
    fn lock(&self) -> Result<File> {
        let file = self.folder.with_extension("lock");
        paths::create_folder(file.parent().context("target/ holds the folder")?)?;
        let lock = File::create(&file).with_context(|| format!("{} cannot be opened", file.display()))?;
        lock.lock().with_context(|| format!("{} cannot be locked", file.display()))?;
        Ok(lock)
    }

    /// The server of an earlier `up`, if it answers and its engine does.
    fn running(&self) -> Result<Option<(State, Api)>> {
        let Some(state) = self.state()? else { return Ok(None) };
        if self.daemon(Vec::new()).pid().is_none() {
            return Ok(None);
        }
        let api = Api::at(SocketAddr::from((Ipv4Addr::LOCALHOST, state.port)));
        Ok(api.is_good("/readyz").then_some((state, api)))
    }
}
