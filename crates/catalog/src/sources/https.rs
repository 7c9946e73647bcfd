//! Downloading a file by HTTPS: to the disk, within a limit, following a few redirections, never to anything else than
//! HTTPS. The authorities are those that the machine trusts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::limits::FetchError;

/// Redirections that are followed: a release of the large hosts takes two.
const REDIRECTIONS_MAX: usize = 5;
/// How long the other side may be silent.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// A client.
pub(super) struct Https {
    tls: TlsConnector,
}

impl Https {
    /// One that trusts whom the machine trusts, and `more`.
    pub(super) fn trusting(more: &[CertificateDer<'static>]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(more.iter().cloned());
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Self { tls: TlsConnector::from(Arc::new(config)) }
    }

    /// Writes what is there to a file.
    pub(super) async fn download(&self, url: &str, to: &Path, bytes_max: u64) -> Result<(), FetchError> {
        let mut url = url.to_owned();
        for _ in 0..=REDIRECTIONS_MAX {
            let response = in_time(self.ask(&url)).await??;
            let Some(next) = redirection(&response) else {
                return save(response, &url, to, bytes_max).await;
            };
            if !next.starts_with("https://") {
                return Err(FetchError::Unreachable(format!(
                    "it leads on to {next:?}, which is no https URL"
                )));
            }
            url = next;
        }
        Err(FetchError::Unreachable(format!("it leads on more than {REDIRECTIONS_MAX} times")))
    }

    async fn ask(&self, url: &str) -> Result<Response<Incoming>, FetchError> {
        let failed = |error: &dyn std::fmt::Display| FetchError::Unreachable(format!("{url}: {error}"));
        let uri: Uri = url.parse().map_err(|error| failed(&error))?;
        let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
            return Err(failed(&"it names no host"));
        };
        let bare = host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((bare, uri.port_u16().unwrap_or(443))).await;
        let name = ServerName::try_from(bare.to_owned()).map_err(|error| failed(&error))?;
        let stream = stream.map_err(|error| failed(&error))?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| failed(&error))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| failed(&error))?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::get(path)
            .header(header::HOST, authority.as_str())
            .header(header::USER_AGENT, concat!("appmanage/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, "*/*")
            .body(Empty::<Bytes>::new())
            .map_err(|error| failed(&error))?;
        // The connection is driven by whoever reads the body: it ends with the sync.
        #[expect(clippy::disallowed_methods, reason = "it ends when the response that it feeds is dropped")]
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(|error| failed(&error))
    }
}

/// Where a response leads on to.
fn redirection(response: &Response<Incoming>) -> Option<String> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?;
    // One that is not absolute is not followed: it is told as what it is.
    location.to_str().ok().map(str::to_owned)
}

async fn save(response: Response<Incoming>, url: &str, to: &Path, bytes_max: u64) -> Result<(), FetchError> {
    if !response.status().is_success() {
        return Err(FetchError::Unreachable(format!("{url} answers {}", response.status())));
    }
    let cannot_write = || FetchError::disk(format!("{} cannot be written", to.display()));
    let mut file = File::create(to).await.map_err(cannot_write())?;
    let (mut body, mut left) = (response.into_body(), bytes_max);
    while let Some(frame) = in_time(body.frame()).await? {
        let frame = frame.map_err(|error| FetchError::Unreachable(format!("{url}: {error}")))?;
        let Ok(bytes) = frame.into_data() else { continue };
        let too_large = || FetchError::TooLarge(format!("{url} has more than {} KB", bytes_max / 1000));
        left = left.checked_sub(bytes.len() as u64).ok_or_else(too_large)?;
        file.write_all(&bytes).await.map_err(cannot_write())?;
    }
    file.flush().await.map_err(cannot_write())
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, FetchError> {
    let silent = |_| FetchError::Unreachable(format!("no answer for {} seconds", SILENCE_MAX.as_secs()));
    timeout(SILENCE_MAX, work).await.map_err(silent)
}
