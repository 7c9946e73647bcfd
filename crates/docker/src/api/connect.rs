//! Where the engine is, and how a connection to it is made.

use std::io;
use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::environment::Environment;

/// The engine's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Socket(PathBuf),
    /// Host and port.
    Tcp(String),
}

/// Why `DOCKER_HOST` cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("DOCKER_HOST is {given:?}: {advice}")]
pub struct EndpointError {
    given: String,
    advice: &'static str,
}

/// A connection's bytes, whatever carries them.
pub(super) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

impl Endpoint {
    pub(super) fn of(environment: &Environment) -> Result<Self, EndpointError> {
        let given = environment.engine_host();
        let refused = |advice| EndpointError { given: given.to_owned(), advice };
        if let Some(path) = given.strip_prefix("unix://").filter(|path| path.starts_with('/')) {
            return Ok(Self::Socket(path.into()));
        }
        let address = given.strip_prefix("tcp://").map(|address| address.trim_end_matches('/'));
        match address {
            Some(_) if environment.get("DOCKER_TLS_VERIFY").is_some() => Err(refused(
                "TLS to the engine is not supported; use its Unix socket, through an SSH tunnel if need be",
            )),
            Some(address) if address.contains(':') => Ok(Self::Tcp(address.to_owned())),
            _ => Err(refused("give unix:///path/of/the/socket or tcp://host:port")),
        }
    }

    pub(super) async fn connect(&self) -> io::Result<Box<dyn Transport>> {
        match self {
            Self::Socket(path) => Ok(Box::new(UnixStream::connect(path).await?)),
            Self::Tcp(address) => Ok(Box::new(TcpStream::connect(address).await?)),
        }
    }

    /// What keeps a connection from being made, and what to do.
    pub(super) fn advice(&self, error: &io::Error) -> String {
        match (error.kind(), self) {
            (io::ErrorKind::NotFound, Self::Socket(_)) => {
                "there is no such socket; install Docker, start it, or set DOCKER_HOST".to_owned()
            }
            (io::ErrorKind::ConnectionRefused, _) => "nothing listens there; start Docker".to_owned(),
            (io::ErrorKind::PermissionDenied, _) => {
                "permission denied; run this server as root or as a member of the group docker".to_owned()
            }
            _ => error.to_string(),
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(variables: &[(&str, &str)]) -> Result<Endpoint, String> {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Endpoint::of(&Environment::of(owned)).map_err(|error| error.to_string())
    }

    #[test]
    fn docker_host_names_a_socket_or_an_address() {
        assert_eq!(endpoint(&[]), Ok(Endpoint::Socket("/var/run/docker.sock".into())));
        assert_eq!(endpoint(&[("DOCKER_HOST", "unix:///x/y")]), Ok(Endpoint::Socket("/x/y".into())));
        assert_eq!(
            endpoint(&[("DOCKER_HOST", "tcp://[::1]:2375/")]),
            Ok(Endpoint::Tcp("[::1]:2375".to_owned()))
        );
    }

    #[test]
    fn what_cannot_be_used_is_an_error_that_names_it() {
        for host in ["ssh://root@host", "unix://relative", "npipe:////./pipe/docker", "tcp://host", "host:1"]
        {
            let error = endpoint(&[("DOCKER_HOST", host)]).expect_err("not supported");
            assert!(error.contains(host), "{error}");
        }
        let error =
            endpoint(&[("DOCKER_HOST", "tcp://h:2376"), ("DOCKER_TLS_VERIFY", "1")]).expect_err("TLS");
        assert!(error.contains("TLS"), "{error}");
    }
}
