//! Attacks by way of parameters and headers, on every interface that the server describes: docs/security.md names
//! each test here. Nothing may come of them but an answer of the contract's form.

use axum::http::{HeaderValue, Method, Request};
use serde_json::Value;

use crate::client::{Api, Call, send};

/// As many as there are; each is attacked in every parameter.
const INTERFACES: usize = 38;

/// The interfaces with their parameters, from the server's own description: one that comes is attacked too.
async fn interfaces(api: &Api) -> Vec<(String, Vec<String>)> {
    let get = Request::get("/openapi.json").body(axum::body::Body::empty()).expect("a request");
    let document = api.send(get).await.json();
    let paths = document["paths"].as_object().expect("paths");
    let of_query = |item: &Value| -> Vec<String> {
        let parameters = item["get"]["parameters"].as_array().expect("parameters").iter();
        let parameters = parameters.filter(|parameter| parameter["in"] == "query");
        parameters.map(|parameter| parameter["name"].as_str().expect("a name").to_owned()).collect()
    };
    paths.iter().map(|(path, item)| (path.clone(), of_query(item))).collect()
}

/// An archive's SHA-256.
const SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Parameters that any text will do for: what is searched for, the name to go on after, a password. Nothing is made of them
/// but a comparison and a hash.
const ANY_TEXT: [(&str, &str); 3] =
    [("/AppCatalog", "search"), ("/AppCatalog", "after"), ("/UserPassword", "password")];

/// What an interface is given for a parameter beside the evil one: with it, the evil one is reached.
fn sound(path: &str, parameter: &str, evil: &str) -> &'static str {
    match (path, parameter) {
        ("/AppRestore" | "/AppPurge", "app_id") => "binned",
        ("/AppAdopt", "app_id") => "of-others",
        (_, "app_name") => "hello",
        (_, "app_id") => "one",
        (_, "customer_app_name") => "two",
        (_, "app_version") => "latest",
        (_, "domain") => "shop.apps.example",
        // With what there is already nothing is made whatever the other parameters are, and they are looked at first.
        ("/KeyAdd" | "/KeyRevoke", "name") => "robot",
        ("/CatalogAdd" | "/CatalogRemove" | "/CatalogSync" | "/CatalogTrust", "name") => "store",
        (_, "name") => "alice",
        (_, "scope") => "read-only",
        (_, "source") if evil == "branch" => "https://example.org/store",
        (_, "source") => "https://example.org/store.tar.gz",
        (_, "sha256") if evil == "key" => SHA256,
        _ => "",
    }
}

/// Where there is something of everything: apps, one of them in the recycle bin, a domain, a user, a key, a catalog; and
/// the way in which nginx calls in the name of an administrator.
struct Scene {
    api: Api,
    gateway: axum::Router,
}

impl Scene {
    async fn set() -> Self {
        let api = Api::start_with(testkit::World::with_gateway(), &server::ServerSettings::default()).await;
        let scene = Self { gateway: api.behind_gateway(), api };
        for name in ["one", "binned"] {
            scene.api.install("hello", name).await;
        }
        for (path, parameters) in [
            ("/AppUninstall", [("app_id", "binned"), ("data", "keep")]),
            ("/AppDomainAdd", [("app_id", "one"), ("domain", "blog.apps.example")]),
            ("/UserAdd", [("name", "alice"), ("password", "correct horse battery")]),
            ("/UserAdd", [("name", "admin"), ("password", "correct horse battery")]),
            ("/KeyAdd", [("name", "robot"), ("scope", "full")]),
            ("/CatalogAdd", [("name", "store"), ("source", "/srv/store")]),
        ] {
            scene.send(path, &parameters).await.data();
        }
        scene.api.running.operation_ended("binned").await;
        scene
    }

    async fn send(&self, path: &str, parameters: &[(&str, &str)]) -> crate::client::Answer {
        send(&self.gateway, Call::to(path, parameters).by("user:admin", "full").json()).await
    }

    /// Everything that a call could have changed.
    async fn all(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for list in ["/AppList", "/AppTrash", "/AppDomainList", "/UserList", "/KeyList", "/CatalogList"] {
            all.push(self.send(list, &[]).await.data());
        }
        all
    }
}

/// Sends every text as every parameter of every interface, in every form, in the name of an administrator. Each is looked
/// at, and refused or searched for. Afterwards nothing has changed: there is what was there before, as it was, and the
/// engine was asked for nothing.
async fn attack(texts: &[&str]) {
    let scene = Scene::set().await;
    let before = scene.all().await;
    let containers = scene.api.world.engine.sight();
    let interfaces = interfaces(&scene.api).await;
    assert_eq!(interfaces.len(), INTERFACES, "{interfaces:?}");
    for (path, parameters) in &interfaces {
        for evil in parameters {
            for text in texts {
                assert_refused(&scene, path, parameters, evil, text).await;
            }
        }
    }
    assert_eq!(scene.all().await, before, "nothing has changed");
    assert_eq!(scene.api.world.engine.sight(), containers, "nothing was made");
}

async fn assert_refused(scene: &Scene, path: &str, parameters: &[String], evil: &str, text: &str) {
    let given: Vec<(&str, &str)> = parameters
        .iter()
        .map(|name| (name.as_str(), if name == evil { text } else { sound(path, name, evil) }))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    for request in Call::to(path, &given).by("user:admin", "full").every_form() {
        let what = format!("{} {path} {evil}={text:?}", request.method());
        let answer = send(&scene.gateway, request).await;
        assert!(!answer.is_stream(), "{what}");
        let envelope = answer.envelope();
        let code = envelope["Error"]["Code"].as_str().unwrap_or_default();
        assert_ne!(code, "SystemError", "{what}: {envelope}");
        let is_refused_before = code.starts_with("Auth.") || code.ends_with(".Blank");
        assert!(!is_refused_before, "it was not even looked at: {what}: {envelope}");
        let finds_nothing = envelope["ResponseData"].as_array().is_some_and(Vec::is_empty);
        let is_refused = !code.is_empty() || finds_nothing || ANY_TEXT.contains(&(path, evil));
        assert!(is_refused, "it was taken: {what}: {envelope}");
        assert!(!is_named_so(&envelope["ResponseData"], text), "{what}: {envelope}");
    }
}

/// Whether an answer tells of an app or a package of that name.
fn is_named_so(data: &Value, text: &str) -> bool {
    match data {
        Value::Object(members) => members.iter().any(|(name, value)| {
            (matches!(&**name, "app_id" | "customer_name" | "name") && value == text)
                || is_named_so(value, text)
        }),
        Value::Array(items) => items.iter().any(|item| is_named_so(item, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[tokio::test(start_paused = true)]
async fn shell_metacharacters_in_any_parameter_do_nothing() {
    attack(&[
        "one;touch /tmp/owned",
        "$(touch /tmp/owned)",
        "`touch /tmp/owned`",
        "one&&reboot",
        "one|cat",
        "one\nreboot",
        "'\"",
        "--privileged",
        "-v/:/host",
        "${HOME}",
        "{{.ID}}",
        ">/etc/passwd",
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn paths_in_any_parameter_lead_nowhere() {
    attack(&[
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "one/../../two",
        "..%2f..%2fetc",
        "%2e%2e",
        "..\\..\\windows",
        "one\0.svg",
        "file:///etc/passwd",
        "./one",
        "~root",
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn fragments_of_sql_in_any_parameter_do_nothing() {
    attack(&[
        "one' OR '1'='1",
        "one'; DROP TABLE apps; --",
        "\" OR 1=1 --",
        "one' UNION SELECT * FROM apps --",
        "%' --",
        "_ne",
        "one%",
        "1; PRAGMA writable_schema=1",
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn look_alikes_are_not_taken_for_what_they_look_like() {
    attack(&[
        "\u{43e}ne",
        "on\u{435}",
        "\u{ff4f}\u{ff4e}\u{ff45}",
        "o\u{200b}ne",
        "one\u{202e}",
        "\u{202d}one",
        "one\u{301}",
        "\u{1d428}ne",
        "ONE",
        "he\u{406}lo",
        "\u{ff48}ello",
        "hell\u{43e}",
        "\u{feff}one",
        "n\u{131}ce",
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn long_texts_in_any_parameter_are_refused() {
    attack(&[&"a".repeat(33), &"a".repeat(10_000), &"9".repeat(400), &"\u{10ffff}".repeat(500)]).await;
}

#[tokio::test(start_paused = true)]
async fn deep_nesting_in_any_parameter_is_refused() {
    let lists = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(2_000), "}".repeat(2_000));
    attack(&[&lists, &objects, r#"{"app_id":{"a":[]}}"#, "[1,2]"]).await;
}

/// No header that a client sends comes back but the id of the request, which is of harmless characters only; so
/// nobody can make the server answer with a header of theirs.
#[tokio::test(start_paused = true)]
async fn no_text_of_a_client_becomes_a_header_of_an_answer() {
    let api = Api::start().await;
    let evils = ["x\u{e9}y", "a b", "a,b", "a;b=c", "a\"b", "a\\b", "a:b", "%0d%0aset-cookie:x=1", "\t"];
    for name in
        ["x-request-id", "version", "language", "accept-language", "origin", "referer", "last-event-id"]
    {
        for evil in evils {
            let mut request = Call::to("/AppStatus", &[("app_id", "set-cookie: x=1\r\nx: y")]).get();
            request.headers_mut().insert(name, HeaderValue::from_bytes(evil.as_bytes()).expect("a value"));
            let answer = api.send(request).await;
            for (header, value) in &answer.headers {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                assert!(
                    !value.contains("set-cookie") && !value.contains(evil.trim()) || evil == "\t",
                    "{header}: {value}"
                );
                assert!(!value.contains(['\r', '\n']), "{header}: {value}");
            }
            assert!(!answer.headers.contains_key("set-cookie"));
            assert!(
                answer.headers["x-request-id"]
                    .to_str()
                    .is_ok_and(|id| id.parse::<u64>().is_ok() || name != "x-request-id")
            );
        }
    }
}

/// What looks like markup in an answer stays text: no browser is told to read it as anything else.
#[tokio::test(start_paused = true)]
async fn answers_are_never_taken_for_pages() {
    let api = Api::start().await;
    for path in ["/AppStatus", "/<script>alert(1)</script>", "/images/<script>.svg"] {
        let target = path.replace('<', "%3C").replace('>', "%3E");
        let call = Call::to(&target, &[("app_id", "<script>alert(1)</script>")]);
        let answer = api.send(call.with(Method::GET, true, None)).await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["content-type"], "application/json", "{path}");
    }
}
