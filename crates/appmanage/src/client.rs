//! Hands the process over to the client: its environment, and where the server of this machine is.
//!
//! What the commands of the client do is the business of `cli`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cli::Surroundings;

use crate::config::{Config, Effective, Flags, Inputs, ListenAddress};

/// Where everybody finds the server of this machine, whatever settings are their own: the socket of the Debian package,
/// and that of a server that root runs with no settings.
const SOCKETS_OF_MACHINE: [&str; 2] = ["/run/appmanage/appmanage.sock", "/var/lib/appmanage/appmanage.sock"];

/// The command line, with help in the language of whoever asks.
pub(crate) fn program(program: clap::Command) -> clap::Command {
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let mut program = cli::localised(program, &arguments, &variables());
    // The options of the client are there now, also where they mean nothing.
    program.build();
    let hidden = |argument: clap::Arg| {
        let is_clients = argument.is_global_set() && argument.get_id() != "help";
        argument.hide(is_clients)
    };
    let without =
        |command: clap::Command| command.mut_args(hidden).mut_subcommands(|command| command.mut_args(hidden));
    ["serve", "settings", "gateway"]
        .into_iter()
        .fold(program, |program, name| program.mut_subcommand(name, without))
}

/// What the client needs of this process. A server on this machine reads the same settings, so they tell where its
/// socket is; where they cannot be read it is where it is by default.
pub(crate) fn surroundings() -> Surroundings {
    let settings = Inputs::of_process(Flags::default()).and_then(|inputs| Effective::of(&inputs));
    let own = settings.as_ref().ok().and_then(|settings| socket_of(&settings.config));
    let mut sockets: Vec<PathBuf> = own.into_iter().chain(SOCKETS_OF_MACHINE.map(PathBuf::from)).collect();
    sockets.dedup();
    let base = settings.map(|settings| settings.config.api_base.0).unwrap_or_default();
    Surroundings { variables: variables(), sockets, base, now, check_catalog: crate::catalog_check::check }
}

/// The first socket that a server with these settings listens at.
fn socket_of(config: &Config) -> Option<PathBuf> {
    config.listen.iter().find_map(|address| match address {
        ListenAddress::Unix(path) => Some(Path::new(&config.data_dir).join(path)),
        ListenAddress::Tcp(_) => None,
    })
}

#[expect(clippy::disallowed_methods, reason = "the client's only clock, injected from here")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

pub(crate) fn variables() -> BTreeMap<String, String> {
    let texts = std::env::vars_os().map(|(name, value)| (name.into_string(), value.into_string()));
    texts.filter_map(|(name, value)| name.ok().zip(value.ok())).collect()
}
