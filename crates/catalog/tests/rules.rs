//! Every rule of docs/packages.md, broken once: the reason names the place and says what to do.

use std::fs;

use catalog::PackageCatalog;
use control::ports::Catalog as _;

/// A package that keeps every rule.
const GOOD: &str = r#"
x-appmanage:
  trademark: Notes
  description: { zh: 笔记, en: Notes }
  categories: [office]
  versions:
    - { name: "2", variables: { NOTES_TAG: "2.1" } }
    - { name: "1", variables: { NOTES_TAG: "1.9" } }
  requirements: { cpu_cores: 1, memory: 16M, disk: 16M }
  variables:
    - { name: PASSWORD, kind: secret, label: { zh: 密码, en: Password } }
    - { name: LIMIT, kind: number, default: 5, label: { zh: 上限, en: Limit } }
  one_shot: [setup]
  main: { service: notes, port: 80, http: { path: /app } }
  patience_seconds: 60
  admin_path: /admin
  login: { user_name: admin, password_variable: PASSWORD }
  note: { zh: 注意, en: Note }
services:
  notes:
    image: example/notes:${NOTES_TAG}
    environment: { PASSWORD: "${PASSWORD}", LIMIT: "${LIMIT}", PRICE: 5$$ }
    ports: ["8080:80"]
    volumes: ["data:/data", "./import:/import"]
    networks: [inner]
  setup:
    image: example/setup:1
networks:
  inner:
volumes:
  data:
"#;

/// What is replaced in [`GOOD`], by what, and the beginning of the reason that follows.
const BROKEN: &[(&str, &str, &str)] = &[
    // The shape of the block.
    ("x-appmanage:", "x-other:", "compose.yaml has no x-appmanage block; see"),
    ("trademark: Notes", "trade: Notes", "compose.yaml: unknown field `trade`"),
    ("trademark: Notes", "trademark: ''", "x-appmanage.trademark is empty"),
    ("zh: 笔记, ", "", "compose.yaml: missing field `zh`"),
    ("zh: 笔记", "zh: ' '", "x-appmanage.description.zh is empty"),
    ("{ zh: 注意, en: Note }", "{ zh: 注意, en: Note, fr: Note }", "compose.yaml: unknown field `fr`"),
    ("[office]", "[]", "x-appmanage.categories is empty"),
    ("memory: 16M", "memory: 16MB", "x-appmanage.requirements.memory is \"16MB\"; write a size"),
    ("disk: 16M", "disk: 16", "x-appmanage.requirements.disk is \"16\""),
    ("cpu_cores: 1", "cpu_cores: -1", "compose.yaml: "),
    ("patience_seconds: 60", "patience_seconds: 0", "x-appmanage.patience_seconds is 0"),
    ("admin_path: /admin", "admin_path: admin", "x-appmanage.admin_path is \"admin\"; write a path"),
    ("path: /app", "ready_path: health", "x-appmanage.main.http.ready_path is \"health\""),
    ("  inner:", "  inner:\n  inner:", "compose.yaml: duplicate mapping key"),
    ("services:", "\tservices:", "compose.yaml: "),
    // Versions and variables.
    ("name: \"1\"", "name: \"2\"", "x-appmanage.versions[1] is another \"2\""),
    ("name: \"1\"", "name: a b", "x-appmanage.versions[1] is called \"a b\""),
    ("\"1.9\"", "\"1.9$\"", "x-appmanage.versions[1] sets NOTES_TAG to \"1.9$\""),
    ("{ NOTES_TAG: \"1.9\" }", "{}", "x-appmanage.versions[1] does not set what the newest"),
    ("name: PASSWORD", "name: pass.word", "x-appmanage.variables[0] has a variable called \"pass.word\""),
    ("name: LIMIT", "name: COMPOSE_FILE", "x-appmanage.variables[1] has a variable called \"COMPOSE_FILE\""),
    ("name: LIMIT", "name: PATH", "x-appmanage.variables[1] has a variable called \"PATH\""),
    ("name: LIMIT", "name: NOTES_TAG", "variable NOTES_TAG is declared twice"),
    ("kind: secret", "kind: secret, default: x", "x-appmanage.variables[0].default is not for this kind"),
    (
        "default: 5",
        "default: five",
        "x-appmanage.variables[1].default is not what its kind needs; write a whole",
    ),
    (
        "kind: number",
        "kind: boolean",
        "x-appmanage.variables[1].default is not what its kind needs; write true",
    ),
    ("kind: number", "kind: text", "x-appmanage.variables[1].default is not what its kind needs; write one"),
    ("kind: number", "kind: float", "compose.yaml: unknown variant `float`"),
    ("\"${LIMIT}\"", "5", "variable LIMIT is declared but not used"),
    ("5$$", "\"${PRICE}\"", "variable PRICE is used but not declared; declare it"),
    ("5$$", "\"${APPMANAGE_NAME}\"", "variable APPMANAGE_NAME is used but not declared"),
    ("5$$", "5$", "services.notes.environment.PRICE has a $ that is not"),
    ("5$$", "\"${LIMIT:-5}\"", "services.notes.environment.PRICE has a $ that is not"),
    ("notes:${NOTES_TAG}", "notes:${LIMIT}-${NOTES_TAG}", "services.notes.image is \"example/notes:${LIMIT}"),
    ("password_variable: PASSWORD", "password_variable: LIMIT", "x-appmanage.login.password_variable names"),
    ("{ user_name: admin, password_variable: PASSWORD }", "{}", "x-appmanage.login.user_name is empty"),
    // Main port and services.
    ("port: 80,", "port: 8080,", "x-appmanage.main names TCP port 8080 of \"notes\", which is not published"),
    ("service: notes", "service: other", "x-appmanage.main names TCP port 80 of \"other\""),
    ("\"8080:80\"", "\"8080:80/udp\"", "x-appmanage.main names TCP port 80"),
    ("\"8080:80\"", "\"8080-8090:80\"", "services.notes.ports[0] is not a port that can be published; write"),
    ("[\"8080:80\"]", "[\"8080:80\", \"8081:80\"]", "services.notes.ports[1] publishes a port twice"),
    ("[\"8080:80\"]", "8080", "services.notes.ports is not a list"),
    ("one_shot: [setup]", "one_shot: [init]", "x-appmanage.one_shot names init, which is no service"),
    ("    image: example/setup:1", "    restart: always", "services.setup.image is missing"),
    ("services:", "services:\n  a b: { image: x }", "services.a b is not a service's name"),
    // What a package cannot carry.
    ("image: example/setup:1", "build: .", "services.setup.build cannot be carried out; name an image"),
    ("    networks:", "    container_name: notes\n    networks:", "services.notes.container_name cannot"),
    (
        "    networks:",
        "    env_file: other.env\n    networks:",
        "services.notes.env_file names \"other.env\"",
    ),
    ("    networks:", "    label_file: .env\n    networks:", "services.notes.label_file cannot"),
    (
        "    networks: [inner]",
        "    network_mode: host",
        "services.notes.ports stands beside network_mode; leave",
    ),
    ("    networks:", "    profiles: [x]\n    networks:", "services.notes.profiles cannot"),
    ("    networks:", "    extends: { service: setup }\n    networks:", "services.notes.extends cannot"),
    ("    networks:", "    deploy: { replicas: 2 }\n    networks:", "services.notes.deploy.replicas cannot"),
    ("services:", "include: [other.yaml]\nservices:", "include cannot be carried out; write it out here"),
    ("services:", "name: notes\nservices:", "name cannot be carried out; leave it out"),
    ("  data:", "  data: { name: other }", "volumes.data.name cannot be carried out"),
    ("  data:", "  data: { external: { name: x } }", "volumes.data.external is not plain; write true"),
    ("  inner:", "  inner: { driver: macvlan }", "networks.inner.driver cannot be carried out"),
    ("  inner:", "  inner: { ipam: {} }", "networks.inner.ipam cannot be carried out; leave it out"),
    (
        "networks: [inner]",
        "networks: [outer]",
        "services.notes.networks uses \"outer\", which is not declared",
    ),
    ("services:", "configs: { c: { file: ./c } }\nservices:", "configs.c needs another file"),
    (
        "\"data:/data\"",
        "\"other:/data\"",
        "services.notes.volumes[0] uses \"other\", which is no declared volume",
    ),
    ("\"data:/data\"", "\"/data\"", "services.notes.volumes[0] has no name"),
];

/// Loads packages of those texts, `case-000` and so on; the reasons of the broken ones by name.
fn reasons(texts: &[String]) -> Vec<Option<String>> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (index, text) in texts.iter().enumerate() {
        let package = folder.path().join(format!("case-{index:03}"));
        fs::create_dir(&package).expect("a folder can be made");
        fs::write(package.join("compose.yaml"), text).expect("a file can be written");
    }
    let broken = PackageCatalog::load(Some(folder.path()), "/nowhere").broken;
    (0..texts.len())
        .map(|index| {
            let name = format!("case-{index:03}");
            broken.iter().find(|broken| broken.package == name).map(|broken| broken.reason.to_string())
        })
        .collect()
}

#[test]
fn the_package_that_the_others_are_made_of_keeps_every_rule() {
    assert_eq!(reasons(&[GOOD.to_owned()]), [None]);
}

/// What a package may do on the host is judged on what compose makes of it, where an administrator can except
/// it: so it is a package, if one that is not installed.
#[test]
fn what_the_policy_judges_is_no_broken_package() {
    let texts = [
        ("    networks:", "    privileged: true\n    networks:"),
        ("    image: example/setup:1", "    image: example/setup:1\n    network_mode: host"),
        ("\"data:/data\"", "\"/etc:/etc\""),
        ("\"data:/data\"", "\"${PASSWORD}:/etc\""),
        ("\"data:/data\"", "{ type: bind, source: /, target: /host }"),
        ("./import", "./../import"),
        ("  data:", "  data: { driver_opts: { type: none, o: bind, device: /etc } }"),
        ("  data:", "  data: { external: true, name: shared }"),
        ("  inner:", "  inner: { external: true, name: shared }"),
    ];
    let texts = texts.map(|(from, to)| {
        assert!(GOOD.contains(from), "{from:?} is not in the good package");
        GOOD.replacen(from, to, 1)
    });
    for (text, reason) in texts.iter().zip(reasons(&texts)) {
        assert_eq!(reason, None, "{text}");
    }
}

#[test]
fn volumes_and_networks_that_are_not_the_apps_own_are_not_among_them() {
    let external = GOOD
        .replace("  inner:", "  inner: { external: true }")
        .replace("  data:", "  data: { external: true }\n  more:");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let package = folder.path().join("notes");
    fs::create_dir(&package).expect("a folder can be made");
    fs::write(package.join("compose.yaml"), external).expect("a file can be written");
    let found =
        PackageCatalog::load(Some(folder.path()), "/nowhere").catalog.find("notes").expect("it is sound");
    assert_eq!(
        (found.volumes.as_slice(), found.networks.as_slice()),
        (&["more".to_owned()][..], &["default".to_owned()][..])
    );
}

#[test]
fn the_example_of_the_documentation_keeps_every_rule() {
    let documentation = include_str!("../../../docs/packages.md");
    let example = documentation.split("```yaml").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(reasons(&[example.expect("there is one").to_owned()]), [None]);
}

#[test]
fn every_broken_rule_has_a_reason_that_says_where_and_what_to_do() {
    let texts: Vec<String> = BROKEN
        .iter()
        .map(|(from, to, _)| {
            assert!(GOOD.contains(from), "{from:?} is not in the good package");
            GOOD.replacen(from, to, 1)
        })
        .collect();
    for ((from, to, expected), reason) in BROKEN.iter().zip(reasons(&texts)) {
        let reason = reason.unwrap_or_else(|| panic!("{to:?} for {from:?} is accepted"));
        assert!(reason.starts_with(expected), "{to:?} for {from:?}: {reason}");
        assert!(!reason.contains('\n'), "one line: {reason}");
    }
}

#[test]
fn a_billion_laughs_are_stopped() {
    let mut text = String::from("x-a0: &a0 [l, l, l, l, l, l, l, l, l, l]\n");
    for level in 1..12 {
        let previous = format!("*a{}", level - 1);
        text.push_str(&format!("x-a{level}: &a{level} [{}]\n", [previous.as_str(); 10].join(", ")));
    }
    text.push_str(GOOD);
    let deep = format!("{GOOD}x-deep: {}1{}\n", "[".repeat(5_000), "]".repeat(5_000));
    for reason in reasons(&[text, deep]) {
        let reason = reason.expect("it is refused");
        assert!(reason.starts_with("compose.yaml: "), "{reason}");
    }
}
