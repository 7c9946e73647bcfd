//! What each command does: one file for each, or for those that are the same but for a name.

mod accounts;
mod apps;
mod audit;
mod catalog;
mod catalog_check;
mod catalogs;
mod config;
mod confirm;
mod doctor;
mod domain;
mod events;
mod install;
mod logs;
mod open;
mod operations;
mod pages;
mod plan;
mod stats;
mod trash;
mod verbs;

use tokio::runtime;

use crate::Context;
use crate::args::{Catalog, Command, Domain, Key, User};
use crate::failure::Failure;

/// Carries out a command, on a runtime of its own.
pub(crate) fn block_on(command: &Command, context: &Context) -> Result<(), Failure> {
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(carry_out(command, context))
}

async fn carry_out(command: &Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Install(arguments) if arguments.plan => plan::plan(context, arguments).await,
        Command::Install(arguments) => install::install(context, arguments).await,
        Command::List(arguments) => apps::list(context, arguments).await,
        Command::Status(arguments) => apps::status(context, arguments).await,
        Command::Start(arguments) => verbs::carry_out(context, "AppStart", "start", arguments).await,
        Command::Stop(arguments) => verbs::carry_out(context, "AppStop", "stop", arguments).await,
        Command::Restart(arguments) => verbs::carry_out(context, "AppRestart", "restart", arguments).await,
        Command::Uninstall(arguments) => trash::uninstall(context, arguments).await,
        Command::Trash => trash::list(context).await,
        Command::Restore(arguments) => verbs::carry_out(context, "AppRestore", "restore", arguments).await,
        Command::Purge(arguments) => trash::purge(context, arguments).await,
        Command::Cancel(arguments) => verbs::cancel(context, arguments).await,
        Command::Logs(arguments) => logs::logs(context, arguments).await,
        Command::Events(arguments) => events::events(context, arguments).await,
        Command::Operations(arguments) => operations::list(context, arguments).await,
        Command::Stats(arguments) => stats::stats(context, arguments).await,
        Command::Config(arguments) => config::config(context, arguments).await,
        Command::Catalog(Catalog::Search(arguments)) => catalog::search(context, arguments).await,
        Command::Catalog(Catalog::Show(arguments)) => catalog::show(context, arguments).await,
        Command::Catalog(Catalog::Check(arguments)) => catalog_check::check(context, arguments).await,
        Command::Catalog(Catalog::Add(arguments)) => catalogs::add(context, arguments).await,
        Command::Catalog(Catalog::List) => catalogs::list(context).await,
        Command::Catalog(Catalog::Sync(arguments)) => catalogs::sync(context, arguments).await,
        Command::Catalog(Catalog::Remove(arguments)) => catalogs::remove(context, arguments).await,
        Command::Catalog(Catalog::Trust(arguments)) => catalogs::trust(context, arguments).await,
        Command::Domain(command) => domain::domain(context, command).await,
        Command::Adopt(arguments) => verbs::carry_out(context, "AppAdopt", "adopt", arguments).await,
        Command::Open(arguments) => open::open(context, &arguments.app).await,
        Command::Password(arguments) => open::password(context, &arguments.app).await,
        Command::User(command) => accounts::user(context, command).await,
        Command::Key(command) => accounts::key(context, command).await,
        Command::Audit(arguments) => audit::list(context, arguments).await,
        Command::Doctor => doctor::doctor(context).await,
        Command::Completions(arguments) => pages::completions(context, arguments.shell),
        Command::Man => pages::manual(context),
    }
}

impl Command {
    /// The command's name, and what it is about, for the line that says that it failed.
    pub(crate) fn name_and_subject(&self) -> (&'static str, &str) {
        match self {
            Self::Install(arguments) if arguments.plan => ("plan", &arguments.app),
            Self::Install(arguments) => ("install", &arguments.app),
            Self::List(_) => ("list", ""),
            Self::Status(arguments) => ("status", &arguments.app),
            Self::Start(arguments) => ("start", &arguments.app),
            Self::Stop(arguments) => ("stop", &arguments.app),
            Self::Restart(arguments) => ("restart", &arguments.app),
            Self::Uninstall(arguments) => ("uninstall", &arguments.app),
            Self::Trash => ("trash", ""),
            Self::Restore(arguments) => ("restore", &arguments.app),
            Self::Purge(arguments) => ("purge", &arguments.app),
            Self::Cancel(arguments) => ("cancel", &arguments.app),
            Self::Logs(arguments) => ("logs", &arguments.app),
            Self::Events(_) => ("events", ""),
            Self::Operations(_) => ("operations", ""),
            Self::Stats(_) => ("stats", ""),
            Self::Config(arguments) if arguments.set.is_empty() => ("config", &arguments.app),
            Self::Config(arguments) => ("configure", &arguments.app),
            Self::Catalog(Catalog::Search(_)) => ("search", ""),
            Self::Catalog(Catalog::Show(arguments)) => ("show", &arguments.package),
            Self::Catalog(Catalog::Check(arguments)) => {
                ("check", arguments.path.to_str().unwrap_or_default())
            }
            Self::Catalog(Catalog::Add(arguments)) => ("catalog-add", &arguments.name),
            Self::Catalog(Catalog::List) => ("catalog-list", ""),
            Self::Catalog(Catalog::Sync(arguments)) => {
                ("catalog-sync", arguments.name.as_deref().unwrap_or_default())
            }
            Self::Catalog(Catalog::Remove(arguments)) => ("catalog-remove", &arguments.name),
            Self::Catalog(Catalog::Trust(arguments)) => ("catalog-trust", &arguments.name),
            Self::Domain(Domain::Add(arguments)) => ("domain-add", &arguments.app),
            Self::Domain(Domain::List(_)) => ("domains", ""),
            Self::Domain(Domain::Remove(arguments)) => ("domain-remove", &arguments.app),
            Self::Adopt(arguments) => ("adopt", &arguments.app),
            Self::Open(arguments) => ("open", &arguments.app),
            Self::Password(arguments) => ("password", &arguments.app),
            Self::User(User::Add(arguments)) => ("user-add", &arguments.name),
            Self::User(User::Password(arguments)) => ("user-password", &arguments.name),
            Self::User(User::Remove(arguments)) => ("user-remove", &arguments.name),
            Self::User(User::List) => ("user-list", ""),
            Self::Key(Key::Add(arguments)) => ("key-add", &arguments.name),
            Self::Key(Key::Revoke(arguments)) => ("key-revoke", &arguments.name),
            Self::Key(Key::List) => ("key-list", ""),
            Self::Audit(_) => ("audit", ""),
            Self::Doctor => ("doctor", ""),
            Self::Completions(_) => ("completions", ""),
            Self::Man => ("man", ""),
        }
    }
}
