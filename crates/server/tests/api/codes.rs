//! Every error code of every interface, in both languages and every form of a call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::http::{Method, Request};
use control::ports::Clock;
use domain::{ErrorCode, Timestamp};
use serde_json::json;
use testkit::{Behaviour, World};

use crate::client::{Api, Call, router_over, send};

const INTERFACES: [&str; 4] = ["/AppInstall", "/AppStatus", "/AppList", "/AppOperation"];

/// The contract's tables: what a message in Chinese begins with.
const CHINESE: &[(ErrorCode, &str)] = &[
    (ErrorCode::AppNameBlank, "APP名称为空"),
    (ErrorCode::CustomerAppNameBlank, "用户自定义APP名称为空"),
    (ErrorCode::AppUnknown, "不支持安装指定的App"),
    (ErrorCode::CustomerAppNameFormat, "查询的APP_ID只能是数字和小写字母组成"),
    (ErrorCode::CustomerAppNameRepeat, "已经安装了此应用,请重新指定APP名称"),
    (ErrorCode::CustomerAppNameWait, "同名应用已经在安装等待中,请重新指定APP名称"),
    (ErrorCode::RequirementNotEnough, "系统资源(cpu,内存,磁盘空间)不足"),
    (ErrorCode::AppIdBlank, "查询的APP_ID为空"),
    (ErrorCode::AppIdFormat, "查询的APP_ID只能是数字和小写字母组成"),
    (ErrorCode::AppNotExis, "查询的APP没有安装"),
    (ErrorCode::ContainerCommandError, "操作容器指令发生错误"),
    (ErrorCode::SystemError, "系统异常,请联系管理员"),
    (ErrorCode::AppVersionBlank, "应用版本为空"),
    (ErrorCode::AppVersionNotExis, "不支持安装指定的应用版本"),
    (ErrorCode::SettingsFormat, "参数settings不是JSON对象"),
    (ErrorCode::SettingsUnknown, "应用没有指定的设置项"),
    (ErrorCode::SettingsValue, "设置项的值不符合要求"),
    (ErrorCode::HeaderVersionBlank, "请求头Version为空"),
    (ErrorCode::HeaderLanguageBlank, "请求头Language为空"),
    (ErrorCode::HeaderVersionNotExis, "不支持指定的接口版本"),
    (ErrorCode::RequestFormatError, "请求格式错误"),
    (ErrorCode::InterfaceNotExis, "接口不存在"),
];

/// What no call can bring about, each with its reason.
const NOT_ANSWERED: &[(&str, ErrorCode)] = &[
    // It reads memory and nothing else: only a bug of ours could fail. `edge` tests what happens then.
    ("/AppOperation", ErrorCode::SystemError),
];

/// The codes that have been answered, by interface.
#[derive(Default)]
struct Covered(BTreeSet<(String, &'static str)>);

impl Covered {
    async fn refused(&mut self, router: &Router, call: Call, code: ErrorCode) {
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
                let nothing = if call.path == "/AppList" { json!([]) } else { json!({}) };
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

fn sound(interface: &str) -> Call {
    match interface {
        "/AppInstall" => install("hello", "one", "latest"),
        "/AppList" => Call::to("/AppList", &[]),
        other => Call::to(other, &[("app_id", "one")]),
    }
}

async fn common(covered: &mut Covered, router: &Router) {
    for interface in INTERFACES {
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

async fn of_install(covered: &mut Covered, api: &Api) {
    api.install("hello", "taken").await;
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
    api.world.host.set_memory_bytes(1 << 20);
    covered.refused(&api.router, install("hello", "big", "1"), ErrorCode::RequirementNotEnough).await;
    covered.refused(&api.router, install("hello", "taken", "1"), ErrorCode::CustomerAppNameRepeat).await;
    api.world.host.set_memory_bytes(8 << 30);
    api.world.store.set_disk_full(true);
    covered.refused(&api.router, install("hello", "unlucky", "1"), ErrorCode::SystemError).await;
    api.world.store.set_disk_full(false);
}

async fn of_reads(covered: &mut Covered, api: &Api) {
    for interface in ["/AppStatus", "/AppOperation"] {
        for (id, code) in [
            (" ", ErrorCode::AppIdBlank),
            ("My-App", ErrorCode::AppIdFormat),
            ("博客", ErrorCode::AppIdFormat),
            ("nobody", ErrorCode::AppNotExis),
            (&"a".repeat(33), ErrorCode::AppNotExis),
        ] {
            covered.refused(&api.router, Call::to(interface, &[("app_id", id)]), code).await;
        }
        covered.refused(&api.router, Call::to(interface, &[]), ErrorCode::AppIdBlank).await;
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
    covered.refused(&api.router, Call::to("/AppStatus", &[("app_id", "taken")]), code).await;
    covered.refused(&api.router, Call::to("/AppList", &[]), code).await;
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
    for interface in ["/AppInstall", "/AppStatus", "/AppList"] {
        covered.refused(&router, sound(interface), ErrorCode::SystemError).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_code_of_every_interface_is_answered_in_both_languages() {
    let api = Api::start().await;
    let mut covered = Covered::default();
    common(&mut covered, &api.router).await;
    of_install(&mut covered, &api).await;
    of_reads(&mut covered, &api).await;
    engine_away(&mut covered, &api).await;
    panics(&mut covered).await;
    for (interface, code) in NOT_ANSWERED {
        assert!(
            covered.0.insert(((*interface).to_owned(), code.as_str())),
            "{interface} can answer {code:?}"
        );
    }
    let get = Request::get("/openapi.json").body(axum::body::Body::empty()).expect("a request");
    let document = api.send(get).await.json();
    let mut promised = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for code in item["get"]["x-error-codes"].as_array().expect("codes") {
            let code = ErrorCode::ALL.iter().find(|known| code == known.as_str()).expect("a known code");
            promised.insert((path.clone(), code.as_str()));
        }
    }
    assert_eq!(covered.0, promised, "an interface or a code has no test, or is not documented");
    let answered: BTreeSet<&str> = promised.iter().map(|(_, code)| *code).collect();
    // No verb but the install exists yet, and that one has a code of its own for it.
    let later = [ErrorCode::AppBusy];
    let missing = |code: &&ErrorCode| !answered.contains(code.as_str()) && !later.contains(code);
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
