//! Downloading a file by HTTPS: to the disk, within a limit, following a few redirections, never to anything else than
//! HTTPS. The authorities are those that the machine trusts.

use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use control::error_chain;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};

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

    /// Writes what is there to a file. Errors speak of what is there as `called`.
    pub(super) async fn download(
        &self,
        url: &str,
        called: &str,
        to: &Path,
        bytes_max: u64,
    ) -> Result<(), FetchError> {
        let (mut url, mut called) = (url.to_owned(), called.to_owned());
        for _ in 0..=REDIRECTIONS_MAX {
            let response = in_time(&called, self.ask(&url, &called)).await??;
            let Some(next) = redirection(&response, &url) else {
                return save(response, &called, to, bytes_max).await;
            };
            if !next.starts_with("https://") {
                let words = format!("{called} leads on to {next:?}, which is no https URL");
                return Err(FetchError::Unreachable(words));
            }
            called = format!("{next}, where it leads on to,");
            url = next;
        }
        Err(FetchError::Unreachable(format!("it leads on more than {REDIRECTIONS_MAX} times")))
    }

    async fn ask(&self, url: &str, called: &str) -> Result<Response<Incoming>, FetchError> {
        let failed = |what: &str, error: &(dyn Error + 'static)| {
            FetchError::Unreachable(format!("{called} {what}: {}", error_chain(error)))
        };
        let no_url = || FetchError::Unreachable(format!("{called} is at {url:?}, which is no https URL"));
        let uri: Uri = url.parse().map_err(|_| no_url())?;
        let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else { return Err(no_url()) };
        let bare = host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((bare, uri.port_u16().unwrap_or(443))).await;
        let stream = stream.map_err(|error| failed("cannot be reached", &error))?;
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| no_url())?;
        let stream = self.tls.connect(name, stream).await;
        let stream = stream.map_err(|error| match doubt(&error) {
            Some(doubt) => FetchError::Unreachable(format!("{called} shows a certificate {doubt}")),
            None => failed("cannot be reached by TLS", &error),
        })?;
        let unanswered = |error: hyper::Error| failed("does not answer", &error);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unanswered)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::get(path)
            .header(header::HOST, authority.as_str())
            .header(header::USER_AGENT, concat!("appmanage/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, "*/*")
            .body(Empty::<Bytes>::new())
            .map_err(|_| no_url())?;
        // The connection is driven by whoever reads the body: it ends with the sync.
        #[expect(clippy::disallowed_methods, reason = "it ends when the response that it feeds is dropped")]
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(unanswered)
    }
}

/// What is wrong with a certificate, where that is what is wrong.
fn doubt(error: &io::Error) -> Option<String> {
    use CertificateError as Wrong;
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(wrong) = error else { return None };
    Some(match wrong {
        Wrong::UnknownIssuer => {
            "of an authority that this machine does not trust: have the machine trust it (update-ca-certificates), or \
             its administrator use another one"
                .to_owned()
        }
        Wrong::Expired | Wrong::ExpiredContext { .. } => {
            "that has expired, or the clock of this machine is wrong".to_owned()
        }
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => {
            "that is not valid yet, or the clock of this machine is wrong".to_owned()
        }
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => "of another host".to_owned(),
        other => format!("that is not good: {other}"),
    })
}

/// Where a response leads on to.
fn redirection(response: &Response<Incoming>, from: &str) -> Option<String> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    let is_path = location.starts_with('/') && !location.starts_with("//");
    // Whatever else is not absolute is not followed: it is told as what it is.
    let Some(authority) = from.split('/').nth(2).filter(|_| is_path) else {
        return Some(location.to_owned());
    };
    Some(format!("https://{authority}{location}"))
}

async fn save(
    response: Response<Incoming>,
    called: &str,
    to: &Path,
    bytes_max: u64,
) -> Result<(), FetchError> {
    if !response.status().is_success() {
        return Err(FetchError::Unreachable(format!("{called} answers {}", response.status())));
    }
    let too_large = || FetchError::TooLarge(format!("{called} has more than {} KB", bytes_max >> 10));
    if response.body().size_hint().lower() > bytes_max {
        return Err(too_large());
    }
    let cannot_write = || FetchError::disk(format!("{} cannot be written", to.display()));
    let mut file = File::create(to).await.map_err(cannot_write())?;
    let (mut body, mut left) = (response.into_body(), bytes_max);
    while let Some(frame) = in_time(called, body.frame()).await? {
        let broke_off = |error: hyper::Error| {
            FetchError::Unreachable(format!("{called} breaks off: {}", error_chain(&error)))
        };
        let Ok(bytes) = frame.map_err(broke_off)?.into_data() else { continue };
        left = left.checked_sub(bytes.len() as u64).ok_or_else(too_large)?;
        file.write_all(&bytes).await.map_err(cannot_write())?;
    }
    file.flush().await.map_err(cannot_write())
}

async fn in_time<T>(called: &str, work: impl Future<Output = T>) -> Result<T, FetchError> {
    let silent =
        |_| FetchError::Unreachable(format!("{called} is silent for {} seconds", SILENCE_MAX.as_secs()));
    timeout(SILENCE_MAX, work).await.map_err(silent)
}

#[cfg(test)]
#[path = "https_tests.rs"]
mod tests;
