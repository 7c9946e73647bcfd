//! Who may call from a browser: `Host`, `Origin` and `Sec-Fetch-Site`, and what is answered about it.
//!
//! Authentication is not here: see `gatekeeper`. This keeps pages of other sites out, which reach
//! this server through the browser of somebody who may.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use crate::error::Refusal;
use crate::gatekeeper::Way;
use crate::limits::ECHO_CHARACTERS_MAX;
use crate::settings::{ServerSettings, SettingsError, checked_host, checked_origin};

/// The names and origins that are known.
#[derive(Debug)]
pub(crate) struct Callers {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Callers {
    pub(crate) fn of(settings: &ServerSettings) -> Result<Self, SettingsError> {
        let mut hosts = settings.hosts.iter().map(|h| checked_host(h)).collect::<Result<Vec<_>, _>>()?;
        // An address needs no entry, see `knows_name`; it would be no host name either.
        hosts.extend(checked_host(&settings.public_host));
        let origins = settings.cors_origins.iter().map(|o| checked_origin(o)).collect::<Result<_, _>>()?;
        Ok(Self { hosts, origins })
    }

    /// Refuses a request for another host: a page that made its own name resolve to this server (DNS
    /// rebinding) is same-origin for the browser, and only `Host` tells.
    pub(crate) fn check_host(&self, head: &Parts) -> Result<(), Refusal> {
        if let Some(Way::Unix { .. }) = head.extensions.get() {
            return Ok(());
        }
        // None at all is not foreign: HTTP/1.0 allows it, and every browser sends one.
        let named = head.headers.get_all(header::HOST).iter().map(HeaderValue::as_bytes);
        let in_target = head.uri.authority().map(|authority| authority.as_str().as_bytes());
        for host in named.chain(in_target) {
            let host = String::from_utf8_lossy(host);
            if !host_name(&host).is_some_and(|name| self.knows_name(name)) {
                return Err(Refusal::ForeignHost(host.chars().take(ECHO_CHARACTERS_MAX).collect()));
            }
        }
        Ok(())
    }

    /// Refuses a call from another site's page, for interfaces that change something. Needed only where
    /// the two headers are not: a page cannot send those without being asked first (preflight).
    pub(crate) fn check_site(&self, head: &Parts) -> Result<(), Refusal> {
        let headers = &head.headers;
        let site = headers.get("sec-fetch-site");
        let allowed = match (headers.get(header::ORIGIN), site) {
            (Some(origin), _) if self.allows(origin) => true,
            (Some(origin), site) => site.is_none_or(|site| site != "cross-site") && is_own(origin, headers),
            // Another name of the same site may be an app's, and another port of this host too.
            (None, Some(site)) => site == "same-origin" || site == "none",
            // Over plain HTTP browsers do not say where a page comes from.
            (None, None) => headers.contains_key("version") || !is_browser(headers),
        };
        if allowed { Ok(()) } else { Err(Refusal::ForeignOrigin) }
    }

    /// The origin whose page calls, if it may read the answer.
    pub(crate) fn admitted_origin(&self, request: &HeaderMap) -> Option<HeaderValue> {
        request.get(header::ORIGIN).filter(|origin| self.allows(origin)).cloned()
    }

    /// Tells the browser that pages of that origin may read the answer.
    pub(crate) fn admit(&self, origin: Option<HeaderValue>, response: &mut Response) {
        if self.origins.is_empty() {
            return;
        }
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("X-Request-Id"));
        }
    }

    /// Answers the question that a browser asks before a call from another origin (preflight).
    pub(crate) fn admit_preflight(&self, request: &HeaderMap, response: &mut Response) {
        if !request.get(header::ORIGIN).is_some_and(|origin| self.allows(origin)) {
            return;
        }
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "Version, Language, Content-Type, Authorization, Last-Event-ID, X-Request-Id",
            ),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        origin.to_str().is_ok_and(|origin| self.origins.iter().any(|o| o.eq_ignore_ascii_case(origin)))
    }

    /// Addresses are always known: rebinding needs a name.
    fn knows_name(&self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name).to_lowercase();
        name.parse::<Ipv4Addr>().is_ok()
            || name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).is_some_and(is_ipv6)
            || name == "localhost"
            || name.ends_with(".localhost")
            || self.hosts.contains(&name)
    }
}

/// The name in `name[:port]`; `None` if it is not of that form.
fn host_name(host: &str) -> Option<&str> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, port) = host.split_at(end);
    let sound =
        port.strip_prefix(':').map_or(port.is_empty(), |digits| digits.bytes().all(|b| b.is_ascii_digit()));
    (sound && !name.is_empty()).then_some(name)
}

fn is_ipv6(text: &str) -> bool {
    // A zone (`fe80::1%eth0`) is of no meaning to others and does not stand in `Host`.
    text.parse::<Ipv6Addr>().map(IpAddr::from).is_ok()
}

/// Whether a browser sends them: all of them say so since ever. A program that does has to send `Version`, too.
fn is_browser(headers: &HeaderMap) -> bool {
    headers.get(header::USER_AGENT).is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/"))
}

/// Whether the page came from this very server: the console, `/docs`.
fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), headers.get(header::HOST).map(HeaderValue::to_str))
    else {
        return false;
    };
    // The scheme is not compared: nginx speaks TLS for us, and we do not see it.
    origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn callers() -> Callers {
        let settings = ServerSettings {
            hosts: vec!["Apps.example".into()],
            public_host: "192.0.2.10".into(),
            cors_origins: vec!["https://console.example".into()],
            ..ServerSettings::default()
        };
        Callers::of(&settings).expect("sound settings")
    }

    fn head(target: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn loopback_names_addresses_and_the_settings_names_are_known() {
        for host in [
            "localhost",
            "LOCALHOST:5000",
            "app.localhost",
            "127.0.0.1:5000",
            "127.8.9.1",
            "[::1]:5000",
            "192.0.2.10",
            "[2001:db8::1]",
            "apps.example",
            "APPS.example.:443",
        ] {
            assert!(callers().check_host(&head("/", &[("host", host)])).is_ok(), "{host}");
        }
        assert!(callers().check_host(&head("/", &[])).is_ok());
    }

    #[test]
    fn other_names_are_foreign() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "evil.apps.example",
            "127.0.0.1.evil.example",
            "",
            "0x7f.1",
            "user@localhost",
            "localhost:80:80",
            "localhost:x",
            "[::1",
            "::1",
            "[localhost]",
            "evil\u{e9}",
        ] {
            assert!(callers().check_host(&head("/", &[("host", host)])).is_err(), "{host}");
        }
        let two = head("/", &[("host", "localhost"), ("host", "evil.example")]);
        assert!(callers().check_host(&two).is_err());
        assert!(callers().check_host(&head("http://evil.example/", &[("host", "localhost")])).is_err());
    }

    #[test]
    fn host_is_not_checked_on_a_unix_socket() {
        let mut head = head("/", &[("host", "evil.example")]);
        head.extensions.insert(Way::Unix { user: None });
        assert!(callers().check_host(&head).is_ok());
    }

    #[test]
    fn pages_of_other_sites_may_not_change_anything() {
        for (headers, allowed) in [
            (&[][..], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("user-agent", "Mozilla/5.0 (X11; Linux x86_64)")], false),
            (&[("user-agent", "Mozilla/5.0 (X11; Linux x86_64)"), ("sec-fetch-site", "same-origin")], true),
            (&[("user-agent", "Mozilla/5.0 (Windows NT) WindowsPowerShell/5.1"), ("version", "v1")], true),
            (&[("user-agent", "curl/8.5.0")], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "https://console.example")], true),
            (&[("origin", "https://console.example"), ("sec-fetch-site", "cross-site")], true),
            (&[("origin", "http://localhost:5000"), ("host", "localhost:5000")], true),
            (&[("origin", "http://localhost:9000"), ("host", "localhost:5000")], false),
            (&[("origin", "http://a"), ("host", "a"), ("sec-fetch-site", "cross-site")], false),
        ] {
            assert_eq!(callers().check_site(&head("/", headers)).is_ok(), allowed, "{headers:?}");
        }
    }
}
