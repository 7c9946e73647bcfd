//! Looks through nginx, as a client would: whether it serves what was written last, and whether the server answers
//! behind it with the right certificate.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, SignatureScheme};

use crate::certificate;
use crate::error::GatewayFailure;
use crate::setup::{Marker, Setup};

/// nginx takes some milliseconds for a reload, a loaded machine a second; where it cannot have a port it tries for 2.5 s.
const LIVE_TIME_MAX: Duration = Duration::from_secs(10);

/// So many looks in succession have to be good: nginx's old workers take calls for a tenth of a second more.
const LOOKS_IN_SUCCESSION: u32 = 10;

/// Between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// One look.
const LOOK_TIME_MAX: Duration = Duration::from_secs(5);

/// What is looked at.
pub(crate) struct Probe<'a>(pub(crate) &'a Setup);

impl Probe<'_> {
    /// Waits until nginx serves what has the marker.
    pub(crate) async fn until_live(&self, marker: &Marker) -> Result<(), GatewayFailure> {
        let seconds = LIVE_TIME_MAX.as_secs();
        until(|| self.is_live(marker)).await.map_err(|why| {
            GatewayFailure::Probe(format!(
                "nginx goes on with its old configuration ({why} at {} after {seconds} s): see whether another program \
                 has a port of it, whether nginx.conf includes conf.d/*.conf, and nginx's error log",
                self.0.listen_http.local()
            ))
        })
    }

    /// Whether nginx serves what has the marker.
    pub(crate) async fn is_live(&self, marker: &Marker) -> Result<(), String> {
        let address = self.0.listen_http.local();
        let look = async { status(TcpStream::connect(address).await?, &marker.host(), "/").await };
        expect(204, timeout(LOOK_TIME_MAX, look).await)
    }

    /// Waits until the server answers through nginx, with the certificate that is expected.
    pub(crate) async fn until_well(&self) -> Result<(), GatewayFailure> {
        until(|| self.is_well()).await.map_err(|why| {
            GatewayFailure::Probe(format!(
                "https://{}/healthz is not good ({why}): see whether the server runs, and whether nginx's workers may \
                 open its socket and every directory above it",
                self.0.listen_https.local()
            ))
        })
    }

    /// Whether the server answers through nginx, with the certificate that is expected.
    pub(crate) async fn is_well(&self) -> Result<(), String> {
        let name = self.0.names.first().ok_or("the gateway has no name")?;
        let server_name =
            ServerName::try_from(name.as_str().to_owned()).map_err(|error| error.to_string())?;
        let leaf = certificate::leaf(&self.0.certificate).map_err(|error| error.to_string())?;
        let tls = connector(Some(leaf));
        let look = async {
            let stream = TcpStream::connect(self.0.listen_https.local()).await?;
            status(tls.connect(server_name, stream).await?, &name.in_url(), "/healthz").await
        };
        expect(200, timeout(LOOK_TIME_MAX, look).await)
    }

    /// The certificate that is shown for the first of the gateway's names, in DER, whatever it is.
    pub(crate) async fn shown_certificate(&self) -> Option<Vec<u8>> {
        let server_name = ServerName::try_from(self.0.names.first()?.as_str().to_owned()).ok()?;
        let look = async {
            let stream = TcpStream::connect(self.0.listen_https.local()).await?;
            connector(None).connect(server_name, stream).await
        };
        let stream = timeout(LOOK_TIME_MAX, look).await.ok()?.ok()?;
        Some(stream.get_ref().1.peer_certificates()?.first()?.to_vec())
    }
}

/// Looks until all is good and stays so; else how the last look was.
async fn until<L>(look: impl Fn() -> L) -> Result<(), String>
where
    L: Future<Output = Result<(), String>>,
{
    let deadline = Instant::now() + LIVE_TIME_MAX;
    let mut in_succession = 0;
    loop {
        match look().await {
            Err(why) if Instant::now() >= deadline => return Err(why),
            Err(_) => in_succession = 0,
            Ok(()) => in_succession += 1,
        }
        if in_succession == LOOKS_IN_SUCCESSION {
            return Ok(());
        }
        sleep(BETWEEN_LOOKS).await;
    }
}

fn expect(expected: u16, seen: Result<io::Result<u16>, tokio::time::error::Elapsed>) -> Result<(), String> {
    match seen {
        Ok(Ok(status)) if status == expected => Ok(()),
        Ok(Ok(status)) => Err(format!("it answers {status}")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it does not answer".to_owned()),
    }
}

/// The status of a page.
async fn status(mut stream: impl AsyncRead + AsyncWrite + Unpin, host: &str, path: &str) -> io::Result<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut line = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut line).await?;
    let status = std::str::from_utf8(&line).ok().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    let status = status.and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no HTTP"))
}

/// Trusts one certificate, or where none is given any, whoever signed it, whatever names and dates it has.
fn connector(certificate: Option<CertificateDer<'static>>) -> TlsConnector {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Expected { certificate, provider: Arc::clone(&provider) });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[derive(Debug)]
struct Expected {
    certificate: Option<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Expected {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.certificate.as_ref().is_none_or(|expected| expected == end_entity) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General("it shows another certificate".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
