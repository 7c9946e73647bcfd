//! What can be installed, and what an install would do.

use domain::Package;
use domain::package::PackageLogin;
use serde_json::{Value, json};
use server::ServerSettings;
use testkit::World;

use crate::client::{Api, Call};

fn names(answer: &Value) -> Vec<&str> {
    let apps = answer.as_array().expect("a list").iter();
    apps.map(|app| app["name"].as_str().expect("a name")).collect()
}

#[tokio::test(start_paused = true)]
async fn the_catalog_is_told_by_name_with_what_each_package_may_do() {
    let api = Api::start().await;
    for package in ["hello", "Blog", "greedy"] {
        api.judged(package).await;
    }
    let call = Call::to("/AppCatalog", &[]).header("language", "zh-CN");
    for request in call.every_form() {
        let catalog = api.send(request).await.data();
        assert_eq!(names(&catalog), ["Blog", "greedy", "hello"]);
        let risk = json!({
            "rule": "privileged", "service": "web", "subject": "privileged", "message": "拥有主机的全部权限",
        });
        assert_eq!(
            catalog[1],
            json!({
                "name": "greedy",
                "catalog": "local",
                "trade_mark": "Greedy",
                "description": "想要一切",
                "categories": ["test"],
                "version": "2",
                "image_url": "/images/greedy.svg",
                "official_app": false,
                "policy": { "verdict": "refused", "risks": [risk] },
            })
        );
        assert_eq!(catalog[2]["policy"], json!({ "verdict": "allowed", "risks": [] }));
    }
}

#[tokio::test(start_paused = true)]
async fn the_catalog_is_searched_in_every_text_of_both_languages_and_told_in_pages() {
    let api = Api::start().await;
    type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);
    let found: [Case; 15] = [
        (&[("search", "HELLO")], &["Blog", "hello"]),
        (&[("search", "says  blog")], &["Blog"]),
        (&[("search", "想要")], &["greedy"]),
        (&[("search", "test")], &["Blog", "greedy", "hello"]),
        (&[("search", "no such thing")], &[]),
        (&[("category", "TEST")], &["Blog", "greedy", "hello"]),
        (&[("category", "tes")], &[]),
        (&[("limit", "2")], &["Blog", "greedy"]),
        (&[("limit", "2"), ("after", "greedy")], &["hello"]),
        (&[("after", "gz")], &["hello"]),
        (&[("after", "hello")], &[]),
        (&[("after", "greedy@builtin")], &["greedy", "hello"]),
        (&[("after", "greedy@local")], &["hello"]),
        (&[("catalog", "builtin")], &["hello"]),
        (&[("search", " "), ("category", ""), ("after", "")], &["Blog", "greedy", "hello"]),
    ];
    for (parameters, expected) in found {
        let catalog = api.send(Call::to("/AppCatalog", parameters).get()).await.data();
        assert_eq!(names(&catalog), expected, "{parameters:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_package_is_told_with_all_that_can_be_set() {
    let api = Api::start().await;
    api.judged("blog").await;
    let detail = api.send(Call::to("/AppCatalogDetail", &[("app_name", "BLOG")]).json()).await.data();
    assert_eq!((&detail["name"], &detail["trade_mark"]), (&json!("Blog"), &json!("The Blog")));
    assert_eq!(detail["versions"], json!(["2", "1"]));
    assert_eq!(
        detail["requirements"],
        json!({ "cpu_cores": 1, "memory_bytes": 512 << 20, "disk_bytes": 1 << 30 })
    );
    let variable = |name: &str, kind: &str, label: &str, default: &str| {
        json!({
            "name": name, "kind": kind, "label": label, "value": "", "default": default, "is_set": false,
            "is_required": false, "options": [],
        })
    };
    assert_eq!(
        detail["variables"],
        json!([
            variable("DB_PASSWORD", "secret", "Database password", ""),
            variable("TITLE", "text", "Title", "A blog"),
            variable("POSTS", "number", "Posts on a page", "10"),
        ])
    );
    assert_eq!(detail["services"][1], json!({ "name": "web", "image": "blog" }));
    assert_eq!((&detail["note"], &detail["policy"]["verdict"]), (&json!(""), &json!("allowed")));
}

#[tokio::test(start_paused = true)]
async fn a_password_that_everybody_knows_is_warned_of_and_pages_and_processors_are_told() {
    let mut package = testkit::packages::blog();
    (package.website, package.architectures) = (Some("https://blog.example/".into()), vec!["arm64".into()]);
    let mut world = World::default();
    world.packages = vec![package.clone().into()];
    let (name, password) = ("open".to_owned(), "changeme".to_owned());
    let login =
        PackageLogin { user_name: "a".into(), user_variable: None, password_variable: None, password };
    world.packages.push(Package { name, login: Some(login), ..package }.into());
    let api = Api::start_with(world, &ServerSettings::default()).await;
    for (name, expected) in [("Blog", json!([])), ("open", json!(["fixed_password"]))] {
        let detail = Call::to("/AppCatalogDetail", &[("app_name", name)]);
        let plan = [("app_name", name), ("customer_app_name", "one"), ("app_version", "latest")];
        for call in [detail.clone(), Call::to("/AppPlan", &plan)] {
            let told = api.send(call.get()).await.data()["warnings"].take();
            let names: Vec<&Value> =
                told.as_array().expect("a list").iter().map(|one| &one["warning"]).collect();
            assert_eq!(json!(names), expected, "{name}");
        }
        let told = api.send(detail.get()).await.data();
        assert_eq!(
            (&told["website"], &told["architectures"]),
            (&json!("https://blog.example/"), &json!(["arm64"]))
        );
    }
    let detail = Call::to("/AppCatalogDetail", &[("app_name", "open")]).header("language", "zh");
    let message = api.send(detail.get()).await.data()["warnings"][0]["message"].take();
    assert!(message.as_str().is_some_and(|text| text.contains("请立即修改")), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_plan_tells_what_the_install_would_do_and_every_obstacle_in_the_callers_language() {
    let api = Api::start().await;
    api.install("hello", "taken").await;
    let plan = |app: &str, name: &str| {
        let parameters = [("app_name", app), ("customer_app_name", name), ("app_version", "latest")];
        Call::to("/AppPlan", &parameters).header("language", "zh")
    };
    let sound = api.send(plan("hello", "new").form()).await.data();
    assert_eq!(
        sound,
        json!({
            "app_name": "hello",
            "version": "2",
            "images": [{ "image": "hello", "bytes": 0, "is_size_known": true, "is_present": true }],
            "download_bytes": 0,
            "is_download_known": true,
            "disk_bytes": 10 << 20,
            "memory_bytes": 16 << 20,
            "ports": [{ "service": "web", "target": 80, "protocol": "tcp", "port": 8081 }],
            "subnets": [{ "network": "default", "subnet": "10.210.0.32/27" }],
            "obstacles": [],
            "policy": { "verdict": "allowed", "risks": [] },
            "warnings": [],
        })
    );
    api.world.host.set_memory_bytes(1 << 20);
    let refused = api.send(plan("greedy", "taken").json()).await.data();
    let obstacle = |code: &str, message: &str| json!({ "code": code, "message": message });
    assert_eq!(
        refused["obstacles"],
        json!([
            obstacle(
                "Policy.Refused",
                "该软件包要求的主机权限未被允许(web: 拥有主机的全部权限; 管理员如信任软件包 greedy, 可将其加入设置 policy.exceptions 并重启服务)",
            ),
            obstacle("Param.CustomerAppName.Repeat", "已经安装了此应用,请重新指定APP名称"),
            obstacle("Requirement.NotEnough", "系统资源(cpu,内存,磁盘空间)不足(内存: 需要 16 MB, 可用 1 MB)"),
        ])
    );
    let unknown = api.send(plan("blog", "new").json()).await.data();
    assert_eq!(
        (&unknown["is_download_known"], &unknown["images"][0]["is_present"]),
        (&json!(false), &json!(false))
    );
}
