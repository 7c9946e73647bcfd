//! Who calls, made out once per call from the connection and, if that is the gateway's, from its headers.
//!
//! The table of docs/adr/0012: without a gateway everybody who reaches the server may call it, as its sockets allow;
//! with one, only the gateway in somebody's name, and whoever rules the machine anyway. For everybody else there is
//! nothing here.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::request::Parts;
use domain::{Identity, Scope, Secret};
use subtle::ConstantTimeEq;

use crate::context::value_of;
use crate::settings::Trust;

/// In whose name the gateway calls.
pub(crate) const CALLER: &str = "x-appmanage-caller";
/// What the gateway says that they may do.
pub(crate) const SCOPE: &str = "x-appmanage-scope";
/// What a gateway on TCP is known by.
const SECRET: &str = "x-appmanage-secret";
/// Where the gateway says that they call from.
const ADDRESS: &str = "x-real-ip";

/// The user id of root.
const ROOT: u32 = 0;

/// What only the gateway itself asks for, in nobody's name.
const OF_GATEWAY: &str = "/gateway/";

/// What everybody may ask for who reaches the server: it tells nothing, and those who start and watch the server have
/// no name.
const OF_EVERYBODY: &[&str] = &["/healthz", "/readyz"];

/// What a certification authority asks for, by the names of apps. It tells nothing that was not agreed on with it.
const OF_AUTHORITIES: &str = "/.well-known/acme-challenge/";

/// Whether that path is answered under whatever name it is asked for.
pub(crate) fn is_of_any_name(path: &str) -> bool {
    path.starts_with(OF_AUTHORITIES)
}

/// By which way a request came in: known for each connection, put into each of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Over TCP, from that address.
    Tcp(IpAddr),
    /// Over a Unix socket. `Host` is not checked there: no browser opens one, so no page can be behind
    /// the call; and clients put anything into `Host`, there being no host.
    Unix {
        /// Who opened it, if the kernel says.
        user: Option<u32>,
    },
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    pub(crate) scope: Scope,
    /// Whether the gateway speaks for them. It has its own names, and its callers may sit in a browser.
    pub(crate) by_gateway: bool,
    /// Where they call from, for the trail: an address, `unix`, or nothing where nobody said.
    pub(crate) address: String,
}

/// Why somebody is not let in: for the log, never for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stranger {
    /// A gateway is configured, and this is not it.
    #[error("the call does not come from the gateway")]
    NotTheGateway,
    /// The gateway did not say in whose name it calls, or not so that it can be read.
    #[error("the gateway names no caller, or no scope")]
    Nameless,
    /// Somebody asks through the gateway for what only the gateway itself may ask for.
    #[error("the path is for the gateway itself")]
    OfTheGateway,
}

/// Who is on the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    Administrator,
    Gateway,
    Anybody,
}

/// Lets callers in.
#[derive(Debug)]
pub(crate) struct Gatekeeper {
    own_user: Option<u32>,
    gateway_user: Option<u32>,
    gateway_secret: Option<Secret>,
}

impl Gatekeeper {
    pub(crate) fn of(trust: &Trust) -> Self {
        Self {
            own_user: trust.own_user,
            gateway_user: trust.gateway_user,
            gateway_secret: trust.gateway_secret.clone(),
        }
    }

    /// Who calls, or why they are not let in.
    pub(crate) fn admit(&self, head: &Parts) -> Result<Caller, Stranger> {
        let way = head.extensions.get::<Way>().copied();
        let address = match way {
            Some(Way::Tcp(address)) => address.to_string(),
            Some(Way::Unix { .. }) => "unix".to_owned(),
            None => String::new(),
        };
        let (peer, path) = (self.peer(way, &head.headers), head.uri.path());
        let (identity, scope) = match peer {
            _ if OF_EVERYBODY.contains(&path) || is_of_any_name(path) => {
                (Identity::Anonymous, Scope::ReadOnly)
            }
            Peer::Gateway => return from_gateway(path, &head.headers),
            _ if path.starts_with(OF_GATEWAY) => return Err(Stranger::OfTheGateway),
            Peer::Administrator => (Identity::LocalAdministrator, Scope::Full),
            Peer::Anybody if self.gateway_is_configured() => return Err(Stranger::NotTheGateway),
            Peer::Anybody => (Identity::Anonymous, Scope::Full),
        };
        // Of the gateway's, what is everybody's came by its names, too.
        Ok(Caller { identity, scope, by_gateway: peer == Peer::Gateway, address })
    }

    fn gateway_is_configured(&self) -> bool {
        self.gateway_user.is_some() || self.gateway_secret.is_some()
    }

    fn peer(&self, way: Option<Way>, headers: &HeaderMap) -> Peer {
        match way {
            Some(Way::Unix { user: Some(user) }) if user == ROOT || Some(user) == self.own_user => {
                Peer::Administrator
            }
            Some(Way::Unix { user: Some(user) }) if Some(user) == self.gateway_user => Peer::Gateway,
            Some(Way::Unix { .. }) => Peer::Anybody,
            Some(Way::Tcp(_)) | None if self.knows_secret(headers) => Peer::Gateway,
            Some(Way::Tcp(_)) | None => Peer::Anybody,
        }
    }

    fn knows_secret(&self, headers: &HeaderMap) -> bool {
        let (Some(secret), Some(given)) = (&self.gateway_secret, only(headers, SECRET)) else { return false };
        secret.reveal().as_bytes().ct_eq(given.as_bytes()).into()
    }
}

fn from_gateway(path: &str, headers: &HeaderMap) -> Result<Caller, Stranger> {
    let address: Option<IpAddr> = value_of(headers, ADDRESS).and_then(|text| text.parse().ok());
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    let (identity, scope) = if path.starts_with(OF_GATEWAY) {
        if headers.contains_key(CALLER) || headers.contains_key(SCOPE) {
            return Err(Stranger::OfTheGateway);
        }
        (Identity::Anonymous, Scope::ReadOnly)
    } else {
        let identity = only(headers, CALLER).and_then(|text| Identity::named(&text));
        let scope = only(headers, SCOPE).and_then(|text| Scope::from_text(&text));
        identity.zip(scope).ok_or(Stranger::Nameless)?
    };
    Ok(Caller { identity, scope, by_gateway: true, address })
}

/// The value of a header that stands once.
fn only(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    value.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    const OWN: u32 = 990;
    const NGINX: u32 = 33;
    const OTHER: u32 = 1000;
    const HERE: Way = Way::Tcp(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
    const ADMIN: &[(&str, &str)] = &[(CALLER, "user:admin"), (SCOPE, "full"), (ADDRESS, "192.0.2.7")];

    const fn unix(user: u32) -> Way {
        Way::Unix { user: Some(user) }
    }

    fn head(way: Way, path: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut head = request.body(()).expect("a request").into_parts().0;
        head.extensions.insert(way);
        head
    }

    fn gatekeeper(gateway_user: Option<u32>, secret: Option<&str>) -> Gatekeeper {
        let gateway_secret = secret.map(Secret::from_text);
        Gatekeeper::of(&Trust {
            own_user: Some(OWN),
            gateway_user,
            gateway_secret,
            read_only_passwords: false,
        })
    }

    /// Who is let in on that way, with forged headers too.
    fn admitted(keeper: &Gatekeeper, way: Way) -> Option<(String, Scope)> {
        let caller = keeper.admit(&head(way, "/AppList", &[])).ok();
        let forged = keeper.admit(&head(way, "/AppList", ADMIN)).ok();
        assert_eq!(caller, forged, "the headers mean nothing");
        caller.map(|caller| (caller.identity.to_string(), caller.scope))
    }

    #[test]
    fn without_a_gateway_everybody_may_call_whom_the_sockets_let_in() {
        let keeper = gatekeeper(None, None);
        let local = Some(("local".to_owned(), Scope::Full));
        let anonymous = Some(("anonymous".to_owned(), Scope::Full));
        assert_eq!(admitted(&keeper, unix(ROOT)), local);
        assert_eq!(admitted(&keeper, unix(OWN)), local);
        assert_eq!(admitted(&keeper, unix(OTHER)), anonymous);
        assert_eq!(admitted(&keeper, Way::Unix { user: None }), anonymous);
        assert_eq!(admitted(&keeper, HERE), anonymous);
        let secret = head(HERE, "/AppList", &[(SECRET, "")]);
        assert_eq!(keeper.admit(&secret).expect("let in").identity, Identity::Anonymous);
    }

    #[test]
    fn with_a_gateway_only_the_gateway_and_the_administrator_are_let_in() {
        for keeper in [gatekeeper(Some(NGINX), None), gatekeeper(None, Some("s3cret"))] {
            let local = Some(("local".to_owned(), Scope::Full));
            assert_eq!(admitted(&keeper, unix(ROOT)), local);
            assert_eq!(admitted(&keeper, unix(OWN)), local);
            assert_eq!(admitted(&keeper, unix(OTHER)), None);
            assert_eq!(admitted(&keeper, Way::Unix { user: None }), None);
            assert_eq!(admitted(&keeper, HERE), None);
            for path in
                ["/AppList", "/docs", "/openapi.json", "/doctor", "/images/x.svg", "/", "/gateway/auth"]
            {
                assert!(keeper.admit(&head(HERE, path, ADMIN)).is_err(), "{path}");
            }
            for path in OF_EVERYBODY {
                assert!(keeper.admit(&head(HERE, path, &[])).is_ok(), "{path}");
            }
            assert!(keeper.admit(&head(HERE, "/healthz/x", &[])).is_err());
        }
    }

    #[test]
    fn the_gateway_calls_in_the_name_that_it_says() {
        let keeper = gatekeeper(Some(NGINX), None);
        let caller = keeper.admit(&head(unix(NGINX), "/AppList", ADMIN)).expect("let in");
        assert_eq!((caller.identity.to_string(), caller.scope), ("user:admin".to_owned(), Scope::Full));
        assert_eq!((caller.address.as_str(), caller.by_gateway), ("192.0.2.7", true));
        let watch = [(CALLER, "key:watch"), (SCOPE, "read-only"), (ADDRESS, "not an address\u{1}")];
        let headers = &watch[..2];
        let caller = keeper.admit(&head(unix(NGINX), "/AppList", headers)).expect("let in");
        assert_eq!((caller.identity.to_string(), caller.scope), ("key:watch".to_owned(), Scope::ReadOnly));
        assert_eq!(caller.address, "");
    }

    #[test]
    fn the_gateway_in_nobodys_name_is_a_stranger() {
        let keeper = gatekeeper(Some(NGINX), None);
        for headers in [
            &[][..],
            &[(CALLER, "user:admin")],
            &[(SCOPE, "full")],
            &[(CALLER, "admin"), (SCOPE, "full")],
            &[(CALLER, "local"), (SCOPE, "full")],
            &[(CALLER, "user:Admin"), (SCOPE, "full")],
            &[(CALLER, "user:admin"), (SCOPE, "FULL")],
            &[(CALLER, "user:admin"), (SCOPE, "")],
            &[(CALLER, "user:admin"), (CALLER, "user:root"), (SCOPE, "full")],
        ] {
            let refused = keeper.admit(&head(unix(NGINX), "/AppList", headers));
            assert_eq!(refused, Err(Stranger::Nameless), "{headers:?}");
        }
    }

    #[test]
    fn over_tcp_the_gateway_is_known_by_its_secret() {
        let keeper = gatekeeper(None, Some("s3cret"));
        let with = |secrets: &[&str]| {
            let secrets = secrets.iter().map(|secret| (SECRET, *secret));
            let headers: Vec<_> = secrets.chain(ADMIN.iter().copied()).collect();
            keeper.admit(&head(HERE, "/AppList", &headers)).is_ok()
        };
        assert!(with(&["s3cret"]));
        for forged in
            [&[][..], &[""], &["s3cre"], &["s3cret "], &["S3CRET"], &["s3cret", "s3cret"], &["s3crets"]]
        {
            assert!(!with(forged), "{forged:?}");
        }
        let by_user = gatekeeper(Some(NGINX), None);
        assert!(by_user.admit(&head(HERE, "/AppList", &[(SECRET, "")])).is_err());
    }

    #[test]
    fn only_the_gateway_itself_has_its_own_paths() {
        let keeper = gatekeeper(Some(NGINX), None);
        assert!(keeper.admit(&head(unix(NGINX), "/gateway/auth", &[(ADDRESS, "192.0.2.7")])).is_ok());
        for (way, headers) in [(unix(NGINX), ADMIN), (unix(ROOT), &[]), (unix(OWN), ADMIN), (HERE, &[])] {
            let refused = keeper.admit(&head(way, "/gateway/auth", headers));
            assert_eq!(refused, Err(Stranger::OfTheGateway), "{way:?}");
        }
        let alone = gatekeeper(None, None);
        assert!(alone.admit(&head(HERE, "/gateway/auth", &[])).is_err(), "there is no gateway");
    }
}
