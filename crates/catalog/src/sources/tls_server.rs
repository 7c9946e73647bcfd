//! A server of TLS on this machine for tests, with a certificate of an authority of its own, which does whatever a server
//! can do wrong.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Often enough not to be silent.
const BETWEEN_DROPS: Duration = Duration::from_millis(50);

/// What a server sends, and what it does then.
pub(super) struct Reply(pub(super) Vec<u8>, pub(super) Then);

#[derive(Clone, Copy)]
pub(super) enum Then {
    /// Hangs up.
    Close,
    /// Says nothing more.
    Silence,
    /// Sends the same without end.
    Repeat,
    /// Sends a byte now and then, without end.
    Drip,
}

pub(super) fn answer(status: &str, headers: &str, body: &[u8], then: Then) -> Reply {
    Reply([format!("HTTP/1.1 {status}\r\n{headers}\r\n").as_bytes(), body].concat(), then)
}

/// An authority, and servers with certificates of it.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Requests that were answered, by all of its servers.
    pub(super) answered: Arc<AtomicUsize>,
}

impl Authority {
    pub(super) fn named(name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(parameters, key).expect("a certificate");
        Self { issuer, answered: Arc::default() }
    }

    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.issuer.as_ref().der().clone()
    }

    pub(super) fn pem(&self) -> String {
        self.issuer.as_ref().pem()
    }

    /// A server with a certificate for that host; returns where it is.
    pub(super) async fn serve(&self, host: &str, until: i32, reply: fn(&str) -> Reply) -> String {
        let mut parameters = CertificateParams::new([host.to_owned()]).expect("a name");
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate").der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
        let tls = TlsAcceptor::from(Arc::new(config.expect("a certificate and its key")));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("it has one");
        let answered = Arc::clone(&self.answered);
        #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, answered) = (tls.clone(), Arc::clone(&answered));
                tokio::spawn(async move {
                    // A caller who does not like the certificate hangs up.
                    let Ok(stream) = tls.accept(stream).await else { return };
                    talk(stream, reply, &answered).await.ok();
                });
            }
        });
        format!("https://{address}")
    }
}

async fn talk(
    mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    reply: fn(&str) -> Reply,
    answered: &AtomicUsize,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let Reply(bytes, then) = reply(head.split(' ').nth(1).unwrap_or_default());
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    answered.fetch_add(1, Ordering::SeqCst);
    match then {
        Then::Close => stream.shutdown().await,
        Then::Silence => std::future::pending().await,
        Then::Repeat => loop {
            stream.write_all(&[0; 16 << 10]).await?;
        },
        Then::Drip => loop {
            stream.write_all(&[0]).await?;
            stream.flush().await?;
            tokio::time::sleep(BETWEEN_DROPS).await;
        },
    }
}
