//! `/healthz` and `/readyz`: for those who start, stop and watch the server. Ordinary HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::{CheckInfo, ReadinessInfo};

use crate::Server;

/// The server is alive: it answers.
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// Whether the server can do its work, and if not, what is in the way.
pub(crate) async fn ready(State(server): State<Arc<Server>>) -> (StatusCode, Json<ReadinessInfo>) {
    let readiness = server.control.readiness().await;
    let (store, engine) = (check(readiness.store), check(readiness.engine));
    let ready = store.ready && engine.ready;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadinessInfo { ready, store, engine }))
}

fn check(result: Result<(), control::Error>) -> CheckInfo {
    let reason = result.err().map(|error| control::error_chain(&error)).unwrap_or_default();
    CheckInfo { ready: reason.is_empty(), reason }
}
