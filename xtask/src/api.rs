//! Our own API, from outside: what a user does with `curl`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::http::{Address, Connection, request};

/// Every answer comes out of memory or after one write to the disk.
const LIMIT: Duration = Duration::from_secs(30);

/// The headers that the contract asks for.
pub(crate) const HEADERS: &str = "Version: v1\r\nLanguage: en\r\n";

/// A server of ours.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) address: Address,
}

/// The `Error` of an answer.
#[derive(Debug, thiserror::Error)]
#[error("{interface} was refused: {message} ({code})")]
pub(crate) struct Refused {
    interface: String,
    pub(crate) code: String,
    message: String,
}

impl Api {
    pub(crate) fn at(address: SocketAddr) -> Api {
        Api { address: Address::Tcp(address) }
    }

    /// Whether `/healthz` or `/readyz` is good.
    pub(crate) fn is_good(&self, page: &str) -> bool {
        self.address.get(page, LIMIT).is_ok_and(|answer| answer.status == 200)
    }

    /// Calls an interface. The parameters must be such that a query needs no escapes for them.
    pub(crate) fn call(&self, interface: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        let answer = Connection::open(&self.address, LIMIT)
            .and_then(|mut connection| connection.send(&call(interface, parameters)))
            .and_then(|answer| answer.json())
            .with_context(|| format!("{interface} got no answer from {:?}", self.address))?;
        match answer.get("Error") {
            None => Ok(answer["ResponseData"].clone()),
            Some(error) => Err(Refused {
                interface: interface.to_owned(),
                code: text(&error["Code"]),
                message: text(&error["Message"]),
            }
            .into()),
        }
    }

    pub(crate) fn install(&self, package: &str, app: &str, version: &str) -> Result<()> {
        let parameters = [("app_name", package), ("customer_app_name", app), ("app_version", version)];
        self.call("AppInstall", &parameters).map(drop)
    }

    /// The status code, `None` where there is no such app.
    pub(crate) fn status(&self, app: &str) -> Result<Option<String>> {
        match self.call("AppStatus", &[("app_id", app)]) {
            Ok(data) => Ok(Some(text(&data["status_code"]))),
            Err(error) if error.downcast_ref::<Refused>().is_some_and(|it| it.code == "APP.NotExis") => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn operation(&self, app: &str) -> Result<Value> {
        self.call("AppOperation", &[("app_id", app)])
    }

    /// What AppList tells of one app.
    pub(crate) fn detail(&self, app: &str) -> Result<Value> {
        let list = self.call("AppList", &[])?;
        let found = list.as_array().into_iter().flatten().find(|detail| detail["app_id"] == app);
        found.cloned().with_context(|| format!("{app} is not in AppList"))
    }
}

/// The request that calls an interface, to be sent as often as wanted.
pub(crate) fn call(interface: &str, parameters: &[(&str, &str)]) -> Vec<u8> {
    let query: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    request("GET", &format!("/{interface}?{}", query.join("&")), HEADERS)
}

/// As a query takes it: what is no plain letter or digit, percent-encoded (RFC 3986, 2.1).
fn encoded(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let byte = |byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(byte).collect()
}

/// A JSON text, or nothing where it is none.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
