//! Every error code of every interface, in both languages and every form of a call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::http::{Method, Request};
use control::Data;
use control::ports::Clock;
use domain::{ErrorCode, Status, Timestamp};
use serde_json::json;
use server::ServerSettings;
use testkit::{Behaviour, World};

use crate::client::{Api, Call, router_over, send};
use crate::codes_of_access::{accounts_full, of_accounts, of_audiences};
use crate::domains::{self, of_domains};
use crate::messages::CHINESE;

/// The paths of all interfaces, as the server describes them.
async fn interfaces(api: &Api) -> Vec<String> {
    let get = Request::get("/openapi.json").body(axum::body::Body::empty()).expect("a request");
    let document = api.send(get).await.json();
    document["paths"].as_object().expect("paths").keys().cloned().collect()
}

/// The codes that each interface promises.
pub(crate) async fn promised(api: &Api) -> BTreeSet<(String, &'static str)> {
    let get = Request::get("/openapi.json").body(axum::body::Body::empty()).expect("a request");
    let document = api.send(get).await.json();
    let mut promised = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for code in item["get"]["x-error-codes"].as_array().expect("codes") {
            let code = ErrorCode::ALL.iter().find(|known| code == known.as_str()).expect("a known code");
            promised.insert((path.clone(), code.as_str()));
        }
    }
    promised
}

/// The interfaces that answer a list.
const LISTS: &[&str] = &[
    "/AppAudit",
    "/AppCatalog",
    "/AppDomainList",
    "/AppList",
    "/AppLogs",
    "/AppOperations",
    "/AppStats",
    "/AppTrash",
    "/CatalogList",
    "/CatalogSync",
    "/KeyList",
    "/UserList",
];

/// What no call can bring about, each with its reason.
const NOT_ANSWERED: &[(&str, ErrorCode)] = &[
    // It reads memory and nothing else: only a bug of ours could fail. `edge` tests what happens then.
    ("/AppTrash", ErrorCode::SystemError),
    ("/AppStats", ErrorCode::SystemError),
    ("/AppDomainList", ErrorCode::SystemError),
    // Neither does it touch the database, and what the engine cannot do has a code of its own.
    ("/AppLogs", ErrorCode::SystemError),
    ("/AppCatalog", ErrorCode::SystemError),
    ("/AppCatalogDetail", ErrorCode::SystemError),
    ("/CatalogList", ErrorCode::SystemError),
    ("/CatalogSync", ErrorCode::SystemError),
    ("/UserList", ErrorCode::SystemError),
    ("/KeyList", ErrorCode::SystemError),
];

/// The codes that have been answered, by interface.
#[derive(Default)]
pub(crate) struct Covered(BTreeSet<(String, &'static str)>);

impl Covered {
    pub(crate) async fn refused(&mut self, router: &Router, call: Call, code: ErrorCode) {
        let chinese = CHINESE.iter().find(|(known, _)| *known == code).expect("in the table").1;
        for language in ["zh-CN", "en"] {
            // The header itself may be what is missing; then Accept-Language speaks.
            let mut call = call.clone();
            if call.headers.iter().any(|(name, _)| *name == "language") {
                call = call.header("language", language);
            }
            let call = call.header("accept-language", language);
            for request in call.every_form() {
                let what = format!("{} {} {:?}", request.method(), request.uri(), call.parameters);
                let answer = send(router, request).await;
                let (answered, message) = answer.error();
                assert_eq!(answered, code.as_str(), "{what}: {message}");
                let nothing = if LISTS.contains(&&*call.path) { json!([]) } else { json!({}) };
                assert_eq!(answer.json()["ResponseData"], nothing, "{what}");
                assert_eq!(message.starts_with(chinese), language == "zh-CN", "{what}: {message}");
                assert!(language == "zh-CN" || message.is_ascii(), "{what}: {message}");
            }
        }
        self.0.insert((call.path, code.as_str()));
    }
}

fn install(app: &str, name: &str, version: &str) -> Call {
    let parameters = [("app_name", app), ("customer_app_name", name), ("app_version", version)];
    Call::to("/AppInstall", &parameters)
}

pub(crate) fn sound(interface: &str) -> Call {
    match interface {
        "/AppInstall" => install("hello", "one", "latest"),
        "/AppPlan" => Call { path: interface.to_owned(), ..install("hello", "one", "latest") },
        "/AppCatalogDetail" => Call::to(interface, &[("app_name", "hello")]),
        "/AppList" | "/AppTrash" | "/AppCatalog" | "/AppAudit" | "/UserList" | "/KeyList"
        | "/CatalogList" | "/CatalogSync" => Call::to(interface, &[]),
        "/CatalogAdd" => Call::to(interface, &[("name", "store"), ("source", "/srv/store")]),
        "/CatalogRemove" | "/CatalogTrust" => Call::to(interface, &[("name", "store")]),
        "/UserAdd" | "/UserPassword" | "/UserRemove" | "/KeyAdd" | "/KeyRevoke" => {
            Call::to(interface, &[("name", "alice")])
        }
        other => Call::to(other, &[("app_id", "one")]),
    }
}

async fn common(covered: &mut Covered, api: &Api) {
    let router = &api.router;
    for interface in &interfaces(api).await {
        let call = sound(interface);
        covered.refused(router, call.clone().header("version", ""), ErrorCode::HeaderVersionBlank).await;
        covered.refused(router, call.clone().header("version", " "), ErrorCode::HeaderVersionBlank).await;
        covered.refused(router, call.clone().header("version", "v2"), ErrorCode::HeaderVersionNotExis).await;
        covered.refused(router, call.clone().header("language", ""), ErrorCode::HeaderLanguageBlank).await;
        let foreign = call.clone().header("host", "evil.example");
        covered.refused(router, foreign, ErrorCode::InterfaceNotExis).await;
        malformed(covered, router, interface).await;
    }
}

async fn malformed(covered: &mut Covered, router: &Router, interface: &str) {
    for language in ["zh", "en"] {
        let call = sound(interface).header("language", language);
        let request = call.with(Method::POST, false, Some(("application/json", "{".into())));
        let (code, message) = send(router, request).await.error();
        assert_eq!((code.as_str(), message.is_ascii()), ("Request.FormatError", language == "en"));
    }
    covered.0.insert((interface.to_owned(), ErrorCode::RequestFormatError.as_str()));
}

/// A package that cannot be installed without a value for one of its variables.
fn choosy() -> domain::Package {
    let kind = domain::package::VariableKind::Text { default: None };
    let title = domain::package::Variable { name: "TITLE".to_owned(), kind, label: Default::default() };
    let hello = testkit::packages::hello();
    domain::Package { name: "choosy".to_owned(), variables: vec![title], ..hello }
}

async fn of_install(covered: &mut Covered, api: &Api) {
    api.install("hello", "taken").await;
    api.install("blog", "binned").await;
    api.install("blog", "configured").await;
    api.world.engine.behave("blog", Behaviour::Silent);
    api.running.install("blog", "waiting").await.expect("accepted");
    for (app, name, version, code) in [
        ("", "", "", ErrorCode::AppNameBlank),
        ("\t\u{3000}", "X", "9", ErrorCode::AppNameBlank),
        ("nothing", " ", "", ErrorCode::CustomerAppNameBlank),
        ("nothing", "X", " ", ErrorCode::AppVersionBlank),
        ("nothing", "X", "9", ErrorCode::AppUnknown),
        ("hello", "X", "9", ErrorCode::CustomerAppNameFormat),
        ("hello", "my-app", "9", ErrorCode::CustomerAppNameFormat),
        ("hello", &"a".repeat(33), "9", ErrorCode::CustomerAppNameFormat),
        ("hello", "taken", "9", ErrorCode::AppVersionNotExis),
        ("HELLO", "taken", "latest", ErrorCode::CustomerAppNameRepeat),
        ("hello", " waiting ", "2", ErrorCode::CustomerAppNameWait),
    ] {
        covered.refused(&api.router, install(app, name, version), code).await;
    }
    let mut choosy = install("choosy", "choosy", "1");
    covered.refused(&api.router, choosy.clone(), ErrorCode::SettingsMissing).await;
    choosy.parameters.push(("settings".into(), r#"{"TITLE": "Mine"}"#.into()));
    api.send(choosy.get()).await.data();
    for (app, settings, code) in [
        ("hello", "[]", ErrorCode::SettingsFormat),
        ("hello", r#"{"TITLE": "#, ErrorCode::SettingsFormat),
        ("blog", r#"{"TITEL": "x", "POSTS": "x"}"#, ErrorCode::SettingsUnknown),
        ("blog", r#"{"POSTS": "x"}"#, ErrorCode::SettingsValue),
        ("blog", r#"{"DB_PASSWORD": "short"}"#, ErrorCode::SettingsValue),
        ("blog", r#"{"TITLE": []}"#, ErrorCode::SettingsValue),
    ] {
        // Told before the name is looked at.
        let mut call = install(app, "taken", "1");
        call.parameters.push(("settings".into(), settings.into()));
        covered.refused(&api.router, call, code).await;
    }
    api.judged("greedy").await;
    covered.refused(&api.router, install("greedy", "taken", "latest"), ErrorCode::PolicyRefused).await;
    api.world.host.set_memory_bytes(1 << 20);
    covered.refused(&api.router, install("hello", "big", "1"), ErrorCode::RequirementNotEnough).await;
    covered.refused(&api.router, install("hello", "taken", "1"), ErrorCode::CustomerAppNameRepeat).await;
    api.world.host.set_memory_bytes(8 << 30);
    api.world.store.set_disk_full(true);
    covered.refused(&api.router, install("hello", "unlucky", "1"), ErrorCode::SystemError).await;
    api.world.store.set_disk_full(false);
}

async fn of_reads(covered: &mut Covered, api: &Api) {
    let trash = ["/AppRestore", "/AppPurge"];
    let verbs =
        ["/AppStart", "/AppStop", "/AppRestart", "/AppUninstall", "/AppCancel", "/AppConfig", "/AppAdopt"];
    for interface in
        ["/AppStatus", "/AppDetail", "/AppOperation", "/AppLogs"].iter().chain(&verbs).chain(&trash)
    {
        let absent = if trash.contains(interface) { ErrorCode::AppNotInTrash } else { ErrorCode::AppNotExis };
        for (id, code) in [
            (" ", ErrorCode::AppIdBlank),
            ("My-App", ErrorCode::AppIdFormat),
            ("博客", ErrorCode::AppIdFormat),
            ("nobody", absent),
            (&"a".repeat(33), absent),
        ] {
            covered.refused(&api.router, Call::to(interface, &[("app_id", id)]), code).await;
        }
        covered.refused(&api.router, Call::to(interface, &[]), ErrorCode::AppIdBlank).await;
    }
}

/// What the verbs answer while other work is open, on the wrong side of the recycle bin, and on a full disk.
async fn of_verbs(covered: &mut Covered, api: &Api) {
    let call = |interface: &str, id: &str| Call::to(interface, &[("app_id", id)]);
    for verb in ["/AppStart", "/AppStop", "/AppRestart", "/AppUninstall", "/AppConfig", "/AppAdopt"] {
        covered.refused(&api.router, call(verb, "waiting"), ErrorCode::AppBusy).await;
    }
    let configure = |settings: &str| Call::to("/AppConfig", &[("app_id", "binned"), ("settings", settings)]);
    for (settings, code) in [
        ("[]", ErrorCode::SettingsFormat),
        (r#"{"COLOUR":"red"}"#, ErrorCode::SettingsUnknown),
        (r#"{"POSTS":"many"}"#, ErrorCode::SettingsValue),
    ] {
        covered.refused(&api.router, configure(settings), code).await;
    }
    api.running.operation_ended("choosy").await;
    let unset = Call::to("/AppConfig", &[("app_id", "choosy"), ("settings", r#"{"TITLE":null}"#)]);
    covered.refused(&api.router, unset, ErrorCode::SettingsMissing).await;
    api.world.store.set_disk_full(true);
    covered.refused(&api.router, configure(r#"{"POSTS":3}"#), ErrorCode::SystemError).await;
    api.world.store.set_disk_full(false);
    let odd = Call::to("/AppUninstall", &[("app_id", "taken"), ("data", "all")]);
    covered.refused(&api.router, odd, ErrorCode::DataFormat).await;
    covered.refused(&api.router, call("/AppCancel", "taken"), ErrorCode::OperationNotExis).await;
    api.world.store.set_disk_full(true);
    for verb in ["/AppRestart", "/AppStop", "/AppUninstall"] {
        covered.refused(&api.router, call(verb, "taken"), ErrorCode::SystemError).await;
    }
    covered.refused(&api.router, call("/AppCancel", "waiting"), ErrorCode::SystemError).await;
    api.world.store.set_disk_full(false);

    api.running.control.stop("taken").await.expect("accepted");
    api.running.operation_ended("taken").await;
    api.world.store.set_disk_full(true);
    covered.refused(&api.router, call("/AppStart", "taken"), ErrorCode::SystemError).await;
    api.world.store.set_disk_full(false);

    api.running.control.uninstall("binned", Data::Keep).await.expect("accepted");
    api.running.operation_ended("binned").await;
    covered.refused(&api.router, call("/AppStatus", "binned"), ErrorCode::AppNotExis).await;
    covered.refused(&api.router, install("hello", "binned", "1"), ErrorCode::CustomerAppNameRepeat).await;
    api.world.store.set_disk_full(true);
    for verb in ["/AppRestore", "/AppPurge"] {
        covered.refused(&api.router, call(verb, "binned"), ErrorCode::SystemError).await;
    }
    api.world.store.set_disk_full(false);

    api.world.engine.refuse_removals(true);
    api.running.control.purge("binned").await.expect("accepted");
    let deletes = |running: &testkit::Running| {
        let operation = running.control.app_operation("binned").ok()?;
        operation.is_past_return().then_some(())
    };
    api.running.until(deletes).await;
    for verb in ["/AppRestore", "/AppPurge"] {
        covered.refused(&api.router, call(verb, "binned"), ErrorCode::AppBusy).await;
    }
    covered.refused(&api.router, call("/AppCancel", "binned"), ErrorCode::OperationTooLate).await;
    // It ends up in the bin again, whole as far as the engine has let it be.
    api.running.operation_ended("binned").await;
    api.world.engine.refuse_removals(false);
}

/// What is answered about a compose project that this server did not install.
async fn of_projects(covered: &mut Covered, api: &Api) {
    let call = |interface: &str, id: &str| Call::to(interface, &[("app_id", id)]);
    api.world.engine.compose_up("shop", &["web"]);
    api.running.has_status("shop", Status::Running).await;
    covered.refused(&api.router, call("/AppOperation", "shop"), ErrorCode::OperationNotExis).await;
    covered.refused(&api.router, call("/AppUninstall", "shop"), ErrorCode::AppNotManaged).await;
    covered.refused(&api.router, call("/AppConfig", "shop"), ErrorCode::AppNotManaged).await;
    covered.refused(&api.router, call("/AppAdopt", "taken"), ErrorCode::AppManaged).await;
    api.world.store.set_disk_full(true);
    covered.refused(&api.router, call("/AppAdopt", "shop"), ErrorCode::SystemError).await;
    api.world.store.set_disk_full(false);
    api.running.control.adopt("shop").await.expect("accepted");
    api.running.operation_ended("shop").await;
    covered.refused(&api.router, call("/AppAdopt", "shop"), ErrorCode::AppManaged).await;
    let purge = Call::to("/AppUninstall", &[("app_id", "shop"), ("data", "purge")]);
    covered.refused(&api.router, purge, ErrorCode::AppNotManaged).await;
}

async fn of_history(covered: &mut Covered, api: &Api) {
    for interface in ["/AppOperations", "/AppEvents", "/AppStats"] {
        for (id, code) in [
            ("My-App", ErrorCode::AppIdFormat),
            ("nobody", ErrorCode::AppNotExis),
            (&"a".repeat(33), ErrorCode::AppNotExis),
        ] {
            covered.refused(&api.router, Call::to(interface, &[("app_id", id)]), code).await;
        }
    }
    for limit in ["0", "101", "-1", "1.5", "many", "99999999999999999999"] {
        let call = Call::to("/AppOperations", &[("limit", limit), ("app_id", "X")]);
        covered.refused(&api.router, call, ErrorCode::LimitFormat).await;
    }
    let call = Call::to("/AppOperations", &[("before", "nothing")]);
    covered.refused(&api.router, call, ErrorCode::BeforeNotExis).await;
    for id in ["-1", "1.5", "last", "99999999999999999999"] {
        let call = Call::to("/AppEvents", &[("last_event_id", id), ("app_id", "X")]);
        covered.refused(&api.router, call, ErrorCode::LastEventIdFormat).await;
        let call = Call::to("/AppEvents", &[("last_event_id", "1")]).header("last-event-id", id);
        covered.refused(&api.router, call, ErrorCode::LastEventIdFormat).await;
    }
}

async fn of_logs(covered: &mut Covered, api: &Api) {
    for (name, values, code) in [
        ("tail", ["-1", "10001", "1.5", "all"], ErrorCode::TailFormat),
        (
            "since",
            ["yesterday", "2026-11-22", "1767225600", "2026-11-22T08:00:00+01:00"],
            ErrorCode::SinceFormat,
        ),
        ("follow", ["yes", "1", "TRUE", "truefalse"], ErrorCode::FollowFormat),
    ] {
        for value in values {
            let call = Call::to("/AppLogs", &[("app_id", "X"), (name, value)]);
            covered.refused(&api.router, call, code).await;
        }
    }
    for follow in ["false", "true"] {
        let parameters = [("app_id", "taken"), ("service", "nothing"), ("follow", follow)];
        covered.refused(&api.router, Call::to("/AppLogs", &parameters), ErrorCode::ServiceNotExis).await;
    }
}

async fn of_catalog(covered: &mut Covered, api: &Api) {
    for limit in ["0", "101", "all"] {
        let call = Call::to("/AppCatalog", &[("limit", limit)]);
        covered.refused(&api.router, call, ErrorCode::LimitFormat).await;
    }
    for (name, code) in [(" ", ErrorCode::AppNameBlank), ("nothing", ErrorCode::AppUnknown)] {
        covered.refused(&api.router, Call::to("/AppCatalogDetail", &[("app_name", name)]), code).await;
    }
    for (app, name, version, settings, code) in [
        ("", "", "", "[]", ErrorCode::AppNameBlank),
        ("nothing", " ", "", "[]", ErrorCode::CustomerAppNameBlank),
        ("nothing", "X", " ", "[]", ErrorCode::AppVersionBlank),
        ("nothing", "X", "9", "[]", ErrorCode::AppUnknown),
        ("blog", "X", "9", "[]", ErrorCode::CustomerAppNameFormat),
        ("blog", "taken", "9", "[]", ErrorCode::AppVersionNotExis),
        ("blog", "taken", "1", "[]", ErrorCode::SettingsFormat),
        ("blog", "taken", "1", r#"{"X": 1}"#, ErrorCode::SettingsUnknown),
        ("blog", "taken", "1", r#"{"POSTS": 1.5}"#, ErrorCode::SettingsValue),
    ] {
        let mut call = Call { path: "/AppPlan".to_owned(), ..install(app, name, version) };
        call.parameters.push(("settings".into(), settings.into()));
        covered.refused(&api.router, call, code).await;
    }
}

async fn database_fails(covered: &mut Covered) {
    let world = World::default();
    let router = router_over(&world, |_| ());
    world.store.set_unreadable(true);
    for interface in ["/AppOperation", "/AppOperations", "/AppEvents", "/AppAudit"] {
        let call = Call::to(interface, &[("app_id", "one")]);
        covered.refused(&router, call, ErrorCode::SystemError).await;
    }
}

async fn engine_away(covered: &mut Covered, api: &Api) {
    api.world.engine.set_away(true);
    api.running
        .until(|running| {
            matches!(running.control.app_list(None), Err(control::Error::EngineAway { .. })).then_some(())
        })
        .await;
    let code = ErrorCode::ContainerCommandError;
    covered.refused(&api.router, install("hello", "new", "1"), code).await;
    for interface in ["/AppStatus", "/AppDetail"] {
        covered.refused(&api.router, Call::to(interface, &[("app_id", "taken")]), code).await;
    }
    covered.refused(&api.router, Call::to("/AppList", &[]), code).await;
    covered.refused(&api.router, Call::to("/AppStats", &[]), code).await;
    for follow in ["false", "true"] {
        let call = Call::to("/AppLogs", &[("app_id", "taken"), ("follow", follow)]);
        covered.refused(&api.router, call, code).await;
    }
    for verb in ["/AppStart", "/AppStop", "/AppRestart", "/AppUninstall", "/AppAdopt"] {
        covered.refused(&api.router, Call::to(verb, &[("app_id", "taken")]), code).await;
    }
    for verb in ["/AppRestore", "/AppPurge"] {
        covered.refused(&api.router, Call::to(verb, &[("app_id", "binned")]), code).await;
    }
    let configure = [("app_id", "configured"), ("settings", r#"{"POSTS":3}"#)];
    covered.refused(&api.router, Call::to("/AppConfig", &configure), code).await;
}

/// A clock that can break.
struct BrokenClock(AtomicBool);

impl Clock for BrokenClock {
    fn now(&self) -> Timestamp {
        assert!(!self.0.load(Ordering::SeqCst), "the clock is broken");
        Timestamp::from_millis(0)
    }
}

async fn panics(covered: &mut Covered) {
    let clock = Arc::new(BrokenClock(AtomicBool::new(false)));
    let router = router_over(&World::default(), |ports| ports.clock = Arc::clone(&clock) as _);
    clock.0.store(true, Ordering::SeqCst);
    for interface in ["/AppInstall", "/AppStatus", "/AppList", "/AppDetail", "/AppPlan"] {
        covered.refused(&router, sound(interface), ErrorCode::SystemError).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_code_of_every_interface_is_answered_in_both_languages() {
    let mut world = domains::world();
    world.packages.push(choosy().into());
    let api = Api::start_with(world, &ServerSettings::default()).await;
    let mut covered = Covered::default();
    common(&mut covered, &api).await;
    of_install(&mut covered, &api).await;
    of_reads(&mut covered, &api).await;
    of_verbs(&mut covered, &api).await;
    of_projects(&mut covered, &api).await;
    of_domains(&mut covered, &api).await;
    of_history(&mut covered, &api).await;
    of_logs(&mut covered, &api).await;
    of_catalog(&mut covered, &api).await;
    of_audiences(&mut covered, &api).await;
    of_accounts(&mut covered, &api).await;
    crate::catalogs::codes(&mut covered, &api).await;
    accounts_full(&mut covered).await;
    database_fails(&mut covered).await;
    engine_away(&mut covered, &api).await;
    panics(&mut covered).await;
    for (interface, code) in NOT_ANSWERED {
        assert!(
            covered.0.insert(((*interface).to_owned(), code.as_str())),
            "{interface} can answer {code:?}"
        );
    }
    let promised = promised(&api).await;
    let apart: Vec<_> = covered.0.symmetric_difference(&promised).collect();
    assert!(apart.is_empty(), "these have no test, or are not documented: {apart:?}");
    let answered: BTreeSet<&str> = promised.iter().map(|(_, code)| *code).collect();
    let missing = |code: &&ErrorCode| !answered.contains(code.as_str());
    assert_eq!(ErrorCode::ALL.iter().find(missing), None, "no interface answers it");
}

#[tokio::test(start_paused = true)]
async fn a_message_ends_with_what_was_found() {
    let api = Api::start().await;
    api.world.host.set_memory_bytes(1 << 20);
    let call = install("blog", "big", "1").header("language", "zh");
    let (_, message) = api.send(call.json()).await.error();
    assert_eq!(message, "系统资源(cpu,内存,磁盘空间)不足(内存: 需要 512 MB, 可用 1 MB)");
    let (_, message) = api.send(install("blog", "big", "9").get()).await.error();
    assert_eq!(message, "This version of the app cannot be installed (versions: 2, 1)");
}
