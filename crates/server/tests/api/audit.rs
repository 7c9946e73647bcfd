//! The trail of calls that change something.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::client::{Api, Call, send};
use crate::sockets::{DEADLINE, HEADERS, served};

async fn trail(api: &Api) -> Vec<Value> {
    let page = api.send(Call::to("/AppAudit", &[("limit", "100")]).get()).await.data();
    page.as_array().expect("a list").clone()
}

fn told(entry: &Value) -> [&str; 5] {
    ["caller", "interface", "app_id", "account", "outcome"].map(|name| entry[name].as_str().expect("text"))
}

#[tokio::test(start_paused = true)]
async fn every_changing_call_leaves_a_row_also_when_it_is_refused() {
    let api = Api::start().await;
    let gateway = api.behind_gateway();
    let install = [("app_name", "hello"), ("customer_app_name", "one"), ("app_version", "latest")];
    let id = Call::to("/AppInstall", &install).header("x-request-id", "7f").by("user:alice", "full");
    send(&gateway, id.json()).await.data();
    for call in [
        Call::to("/AppStop", &[("app_id", "one")]).by("key:watch", "read-only"),
        Call::to("/AppStop", &[("app_id", "Не\n1")]).by("key:ci", "full"),
        Call::to("/AppStop", &[("app_id", "one")]).by("key:ci", "full").header("version", ""),
        Call::to("/UserAdd", &[("name", "bob"), ("password", "tell nobody")]).by("user:alice", "full"),
        Call::to("/AppConfig", &[("app_id", "nobody"), ("settings", r#"{"A":"tell nobody"}"#)])
            .by("key:ci", "full"),
        Call::to("/AppDomainAdd", &[("app_id", "one"), ("domain", "Blog.example.com.")]).by("key:ci", "full"),
        Call::to("/AppDomainRemove", &[("app_id", "one"), ("domain", "no\nname")]).by("key:ci", "full"),
        // These only look.
        Call::to("/AppConfig", &[("app_id", "nobody")]).by("key:ci", "full"),
        Call::to("/AppStatus", &[("app_id", "one")]).by("key:ci", "full"),
    ] {
        send(&gateway, call.json()).await;
    }
    api.send(Call::to("/AppPurge", &[]).with(Method::POST, false, Some(("text/plain", "x".into())))).await;
    let trail = trail(&api).await;
    assert_eq!(
        trail.iter().rev().map(told).collect::<Vec<_>>(),
        [
            ["user:alice", "AppInstall", "one", "", "ok"],
            ["key:watch", "AppStop", "one", "", "Auth.ReadOnly"],
            ["key:ci", "AppStop", "", "", "Param.APP_ID.FormatError"],
            ["key:ci", "AppStop", "", "", "Header.Version.Blank"],
            ["user:alice", "UserAdd", "", "bob", "ok"],
            ["key:ci", "AppConfig", "nobody", "", "APP.NotExis"],
            ["key:ci", "AppDomainAdd", "one", "blog.example.com", "Gateway.NotConfigured"],
            ["key:ci", "AppDomainRemove", "one", "", "Param.Domain.FormatError"],
            ["anonymous", "AppPurge", "", "", "Request.FormatError"],
        ]
    );
    let first = trail.last().expect("it is there");
    assert_eq!((&first["address"], &first["request_id"]), (&json!("192.0.2.7"), &json!("7f")));
    assert!(!Value::Array(trail).to_string().contains("tell nobody"));
}

#[tokio::test(start_paused = true)]
async fn the_trail_comes_in_pages() {
    let api = Api::start().await;
    for _ in 0..5 {
        api.send(Call::to("/AppStop", &[("app_id", "x")]).json()).await;
    }
    let mut ids = Vec::new();
    let mut before = String::new();
    loop {
        let call = Call::to("/AppAudit", &[("limit", "2"), ("before", &before)]);
        let page = api.send(call.json()).await.data();
        let Some(last) = page.as_array().and_then(|page| page.last()) else { break };
        before = last["id"].as_str().expect("text").to_owned();
        ids.extend(page.as_array().into_iter().flatten().map(|entry| entry["id"].clone()));
    }
    assert_eq!(ids, ["5", "4", "3", "2", "1"]);
}

#[tokio::test]
async fn who_hangs_up_leaves_a_row_all_the_same() {
    let api = Arc::new(Api::start().await);
    api.world.store.set_disk_stalled(true);
    let install = [("app_name", "hello"), ("customer_app_name", "one"), ("app_version", "latest")];
    let caller = tokio::spawn({
        let api = Arc::clone(&api);
        async move { api.send(Call::to("/AppInstall", &install).json()).await }
    });
    let waited = async {
        while !api.world.store.is_waited_for() {
            tokio::task::yield_now().await;
        }
        caller.abort();
        api.world.store.set_disk_stalled(false);
        while trail(&api).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, waited).await.expect("a row in time");
    assert_eq!(told(&trail(&api).await[0]), ["anonymous", "AppInstall", "one", "", "ok"]);
}

#[tokio::test]
async fn a_stop_waits_for_the_row_of_who_hung_up() {
    let served = served().await;
    served.api.world.store.set_disk_stalled(true);
    let install = "AppInstall?app_name=hello&customer_app_name=one&app_version=latest";
    let request = format!("GET /{install} HTTP/1.1\r\n{HEADERS}\r\n");
    let mut caller = TcpStream::connect(served.tcp).await.expect("connected");
    caller.write_all(request.as_bytes()).await.expect("sent");
    let stopped = async {
        while !served.api.world.store.is_waited_for() {
            tokio::task::yield_now().await;
        }
        drop(caller);
        served.stop.cancel();
        // The sockets are closed: what is left to do is the change.
        while TcpStream::connect(served.tcp).await.is_ok() {}
        served.api.world.store.set_disk_stalled(false);
        served.task.await.expect("no panic");
    };
    tokio::time::timeout(DEADLINE, stopped).await.expect("it stops");
    assert_eq!(told(&trail(&served.api).await[0]), ["anonymous", "AppInstall", "one", "", "ok"]);
}
