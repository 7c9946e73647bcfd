//! What this process asks the kernel for: room for its connections, and that its memory, in which passwords are,
//! is never written to a disk.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Files that may be open: each listener's connections (512), what followers of logs hold of the engine (256),
/// database, children; and room for a dozen listeners. Many systems allow 1,024 unless asked.
const OPEN_FILES: u64 = 8_192;

/// Sets them. What the system refuses is logged: the server can work without.
pub(crate) fn set() {
    if let Err(error) = raise_open_files() {
        tracing::warn!(%error, "the limit of open files cannot be raised; LimitNOFILE= of the unit sets it");
    }
    if let Err(error) = forbid_core_dumps() {
        tracing::warn!(%error, "core dumps cannot be turned off; LimitCORE=0 of the unit does it");
    }
}

fn raise_open_files() -> io::Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // None stands for "no limit".
    let wanted = maximum.map_or(OPEN_FILES, |maximum| maximum.min(OPEN_FILES));
    if current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })?;
    }
    Ok(())
}

/// The limit is for files, and children inherit it; a core that is piped to a program (systemd-coredump, apport)
/// heeds only the other.
fn forbid_core_dumps() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}
