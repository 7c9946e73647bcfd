//! Users and keys, as who manages them meets them.

use axum::Router;
use serde_json::json;

use crate::client::{Api, Call, send};

async fn called(gateway: &Router, interface: &str, parameters: &[(&str, &str)]) -> serde_json::Value {
    send(gateway, Call::to(interface, parameters).by("user:admin", "full").json()).await.data()
}

#[tokio::test]
async fn users_are_added_with_a_password_that_is_told_once_and_removed() {
    let api = Api::start().await;
    let gateway = api.behind_gateway();
    let made = called(&gateway, "/UserAdd", &[("name", "alice")]).await;
    assert_eq!((made["name"].as_str(), made["password"].as_str().map(str::len)), (Some("alice"), Some(24)));
    let given = called(&gateway, "/UserAdd", &[("name", "bob"), ("password", "correct horse")]).await;
    assert_eq!(given, json!({ "name": "bob", "password": "" }));
    let list = called(&gateway, "/UserList", &[]).await;
    let names: Vec<_> = list.as_array().expect("a list").iter().map(|user| &user["name"]).collect();
    assert_eq!(names, ["alice", "bob"]);
    assert!(!list.to_string().contains("argon2") && !list.to_string().contains("correct horse"));
    let again = called(&gateway, "/UserPassword", &[("name", "alice")]).await;
    assert_ne!(again["password"], made["password"]);
    assert_eq!(called(&gateway, "/UserRemove", &[("name", "alice")]).await, json!({ "name": "alice" }));
    assert_eq!(called(&gateway, "/UserList", &[]).await.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn keys_may_look_for_ever_unless_something_else_is_said() {
    let api = Api::start().await;
    let gateway = api.behind_gateway();
    let plain = called(&gateway, "/KeyAdd", &[("name", "watch")]).await;
    assert_eq!((&plain["scope"], &plain["expires_at"]), (&json!("read-only"), &json!("")));
    let full = called(&gateway, "/KeyAdd", &[("name", "ci"), ("scope", "full"), ("days", "90")]).await;
    assert_eq!(full["scope"], "full");
    assert_ne!(full["expires_at"], "");
    let list = called(&gateway, "/KeyList", &[]).await;
    assert!(!list.to_string().contains("amk_"), "a key is told once");
    assert_eq!(
        (&list[0]["name"], &list[0]["expired"], &list[1]["last_used_at"]),
        (&json!("ci"), &json!(false), &json!(""))
    );
    called(&gateway, "/KeyRevoke", &[("name", "ci")]).await;
    assert_eq!(called(&gateway, "/KeyList", &[]).await.as_array().map(Vec::len), Some(1));
}
