//! AppDomainAdd, AppDomainList, AppDomainRemove: the names that apps are reached by. And what a certification authority
//! has to find at them, which is ordinary HTTP.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use control::{DomainDetail, SiteState};
use domain::ErrorCode;
use wire::{AppDomainInfo, AppDomainListParameters, AppDomainParameters, RemovedDomainInfo};

use crate::Server;
use crate::details::rfc3339;
use crate::error::{Nothing, Refusal};
use crate::interface::{Call, Interface};
use crate::language::Language;
use crate::routes::app_operation::reason_info;

/// Where a certification authority asks (RFC 8555, section 8.3). nginx passes it on, for every name.
pub(crate) const CHALLENGE: &str = "/.well-known/acme-challenge/{token}";

pub(crate) async fn challenge(State(server): State<Arc<Server>>, Path(token): Path<String>) -> Response {
    match server.control.challenge(&token) {
        Some(answer) => ([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response(),
        None => {
            (StatusCode::NOT_FOUND, "no certificate is being asked for with this token\n").into_response()
        }
    }
}

pub(crate) struct AppDomainAdd;

impl Interface for AppDomainAdd {
    const NAME: &'static str = "AppDomainAdd";
    const SUMMARY: &'static str = "Give an app a domain name of its own. Answers at once; nginx and the certificate follow within seconds.";
    const CHANGES: bool = true;
    const PARAMETERS: &'static [&'static str] = &["app_id", "domain"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AppIdBlank,
        ErrorCode::DomainBlank,
        ErrorCode::AppIdFormat,
        ErrorCode::DomainWildcard,
        ErrorCode::DomainFormat,
        ErrorCode::GatewayNotConfigured,
        ErrorCode::AppNotExis,
        ErrorCode::AppNotManaged,
        ErrorCode::AppBusy,
        ErrorCode::AppNotWeb,
        ErrorCode::DomainRepeat,
        ErrorCode::DomainTooMany,
        ErrorCode::DomainNotResolved,
    ];
    type Parameters = AppDomainParameters;
    type Data = AppDomainInfo;
    type Item = AppDomainInfo;

    fn example() -> AppDomainInfo {
        AppDomainInfo {
            site: "pending".into(),
            certificate: "none".into(),
            expires_at: String::new(),
            ..listed()
        }
    }

    async fn answer(call: &Call<'_>) -> Result<AppDomainInfo, Refusal> {
        let app_id = call.parameters.required("app_id", ErrorCode::AppIdBlank)?;
        let domain = call.parameters.required("domain", ErrorCode::DomainBlank)?;
        Ok(info(&call.control.add_domain(app_id, domain).await?, call.language))
    }
}

pub(crate) struct AppDomainList;

impl Interface for AppDomainList {
    const NAME: &'static str = "AppDomainList";
    const SUMMARY: &'static str =
        "List the domain names of one app or of all, and how it stands with their certificates.";
    const CHANGES: bool = false;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &["app_id"];
    const CODES: &'static [ErrorCode] = &[ErrorCode::AppIdFormat, ErrorCode::AppNotExis];
    type Parameters = AppDomainListParameters;
    type Data = Vec<AppDomainInfo>;
    type Item = AppDomainInfo;

    fn example() -> Vec<AppDomainInfo> {
        vec![listed()]
    }

    async fn answer(call: &Call<'_>) -> Result<Vec<AppDomainInfo>, Refusal> {
        let details = call.control.app_domains(call.parameters.optional("app_id"))?;
        Ok(details.iter().map(|detail| info(detail, call.language)).collect())
    }
}

pub(crate) struct AppDomainRemove;

impl Interface for AppDomainRemove {
    const NAME: &'static str = "AppDomainRemove";
    const SUMMARY: &'static str = "Take a domain name from an app. Answers at once; nginx stops serving it within seconds, and its certificate is deleted.";
    const CHANGES: bool = true;
    const PARAMETERS: &'static [&'static str] = &["app_id", "domain"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AppIdBlank,
        ErrorCode::DomainBlank,
        ErrorCode::AppIdFormat,
        ErrorCode::DomainWildcard,
        ErrorCode::DomainFormat,
        ErrorCode::AppNotExis,
        ErrorCode::DomainNotExis,
        ErrorCode::AppBusy,
    ];
    type Parameters = AppDomainParameters;
    type Data = RemovedDomainInfo;
    type Item = RemovedDomainInfo;

    fn example() -> RemovedDomainInfo {
        RemovedDomainInfo { app_id: "myblog".into(), domain: "blog.example.com".into() }
    }

    async fn answer(call: &Call<'_>) -> Result<RemovedDomainInfo, Refusal> {
        let app_id = call.parameters.required("app_id", ErrorCode::AppIdBlank)?;
        let domain = call.parameters.required("domain", ErrorCode::DomainBlank)?;
        let (app, domain) = call.control.remove_domain(app_id, domain).await?;
        Ok(RemovedDomainInfo { app_id: app.to_string(), domain: domain.to_string() })
    }
}

/// One of the list, for documentation.
fn listed() -> AppDomainInfo {
    AppDomainInfo {
        app_id: "myblog".into(),
        domain: "blog.example.com".into(),
        url: "https://blog.example.com/".into(),
        added_at: "2026-11-22T08:00:00Z".into(),
        site: "served".into(),
        certificate: "valid".into(),
        expires_at: "2027-02-20T08:00:00Z".into(),
        next_try_at: "2027-01-20T08:00:00Z".into(),
        failed_tries: 0,
        reason: None,
    }
}

fn info(detail: &DomainDetail, language: Language) -> AppDomainInfo {
    let DomainDetail { app, domain, origin, site, is_certified, next_try_at, .. } = detail;
    let refused = match site {
        SiteState::Failed(failure) => Some(failure),
        SiteState::Served | SiteState::Pending | SiteState::Kept => None,
    };
    let certificate = match (&domain.certificate, is_certified) {
        (None, _) => "none",
        (Some(_), true) => "valid",
        (Some(_), false) => "expired",
    };
    let failed = domain.failed.as_ref();
    let reason = refused.or_else(|| failed.map(|failed| &failed.failure));
    AppDomainInfo {
        app_id: app.to_string(),
        domain: domain.name.to_string(),
        url: format!("{origin}/"),
        added_at: rfc3339(domain.added_at),
        site: site.as_str().into(),
        certificate: certificate.into(),
        expires_at: domain.certificate.as_ref().map(|it| rfc3339(it.expires_at)).unwrap_or_default(),
        next_try_at: rfc3339(*next_try_at),
        failed_tries: failed.map_or(0, |failed| failed.count),
        reason: reason.map(|failure| reason_info(failure, language)),
    }
}
