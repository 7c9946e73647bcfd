//! `/healthz` and `/readyz`: for those who start, stop and watch the server. `/doctor`: for those who wonder what is
//! wrong. Ordinary HTTP.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use control::{DiskRoom, DomainDetail, GatewayCheckup, SiteState, error_chain};
use wire::{CheckInfo, CheckupInfo, FindingInfo, ReadinessInfo};

use crate::Server;
use crate::context::Context;
use crate::details::rfc3339;
use crate::error::Refusal;
use crate::language::Language;
use crate::messages;

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
    let reason = result.err().map(|error| error_chain(&error)).unwrap_or_default();
    CheckInfo { ready: reason.is_empty(), reason }
}

/// What the server finds of itself and of what it works with, one look at a time: each starts a process.
pub(crate) async fn checkup(
    State(server): State<Arc<Server>>,
    Extension(context): Extension<Context>,
) -> Json<CheckupInfo> {
    let _alone = server.checkup.lock().await;
    let looked = server.control.checkup().await;
    let told = |error: control::Error| Refusal::Control(error).message(&context);
    let nothing = |()| String::new();
    let catalog = match looked.broken_packages.is_empty() {
        true => Ok(looked.packages.to_string()),
        false => Err(looked.broken_packages.join("; ")),
    };
    let findings = [
        ("store", looked.readiness.store.map(nothing).map_err(|error| error_chain(&error))),
        ("engine", looked.readiness.engine.map(nothing).map_err(told)),
        ("compose", looked.compose.map_err(|error| error.to_string())),
        ("disk", looked.disk.map(|room| room_text(context.language, room)).map_err(told)),
        ("ports", looked.ports.map(nothing).map_err(told)),
        ("catalog", catalog),
    ];
    let of_gateway = looked.gateway.iter().flat_map(|found| gateway_findings(found, context.language));
    let findings: Vec<FindingInfo> = findings
        .into_iter()
        .chain(of_gateway)
        .map(|(check, found)| {
            let ok = found.is_ok();
            let (Ok(found) | Err(found)) = found;
            FindingInfo { check: check.to_owned(), ok, found }
        })
        .collect();
    Json(CheckupInfo { ok: findings.iter().all(|finding| finding.ok), findings })
}

fn room_text(language: Language, room: DiskRoom) -> String {
    match room {
        DiskRoom::Enough => String::new(),
        DiskRoom::OfServerOnly => messages::text(language, "checkup-disk-unseen", &[]),
    }
}

/// What was looked at, and what is well or wrong about it.
type Finding = (&'static str, Result<String, String>);

/// Whether the gateway serves the names of apps, how it stands with their certificates, and until when its own is good.
fn gateway_findings(found: &GatewayCheckup, language: Language) -> Vec<Finding> {
    let GatewayCheckup { failure, domains, own_certificate } = found;
    let told = |failure| messages::of_failure(language, failure);
    let refused = domains.iter().filter_map(|detail| match &detail.site {
        SiteState::Failed(failure) => Some(format!("{}: {}", detail.domain.name, told(failure))),
        SiteState::Served | SiteState::Pending | SiteState::Kept => None,
    });
    // What is wrong with all of them is told once.
    let refused: Vec<String> = failure.as_ref().map_or_else(|| refused.collect(), |all| vec![told(all)]);
    let served = domains.iter().filter(|detail| detail.site == SiteState::Served).count();
    let lacking = domains.iter().filter(|detail| detail.lacks_certificate).map(|detail| {
        let DomainDetail { domain, .. } = detail;
        let until = domain.certificate.as_ref().map(|it| format!(" ({})", rfc3339(it.expires_at)));
        let why = domain.failed.as_ref().map(|failed| format!(": {}", told(&failed.failure)));
        format!("{}{}{}", domain.name, until.unwrap_or_default(), why.unwrap_or_default())
    });
    let lacking: Vec<String> = lacking.collect();
    let certified = domains.iter().filter(|detail| detail.is_certified).count();
    let or_wrong = |good: usize, wrong: &[String]| {
        if wrong.is_empty() { Ok(good.to_string()) } else { Err(wrong.join("; ")) }
    };
    let own = own_certificate.map(|(expires_at, is_ending)| {
        let until = rfc3339(expires_at);
        ("own_certificate", if is_ending { Err(until) } else { Ok(until) })
    });
    let of_apps = [("gateway", or_wrong(served, &refused)), ("certificates", or_wrong(certified, &lacking))];
    of_apps.into_iter().chain(own).collect()
}
