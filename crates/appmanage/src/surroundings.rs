//! The sockets that the server listens on: handed over by systemd or bound at the start, or one clear line that says
//! what to do.
//!
//! Further surroundings have their checks where they are used: the data directory in `data_dir`, the disk
//! in `store`, `docker compose` and the engine in `docker`.

use std::fs::{self, Permissions};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use server::Listener;

use crate::activation::HandedOver;
use crate::config::ListenAddress;
use crate::data_dir::DataDir;

/// Who may connect to a socket: the server's own user and group.
pub(crate) const SOCKET_MODE: u32 = 0o660;

/// The mode of sockets where the user of the gateway is known: nginx's workers share no group with the server, and
/// which user calls decides, not who may open the file.
pub(crate) const SOCKET_MODE_WITH_GATEWAY: u32 = 0o666;

/// What fits into the kernel's `sun_path` with the zero behind it.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Why the server cannot listen there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    #[error("cannot listen at {address}: {}", tcp_advice(why))]
    Tcp { address: String, why: io::Error },
    #[error(
        "the socket's path {} has {} bytes, and {SOCKET_PATH_BYTES_MAX} are possible: name a shorter one \
         with --listen unix:PATH",
        path.display(),
        path.as_os_str().len()
    )]
    PathTooLong { path: PathBuf },
    #[error("another server listens at {}: stop it, or name another socket with --listen unix:PATH", path.display())]
    SocketInUse { path: PathBuf },
    #[error("{} is no socket: move it away, or name another path with --listen unix:PATH", path.display())]
    NoSocket { path: PathBuf },
    #[error(
        "cannot listen at {}: {why}; its directory must be there and belong to the user who runs the server",
        path.display()
    )]
    Unix { path: PathBuf, why: io::Error },
}

/// What is wrong and what to do, with the system's words where there are none of ours for it.
fn tcp_advice(error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program does already; stop it, or choose another port with --listen"
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address; choose another with --listen",
        io::ErrorKind::PermissionDenied => "ports below 1024 take root; choose a higher one with --listen",
        _ => return format!("{error}; choose another address with --listen"),
    };
    advice.to_owned()
}

/// Sockets that are listened on. Dropping it removes their files.
#[derive(Debug, Default)]
pub(crate) struct SocketFiles(Vec<PathBuf>);

impl Drop for SocketFiles {
    fn drop(&mut self) {
        for path in &self.0 {
            // One that is left over is taken for what it is at the next start.
            drop(fs::remove_file(path));
        }
    }
}

/// Listens at every address, and at what systemd handed over beside them. The data directory's lock keeps two servers
/// from removing each other's socket.
///
/// Must be called within the runtime that is to serve.
pub(crate) fn listen(
    addresses: &[ListenAddress],
    mut handed_over: HandedOver,
    data_dir: &DataDir,
    socket_mode: u32,
) -> Result<(Vec<Listener>, SocketFiles), ListenError> {
    let mut files = SocketFiles::default();
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.push(match address {
            ListenAddress::Tcp(address) => listen_at_address(address, handed_over.take_tcp(address))?,
            ListenAddress::Unix(path) => {
                let path = data_dir.path().join(path);
                let made = handed_over.take_unix(&path);
                let is_ours = made.is_none();
                let listener = listen_at_path(&path, made, socket_mode)?;
                if is_ours {
                    files.0.push(path);
                }
                listener
            }
        });
    }
    for (path, listener) in handed_over.unix {
        warn_of_unnamed(&path.display());
        listeners.push(listen_at_path(&path, Some(listener), socket_mode)?);
    }
    for (address, listener) in handed_over.tcp {
        warn_of_unnamed(&address);
        listeners.push(listen_at_address(&address.to_string(), Some(listener))?);
    }
    Ok((listeners, files))
}

fn warn_of_unnamed(address: &dyn std::fmt::Display) {
    tracing::warn!(
        %address,
        "systemd handed over a socket that the setting `listen` does not name; it is served, but the command line \
         does not look there"
    );
}

/// `made` is a socket that is there already.
fn listen_at_address(address: &str, made: Option<TcpListener>) -> Result<Listener, ListenError> {
    let bind = || {
        let listener = made.map_or_else(|| TcpListener::bind(address), Ok)?;
        rustix::net::listen(&listener, server::BACKLOG)?;
        listener.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(listener)
    };
    bind().map(Listener::Tcp).map_err(|why| ListenError::Tcp { address: address.to_owned(), why })
}

/// `made` is a socket that is there already; its file is its maker's business.
fn listen_at_path(path: &Path, made: Option<UnixListener>, mode: u32) -> Result<Listener, ListenError> {
    if made.is_none() {
        if path.as_os_str().len() > SOCKET_PATH_BYTES_MAX {
            return Err(ListenError::PathTooLong { path: path.to_owned() });
        }
        make_way(path)?;
    }
    let bind = || -> io::Result<UnixListener> {
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        Ok(listener)
    };
    let served = || {
        let listener = made.map_or_else(bind, Ok)?;
        rustix::net::listen(&listener, server::BACKLOG)?;
        listener.set_nonblocking(true)?;
        tokio::net::UnixListener::from_std(listener)
    };
    served().map(Listener::Unix).map_err(|why| ListenError::Unix { path: path.to_owned(), why })
}

/// Removes the socket of a server that is no more. Anything else stays.
fn make_way(path: &Path) -> Result<(), ListenError> {
    let failed = |why| ListenError::Unix { path: path.to_owned(), why };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(ListenError::NoSocket { path: path.to_owned() });
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(ListenError::SocketInUse { path: path.to_owned() }),
        // Its server is too busy to accept.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(ListenError::SocketInUse { path: path.to_owned() })
        }
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        _folder: tempfile::TempDir,
        data_dir: DataDir,
    }

    fn place() -> Place {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let data_dir = DataDir::claim(folder.path()).expect("it is free");
        Place { _folder: folder, data_dir }
    }

    fn listen_at(place: &Place, address: ListenAddress) -> Result<(Vec<Listener>, SocketFiles), String> {
        listen(&[address], HandedOver::default(), &place.data_dir, SOCKET_MODE)
            .map_err(|error| error.to_string())
    }

    fn unix(name: impl Into<PathBuf>) -> ListenAddress {
        ListenAddress::Unix(name.into())
    }

    #[tokio::test]
    async fn a_socket_is_made_for_owner_and_group_and_removed_at_the_end() {
        let place = place();
        let path = place.data_dir.path().join("a.sock");
        let listening = listen_at(&place, unix("a.sock")).expect("nothing is in the way");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o660);
        drop(listening);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let place = place();
        let path = place.data_dir.path().join("a.sock");
        drop(UnixListener::bind(&path).expect("nothing is in the way"));
        assert!(path.exists(), "its server died");
        let (_listeners, _files) = listen_at(&place, unix("a.sock")).expect("nobody listens there");
        let error = listen_at(&place, unix("a.sock")).expect_err("somebody does");
        assert!(error.starts_with("another server listens at /"), "{error}");
        UnixStream::connect(&path).expect("it still does");
    }

    #[tokio::test]
    async fn whatever_else_is_in_the_way_stays() {
        let place = place();
        let path = place.data_dir.path().join("a.sock");
        fs::write(&path, "mine").expect("it can be written");
        let error = listen_at(&place, unix("a.sock")).expect_err("it is no socket");
        assert!(error.contains("is no socket"), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "mine");
    }

    #[tokio::test]
    async fn a_path_that_is_too_long_is_told_with_its_length() {
        let place = place();
        let error = listen_at(&place, unix(format!("/tmp/{}", "x".repeat(103)))).expect_err("too long");
        assert!(error.contains("has 108 bytes, and 107 are possible"), "{error}");
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_told_with_what_to_do() {
        let place = place();
        let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let taken = other.local_addr().expect("it is bound").to_string();
        let error = listen_at(&place, ListenAddress::Tcp(taken.clone())).expect_err("it is taken");
        assert_eq!(
            error,
            format!(
                "cannot listen at {taken}: another program does already; stop it, or choose another port with \
                 --listen"
            )
        );
        let error = listen_at(&place, ListenAddress::Tcp("192.0.2.1:0".to_owned())).expect_err("not ours");
        assert!(error.contains("no such address"), "{error}");
    }
}
