//! A small blocking HTTP/1.1 client over TCP and Unix sockets: one request a connection.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// No answer that these tests ask for takes longer.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Where to connect to.
#[derive(Clone, Debug)]
pub enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// A TCP port.
    Tcp(SocketAddr),
    /// A TCP port of `localhost` with TLS, and the file of the certificate that it has to show.
    Tls(SocketAddr, PathBuf),
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header lines as they came, the status line first.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// Both ways of a connection.
pub trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

impl Address {
    /// A port of this machine.
    #[must_use]
    pub fn local(port: u16) -> Self {
        Self::Tcp(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn connect(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(ANSWER_LIMIT))?;
                Box::new(stream)
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, ANSWER_LIMIT)?;
                stream.set_read_timeout(Some(ANSWER_LIMIT))?;
                Box::new(stream)
            }
            Self::Tls(address, certificate) => {
                let stream = TcpStream::connect_timeout(address, ANSWER_LIMIT)?;
                stream.set_read_timeout(Some(ANSWER_LIMIT))?;
                Box::new(StreamOwned::new(tls_of(certificate)?, stream))
            }
        })
    }

    /// Sends bytes as they are and returns all that comes back until the other side closes.
    ///
    /// # Errors
    /// The connection failed before anything came back.
    pub fn send_raw(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = self.connect()?;
        // A server may answer and close before it has read all: its answer counts.
        let sent = stream.write_all(bytes);
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Err(error) if answer.is_empty() => Err(error),
            _ if answer.is_empty() => sent.map(|()| answer),
            _ => Ok(answer),
        }
    }

    /// Sends one request.
    ///
    /// # Errors
    /// The connection failed, or what came back is no HTTP.
    pub fn request(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Answer> {
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body);
        parse(&self.send_raw(request.as_bytes())?)
    }

    /// Gets a page.
    ///
    /// # Errors
    /// See [`Address::request`].
    pub fn get(&self, target: &str) -> io::Result<Answer> {
        self.request("GET", target, &[], "")
    }
}

/// A client as strict as a browser, that trusts one certificate.
fn tls_of(certificate: &Path) -> io::Result<ClientConnection> {
    let certificate = CertificateDer::from_pem_file(certificate).map_err(io::Error::other)?;
    let mut trusted = RootCertStore::empty();
    trusted.add(certificate).map_err(io::Error::other)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("it is a name");
    ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)
}

/// Reads a whole answer.
///
/// # Errors
/// It is none.
pub fn parse(bytes: &[u8]) -> io::Result<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let broken = || io::Error::new(io::ErrorKind::InvalidData, format!("no HTTP answer: {text:?}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let mut answer = Answer { status, head: head.to_owned(), body: body.to_owned() };
    if answer.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        answer.body = dechunked(body).ok_or_else(broken)?;
    }
    Ok(answer)
}

fn dechunked(mut rest: &str) -> Option<String> {
    let mut whole = String::new();
    loop {
        let (size, after) = rest.split_once("\r\n")?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole.push_str(after.get(..size)?);
        rest = after.get(size..)?.strip_prefix("\r\n")?;
    }
}

/// Writes a text so that it can stand in a query or a form.
#[must_use]
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

/// `name=value&…`
#[must_use]
pub fn form(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}
