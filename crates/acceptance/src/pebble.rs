//! Pebble: a certification authority on loopback, with a DNS of its own that knows every name as this machine's.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::http::Address;
use crate::{share, wait};

/// Both are up within milliseconds.
const START_LIMIT: Duration = Duration::from_secs(20);

/// No answer of an app's takes longer.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// An authority.
#[derive(Debug)]
pub struct Pebble {
    folder: PathBuf,
    directory: SocketAddr,
    management: SocketAddr,
    names: SocketAddr,
    children: Vec<Child>,
}

impl Pebble {
    /// Starts one whose certificates are valid for so long, and that looks for proofs on that port.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start(folder: &Path, http: u16, validity: Duration) -> Self {
        let [directory, management, names, dns] =
            [(); 4].map(|()| SocketAddr::from(([127, 0, 0, 1], share::free_port())));
        fs::create_dir_all(folder).expect("it can be made");
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it can be made");
        let file = |name: &str, text: &str| {
            fs::write(folder.join(name), text).expect("it can be written");
            folder.join(name)
        };
        let certificate = file("ca.pem", &own.cert.pem());
        let key = file("ca.key", &own.signing_key.serialize_pem());
        let config = serde_json::json!({ "pebble": {
            "listenAddress": directory, "managementListenAddress": management, "certificate": certificate,
            "privateKey": key, "httpPort": http, "tlsPort": share::free_port(), "ocspResponderURL": "",
            "externalAccountBindingRequired": false, "certificateValidityPeriod": validity.as_secs(),
        } });
        let config = file("pebble.json", &config.to_string());
        let start = |program: &str, arguments: &[&str]| {
            let log = fs::File::create(folder.join(format!("{program}.log"))).expect("it can be written");
            let child = Command::new(program)
                .args(arguments)
                .env("PEBBLE_VA_NOSLEEP", "1")
                .env("PEBBLE_AUTHZREUSE", "0")
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("it is open"))
                .stderr(log)
                .spawn();
            child.unwrap_or_else(|error| panic!("{program}: {error} (apt install pebble)"))
        };
        let (dns, names_at) = (dns.to_string(), names.to_string());
        let resolver = [
            "-dns01",
            &dns,
            "-management",
            &names_at,
            "-defaultIPv6",
            "",
            "-http01",
            "",
            "-https01",
            "",
            "-tlsalpn01",
            "",
        ];
        let children = vec![
            start("pebble-challtestsrv", &resolver),
            start("pebble", &["-config", &config.display().to_string(), "-dnsserver", &dns]),
        ];
        let pebble = Self { folder: folder.to_owned(), directory, management, names, children };
        wait::until("pebble answers", START_LIMIT, || pebble.root().ok());
        pebble
    }

    /// The URL of its directory.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}/dir", self.directory.port())
    }

    /// Whom to trust when it is called.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The root of what it issues, in PEM.
    ///
    /// # Errors
    /// It does not answer.
    pub fn root(&self) -> io::Result<String> {
        let answer = Address::Tls(self.management, self.ca_file()).get("/roots/0")?;
        Some(answer.body)
            .filter(|body| body.contains("BEGIN CERTIFICATE"))
            .ok_or(io::ErrorKind::NotFound.into())
    }

    /// Lets a name lead elsewhere, as far as the authority can see.
    ///
    /// # Panics
    /// It cannot be told.
    pub fn point(&self, name: &str, address: &str) {
        let body = serde_json::json!({ "host": name, "addresses": [address] }).to_string();
        let headers = [("Content-Type", "application/json")];
        let answer = Address::Tcp(self.names).request("POST", "/add-a", &headers, &body);
        assert_eq!(answer.expect("it answers").status, 200);
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for mut child in self.children.drain(..) {
            child.kill().ok();
            child.wait().ok();
        }
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.join("pebble.log")).unwrap_or_default();
            crate::note(&format!("---- pebble said:\n{log}----"));
        }
    }
}

/// A browser's connection to a page, which stays open.
pub struct Visit {
    stream: StreamOwned<ClientConnection, TcpStream>,
    name: String,
}

impl Visit {
    /// Opens one to a name on this machine, trusting that root (PEM) and nobody else.
    ///
    /// # Errors
    /// There is no connection, or the certificate is not good for the name, now.
    pub fn open(port: u16, name: &str, root: &str) -> io::Result<Self> {
        let mut trusted = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(root.as_bytes()).map_err(io::Error::other)?;
        trusted.add(root).map_err(io::Error::other)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let server = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::new(config), server).map_err(io::Error::other)?;
        let socket = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), ANSWER_LIMIT)?;
        socket.set_read_timeout(Some(ANSWER_LIMIT))?;
        let mut stream = StreamOwned::new(connection, socket);
        // The handshake, so that a bad certificate is told of here.
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(Self { stream, name: name.to_owned() })
    }

    /// The certificate that was shown, in DER.
    #[must_use]
    pub fn certificate(&self) -> Vec<u8> {
        let shown = self.stream.conn.peer_certificates().and_then(|chain| chain.first());
        shown.map(|certificate| certificate.to_vec()).unwrap_or_default()
    }

    /// Gets a page and leaves the connection open; `None` where it was closed before a byte of the answer came, as any
    /// server may do with one that is not new. Tells status, and whether it stays open.
    ///
    /// # Errors
    /// The answer did not come, or not whole.
    pub fn get(&mut self, path: &str) -> io::Result<Option<(u16, bool)>> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.name);
        if self.stream.write_all(request.as_bytes()).and_then(|()| self.stream.flush()).is_err() {
            return Ok(None);
        }
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) | Err(_) if answer.is_empty() => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => answer.extend(&piece[..length]),
                Err(error) => return Err(error),
            }
            let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next());
            let is_whole = match length.and_then(|length| length.trim().parse::<usize>().ok()) {
                Some(length) => body.len() >= length,
                None => body.ends_with("0\r\n\r\n"),
            };
            if is_whole {
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
                return Ok(Some((status.unwrap_or(0), !head.contains("connection: close"))));
            }
        }
    }
}
