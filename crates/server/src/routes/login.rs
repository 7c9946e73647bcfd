//! `/gateway/auth`: whether the gateway may let somebody in. Ordinary HTTP between the gateway and us (ADR 0012).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use control::{Credential, Denied, Grant};
use domain::Secret;

use crate::Server;
use crate::context::value_of;
use crate::gatekeeper::{CALLER, SCOPE};

/// Where the gateway asks.
pub(crate) const PATH: &str = "/gateway/auth";

/// Makes a browser ask for name and password.
const CHALLENGE: &str = r#"Basic realm="appmanage", charset="UTF-8""#;

/// Who calls, by `Authorization`: 200 with name and scope, 401, or 403 with how long to wait.
pub(crate) async fn login(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    let address = value_of(&headers, "x-real-ip").and_then(|text| text.parse().ok());
    // All whom the gateway does not tell apart are one.
    let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let Some(credential) = credential(&headers) else { return unknown() };
    match server.control.access().log_in(&credential, address).await {
        Ok(grant) => granted(&grant),
        Err(Denied::Unknown) => unknown(),
        Err(Denied::Slowed(wait)) => slowed(wait),
    }
}

fn granted(grant: &Grant) -> Response {
    ([(CALLER, grant.identity.to_string()), (SCOPE, grant.scope.as_str().to_owned())]).into_response()
}

fn unknown() -> Response {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, CHALLENGE)]).into_response()
}

fn slowed(wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    (StatusCode::FORBIDDEN, [(header::RETRY_AFTER, HeaderValue::from(seconds))]).into_response()
}

/// What is given; `None` if nothing is, or nothing that can be read.
fn credential(headers: &HeaderMap) -> Option<Credential> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (given.next(), given.next()) else { return None };
    let (scheme, given) = only.to_str().ok()?.split_once(' ')?;
    let given = given.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Credential::Key(Secret::from_text(given)));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(given).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some(Credential::Password { name: name.to_owned(), password: Secret::from_text(password) })
}
