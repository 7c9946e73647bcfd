//! `CasaOS' reader, by small stores of its format.

use std::fs;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::block::Kind;

const NOTES: &str = r#"
name: big-bear-notes
services:
  notes:
    image: example/notes:2.1@sha256:00
    container_name: notes
    deploy: { resources: { reservations: { memory: 512M } } }
    ports:
      - { target: 80, published: "8085", protocol: tcp }
      - "5353:53/udp"
    environment:
      TZ: $TZ
      PUID: 1000
      DB_PASSWORD: casaos
      DB_HOST: notes-db
      MAX_SIZE: 50
      THEME: dark
      NOTES_USER: pat
      NOTES_PORT: 80
      ADMIN_HASH: $2b$12$abcdefghijklmnopqrstuu
      BASE_URL: http://[YOUR_CASAOS_IP]:8085/x
      TRUSTED: "[YOUR_PUBLIC_IP],casaos.local"
      OWN_ID: $AppID
    volumes:
      - type: bind
        source: /DATA/AppData/$AppID/config
        target: /config
      - /DATA/AppData/big-bear-notes/data:/data
      - /DATA/AppData/other/x:/other
      - /DATA/AppData:/all
      - /DATA/Media:/media
      - ./nginx.conf:/etc/nginx.conf:ro
    x-casaos:
      envs:
        - container: MAX_SIZE
          description: { en_US: Largest upload in MB, zh_CN: 最大上传 }
        - container: NOTES_USER
          description: { en_US: Who it is }
        - container: NOTES_PORT
          description: { en_US: Its port }
        - container: THEME
          description: { en_US: "Container Variable: THEME" }
        - container: DB_PASSWORD
          description: { en_US: "Password of the database: other" }
        - container: DB_HOST
          description: { en_US: Host of the database }
  notes-db:
    image: postgres:16
    deploy: { resources: { reservations: { memory: 1GB } } }
    environment:
      - POSTGRES_PASSWORD=casaos
      - POSTGRES_USER=pat
      - PUID=1000
      - MAX_SIZE=50
x-casaos:
  architectures: [amd64, 386, x86_64]
  main: notes
  title: { en_US: Notes }
  tagline: { en_US: notes }
  description: { en_US: Keeps notes., zh_CN: 记笔记。 }
  category: Office
  icon: https://example.com/pictures/notes.svg
  index: admin
  scheme: https
  port_map: 8085
  website: https://notes.example
  tips: { before_install: { en_US: Log in as admin. } }
"#;

fn store(text: &str) -> (TempDir, Tree) {
    let folder = tempfile::tempdir().expect("a folder");
    let app = folder.path().join("Apps/Notes");
    fs::create_dir_all(&app).expect("its folder");
    fs::create_dir_all(folder.path().join("Apps/__tests__")).expect("its folder");
    fs::write(app.join("docker-compose.yml"), text).expect("its file");
    fs::write(app.join("config.json"), r#"{"version": "2.1.0"}"#).expect("its file");
    fs::write(app.join("nginx.conf"), "server {}").expect("its file");
    fs::write(app.join("screenshot-1.png"), "picture").expect("its file");
    fs::write(app.join("notes.svg"), "<svg/>").expect("its file");
    let tree = Tree::new(folder.path());
    (folder, tree)
}

fn draft(text: &str) -> Draft {
    let (_folder, tree) = store(text);
    read(&tree, "Notes").expect("it is read").remove(0)
}

#[test]
fn a_store_is_told_by_its_blocks() {
    let (_folder, tree) = store(NOTES);
    assert!(detect(&tree));
    assert_eq!(apps(&tree), ["Notes"]);
    let (_folder, tree) = store("services: {}");
    assert!(!detect(&tree));
}

#[test]
fn an_app_is_called_as_its_folder_where_the_store_puts_something_before_its_names() {
    for (name, expected) in [
        ("big-bear-notes", "notes"),
        ("shop-press-notes", "notes"),
        ("big-bear-pad", "pad"),
        ("keynotes", "keynotes"),
    ] {
        assert_eq!(
            draft(&NOTES.replace("name: big-bear-notes", &format!("name: {name}"))).name,
            expected,
            "{name}"
        );
    }
}

#[test]
fn people_are_told_what_the_block_says() {
    let draft = draft(NOTES);
    assert_eq!(draft.name, "notes");
    let block = &draft.block;
    assert_eq!(block.trademark, "Notes");
    // The tagline says no more than the title.
    assert_eq!(block.description, TextBlock { zh: "记笔记。".to_owned(), en: "Keeps notes.".to_owned() });
    assert_eq!(block.categories, ["Office"]);
    assert_eq!(block.website.as_deref(), Some("https://notes.example"));
    assert_eq!(block.architectures, ["amd64", "386"]);
    assert_eq!(block.note, Some(both("Log in as admin.")));
    assert_eq!(block.versions[0].name, "2.1.0");
    assert_eq!(block.requirements.as_ref().map(|needs| needs.memory.as_str()), Some("512M"));
    assert_eq!(draft.icon.as_ref().map(|icon| icon.extension), Some("svg"));
    assert!(draft.compose.get("x-casaos").is_none());
}

#[test]
fn the_port_that_people_use_is_the_one_of_port_map() {
    let web = draft(NOTES).web.expect("it has one");
    assert_eq!(web.port, WebPort::Published(8085));
    assert_eq!((web.path.as_str(), web.tls, web.is_http), ("/admin", true, true));

    let told_by_variable = NOTES.replace(r#"published: "8085""#, r#"published: "${WEBUI_PORT:-8085}""#);
    let web = draft(&told_by_variable.replace("port_map: 8085", "port_map: ${WEBUI_PORT:-8085}")).web;
    let expected = Some((WebPort::Variable("WEBUI_PORT".to_owned()), Some(8085)));
    assert_eq!(web.map(|web| (web.port, web.hint)), expected);

    let not_told =
        draft(&NOTES.replace("  port_map: 8085\n", "")).web.expect("the first of the main service");
    assert_eq!((not_told.service.as_deref(), not_told.port), (Some("notes"), WebPort::First));

    let host = NOTES.replace("    ports:", "    network_mode: host\n    expose:");
    assert_eq!(draft(&host).web, None);
}

const BEHIND_A_PROXY: &str = r#"
name: notes
services:
  web:
    image: example/notes:2
    expose: ["8000", 9000]
    environment:
      URL: https://notes-${APP_DOMAIN}/x
      ALLOWED: localhost $domain
      ADMIN_USER: boss
      ADMIN_PASSWORD: $default_pwd
    healthcheck: { test: "curl https://web-$APP_DOMAIN/" }
    volumes: ["${DATA_ROOT:-/DATA}/AppData/$AppID/data/:/data"]
x-casaos:
  main: web
  webui_port: 8000
  scheme: https
  pre-install-cmd: mkdir -p /DATA/AppData/notes
  post-install-cmd:
  title: { en_US: Notes }
  tips: { before_install: { en_US: "Password: `$default_pwd`" } }
x-compose-app: { schema_version: 2, init: [{ name: seed }] }
"#;

#[test]
fn an_app_behind_the_stores_proxy_has_a_page_and_its_address_here() {
    let translation = draft(BEHIND_A_PROXY).finish().expect("it is a package");
    let has = |text: &str| assert!(translation.compose.contains(text), "{text}: {}", translation.compose);
    for text in ["- 8000:8000", "URL: ${APPMANAGE_URL}/x", "ALLOWED: localhost ${domain}", "- data:/data"] {
        has(text);
    }
    has("test: curl ${APPMANAGE_URL}/");
    has("value: ${APPMANAGE_HOST}");
    assert!(!translation.compose.contains("tls: true"), "the proxy speaks it: {}", translation.compose);
    has("password_variable: default_pwd");
    has("Password: `(made for you: default_pwd)`");
    assert_eq!(translation.remarks.len(), 1, "{:?}", translation.remarks);
    let remark = "nothing of its pre-install-cmd, init is carried out: what that prepares";
    assert!(translation.remarks[0].starts_with(remark), "{:?}", translation.remarks);
    let web = draft(&BEHIND_A_PROXY.replace("  webui_port: 8000\n", "")).web;
    assert_eq!(web, None, "it exposes two");
}

#[test]
fn host_ports_are_found_in_every_form_of_an_entry() {
    for (entry, expected) in [
        (json!("8080:80"), Some("8080")),
        (json!("127.0.0.1:8080:80/tcp"), Some("8080")),
        (json!("${PORT:-8080}:80"), Some("${PORT:-8080}")),
        (json!("$PORT:80"), Some("$PORT")),
        (json!("3000"), None),
        (json!(3000), None),
        (json!({ "target": 80, "published": 8080 }), Some("8080")),
        (json!({ "target": 80 }), None),
        (json!(null), None),
    ] {
        assert_eq!(host_port(&entry).as_deref(), expected, "{entry}");
    }
}

#[test]
fn data_stays_with_the_app_and_other_places_stay_what_they_are() {
    let draft = draft(NOTES);
    let volumes = &draft.compose["services"]["notes"]["volumes"];
    assert_eq!(volumes[0]["source"], "./config");
    assert_eq!(
        volumes.as_array().map(|all| all[1..].to_vec()),
        Some(vec![
            json!("./data:/data"),
            json!("./other/x:/other"),
            json!("/DATA/AppData:/all"),
            json!("/DATA/Media:/media"),
            json!("./nginx.conf:/etc/nginx.conf:ro"),
        ])
    );
    assert!(draft.remarks.iter().any(|remark| remark.contains("/DATA/AppData/other")), "{:?}", draft.remarks);
    // Only what the file means is taken along.
    assert_eq!(draft.files.keys().collect::<Vec<_>>(), ["nginx.conf"]);
}

#[test]
fn what_is_described_may_be_set_and_is_the_same_everywhere() {
    let draft = draft(NOTES);
    let found = |name: &str| draft.block.variables.iter().find(|variable| variable.name == name);
    let limit = found("MAX_SIZE").expect("it is described");
    assert_eq!((limit.kind, limit.default.clone()), (Kind::Number, Some(json!(50))));
    assert_eq!(limit.label.zh, "最大上传");
    assert_eq!(draft.compose["services"]["notes"]["environment"]["MAX_SIZE"], "${MAX_SIZE}");
    assert_eq!(draft.compose["services"]["notes-db"]["environment"][3], "MAX_SIZE=${MAX_SIZE}");
    assert!(found("PUID").is_some() && found("TZ").is_some());
    // Not described, a secret, how the parts find each other, a port of the container's, and a user of both.
    for name in ["THEME", "DB_PASSWORD", "DB_HOST", "NOTES_PORT", "NOTES_USER", "PGID"] {
        assert!(found(name).is_none(), "{name}");
    }
    assert_eq!(draft.labels["DB_PASSWORD"].en, "Password of the database");
    assert_eq!(found("AppID").and_then(|id| id.value.as_deref()), Some("${APPMANAGE_APP_ID}"));
}

#[test]
fn the_hash_of_somebody_elses_password_is_asked_for() {
    let draft = draft(NOTES);
    let hash =
        draft.block.variables.iter().find(|variable| variable.name == "ADMIN_HASH").expect("it is asked for");
    assert_eq!((hash.kind, hash.default.as_ref(), hash.optional), (Kind::Text, None, false));
    assert_eq!(draft.compose["services"]["notes"]["environment"]["ADMIN_HASH"], "${ADMIN_HASH}");
}

#[test]
fn a_password_that_the_note_tells_is_told_by_the_login_instead() {
    let text = NOTES.replace("Log in as admin.", r#""Log in as boss, password `s3same` (s3sames no more)""#);
    let text = text.replace("      THEME: dark\n", "      ADMIN_USER: boss\n      ADMIN_PASSWORD: s3same\n");
    let draft = draft(&text);
    let login = draft.block.login.clone().expect("it has one");
    assert_eq!(
        (login.user_name.as_str(), login.password_variable.as_deref()),
        ("boss", Some("ADMIN_PASSWORD"))
    );
    let note = draft.block.note.clone().expect("it has one").en;
    assert_eq!(note, "Log in as boss, password `(made for you: ADMIN_PASSWORD)` (s3sames no more)");
    // The value itself is found and made anew with all others.
    let translation = draft.finish().expect("it is a package");
    assert!(translation.compose.contains("ADMIN_PASSWORD: ${ADMIN_PASSWORD}"), "{}", translation.compose);
    assert!(!translation.compose.contains("s3same`"), "{}", translation.compose);
}

#[test]
fn a_login_that_the_app_ships_with_is_told_as_the_note_tells_it() {
    let text =
        NOTES.replace("Log in as admin.", r##""# Default\n\nUsername: `a@example.org` Password: `1234`""##);
    let login = draft(&text).block.login.expect("it has one");
    assert_eq!((login.user_name.as_str(), login.password.as_deref()), ("a@example.org", Some("1234")));
}

#[test]
fn the_servers_address_is_put_where_the_reader_is_asked_for_it() {
    let draft = draft(NOTES);
    let environment = &draft.compose["services"]["notes"]["environment"];
    assert_eq!(environment["BASE_URL"], "${APPMANAGE_URL}/x");
    assert_eq!(environment["TRUSTED"], "${APPMANAGE_HOST},${APPMANAGE_HOST}");
}

#[test]
fn what_is_no_app_is_told_with_a_reason() {
    for (text, expected) in [
        ("services: {a: {image: b}}", "has no x-casaos block"),
        ("a: [", "docker-compose.yml"),
        ("- a", "docker-compose.yml is not a mapping"),
    ] {
        let (_folder, tree) = store(text);
        let error = read(&tree, "Notes").expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let (_folder, tree) = store(NOTES);
    let error = read(&tree, "Missing").expect_err("it is not there").to_string();
    assert!(error.contains("docker-compose.yml is missing"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_in_the_file_it_is_read_or_refused(text in ".{0,300}") {
        let (_folder, tree) = store(&text);
        let _ = (detect(&tree), read(&tree, "Notes").map(|drafts| drafts.into_iter().map(Draft::finish).count()));
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(at in 0..NOTES.len(), cut in 0..60_usize, put in "[\\[\\]{}:$a\n -]{0,6}") {
        let end = (at + cut).min(NOTES.len());
        if let (Some(before), Some(after)) = (NOTES.get(..at), NOTES.get(end..)) {
            let (_folder, tree) = store(&format!("{before}{put}{after}"));
            let _ = read(&tree, "Notes").map(|drafts| drafts.into_iter().map(Draft::finish).count());
        }
    }
}
