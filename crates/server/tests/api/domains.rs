//! The names of apps, as clients are told of them and refused.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use control::SiteState;
use domain::package::Speaks;
use domain::{ErrorCode, Package};
use serde_json::json;
use server::ServerSettings;
use testkit::{World, packages};

use crate::client::{Api, Call, router_over};
use crate::codes::Covered;

const BOTH: [&str; 2] = ["/AppDomainAdd", "/AppDomainRemove"];

/// A world with a gateway, and with an app that has no web pages.
pub(crate) fn world() -> World {
    let mut world = World::with_gateway();
    let plain = packages::hello();
    let main = plain.main.clone().map(|main| domain::package::MainPort { speaks: Speaks::Tcp, ..main });
    world.packages.push(Package { name: "cache".to_owned(), main, ..plain }.into());
    world
}

fn call(interface: &str, id: &str, domain: &str) -> Call {
    Call::to(interface, &[("app_id", id), ("domain", domain)])
}

/// What is refused; `taken`, `configured` and `waiting` are installed, and `shop` is somebody else's.
pub(crate) async fn of_domains(covered: &mut Covered, api: &Api) {
    api.install("cache", "nopages").await;
    for interface in BOTH {
        for (id, domain, code) in [
            (" ", "", ErrorCode::AppIdBlank),
            ("X", " ", ErrorCode::DomainBlank),
            ("X", "nonsense", ErrorCode::AppIdFormat),
            ("nobody", "*.example.com", ErrorCode::DomainWildcard),
            ("nobody", "nonsense", ErrorCode::DomainFormat),
            ("nobody", "192.0.2.1", ErrorCode::DomainFormat),
            ("nobody", "bücher.example", ErrorCode::DomainFormat),
            ("nobody", "a.example; include /etc/passwd", ErrorCode::DomainFormat),
            ("nobody", "blog.example.com", ErrorCode::AppNotExis),
        ] {
            covered.refused(&api.router, call(interface, id, domain), code).await;
        }
    }
    for (id, code) in [("X", ErrorCode::AppIdFormat), ("nobody", ErrorCode::AppNotExis)] {
        covered.refused(&api.router, Call::to("/AppDomainList", &[("app_id", id)]), code).await;
    }
    api.world.host.point("elsewhere.example", &[IpAddr::from([192, 0, 2, 7])]);
    for (id, domain, code) in [
        ("shop", "blog.example.com", ErrorCode::AppNotManaged),
        ("waiting", "blog.example.com", ErrorCode::AppBusy),
        ("nopages", "blog.example.com", ErrorCode::AppNotWeb),
        ("taken", "APPS.example", ErrorCode::DomainRepeat),
        ("taken", "elsewhere.example", ErrorCode::DomainNotResolved),
    ] {
        covered.refused(&api.router, call("/AppDomainAdd", id, domain), code).await;
    }
    api.world.store.set_disk_full(true);
    covered.refused(&api.router, call("/AppDomainAdd", "taken", "a.example"), ErrorCode::SystemError).await;
    api.world.store.set_disk_full(false);
    for number in 1..=20 {
        let name = format!("d{number}.example");
        api.running.control.add_domain("taken", &name).await.expect("there is room");
    }
    covered.refused(&api.router, call("/AppDomainAdd", "taken", "d1.example"), ErrorCode::DomainRepeat).await;
    let more = call("/AppDomainAdd", "taken", "d21.example");
    covered.refused(&api.router, more, ErrorCode::DomainTooMany).await;
    let other = call("/AppDomainRemove", "configured", "d1.example");
    covered.refused(&api.router, other, ErrorCode::DomainNotExis).await;
    api.world.store.set_disk_full(true);
    let removal = call("/AppDomainRemove", "taken", "d1.example");
    covered.refused(&api.router, removal.clone(), ErrorCode::SystemError).await;
    api.world.store.set_disk_full(false);
    api.world.engine.set_away(true);
    api.running.control.restart("taken").await.expect("the engine was there a moment ago");
    covered.refused(&api.router, removal, ErrorCode::AppBusy).await;
    api.world.engine.set_away(false);
    api.running.operation_ended("taken").await;

    let without = router_over(&World::default(), |_| ());
    let call = call("/AppDomainAdd", "nobody", "blog.example.com");
    covered.refused(&without, call, ErrorCode::GatewayNotConfigured).await;
}

#[tokio::test(start_paused = true)]
async fn a_domain_is_told_of_from_its_first_moment_to_its_last() {
    let api = Api::start_with(world(), &ServerSettings::default()).await;
    api.install("hello", "one").await;
    let add = call("/AppDomainAdd", "one", "Blog.Example.com").json();
    let added = api.send(add).await.json()["ResponseData"].clone();
    assert_eq!(added["domain"], "blog.example.com");
    assert_eq!((&added["site"], &added["certificate"]), (&json!("pending"), &json!("none")));
    // Between having the certificate and serving the site with it, the site is pending once more. That it is served is
    // stored, and then the app's address, a moment after it is.
    api.running
        .until(|running| {
            let domains = running.control.app_domains(None).ok()?;
            let is_served = domains.first().is_some_and(|it| it.is_certified && it.site == SiteState::Served);
            let apps = running.control.app_list(None).ok()?;
            let address = apps.first()?.running.as_ref()?.url.as_str();
            (is_served && address.starts_with("https:")).then_some(())
        })
        .await;
    let list = || api.send(Call::to("/AppDomainList", &[]).get());
    let listed = list().await.json()["ResponseData"][0].clone();
    assert_eq!((&listed["site"], &listed["certificate"]), (&json!("served"), &json!("valid")));
    assert_eq!((&listed["reason"], &listed["failed_tries"]), (&json!(null), &json!(0)));
    let apps = api.send(Call::to("/AppList", &[]).get()).await.json();
    let info = &apps["ResponseData"][0]["running_info"];
    assert_eq!(info["url"], "https://blog.example.com/");
    let removed = api.send(call("/AppDomainRemove", "one", "blog.example.com").json()).await.json();
    assert_eq!(removed["ResponseData"], json!({ "app_id": "one", "domain": "blog.example.com" }));
    assert_eq!(list().await.json()["ResponseData"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn why_there_is_no_certificate_is_told_in_the_language_asked_for() {
    let api = Api::start_with(world(), &ServerSettings::default()).await;
    let front = api.world.front.clone().expect("it has a gateway");
    let name = domain::DomainName::parse("blog.example.com").expect("a name");
    front.fail(&name, Some(domain::FailureClass::ChallengeFailed));
    api.install("hello", "one").await;
    api.running.control.add_domain("one", name.as_str()).await.expect("accepted");
    api.running
        .until(|running| {
            running.control.app_domains(None).ok()?.first()?.domain.failed.is_some().then_some(())
        })
        .await;
    for (language, part) in [("en", "port 80 is open"), ("zh", "80端口")] {
        let list = Call::to("/AppDomainList", &[("app_id", "one")]).header("language", language);
        let listed = api.send(list.get()).await.json()["ResponseData"][0].clone();
        assert_eq!((&listed["failed_tries"], &listed["site"]), (&json!(1), &json!("served")));
        assert_eq!(listed["reason"]["class"], "challenge_failed");
        let message = listed["reason"]["message"].as_str().expect("a text");
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_answered_under_any_name_and_a_foreign_token_is_not() {
    let api = Api::start_with(world(), &ServerSettings::default()).await;
    let ask = |token: &str| {
        let path = format!("/.well-known/acme-challenge/{token}");
        Request::builder()
            .method(Method::GET)
            .uri(path)
            .header("host", "blog.example.com")
            .body(Body::empty())
    };
    let answer = api.send(ask("unknown").expect("a request")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(String::from_utf8_lossy(&answer.body).contains("no certificate"), "it is no foreign host");
}
