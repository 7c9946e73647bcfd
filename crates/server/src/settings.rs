//! The settings of the API (`api.*`), and their check.

use axum::http::Uri;
use domain::Secret;

/// What an administrator can change about how the API is served.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// `api.base`: what the paths of the interfaces and images begin with; `""` is the root.
    pub base: String,
    /// `api.require_headers`: whether `Version` and `Language` must be sent.
    pub require_headers: bool,
    /// `api.cors_origins`: the origins (`https://console.example`) whose pages may call from a browser.
    pub cors_origins: Vec<String>,
    /// `api.hosts`: the names that this server is reached by, as `Host` tells them. Addresses and loopback
    /// names are always accepted.
    pub hosts: Vec<String>,
    /// `public_host`: one more such name.
    pub public_host: String,
    /// Who is trusted.
    pub trust: Trust,
}

/// `gateway.*`: whose word about a caller is taken.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The service's own user: on a Unix socket, that one and root are the local administrator.
    pub own_user: Option<u32>,
    /// `gateway.user`: on a Unix socket, that one is the gateway.
    pub gateway_user: Option<u32>,
    /// What `gateway.secret_file` holds: over TCP, who sends it is the gateway.
    pub gateway_secret: Option<Secret>,
    /// `gateway.read_only_passwords`: whether callers that may only look see the passwords of apps.
    pub read_only_passwords: bool,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            base: String::new(),
            require_headers: true,
            cors_origins: Vec::new(),
            hosts: Vec::new(),
            public_host: String::new(),
            trust: Trust::default(),
        }
    }
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The base is no path.
    #[error(
        "api.base is {0:?}, which is no path: write \"\" for the root, or a path such as \"/api\" of letters, \
         digits, \"-\", \"_\", \".\" and \"/\""
    )]
    Base(String),
    /// The base is where the gateway has something of its own.
    #[error(
        "api.base is {0:?}, but calls below \"/gateway\", \"/.appmanage\" and \"/.well-known\" mean something else: take \
         another path, such as \"/api\""
    )]
    BaseTaken(String),
    /// An origin is none.
    #[error("api.cors_origins has {0:?}, which is no origin: write such as \"https://console.example:8443\"")]
    Origin(String),
    /// A host name is none.
    #[error("api.hosts has {0:?}, which is no host name: write the name alone, such as \"apps.example\"")]
    Host(String),
}

/// Where no interface can be: what nginx and the server have to say to each other, and what certification authorities ask for.
const OF_OTHERS: &[&str] = &["gateway", ".appmanage", ".well-known"];

/// The base as it stands before each path: `""`, or a path that begins with `/` and does not end with it.
///
/// # Errors
/// It is no path.
pub fn checked_base(base: &str) -> Result<String, SettingsError> {
    let path = base.trim_matches('/');
    // Clients resolve "." and ".." away before they call.
    let sound = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    if path.is_empty() {
        Ok(String::new())
    } else if path.split('/').next().is_some_and(|first| OF_OTHERS.contains(&first)) {
        Err(SettingsError::BaseTaken(base.to_owned()))
    } else if path.split('/').all(sound) {
        Ok(format!("/{path}"))
    } else {
        Err(SettingsError::Base(base.to_owned()))
    }
}

/// An origin as browsers send it: scheme and authority in lower case, nothing behind them.
///
/// # Errors
/// It is no origin.
pub fn checked_origin(origin: &str) -> Result<String, SettingsError> {
    let wrong = || SettingsError::Origin(origin.to_owned());
    let written = origin.strip_suffix('/').unwrap_or(origin);
    let uri: Uri = written.parse().map_err(|_| wrong())?;
    let sound = matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        && uri.path_and_query().is_none_or(|path| path.as_str() == "/");
    if sound { Ok(written.to_ascii_lowercase()) } else { Err(wrong()) }
}

/// A host name as it is compared: in lower case, without the root's dot.
///
/// # Errors
/// It is no host name.
pub fn checked_host(host: &str) -> Result<String, SettingsError> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let sound = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    if name.split('.').all(sound) {
        Ok(name.to_lowercase())
    } else {
        Err(SettingsError::Host(host.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_a_path_or_nothing() {
        for (written, base) in [("", ""), ("/", ""), ("api", "/api"), ("/api/", "/api"), ("/a/b.1", "/a/b.1")]
        {
            assert_eq!(checked_base(written).as_deref(), Ok(base), "{written}");
        }
        for wrong in ["/a//b", "/{x}", "/a b", "/a?b", "/é", "/.", "..", "/a/../b"] {
            assert!(checked_base(wrong).is_err(), "{wrong}");
        }
        for taken in ["/gateway", "gateway/v1/", "/.appmanage", "/.well-known/x"] {
            assert_eq!(checked_base(taken), Err(SettingsError::BaseTaken(taken.to_owned())));
        }
        assert!(checked_base("/gateways").is_ok());
    }

    #[test]
    fn an_origin_has_a_scheme_and_no_path() {
        assert_eq!(checked_origin("https://A.example:8443/").as_deref(), Ok("https://a.example:8443"));
        for wrong in
            ["*", "a.example", "null", "ftp://a.example", "https://a.example/x", "https://u@a.example"]
        {
            assert!(checked_origin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_host_is_a_name_alone() {
        assert_eq!(checked_host("Apps.Example.").as_deref(), Ok("apps.example"));
        for wrong in ["", ".", "a..b", "apps.example:80", "https://apps.example", "*.example", "a/b"] {
            assert!(checked_host(wrong).is_err(), "{wrong}");
        }
    }
}
