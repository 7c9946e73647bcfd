//! What the scripted server knows: a blog that runs, a cache that is stopped, a wiki in the recycle bin.

use serde_json::{Value, json};

use crate::fake_server::{Answer, FakeServer};

/// A server that knows all of them.
pub(crate) fn server() -> FakeServer {
    let server = FakeServer::start();
    server
        .data("AppList", json!([blog(), cache(), broken()]))
        .data("AppDetail", detail_of(&blog()))
        .data("AppOperation", operation("install", "succeeded", "finish"))
        .data("AppOperations", json!([failed_install(), operation("install", "succeeded", "finish")]))
        .data("AppTrash", json!([trashed()]))
        .data("AppDomainAdd", domain("pending", "none"))
        .data("AppDomainList", json!([domain("served", "valid"), refused_domain()]))
        .data("AppDomainRemove", json!({ "app_id": "myblog", "domain": "blog.example.com" }))
        .data("AppLogs", log_lines())
        .data("AppStats", json!([stats()]))
        .data("AppConfig", json!({ "app_id": "myblog", "variables": variables() }))
        .data("AppCatalog", json!([wordpress(), redis()]))
        .data("AppCatalogDetail", wordpress_detail())
        .data("CatalogAdd", json!(store("ready")))
        .data("CatalogList", json!([store("ready"), broken_store()]))
        .data("CatalogSync", json!([store("ready"), broken_store()]))
        .data("CatalogRemove", json!({ "name": "store" }))
        .data("CatalogTrust", json!(store("ready")))
        .data("AppPlan", plan())
        .data(
            "AppCancel",
            json!({ "app_id": "myblog", "operation_id": "op2", "kind": "install", "step": "pull" }),
        )
        .data("UserAdd", json!({ "name": "alice", "password": "Zr3kTq9wXb5nLc7vHs2mJd8f" }))
        .data("UserPassword", json!({ "name": "alice", "password": "Hs2mJd8fZr3kTq9wXb5nLc7v" }))
        .data("UserRemove", json!({ "name": "alice" }))
        .data("UserList", json!([{ "name": "alice", "created_at": "2026-11-22T08:00:00Z" }]))
        .data("KeyAdd", new_key())
        .data("KeyList", keys())
        .data("KeyRevoke", json!({ "name": "monitoring" }))
        .data("AppAudit", json!([audited("12", "install", "ok"), audited("11", "stop", "APP.Busy")]))
        .answers("doctor", Answer::Text(SOUND));
    for verb in [
        "AppInstall",
        "AppStart",
        "AppStop",
        "AppRestart",
        "AppUninstall",
        "AppRestore",
        "AppPurge",
        "AppAdopt",
    ] {
        server.data(verb, json!({ "app_id": "myblog" }));
    }
    server
}

fn new_key() -> Value {
    json!({
        "name": "monitoring", "key": "amk_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "scope": "read-only",
        "expires_at": "2027-02-20T08:00:00Z",
    })
}

fn keys() -> Value {
    let key = |name: &str, scope: &str, expires_at: &str, expired: bool, last_used_at: &str| {
        json!({
            "name": name, "scope": scope, "created_at": "2026-11-22T08:00:00Z", "expires_at": expires_at,
            "expired": expired, "last_used_at": last_used_at,
        })
    };
    json!([
        key("deploy", "full", "", false, "2026-11-23T09:30:00Z"),
        key("monitoring", "read-only", "2026-11-22T09:00:00Z", true, ""),
    ])
}

fn audited(id: &str, verb: &str, outcome: &str) -> Value {
    let interface = if verb == "install" { "AppInstall" } else { "AppStop" };
    json!({
        "id": id, "at": "2026-11-22T08:00:00Z", "caller": "user:alice", "address": "192.0.2.7", "request_id": "7f",
        "interface": interface, "app_id": "myblog", "account": "", "outcome": outcome,
    })
}

/// An operation is begun by the next call of a verb, and stands there.
pub(crate) fn begins(server: &FakeServer, begun: Value) {
    let before = Answer::Data(operation("stop", "succeeded", "finish"));
    server.answers_in_turn("AppOperation", vec![before, Answer::Data(begun)]);
}

const SOUND: &str = r#"{"ok":true,"findings":[{"check":"store","ok":true,"found":""},
    {"check":"engine","ok":true,"found":""},{"check":"compose","ok":true,"found":"2.40.3"},
    {"check":"disk","ok":true,"found":""},{"check":"ports","ok":true,"found":""},{"check":"catalog","ok":true,"found":"20"}]}"#;

/// What `/doctor` tells where everything is wrong.
pub(crate) const SICK: &str = r#"{"ok":false,"findings":[{"check":"store","ok":false,"found":"database or disk is full"},
    {"check":"engine","ok":false,"found":"The container engine failed (no answer)"},
    {"check":"compose","ok":false,"found":"docker compose is \"2.20.0\", and 2.29 or newer is needed"},
    {"check":"disk","ok":false,"found":"The system does not have enough resources (disk space: needs 1 GB, 0.1 GB free)"},
    {"check":"ports","ok":false,"found":"The system does not have enough resources (ports: needs 1, 0 free)"},
    {"check":"catalog","ok":false,"found":"shop: compose.yaml: line 3: no such key"},
    {"check":"gateway","ok":false,"found":"shop.example.com: The gateway does not take it"},
    {"check":"certificates","ok":false,"found":"blog.example.com (2026-11-22T08:00:00Z)"}]}"#;

fn app(id: &str, name: &str, trade_mark: &str, code: &str, status: &str) -> Value {
    json!({
        "app_id": id, "name": name, "customer_name": id, "trade_mark": trade_mark, "status_code": code,
        "status": status, "official_app": true, "image_url": format!("/images/{name}.svg"), "running_info": null,
    })
}

pub(crate) fn blog() -> Value {
    let mut blog = app("myblog", "wordpress", "WordPress", "30", "running");
    blog["running_info"] = json!({
        "port": 8080, "compose_file": "/var/lib/appmanage/apps/myblog/compose.yaml", "url": "http://192.0.2.2:8080/",
        "admin_url": "http://192.0.2.2:8080/wp-admin/", "user_name": "admin", "password": "Zr3kTq9wXb5nLc7v",
    });
    blog
}

pub(crate) fn cache() -> Value {
    app("cache", "redis", "Redis", "40", "stop")
}

fn broken() -> Value {
    app("shujuku", "mysql", "MySQL 数据库", "50", "error")
}

/// The same as AppDetail tells it.
pub(crate) fn detail_of(app: &Value) -> Value {
    let mut detail = app.clone();
    let digest = |character: &str| format!("sha256:{}", character.repeat(64));
    detail["version"] = json!("6.8");
    detail["catalog"] = json!("builtin");
    detail["images"] = json!([
        { "image": "wordpress:6.8", "digest": digest("9"), "image_id": digest("4") },
        { "image": "own/database", "digest": "", "image_id": digest("5") },
    ]);
    detail
}

fn step(name: &str, state: &str) -> Value {
    let ended = if state == "started" { "" } else { "2026-11-22T08:00:03Z" };
    json!({
        "step": name, "attempt": 1, "state": state, "started_at": "2026-11-22T08:00:01Z", "ended_at": ended,
        "reason": null,
    })
}

/// The steps of every operation, as far as these tests go.
const STEPS: [&str; 6] = ["reserve", "render", "pull", "create", "await_ready", "finish"];

/// An operation of the blog: it is running at that step, or has ended there, or has not begun (`""`).
pub(crate) fn operation(kind: &str, state: &str, at: &str) -> Value {
    let is_open = matches!(state, "queued" | "running");
    let begun = STEPS.iter().position(|name| *name == at).map_or(0, |position| position + 1);
    let state_of = |name: &str| if is_open && name == at { "started" } else { "succeeded" };
    let steps: Vec<Value> = STEPS[..begun].iter().map(|name| step(name, state_of(name))).collect();
    json!({
        "app_id": "myblog", "operation_id": format!("{kind}1"), "kind": kind, "state": state, "step": at,
        "queued_at": "2026-11-22T08:00:00Z", "started_at": if begun == 0 { "" } else { "2026-11-22T08:00:01Z" },
        "finished_at": if is_open { "" } else { "2026-11-22T08:01:30Z" },
        "steps": steps, "pulls": [], "reason": null, "last_lines": [],
    })
}

/// The size of the blog's image.
pub(crate) const IMAGE_BYTES: u64 = 103_597_568;

/// An install that has pulled as much.
pub(crate) fn pulled(bytes_done: u64, mut operation: Value) -> Value {
    let image = |image: &str, done: u64, total: u64| {
        json!({
            "image": image, "bytes_done": done, "bytes_total": total, "complete": done == total,
            "layers": [{ "id": "a1", "bytes_done": done, "bytes_total": total, "complete": done == total },
                       { "id": "b2", "bytes_done": 0, "bytes_total": 0, "complete": true }],
        })
    };
    operation["pulls"] =
        json!([image("wordpress:6.8", bytes_done, IMAGE_BYTES), image("mariadb:11", 52_000_000, 52_000_000)]);
    operation
}

/// An install that is pulling.
pub(crate) fn pulling(bytes_done: u64) -> Value {
    pulled(bytes_done, operation("install", "running", "pull"))
}

/// An install that failed.
pub(crate) fn failed_install() -> Value {
    let mut failed = operation("install", "failed", "await_ready");
    failed["operation_id"] = json!("op9");
    failed["steps"] =
        json!([step("reserve", "undone"), step("pull", "succeeded"), step("await_ready", "failed")]);
    failed["reason"] = json!({
        "class": "exit_code", "subject": "db", "detail": "1",
        "message": "The service db ended by itself with exit code 1. Its last lines (last_lines) say why; install again when that is solved.",
    });
    failed["last_lines"] = json!(["InnoDB: cannot allocate memory", "mysqld: shutdown complete"]);
    failed
}

fn trashed() -> Value {
    json!({
        "app_id": "wiki", "name": "mediawiki", "trade_mark": "MediaWiki 维基", "version": "1.43",
        "image_url": "/images/mediawiki.svg", "trashed_at": "2026-11-20T09:30:00Z", "purged_at": "2026-12-20T09:30:00Z",
    })
}

fn domain(site: &str, certificate: &str) -> Value {
    let expires_at = if certificate == "none" { "" } else { "2027-02-20T08:00:00Z" };
    json!({
        "app_id": "myblog", "domain": "blog.example.com", "url": "https://blog.example.com/",
        "added_at": "2026-11-22T08:00:00Z", "site": site, "certificate": certificate, "expires_at": expires_at,
        "next_try_at": "2027-01-20T08:00:00Z", "failed_tries": 0, "reason": null,
    })
}

fn refused_domain() -> Value {
    let mut refused = domain("served", "none");
    refused["domain"] = json!("www.example.com");
    refused["reason"] = json!({
        "class": "challenge_failed", "subject": "www.example.com", "detail": "connection refused",
        "message": "The certification authority did not get the right answer from http://www.example.com/: connection refused.",
    });
    refused
}

pub(crate) fn log_lines() -> Value {
    json!([
        { "time": "2026-11-22T08:00:03.123Z", "service": "db", "stream": "stderr", "line": "mysqld: ready for connections" },
        { "time": "2026-11-22T08:00:04Z", "service": "wordpress", "stream": "stdout", "line": "GET /你好 \u{1b}[2Jfrom \u{1b}[31mred\u{1b}[0m" },
    ])
}

fn stats() -> Value {
    json!({
        "app_id": "myblog", "sampled_at": "2026-11-22T08:00:00Z", "cpu_percent": 12.34, "memory_bytes": 412_000_000_u64,
        "memory_limit_bytes": 0, "network_received_bytes": 1_234_567, "network_sent_bytes": 7_654_321,
        "disk_read_bytes": 52_000_000, "disk_written_bytes": 1024, "volumes_bytes": 1_900_000_000_u64,
        "services": [{ "service": "wordpress", "cpu_percent": 2.3, "memory_bytes": 112_000_000 },
                     { "service": "db", "cpu_percent": 10.04, "memory_bytes": 300_000_000 }],
    })
}

fn variables() -> Value {
    let variable = |name: &str, kind: &str, label: &str, value: &str, default: &str, is_set: bool| json!({ "name": name, "kind": kind, "label": label, "value": value, "default": default, "is_set": is_set, "is_required": false, "options": [] });
    json!([
        variable("WORDPRESS_DEBUG", "boolean", "Show errors on the page", "true", "false", true),
        variable(
            "WORDPRESS_TABLE_PREFIX",
            "text",
            "What the names of tables begin with",
            "wp_",
            "wp_",
            false
        ),
        variable("DB_PASSWORD", "secret", "Password of the database", "", "", true),
    ])
}

fn policy(verdict: &str) -> Value {
    let risk = json!({
        "rule": "docker_socket", "service": "agent", "subject": "/var/run/docker.sock",
        "message": "The service agent gets the Docker socket, and with it the whole machine.",
    });
    json!({ "verdict": verdict, "risks": if verdict == "allowed" { json!([]) } else { json!([risk]) } })
}

pub(crate) fn store(state: &str) -> Value {
    let none = json!({ "count": 0, "names": [] });
    json!({
        "name": "store", "kind": "git", "source": "https://git.example.org/apps/store", "branch": "", "sha256": "", "key": "",
        "trusted": true, "added_at": "2026-11-22T08:00:00Z", "state": state, "apps_done": 0, "apps_total": 0,
        "synced_at": "2026-11-22T08:01:00Z", "failed_at": "", "reason": null,
        "report": {
            "format": "casaos", "revision": "8a5b1f0c2d3e4f5061728394a5b6c7d8e9f00112", "packages": 312,
            "new": { "count": 12, "names": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] },
            "changed": { "count": 1, "names": ["portainer"] }, "gone": none,
            "unreadable_count": 1, "unreadable": [{ "app": "Gitlab", "reason": "it cannot be read: docker-compose.yml is missing" }],
            "hidden": 3,
        },
    })
}

fn broken_store() -> Value {
    let mut broken = store("failed");
    broken["name"] = json!("panel");
    broken["trusted"] = json!(false);
    broken["report"] = json!(null);
    broken["synced_at"] = json!("");
    broken["failed_at"] = json!("2026-11-22T08:01:00Z");
    broken["reason"] = json!({
        "class": "catalog_unreachable", "subject": "https://git.example.org/apps/store", "detail": "no route",
        "message": "The catalog at https://git.example.org/apps/store could not be fetched: no route.",
    });
    broken
}

fn wordpress() -> Value {
    json!({
        "name": "wordpress", "catalog": "builtin", "trade_mark": "WordPress", "description": "Writes and publishes pages and blogs, with thousands of themes and plugins",
        "categories": ["cms", "blog"], "version": "6.8", "image_url": "/images/wordpress.svg", "official_app": true,
        "policy": policy("allowed"),
    })
}

fn redis() -> Value {
    json!({
        "name": "portainer", "catalog": "store", "trade_mark": "Portainer", "description": "容器管理界面", "categories": ["docker"],
        "version": "2.21", "image_url": "/images/portainer.svg", "official_app": false, "policy": policy("refused"),
    })
}

fn wordpress_detail() -> Value {
    let mut detail = wordpress();
    detail["versions"] = json!(["6.8", "6.7", "6.1"]);
    detail["requirements"] =
        json!({ "cpu_cores": 1, "memory_bytes": 512_000_000, "disk_bytes": 2_000_000_000_u64 });
    detail["variables"] = variables();
    detail["services"] =
        json!([{ "name": "wordpress", "image": "wordpress:6.8" }, { "name": "db", "image": "mariadb:11" }]);
    detail["remarks"] = json!([]);
    detail["website"] = json!("https://wordpress.org/");
    detail["architectures"] = json!(["amd64", "arm64"]);
    detail["warnings"] = json!([]);
    detail["note"] = json!("The first visitor chooses the login: open the page at once.");
    detail
}

pub(crate) fn plan() -> Value {
    json!({
        "app_name": "wordpress", "version": "6.8",
        "images": [{ "image": "wordpress:6.8", "bytes": 0, "is_size_known": false, "is_present": false },
                   { "image": "mariadb:11", "bytes": 0, "is_size_known": true, "is_present": true }],
        "download_bytes": 0, "is_download_known": false, "disk_bytes": 2_000_000_000_u64, "memory_bytes": 512_000_000,
        "ports": [{ "service": "wordpress", "target": 80, "protocol": "tcp", "port": 8080 }],
        "subnets": [{ "network": "default", "subnet": "10.213.0.0/27" }], "obstacles": [], "policy": policy("allowed"), "warnings": [],
    })
}

/// A plan with something in the way.
pub(crate) fn hindered_plan() -> Value {
    let mut plan = plan();
    plan["policy"] = policy("refused");
    plan["warnings"] = json!([{ "warning": "fixed_password", "message": "It comes with a password that is the same everywhere" }]);
    plan["obstacles"] = json!([
        { "code": "Policy.Refused", "message": "The policy refuses this package (the Docker socket)" },
        { "code": "Requirement.NotEnough", "message": "The system does not have enough resources (memory: needs 512 MB, 100 MB free)" },
    ]);
    plan
}
