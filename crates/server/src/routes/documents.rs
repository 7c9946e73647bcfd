//! `/openapi.json` and `/docs`: the API's description, and a page that shows it and tries it out.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::Server;
use crate::openapi::document;

/// The page may load what this server serves, and nothing else from anywhere.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// The OpenAPI document.
pub(crate) async fn openapi(State(server): State<Arc<Server>>) -> Response {
    let make = || Bytes::from(document(&server.base, &server.known, server.require_headers));
    ([(header::CONTENT_TYPE, "application/json")], server.openapi.get_or_init(make).clone()).into_response()
}

/// Swagger UI, built into the binary.
pub(crate) fn docs() -> Router<Arc<Server>> {
    // Relative, so that it is found behind a proxy that serves us below a path of its own. The validator
    // would send the document's address to a server of Swagger's.
    let config = Config::from("../openapi.json").validator_url("none").try_it_out_enabled(true);
    // Without the bar at its top, which asks for other servers' documents, and the policy above loads none.
    let config = config.use_base_layout();
    Router::from(SwaggerUi::new("/docs").config(config)).layer(map_response(protected))
}

async fn protected(mut response: Response) -> Response {
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
