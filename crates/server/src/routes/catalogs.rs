//! CatalogAdd, CatalogList, CatalogSync, CatalogRemove, CatalogTrust: the catalogs of others that apps are installed from.

use control::catalogs::CATALOGS_MAX;
use control::{CatalogDetail, CatalogRequest, CatalogState};
use domain::catalog::{Listed, SyncReport, UnreadableApp};
use domain::{CatalogSource, ErrorCode, Failure, FailureClass};
use wire::{
    CatalogAddParameters, CatalogInfo, CatalogParameters, CatalogSyncParameters, CatalogTrustParameters,
    ListedInfo, NameInfo, NoParameters, ReasonInfo, SyncReportInfo, UnreadableAppInfo,
};

use crate::details::rfc3339;
use crate::error::{Nothing, Refusal};
use crate::interface::{Call, Interface};
use crate::language::Language;
use crate::routes::app_operation::reason_info;

pub(crate) struct CatalogAdd;

impl Interface for CatalogAdd {
    const NAME: &'static str = "CatalogAdd";
    const SUMMARY: &'static str = "Add a catalog of packages: a directory, a git repository or a signed archive. Answers at once; it is fetched in the background.";
    const CHANGES: bool = true;
    const PARAMETERS: &'static [&'static str] = &["name", "source", "branch", "sha256", "key", "position"];
    const LITERALS: &'static [&'static str] = &["position"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::NameBlank,
        ErrorCode::SourceBlank,
        ErrorCode::PositionFormat,
        ErrorCode::NameFormat,
        ErrorCode::SourceFormat,
        ErrorCode::CatalogRepeat,
        ErrorCode::CatalogTooMany,
    ];
    type Parameters = CatalogAddParameters;
    type Data = CatalogInfo;
    type Item = CatalogInfo;

    fn example() -> CatalogInfo {
        CatalogInfo { state: "queued".into(), synced_at: String::new(), report: None, ..listed() }
    }

    async fn answer(call: &Call<'_>) -> Result<CatalogInfo, Refusal> {
        let given = &call.parameters;
        let name = given.required("name", ErrorCode::NameBlank)?.to_owned();
        let source = given.required("source", ErrorCode::SourceBlank)?;
        let position = given.optional("position").map(|text| {
            let position = text.parse().ok().filter(|position| (1..=CATALOGS_MAX).contains(position));
            position.ok_or(Refusal::Format(ErrorCode::PositionFormat))
        });
        let [branch, sha256, key] = ["branch", "sha256", "key"].map(|name| given.optional(name));
        let source = CatalogSource::parse(source, branch, sha256, key);
        let request = CatalogRequest { name, source, position: position.transpose()? };
        Ok(info(&call.control.add_catalog(request).await?, call.language))
    }
}

pub(crate) struct CatalogList;

impl Interface for CatalogList {
    const NAME: &'static str = "CatalogList";
    const SUMMARY: &'static str =
        "List the catalogs that were added, the preferred ones first, and what their last sync brought.";
    const CHANGES: bool = false;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &[];
    const CODES: &'static [ErrorCode] = &[];
    type Parameters = NoParameters;
    type Data = Vec<CatalogInfo>;
    type Item = CatalogInfo;

    fn example() -> Vec<CatalogInfo> {
        vec![listed()]
    }

    async fn answer(call: &Call<'_>) -> Result<Vec<CatalogInfo>, Refusal> {
        Ok(infos(&call.control.catalogs(), call.language))
    }
}

pub(crate) struct CatalogSync;

impl Interface for CatalogSync {
    const NAME: &'static str = "CatalogSync";
    const SUMMARY: &'static str = "Fetch a catalog anew, or all of them. Answers at once; CatalogList tells how far it is and what came of it.";
    const CHANGES: bool = true;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &["name"];
    const CODES: &'static [ErrorCode] = &[ErrorCode::CatalogNotExis];
    type Parameters = CatalogSyncParameters;
    type Data = Vec<CatalogInfo>;
    type Item = CatalogInfo;

    fn example() -> Vec<CatalogInfo> {
        vec![CatalogInfo { state: "queued".into(), ..listed() }]
    }

    async fn answer(call: &Call<'_>) -> Result<Vec<CatalogInfo>, Refusal> {
        let synced = call.control.sync_catalogs(call.parameters.optional("name"))?;
        Ok(infos(&synced, call.language))
    }
}

pub(crate) struct CatalogRemove;

impl Interface for CatalogRemove {
    const NAME: &'static str = "CatalogRemove";
    const SUMMARY: &'static str =
        "Remove a catalog and what was fetched of it. Apps that were installed from it stay as they are.";
    const CHANGES: bool = true;
    const PARAMETERS: &'static [&'static str] = &["name"];
    const CODES: &'static [ErrorCode] = &[ErrorCode::NameBlank, ErrorCode::CatalogNotExis];
    type Parameters = CatalogParameters;
    type Data = NameInfo;
    type Item = NameInfo;

    fn example() -> NameInfo {
        NameInfo { name: "websoft9".into() }
    }

    async fn answer(call: &Call<'_>) -> Result<NameInfo, Refusal> {
        let name = call.parameters.required("name", ErrorCode::NameBlank)?;
        Ok(NameInfo { name: call.control.remove_catalog(name).await?.to_string() })
    }
}

pub(crate) struct CatalogTrust;

impl Interface for CatalogTrust {
    const NAME: &'static str = "CatalogTrust";
    const SUMMARY: &'static str = "Vouch for a catalog, or no longer: its names go before those of catalogs that are not trusted, and policy.exceptions count for its packages.";
    const CHANGES: bool = true;
    const PARAMETERS: &'static [&'static str] = &["name", "trusted"];
    const LITERALS: &'static [&'static str] = &["trusted"];
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::NameBlank, ErrorCode::TrustedFormat, ErrorCode::CatalogNotExis];
    type Parameters = CatalogTrustParameters;
    type Data = CatalogInfo;
    type Item = CatalogInfo;

    fn example() -> CatalogInfo {
        listed()
    }

    async fn answer(call: &Call<'_>) -> Result<CatalogInfo, Refusal> {
        let name = call.parameters.required("name", ErrorCode::NameBlank)?;
        let is_trusted = call.parameters.optional("trusted").unwrap_or("true").parse();
        let is_trusted = is_trusted.map_err(|_| Refusal::Format(ErrorCode::TrustedFormat))?;
        Ok(info(&call.control.trust_catalog(name, is_trusted).await?, call.language))
    }
}

/// One of the list, for documentation.
fn listed() -> CatalogInfo {
    let none = || ListedInfo { count: 0, names: Vec::new() };
    CatalogInfo {
        name: "websoft9".into(),
        kind: "git".into(),
        source: "https://github.com/Websoft9/docker-library".into(),
        branch: "main".into(),
        sha256: String::new(),
        key: String::new(),
        trusted: true,
        added_at: "2026-11-22T08:00:00Z".into(),
        state: "ready".into(),
        apps_done: 0,
        apps_total: 0,
        synced_at: "2026-11-22T08:01:00Z".into(),
        report: Some(SyncReportInfo {
            format: "websoft9".into(),
            revision: "8a5b1f0c2d3e4f5061728394a5b6c7d8e9f00112".into(),
            packages: 218,
            new: none(),
            changed: ListedInfo { count: 1, names: vec!["wordpress".into()] },
            gone: none(),
            unreadable_count: 1,
            unreadable: vec![UnreadableAppInfo {
                app: "gitlab".into(),
                reason: "it cannot be read: docker-compose.yml is missing".into(),
            }],
            hidden: 3,
        }),
        failed_at: String::new(),
        reason: None,
    }
}

fn infos(details: &[CatalogDetail], language: Language) -> Vec<CatalogInfo> {
    details.iter().map(|detail| info(detail, language)).collect()
}

fn info(detail: &CatalogDetail, language: Language) -> CatalogInfo {
    let CatalogDetail { record, state, broken } = detail;
    let (state, (apps_done, apps_total)) = match state {
        CatalogState::Queued => ("queued", (0, 0)),
        CatalogState::Syncing { done, total } => ("syncing", (*done, *total)),
        CatalogState::Ready => ("ready", (0, 0)),
        CatalogState::Failed => ("failed", (0, 0)),
        CatalogState::Broken => ("broken", (0, 0)),
    };
    let (branch, sha256, key) = match record.source.clone() {
        CatalogSource::Directory(_) => (None, None, None),
        CatalogSource::Git { branch, .. } => (branch, None, None),
        CatalogSource::Archive { sha256, key, .. } => (None, sha256, key),
    };
    CatalogInfo {
        name: record.name.to_string(),
        kind: record.source.kind().into(),
        source: record.source.location(),
        branch: branch.unwrap_or_default(),
        sha256: sha256.unwrap_or_default(),
        key: key.unwrap_or_default(),
        trusted: record.is_trusted,
        added_at: rfc3339(record.added_at),
        state: state.into(),
        apps_done,
        apps_total,
        synced_at: record.synced.as_ref().map(|synced| rfc3339(synced.at)).unwrap_or_default(),
        report: record.synced.as_ref().map(|synced| report_info(&synced.report)),
        failed_at: record.failed.as_ref().map(|failed| rfc3339(failed.at)).unwrap_or_default(),
        reason: reason(detail, broken.as_deref(), language),
    }
}

/// What is wrong with a catalog: a sync that failed is of more help than what it was to mend.
fn reason(detail: &CatalogDetail, broken: Option<&str>, language: Language) -> Option<ReasonInfo> {
    if let Some(failed) = &detail.record.failed {
        return Some(reason_info(&failed.failure, language));
    }
    let name = detail.record.name.as_str();
    broken.map(|why| reason_info(&Failure::of(FailureClass::CatalogBroken, name, why), language))
}

fn report_info(report: &SyncReport) -> SyncReportInfo {
    let names = |listed: &Listed<String>| ListedInfo { count: listed.count, names: listed.first.clone() };
    let unreadable = |UnreadableApp { app, reason }: &UnreadableApp| UnreadableAppInfo {
        app: app.clone(),
        reason: reason.clone(),
    };
    SyncReportInfo {
        format: report.format.clone(),
        revision: report.revision.clone(),
        packages: report.packages,
        new: names(&report.new),
        changed: names(&report.changed),
        gone: names(&report.gone),
        unreadable_count: report.unreadable.count,
        unreadable: report.unreadable.first.iter().map(unreadable).collect(),
        hidden: report.hidden,
    }
}
