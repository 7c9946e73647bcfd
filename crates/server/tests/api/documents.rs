//! What is served beside the interfaces, by ordinary HTTP.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use axum::http::Method;
use domain::Package;
use domain::package::{Icon, IconKind};
use serde_json::Value;
use testkit::{World, packages};

use crate::client::{Answer, Api, Call};

async fn get(api: &Api, path: &str) -> Answer {
    let call = Call::to(path, &[]).header("version", "").header("language", "");
    api.send(call.with(Method::GET, false, None)).await
}

#[tokio::test(start_paused = true)]
async fn the_checked_in_openapi_document_is_current() {
    let served = get(&Api::start().await, "/openapi.json").await;
    assert_eq!(served.headers["content-type"], "application/json");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, format!("{}\n", served.text())).expect("docs can be written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(kept.trim_end(), served.text(), "run UPDATE_DOCS=1 cargo test -p server openapi");
}

#[tokio::test(start_paused = true)]
async fn the_openapi_document_has_both_methods_unique_ids_and_no_body_on_get() {
    let document = get(&Api::start().await, "/openapi.json").await.json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let paths = document["paths"].as_object().expect("paths");
    let prefixes = ["/App", "/Catalog", "/Key", "/User"];
    let known = |path: &String| prefixes.iter().any(|prefix| path.starts_with(prefix));
    assert!(paths.keys().all(known), "{:?}", paths.keys());
    let mut ids = BTreeSet::new();
    for (path, item) in paths {
        let methods: Vec<&String> = item.as_object().expect("an item").keys().collect();
        assert_eq!(methods, ["get", "post"], "{path}");
        for (method, operation) in item.as_object().expect("an item") {
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id.to_owned()), "{id} stands twice");
            assert_eq!(operation["requestBody"].is_null(), method == "get", "{id}");
            let statuses: Vec<&String> =
                operation["responses"].as_object().expect("answers").keys().collect();
            assert_eq!(statuses, ["200", "404"], "{id}");
            let parameters = operation["parameters"].as_array().expect("parameters").iter();
            let headers: Vec<&Value> =
                parameters.filter(|p| p["in"] == "header").map(|p| &p["name"]).collect();
            assert_eq!(headers, ["Version", "Language"], "{id}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_documentation_names_the_interfaces_that_answer_a_list() {
    let document = get(&Api::start().await, "/openapi.json").await.json();
    let data = "/post/responses/200/content/application~1json/schema/anyOf/0/properties/ResponseData/type";
    let paths = document["paths"].as_object().expect("paths").iter();
    let lists = paths.filter(|(_, item)| item.pointer(data).is_some_and(|kind| kind == "array"));
    let lists: Vec<&str> = lists.map(|(path, _)| path.trim_start_matches('/')).collect();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let page = std::fs::read_to_string(page).expect("it is there");
    let told = format!("`[]` for interfaces that answer a list ({})", lists.join(", "));
    assert!(page.contains(&told), "docs/api.md should say: {told}");
}

#[tokio::test(start_paused = true)]
async fn every_answer_in_the_openapi_document_names_each_code_in_both_languages() {
    let document = get(&Api::start().await, "/openapi.json").await.json();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let operation = &item["post"];
        let description = operation["description"].as_str().expect("a text");
        for code in operation["x-error-codes"].as_array().expect("codes") {
            let code = code.as_str().expect("a text");
            assert!(description.contains(&format!("| `{code}` |")), "{path}: {code}");
            let examples = |status: &str| {
                operation["responses"][status]["content"]["application/json"]["examples"][code].clone()
            };
            assert!(examples("200").is_object() != examples("404").is_object(), "{path}: {code}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_docs_page_loads_nothing_from_elsewhere() {
    let api = Api::start().await;
    let page = get(&api, "/docs/").await;
    assert_eq!(page.status, 200);
    assert!(
        page.headers["content-security-policy"].to_str().is_ok_and(|p| p.starts_with("default-src 'self'"))
    );
    let page = page.text();
    let resources: Vec<&str> = page
        .split(['"', '\''])
        .zip(page.split(['"', '\'']).skip(1))
        .filter(|(before, _)| before.ends_with("src=") || before.ends_with("href="))
        .map(|(_, resource)| resource)
        .collect();
    assert!(resources.len() >= 4, "{page}");
    for resource in resources {
        assert!(!resource.contains("//"), "{resource} is not local");
        let answer = get(&api, &format!("/docs/{}", resource.trim_start_matches("./"))).await;
        assert_eq!(answer.status, 200, "{resource}");
        assert!(!answer.body.is_empty());
    }
    let start = get(&api, "/docs/swagger-initializer.js").await.text();
    assert!(start.contains("../openapi.json") && start.contains(r#""validatorUrl": "none""#), "{start}");
    assert!(!start.contains("http"), "{start}");
}

#[tokio::test(start_paused = true)]
async fn health_and_readiness_say_what_is_in_the_way() {
    let api = Api::start().await;
    assert_eq!(get(&api, "/healthz").await.status, 200);
    let ready = get(&api, "/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["ready"]), (200, &Value::Bool(true)));

    api.world.engine.set_away(true);
    let link = |running: &testkit::Running| {
        running.control.recorder().read(|m| m.engine_link != control::memory::EngineLink::Up).then_some(())
    };
    api.running.until(link).await;
    let ready = get(&api, "/readyz").await;
    let told = ready.json();
    assert_eq!((ready.status.as_u16(), &told["ready"]), (503, &Value::Bool(false)));
    assert_eq!(
        (&told["store"]["ready"], &told["engine"]["ready"]),
        (&Value::Bool(true), &Value::Bool(false))
    );
    assert!(
        told["engine"]["reason"].as_str().is_some_and(|reason| reason.contains("connection refused")),
        "{told}"
    );
    assert_eq!(get(&api, "/healthz").await.status, 200, "alive, though not ready");
}

#[tokio::test(start_paused = true)]
async fn a_checkup_tells_of_everything_and_what_is_wrong() {
    let api = Api::start().await;
    let checkup = get(&api, "/doctor").await.json();
    assert_eq!(checkup["ok"], true, "{checkup}");
    let checks: Vec<&Value> =
        checkup["findings"].as_array().expect("a list").iter().map(|finding| &finding["check"]).collect();
    assert_eq!(checks, ["store", "engine", "compose", "disk", "ports", "catalog"]);

    api.world.engine.set_away(true);
    let link = |running: &testkit::Running| {
        running.control.recorder().read(|m| m.engine_link != control::memory::EngineLink::Up).then_some(())
    };
    api.running.until(link).await;
    let checkup = get(&api, "/doctor").await;
    let told = checkup.json();
    assert_eq!((checkup.status.as_u16(), &told["ok"]), (200, &Value::Bool(false)));
    let engine = &told["findings"][1];
    assert_eq!(engine["ok"], false);
    assert!(engine["found"].as_str().is_some_and(|found| found.contains("connection refused")), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_checkup_does_not_call_a_disk_well_that_nobody_could_look_at() {
    let world = testkit::World::default();
    world.engine.set_elsewhere(true);
    let api = Api::start_with(world, &server::ServerSettings::default()).await;
    let checkup = get(&api, "/doctor").await.json();
    let disk = &checkup["findings"][3];
    assert_eq!((&disk["check"], &disk["ok"]), (&"disk".into(), &true.into()), "{checkup}");
    assert!(disk["found"].as_str().is_some_and(|found| found.contains("Docker")), "{checkup}");
}

#[tokio::test(start_paused = true)]
async fn a_checkup_tells_of_a_gateway_that_refuses_and_of_a_certificate_that_does_not_come() {
    let api = Api::start_with(testkit::World::with_gateway(), &server::ServerSettings::default()).await;
    api.install("blog", "one").await;
    let finding = |checkup: &Value, check: &str| {
        let findings = checkup["findings"].as_array().expect("a list").clone();
        findings.into_iter().find(|it| it["check"] == check).expect("it was looked at")
    };
    let sound = get(&api, "/doctor").await.json();
    for check in ["gateway", "certificates"] {
        assert_eq!(
            (&finding(&sound, check)["ok"], &finding(&sound, check)["found"]),
            (&true.into(), &"0".into())
        );
    }
    let front = api.world.front.clone().expect("it has a gateway");
    let name = |text: &str| domain::DomainName::parse(text).expect("a domain name");
    front.refuse_site(&name("taken.example.com"), true);
    front.fail(&name("blog.example.com"), Some(domain::FailureClass::ChallengeFailed));
    for domain in ["taken.example.com", "blog.example.com"] {
        api.running.control.add_domain("one", domain).await.expect("accepted");
    }
    let is_known = |running: &testkit::Running| {
        let domains = running.control.app_domains(None).ok()?;
        let has_failed = domains.iter().all(|it| it.lacks_certificate || it.site.as_str() == "failed");
        has_failed.then_some(())
    };
    api.running.until(is_known).await;
    let told = get(&api, "/doctor").await.json();
    assert_eq!(told["ok"], false);
    for (check, of) in [("gateway", "taken.example.com: "), ("certificates", "blog.example.com: ")] {
        let finding = finding(&told, check);
        assert!(
            finding["ok"] == false && finding["found"].as_str().is_some_and(|it| it.starts_with(of)),
            "{finding}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkup_tells_of_a_gateway_whose_own_certificate_ends() {
    use control::ports::Clock as _;
    let api = Api::start_with(testkit::World::with_gateway(), &server::ServerSettings::default()).await;
    let front = api.world.front.clone().expect("it has a gateway");
    let day = |number: u64| {
        let start = api.world.clock.now();
        start.plus(std::time::Duration::from_hours(24 * number))
    };
    for (days_left, ok) in [(20, true), (5, false)] {
        let until = day(days_left);
        let from = domain::Timestamp::from_millis(until.as_millis() - 90 * 24 * 3_600_000);
        front.show_own_certificate(domain::Validity { from, until });
        let told = get(&api, "/doctor").await.json();
        let finding = told["findings"].as_array().expect("a list").last().expect("it was looked at").clone();
        assert_eq!((&finding["check"], &finding["ok"]), (&"own_certificate".into(), &ok.into()), "{told}");
        assert!(finding["found"].as_str().is_some_and(|found| found.ends_with('Z')), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_package_has_a_picture_without_the_two_headers() {
    let icon = br#"<svg xmlns="http://www.w3.org/2000/svg"/>"#.to_vec();
    let drawn = Package {
        name: "drawn".into(),
        icon: Some(Icon { kind: IconKind::Svg, bytes: icon.clone() }),
        ..packages::hello()
    };
    let mut world = World::default();
    world.packages.push(Arc::new(drawn));
    let api = Api::start_with(world, &server::ServerSettings::default()).await;
    for (name, expected) in [("drawn", Some(icon)), ("hello", None), ("Blog", None), ("gone", None)] {
        let picture = get(&api, &format!("/images/{name}.svg")).await;
        assert_eq!(
            (picture.status.as_u16(), &picture.headers["content-type"]),
            (200, &"image/svg+xml".parse().expect("a value"))
        );
        assert_eq!(
            picture.headers["content-security-policy"],
            "default-src 'none'; style-src 'unsafe-inline'"
        );
        assert!(picture.headers["cache-control"].to_str().is_ok_and(|c| c.contains("max-age=")));
        match expected {
            Some(icon) => assert_eq!(picture.body, icon),
            None => assert!(picture.text().starts_with("<svg ") && picture.text().ends_with("</svg>")),
        }
    }
}

/// The text of `docs/api.md`.
fn guide() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    std::fs::read_to_string(file).expect("the guide is there")
}

#[tokio::test(start_paused = true)]
async fn the_guide_tells_every_code_and_class_in_the_servers_own_words() {
    let document = get(&Api::start().await, "/openapi.json").await.json();
    let guide = guide();
    for item in document["paths"].as_object().expect("paths").values() {
        let description = item["get"]["description"].as_str().expect("a text");
        for row in description.lines().filter(|line| line.starts_with('|')) {
            assert!(guide.contains(row), "docs/api.md lacks: {row}");
        }
    }
    for class in domain::FailureClass::ALL {
        assert!(guide.contains(&format!("`{}`", class.as_str())), "docs/api.md lacks {class:?}");
    }
}

#[test]
fn the_guide_for_authors_tells_every_rule_of_the_policy() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/packages.md");
    let guide = std::fs::read_to_string(file).expect("it is there");
    for rule in domain::Rule::ALL {
        assert!(guide.contains(&format!("| `{}` |", rule.as_str())), "docs/packages.md lacks {rule:?}");
    }
}

#[test]
fn the_answers_in_the_guide_have_every_field_and_no_other() {
    fn again<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> Value {
        let typed: T =
            serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
        serde_json::to_value(typed).expect("it serializes")
    }
    let guide = guide();
    for section in guide.split("\n## ").skip(1) {
        let heading = section.split([',', '\n']).next().unwrap_or_default();
        let answers =
            section.split("```json").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
        for answer in answers.map(|text| serde_json::from_str::<Value>(text).expect("JSON")) {
            let expected = match heading {
                "Answer" => again::<wire::Envelope<serde_json::Map<String, Value>>>(&answer),
                "AppInstall" | "AppStart" | "AppUninstall" | "AppRestore" | "AppAdopt" => {
                    again::<wire::Envelope<wire::AppIdInfo>>(&answer)
                }
                "AppStatus" => again::<wire::Envelope<wire::AppStatusInfo>>(&answer),
                "AppList" => again::<wire::Envelope<Vec<wire::AppDetailInfo>>>(&answer),
                "AppDetail" => again::<wire::Envelope<wire::InstalledAppInfo>>(&answer),
                "AppLogs" => again::<wire::Envelope<Vec<wire::LogLineInfo>>>(&answer),
                "AppStats" => again::<wire::Envelope<Vec<wire::AppStatsInfo>>>(&answer),
                "AppOperation" => again::<wire::Envelope<wire::OperationInfo>>(&answer),
                "AppCancel" => again::<wire::Envelope<wire::CancelledInfo>>(&answer),
                "AppConfig" => again::<wire::Envelope<wire::AppConfigInfo>>(&answer),
                "AppCatalog" => again::<wire::Envelope<Vec<wire::CatalogAppInfo>>>(&answer),
                "AppPlan" => again::<wire::Envelope<wire::PlanInfo>>(&answer),
                "CatalogAdd" => again::<wire::Envelope<wire::CatalogInfo>>(&answer),
                "CatalogRemove" => again::<wire::Envelope<wire::NameInfo>>(&answer),
                "UserAdd" => again::<wire::Envelope<wire::PasswordInfo>>(&answer),
                "UserList" => again::<wire::Envelope<Vec<wire::UserInfo>>>(&answer),
                "KeyAdd" => again::<wire::Envelope<wire::NewKeyInfo>>(&answer),
                "KeyList" => again::<wire::Envelope<Vec<wire::KeyInfo>>>(&answer),
                "AppAudit" => again::<wire::Envelope<Vec<wire::AuditInfo>>>(&answer),
                "AppDomainAdd" => again::<wire::Envelope<wire::AppDomainInfo>>(&answer),
                "AppDomainList" => again::<wire::Envelope<Vec<wire::AppDomainInfo>>>(&answer),
                "AppDomainRemove" => again::<wire::Envelope<wire::RemovedDomainInfo>>(&answer),
                "AppTrash" => again::<wire::Envelope<Vec<wire::TrashedAppInfo>>>(&answer),
                "Health" if answer["findings"].is_array() => again::<wire::CheckupInfo>(&answer),
                "Health" => again::<wire::ReadinessInfo>(&answer),
                other => panic!("no type is known of the answer of {other}"),
            };
            assert_eq!(answer, expected, "{heading}");
        }
    }
}
