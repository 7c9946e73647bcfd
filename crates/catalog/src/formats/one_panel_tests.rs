//! What comes of 1Panel's files, on small ones written for it: the forms, the versions, the databases, and damaged text.

use std::fs;

use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use crate::block::{Kind, ShapeBlock, VariableBlock};
use crate::formats::{Draft, Format, Tree, Untranslatable, WebPort, one_panel};

const ABOUT: &str = "name: 博客
title: 写字
additionalProperties:
  key: blog
  name: Blog
  tags: [Website, Tool]
  description: { en: A place to write, zh-Hant: 寫字, zh: 写字的地方 }
  type: website
  website: https://blog.example
  memoryRequired: 512
  architectures: [amd64, arm/v7, arm/v6, arm64]
";

const COMPOSE: &str = "services:
  blog:
    image: example/blog:TAG
    container_name: ${CONTAINER_NAME}
    ports: ['${PANEL_APP_PORT_HTTP}:3000']
    volumes: ['./data:/data', './conf/blog.ini:/etc/blog.ini']
";

const FORM: &str = "additionalProperties:
  formFields:
    - { default: 4000, envKey: PANEL_APP_PORT_HTTP, type: number, rule: paramPort, required: true, label: { en: Port } }
";

/// A catalog of one app; each version with the texts of its form and its compose file.
fn catalog(about: &str, versions: &[(&str, &str, &str)]) -> (TempDir, Tree) {
    let folder = tempfile::tempdir().expect("a folder");
    let app = folder.path().join("apps/blog");
    fs::create_dir_all(&app).expect("made");
    fs::write(app.join("data.yml"), about).expect("written");
    for (version, form, compose) in versions {
        let version = app.join(version);
        fs::create_dir_all(version.join("conf")).expect("made");
        fs::write(version.join("data.yml"), form).expect("written");
        fs::write(version.join("docker-compose.yml"), compose).expect("written");
        fs::write(version.join("conf/blog.ini"), "a=1").expect("written");
    }
    let tree = Tree::new(folder.path());
    (folder, tree)
}

fn read(about: &str, versions: &[(&str, &str, &str)]) -> Result<Vec<Draft>, Untranslatable> {
    let (_folder, tree) = catalog(about, versions);
    one_panel::read(&tree, "blog")
}

/// The draft of a version with that form and those lines of its service.
fn with(form: &str, service: &str) -> Draft {
    let form = format!("additionalProperties:\n  formFields:\n{form}");
    let compose = format!("services:\n  blog:\n    image: example/blog:1\n{service}");
    read(ABOUT, &[("1", &form, &compose)]).expect("it can be read").swap_remove(0)
}

fn variable<'a>(draft: &'a Draft, name: &str) -> &'a VariableBlock {
    let found = draft.block.variables.iter().find(|variable| variable.name == name);
    found.unwrap_or_else(|| panic!("{name} in {:#?}", draft.block.variables))
}

fn at<'a>(draft: &'a Draft, pointer: &str) -> &'a Value {
    let (first, rest) = pointer.split_once('/').expect("a path");
    draft.compose[first]
        .pointer(&format!("/{rest}"))
        .unwrap_or_else(|| panic!("{pointer} in {:#?}", draft.compose))
}

#[test]
fn what_the_app_file_tells_is_taken_over() {
    let (_folder, tree) = catalog(ABOUT, &[("1.0", FORM, COMPOSE)]);
    assert_eq!(Format::detect(&tree), Some(Format::OnePanel));
    assert_eq!(Format::OnePanel.apps(&tree), Ok(vec!["blog".to_owned()]));
    let draft = one_panel::read(&tree, "blog").expect("it can be read").swap_remove(0);
    assert_eq!((&*draft.name, &*draft.block.trademark), ("blog", "Blog"));
    assert_eq!(draft.block.description.zh, "写字的地方");
    assert_eq!(draft.block.architectures, ["amd64", "arm", "arm64"]);
    assert_eq!(draft.block.requirements.expect("told").memory, "512M");
    assert_eq!(draft.files.keys().collect::<Vec<_>>(), ["conf/blog.ini"]);
    let web = draft.web.expect("it has pages");
    assert_eq!((web.port, web.hint), (WebPort::Variable("PANEL_APP_PORT_HTTP".to_owned()), Some(4000)));
    assert!(web.is_http && !web.tls);
}

#[test]
fn versions_that_differ_in_their_image_tags_are_one_package_and_latest_is_its_last() {
    let compose = |tag: &str| COMPOSE.replace("TAG", tag);
    let (nine, ten, latest, other) =
        (compose("9"), compose("10"), compose("latest"), compose("8") + "    tty: true\n");
    let drafts = read(
        ABOUT,
        &[("9.0", FORM, &nine), ("latest", FORM, &latest), ("8.0", FORM, &other), ("10.0", FORM, &ten)],
    );
    let drafts = drafts.expect("it can be read");
    assert_eq!(drafts.iter().map(|draft| draft.name.as_str()).collect::<Vec<_>>(), ["blog", "blog-8.0"]);
    assert_eq!(drafts[1].block.trademark, "Blog 8.0");
    let versions = &drafts[0].block.versions;
    assert_eq!(versions.iter().map(|version| &*version.name).collect::<Vec<_>>(), ["10.0", "9.0", "latest"]);
    assert_eq!(versions[1].variables["TAG_BLOG"], "9");
    assert_eq!(at(&drafts[0], "services/blog/image"), "example/blog:${TAG_BLOG}");
}

#[test]
fn a_version_that_changes_nothing_is_no_choice() {
    let drafts = read(ABOUT, &[("9.0", FORM, COMPOSE), ("latest", FORM, COMPOSE)]).expect("it can be read");
    assert_eq!(drafts[0].block.versions.len(), 1);
    assert_eq!(at(&drafts[0], "services/blog/image"), "example/blog:TAG");
}

#[test]
fn newer_versions_come_first() {
    for (newer, older) in [
        ("10.0", "9.9"),
        ("1.0.1", "1.0"),
        ("v2.1", "2.0.9"),
        ("1.0", "1.0-rc1"),
        ("1.0-rc2", "1.0-rc1"),
        ("1.0-rc1", "1.0-beta9"),
        ("17-master", "17-slave"),
        ("17-slave", "16-master"),
        ("1.0", "latest"),
        ("2024.11.2", "2024.2.11"),
    ] {
        let drafts = [(newer, FORM, COMPOSE), (older, FORM, COMPOSE)];
        let drafts = read(ABOUT, &drafts).expect("it can be read");
        assert_eq!(drafts[0].block.versions[0].name, newer, "before {older}");
    }
}

#[test]
fn languages_and_withdrawn_apps_are_hidden() {
    for about in [ABOUT.replace("type: website", "type: php"), format!("{ABOUT}  deprecated: 1.0\n")] {
        let hidden = read(&about, &[("1", FORM, COMPOSE)]).expect_err("it is not offered");
        assert!(matches!(hidden, Untranslatable::Hidden(_)), "{hidden}");
    }
}

#[test]
fn tabs_after_values_are_read_and_a_broken_version_leaves_the_others() {
    let tabs = FORM.replace("}\n", "}\t\n");
    let drafts = read(ABOUT, &[("1", &tabs, COMPOSE), ("2", FORM, "services: [")]).expect("one can be read");
    assert_eq!(drafts.len(), 1);
    assert!(drafts[0].remarks[0].starts_with("version 2 is left out: "), "{:?}", drafts[0].remarks);
}

#[test]
fn fields_become_variables_by_their_kind() {
    let draft = with(
        "
    - { envKey: MODE, type: select, default: slow, values: [{ label: Fast, value: fast }, { label: slow, value: slow }] }
    - { envKey: WORKERS, type: number, default: '4', required: true }
    - { envKey: ADMIN_USER, type: text, default: admin, random: true, required: true }
    - { envKey: ADMIN_PASSWORD, type: password, default: changeme, required: true, labelEn: Password, labelZh: 密码 }
    - { envKey: SMTP_PASSWORD, type: password, default: '', required: false }
    - { envKey: RUNNER_TOKEN, type: text, default: <token>, required: true }
    - { envKey: SITE, type: text, default: 'http://localhost:4000/x', rule: paramExtUrl }
    - { envKey: PANEL_APP_PORT_HTTP, type: number, default: 4000, rule: paramPort }
    - { type: text, default: nameless }
",
        "    environment: ['A=${MODE}${WORKERS}${ADMIN_USER}${ADMIN_PASSWORD}${SMTP_PASSWORD}${RUNNER_TOKEN}${SITE}']
    ports: ['${HOST_IP}:${PANEL_APP_PORT_HTTP}:22']
",
    );
    let mode = variable(&draft, "MODE");
    assert_eq!((mode.kind, mode.default.as_ref()), (Kind::Choice, Some(&Value::from("slow"))));
    assert_eq!(mode.options[0].label.as_ref().map(|label| &*label.en), Some("Fast"));
    assert_eq!(mode.options[1].label, None);
    assert_eq!(variable(&draft, "WORKERS").default, Some(4.into()));
    assert_eq!(variable(&draft, "ADMIN_USER").default, Some("admin".into()));
    let password = variable(&draft, "ADMIN_PASSWORD");
    assert_eq!((password.kind, &password.default, &*password.label.zh), (Kind::Secret, &None, "密码"));
    let smtp = variable(&draft, "SMTP_PASSWORD");
    assert_eq!((smtp.kind, smtp.optional), (Kind::Text, true));
    let token = variable(&draft, "RUNNER_TOKEN");
    assert_eq!((token.kind, &token.default, token.optional), (Kind::Text, &None, false));
    assert_eq!(variable(&draft, "SITE").value.as_deref(), Some("${APPMANAGE_URL}/x"));
    assert!(!draft.block.variables.iter().any(|variable| variable.name == "PANEL_APP_PORT_HTTP"));
    assert!(!draft.web.as_ref().expect("it has a port").is_http, "22 is no web port");
    let login = draft.block.login.as_ref().expect("there is one");
    assert_eq!(
        (login.user_variable.as_deref(), login.password_variable.as_deref()),
        (Some("ADMIN_USER"), Some("ADMIN_PASSWORD"))
    );
}

#[test]
fn secrets_look_like_their_samples_and_a_key_is_no_login() {
    let form = "
    - { envKey: APP_KEY, type: text, default: SomeRandomStringOf32CharsExactly, required: true }
    - { envKey: BOOT_TOKEN, type: password, default: K1ffDfLSIK8SV2PZj6VaxOiv8KuawlJK, required: true }
    - { envKey: DEFAULT_USER, type: text, default: guest, required: true }
    - { envKey: DEFAULT_PASS, type: text, default: guest, required: true }
";
    let draft = with(form, "    environment: ['A=${APP_KEY}${BOOT_TOKEN}${DEFAULT_USER}${DEFAULT_PASS}']\n");
    assert_eq!(variable(&draft, "APP_KEY").shape, Some(ShapeBlock::Alphanumeric(32)));
    assert_eq!(variable(&draft, "DEFAULT_PASS").kind, Kind::Secret);
    let login = draft.block.login.expect("there is one");
    assert_eq!(
        (login.user_variable.as_deref(), login.password_variable.as_deref()),
        (Some("DEFAULT_USER"), Some("DEFAULT_PASS"))
    );
    let keys = form.lines().take(3).collect::<Vec<_>>().join("\n") + "\n";
    assert_eq!(with(&keys, "    environment: ['A=${APP_KEY}${BOOT_TOKEN}']\n").block.login, None);
    let token = "    - { envKey: BOOT_TOKEN, type: password, default: '1', required: true }\n";
    assert!(with(token, "    environment: ['A=${BOOT_TOKEN}']\n").block.login.is_some());
}

#[test]
fn the_app_is_told_its_own_address_and_the_hosts() {
    let form = "
    - { envKey: PANEL_APP_PORT_HTTP, type: number, default: 4000, rule: paramPort }
    - { envKey: PANEL_APP_URL, type: text, default: '', rule: paramHttp, required: true }
    - { envKey: UPSTREAM_URL, type: text, default: '', rule: paramExtUrl, required: true }
    - { envKey: RELAY_HOST, type: text, default: 172.17.0.1, required: true }
";
    let uses = "    environment: ['A=${PANEL_APP_URL}${UPSTREAM_URL}${RELAY_HOST}']\n    ports: ['4000:80', '5000:22']\n";
    let draft = with(form, uses);
    let value = |name| variable(&draft, name).value.clone();
    assert_eq!(value("PANEL_APP_URL").as_deref(), Some("${APPMANAGE_URL}"));
    assert_eq!(value("RELAY_HOST").as_deref(), Some("${APPMANAGE_HOST}"));
    assert_eq!((variable(&draft, "UPSTREAM_URL").kind, value("UPSTREAM_URL")), (Kind::Text, None));
    let web = draft.web.as_ref().expect("its port is a number in the compose file");
    assert_eq!((&web.port, web.is_http), (&WebPort::Published(4000), true));
}

#[test]
fn what_only_a_script_makes_is_asked_for_or_said() {
    let read_with = |service: &str| {
        let (folder, tree) = catalog(ABOUT, &[("1", FORM, &format!("{COMPOSE}{service}"))]);
        let scripts = folder.path().join("apps/blog/1/scripts");
        fs::create_dir_all(&scripts).expect("made");
        fs::write(scripts.join("init.sh"), "echo ENGINE=x >> .env; echo A=1 > data/more.env")
            .expect("written");
        one_panel::read(&tree, "blog")
    };
    let asked = read_with("    environment: ['A=${ENGINE}', 'B=${OTHER}', 'C=${ENGINE_2:-d}']\n");
    let asked = asked.expect("it can be read").swap_remove(0);
    let engine = variable(&asked, "ENGINE");
    assert_eq!((engine.kind, &engine.default, engine.optional), (Kind::Text, &None, false));
    assert!(!asked.block.variables.iter().any(|variable| variable.name.starts_with("OTHER")));
    let error = read_with("    env_file: [./data/more.env]\n").expect_err("the file is missing");
    assert!(error.to_string().contains("reads data/more.env"), "{error}");
}

#[test]
fn a_secret_that_its_script_makes_up_is_made_here() {
    let form = format!(
        "{FORM}    - {{ default: '', envKey: PANEL_DB_HOST, type: service, key: postgresql, required: true }}\n    - {{ default: blog, \
         envKey: PANEL_DB_USER_PASSWORD, type: password, random: true, required: true }}\n"
    );
    let service = "    env_file: [./data/key.env]\n    environment: ['S=${APP_SECRET}', 'P=${PANEL_DB_USER_PASSWORD}', \
                   'T=${KIND}', 'H=${PANEL_DB_HOST}', 'O=${OTHER}']\n";
    let kind =
        "    - { default: sql, envKey: KIND, type: text }\n    - { default: z, envKey: OTHER, type: text }\n";
    let (folder, tree) = catalog(ABOUT, &[("1", &(form + kind), &format!("{COMPOSE}{service}"))]);
    let version = folder.path().join("apps/blog/1");
    fs::create_dir_all(version.join("scripts")).expect("made");
    fs::create_dir_all(version.join("data")).expect("made");
    fs::write(version.join("data/key.env"), "BLOG_MASTERKEY=\nLEFT=\nSET=1\n").expect("written");
    let script = "KEY=$(tr -dc a-z </dev/urandom | head -c 40)\necho APP_SECRET=$KEY >> .env\n\
                  echo BLOG_MASTERKEY=$KEY > data/key.env\nsed -i s/^KIND=.*/KIND=pg/ .env\n\
                  sed -i s/^OTHER=x/OTHER=y/ .env\n";
    fs::write(version.join("scripts/init.sh"), script).expect("written");
    let draft = one_panel::read(&tree, "blog").expect("it can be read").swap_remove(0);
    for name in ["APP_SECRET", "BLOG_MASTERKEY"] {
        let secret = variable(&draft, name);
        assert_eq!(
            (secret.kind, &secret.shape),
            (Kind::Secret, &Some(ShapeBlock::Alphanumeric(40))),
            "{name}"
        );
    }
    let environment = at(&draft, "services/blog/environment").as_array().expect("a list");
    assert_eq!(environment.last().and_then(Value::as_str), Some("BLOG_MASTERKEY=${BLOG_MASTERKEY}"));
    assert!(draft.remarks.iter().any(|remark| remark.starts_with("KIND stays sql")), "{:?}", draft.remarks);
    assert!(!draft.remarks.iter().any(|remark| remark.starts_with("OTHER stays")), "{:?}", draft.remarks);
}

#[test]
fn an_address_with_a_gap_is_asked_for_and_the_administrators_password_is_the_login() {
    let draft = with(
        "    - { default: 'http://<server>:80/x', envKey: IMAGES, type: text, rule: paramExtUrl, required: true }\n\
         \u{20}   - { default: guest, envKey: GUEST_PASSWORD, type: password, required: true }\n\
         \u{20}   - { default: boss, envKey: THE_BOSS, type: text, label: { en: Admin User } }\n\
         \u{20}   - { default: boss1, envKey: PASSWORD_ADMIN, type: password, required: true }\n",
        "    environment: ['A=${IMAGES}', 'B=${GUEST_PASSWORD}', 'C=${PASSWORD_ADMIN}']\n",
    );
    let images = variable(&draft, "IMAGES");
    assert_eq!((&images.default, images.optional), (&None, false));
    let login = draft.block.login.expect("it has one");
    assert_eq!((&*login.user_name, login.password_variable.as_deref()), ("boss", Some("PASSWORD_ADMIN")));
}

#[test]
fn a_password_that_the_form_only_shows_is_the_one_that_the_app_has_built_in() {
    let draft = with(
        "    - { default: admin, envKey: THE_ADMIN, type: text, disabled: true, label: { en: Admin User } }\n\
         \u{20}   - { default: Blog@123456, envKey: ADMIN_PASSWORD, type: text, disabled: true }\n\
         \u{20}   - { default: www.example.com, envKey: SITE, type: text, rule: paramExtUrl, required: true }\n",
        "    environment: ['S=${SITE}']\n",
    );
    assert!(variable(&draft, "SITE").default.is_none(), "it is asked for");
    let login = draft.block.login.clone().expect("it has one");
    assert_eq!((&*login.user_name, login.password.as_deref()), ("admin", Some("Blog@123456")));
    let translation = draft.finish().expect("it is translated");
    assert!(translation.compose.contains("password: Blog@123456"), "{}", translation.compose);
    assert!(!translation.compose.contains("name: ADMIN_PASSWORD"), "{}", translation.compose);
}

#[test]
fn an_agent_beside_the_app_that_would_own_the_host_is_left_out() {
    let agent = "  agent: { image: example/agent, privileged: true, depends_on: [blog] }\n";
    let draft = with("", &format!("    ports: ['1:1']\n{agent}"));
    assert!(draft.compose["services"].get("agent").is_none(), "{:#?}", draft.compose);
    assert!(draft.remarks[0].contains("agent is left out"), "{:?}", draft.remarks);
}

const DATABASE: &str = "
    - { type: apps, envKey: PANEL_DB_TYPE, default: KIND, required: true, label: { en: Database },
        values: [{ label: A, value: KIND }], child: { envKey: PANEL_DB_HOST, type: service, required: true } }
    - { type: text, envKey: PANEL_DB_NAME, default: word, random: true, required: true }
    - { type: text, envKey: PANEL_DB_USER, default: '', random: true, required: true }
    - { type: password, envKey: PANEL_DB_USER_PASSWORD, default: word, random: true, required: true }
";

const USES_DATABASE: &str = "    depends_on: [other]
    environment:
      URL: ${PANEL_DB_TYPE}://${PANEL_DB_USER}:${PANEL_DB_USER_PASSWORD}@${PANEL_DB_HOST}:${PANEL_DB_PORT}/${PANEL_DB_NAME}
    networks: [1panel-network]
  other: { image: example/other }
";

#[test]
fn a_database_that_is_asked_for_is_started_beside_the_app() {
    for (kind, service, port) in [("mysql", "mysql", "3306"), ("postgres", "postgresql", "5432")] {
        let draft = with(&DATABASE.replace("KIND", kind), USES_DATABASE);
        let value = |name| draft.values[name].clone();
        assert_eq!(
            ["PANEL_DB_TYPE", "PANEL_DB_HOST", "PANEL_DB_PORT", "PANEL_DB_NAME", "PANEL_DB_USER"].map(value),
            [kind, service, port, "word", "blog"]
        );
        assert_eq!(variable(&draft, "PANEL_DB_USER_PASSWORD").kind, Kind::Secret);
        let environment = at(&draft, &format!("services/{service}/environment")).to_string();
        assert!(environment.contains("\"word\"") && environment.contains("\"blog\""), "{environment}");
        assert!(environment.contains("${PANEL_DB_USER_PASSWORD}"), "{environment}");
        assert_eq!(at(&draft, &format!("services/blog/depends_on/{service}/condition")), "service_healthy");
        assert_eq!(at(&draft, "services/blog/depends_on/other/condition"), "service_started");
        assert_eq!(at(&draft, &format!("services/{service}/networks/0")), "1panel-network");
        assert!(at(&draft, "services/other").get("depends_on").is_none());
        assert_eq!(at(&draft, &format!("volumes/{service}")), &Value::Null);
    }
}

#[test]
fn a_cache_gets_the_password_that_the_panel_would_tell() {
    let form = "
    - { type: service, key: redis, envKey: CACHE_HOST, required: true, label: { en: Redis } }
    - { type: text, envKey: PANEL_REDIS_ROOT_PASSWORD, default: '', disabled: true, required: false }
";
    let uses = "    environment: ['REDIS=redis://:${PANEL_REDIS_ROOT_PASSWORD}@${CACHE_HOST}:6379']\n";
    let draft = with(form, uses);
    assert_eq!(variable(&draft, "PANEL_REDIS_ROOT_PASSWORD").kind, Kind::Secret);
    assert_eq!(at(&draft, "services/redis/environment/REDISCLI_AUTH"), "${PANEL_REDIS_ROOT_PASSWORD}");
    assert_eq!(draft.values["CACHE_HOST"], "redis");
}

#[test]
fn a_container_that_gets_the_whole_env_file_gets_what_the_panel_would_tell() {
    let draft = with(&DATABASE.replace("KIND", "mysql"), &format!("    env_file: [./.env]\n{USES_DATABASE}"));
    assert_eq!(variable(&draft, "PANEL_DB_HOST").value.as_deref(), Some("mysql"));
    assert_eq!(variable(&draft, "CONTAINER_NAME").value.as_deref(), Some("blog"));
}

#[test]
fn another_app_that_is_no_database_is_said_to_be_needed() {
    let form = format!("additionalProperties:\n  formFields:\n{}", DATABASE.replace("KIND", "openresty"));
    let compose = format!("services:\n  blog:\n    image: a:1\n{USES_DATABASE}");
    let error = read(ABOUT, &[("1", &form, &compose)]).expect_err("it cannot be started");
    assert_eq!(
        error.to_string(),
        "it cannot be carried out here: it needs another app that is installed (Database: openresty)"
    );
}

/// Reads a catalog with that in the place of one of its three files; whatever comes of it, a panic is not.
fn read_damaged(which: usize, text: &str) {
    let form = format!("{FORM}{}", DATABASE.replace("KIND", "mysql"));
    let mut files = [ABOUT, &form, &format!("{COMPOSE}{USES_DATABASE}")].map(str::to_owned);
    text.clone_into(&mut files[which]);
    let [about, form, compose] = &files;
    let (_folder, tree) = catalog(about, &[("1.0", form, compose), ("2.0", FORM, COMPOSE)]);
    for (_, translated) in Format::OnePanel.translate(&tree, "blog") {
        drop(translated);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_text_makes_the_reader_panic(which in 0_usize..3, text in "(?s:.){0,200}") {
        read_damaged(which, &text);
    }

    #[test]
    fn a_damaged_file_is_an_error_or_a_package(
        which in 0_usize..3,
        at in any::<proptest::sample::Index>(),
        length in 0_usize..40,
        insert in r#"[ -~\n]{0,6}|\$\{[A-Z]{1,2}[:?-]*\}|: \{|&a |\*a|<<: |- |null|\[\]"#,
    ) {
        let form = format!("{FORM}{}", DATABASE.replace("KIND", "mysql"));
        let compose = format!("{COMPOSE}{USES_DATABASE}");
        let mut text = [ABOUT, &form, &compose][which].to_owned();
        let near = at.index(text.len());
        let start = (near..=text.len()).find(|place| text.is_char_boundary(*place)).unwrap_or(0);
        let end = (start + length..=text.len()).find(|place| text.is_char_boundary(*place)).unwrap_or(text.len());
        text.replace_range(start..end, &insert);
        read_damaged(which, &text);
    }
}
