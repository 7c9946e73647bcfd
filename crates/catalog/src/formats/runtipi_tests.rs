//! Runtipi's reader, by small stores of its format.

use std::fs;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::block::{Kind, ShapeBlock, VariableBlock};

const CONFIG_TEXT: &str = r#"{
  "id": "notes", "name": "Notes", "tipi_version": 3, "version": "2.1.0", "available": true, "dynamic_config": true,
  "port": 8090, "url_suffix": "admin/", "https": true, "short_desc": "Keeps notes.", "categories": ["data"],
  "source": "https://notes.example/source", "supported_architectures": ["arm64", "amd64"],
  "generate_vapid_keys": true,
  "form_fields": [
    {"type": "text", "label": "User", "env_variable": "ADMIN_USER", "required": true, "min": 3, "max": 20},
    {"type": "password", "label": "Password", "env_variable": "ADMIN_PASSWORD", "required": true, "min": 30, "max": 50},
    {"type": "password", "label": "API token", "env_variable": "API_TOKEN", "required": true},
    {"type": "password", "label": "Mail password", "env_variable": "SMTP_PASSWORD", "required": false},
    {"type": "random", "label": "Key", "env_variable": "KEY", "min": 100},
    {"type": "random", "label": "Bytes", "env_variable": "BYTES", "encoding": "base64", "min": 16},
    {"type": "boolean", "label": "Open", "env_variable": "OPEN", "default": "true"},
    {"type": "number", "label": "Size", "env_variable": "SIZE", "default": "5", "min": 1, "max": 9},
    {"type": "number", "label": "Ratio", "env_variable": "RATIO", "default": 0.5},
    {"type": "number", "label": "Left", "env_variable": "LEFT"},
    {"type": "text", "label": "Mode", "env_variable": "MODE", "required": true,
     "options": [{"label": "Fast", "value": "fast"}, {"label": "safe", "value": "safe"}]},
    {"type": "text", "label": "Region", "env_variable": "REGION", "options": [{"label": "A", "value": "a"}]},
    {"type": "fqdn", "label": "Domain", "env_variable": "DOMAIN", "regex": "^x", "placeholder": "a.example"},
    {"type": "text", "label": "Server", "env_variable": "SERVER"},
    {"type": "text", "label": "Unused", "env_variable": "UNUSED", "required": true}
  ]
}"#;

const COMPOSE_TEXT: &str = r#"{
  "schemaVersion": 2,
  "services": [
    {"name": "notes-db", "image": "postgres:16", "internalPort": 5432,
     "volumes": [{"hostPath": "${APP_DATA_DIR}/data/db", "containerPath": "/data"}]},
    {"name": "notes", "image": "example/notes:2.1", "isMain": true, "internalPort": 80,
     "addPorts": [{"hostPort": 222, "containerPort": 22},
                  {"hostPort": 53, "containerPort": 53, "tcp": true, "udp": true, "interface": "127.0.0.1"}],
     "environment": [
       {"key": "URL", "value": "${APP_PROTOCOL:-http}://${APP_DOMAIN}"},
       {"key": "ALL", "value": "${APP_DOMAIN} ${APP_PROTOCOL} ${ADMIN_USER} ${ADMIN_PASSWORD} ${API_TOKEN} ${SMTP_PASSWORD} ${KEY} ${BYTES} ${OPEN}"},
       {"key": "MORE", "value": "${SIZE} ${RATIO} ${LEFT} ${MODE} ${REGION} ${DOMAIN} $TZ ${VAPID_PUBLIC_KEY}"},
       {"key": "SERVER", "value": "${SERVER:-main}"}, {"key": "COUNT", "value": 5}, {"key": "EMPTY", "value": ""}
     ],
     "volumes": [{"hostPath": "${ROOT_FOLDER_HOST}/media:/media", "containerPath": "/media", "readOnly": true}],
     "dependsOn": {"notes-db": {"condition": "service_healthy"}},
     "healthCheck": {"test": "true", "startPeriod": "5s"},
     "deploy": {"resources": {"reservations": {"devices": [{"deviceIds": ["0"], "capabilities": ["gpu"]}]}}},
     "sysctls": {"net.ipv4.ip_forward": 1}, "stopGracePeriod": "1m", "extraLabels": {"a": "b"}},
    {"name": "vpn", "image": "vpn", "networkMode": "host", "capAdd": ["NET_ADMIN"],
     "addPorts": [{"hostPort": 1, "containerPort": 1}]}
  ],
  "overrides": [{"architecture": "arm64", "services": [{"name": "notes", "image": "other"}]}]
}"#;

fn store(files: &[(&str, &str)]) -> (TempDir, Tree) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join("apps/notes").join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("its folder");
        fs::write(path, text).expect("its file");
    }
    let tree = Tree::new(folder.path());
    (folder, tree)
}

fn draft(files: &[(&str, &str)]) -> Draft {
    let (_folder, tree) = store(files);
    read(&tree, "notes").expect("it is read").remove(0)
}

fn dynamic() -> Draft {
    draft(&[(CONFIG, CONFIG_TEXT), (DYNAMIC, COMPOSE_TEXT)])
}

#[test]
fn a_store_is_told_by_its_config_files() {
    let (_folder, tree) = store(&[(CONFIG, CONFIG_TEXT)]);
    assert!(detect(&tree));
    assert_eq!(apps(&tree), ["notes"]);
    let (_folder, tree) = store(&[(CONFIG, "{}")]);
    assert!(!detect(&tree));
}

#[test]
fn people_are_told_what_the_config_says() {
    let block = dynamic().block;
    assert_eq!(block.trademark, "Notes");
    assert_eq!(block.description.en, "Keeps notes.");
    assert_eq!(block.categories, ["data"]);
    assert_eq!(block.website.as_deref(), Some("https://notes.example/source"));
    assert_eq!(block.architectures, ["arm64", "amd64"]);
    assert_eq!(block.versions[0].name, "2.1.0");
    let login = block.login.expect("it has one");
    assert_eq!(login.user_variable.as_deref(), Some("ADMIN_USER"));
    assert_eq!(login.password_variable.as_deref(), Some("ADMIN_PASSWORD"));
}

#[test]
fn a_login_is_the_one_that_the_main_service_is_given() {
    let config = CONFIG_TEXT.replace(r#""ADMIN_PASSWORD""#, r#""BROKER_SECRET""#);
    let environment = r#"{"key": "BROKER_PASSWORD", "value": "${BROKER_SECRET}"},
        {"key": "UI_USERNAME", "value": "boss"}, {"key": "UI_PASSWORD", "value": "${KEY}"}, {"key": "URL""#;
    let compose = COMPOSE_TEXT.replace(r#"{"key": "URL""#, environment);
    let login = draft(&[(CONFIG, &config), (DYNAMIC, &compose)]).block.login.expect("it has one");
    assert_eq!((login.user_name.as_str(), login.user_variable), ("boss", None));
    assert_eq!(login.password_variable.as_deref(), Some("KEY"));
}

#[test]
fn a_login_that_the_app_ships_with_is_told_by_its_description() {
    let config = CONFIG_TEXT.replace("ADMIN_PASSWORD", "UNUSED_PASSWORD");
    let description = "Keeps notes.\n\n- **username**: boss\n- **password**: sample-1\n";
    let files = [
        ("config.json", config.as_str()),
        ("docker-compose.json", COMPOSE_TEXT),
        ("metadata/description.md", description),
    ];
    let login = draft(&files).block.login.expect("it is told");
    assert_eq!((login.user_name.as_str(), login.password.as_deref()), ("boss", Some("sample-1")));
}

#[test]
fn an_app_is_told_the_address_that_it_has() {
    let compose = COMPOSE_TEXT.replace("${APP_PROTOCOL:-http}://${APP_DOMAIN}", "https://${APP_DOMAIN}/x");
    let environment = |text: &str| draft(&[(CONFIG, CONFIG_TEXT), (DYNAMIC, text)]).compose;
    assert_eq!(environment(&compose)["services"]["notes"]["environment"]["URL"], "${APPMANAGE_URL}/x");
    let compose = compose.replace("https://${APP_DOMAIN}", "http://localhost:${APP_PORT}");
    assert_eq!(environment(&compose)["services"]["notes"]["environment"]["URL"], "${APPMANAGE_URL}/x");
}

#[test]
fn a_password_is_of_the_shape_that_its_field_tells() {
    let shape = |field: &str| {
        let config = CONFIG_TEXT.replace(r#""type": "password", "label": "Password","#, field);
        let variables = draft(&[(CONFIG, &config), (DYNAMIC, COMPOSE_TEXT)]).block.variables;
        let find = |name: &str| variables.iter().find(|variable| variable.name == name).cloned();
        let password = find("ADMIN_PASSWORD").expect("it is there");
        (password.kind, find("ADMIN_PASSWORD_BYTES").unwrap_or(password).shape)
    };
    for (field, expected) in [
        (
            r#""type": "password", "label": "openssl rand -hex 16","#,
            (Kind::Secret, Some(ShapeBlock::Hex(32))),
        ),
        (
            r#""type": "password", "pattern_error": "One special character","#,
            (Kind::Secret, Some(ShapeBlock::Strong(30))),
        ),
        (r#""type": "password", "regex": "^base64:[a-z]+","#, (Kind::Derived, Some(ShapeBlock::Base64(32)))),
        (r#""type": "password", "label": "SMTP password","#, (Kind::Text, None)),
    ] {
        assert_eq!(shape(field), expected, "{field}");
    }
}

#[test]
fn devices_are_texts() {
    let compose = COMPOSE_TEXT.replace(
        r#""capAdd""#,
        r#""devices": [{"hostPath": "/dev/a", "containerPath": "/dev/b"}, "/dev/c"], "capAdd""#,
    );
    let draft = draft(&[(CONFIG, CONFIG_TEXT), (DYNAMIC, &compose)]);
    assert_eq!(draft.compose["services"]["vpn"]["devices"], json!(["/dev/a:/dev/b", "/dev/c"]));
}

#[test]
fn runtipis_words_become_those_of_compose() {
    let draft = dynamic();
    let notes = &draft.compose["services"]["notes"];
    assert_eq!(
        notes["ports"],
        json!(["${APP_PORT}:80", "222:22", "127.0.0.1:53:53/tcp", "127.0.0.1:53:53/udp"])
    );
    assert_eq!(notes["environment"]["COUNT"], "5");
    assert_eq!(notes["environment"]["EMPTY"], "");
    assert_eq!(notes["depends_on"], json!({ "notes-db": { "condition": "service_healthy" } }));
    assert_eq!(notes["healthcheck"], json!({ "test": "true", "start_period": "5s" }));
    assert_eq!(notes["deploy"]["resources"]["reservations"]["devices"][0]["device_ids"], json!(["0"]));
    assert_eq!(notes["sysctls"], json!({ "net.ipv4.ip_forward": 1 }));
    assert_eq!((&notes["stop_grace_period"], &notes["restart"]), (&json!("1m"), &json!("unless-stopped")));
    assert_eq!(
        notes["volumes"][0],
        json!({ "type": "bind", "source": "${ROOT_FOLDER_HOST}/media", "target": "/media", "read_only": true })
    );
    for key in ["name", "isMain", "internalPort", "addPorts", "extraLabels", "labels", "x-main"] {
        assert!(notes.get(key).is_none(), "{key}");
    }
    // Only the main service's port is published; in the host's network none is.
    let services = &draft.compose["services"];
    assert!(services["notes-db"].get("ports").is_none() && services["vpn"].get("ports").is_none());
    assert!(draft.remarks.iter().any(|remark| remark.contains("arm64")), "{:?}", draft.remarks);
}

#[test]
fn the_port_that_people_use_is_the_main_services() {
    let draft = dynamic();
    let web = draft.web.expect("it has one");
    assert_eq!((web.port, web.hint), (WebPort::Variable("APP_PORT".to_owned()), Some(8090)));
    assert_eq!((web.path.as_str(), web.tls, web.is_http), ("/admin/", true, true));
    assert_eq!(draft.values["APP_PORT"], "8090");
}

#[test]
fn a_page_behind_a_proxy_that_speaks_tls_to_it_is_one_of_https() {
    let config = CONFIG_TEXT.replace("\"https\": true", "\"https\": false");
    let tls = |labels: &str| {
        let compose = COMPOSE_TEXT.replace(r#""extraLabels": {"a": "b"}"#, labels);
        let files = [("config.json", config.as_str()), ("docker-compose.json", compose.as_str())];
        draft(&files).web.expect("it has a page").tls
    };
    assert!(!tls(
        r#""extraLabels": {"traefik.http.services.{{RUNTIPI_APP_ID}}.loadbalancer.server.port": "80"}"#
    ));
    assert!(tls(
        r#""extraLabels": {"traefik.http.services.{{RUNTIPI_APP_ID}}.loadbalancer.server.scheme": "https"}"#
    ));
    assert!(tls(r#""httpsBackend": true"#));
}

#[test]
fn every_kind_of_field_becomes_a_variable() {
    let draft = dynamic();
    let found = |name: &str| -> &VariableBlock {
        draft.block.variables.iter().find(|variable| variable.name == name).expect(name)
    };
    assert_eq!(found("ADMIN_USER").label.en, "User (3 to 20 characters)");
    assert_eq!(found("ADMIN_PASSWORD").shape, Some(ShapeBlock::Alphanumeric(30)));
    assert_eq!(found("KEY").shape, Some(ShapeBlock::Hex(64)));
    assert_eq!(found("BYTES").shape, Some(ShapeBlock::Base64(16)));
    assert_eq!(found("SIZE").label.en, "Size (1 to 9)");
    assert_eq!(found("DOMAIN").label.en, "Domain (a domain name; must match ^x; such as a.example)");
    assert_eq!(found("MODE").options.len(), 2);
    assert_eq!(found("REGION").label.en, "Region (one of a)");
    let told = |name: &str| {
        let variable = found(name);
        (variable.kind, variable.default.clone(), variable.optional)
    };
    for (name, expected) in [
        ("ADMIN_USER", (Kind::Text, None, false)),
        ("ADMIN_PASSWORD", (Kind::Secret, None, false)),
        ("API_TOKEN", (Kind::Text, None, false)),
        ("SMTP_PASSWORD", (Kind::Text, None, true)),
        ("OPEN", (Kind::Boolean, Some(json!(true)), false)),
        ("SIZE", (Kind::Number, Some(json!(5)), false)),
        ("RATIO", (Kind::Text, Some(json!("0.5")), false)),
        ("LEFT", (Kind::Text, None, true)),
        ("MODE", (Kind::Choice, None, false)),
        ("REGION", (Kind::Text, None, true)),
        ("TZ", (Kind::Text, Some(json!("Etc/UTC")), false)),
        ("VAPID_PUBLIC_KEY", (Kind::Text, None, false)),
    ] {
        assert_eq!(told(name), expected, "{name}");
    }
    assert_eq!(found("APP_DOMAIN").value.as_deref(), Some("${APPMANAGE_AUTHORITY}"));
    assert_eq!(found("APP_PROTOCOL").value.as_deref(), Some("${APPMANAGE_SCHEME}"));
    assert!(draft.block.variables.iter().all(|variable| variable.name != "UNUSED"));
}

#[test]
fn what_may_be_absent_is_what_the_compose_file_says_then() {
    let draft = dynamic();
    assert!(draft.block.variables.iter().all(|variable| variable.name != "SERVER"));
    let compose = draft.finish().expect("it is a package").compose;
    let declared = "- name: SERVER\n      kind: text\n      label:\n        zh: Server\n        en: Server\n      default: main\n";
    assert!(compose.contains(declared) && compose.contains("SERVER: ${SERVER}"), "{compose}");
}

#[test]
fn the_plain_file_serves_where_there_is_no_other() {
    let plain = "services:\n  notes:\n    image: a\n    ports: ['${APP_PORT}:80']\n    networks: [tipi_main_network]\n";
    let draft_of = |config: &str, dynamic: Option<&str>| {
        let mut files = vec![(CONFIG, config), (PLAIN, plain)];
        files.extend(dynamic.map(|text| (DYNAMIC, text)));
        draft(&files)
    };
    assert!(draft_of(CONFIG_TEXT, None).compose["services"].get("notes-db").is_none());
    assert!(draft_of(CONFIG_TEXT, Some(COMPOSE_TEXT)).compose["services"].get("notes-db").is_some());
    let not_dynamic = CONFIG_TEXT.replace(r#""dynamic_config": true"#, r#""dynamic_config": false"#);
    assert!(draft_of(&not_dynamic, Some(COMPOSE_TEXT)).compose["services"].get("notes-db").is_none());

    let marked = "services:\n  notes:\n    image: a\n    x-runtipi: {is_main: true, internal_port: 80}\n";
    let draft = draft(&[(CONFIG, CONFIG_TEXT), (PLAIN, marked)]);
    assert_eq!(draft.compose["services"]["notes"]["ports"], json!(["${APP_PORT}:80"]));
}

#[test]
fn what_the_app_ships_comes_along_and_templates_do_not() {
    let draft = draft(&[
        (CONFIG, CONFIG_TEXT),
        (DYNAMIC, COMPOSE_TEXT),
        ("data/a.conf", "a"),
        ("data/empty/.gitkeep", ""),
        ("data/plain.ini.template", "plain"),
        ("data/filled.ini.template", "password = {{ADMIN_PASSWORD}}"),
        ("metadata/description.md", "long"),
    ]);
    assert_eq!(draft.files.keys().collect::<Vec<_>>(), ["data/a.conf", "data/plain.ini"]);
    assert!(draft.remarks.iter().any(|remark| remark.starts_with("data/filled.ini is left out")));
}

#[test]
fn the_data_of_another_app_is_a_place_of_the_host() {
    let others = COMPOSE_TEXT.replace("${APP_DATA_DIR}/data/db", "${COIN_DIR:-${APP_DATA_DIR}/../coin/data}");
    let draft = draft(&[(CONFIG, CONFIG_TEXT), (DYNAMIC, &others)]);
    assert!(draft.remarks.iter().any(|remark| remark.contains("the data of another app")));
    let compose = draft.finish().expect("it is a package").compose;
    assert!(compose.contains("source: /opt/runtipi/app-data/coin/data"), "{compose}");
}

#[test]
fn what_cannot_be_offered_is_told_with_a_reason() {
    let deprecated = CONFIG_TEXT.replace(r#""available": true"#, r#""deprecated": true"#);
    let absent = CONFIG_TEXT.replace(r#""available": true"#, r#""available": false"#);
    let nameless = COMPOSE_TEXT.replace(r#""name": "vpn", "#, "");
    for (config, compose, expected) in [
        (deprecated.as_str(), COMPOSE_TEXT, "it is not offered: its catalog has withdrawn it"),
        (absent.as_str(), COMPOSE_TEXT, "it is not offered"),
        (CONFIG_TEXT, nameless.as_str(), "a service without name"),
        (CONFIG_TEXT, "{}", "lists no services"),
        (CONFIG_TEXT, "{", "docker-compose.json: "),
        ("[]", COMPOSE_TEXT, "config.json: "),
    ] {
        let (_folder, tree) = store(&[(CONFIG, config), (DYNAMIC, compose)]);
        let error = read(&tree, "notes").expect_err(expected).to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let (_folder, tree) = store(&[(CONFIG, CONFIG_TEXT)]);
    let error = read(&tree, "notes").expect_err("nothing to run").to_string();
    assert!(error.contains("neither docker-compose.json nor docker-compose.yml"), "{error}");
}

fn damaged(text: &str, at: usize, cut: usize, put: &str) -> Option<String> {
    let end = (at + cut).min(text.len());
    Some(format!("{}{put}{}", text.get(..at.min(text.len()))?, text.get(end..)?))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_in_the_files_they_are_read_or_refused(config in ".{0,200}", compose in ".{0,200}") {
        let (_folder, tree) = store(&[(CONFIG, &config), (PLAIN, &compose), (DYNAMIC, &compose)]);
        let _ = (detect(&tree), read(&tree, "notes").map(|drafts| drafts.into_iter().map(Draft::finish).count()));
    }

    #[test]
    fn damaged_files_are_read_or_refused(at in 0..3000_usize, cut in 0..60_usize, put in "[\\[\\]{}:$\",1]{0,6}") {
        for (config, compose) in [
            (damaged(CONFIG_TEXT, at, cut, &put), Some(COMPOSE_TEXT.to_owned())),
            (Some(CONFIG_TEXT.to_owned()), damaged(COMPOSE_TEXT, at, cut, &put)),
        ] {
            if let (Some(config), Some(compose)) = (config, compose) {
                let (_folder, tree) = store(&[(CONFIG, &config), (DYNAMIC, &compose)]);
                let _ = read(&tree, "notes").map(|drafts| drafts.into_iter().map(Draft::finish).count());
            }
        }
    }
}
