//! The API as its clients call it.

use std::fmt;
use std::io;
use std::time::Duration;

use serde_json::Value;

use crate::http::{Address, form};
use crate::json::{items, text};
use crate::wait;

/// An `Error` of the envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its code.
    pub code: String,
    /// Its message, in English.
    pub message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// A client of one server.
#[derive(Clone, Debug)]
pub struct Api {
    /// Where the server listens.
    pub address: Address,
    /// What it shows to nginx.
    pub authorization: Option<String>,
}

/// What an interface answered, or that there was no answer.
pub type Outcome = Result<Value, Refused>;

impl Api {
    /// Calls an interface.
    ///
    /// # Errors
    /// No whole answer came back: the server is gone.
    ///
    /// # Panics
    /// What came back is not what the contract promises of every answer.
    pub fn try_call(&self, interface: &str, parameters: &[(&str, &str)]) -> io::Result<Outcome> {
        let mut headers = vec![
            ("Version", "v1"),
            ("Language", "en"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        headers.extend(self.authorization.as_deref().map(|shown| ("Authorization", shown)));
        let answer = self.address.request("POST", &format!("/{interface}"), &headers, &form(parameters))?;
        let broken = io::Error::new(io::ErrorKind::UnexpectedEof, format!("cut off: {:?}", answer.body));
        if answer.header("content-length").and_then(|length| length.parse().ok()) != Some(answer.body.len()) {
            return Err(broken);
        }
        assert_eq!(answer.status, 200, "{interface} answered {answer:?}");
        let envelope: Value = serde_json::from_str(&answer.body).expect("interfaces answer JSON");
        let data = envelope.get("ResponseData").cloned().expect("ResponseData is always there");
        assert!(!data.is_null(), "ResponseData is never null");
        Ok(match envelope.get("Error") {
            None => Ok(data),
            Some(error) => Err(Refused { code: text(error, "/Code"), message: text(error, "/Message") }),
        })
    }

    /// Calls an interface of a server that is there.
    ///
    /// # Errors
    /// The `Error` of the envelope.
    ///
    /// # Panics
    /// The server does not answer.
    pub fn call(&self, interface: &str, parameters: &[(&str, &str)]) -> Outcome {
        self.try_call(interface, parameters).expect("the server answers")
    }

    /// Asks for an install.
    ///
    /// # Errors
    /// It is refused.
    pub fn install(&self, package: &str, name: &str, version: &str) -> Result<String, Refused> {
        let parameters = [("app_name", package), ("customer_app_name", name), ("app_version", version)];
        self.call("AppInstall", &parameters).map(|data| text(&data, "/app_id"))
    }

    /// The status code of an app.
    ///
    /// # Errors
    /// It is refused.
    pub fn status(&self, name: &str) -> Result<String, Refused> {
        self.call("AppStatus", &[("app_id", name)]).map(|data| text(&data, "/status_code"))
    }

    /// The status code of an app, or the code of the error that came instead.
    #[must_use]
    pub fn status_or_code(&self, name: &str) -> String {
        self.status(name).unwrap_or_else(|refused| refused.code)
    }

    /// All apps.
    ///
    /// # Panics
    /// It is refused.
    #[must_use]
    pub fn list(&self) -> Vec<Value> {
        items(&self.call("AppList", &[]).expect("AppList answers"), "")
    }

    /// What AppList tells of one app.
    ///
    /// # Panics
    /// It is not in the list.
    #[must_use]
    pub fn detail(&self, name: &str) -> Value {
        let found = self.list().into_iter().find(|app| text(app, "/app_id") == name);
        found.unwrap_or_else(|| panic!("{name} is in AppList"))
    }

    /// The newest operation of an app.
    ///
    /// # Panics
    /// It is refused.
    #[must_use]
    pub fn operation(&self, name: &str) -> Value {
        self.call("AppOperation", &[("app_id", name)]).expect("AppOperation answers")
    }

    /// Waits until an app has that status.
    ///
    /// # Panics
    /// It does not get it, or ends in another first.
    pub fn await_status(&self, name: &str, wanted: &str, limit: Duration) {
        let reached = wait::within(limit, || {
            let found = self.status_or_code(name);
            let dead_end = wanted == "30" && found == "50";
            (found == wanted || dead_end).then_some(found)
        });
        if reached.as_deref() != Some(wanted) {
            let operation = self.operation(name);
            let found = self.status_or_code(name);
            panic!("{name} is {found}, not {wanted} (limit {limit:?}); its operation: {operation:#}");
        }
    }
}
