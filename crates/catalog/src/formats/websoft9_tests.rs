//! Websoft9's reader, by a small library of its format.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use crate::formats::{Format, Translation, Tree, Untranslatable};

const VARIABLES: &str = r#"{
  "name": "notes ", "trademark": "Notes", "release": true, "fork_url": "https://notes.example",
  "edition": [
    {"dist": "pro ", "version": ["9.0"]},
    {"dist": "community", "version": ["2.1", "latest"]},
    {"dist": "missing", "version": ["1"]}
  ],
  "requirements": {"cpu": "2", "memory": "1.5", "disk": "4"}
}"#;

const ENV: &str = "W9_REPO=example/notes\nW9_DIST='community'\nW9_VERSION='2.1'\nW9_POWER_PASSWORD='sAmple!password'\n\
W9_HTTP_PORT_SET='9001'\nW9_TEAM_SET=\"crew\"\n# the fence\nW9_ID='notes'\nW9_HTTP_PORT=80\nW9_LOGIN_USER=admin\r\n\
W9_LOGIN_PASSWORD=$W9_POWER_PASSWORD   \nW9_LOGIN_WORKSPACE=first\nW9_URL='internet_ip:$W9_HTTP_PORT_SET'\n\
W9_URL_REPLACE=true\nW9_ADMIN_PATH=/admin\nW9_NETWORK=websoft9\n\nDB_HOST=$W9_ID-db\nDB_PASSWORD=$W9_POWER_PASSWORD\n\
SESSION_SECRET=abcdef0123456789abcdef0123456789\nSMTP_PASSWORD=mailpassword\nEARLY=$LATE\nLATE=x\n";

const COMPOSE: &str = "version: '3.8'
services:
  notes:
    image: $W9_REPO:$W9_VERSION
    container_name: $W9_ID
    env_file: .env
    ports: ['$W9_HTTP_PORT_SET:80', '${W9_DEBUG_PORT_SET}:9000']
    volumes: [notes:/data, './src/notes.conf:/etc/notes.conf', './logs:/logs', /etc/localtime:/etc/localtime:ro]
    depends_on: [db]
  db:
    image: postgres:16
    container_name: $W9_ID-db
    restart: no
    environment: { POSTGRES_PASSWORD: $W9_POWER_PASSWORD }
volumes: { notes: }
networks: { default: { name: $W9_NETWORK, external: true } }
";

const PRO: &str =
    "services: { notes: { image: 'example/notes-pro:$W9_VERSION', ports: ['$W9_HTTP_PORT_SET:80'] } }\n";

fn library(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("folders can be made");
        fs::write(path, bytes).expect("files can be written");
    }
    folder
}

fn notes() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("apps/notes/variables.json", VARIABLES.as_bytes()),
        ("apps/notes/.env", ENV.as_bytes()),
        ("apps/notes/docker-compose.yml", COMPOSE.as_bytes()),
        ("apps/notes/docker-compose-pro.yml", PRO.as_bytes()),
        ("apps/notes/src/notes.conf", b"listen 80\n"),
        ("apps/notes/README.md", b"read me\n"),
        ("i18n/translation.json", r#"{"W9_TEAM_SET": ["Team", "团队"], "W9_HTTP_PORT_SET": ["Web port", ""]}"#.as_bytes()),
        ("dist/catalog-fixture/product_en.json", r#"[{"key": "notes", "summary": "记笔记", "overview": "很好。",
            "catalogCollection": {"items": [{"key": "x", "catalogCollection": {"items": [{"key": "office"}]}}]}}]"#.as_bytes()),
    ]
}

fn translate(files: &[(&str, &[u8])]) -> Vec<(String, Result<Translation, Untranslatable>)> {
    let library = library(files);
    let tree = Tree::new(library.path());
    Format::Websoft9
        .apps(&tree)
        .iter()
        .flatten()
        .flat_map(|app| Format::Websoft9.translate(&tree, app))
        .collect()
}

fn one(files: &[(&str, &[u8])]) -> Translation {
    let (_, translation) = translate(files).swap_remove(0);
    translation.expect("it is translated")
}

#[test]
fn an_app_becomes_a_package_with_all_that_its_library_says() {
    let files = notes();
    assert_eq!(Format::detect(&Tree::new(library(&files).path())), Some(Format::Websoft9));
    let translation = one(&files);
    let compose = &translation.compose;
    for part in [
        "trademark: Notes\n",
        "zh: 记笔记。很好\n",
        "categories:\n    - office\n",
        "website: https://notes.example\n",
        "- name: \"2.1\"\n      variables:\n        W9_VERSION: \"2.1\"\n    - name: latest\n",
        "cpu_cores: 2\n    memory: 1536M\n    disk: 4G\n",
        "value: ${APPMANAGE_AUTHORITY}\n",
        "- name: W9_TEAM_SET\n      kind: text\n      label:\n        zh: 团队\n        en: Team\n      default: crew\n",
        "- name: W9_HTTP_PORT_SET\n      kind: port\n",
        "admin_path: /admin\n",
        "login:\n    user_name: admin\n    password_variable: W9_POWER_PASSWORD\n",
        "note:\n    zh: \"Login workspace: first\"\n",
        "image: example/notes:${W9_VERSION}\n",
        "- 9001:80\n      - \"9000\"\n",
        "- notes:/data\n      - ./files/src/notes.conf:/etc/notes.conf\n      - logs:/logs\n",
        "- ${W9_ID}-db\n",
        "restart: \"no\"\n",
        "volumes:\n  logs: {}\n  notes: {}\n",
    ] {
        assert!(compose.contains(part), "{part}\n---\n{compose}");
    }
    for part in ["localtime", "container_name", "websoft9", "SMTP"] {
        assert!(!compose.contains(part), "{part}\n---\n{compose}");
    }
    assert_eq!(translation.files.keys().collect::<Vec<_>>(), ["src/notes.conf"]);
    let expected = ENV
        .replace("'sAmple!password'", "''")
        .replace("=abcdef0123456789abcdef0123456789", "=''")
        .replace("EARLY=$LATE", "EARLY=''");
    assert_eq!(translation.env.as_deref(), Some(expected.as_str()));
}

#[test]
fn an_edition_with_a_file_of_its_own_is_a_package_of_its_own() {
    let translations = translate(&notes());
    let names: Vec<&str> = translations.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["notes", "notes-pro"]);
    let pro = translations[1].1.as_ref().expect("it is translated");
    assert!(pro.compose.contains("trademark: Notes Pro\n"), "{}", pro.compose);
    assert!(pro.compose.contains("image: example/notes-pro:${W9_VERSION}\n"), "{}", pro.compose);
    assert!(pro.env.as_ref().is_some_and(|env| env.contains("\nW9_DIST='pro'\nW9_VERSION='2.1'\n")));
}

#[test]
fn a_version_that_no_image_depends_on_is_not_offered() {
    let mut files = notes();
    let compose = COMPOSE.replace("$W9_REPO:$W9_VERSION", "example/notes:7-alpine");
    files[2].1 = Box::leak(compose.into_bytes().into_boxed_slice());
    let translation = one(&files);
    assert!(
        translation.compose.contains("versions:\n    - name: 7-alpine\n  requirements"),
        "{}",
        translation.compose
    );
}

#[test]
fn what_is_no_app_is_told_as_what_it_is() {
    let hidden = VARIABLES.replace("true", "false");
    for (file, text, expected) in [
        ("apps/notes/variables.json", hidden.as_str(), "it is not offered: "),
        ("apps/notes/variables.json", "[]", "it cannot be read: variables.json"),
        (
            "apps/notes/docker-compose.yml",
            "services: { notes: }",
            "it cannot be read: its service notes is empty",
        ),
        ("apps/notes/docker-compose.yml", "services: [", "it cannot be read: docker-compose.yml: "),
        ("apps/notes/docker-compose.yml", "services: { a: { build: . } }", "it cannot be carried out here: "),
        (
            "apps/notes/docker-compose.yml",
            "services: { a: { image: b, depends_on: [c] } }",
            "it cannot be read: ",
        ),
        ("apps/notes/docker-compose.yml", "services: { a: { image: '$NO:1' } }", "it cannot be read: "),
    ] {
        let mut files = notes();
        files
            .iter_mut()
            .filter(|(name, _)| *name == file)
            .for_each(|(_, bytes)| *bytes = Box::leak(text.as_bytes().into()));
        let error = translate(&files).swap_remove(0).1.expect_err(text).to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}

/// The file at that path of the small library, with another text.
fn with(path: &str, text: String) -> Vec<(&'static str, &'static [u8])> {
    let mut files = notes();
    let place = files.iter().position(|(known, _)| *known == path).expect("it is one of the library's");
    files[place].1 = Box::leak(text.into_bytes().into_boxed_slice());
    files
}

#[test]
fn what_newer_libraries_say_of_an_app_is_heard() {
    let more = r#""access": {"defaultScheme": "http", "web": {"port": 80, "path": "/start"}, "admin": {"path": "/boss"}},
        "upstream": {"image": "example/notes", "releases": "https://code.example/notes/releases"},
        "env": {"secrets": ["GATE_PHRASE"]},
        "credentials": {"username": {"source": "inline", "value": "first"},
            "token": {"source": "container-env", "name": "GATE_PHRASE"},
            "password": {"source": "container-file", "path": "/secret"}},
        "setup": {"steps": [{"id": "a", "text": "Open the page."}]}, "help": {"login": "Then sign in."},"#;
    let variables = VARIABLES.replace(r#""fork_url": "https://notes.example","#, more);
    let mut files = with("apps/notes/variables.json", variables);
    let env = ENV
        .replace("W9_LOGIN_USER=admin\r\n", "")
        .replace("W9_LOGIN_PASSWORD=", "SHOWN=")
        .replace("W9_ADMIN_PATH=/admin\n", "");
    let env = format!("{env}GATE_PHRASE=kX9pQ2mZ7rT4wB1v\n");
    files[1].1 = Box::leak(env.into_bytes().into_boxed_slice());
    files.truncate(6);
    let entry = r#"{"trademark": "Notes", "summary": "Keeps notes.", "overview": "For teams.",
        "catalogBindings": [{"parentKey": "office", "childKey": "notes"}]}"#;
    files.push(("metadata/catalog/notes.json", entry.as_bytes()));
    let compose = one(&files).compose;
    for part in [
        "en: Keeps notes. For teams\n",
        "categories:\n    - office\n",
        "website: https://code.example/notes\n",
        "- name: GATE_PHRASE\n      kind: secret\n",
        "path: /start\n",
        "admin_path: /boss\n",
        "login:\n    user_name: first\n    password_variable: GATE_PHRASE\n",
        "in the file /secret of its container; Open the page; Then sign in\"\n",
    ] {
        assert!(compose.contains(part), "{part}\n---\n{compose}");
    }
}

#[test]
fn an_address_with_a_scheme_is_the_servers_to_say() {
    let env = format!("{ENV}ROOT_URL=https://${{W9_URL}}/in?from=$LATE\nHOST=$W9_URL\n");
    let mut files = with("apps/notes/.env", env);
    let compose = COMPOSE.replace("    env_file", "    environment: [PAGE=http://$W9_URL]\n    env_file");
    files[2].1 = Box::leak(compose.into_bytes().into_boxed_slice());
    let translation = one(&files);
    for part in ["PAGE: ${APPMANAGE_URL}\n", "value: ${APPMANAGE_URL}/in?from=${LATE}\n"] {
        assert!(translation.compose.contains(part), "{part}\n---\n{}", translation.compose);
    }
    assert!(!translation.compose.contains("- name: HOST\n"), "{}", translation.compose);
}

#[test]
fn a_service_that_would_steer_docker_is_left_out_where_nothing_needs_it() {
    let socket = "/var/run/docker.sock:/var/run/docker.sock";
    let runner = format!(
        "  runner:\n    image: example/runner:1\n    volumes: ['{socket}']\n    depends_on: [notes]\n"
    );
    let beside = COMPOSE.replace("volumes: { notes: }", &format!("{runner}volumes: {{ notes: }}"));
    let translation = one(&with("apps/notes/docker-compose.yml", beside.clone()));
    assert!(!translation.compose.contains("runner"), "{}", translation.compose);
    assert!(translation.remarks.iter().any(|remark| remark.contains("runner is left out")));
    for needed in [
        beside.replace("depends_on: [db]", "depends_on: [db, runner]"),
        beside.replace("image: example/runner:1", "image: example/runner:1\n    ports: ['5:5']"),
        beside.replace("image: example/runner:1", "image: $W9_REPO:$W9_VERSION"),
        beside
            .replace("image: example/runner:1", "image: example/runner:1\n    hostname: jobs")
            .replace("environment: {", "environment: { JOBS: 'http://jobs:80',"),
        COMPOSE.replace("notes:/data", socket),
    ] {
        let translation = one(&with("apps/notes/docker-compose.yml", needed));
        assert!(translation.compose.contains(socket), "{}", translation.compose);
    }
}

#[test]
fn large_files_that_are_not_mounted_keep_no_app_away() {
    let large = vec![b'x'; (4 << 20) + 1];
    let mut files = notes();
    files.push(("apps/notes/src/film/a.mp4", &large));
    let translation = one(&files);
    assert_eq!(translation.files.keys().collect::<Vec<_>>(), ["src/notes.conf"]);
    assert!(translation.remarks.iter().any(|remark| remark.starts_with("src/film/a.mp4 of its folder is")));
}

#[test]
fn what_is_remarked_is_as_much_as_people_read() {
    // More than an app may choose from.
    let names: Vec<String> = (0..2_200).map(|number| format!("apps/notes/film{number}")).collect();
    let mut files = notes();
    files
        .extend(names.iter().map(|name| (Box::leak(name.clone().into_boxed_str()) as &str, b"x".as_slice())));
    let remarks = one(&files).remarks;
    assert_eq!(remarks.len(), 101);
    assert!(remarks[100].ends_with("more remarks are left out"), "{}", remarks[100]);
}

#[test]
fn a_url_that_is_the_apps_address_alone_is_the_whole_of_it() {
    let env = format!("{ENV}FRONT_URL=$W9_URL\nDOMAIN=$W9_URL\n");
    let compose = one(&with("apps/notes/.env", env)).compose;
    assert!(compose.contains("name: FRONT_URL\n      kind: derived"), "{compose}");
    assert!(compose.contains("value: ${APPMANAGE_URL}\n") && !compose.contains("name: DOMAIN"), "{compose}");
}

#[test]
fn the_quotes_around_a_login_hide_nothing() {
    let env = ENV.replace("W9_LOGIN_PASSWORD=$W9_POWER_PASSWORD", "W9_LOGIN_PASSWORD='${W9_POWER_PASSWORD}'");
    let compose = one(&with("apps/notes/.env", env)).compose;
    assert!(compose.contains("    password_variable: W9_POWER_PASSWORD\n"), "{compose}");
}

#[test]
fn a_login_that_only_the_platforms_page_knows_is_not_told() {
    let unused = ENV.replace("DB_PASSWORD=$W9_POWER_PASSWORD", "DB_PASSWORD=$LATE");
    let mut files = with("apps/notes/.env", unused);
    let compose = COMPOSE.replace("$W9_POWER_PASSWORD", "other");
    files[2].1 = Box::leak(compose.into_bytes().into_boxed_slice());
    assert!(!one(&files).compose.contains("login:"), "nobody reads it");
    files[4].1 = b"create_user $W9_LOGIN_USER\n";
    assert!(one(&files).compose.contains("login:"), "a file of the app reads it");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is damaged, the outcome is a package (`finish` reads it back) or a reason.
    #[test]
    fn a_damaged_app_is_a_package_or_a_reason(
        file in 0_usize..4,
        at in any::<prop::sample::Index>(),
        length in 0_usize..30,
        insert in "[ -~\n]{0,6}|\\$\\{[A-Z]{1,2}(:-|\\?|:\\+)?|: \\{|&a |\\*a|<<: |- |\\$W9_ID|\u{e9}|\t|'|\"",
    ) {
        let mut files = notes();
        let mut bytes = files[file].1.to_vec();
        let start = at.index(bytes.len());
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, insert.into_bytes());
        files[file].1 = &bytes;
        let library = library(&files);
        let tree = Tree::new(library.path());
        drop(Format::Websoft9.translate(&tree, "notes"));
    }
}
