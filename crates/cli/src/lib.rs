//! The command line of whoever uses the server: commands that call its HTTP API and show what it answers.
//!
//! It knows nothing that the API does not tell, and keeps nothing between two commands. Running the server is not
//! here; nothing but [`wire`] is shared with it.

mod address;
mod args;
mod client;
mod commands;
mod failure;
mod help;
mod language;
mod messages;
mod printer;
mod progress;
mod sse;
mod table;
mod units;
mod wait;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::SystemTime;

pub use args::{Command, Options};
pub use help::localised;

use address::Address;
use client::Client;
use failure::{Failure, exit};
use language::Language;
use printer::Printer;
use wire::CatalogCheckInfo;

/// What a client needs of the process that it runs in.
#[derive(Debug)]
pub struct Surroundings {
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// Where the server's socket is by default; the first that is there is used. Never empty.
    pub sockets: Vec<PathBuf>,
    /// What the paths of interfaces begin with at those sockets: `""` or `/api`.
    pub base: String,
    /// Tells the time.
    pub now: fn() -> SystemTime,
    /// Looks through a catalog on this machine: the one thing that no server is asked for.
    pub check_catalog: CheckCatalog,
}

/// Looks through the catalog in that folder, of that format if one is named, and tells how far it is: packages that
/// are done, of how many.
pub type CheckCatalog = fn(PathBuf, Option<String>, Box<dyn Fn(usize, usize)>) -> Checking;

/// A catalog that is looked through.
pub type Checking = Pin<Box<dyn Future<Output = Result<CatalogCheckInfo, CannotCheck>>>>;

/// Why a catalog could not be looked through.
#[derive(Debug)]
pub enum CannotCheck {
    /// The folder is not there, or cannot be read.
    Folder(std::io::Error),
    /// There is no such format; `known` are there.
    NoSuchFormat {
        /// Those that there are.
        known: Vec<&'static str>,
    },
    /// It is written in no format that is known.
    UnknownFormat,
    /// `docker compose`, which is asked what it makes of each package, is not there.
    NoCompose(String),
    /// The disk.
    Disk(std::io::Error),
}

impl Surroundings {
    /// Whether a variable says more than nothing.
    fn is_set(&self, variable: &str) -> bool {
        self.variables.get(variable).is_some_and(|value| !value.is_empty())
    }

    /// Whether the terminal can do no more than a printer.
    fn has_dumb_terminal(&self) -> bool {
        self.variables.get("TERM").is_some_and(|kind| kind == "dumb")
    }
}

/// What every command works with.
#[derive(Debug)]
struct Context {
    client: Client,
    printer: Printer,
    surroundings: Surroundings,
    /// The whole command line, for its manual and for shells.
    program: clap::Command,
}

/// Carries out a command of the client. `program` is the whole command line.
#[must_use]
pub fn run(
    command: &Command,
    options: &Options,
    surroundings: Surroundings,
    program: clap::Command,
) -> ExitCode {
    let language = options.lang.unwrap_or_else(|| Language::of_variables(&surroundings.variables));
    let printer = Printer::of(options.output, options.quiet, language, &surroundings);
    let (name, subject) = command.name_and_subject();
    let done = match Address::of(options.server.as_deref(), &surroundings) {
        Err(bad) => {
            let message = printer.text(bad.id, &[("given", &bad.given)]);
            Err((printer, Failure::Usage(message)))
        }
        Ok(address) => {
            let client = Client::of(address, language, printer.format);
            let context = Context { client, printer, surroundings, program };
            commands::block_on(command, &context).map_err(|failure| (context.printer, failure))
        }
    };
    match done {
        Ok(()) => ExitCode::from(exit::DONE),
        Err((printer, failure)) => {
            printer.failure(&failure, name, subject);
            ExitCode::from(failure.exit_code())
        }
    }
}
