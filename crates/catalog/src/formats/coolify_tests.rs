//! Coolify's reader, by small catalogs of its format.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::block::PortBlock;
use crate::formats::WebPort;

const TEXT: &str = r#"# documentation: https://notes.example/docs
# slogan: Keeps notes.
# category: Notes
# tags: writing, notes
# logo: svgs/notes.svg
# port: 8080
# amd_only: true

services:
  web:
    image: example/notes:2.1
    environment:
      - SERVICE_URL_NOTES_3000
      - BASE_URL=${SERVICE_URL_NOTES}
      - HOST=$SERVICE_FQDN_NOTES
      - LIVE=wss://${SERVICE_FQDN_NOTES}/live
      - API=${SERVICE_URL_API_9000:-x}
      - API_HOST=https://${SERVICE_FQDN_API}
      - ADMIN_USER=${SERVICE_USER_NOTES}
      - ADMIN_PASSWORD=${SERVICE_PASSWORD_NOTES}
      - DB=postgres://${SERVICE_USER_POSTGRES}:${SERVICE_PASSWORD_POSTGRES}@db/${POSTGRES_DB:-notes}
      - MAIL=${MAIL_FROM:?}
      - TOKEN=${SERVICE_SUPABASEANON_KEY}
    command: sh -c "start $$SERVICE_BASE64_START"
    volumes:
      - notes/data:/data
      - type: bind
        source: ./conf/start.sh
        target: /start.sh
        mode: "0755"
        content: |
          echo ${SERVICE_HEX_64_FILE} $HOME
      - type: bind
        source: ./uploads
        target: /uploads
        is_directory: true
  api:
    image: example/api
    environment:
      SERVICE_URL_API_9000: /v1
      KEY: ${SERVICE_REALBASE64_64_KEY}
    exclude_from_hc: true
  db:
    image: postgres:16
    environment:
      - POSTGRES_USER=${SERVICE_USER_POSTGRES}
      - POSTGRES_PASSWORD=${SERVICE_PASSWORD_POSTGRES}
"#;

fn catalog(text: &[u8]) -> (TempDir, Tree) {
    let folder = tempfile::tempdir().expect("a folder");
    let compose = folder.path().join("templates/compose");
    fs::create_dir_all(&compose).expect("its folder");
    fs::write(compose.join("my-notes.yaml"), text).expect("its file");
    fs::create_dir_all(folder.path().join("public/svgs")).expect("its folder");
    fs::write(folder.path().join("public/svgs/notes.svg"), "<svg/>").expect("its file");
    let tree = Tree::new(folder.path());
    (folder, tree)
}

pub(super) fn draft(text: &str) -> Draft {
    let (_folder, tree) = catalog(text.as_bytes());
    read(&tree, "my-notes").expect("it is read").remove(0)
}

fn variable<'a>(draft: &'a Draft, name: &str) -> &'a VariableBlock {
    let found = draft.block.variables.iter().find(|variable| variable.name == name);
    found.unwrap_or_else(|| panic!("{name} is declared"))
}

#[test]
fn a_catalog_is_its_files_or_its_table() {
    let (folder, tree) = catalog(TEXT.as_bytes());
    assert!(detect(&tree));
    assert_eq!(apps(&tree), ["my-notes"]);
    // The folder `templates` alone, with only the table in it.
    fs::remove_dir_all(folder.path().join("templates/compose")).expect("it is removed");
    assert!(!detect(&tree));
    let table = json!({ "a": { "compose": STANDARD.encode(TEXT), "slogan": "Of the table", "port": "80" } });
    fs::write(folder.path().join("templates/service-templates-latest.json"), table.to_string())
        .expect("a file");
    let below = tree.below("templates");
    for tree in [&tree, &below] {
        assert!(detect(tree));
        assert_eq!(apps(tree), ["a"]);
        let draft = read(tree, "a").expect("it is read").remove(0);
        assert_eq!(draft.block.description.en, "Of the table");
    }
    assert!(read(&tree, "b").is_err());
}

#[test]
fn people_are_told_what_the_header_says() {
    let draft = draft(TEXT);
    let block = &draft.block;
    assert_eq!((block.trademark.as_str(), block.description.en.as_str()), ("My Notes", "Keeps notes."));
    assert_eq!(block.categories, ["notes", "writing"]);
    assert_eq!(block.architectures, ["amd64"]);
    assert_eq!(block.website.as_deref(), Some("https://notes.example/docs"));
    assert_eq!(title("nextcloud-with-postgres"), "Nextcloud with Postgres");
    let login = block.login.as_ref().expect("it has one");
    assert_eq!(login.user_variable.as_deref(), Some("SERVICE_USER_NOTES"));
    assert_eq!(login.password_variable.as_deref(), Some("SERVICE_PASSWORD_NOTES"));
}

#[test]
fn magic_variables_hold_what_their_names_say() {
    let draft = draft(TEXT);
    let shape = |name: &str| variable(&draft, name).shape.clone();
    assert_eq!(shape("SERVICE_PASSWORD_POSTGRES"), Some(ShapeBlock::Alphanumeric(32)));
    assert_eq!(shape("SERVICE_REALBASE64_64_KEY"), Some(ShapeBlock::Base64(64)));
    assert_eq!(variable(&draft, "SERVICE_USER_POSTGRES").default, Some(json!("postgresuser")));
    // A token needs the secret that it is signed with, which the file does not name.
    assert!(
        matches!(shape("SERVICE_SUPABASEANON_KEY"), Some(ShapeBlock::Jwt { key, .. }) if key == "SERVICE_PASSWORD_JWT")
    );
    assert_eq!(shape("SERVICE_PASSWORD_JWT"), Some(ShapeBlock::Alphanumeric(32)));
    let value = |name: &str| variable(&draft, name).value.clone().unwrap_or_default();
    assert_eq!(value("SERVICE_URL_NOTES"), "${APPMANAGE_URL}");
    assert_eq!(value("SERVICE_FQDN_NOTES"), "${APPMANAGE_HOST}");
    assert_eq!(value("SERVICE_URL_API_9000"), "http://${APPMANAGE_HOST}:${API_9000_PORT}");
}

#[test]
fn the_first_address_is_the_apps_and_others_get_ports() {
    let draft = draft(TEXT);
    let web = draft.web.as_ref().expect("it has one");
    assert_eq!((web.service.as_deref(), &web.port), (Some("web"), &WebPort::Target(3000)));
    let services = &draft.compose["services"];
    assert_eq!(services["api"]["ports"], json!(["9000:9000"]));
    assert_eq!(services["web"]["environment"][0], "BASE_URL=${SERVICE_URL_NOTES}");
    assert_eq!(services["web"]["environment"][2], "LIVE=wss://${APPMANAGE_AUTHORITY}/live");
    assert_eq!(services["web"]["environment"][4], "API_HOST=http://${APPMANAGE_HOST}:${API_9000_PORT}");
    assert_eq!(services["api"]["environment"], json!({ "KEY": "${SERVICE_REALBASE64_64_KEY}" }));
    let port = variable(&draft, "API_9000_PORT");
    assert_eq!(port.of, Some(PortBlock { service: "api".into(), port: 9000, udp: false }));
    assert!(draft.remarks.iter().any(|remark| remark.contains("/v1")), "{:?}", draft.remarks);
}

#[test]
fn the_port_is_told_by_the_declaration_the_header_or_the_service() {
    let port = |text: &str| draft(text).web.map(|web| (web.port, web.is_http));
    let target = |port: u16| Some((WebPort::Target(port), true));
    let service = |environment: &str, more: &str| {
        format!("services: {{ web: {{ image: a, environment: [{environment}], {more} }} }}")
    };
    assert_eq!(port(&format!("# port: 81\n{}", service("SERVICE_URL_A_82", ""))), target(82));
    assert_eq!(port(&format!("# port: 81\n{}", service("SERVICE_URL_A", ""))), target(81));
    assert_eq!(port(&format!("# port: 81\n{}", service("", ""))), target(81));
    assert_eq!(port(&service("SERVICE_URL_A, SERVICE_URL_A_83", "")), target(83));
    assert_eq!(
        port(&format!("# port: 86\n{}", service("SERVICE_URL_A_87, SERVICE_URL_B_86", ""))),
        target(86)
    );
    assert_eq!(port(&service("SERVICE_URL_A", "expose: [84]")), target(84));
    let check = "healthcheck: { test: [CMD, curl, 'http://localhost:85/x'] }";
    assert_eq!(port(&service("SERVICE_URL_A=/x", check)), target(85));
    assert_eq!(port(&service("SERVICE_URL_A", "")), target(80));
    assert_eq!(port(&service("", "ports: ['53:53/udp']")), Some((WebPort::First, false)));
    assert_eq!(port(&service("", "")), None);
}

#[test]
fn a_port_that_is_only_used_is_published_too() {
    let draft = draft(
        "services: { web: { image: a, environment: [SERVICE_URL_WEB_3000, 'B=${SERVICE_URL_WEB_3001}'] },\n\
         api: { image: b, environment: ['A=${SERVICE_URL_WEB_3000}', 'C=${SERVICE_URL_OTHER}'] } }",
    );
    assert_eq!(draft.compose["services"]["web"]["ports"], json!(["3001:3001"]));
    let value = |name: &str| variable(&draft, name).value.clone().unwrap_or_default();
    assert_eq!(value("SERVICE_URL_WEB_3001"), "http://${APPMANAGE_HOST}:${WEB_3001_PORT}");
    assert_eq!(value("SERVICE_URL_WEB_3000"), "${APPMANAGE_URL}");
    assert_eq!(value("SERVICE_URL_OTHER"), "${APPMANAGE_URL}");
}

#[test]
fn an_address_that_is_only_used_is_that_of_the_service_called_so() {
    let draft = draft(
        "services: { back-end: { image: b, environment: ['A=$SERVICE_URL_WEB_3000'] },\n\
         web: { image: a, environment: { B: '$SERVICE_FQDN_BACKEND_81' } } }",
    );
    // In the order of their names.
    let web = draft.web.as_ref().expect("it has one");
    assert_eq!(
        (web.service.as_deref(), &web.port, web.is_http),
        (Some("back-end"), &WebPort::Target(81), true)
    );
    assert_eq!(draft.compose["services"]["web"]["ports"], json!(["3000:3000"]));
}

#[test]
fn variables_of_certain_images_are_addresses_which_their_containers_get() {
    let draft = draft(
        "services: { store: { image: minio, environment: ['MINIO_SERVER_URL=$MINIO_SERVER_URL',\n\
         'MINIO_BROWSER_REDIRECT_URL=$MINIO_BROWSER_REDIRECT_URL', 'MINIO_ROOT_USER=$SERVICE_USER_MINIO',\n\
         'MINIO_ROOT_PASSWORD=$SERVICE_PASSWORD_MINIO'] } }",
    );
    let web = draft.web.as_ref().expect("it has one");
    assert_eq!((web.service.as_deref(), &web.port), (Some("store"), &WebPort::Target(9001)));
    assert_eq!(draft.compose["services"]["store"]["environment"].as_array().map(Vec::len), Some(4));
    let value = |name: &str| variable(&draft, name).value.clone().unwrap_or_default();
    assert_eq!(value("MINIO_BROWSER_REDIRECT_URL"), "${APPMANAGE_URL}");
    assert_eq!(value("MINIO_SERVER_URL"), "http://${APPMANAGE_HOST}:${MINIO_9000_PORT}");
    let login = draft.block.login.expect("the store's own");
    assert_eq!(login.password_variable.as_deref(), Some("SERVICE_PASSWORD_MINIO"));
}

#[test]
fn what_the_file_publishes_itself_need_not_be_a_page() {
    let draft = draft("# port: 9092\nservices: { broker: { image: a, ports: ['${PORT:-9092}:9092'] } }");
    assert_eq!(draft.web.map(|web| (web.port, web.is_http)), Some((WebPort::Target(9092), false)));
}

#[test]
fn what_a_service_sets_to_a_magic_variable_is_known_in_the_whole_file() {
    let draft = draft(
        "services: { db: { image: a, environment: ['DB_USER=$SERVICE_USER_DB', 'OTHER=$SERVICE_USER_DB'],\n\
         healthcheck: { test: 'ready ${DB_USER}' } } }",
    );
    assert_eq!(variable(&draft, "DB_USER").value.as_deref(), Some("${SERVICE_USER_DB}"));
    assert!(draft.block.variables.iter().all(|variable| variable.name != "OTHER"));
}

#[test]
fn the_administrators_password_may_be_one_of_another_service() {
    let draft = draft(
        "services: { web: { image: a, environment: [SERVICE_URL_WEB, 'PASSWORD=$SERVICE_PASSWORD_DB'] },\n\
         db: { image: b, environment: { POSTGRES_PASSWORD: '$SERVICE_PASSWORD_DB' } },\n\
         setup: { image: a, environment: { ADMIN_PASSWORD: '$SERVICE_PASSWORD_SITE', ADMIN_USER: root } } }",
    );
    let login = draft.block.login.expect("it has one");
    assert_eq!(login.password_variable.as_deref(), Some("SERVICE_PASSWORD_SITE"));
    assert_eq!(login.user_name, "root");
}

#[test]
fn a_users_name_that_is_taken_for_a_password_is_made_up() {
    let draft = draft("services: { web: { image: a, environment: { INIT_PASSWORD: $SERVICE_USER_INIT } } }");
    assert_eq!(variable(&draft, "SERVICE_USER_INIT").shape, Some(ShapeBlock::Alphanumeric(16)));
}

#[test]
fn a_password_belongs_to_the_user_of_the_same_name() {
    let draft = draft(
        "services: { web: { image: a, environment: [SERVICE_URL_WEB, 'KEYS_ADMIN=$SERVICE_USER_BOSS',\n\
         'KEYS_ADMIN_PASSWORD=$SERVICE_PASSWORD_64_BOSS'] } }",
    );
    assert_eq!(draft.block.login.expect("it has one").user_variable.as_deref(), Some("SERVICE_USER_BOSS"));
}

#[test]
fn what_stands_behind_a_question_mark_is_a_default() {
    for (text, expected) in [
        ("${A:?}", "${A:?}"),
        ("${A:?false}-${B:?1}", "${A:-false}-${B:-1}"),
        ("${A:?set it first}", "${A:?set it first}"),
        ("$${A:?false} a:?b}", "$${A:?false} a:?b}"),
    ] {
        assert_eq!(with_defaults(text), expected);
    }
}

#[test]
fn texts_of_files_lie_beside_and_services_get_the_variables_that_they_name() {
    let draft = draft(TEXT);
    let file = &draft.files["conf/start.sh"];
    assert_eq!(
        (file.bytes.as_slice(), file.is_executable),
        (b"echo ${SERVICE_HEX_64_FILE} $HOME\n".as_slice(), true)
    );
    let web = &draft.compose["services"]["web"];
    assert_eq!(
        web["volumes"][1],
        json!({ "type": "bind", "source": "./conf/start.sh", "target": "/start.sh" })
    );
    assert_eq!(web["volumes"][2], json!({ "type": "bind", "source": "./uploads", "target": "/uploads" }));
    let environment = web["environment"].as_array().expect("a list");
    assert!(environment.contains(&json!("SERVICE_HEX_64_FILE=${SERVICE_HEX_64_FILE}")), "{environment:?}");
    assert!(environment.contains(&json!("SERVICE_BASE64_START=${SERVICE_BASE64_START}")), "{environment:?}");
    assert_eq!(draft.block.one_shot, ["api"]);
    assert!(draft.compose["services"]["api"].get("exclude_from_hc").is_none());
}

#[test]
fn the_whole_becomes_a_package_that_asks_for_what_is_required() {
    let translation = draft(TEXT).finish().expect("it is translated");
    for line in ["name: MAIL_FROM", "notes-data:/data", "- 3000:3000", "- uploads:/uploads", "one_shot:"] {
        assert!(translation.compose.contains(line), "{line}\n{}", translation.compose);
    }
}

#[test]
fn quotes_around_a_default_are_no_part_of_it() {
    for (text, expected) in [
        ("${A:-\"0 * * * *\"}", "${A:-0 * * * *}"),
        ("x${A:-'b'}${C:-\"d\"}y", "x${A:-b}${C:-d}y"),
        ("${A:-\"b}", "${A:-\"b}"),
        ("${A:-\"b\" c \"d\"}", "${A:-\"b\" c \"d\"}"),
        ("${A:-{\"b\": 1}}", "${A:-{\"b\": 1}}"),
    ] {
        assert_eq!(unquoted_defaults(text.to_owned()), expected);
    }
}

#[test]
fn what_stays_empty_is_told_in_one_remark_and_what_is_to_be_changed_is_asked_for() {
    let empty = |count: usize| (1..=count).map(|n| format!("      - A{n:02}=$A{n:02}\n")).collect::<String>();
    let remarks = |count| {
        let text = format!(
            "services:\n  web:\n    image: a\n    environment:\n      - HOST_IP=${{HOST_IP:-CHANGE_ME}}\n{}",
            empty(count)
        );
        let translation = draft(&text).finish().expect("it is translated");
        assert!(!translation.compose.contains("CHANGE_ME"), "{}", translation.compose);
        translation.remarks
    };
    assert_eq!(remarks(1), ["A01 has no value in the catalog: it stays empty unless you set it"]);
    assert_eq!(remarks(2), ["A01, A02 have no value in the catalog: they stay empty unless you set them"]);
    assert!(remarks(23)[0].contains("A20 and 3 more have no value"));
}

#[test]
fn the_login_follows_what_its_user_sets() {
    let text = "services:\n  web:\n    image: example/notes\n    environment:\n      - SERVICE_URL_WEB_80\n      \
                - ADMIN_EMAIL=${ADMIN_EMAIL:-admin@example.com}\n      - ADMIN_PASS=$SERVICE_PASSWORD_ADMIN\n";
    let translation = draft(text).finish().expect("it is translated");
    assert!(translation.compose.contains("user_variable: ADMIN_EMAIL"), "{}", translation.compose);
    let of_host = text.replace("${ADMIN_EMAIL:-admin@example.com}", "admin@$SERVICE_FQDN_WEB");
    let translation = draft(&of_host).finish().expect("it is translated");
    assert!(!translation.compose.contains("user_variable:"), "{}", translation.compose);
    let of_root = text.replace("ADMIN_PASS=", "NOTES_ROOT_PASSWORD=");
    let login = draft(&of_root).block.login.expect("there is one");
    assert_eq!((login.user_name.as_str(), login.user_variable), ("root", None));
}

#[test]
fn a_name_without_a_value_takes_that_of_another_service() {
    let text = "services:\n  web:\n    image: a\n    environment: [\"PEER_PASSWORD=$SERVICE_PASSWORD_PEER\"]\n  \
                peer:\n    image: b\n    environment: [PEER_PASSWORD, OTHER]\n";
    let translation = draft(text).finish().expect("it is translated");
    assert_eq!(translation.compose.matches("PEER_PASSWORD: ${").count(), 2, "{}", translation.compose);
}

#[test]
fn what_is_always_started_again_does_not_end_and_what_the_file_publishes_need_be_no_page() {
    let text = "# port: 1883\nservices:\n  web:\n    image: a\n    ports: [\"1883:1883\"]\n    environment:\n      \
                - SERVICE_URL_WEB\n  proxy:\n    image: b\n    restart: unless-stopped\n    exclude_from_hc: true\n";
    let draft = draft(text);
    assert!(draft.block.one_shot.is_empty());
    let web = draft.web.expect("a port");
    assert_eq!((web.port, web.is_http), (WebPort::Target(1883), false));
}

#[test]
fn a_list_of_variables_may_have_them_as_keys_and_containers_have_random_bytes_of_their_own() {
    let text = "services:\n  web:\n    image: a\n    environment:\n      - LARGEST: 5000\n      - EASY: true\n      \
                - NAME: \"a=b\"\n      - PLAIN=1\n    volumes: [\"/dev/urandom:/dev/random:ro\"]\n";
    let compose = draft(text).finish().expect("it is translated").compose;
    for part in ["LARGEST:", "5000", "EASY:", "NAME: a=b", "PLAIN:"] {
        assert!(compose.contains(part), "{part} is missing in {compose}");
    }
    assert!(!compose.contains("random"), "{compose}");
    assert!(draft("services: { web: { image: a, environment: [ { A: [1] } ] } }\n").finish().is_err());
}

#[test]
fn what_is_no_app_is_told_with_a_reason() {
    let (_folder, tree) = catalog(b"# ignore: true\nservices: {}\n");
    assert!(matches!(read(&tree, "my-notes"), Err(Untranslatable::Hidden(_))));
    let (_folder, tree) = catalog(b"services: [\n");
    assert!(matches!(read(&tree, "my-notes"), Err(Untranslatable::Unreadable(_))));
    assert!(matches!(read(&tree, "other"), Err(Untranslatable::Unreadable(_))));
}

proptest! {
    #[test]
    fn whatever_is_in_the_file_it_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (_folder, tree) = catalog(&bytes);
        drop(read(&tree, "my-notes"));
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(at in 0..2000_usize, length in 0..60_usize, with in "[\\[\\]{}$\"':=\n a0/_-]{0,6}") {
        let mut characters: Vec<char> = TEXT.chars().collect();
        let at = at.min(characters.len());
        let end = (at + length).min(characters.len());
        drop(characters.splice(at..end, with.chars()));
        let text: String = characters.into_iter().collect();
        let (_folder, tree) = catalog(text.as_bytes());
        drop(read(&tree, "my-notes").map(|drafts| drafts.into_iter().map(Draft::finish).collect::<Vec<_>>()));
    }
}
