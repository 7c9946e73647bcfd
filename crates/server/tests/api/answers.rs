//! What the interfaces answer when nothing is wrong.

use domain::{ContainerState, Status};
use serde_json::{Value, json};
use server::ServerSettings;
use testkit::{Behaviour, World};

use crate::client::{Api, Call};

/// Fails where a text is `null`: only the two objects that the contract names may be.
fn assert_no_null_but(value: &Value, allowed: &[&str]) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                assert!(!member.is_null() || allowed.contains(&name.as_str()), "{name} is null: {value}");
                assert_no_null_but(member, allowed);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| assert_no_null_but(item, allowed)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test(start_paused = true)]
async fn an_install_is_accepted_in_every_form_and_then_told_about() {
    let api = Api::start().await;
    for number in 0..4 {
        let name = format!("app{number}");
        let parameters =
            [("app_name", " HELLO "), ("customer_app_name", name.as_str()), ("app_version", "latest")];
        let requests = Call::to("/AppInstall", &parameters).every_form();
        let request = requests.into_iter().nth(number).expect("one of four");
        assert_eq!(api.send(request).await.data(), json!({ "app_id": name }));
        api.running.has_status(&name, Status::Running).await;
    }
    for request in Call::to("/AppStatus", &[("app_id", "app2")]).every_form() {
        let expected = json!({
            "app_id": "app2", "name": "hello", "customer_name": "app2", "trade_mark": "Hello",
            "status_code": "30", "status": "running", "official_app": true,
            "image_url": "/images/hello.svg",
        });
        assert_eq!(api.send(request).await.data(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_is_filtered_by_package_and_ordered_by_age() {
    let api = Api::start().await;
    let list = Call::to("/AppList", &[]);
    assert_eq!(api.send(list.get()).await.data(), json!([]));
    for (package, name) in [("hello", "zebra"), ("blog", "myblog"), ("hello", "ant")] {
        api.install(package, name).await;
    }
    let ids = |list: &Value| -> Vec<String> {
        let apps = list.as_array().expect("a list").iter();
        apps.map(|app| app["app_id"].as_str().expect("a text").to_owned()).collect()
    };
    assert_eq!(ids(&api.send(list.get()).await.data()), ["zebra", "myblog", "ant"]);
    for request in Call::to("/AppList", &[("app_name", " hello ")]).every_form() {
        assert_eq!(ids(&api.send(request).await.data()), ["zebra", "ant"]);
    }
    for request in Call::to("/AppList", &[("app_name", "")]).every_form() {
        assert_eq!(ids(&api.send(request).await.data()).len(), 3, "a blank filter is none");
    }
    for request in Call::to("/AppList", &[("app_name", "nothing")]).every_form() {
        assert_eq!(api.send(request).await.data(), json!([]));
    }
}

#[tokio::test(start_paused = true)]
async fn where_to_reach_an_app_is_told_only_while_it_runs() {
    let api = Api::start().await;
    api.install("blog", "myblog").await;
    let list = Call::to("/AppList", &[("app_name", "Blog")]);
    let app = api.send(list.get()).await.data()[0].take();
    assert_eq!((&app["name"], &app["image_url"]), (&json!("Blog"), &json!("/images/Blog.svg")));
    let info = &app["running_info"];
    let password = info["password"].as_str().expect("a text");
    assert_eq!(password.len(), 24);
    assert_eq!(
        *info,
        json!({
            "port": 8081, "compose_file": info["compose_file"], "url": "http://apps.example:8081/",
            "admin_url": "http://apps.example:8081/admin", "user_name": "admin", "password": password,
        })
    );
    assert!(info["compose_file"].as_str().is_some_and(|path| path.starts_with('/')));

    api.world.engine.change("myblog", "web", |facts| facts.state = ContainerState::Paused);
    api.world.engine.change("myblog", "db", |facts| facts.state = ContainerState::Paused);
    api.running.has_status("myblog", Status::Stop).await;
    let answer = api.send(list.get()).await;
    let app = answer.data()[0].take();
    assert_eq!((&app["status_code"], &app["running_info"]), (&json!("40"), &Value::Null));
    assert!(!answer.text().contains(password), "a password is told only while the app runs");
}

#[tokio::test(start_paused = true)]
async fn a_detail_tells_what_a_list_tells_and_what_was_installed() {
    let api = Api::start().await;
    api.world.engine.build_image("db");
    api.install("blog", "myblog").await;
    let mut expected = api.send(Call::to("/AppList", &[]).get()).await.data()[0].take();
    expected["version"] = json!("2");
    expected["catalog"] = json!("local");
    expected["images"] = json!([
        { "image": "db", "digest": "", "image_id": "sha256:db-0" },
        { "image": "blog", "digest": "sha256:published-blog-0", "image_id": "sha256:blog-0" },
    ]);
    for request in Call::to("/AppDetail", &[("app_id", "myblog")]).every_form() {
        assert_eq!(api.send(request).await.data(), expected);
    }
    api.world.engine.compose_up("shop", &["web"]);
    api.running.until(|running| running.status("shop")).await;
    let shop = api.send(Call::to("/AppDetail", &[("app_id", "shop")]).get()).await.data();
    let told = (&shop["version"], &shop["catalog"], &shop["images"]);
    assert_eq!(told, (&json!(""), &json!(""), &json!([])), "what others brought up was not installed here");
}

#[tokio::test(start_paused = true)]
async fn an_app_without_login_or_pages_has_blank_texts_and_no_null() {
    let api = Api::start().await;
    api.install("hello", "one").await;
    let list = api.send(Call::to("/AppList", &[]).get()).await.data();
    assert_no_null_but(&list, &[]);
    let info = &list[0]["running_info"];
    assert_eq!(
        (&info["admin_url"], &info["user_name"], &info["password"]),
        (&json!(""), &json!(""), &json!(""))
    );
}

#[tokio::test(start_paused = true)]
async fn an_operation_tells_how_far_it_is() {
    let api = Api::start().await;
    api.world.engine.behave("hello", Behaviour::Silent);
    api.running.install("hello", "one").await.expect("accepted");
    api.running.has_status("one", Status::Initing).await;
    for request in Call::to("/AppOperation", &[("app_id", "one")]).every_form() {
        let operation = api.send(request).await.data();
        assert_eq!((&operation["app_id"], &operation["kind"]), (&json!("one"), &json!("install")));
        assert_eq!((&operation["state"], &operation["step"]), (&json!("running"), &json!("await_ready")));
        assert_eq!((&operation["finished_at"], &operation["reason"]), (&json!(""), &Value::Null));
        assert!(operation["queued_at"].as_str().is_some_and(|time| time.starts_with("2026-01-01T00:")));
        let steps = operation["steps"].as_array().expect("steps");
        let names: Vec<&Value> = steps.iter().map(|step| &step["step"]).collect();
        assert_eq!(names, ["reserve", "render", "pull", "create", "await_ready"]);
        assert_eq!((&steps[0]["state"], &steps[4]["state"]), (&json!("succeeded"), &json!("started")));
        assert_eq!(
            (&operation["pulls"][0]["image"], &operation["pulls"][0]["complete"]),
            (&json!("hello"), &json!(true))
        );
        assert_no_null_but(&operation, &["reason"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_operation_says_in_the_callers_language_why_and_what_to_do() {
    let api = Api::start().await;
    api.world.engine.lose_image("hello");
    api.running.install("hello", "one").await.expect("accepted");
    api.running.operation_ended("one").await;
    let call = Call::to("/AppOperation", &[("app_id", "one")]);
    let english = api.send(call.get()).await.data();
    assert_eq!((&english["state"], &english["reason"]["class"]), (&json!("failed"), &json!("no_such_image")));
    let message = |operation: &Value| operation["reason"]["message"].as_str().expect("a text").to_owned();
    assert!(message(&english).starts_with("The registry has no image hello. Choose"), "{english}");
    let chinese = api.send(call.header("language", "zh").json()).await.data();
    assert!(message(&chinese).starts_with("镜像仓库中没有镜像 hello。请"), "{chinese}");
    assert_eq!(api.running.status("one"), Some(Status::Error));
}

#[tokio::test(start_paused = true)]
async fn the_base_stands_before_interfaces_and_images() {
    let settings = ServerSettings { base: "/api/v1/".into(), ..ServerSettings::default() };
    let api = Api::start_with(World::default(), &settings).await;
    api.install("hello", "one").await;
    let status = api.send(Call::to("/api/v1/AppStatus", &[("app_id", "one")]).get()).await.data();
    assert_eq!(status["image_url"], "/api/v1/images/hello.svg");
    let image = api.send(Call::to("/api/v1/images/hello.svg", &[]).get()).await;
    assert_eq!(image.status, 200);
    let (code, _) = api.send(Call::to("/AppStatus", &[("app_id", "one")]).get()).await.error();
    assert_eq!(code, "Interface.NotExis");
}
