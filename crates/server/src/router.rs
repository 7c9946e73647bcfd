//! Every route on one screen.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::get;
use control::Control;
use control::metrics::Durations;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;

use crate::Server;
use crate::callers::Callers;
use crate::edge::{keep_contract, mark_ordinary};
use crate::event_stream::Streams;
use crate::gatekeeper::Gatekeeper;
use crate::interface::{Interfaces, no_such_interface};
use crate::limits::CALL_SECONDS;
use crate::routes::app_audit::AppAudit;
use crate::routes::app_cancel::AppCancel;
use crate::routes::app_catalog::AppCatalog;
use crate::routes::app_catalog_detail::AppCatalogDetail;
use crate::routes::app_config::AppConfig;
use crate::routes::app_detail::AppDetail;
use crate::routes::app_events::AppEvents;
use crate::routes::app_install::AppInstall;
use crate::routes::app_list::AppList;
use crate::routes::app_logs::AppLogs;
use crate::routes::app_operation::AppOperation;
use crate::routes::app_operations::AppOperations;
use crate::routes::app_plan::AppPlan;
use crate::routes::app_stats::AppStats;
use crate::routes::app_status::AppStatus;
use crate::routes::app_trash::AppTrash;
use crate::routes::app_uninstall::AppUninstall;
use crate::routes::catalogs::{CatalogAdd, CatalogList, CatalogRemove, CatalogSync, CatalogTrust};
use crate::routes::domains::{AppDomainAdd, AppDomainList, AppDomainRemove};
use crate::routes::keys::{KeyAdd, KeyList, KeyRevoke};
use crate::routes::users::{UserAdd, UserList, UserPassword, UserRemove};
use crate::routes::verbs::{AppAdopt, AppPurge, AppRestart, AppRestore, AppStart, AppStop};
use crate::routes::{documents, domains, health, images, login, metrics};
use crate::settings::{ServerSettings, SettingsError, checked_base};

/// The API, to be put on sockets.
#[derive(Clone, Debug)]
pub struct Api {
    /// Answers every request.
    pub router: Router,
    /// What is being changed, also for callers who have gone.
    pub(crate) changes: TaskTracker,
}

/// The whole API over `control`.
///
/// # Errors
/// A setting cannot be.
pub fn api(control: Arc<Control>, settings: &ServerSettings) -> Result<Api, SettingsError> {
    let base = checked_base(&settings.base)?;

    let interfaces = interfaces(&base);
    let ordinary = ordinary(&base);
    let changes = TaskTracker::new();
    let server = Arc::new(Server {
        control,
        callers: Callers::of(settings)?,
        gatekeeper: Gatekeeper::of(&settings.trust),
        read_only_passwords: settings.trust.read_only_passwords,
        changes: changes.clone(),
        require_headers: settings.require_headers,
        streams: Streams::default(),
        checkup: tokio::sync::Mutex::default(),
        known: interfaces.known,
        calls: Durations::within(CALL_SECONDS),
        openapi: OnceLock::new(),
        base,
    });
    let router = interfaces
        .router
        .merge(ordinary)
        .fallback(no_such_interface)
        .layer(from_fn_with_state(Arc::clone(&server), keep_contract))
        .with_state(server);
    Ok(Api { router, changes })
}

/// Every interface, in the order of the documentation.
fn interfaces(base: &str) -> Interfaces {
    Interfaces::at(base)
        .with::<AppInstall>()
        .with::<AppStatus>()
        .with::<AppList>()
        .with::<AppDetail>()
        .with::<AppOperation>()
        .with::<AppStart>()
        .with::<AppStop>()
        .with::<AppRestart>()
        .with::<AppCancel>()
        .with::<AppUninstall>()
        .with::<AppTrash>()
        .with::<AppRestore>()
        .with::<AppPurge>()
        .with::<AppConfig>()
        .with::<AppAdopt>()
        .with::<AppDomainAdd>()
        .with::<AppDomainList>()
        .with::<AppDomainRemove>()
        .with::<AppOperations>()
        .with::<AppEvents>()
        .with::<AppLogs>()
        .with::<AppStats>()
        .with::<AppCatalog>()
        .with::<AppCatalogDetail>()
        .with::<AppPlan>()
        .with::<CatalogAdd>()
        .with::<CatalogList>()
        .with::<CatalogSync>()
        .with::<CatalogRemove>()
        .with::<CatalogTrust>()
        .with::<UserAdd>()
        .with::<UserList>()
        .with::<UserRemove>()
        .with::<UserPassword>()
        .with::<KeyAdd>()
        .with::<KeyList>()
        .with::<KeyRevoke>()
        .with::<AppAudit>()
}

/// Everything that is no interface.
fn ordinary(base: &str) -> Router<Arc<Server>> {
    Router::new()
        .route("/healthz", get(health::alive))
        .route(domains::CHALLENGE, get(domains::challenge))
        .route("/readyz", get(health::ready))
        .route("/doctor", get(health::checkup))
        .route("/metrics", get(metrics::metrics))
        .route(login::PATH, get(login::login))
        .route("/openapi.json", get(documents::openapi))
        .route(&format!("{base}/{}/{{file}}", images::FOLDER), get(images::image))
        .merge(documents::docs())
        .layer(CatchPanicLayer::new())
        .layer(map_response(mark_ordinary))
}
