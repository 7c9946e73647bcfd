//! Pages of other sites, and clients that send no headers.

use axum::http::Method;
use server::ServerSettings;
use testkit::World;

use crate::client::{Api, Call};

const CONSOLE: &str = "https://console.example";

fn install(name: &str) -> Call {
    Call::to("/AppInstall", &[("app_name", "hello"), ("customer_app_name", name), ("app_version", "1")])
}

fn bare(call: Call) -> Call {
    call.header("version", "").header("language", "")
}

async fn api(require_headers: bool) -> Api {
    let settings = ServerSettings {
        require_headers,
        cors_origins: vec![CONSOLE.into()],
        hosts: vec!["apps.example".into()],
        ..ServerSettings::default()
    };
    Api::start_with(World::default(), &settings).await
}

#[tokio::test(start_paused = true)]
async fn a_preflight_of_an_allowed_origin_is_answered_with_200_and_leave() {
    let api = api(true).await;
    let preflight = bare(Call::to("/AppInstall", &[]))
        .header("origin", CONSOLE)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "version,language");
    let answer = api.send(preflight.with(Method::OPTIONS, false, None)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["access-control-allow-origin"], CONSOLE);
    assert_eq!(answer.headers["access-control-allow-methods"], "GET, POST");
    assert!(
        answer.headers["access-control-allow-headers"]
            .to_str()
            .is_ok_and(|h| h.contains("Version, Language"))
    );
    let answer = api.send(Call::to("/AppList", &[]).header("origin", CONSOLE).get()).await;
    assert_eq!(
        (&answer.headers["access-control-allow-origin"], &answer.headers["vary"]),
        (&CONSOLE.parse().expect("a value"), &"Origin".parse().expect("a value"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_preflight_of_another_origin_gets_no_leave() {
    let api = api(true).await;
    for origin in ["https://evil.example", "http://console.example", "https://console.example.evil", "null"] {
        let preflight = bare(Call::to("/AppInstall", &[])).header("origin", origin);
        let answer = api.send(preflight.with(Method::OPTIONS, false, None)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["allow"]),
            (200, &"GET, POST, OPTIONS".parse().expect("a value"))
        );
        assert!(
            answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")),
            "{answer:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn by_default_no_origin_gets_leave() {
    let api = Api::start().await;
    let preflight = bare(Call::to("/AppInstall", &[])).header("origin", CONSOLE);
    let answer = api.send(preflight.with(Method::OPTIONS, false, None)).await;
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn older_clients_are_served_without_headers_where_the_setting_says_so() {
    let api = api(false).await;
    for request in bare(install("one")).every_form().into_iter().take(1) {
        assert_eq!(api.send(request).await.data()["app_id"], "one");
    }
    let (code, message) =
        api.send(bare(install("one")).header("accept-language", "zh-CN,zh;q=0.9").json()).await.error();
    assert!(code.starts_with("Param.CustomerAppName.") && !message.is_ascii(), "{code} {message}");
    let (code, _) = api.send(bare(install("two")).header("version", "v2").get()).await.error();
    assert_eq!(code, "Header.Version.NotExis", "a version that is sent must be served");
}

#[tokio::test(start_paused = true)]
async fn without_headers_pages_of_other_sites_change_nothing() {
    let api = api(false).await;
    for call in [
        bare(install("one")).header("sec-fetch-site", "cross-site"),
        bare(install("one")).header("origin", "https://evil.example"),
        bare(install("one")).header("origin", "null"),
        install("one").header("sec-fetch-site", "cross-site"),
    ] {
        for request in call.every_form() {
            let (code, _) = api.send(request).await.error();
            assert_eq!(code, "Interface.NotExis");
        }
    }
    assert_eq!(api.running.status("one"), None);
    let read = bare(Call::to("/AppList", &[])).header("sec-fetch-site", "cross-site");
    api.send(read.get()).await.data();
    let allowed = bare(install("one")).header("origin", CONSOLE).header("sec-fetch-site", "cross-site");
    assert_eq!(api.send(allowed.json()).await.data()["app_id"], "one");
}

#[tokio::test(start_paused = true)]
async fn a_foreign_host_finds_nothing_here_whatever_it_asks_for() {
    let api = api(true).await;
    for path in ["/AppList", "/AppInstall", "/healthz", "/docs/", "/openapi.json", "/images/hello.svg", "/x"]
    {
        let answer = api.send(Call::to(path, &[]).header("host", "evil.example:5000").get()).await;
        let (code, message) = answer.error();
        assert_eq!(code, "Interface.NotExis", "{path}");
        assert!(
            message.contains("evil.example:5000 is not accepted; add it to the setting api.hosts"),
            "{message}"
        );
    }
    for host in ["localhost:5000", "apps.example", "198.51.100.7:5000"] {
        api.send(Call::to("/AppList", &[]).header("host", host).get()).await.data();
    }
}
