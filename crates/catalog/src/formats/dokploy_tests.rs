//! Dokploy's reader, by small catalogs of its format.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::block::{Kind, PortBlock, ShapeBlock};

const COMPOSE_TEXT: &str = r#"
services:
  web:
    image: example/notes:2.1
    ports: [3000, "8443", "2222:22"]
    environment:
      - DB_URL=${DB_URL}
      - PUBLIC=https://${HOST}/
      - SOCKET=wss://$HOST/live
      - API=https://${API_HOST:-localhost}/v1
      - ADMIN_PASSWORD
      - NODE_NAME=${HOST}
    volumes:
      - ../files/app.conf:/etc/app.conf:ro
      - ../files/conf:/etc/conf:ro
      - ./data:/data
  api:
    image: example/api
    ports: ["9000"]
    volumes:
      - type: bind
        source: ../files/conf
        target: /conf/
        read_only: true
  db:
    image: postgres:16
    environment: { POSTGRES_PASSWORD: "$DB_PASSWORD" }
"#;

const TEMPLATE_TEXT: &str = r##"
[variables]
main_domain = "${domain}"
api_domain = "${domain}"
db_password = "${password:32}"
db_url = "postgres://app:${db_password}@db/app"

[config]
env = [
  "DB_PASSWORD=${db_password}",
  "DB_URL=${db_url}",
  "HOST=${main_domain}",
  "API_HOST=${api_domain}",
  "ADMIN_USER=admin",
  "ADMIN_PASSWORD=${password}",
  "# a comment",
  "QUOTED=\"two words\" # why",
  "EMPTY=",
]

[[config.domains]]
serviceName = "web"
port = 3000
host = "${main_domain}"
path = "/admin"

[[config.domains]]
serviceName = "api"
port = 9000
host = "${api_domain}"

[[config.mounts]]
filePath = "/app.conf"
content = """
url = https://${main_domain}/x
pass = ${db_password}
cost = 5$
"""

[[config.mounts]]
filePath = "conf/plain.sh"
content = "#!/bin/sh\necho ${UNKNOWN}\n"

[[config.mounts]]
filePath = "conf/secret.yml"
content = "key: ${hash:20}"

[[config.mounts]]
filePath = "../../etc/passwd"
content = "x"
"##;

const META_TEXT: &str = r#"{ "id": "notes", "name": "Notes", "version": "latest", "description": "Keeps notes.",
    "logo": "notes.svg", "links": { "github": "https://code.example/notes" }, "tags": ["self-hosted", "notes"] }"#;

fn catalog(compose: &[u8], template: &[u8], meta: &[u8]) -> (TempDir, Tree) {
    let folder = tempfile::tempdir().expect("a folder");
    let app = folder.path().join("blueprints/notes");
    fs::create_dir_all(&app).expect("its folder");
    fs::write(app.join("docker-compose.yml"), compose).expect("its file");
    fs::write(app.join("template.toml"), template).expect("its file");
    fs::write(app.join("meta.json"), meta).expect("its file");
    fs::write(app.join("notes.svg"), "<svg/>").expect("its file");
    let tree = Tree::new(folder.path());
    (folder, tree)
}

fn draft(compose: &str, template: &str) -> Draft {
    let (_folder, tree) = catalog(compose.as_bytes(), template.as_bytes(), META_TEXT.as_bytes());
    read(&tree, "notes").expect("it is read").remove(0)
}

/// The variables that `.env` gives, where it is made of that text.
fn variables(env: &str) -> BTreeMap<String, VariableBlock> {
    let draft = draft("services: { web: { image: a } }", env);
    draft.block.variables.into_iter().map(|variable| (variable.name.clone(), variable)).collect()
}

fn at<'a>(draft: &'a Draft, path: &str) -> &'a Value {
    let mut parts = path.split('/');
    let first = parts.next().and_then(|part| draft.compose.get(part)).expect("it is there");
    parts.fold(first, |value, part| match part.parse::<usize>() {
        Ok(index) => &value[index],
        Err(_) => &value[part],
    })
}

#[test]
fn a_catalog_is_told_by_its_templates() {
    let (folder, tree) = catalog(b"", b"", b"");
    assert!(detect(&tree));
    assert_eq!(apps(&tree), ["notes"]);
    fs::remove_file(folder.path().join("blueprints/notes/template.toml")).expect("it is removed");
    assert!(!detect(&tree));
}

#[test]
fn a_line_of_the_environment_may_use_those_above_it() {
    let variables = variables("[config.env]\nPORT_B = \"9020\"\nPORT_A = \"${PORT_B}\"\n");
    assert_eq!(variables["PORT_A"].value.as_deref(), Some("${PORT_B}"));
}

#[test]
fn ports_of_udp_are_for_the_host() {
    let text = "services: { web: { image: a, ports: [80, 8443/tcp, 8555/udp] } }";
    let domain = "[[config.domains]]\nserviceName = \"web\"\nport = 80\n";
    assert_eq!(draft(text, domain).compose["services"]["web"]["ports"], json!(["8555/udp"]));
}

#[test]
fn files_are_found_where_authors_take_them_to_be() {
    let text =
        "services: { web: { image: a, volumes: ['./files/etc/app.conf:/app.conf', './files/data:/data'] } }";
    let template = "[[config.mounts]]\nfilePath = \"/etc/app.conf\"\ncontent = \"x\"\n";
    let translation = draft(text, template).finish().expect("it is translated");
    assert!(translation.files.contains_key("etc/app.conf"));
    assert!(translation.compose.contains("- data:/data"), "{}", translation.compose);
}

#[test]
fn an_empty_variable_has_the_default_of_its_use() {
    let text = "services: { web: { image: a, environment: { A: '${X:-a b}', B: '$Y' } } }";
    let template = "[config.env]\nX = \"\"\nY = \"\"\n";
    let package = draft(text, template).finish().expect("it is translated").compose;
    assert!(package.contains("default: a b"), "{package}");
    assert!(package.contains("optional: true"), "{package}");
}

#[test]
fn what_is_spoken_to_by_udp_alone_is_no_page() {
    let text = "services: { game: { image: a, ports: ['10999:10999/udp'] } }";
    let domain = "[[config.domains]]\nserviceName = \"game\"\nport = 10999\nprotocol = \"udp\"\n";
    let package = draft(text, domain).finish().expect("it is translated").compose;
    assert!(!package.contains("http:") && package.contains("- 10999:10999/udp"), "{package}");
}

#[test]
fn people_are_told_what_the_meta_file_says() {
    let block = draft(COMPOSE_TEXT, TEMPLATE_TEXT).block;
    assert_eq!((block.trademark.as_str(), block.description.en.as_str()), ("Notes", "Keeps notes."));
    assert_eq!(block.categories, ["notes"]);
    assert_eq!(block.website.as_deref(), Some("https://code.example/notes"));
    assert_eq!(block.versions[0].name, "2.1");
    let login = block.login.expect("it has one");
    assert_eq!(login.user_variable.as_deref(), Some("ADMIN_USER"));
    assert_eq!(login.password_variable.as_deref(), Some("ADMIN_PASSWORD"));
}

#[test]
fn a_secret_is_one_variable_wherever_it_is_used() {
    let draft = draft(COMPOSE_TEXT, TEMPLATE_TEXT);
    let variable =
        |name: &str| draft.block.variables.iter().find(|v| v.name == name).expect("it is declared");
    assert_eq!(variable("DB_PASSWORD").shape, Some(ShapeBlock::Lowercase(32)));
    let url = variable("DB_URL");
    assert_eq!(
        (url.kind, url.value.as_deref()),
        (Kind::Derived, Some("postgres://app:${DB_PASSWORD}@db/app"))
    );
    assert_eq!(variable("ADMIN_PASSWORD").shape, Some(ShapeBlock::Lowercase(16)));
    assert_eq!(variable("QUOTED").default, Some(json!("two words")));
    assert!(variable("EMPTY").optional);
    let config = at(&draft, "configs/app.conf");
    assert_eq!(
        config["content"],
        "\nurl = ${APPMANAGE_URL}/x\npass = ${DB_PASSWORD}\ncost = 5$$\n".trim_start()
    );
}

#[test]
fn addresses_are_ours_and_every_domain_has_a_port() {
    let draft = draft(COMPOSE_TEXT, TEMPLATE_TEXT);
    let web = draft.web.as_ref().expect("it has one");
    assert_eq!(
        (web.service.as_deref(), &web.port, web.path.as_str()),
        (Some("web"), &WebPort::Target(3000), "/admin")
    );
    assert_eq!(*at(&draft, "services/web/ports"), json!(["2222:22"]));
    assert_eq!(*at(&draft, "services/api/ports"), json!(["9000:9000"]));
    let environment = at(&draft, "services/web/environment");
    assert_eq!(environment[1], "PUBLIC=${APPMANAGE_URL}/");
    assert_eq!(environment[2], "SOCKET=wss://${APPMANAGE_AUTHORITY}/live");
    assert_eq!(environment[3], "API=http://${APPMANAGE_HOST}:${API_DOMAIN_PORT}/v1");
    assert_eq!(environment[5], "NODE_NAME=${HOST}");
    let port = draft.block.variables.iter().find(|v| v.name == "API_DOMAIN_PORT").expect("it is declared");
    assert_eq!(port.of, Some(PortBlock { service: "api".into(), port: 9000, udp: false }));
}

#[test]
fn domains_that_differ_by_path_share_a_port_where_one_service_has_it_and_have_one_each_where_not() {
    let compose =
        "services: { web: { image: a, environment: { API: 'https://$HOST/api/v1' } }, api: { image: b } }";
    let template = r#"
[variables]
main_domain = "${domain}"
[config]
env = ["HOST=${main_domain}", "DOCS=https://${main_domain}/docs", "SOCKET=wss://${main_domain}/api"]
[[config.domains]]
serviceName = "api"
port = 8000
host = "${main_domain}"
path = "/api"
[[config.domains]]
serviceName = "web"
port = 3000
host = "${main_domain}"
[[config.domains]]
serviceName = "web"
port = 3000
host = "${main_domain}"
path = "/docs"
"#;
    let draft = draft(compose, template);
    let web = draft.web.as_ref().expect("it has one");
    assert_eq!(
        (web.service.as_deref(), &web.port, web.path.as_str()),
        (Some("web"), &WebPort::Target(3000), "/")
    );
    assert_eq!(at(&draft, "services/web").get("ports"), None);
    assert_eq!(*at(&draft, "services/api/ports"), json!(["8000:8000"]));
    assert_eq!(draft.remarks.len(), 1, "{:?}", draft.remarks);
    assert!(draft.remarks[0].contains("below /api"), "{:?}", draft.remarks);
    let value =
        |name: &str| draft.block.variables.iter().find(|v| v.name == name).and_then(|v| v.value.as_deref());
    assert_eq!(value("DOCS"), Some("${APPMANAGE_URL}/docs"));
    assert_eq!(value("SOCKET"), Some("wss://${APPMANAGE_HOST}:${API_PORT}/api"));
    assert_eq!(*at(&draft, "services/web/environment/API"), "http://${APPMANAGE_HOST}:${API_PORT}/api/v1");
}

#[test]
fn a_domain_of_a_service_that_is_not_there_leads_nowhere() {
    let compose = "services: { web: { image: a, environment: { A: '$A' } }, db: { image: b } }";
    let template = "[variables]\nmain = \"${domain}\"\napi = \"${domain}\"\n[config]\nenv = [\"A=https://${api}\"]\n\
        [[config.domains]]\nserviceName = \"web\"\nport = 80\nhost = \"${main}\"\n\
        [[config.domains]]\nserviceName = \"api\"\nport = 81\nhost = \"${api}\"\n";
    let translation = draft(compose, template).finish().expect("it is translated");
    assert_eq!(translation.remarks, ["port 81 of api is not published: there is no such service"]);
    let misspelt =
        draft("services: { web: { image: a } }", "[[config.domains]]\nserviceName = \"wbe\"\nport = 80\n");
    assert_eq!(misspelt.web.and_then(|web| web.service).as_deref(), Some("web"));
}

#[test]
fn what_a_template_says_is_required_is_asked_for_or_made() {
    let found = variables(
        "[config]\nenv = [{ name = \"LICENSE_ID\", required = true }, { name = \"ADMIN_PASSWORD\", required = true },\n\
         { name = \"NOTE\", required = false }, { name = \"MODE\", value = \"fast\" }]\n",
    );
    let of = |name: &str| (found[name].kind, found[name].optional, found[name].default.clone());
    assert_eq!(of("LICENSE_ID"), (Kind::Text, false, None));
    assert_eq!(of("ADMIN_PASSWORD"), (Kind::Secret, false, None));
    assert_eq!(of("NOTE"), (Kind::Text, true, None));
    assert_eq!(of("MODE"), (Kind::Text, false, Some(json!("fast"))));
}

#[test]
fn files_with_secrets_are_filled_in_by_compose_and_others_lie_beside() {
    let draft = draft(COMPOSE_TEXT, TEMPLATE_TEXT);
    let names: Vec<&String> = draft.files.keys().collect();
    assert_eq!(names, ["conf/plain.sh"]);
    let script = &draft.files["conf/plain.sh"];
    assert_eq!(
        (script.bytes.as_slice(), script.is_executable),
        (b"#!/bin/sh\necho ${UNKNOWN}\n".as_slice(), true)
    );
    let entry = |source: &str, target: &str| json!({ "source": source, "target": target, "mode": "0444" });
    assert_eq!(
        *at(&draft, "services/web/configs"),
        json!([entry("app.conf", "/etc/app.conf"), entry("conf-secret.yml", "/etc/conf/secret.yml")])
    );
    assert_eq!(*at(&draft, "services/api/configs"), json!([entry("conf-secret.yml", "/conf/secret.yml")]));
    // Compose writes into the folder, which has to be writable.
    assert_eq!(*at(&draft, "services/web/volumes"), json!(["../files/conf:/etc/conf", "./data:/data"]));
    assert_eq!(at(&draft, "services/api/volumes/0").get("read_only"), None);
    assert!(at(&draft, "services/db").get("configs").is_none());
    assert!(draft.remarks[0].contains("etc/passwd"), "{:?}", draft.remarks);
}

#[test]
fn without_domains_the_ports_of_the_file_are_published() {
    let compose = "services: { db: { image: a, ports: [5432] } }";
    let draft = draft(compose, "[config]\nenv = []\n");
    let web = draft.web.as_ref().expect("it has one");
    assert_eq!((&web.port, web.is_http), (&WebPort::First, false));
    assert_eq!(*at(&draft, "services/db/ports"), json!([5432]));
    assert_eq!(self::draft("services: { db: { image: a } }", "").web, None);
}

#[test]
fn every_helper_becomes_a_variable_or_a_value() {
    let found = variables(
        r#"
[variables]
secret = "${password:40}"
payload = '{ "role": "anon", "exp": ${timestamps:2030-01-01T00:00:00Z} }'
[config.env]
BASE = "${base64:48}"
HASH = "${hash}"
UUID = "${uuid}"
MAIL = "${email}"
USER = "${username}"
PORT = "${randomPort}"
KEY = "${secret}"
SAME = "${secret}"
TOKEN = "${jwt:secret:payload}"
OWN = "${jwt}"
LONG = "${jwt:64}"
PIN = "${password:4}"
DOCKER_SOCKET = "/run/docker.sock"
DAY = "${timestamps:2025-01-01}"
MOMENT = "${timestampms:2025-01-01T00:00:00.5Z}"
UNKNOWN = "${nothing:5}"
LEFT = "${FROM_COMPOSE:?say}"
FLAG = true
"#,
    );
    let shape = |name: &str| found[name].shape.clone();
    assert_eq!(shape("BASE"), Some(ShapeBlock::Base64(48)));
    assert_eq!(shape("HASH"), Some(ShapeBlock::Hex(8)));
    assert_eq!(shape("UUID"), Some(ShapeBlock::Uuid));
    assert_eq!(shape("KEY"), Some(ShapeBlock::Lowercase(40)));
    assert_eq!(shape("LONG"), Some(ShapeBlock::Hex(128)));
    assert_eq!(shape("PIN"), Some(ShapeBlock::Lowercase(8)));
    assert!(!found.contains_key("DOCKER_SOCKET"));
    assert_eq!(found["SAME"].value.as_deref(), Some("${KEY}"));
    let claims = json!({ "role": "anon", "exp": 1_893_456_000, "iss": "dokploy", "iat": 1_735_689_600 });
    assert_eq!(shape("TOKEN"), Some(ShapeBlock::Jwt { key: "KEY".into(), claims }));
    assert!(matches!(shape("OWN"), Some(ShapeBlock::Jwt { key, .. }) if key == "OWN_KEY"));
    assert_eq!(shape("OWN_KEY"), Some(ShapeBlock::Hex(64)));
    // Asked for: nobody can make up somebody's address.
    let mail = &found["MAIL"];
    assert_eq!((mail.kind, mail.optional, &mail.default), (Kind::Text, false, &None));
    let default = |name: &str| found[name].default.clone().unwrap_or_default();
    assert_eq!((default("USER"), default("PORT")), (json!("appuser"), json!("20080")));
    assert_eq!((default("DAY"), default("MOMENT")), (json!("1735689600"), json!("1735689600000")));
    assert_eq!(default("FLAG"), json!("true"));
    assert_eq!(default("UNKNOWN"), json!("${nothing:5}"));
    assert_eq!(found["LEFT"].value.as_deref(), Some("${FROM_COMPOSE}"));
    assert!(!found["FROM_COMPOSE"].optional);
}

#[test]
fn variables_that_go_in_circles_or_grow_are_read_in_bounds() {
    let mut growing = "[variables]\na0 = \"0123456789\"\n".to_owned();
    for number in 1..60 {
        let before = number - 1;
        growing.push_str(&format!("a{number} = \"${{a{before}}}${{a{before}}}\"\n"));
    }
    growing.push_str("x = \"${y}\"\ny = \"${x}\"\n[config.env]\nA = \"${a59}\"\nX = \"${x}\"\n");
    assert!(variables(&growing).len() >= 2);
}

#[test]
fn a_template_may_be_larger_than_a_compose_file() {
    let region = "# a region\n".repeat(30_000);
    let template = format!(
        "{TEMPLATE_TEXT}\n[[config.mounts]]\nfilePath = \"conf/region\"\ncontent = \"\"\"{region}\"\"\"\n"
    );
    let files = draft(COMPOSE_TEXT, &template).finish().expect("it is translated").files;
    assert_eq!(files["conf/region"].bytes.len(), region.len());
}

#[test]
fn a_file_that_no_service_uses_is_left_out_and_told() {
    let template = "[[config.mounts]]\nfilePath = \"/etc/app.conf\"\ncontent = \"x\"\n[[config.mounts]]\nfilePath = \
                    \"secret.conf\"\ncontent = \"${domain}\"\n[[config.mounts]]\nfilePath = \"app.env\"\ncontent = \"A=1\"\n";
    let compose = "services:\n  web:\n    image: a\n    env_file: [../files/app.env]\n    volumes: [\"./etc:/etc/app\"]\n";
    let told = draft(compose, template).remarks;
    assert_eq!(told, ["the file secret.conf of its template is left out: no service mounts it"]);
    let told = draft(&compose.replace("./etc", "etc"), template).remarks;
    assert_eq!(told[0], "the file etc/app.conf of its template is left out: no service uses it");
}

#[test]
fn what_is_no_app_is_told_with_a_reason() {
    let (folder, tree) = catalog(COMPOSE_TEXT.as_bytes(), b"= no", META_TEXT.as_bytes());
    assert!(
        matches!(read(&tree, "notes"), Err(Untranslatable::Unreadable(why)) if why.contains("template.toml"))
    );
    fs::remove_file(folder.path().join("blueprints/notes/docker-compose.yml")).expect("it is removed");
    assert!(
        matches!(read(&tree, "notes"), Err(Untranslatable::Unreadable(why)) if why.contains("docker-compose.yml"))
    );
    assert!(read(&tree, "nothing").is_err());
}

#[test]
fn the_whole_becomes_a_package_that_says_every_variable() {
    let translation = draft(COMPOSE_TEXT, TEMPLATE_TEXT).finish().expect("it is translated");
    assert!(translation.compose.contains("PUBLIC: ${APPMANAGE_URL}/"), "{}", translation.compose);
    assert!(translation.files.contains_key("conf/plain.sh"));
}

proptest! {
    #[test]
    fn whatever_is_in_the_files_they_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for place in 0..3 {
            let of = |index: usize, text: &'static str| if index == place { bytes.as_slice() } else { text.as_bytes() };
            let (_folder, tree) = catalog(of(0, COMPOSE_TEXT), of(1, TEMPLATE_TEXT), of(2, META_TEXT));
            drop(read(&tree, "notes").map(|drafts| drafts.into_iter().map(Draft::finish).collect::<Vec<_>>()));
        }
    }

    #[test]
    fn damaged_files_are_read_or_refused(at in 0..2000_usize, length in 0..60_usize, with in "[\\[\\]{}$\"':=\n a0]{0,6}") {
        let damaged = |text: &str| {
            let mut characters: Vec<char> = text.chars().collect();
            let at = at.min(characters.len());
            let end = (at + length).min(characters.len());
            drop(characters.splice(at..end, with.chars()));
            characters.into_iter().collect::<String>()
        };
        for (compose, template) in [(damaged(COMPOSE_TEXT), TEMPLATE_TEXT.to_owned()), (COMPOSE_TEXT.to_owned(), damaged(TEMPLATE_TEXT))] {
            let (_folder, tree) = catalog(compose.as_bytes(), template.as_bytes(), META_TEXT.as_bytes());
            drop(read(&tree, "notes").map(|drafts| drafts.into_iter().map(Draft::finish).collect::<Vec<_>>()));
        }
    }
}
