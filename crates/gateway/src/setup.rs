//! How the gateway is set up: what `init` was told, kept beside nginx's configuration for whoever applies changes later;
//! and the files of nginx that follow from it.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use domain::Secret;
use serde::{Deserialize, Serialize};

use crate::error::GatewayFailure;
use crate::template::{self, fill};
use crate::value::{BadValue, HostName, Listen, Value};

/// All that the files of nginx depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// What the API is called by. Not empty; the first is the one that it is probed by.
    pub names: Vec<HostName>,
    /// For HTTP.
    pub listen_http: Listen,
    /// For HTTPS.
    pub listen_https: Listen,
    /// The certificate with its chain, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM; it may be the same file.
    pub key: PathBuf,
    /// Where the server is.
    pub server: ServerAddress,
    /// Whether clients that send neither `Version` nor `Language` are let in.
    pub old_clients: bool,
    /// Where nginx writes its logs.
    pub log_dir: PathBuf,
}

/// Where nginx reaches the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerAddress {
    /// At a socket: the server knows nginx by its user.
    Unix(PathBuf),
    /// At a port: the server knows nginx by a secret.
    Tcp {
        /// The address.
        address: SocketAddr,
        /// The file that holds the secret.
        secret_file: PathBuf,
    },
}

/// A random text: whether nginx serves what was written last is seen by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker(String);

impl Marker {
    pub(crate) fn random() -> io::Result<Self> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The marker of a file that was written.
    pub(crate) fn in_file(text: &str) -> Option<Self> {
        let (before, _) = text.split_once(".appmanage.invalid;")?;
        let marker = before.rsplit(' ').next()?;
        marker.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| Self(marker.to_owned()))
    }

    /// The text itself: names the change where somebody else carries it out.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that nothing but this configuration answers to.
    pub(crate) fn host(&self) -> String {
        format!("{}.appmanage.invalid", self.0)
    }
}

impl Setup {
    /// Reads what `init` kept; `None` where it has not run.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, GatewayFailure> {
        match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(GatewayFailure::file("read", path)(error)),
            Ok(text) => {
                let broken =
                    |error: serde_json::Error| GatewayFailure::file("understand", path)(error.into());
                serde_json::from_slice(&text).map(Some).map_err(broken)
            }
        }
    }

    /// Where the API is, by its first name.
    #[must_use]
    pub fn url(&self) -> String {
        let name = self.names.first().map(HostName::in_url).unwrap_or_default();
        format!("https://{name}{}/", self.listen_https.suffix(443).text())
    }

    /// The main file, with the sites of a folder.
    pub(crate) fn main_file(
        &self,
        marker: &Marker,
        sites: &Path,
        webroot: &Path,
    ) -> Result<String, GatewayFailure> {
        let (old_clients, old_client_headers) =
            if self.old_clients { (template::OLD_CLIENTS, template::OLD_CLIENT_HEADERS) } else { ("", "") };
        let mut values = self.values()?;
        values.extend([
            ("server", self.server.as_upstream()?),
            ("names", Value::from(self.names.as_slice())),
            ("old_clients", Value::own(old_clients)),
            ("old_client_headers", Value::own(old_client_headers)),
            ("certificate", Value::path(&self.certificate)?),
            ("key", Value::path(&self.key)?),
            ("marker", Value::own(self.marker_file(marker))),
            ("sites", Value::path(sites)?),
            ("webroot", Value::path(webroot)?),
        ]);
        Ok(fill(template::APPMANAGE, &values))
    }

    /// A server that answers to the marker.
    pub(crate) fn marker_file(&self, marker: &Marker) -> String {
        let listen = ("listen_http", self.listen_http.lines(has_ipv6(), ""));
        fill(template::MARKER, &[listen, ("marker", Value::own(&marker.0))])
    }

    /// What every file needs.
    pub(crate) fn values(&self) -> Result<Vec<(&'static str, Value)>, GatewayFailure> {
        let https_suffix = self.listen_https.suffix(443);
        let headers = [("https_suffix", https_suffix.clone()), ("secret", self.server.secret()?)];
        Ok(vec![
            ("listen_http", self.listen_http.lines(has_ipv6(), "")),
            ("listen_https", self.listen_https.lines(has_ipv6(), " ssl http2")),
            ("https_suffix", https_suffix),
            ("log_dir", Value::path(&self.log_dir)?),
            ("every_server", Value::own(template::EVERY_SERVER)),
            ("server_headers", Value::own(fill(template::SERVER_HEADERS, &headers))),
        ])
    }
}

impl ServerAddress {
    fn as_upstream(&self) -> Result<Value, BadValue> {
        match self {
            Self::Unix(path) => Ok(Value::own(format!("unix:{}", Value::path(path)?.text()))),
            Self::Tcp { address, .. } => Ok(Value::own(address.to_string())),
        }
    }

    fn secret(&self) -> Result<Value, GatewayFailure> {
        match self {
            Self::Unix(_) => Ok(Value::own("")),
            Self::Tcp { secret_file, .. } => {
                let text =
                    fs::read_to_string(secret_file).map_err(GatewayFailure::file("read", secret_file))?;
                Ok(Value::secret(&Secret::from_text(text.trim()))?)
            }
        }
    }
}

/// Whether this machine speaks IPv6: where it does not, nginx cannot listen.
fn has_ipv6() -> bool {
    fs::read("/proc/net/if_inet6").is_ok_and(|interfaces| !interfaces.is_empty())
}

#[cfg(test)]
pub(crate) mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    pub(crate) fn setup() -> Setup {
        Setup {
            names: vec!["apps.example.com".parse().unwrap(), "192.0.2.1".parse().unwrap()],
            listen_http: "80".parse().unwrap(),
            listen_https: "8443".parse().unwrap(),
            certificate: "/etc/nginx/appmanage/a.pem".into(),
            key: "/etc/nginx/appmanage/a.pem".into(),
            server: ServerAddress::Unix("/run/appmanage/appmanage.sock".into()),
            old_clients: true,
            log_dir: "/var/log/nginx".into(),
        }
    }

    #[test]
    fn the_main_file_names_what_it_was_told_and_its_marker() {
        let marker = Marker::random().unwrap();
        let sites = Path::new("/var/lib/appmanage/gateway/sites");
        let text = setup().main_file(&marker, sites, Path::new("/etc/nginx/appmanage/webroot")).unwrap();
        for part in [
            "server unix:/run/appmanage/appmanage.sock;",
            "server_name apps.example.com 192.0.2.1;",
            "return 308 https://$host:8443$request_uri;",
            "proxy_set_header Version $appmanage_version;",
            "include /var/lib/appmanage/gateway/sites/*.conf;",
            "root /etc/nginx/appmanage/webroot;",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("{{") && !text.contains("}}"), "{text}");
        assert_eq!(Marker::in_file(&text), Some(marker));
    }

    #[test]
    fn old_clients_are_let_in_only_where_it_was_asked_for() {
        let setup = Setup { old_clients: false, ..setup() };
        let text = setup.main_file(&Marker::random().unwrap(), Path::new("/s"), Path::new("/w")).unwrap();
        assert!(!text.contains("appmanage_version"), "{text}");
    }

    #[test]
    fn what_is_kept_is_read_again_and_checked_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.json");
        assert_eq!(Setup::read(&path).unwrap(), None);
        let text = serde_json::to_string(&setup()).unwrap();
        fs::write(&path, &text).unwrap();
        assert_eq!(Setup::read(&path).unwrap(), Some(setup()));
        fs::write(&path, text.replace("apps.example.com", "a; include /x")).unwrap();
        let error = Setup::read(&path).unwrap_err();
        assert!(format!("{error:?}").contains("cannot be a name of this server"), "{error:?}");
        let bad = Setup { log_dir: "/var/log; root /".into(), ..setup() };
        assert!(bad.main_file(&Marker::random().unwrap(), Path::new("/s"), Path::new("/w")).is_err());
    }

    #[test]
    fn on_tcp_the_secret_stands_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let secret_file = folder.path().join("secret");
        let address = "127.0.0.1:5000".parse().unwrap();
        let server = ServerAddress::Tcp { address, secret_file: secret_file.clone() };
        let setup = Setup { server, ..setup() };
        let text = || setup.main_file(&Marker::random().unwrap(), Path::new("/s"), Path::new("/w"));
        assert!(text().unwrap_err().to_string().contains("cannot read"), "there is none");
        fs::write(&secret_file, "short\n").unwrap();
        assert!(!text().unwrap_err().to_string().contains("short"));
        fs::write(&secret_file, "0123456789abcdef0123456789abcdef\n").unwrap();
        assert!(
            text()
                .unwrap()
                .contains("proxy_set_header X-Appmanage-Secret \"0123456789abcdef0123456789abcdef\";")
        );
        assert!(text().unwrap().contains("server 127.0.0.1:5000;"));
    }
}
