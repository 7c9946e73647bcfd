//! Texts that may stand in a configuration of nginx. Each is checked where it comes in; what is no [`Value`] cannot be
//! written into a template.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::str::FromStr;

use control::ports::Upstream;
use domain::{DomainName, Secret};
use serde::{Deserialize, Serialize};

/// A text that ends no word and begins no directive of nginx's.
#[derive(Clone)]
pub(crate) struct Value(String);

/// A text that cannot stand in a configuration.
#[derive(Debug, thiserror::Error)]
#[error("{given:?} cannot be {what}: {form}")]
pub struct BadValue {
    given: String,
    what: &'static str,
    form: &'static str,
}

impl BadValue {
    fn of(given: impl Into<String>, what: &'static str, form: &'static str) -> Self {
        Self { given: given.into(), what, form }
    }
}

impl Value {
    /// A part of a template of ours.
    pub(crate) fn own(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// An absolute path.
    pub(crate) fn path(path: &Path) -> Result<Self, BadValue> {
        const FORM: &str = "give an absolute path of letters, digits and / . _ - + @ = alone";
        let text = path.to_str().unwrap_or_default();
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@=".contains(&byte);
        let is_path =
            path.is_absolute() && text.bytes().all(sound) && !text.split('/').any(|part| part == "..");
        let bad = || BadValue::of(path.to_string_lossy(), "the path of a file for nginx", FORM);
        if is_path { Ok(Self(text.to_owned())) } else { Err(bad()) }
    }

    /// The secret that the server knows nginx by on TCP.
    pub(crate) fn secret(secret: &Secret) -> Result<Self, BadValue> {
        const FORM: &str = "write 32 to 256 letters, digits and . _ ~ + / = - into its file";
        let text = secret.reveal();
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"._~+/=-".contains(&byte);
        let is_secret = (32..=256).contains(&text.len()) && text.bytes().all(sound);
        if is_secret {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadValue::of("***", "the secret of gateway.secret_file", FORM))
        }
    }

    /// Where it stands in a file.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl From<Upstream> for Value {
    fn from(upstream: Upstream) -> Self {
        // Nginx verifies no certificate of an upstream unless it is told to.
        Self(format!("{}://{}", if upstream.tls { "https" } else { "http" }, upstream.address))
    }
}

impl From<&DomainName> for Value {
    fn from(name: &DomainName) -> Self {
        Self(server_name(name.as_str()))
    }
}

impl From<&[HostName]> for Value {
    fn from(names: &[HostName]) -> Self {
        Self(names.iter().map(|name| server_name(&name.in_url())).collect::<Vec<_>>().join(" "))
    }
}

/// Characters of the longest name that fits into nginx's table of names where nobody made it larger. (How large it is
/// can be said once only, which may be somebody else's line.)
const TABLED_NAME_MAX: usize = 46;

/// A name as `server_name` has it: one that is too long for the table as an expression, which does not go there.
fn server_name(name: &str) -> String {
    if name.len() <= TABLED_NAME_MAX { name.to_owned() } else { format!("~^{}$", name.replace('.', "\\.")) }
}

/// A name or an address that the API is called by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

impl HostName {
    /// The name; an address without brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it stands in a URL, in `Host` and in `server_name`.
    pub(crate) fn in_url(&self) -> String {
        if self.0.contains(':') { format!("[{}]", self.0) } else { self.0.clone() }
    }
}

impl FromStr for HostName {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        const FORM: &str = "give a host name such as apps.example.com, or an IP address";
        let unbracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = unbracketed.parse::<IpAddr>() {
            return Ok(Self(address.to_string()));
        }
        let name = text.to_ascii_lowercase();
        // One label is no public name, but a machine's name in its own network.
        let is_label = |name: &str| DomainName::parse(&format!("{name}.lan")).is_ok() && !name.contains('.');
        if is_label(&name) {
            return Ok(Self(name));
        }
        DomainName::parse(&name)
            .map(|name| Self(name.as_str().to_owned()))
            .map_err(|_| BadValue::of(text, "a name of this server", FORM))
    }
}

impl TryFrom<String> for HostName {
    type Error = BadValue;

    fn try_from(text: String) -> Result<Self, BadValue> {
        text.parse()
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where nginx listens: a port of all addresses, or of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Listen {
    address: Option<IpAddr>,
    port: u16,
}

impl Listen {
    /// The `listen` lines. `options` stand at the end of each.
    pub(crate) fn lines(self, has_ipv6: bool, options: &str) -> Value {
        let port = self.port;
        Value(match self.address {
            Some(address) => format!("listen {}{options};", SocketAddr::new(address, port)),
            None if has_ipv6 => format!("listen {port}{options};\nlisten [::]:{port}{options};"),
            None => format!("listen {port}{options};"),
        })
    }

    pub(crate) const fn port(self) -> u16 {
        self.port
    }

    /// What follows the host in a URL, unless that port is the scheme's own.
    pub(crate) fn suffix(self, port_of_scheme: u16) -> Value {
        Value(if self.port == port_of_scheme { String::new() } else { format!(":{}", self.port) })
    }

    /// Where this machine reaches it.
    pub(crate) fn local(self) -> SocketAddr {
        let address = match self.address {
            // nginx does not listen for IPv4 there.
            Some(IpAddr::V6(address)) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            Some(address) if !address.is_unspecified() => address,
            _ => Ipv4Addr::LOCALHOST.into(),
        };
        SocketAddr::new(address, self.port)
    }
}

impl FromStr for Listen {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        const FORM: &str = "give a port such as 443, or ADDRESS:PORT";
        let of_all = text.parse().ok().map(|port| Self { address: None, port });
        let of_one = || {
            let address = text.parse::<SocketAddr>().ok()?;
            Some(Self { address: Some(address.ip()), port: address.port() })
        };
        let listen = of_all.or_else(of_one).filter(|listen| listen.port != 0);
        listen.ok_or_else(|| BadValue::of(text, "where nginx listens", FORM))
    }
}

impl TryFrom<String> for Listen {
    type Error = BadValue;

    fn try_from(text: String) -> Result<Self, BadValue> {
        text.parse()
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        listen.to_string()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => SocketAddr::new(address, self.port).fmt(f),
            None => self.port.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_and_addresses_are_read() {
        for (text, name) in [
            ("Apps.Example.com", "apps.example.com"),
            ("nas", "nas"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "[2001:db8::1]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(text.parse::<HostName>().unwrap().in_url(), name, "{text}");
        }
    }

    #[test]
    fn what_could_end_a_directive_is_no_value() {
        for text in ["", "a b", "a;b", "*.example", "a{", "$host", "a\nb", "..", "a..b", "-a", "a\"", "~^.*$"]
        {
            assert!(text.parse::<HostName>().is_err(), "{text}");
            assert!(text.parse::<Listen>().is_err(), "{text}");
            assert!(Value::path(Path::new(text)).is_err(), "{text}");
            assert!(
                Value::path(Path::new("/").join(text).as_path()).is_err()
                    || ["", "a..b", "-a"].contains(&text),
                "{text}"
            );
            assert!(
                Value::secret(&Secret::from_text(format!("0123456789abcdef0123456789abcdef {text}")))
                    .is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_that_is_too_long_for_the_table_of_names_is_an_expression() {
        let name = DomainName::parse(&format!("{}.example.com", "a".repeat(40))).unwrap();
        assert_eq!(Value::from(&name).text(), format!("~^{}\\.example\\.com$", "a".repeat(40)));
    }

    #[test]
    fn a_port_is_one_of_all_addresses_or_of_one() {
        let lines = |text: &str, ipv6| text.parse::<Listen>().unwrap().lines(ipv6, " ssl").text().to_owned();
        assert_eq!(lines("443", true), "listen 443 ssl;\nlisten [::]:443 ssl;");
        assert_eq!(lines("443", false), "listen 443 ssl;");
        assert_eq!(lines("127.0.0.1:8443", true), "listen 127.0.0.1:8443 ssl;");
        assert_eq!(lines("[::1]:8443", true), "listen [::1]:8443 ssl;");
        assert!("0".parse::<Listen>().is_err());
        let local = |text: &str| text.parse::<Listen>().unwrap().local().to_string();
        assert_eq!(local("443"), "127.0.0.1:443");
        assert_eq!(local("0.0.0.0:443"), "127.0.0.1:443");
        assert_eq!(local("[::]:443"), "[::1]:443");
        assert_eq!(local("192.0.2.1:443"), "192.0.2.1:443");
        assert_eq!("443".parse::<Listen>().unwrap().suffix(443).text(), "");
        assert_eq!("8443".parse::<Listen>().unwrap().suffix(443).text(), ":8443");
    }

    proptest! {
        #[test]
        fn whatever_is_read_has_no_meaning_to_nginx(text in "(?s:.){0,40}") {
            let harmless = |value: &str| !value.contains(|c: char| " \t\r\n;{}$\"'\\#*~()".contains(c));
            if let Ok(name) = text.parse::<HostName>() {
                prop_assert!(harmless(&name.in_url()));
            }
            if let Ok(path) = Value::path(Path::new(&text)) {
                prop_assert!(harmless(path.text()));
            }
        }
    }
}
