//! Where the server is: a Unix socket of this machine, or a host and port that speak plain HTTP.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::Surroundings;

/// Names the server, as `--server` does.
const VARIABLE: &str = "APPMANAGE_SERVER";

/// A server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) place: Place,
    /// What the paths of interfaces begin with: `""` or `/api`.
    pub(crate) base: String,
}

/// How to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A socket; several where none of them is there. Never empty.
    Unix(Vec<PathBuf>),
    /// Host and port.
    Tcp(String),
}

impl Address {
    /// `flag` is the value of `--server`. The error says what is wrong with what was given.
    pub(crate) fn of(flag: Option<&str>, surroundings: &Surroundings) -> Result<Self, BadAddress> {
        let given = flag.or_else(|| surroundings.variables.get(VARIABLE).map(String::as_str));
        match given.filter(|given| !given.is_empty()) {
            Some(given) => Self::read(given),
            None => {
                let place = Place::Unix(first_there(&surroundings.sockets));
                Ok(Self { place, base: surroundings.base.clone() })
            }
        }
    }

    fn read(given: &str) -> Result<Self, BadAddress> {
        let bad = |id| BadAddress { id, given: given.to_owned() };
        if let Some(path) = given.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(bad("address-malformed")),
                path => Ok(Self { place: Place::Unix(vec![PathBuf::from(path)]), base: String::new() }),
            };
        }
        if given.starts_with("https://") {
            return Err(bad("address-https"));
        }
        let rest = given.strip_prefix("http://").ok_or_else(|| bad("address-malformed"))?;
        let (authority, base) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let is_sound = !authority.is_empty() && authority.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_sound || authority.contains(['@', '?', '#']) || base.contains(['?', '#', ' ']) {
            return Err(bad("address-malformed"));
        }
        // An IPv6 address stands in brackets, and its colons are no port.
        let has_port = authority.rsplit(']').next().is_some_and(|end| end.contains(':'));
        let authority = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        Ok(Self { place: Place::Tcp(authority), base: base.trim_end_matches('/').to_owned() })
    }
}

/// The first socket that is there; all of them where none is, for the error to name. What may not be looked at counts
/// as there: that is what has to be told then.
fn first_there(sockets: &[PathBuf]) -> Vec<PathBuf> {
    let is_there = |path: &&PathBuf| {
        path.symlink_metadata().map_or_else(|error| error.kind() != io::ErrorKind::NotFound, |_| true)
    };
    sockets.iter().find(is_there).map_or_else(|| sockets.to_vec(), |socket| vec![socket.clone()])
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Unix(paths) => {
                let paths: Vec<String> =
                    paths.iter().map(|path| format!("unix:{}", path.display())).collect();
                f.write_str(&paths.join(", "))
            }
            Place::Tcp(authority) => write!(f, "http://{authority}{}", self.base),
        }
    }
}

/// An address that cannot be one; `id` is the text that says why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadAddress {
    pub(crate) id: &'static str,
    pub(crate) given: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &str) -> Result<(Place, String), &'static str> {
        Address::read(given).map(|address| (address.place, address.base)).map_err(|bad| bad.id)
    }

    #[test]
    fn sockets_and_plain_http_are_addresses() {
        let socket = Place::Unix(vec!["/run/a.sock".into()]);
        assert_eq!(read("unix:/run/a.sock"), Ok((socket.clone(), String::new())));
        assert_eq!(read("unix:///run/a.sock"), Ok((socket, String::new())));
        let tcp = |authority: &str, base: &str| Ok((Place::Tcp(authority.into()), base.to_owned()));
        assert_eq!(read("http://127.0.0.1:5000"), tcp("127.0.0.1:5000", ""));
        assert_eq!(read("http://apps.example/api/"), tcp("apps.example:80", "/api"));
        assert_eq!(read("http://[::1]"), tcp("[::1]:80", ""));
        assert_eq!(read("http://[::1]:5000/"), tcp("[::1]:5000", ""));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for given in
            ["", "unix:", "127.0.0.1:5000", "http://", "http:///x", "http://a@b", "http://a b", "ftp://a"]
        {
            assert_eq!(read(given), Err("address-malformed"), "{given}");
        }
        assert_eq!(read("https://apps.example"), Err("address-https"));
    }
}
