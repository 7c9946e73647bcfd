//! `/metrics` and the dashboard that shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use axum::http::Method;
use serde_json::Value;

use crate::client::{Api, Call};

async fn scraped(api: &Api) -> String {
    let call = Call::to("/metrics", &[]).header("version", "").header("language", "");
    let answer = api.send(call.with(Method::GET, false, None)).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.headers["content-type"]
            .to_str()
            .is_ok_and(|kind| kind.starts_with("text/plain; version=0.0.4"))
    );
    answer.text()
}

/// The value of a figure, as it stands in the text.
fn figure(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))?;
    Some(line[name.len() + 1..].to_owned())
}

/// The families with their types.
fn families(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect()
}

/// The family that a figure belongs to.
fn family_of<'a>(figure: &'a str, families: &BTreeMap<&str, &str>) -> Option<&'a str> {
    let of_histogram = ["_bucket", "_sum", "_count"].iter().filter_map(|end| figure.strip_suffix(end));
    let of_histogram = of_histogram.filter(|name| families.get(name) == Some(&"histogram"));
    of_histogram.chain(families.contains_key(figure).then_some(figure)).next()
}

#[tokio::test(start_paused = true)]
async fn what_is_done_is_counted_and_how_things_stand_is_told() {
    let api = Api::start().await;
    api.install("hello", "one").await;
    api.send(Call::to("/AppStatus", &[("app_id", "one")]).get()).await.data();
    api.send(Call::to("/AppStatus", &[("app_id", "two")]).get()).await.error();
    api.send(Call::to("/nothing", &[]).get()).await.error();
    let text = scraped(&api).await;
    for (name, value) in [
        (r#"appmanage_apps{status="running"}"#, "1"),
        (r#"appmanage_apps{status="error"}"#, "0"),
        (r#"appmanage_operations_open{queue="installs",stage="waiting"}"#, "0"),
        ("appmanage_engine_up", "1"),
        (r#"appmanage_operation_duration_seconds_count{kind="install",outcome="succeeded"}"#, "1"),
        (r#"appmanage_engine_call_duration_seconds_count{call="compose_up",outcome="ok"}"#, "1"),
        (r#"appmanage_http_request_duration_seconds_count{interface="AppStatus",outcome="ok"}"#, "1"),
        (r#"appmanage_http_request_duration_seconds_count{interface="AppStatus",outcome="refused"}"#, "1"),
        (r#"appmanage_http_request_duration_seconds_count{interface="none",outcome="absent"}"#, "1"),
        ("appmanage_event_streams_open", "0"),
    ] {
        assert_eq!(figure(&text, name).as_deref(), Some(value), "{name}\n{text}");
    }
    let lag = figure(&text, "appmanage_engine_event_lag_seconds_count").expect("events came");
    assert!(lag.parse::<u64>().is_ok_and(|count| count > 0), "{lag}");
    api.world.engine.set_away(true);
    let away = |running: &testkit::Running| {
        running.control.recorder().read(|m| m.engine_link != control::memory::EngineLink::Up).then_some(())
    };
    api.running.until(away).await;
    assert_eq!(figure(&scraped(&api).await, "appmanage_engine_up").as_deref(), Some("0"));
}

#[tokio::test(start_paused = true)]
async fn domains_are_counted_and_the_first_certificate_to_expire_is_told() {
    let api = Api::start_with(testkit::World::with_gateway(), &server::ServerSettings::default()).await;
    api.install("blog", "one").await;
    let expiry = "appmanage_certificate_expiry_timestamp_seconds";
    assert_eq!(figure(&scraped(&api).await, expiry), None);
    let front = api.world.front.clone().expect("it has a gateway");
    front.refuse_site(&domain::DomainName::parse("taken.example.com").expect("a name"), true);
    for name in ["blog.example.com", "taken.example.com"] {
        api.running.control.add_domain("one", name).await.expect("accepted");
    }
    let settled = |running: &testkit::Running| {
        let domains = running.control.app_domains(None).ok()?;
        let certified = domains.iter().find(|it| it.is_certified && it.site.as_str() == "served")?;
        let is_refused = domains.iter().any(|it| it.site.as_str() == "failed");
        certified.domain.certificate.clone().filter(|_| is_refused)
    };
    let certificate = api.running.until(settled).await;
    let text = scraped(&api).await;
    for (state, count) in [("served", "1"), ("failed", "1"), ("pending", "0"), ("kept", "0")] {
        let name = format!("appmanage_sites{{state=\"{state}\"}}");
        assert_eq!(figure(&text, &name).as_deref(), Some(count), "{name}\n{text}");
    }
    let seconds = (certificate.expires_at.as_millis() / 1_000).to_string();
    assert_eq!(figure(&text, expiry), Some(seconds));
    // The gateway's own, which is renewed by others, is seen to be another.
    let own = "appmanage_gateway_certificate_expiry_timestamp_seconds";
    assert_eq!(figure(&text, own), None);
    let until = certificate.expires_at;
    front.show_own_certificate(domain::Validity { from: certificate.valid_from, until });
    let shown = |running: &testkit::Running| running.control.standing().own_certificate_expires_at;
    assert_eq!(api.running.until(shown).await, until);
    let seconds = (until.as_millis() / 1_000).to_string();
    assert_eq!(figure(&scraped(&api).await, own), Some(seconds));
}

#[tokio::test(start_paused = true)]
async fn the_figures_are_well_formed_and_their_number_does_not_grow_with_the_apps() {
    let api = Api::start().await;
    api.install("hello", "one").await;
    scraped(&api).await;
    let before = scraped(&api).await;
    let families = families(&before);
    let mut seen = BTreeSet::new();
    for line in before.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(seen.insert(name), "{name} stands twice");
        let name = name.split('{').next().expect("a name");
        assert!(family_of(name, &families).is_some(), "{name} has no type");
    }
    for number in 0..5 {
        api.install("hello", &format!("more{number}")).await;
        api.send(Call::to(&format!("/unknown{number}"), &[]).get()).await;
    }
    let after = scraped(&api).await;
    assert!(!after.contains("more1") && !after.contains("unknown1"), "{after}");
    // A path that is unknown, asked for the first time.
    assert!(after.lines().count() < before.lines().count() + 15, "{after}");
}

#[tokio::test(start_paused = true)]
async fn every_figure_that_the_dashboard_shows_exists() {
    let api = Api::start().await;
    let text = scraped(&api).await;
    let families = families(&text);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/grafana/appmanage.json");
    let dashboard: Value =
        serde_json::from_str(&std::fs::read_to_string(file).expect("it is there")).expect("it is JSON");
    let targets = dashboard["panels"].as_array().expect("panels").iter();
    let targets = targets.flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let mut shown = BTreeSet::new();
    for target in targets {
        let expression = target["expr"].as_str().expect("an expression");
        let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for word in words.filter(|word| word.starts_with("appmanage_") || word.starts_with("process_")) {
            shown.insert(
                family_of(word, &families).unwrap_or_else(|| panic!("{word} in {expression}")).to_owned(),
            );
        }
    }
    let known: BTreeSet<String> = families.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(shown, known, "every family is shown somewhere");
}
