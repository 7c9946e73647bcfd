//! The catalogs of others, and the codes of their interfaces.

use std::sync::Arc;

use control::CatalogState;
use domain::ErrorCode;
use serde_json::{Value, json};
use testkit::{Running, packages};
use tokio::sync::Semaphore;

use crate::client::{Api, Call};
use crate::codes::{Covered, sound};

async fn data(api: &Api, interface: &str, parameters: &[(&str, &str)]) -> Value {
    let call = Call::to(interface, parameters);
    api.send(call.every_form().into_iter().next().expect("a form")).await.data()
}

/// Waits until that catalog is at work no more, and tells of it.
async fn settled(api: &Api, name: &str) -> Value {
    let is_settled = |running: &Running| {
        let catalogs = running.control.catalogs();
        let state = catalogs.iter().find(|detail| detail.record.name.as_str() == name)?.state;
        (!matches!(state, CatalogState::Queued | CatalogState::Syncing { .. })).then_some(())
    };
    api.running.until(is_settled).await;
    let mut list = data(api, "/CatalogList", &[]).await;
    let mut found = list.as_array_mut().expect("a list").iter_mut().filter(|it| it["name"] == name);
    found.next().expect("it is there").take()
}

pub(crate) async fn codes(covered: &mut Covered, api: &Api) {
    let add = |name: &str, source: &str, more: &[(&'static str, &str)]| {
        let mut parameters = vec![("name", name), ("source", source)];
        parameters.extend(more);
        Call::to("/CatalogAdd", &parameters)
    };
    data(api, "/CatalogAdd", &[("name", "taken"), ("source", "/srv/taken")]).await;
    for (call, code) in [
        (add(" ", "", &[]), ErrorCode::NameBlank),
        (add("X", " ", &[]), ErrorCode::SourceBlank),
        (add("X", "x", &[("position", "0")]), ErrorCode::PositionFormat),
        (add("X", "x", &[("position", "21")]), ErrorCode::PositionFormat),
        (add("X", "x", &[]), ErrorCode::NameFormat),
        (add("builtin", "x", &[]), ErrorCode::NameFormat),
        (add("../x", "x", &[]), ErrorCode::NameFormat),
        (add("taken", "ext::sh -c id", &[]), ErrorCode::SourceFormat),
        (add("taken", "--upload-pack=id", &[]), ErrorCode::SourceFormat),
        (add("taken", "/fake/apps", &[]), ErrorCode::SourceFormat),
        (add("taken", "https://a:b@example.org/x", &[]), ErrorCode::SourceFormat),
        (add("taken", "https://example.org/x.tar.gz", &[]), ErrorCode::SourceFormat),
        (add("taken", "https://example.org/x", &[("branch", "-x")]), ErrorCode::SourceFormat),
        (add("taken", "https://example.org/x", &[("sha256", "1")]), ErrorCode::SourceFormat),
        (add("taken", "https://example.org/x", &[("key", "1")]), ErrorCode::SourceFormat),
        (add("taken", "/srv/taken", &[]), ErrorCode::CatalogRepeat),
        (Call::to("/CatalogRemove", &[("name", " ")]), ErrorCode::NameBlank),
        (Call::to("/CatalogRemove", &[("name", "nothing")]), ErrorCode::CatalogNotExis),
        (Call::to("/CatalogSync", &[("name", "nothing")]), ErrorCode::CatalogNotExis),
        (Call::to("/CatalogTrust", &[("name", "")]), ErrorCode::NameBlank),
        (Call::to("/CatalogTrust", &[("name", "nothing"), ("trusted", "yes")]), ErrorCode::TrustedFormat),
        (Call::to("/CatalogTrust", &[("name", "nothing")]), ErrorCode::CatalogNotExis),
    ] {
        covered.refused(&api.router, call, code).await;
    }
    api.world.store.set_disk_full(true);
    covered.refused(&api.router, sound("/CatalogAdd"), ErrorCode::SystemError).await;
    for interface in ["/CatalogRemove", "/CatalogTrust"] {
        let call = Call::to(interface, &[("name", "taken")]);
        covered.refused(&api.router, call, ErrorCode::SystemError).await;
    }
    api.world.store.set_disk_full(false);
    for number in 1..20 {
        let name = format!("c{number}");
        data(api, "/CatalogAdd", &[("name", &name), ("source", "/srv/x")]).await;
    }
    covered.refused(&api.router, sound("/CatalogAdd"), ErrorCode::CatalogTooMany).await;
}

#[tokio::test(start_paused = true)]
async fn a_catalog_is_added_synced_trusted_and_removed() {
    let api = Api::start().await;
    api.world.catalog.offer("store", vec![packages::blog(), packages::greedy()]);
    let gate = Arc::new(Semaphore::new(0));
    api.world.catalog.hold(Arc::clone(&gate));
    let added =
        data(&api, "/CatalogAdd", &[("name", "store"), ("source", "https://example.org/store")]).await;
    assert_eq!(
        (&added["kind"], &added["trusted"], &added["report"]),
        (&json!("git"), &json!(false), &Value::Null)
    );
    assert!(added["state"] == "queued" || added["state"] == "syncing", "{added}");
    gate.add_permits(1);
    let store = settled(&api, "store").await;
    assert_eq!((&store["state"], &store["report"]["packages"]), (&json!("ready"), &json!(2)));
    assert_eq!(store["report"]["new"]["names"], json!(["Blog", "greedy"]));

    let listed = data(&api, "/AppCatalog", &[("catalog", "store")]).await;
    assert_eq!(listed.as_array().expect("a list").len(), 2);
    assert_eq!(listed[0]["image_url"], "/images/Blog@store.svg");
    let detail = data(&api, "/AppCatalogDetail", &[("app_name", "blog@store")]).await;
    assert_eq!((&detail["catalog"], &detail["remarks"]), (&json!("store"), &json!([])));

    let trusted = data(&api, "/CatalogTrust", &[("name", "store")]).await;
    assert_eq!(trusted["trusted"], true);
    let trusted = data(&api, "/CatalogTrust", &[("name", "store"), ("trusted", "false")]).await;
    assert_eq!(trusted["trusted"], false);

    let synced = data(&api, "/CatalogSync", &[]).await;
    assert_ne!(synced[0]["state"], "ready");
    // It is removed while it is at work.
    let removed = data(&api, "/CatalogRemove", &[("name", "store")]).await;
    assert_eq!(removed, json!({ "name": "store" }));
    assert_eq!(data(&api, "/CatalogList", &[]).await, json!([]));
    gate.add_permits(10);
    let listed = data(&api, "/AppCatalog", &[("catalog", "store")]).await;
    assert_eq!(listed, json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_fails_is_told_with_why_and_what_to_do() {
    let api = Api::start().await;
    data(&api, "/CatalogAdd", &[("name", "away"), ("source", "https://example.org/away")]).await;
    let away = settled(&api, "away").await;
    assert_eq!((&away["state"], &away["synced_at"]), (&json!("failed"), &json!("")));
    assert_eq!(away["reason"]["class"], "catalog_unreachable");
    let message = away["reason"]["message"].as_str().expect("a text");
    assert!(message.contains("https://example.org/away") && message.contains("sync again"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_app_has_the_picture_of_its_own_catalogs_package_in_the_recycle_bin_too() {
    let api = Api::start().await;
    api.world.catalog.offer("store", vec![packages::hello()]);
    data(&api, "/CatalogAdd", &[("name", "store"), ("source", "/srv/store")]).await;
    settled(&api, "store").await;
    for (package, name) in [("hello", "one"), ("hello@store", "two")] {
        api.install(package, name).await;
        let picture = data(&api, "/AppStatus", &[("app_id", name)]).await["image_url"].take();
        assert_eq!(picture, format!("/images/{package}.svg"));
        data(&api, "/AppUninstall", &[("app_id", name), ("data", "keep")]).await;
        api.running.operation_ended(name).await;
        let trash = data(&api, "/AppTrash", &[]).await;
        let app = trash.as_array().expect("a list").iter().find(|app| app["app_id"] == name);
        assert_eq!(app.expect("it lies there")["image_url"], picture);
    }
}
