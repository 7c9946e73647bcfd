//! HTTP 200 and 404, and nothing else, whatever arrives.

use axum::body::Body;
use axum::http::{Method, Request};

use crate::client::{Api, Call};

const PATHS: &[&str] = &[
    "/AppInstall",
    "/AppStatus",
    "/AppList",
    "/AppDetail",
    "/AppOperation",
    "/AppUninstall",
    "/AppDomainAdd",
    "/AppDomainList",
    "/AppDomainRemove",
    "/AppTrash",
    "/AppCancel",
    "/AppOperations",
    "/AppEvents",
    "/AppLogs",
    "/AppStats",
    "/",
    "/appstatus",
    "/AppStatus/",
    "/AppStatus/x",
    "//AppStatus",
    "/App%53tatus",
    "/nothing/at/all",
    "/..%2f..%2fetc/passwd",
    "/images",
    "/%ff",
];

const METHODS: &[&str] = &[
    "GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "BREW",
];

const QUERIES: &[&str] = &[
    "",
    "app_id=x",
    "app_id=x&app_id=y",
    "app_id=%",
    "app_id=%ff",
    "%00=%00",
    "app_id=%00",
    "?&=&&=?",
    "a=博",
];

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    vec![
        ("", Vec::new()),
        ("", b"x".to_vec()),
        ("text/plain", b"app_id=x".to_vec()),
        ("multipart/form-data; boundary=x", b"--x--".to_vec()),
        ("\u{1}nonsense", b"{}".to_vec()),
        (JSON, b"{".to_vec()),
        (JSON, b"null".to_vec()),
        (JSON, b"[]".to_vec()),
        (JSON, br#"{"app_id":1,"app_name":true,"customer_app_name":[],"app_version":{}}"#.to_vec()),
        (JSON, br#"{"app_id":"x","app_id":"x"}"#.to_vec()),
        (JSON, b"{\"app_id\":\"\xff\"}".to_vec()),
        (JSON, br#"{"app_id":"\ud800"}"#.to_vec()),
        (JSON, br#"{"app_id":"\u0000"}"#.to_vec()),
        (JSON, b"[".repeat(50_000)),
        (JSON, [br#"{"app_id":"#.to_vec(), b"[".repeat(50_000)].concat()),
        (JSON, b" ".repeat(200_000)),
        (FORM, b"app_id=%zz".to_vec()),
        (FORM, b"app_id=\xff&app_name=\xfe".to_vec()),
        (FORM, b"app_id=1&app_id=2&app_name=1&app_name=2".to_vec()),
        (FORM, b"&".repeat(60_000)),
        (FORM, [b"app_id=".to_vec(), b"x".repeat(20_000_000)].concat()),
    ]
}

fn request(method: &str, target: &str, content_type: &str, body: Vec<u8>) -> Option<Request<Body>> {
    let mut request =
        Request::builder().method(method).uri(target).header("version", "v1").header("language", "en");
    if !content_type.is_empty() {
        request = request.header("content-type", content_type.as_bytes());
    }
    // What the HTTP library itself takes for no request never reaches a route.
    request.body(Body::from(body)).ok()
}

#[tokio::test]
async fn every_route_answers_every_method_and_every_bad_input_with_200_or_404() {
    let api = Api::start().await;
    let mut asked = 0;
    for path in PATHS {
        for method in METHODS {
            for (number, (content_type, body)) in bodies().into_iter().enumerate() {
                if body.len() > 1_000_000 && *method != "POST" {
                    continue;
                }
                let query = QUERIES[number % QUERIES.len()];
                let target = format!("{path}?{query}");
                let Some(request) = request(method, &target, content_type, body) else { continue };
                asked += 1;
                let answer = api.send(request).await;
                let what = format!("{method} {target} {content_type} #{number}");
                assert!([200, 404].contains(&answer.status.as_u16()), "{what}: {answer:?}");
                let ours = path.starts_with("/App") && path.matches('/').count() == 1 && !path.contains('%');
                let ours = ours && !path.contains("appstatus");
                let known = ["GET", "POST", "OPTIONS"].contains(method);
                assert_eq!(answer.status == 404, !ours || !known, "{what}: {answer:?}");
                // An answer to HEAD has no body by HTTP's rules.
                if *method != "HEAD" && !answer.is_stream() {
                    answer.envelope();
                }
            }
        }
    }
    assert!(asked > PATHS.len() * METHODS.len() * 15, "only {asked} requests could be made");
    let apps = api.send(Call::to("/AppList", &[]).get()).await.data();
    assert_eq!(apps, serde_json::json!([]), "nothing was installed by all that");
}

#[tokio::test]
async fn every_query_is_answered() {
    let api = Api::start().await;
    for query in QUERIES {
        for path in &PATHS[..10] {
            let target = format!("{path}?{query}");
            let Some(request) = request("GET", &target, "", Vec::new()) else { continue };
            assert_eq!(api.send(request).await.status, 200, "{target}");
        }
    }
}

#[tokio::test]
async fn head_installs_nothing() {
    let api = Api::start().await;
    let parameters = [("app_name", "hello"), ("customer_app_name", "one"), ("app_version", "1")];
    let call = Call::to("/AppInstall", &parameters);
    for method in [Method::HEAD, Method::OPTIONS, Method::PUT] {
        api.send(call.with(method, true, None)).await;
    }
    assert_eq!(api.running.status("one"), None);
    assert_eq!(api.send(call.with(Method::HEAD, true, None)).await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_contracts_order() {
    let api = Api::start().await;
    let broken = Some(("text/plain", "x".to_owned()));
    let bare = |path| Call::to(path, &[]).header("version", "").header("language", "");
    for (call, method, code) in [
        (bare("/nothing"), Method::POST, "Interface.NotExis"),
        (bare("/AppInstall"), Method::PUT, "Interface.NotExis"),
        (bare("/AppInstall"), Method::POST, "Header.Version.Blank"),
        (bare("/AppInstall").header("version", "v9"), Method::POST, "Header.Version.NotExis"),
        (bare("/AppInstall").header("version", "v1"), Method::POST, "Header.Language.Blank"),
        (Call::to("/AppInstall", &[]), Method::POST, "Request.FormatError"),
        (Call::to("/AppInstall", &[]), Method::GET, "Param.App_name.Blank"),
    ] {
        let (answered, message) = api.send(call.with(method, false, broken.clone())).await.error();
        assert_eq!(answered, code, "{message}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_id_of_its_call() {
    let api = Api::start().await;
    let call = Call::to("/AppList", &[]);
    assert_eq!(
        api.send(call.clone().header("x-request-id", "n-1").get()).await.headers["x-request-id"],
        "n-1"
    );
    let first = api.send(call.get()).await.headers["x-request-id"].clone();
    assert_ne!(api.send(call.get()).await.headers["x-request-id"], first);
    assert_eq!(api.send(call.get()).await.headers["cache-control"], "no-store");
}
