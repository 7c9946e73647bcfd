//! Keeps a copy of a data directory from being served beside its original.
//!
//! A copy carries the same instance id, so its server would take the original's containers for its own, and undo or
//! go on with what the original has open. Nothing on the disk tells a copy from a directory that was moved or brought
//! back from a backup; so both may be served, but not at once on one machine.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

use anyhow::{Context as _, bail};
use domain::InstanceId;

/// An instance that this process serves. Let go when it is dropped, or when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct ServedInstance {
    /// Nobody connects: the kernel gives a name in its abstract space to one process at a time.
    _name: UnixListener,
}

impl ServedInstance {
    /// Claims the instance.
    ///
    /// # Errors
    /// Another process serves a directory of that instance.
    pub(crate) fn claim(instance: &InstanceId) -> anyhow::Result<Self> {
        let name = SocketAddr::from_abstract_name(format!("appmanage-instance-{instance}"))
            .context("an instance id is too long for a socket's name")?;
        match UnixListener::bind_addr(&name) {
            Ok(name) => Ok(Self { _name: name }),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
                "another server on this machine serves a copy of this data directory: stop that one, or begin with \
                 an empty data directory; the two would take each other's apps for their own"
            ),
            Err(error) => Err(error).context("cannot claim the instance of the data directory"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_served_once_at_a_time() {
        let instance = InstanceId::from_text(format!("test{}", std::process::id()));
        let served = ServedInstance::claim(&instance).expect("nobody serves it");
        let refused = ServedInstance::claim(&instance).expect_err("it is served");
        assert!(refused.to_string().contains("serves a copy of this data directory"), "{refused}");
        drop(served);
        ServedInstance::claim(&instance).expect("it was let go");
    }
}
