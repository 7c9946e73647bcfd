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
    Format::Websoft9.apps(&tree).iter().flat_map(|app| Format::Websoft9.translate(&tree, app)).collect()
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
        "- 9001:80\n",
        "- notes:/data\n      - ./files/src/notes.conf:/etc/notes.conf\n      - logs:/logs\n",
        "- ${W9_ID}-db\n",
        "restart: \"no\"\n",
        "volumes:\n  logs: {}\n  notes: {}\n",
    ] {
        assert!(compose.contains(part), "{part}\n---\n{compose}");
    }
    for part in ["localtime", "container_name", "websoft9", "9000", "SMTP"] {
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
