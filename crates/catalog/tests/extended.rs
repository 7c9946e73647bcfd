//! What a package may bring beside its compose file, and the kinds of variables that other catalogs need.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use catalog::PackageCatalog;
use control::ports::Catalog as _;
use domain::Package;
use domain::package::{IconKind, SecretShape, Speaks, VariableKind};

/// A package that uses everything.
const GOOD: &str = r#"
x-appmanage:
  trademark: Notes
  description: { zh: "笔记\n共 $$5", en: "Notes,\nfor $$5" }
  categories: [office]
  website: https://notes.example/
  architectures: [amd64, arm64]
  versions: [{ name: latest, variables: { TAG: latest } }, { name: "2", variables: { TAG: "2" } }]
  variables:
    - { name: key, kind: secret, shape: { hex: 64 }, label: { zh: 密钥, en: Key } }
    - { name: anon_key, kind: secret, shape: { jwt: { key: key, claims: { role: anon } } }, label: { zh: 令牌, en: Token } }
    - { name: id, kind: secret, shape: uuid, label: { zh: 号, en: Id } }
    - { name: OWNER, kind: text, label: { zh: 所有者, en: Owner } }
    - { name: SMTP, kind: text, optional: true, label: { zh: 邮件, en: Mail } }
    - { name: MODE, kind: choice, default: dark, label: { zh: 模式, en: Mode },
        options: [{ value: dark }, { value: light, label: { zh: 亮, en: Light } }] }
    - { name: METRICS, kind: port, of: { service: notes, port: 9000 }, label: { zh: 端口, en: Port } }
    - { name: DSN, kind: derived, value: "db://${key}@${APPMANAGE_AUTHORITY}/${DB_NAME}?$$", label: { zh: 库, en: Base } }
    - { name: BOTH, kind: derived, value: "${DSN}/${METRICS}", label: { zh: 二, en: Both } }
  main: { service: notes, port: 443, http: { tls: true } }
  login: { user_variable: OWNER, password: changeme }
services:
  notes:
    image: example/notes:${TAG}
    env_file: [./.env, files/more.env]
    ports: ["443", "9000"]
    volumes: ["./files/notes.conf:/etc/notes.conf"]
"#;

const ENV: &str =
    "# Names\r\nDB_NAME=notes # theirs\r\nOWNER=\r\nFULL=\"${DB_NAME}-${OWNER}-${MORE:-x}\"\r\n";

struct Place(tempfile::TempDir);

impl Place {
    /// The good package, with that in the place of this.
    fn with(from: &str, to: &str) -> Self {
        assert!(GOOD.contains(from), "{from:?} is not in the good package");
        let place = Self(tempfile::tempdir().expect("a folder can be made"));
        place.put("compose.yaml", GOOD.replacen(from, to, 1));
        place.put(".env", ENV);
        place.put("files/more.env", "A=1\n");
        place.put("files/conf/notes.conf", "x");
        place
    }

    fn put(&self, file: &str, content: impl AsRef<[u8]>) {
        let path = self.0.path().join("notes").join(file);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
        fs::write(path, content).expect("a file can be written");
    }

    fn remove(&self, file: &str) {
        fs::remove_file(self.0.path().join("notes").join(file)).expect("it is there");
    }

    fn package(&self) -> Result<std::sync::Arc<Package>, String> {
        let loaded = PackageCatalog::load(Some(self.0.path()), "/nowhere");
        let reason = loaded.broken.first().map(|broken| broken.reason.to_string());
        reason.map_or_else(|| Ok(loaded.catalog.find("notes@local").expect("it is there")), Err)
    }
}

fn kind<'a>(package: &'a Package, name: &str) -> &'a VariableKind {
    &package.variables.iter().find(|variable| variable.name == name).expect("it is declared").kind
}

#[test]
fn everything_that_a_package_brings_is_read() {
    let place = Place::with("Notes", "Notes");
    place.put("icon.png", b"\x89PNG\r\n\x1a\n...");
    let program = place.0.path().join("notes/files/start.sh");
    place.put("files/start.sh", "#!/bin/sh");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("it is ours");
    let package = place.package().expect("it is sound");
    assert_eq!(
        (package.catalog.as_str(), package.website.as_deref()),
        ("local", Some("https://notes.example/"))
    );
    assert_eq!((package.architectures.len(), package.description.en.as_str()), (2, "Notes,\nfor $5"));
    assert_eq!(package.env.as_ref().map(domain::EnvFile::text), Some(ENV));
    let files: Vec<_> = package.files.iter().map(|file| (file.path.as_str(), file.is_executable)).collect();
    assert_eq!(files, [("conf/notes.conf", false), ("more.env", false), ("start.sh", true)]);
    assert_eq!(package.icon.as_ref().map(|icon| icon.kind), Some(IconKind::Png));
    assert_eq!(package.requirements, domain::package::Requirements::default());
    assert_eq!(package.version("latest").map(|version| version.variables["TAG"].as_str()), Some("latest"));
    let main = package.main.as_ref().expect("it has one");
    assert!(matches!(main.speaks, Speaks::Http { tls: true, .. }));
    assert_eq!(*kind(&package, "key"), VariableKind::Secret { shape: SecretShape::Hex(64) });
    assert!(
        matches!(kind(&package, "anon_key"), VariableKind::Token { claims, .. } if claims == r#"{"role":"anon"}"#)
    );
    let required: Vec<_> = package
        .variables
        .iter()
        .filter(|variable| variable.kind.is_required())
        .map(|v| v.name.as_str())
        .collect();
    assert_eq!(required, ["OWNER"]);
    assert!(package.images("2").contains(&"example/notes:2".to_owned()));
}

/// What is replaced, by what, and the beginning of the reason that follows.
const BROKEN: &[(&str, &str, &str)] = &[
    ("https://notes.example/", "notes.example", "x-appmanage.website is no address"),
    ("[amd64, arm64]", "[\"a b\"]", "x-appmanage.architectures names \"a b\""),
    ("hex: 64", "hex: 4", "x-appmanage.variables[0].shape asks for 4; write 8 to 512"),
    ("hex: 64", "base64: 1000", "x-appmanage.variables[0].shape asks for 1000; write 6 to 384"),
    ("hex: 64", "rot13: 9", "compose.yaml: unknown variant `rot13`"),
    ("key: key,", "key: id2,", "variable anon_key is signed with \"id2\", which is no secret"),
    ("key: key,", "key: anon_key,", "variable anon_key is signed with \"anon_key\", which is no secret"),
    ("claims: { role: anon }", "claims: anon", "x-appmanage.variables[1].shape.jwt.claims is no object"),
    (
        "optional: true",
        "optional: true, default: x",
        "x-appmanage.variables[4].optional is not for this kind",
    ),
    ("default: dark", "default: black", "x-appmanage.variables[5].default is not what its kind needs"),
    ("{ value: dark }", "{ value: light }", "x-appmanage.variables[5].options[1] has the value \"light\""),
    (
        "kind: choice",
        "kind: text",
        "x-appmanage.variables[5].options is not for this kind; write it for a choice",
    ),
    ("port: 9000 }", "port: 9001 }", "variable METRICS tells of tcp port 9001 of \"notes\", which is not"),
    ("port: 9000 }", "port: 9000, udp: true }", "variable METRICS tells of udp port 9000"),
    ("of: { service: notes, port: 9000 }, ", "", "x-appmanage.variables[6].of is missing"),
    ("${DB_NAME}?", "${DB_HOST}?", "variable DSN is made of \"DB_HOST\", whose value is not known"),
    ("${DB_NAME}?", "${FULL}?", "variable DSN is made of \"FULL\", whose value is not known"),
    ("${DB_NAME}?", "${BOTH}?", "variable DSN is made of itself"),
    ("${DB_NAME}?", "$DB_NAME?", "x-appmanage.variables[7].value is no template"),
    ("user_variable: OWNER", "user_variable: key", "x-appmanage.login.user_variable names \"key\""),
    (
        "user_variable: OWNER",
        "user_variable: OWNER, user_name: me",
        "x-appmanage.login.user_name stands beside",
    ),
    ("password: changeme", "password: x, password_variable: key", "x-appmanage.login.password stands beside"),
    ("files/more.env", "../more.env", "services.notes.env_file names \"../more.env\"; name .env"),
    ("files/more.env", "files/../.env", "services.notes.env_file names \"files/../.env\""),
    ("files/more.env", "files/other.env", "files/other.env is not there, but a service"),
    (
        "    ports: [\"443\"",
        "    environment: [HTTPS_PROXY]\n    ports: [\"443\"",
        "variable HTTPS_PROXY is used but not declared",
    ),
    (
        "    ports: [\"443\"",
        "    environment: { HTTPS_PROXY: }\n    ports: [\"443\"",
        "variable HTTPS_PROXY is used but not declared",
    ),
    (
        "    ports: [\"443\"",
        "    environment: [APPMANAGE_INSTALL]\n    ports: [\"443\"",
        "variable APPMANAGE_INSTALL is used but not declared",
    ),
    (
        "env_file: [./.env, files/more.env]",
        "<<: { env_file: /etc/passwd }",
        "services.notes.env_file names \"/etc/passwd\"",
    ),
    ("for $$5", "for $5", "x-appmanage.description.en has a $"),
];

#[test]
fn every_broken_rule_has_a_reason_that_says_where_and_what_to_do() {
    for (from, to, expected) in BROKEN {
        let reason = Place::with(from, to).package().expect_err(to);
        assert!(reason.starts_with(expected), "{to:?} for {from:?}: {reason}");
        assert!(!reason.contains('\n'), "one line: {reason}");
    }
}

#[test]
fn derived_variables_that_would_fill_the_memory_are_refused() {
    let line = |number: usize, value: &str| {
        format!(
            "    - {{ name: D{number}, kind: derived, value: \"{value}\", label: {{ zh: 数, en: D }} }}\n"
        )
    };
    let chain: String = (1..40).map(|n| line(n, &format!("${{D{}}}${{D{}}}", n - 1, n - 1))).collect();
    let place = Place::with("  main:", &format!("{}{chain}  main:", line(0, "${OWNER}")));
    let reason = place.package().expect_err("it would be of terabytes");
    assert!(reason.starts_with("variable D7 is made of too much"), "{reason}");
}

#[test]
fn lines_of_env_that_are_not_the_packages_business_are_refused() {
    for (env, expected) in [
        ("COMPOSE_PROFILES=all", ".env sets COMPOSE_PROFILES; leave it out"),
        ("DOCKER_HOST=tcp://192.0.2.1:1", ".env sets DOCKER_HOST"),
        ("A=1\nexport APPMANAGE_URL: x", ".env sets APPMANAGE_URL"),
        ("PATH=/x", ".env sets PATH"),
        ("A=1\nno value here\n", ".env has no NAME=value in line 2"),
        ("A='open", ".env has no NAME=value in line 1"),
        ("A=${B}\nB=1", ".env uses B in the value of A, where it has no value yet"),
        ("A=$UNKNOWN", "variable UNKNOWN is used but not declared"),
    ] {
        let place = Place::with("${DB_NAME}?", "?");
        place.put(".env", env);
        let reason = place.package().expect_err(env);
        assert!(reason.starts_with(expected), "{env}: {reason}");
    }
    let place = Place::with("${DB_NAME}?", "?");
    place.put(".env", "A=$MODE-${APPMANAGE_URL}-${TAG}\nB='$UNKNOWN'\nC=${UNKNOWN:-x}\nmy.key=1\n");
    place.package().expect("what is declared has a value before every line");
}

#[test]
fn a_variable_under_its_own_name_and_files_with_variables_take_nothing_from_the_server() {
    for (file, text, expected) in [
        (
            ".env",
            "DB_NAME=notes\nOWNER=\nAPPMANAGE_INSTALL\n",
            Some(".env takes APPMANAGE_INSTALL from outside"),
        ),
        (".env", "DB_NAME=notes\nOWNER=${HOME:-x}\n", Some(".env takes HOME from outside")),
        ("files/more.env", "A=1\nDOCKER_HOST\n", Some("files/more.env takes DOCKER_HOST from outside")),
        ("files/more.env", "A=${APPMANAGE_INSTANCE}\n", Some("files/more.env takes APPMANAGE_INSTANCE")),
        ("files/more.env", "A='${PATH}'\nLEFT_OUT\nB=${APPMANAGE_URL}\n", None),
    ] {
        let place = Place::with("Notes", "Notes");
        place.put(file, text);
        match (place.package(), expected) {
            (Err(reason), Some(expected)) => assert!(reason.starts_with(expected), "{reason}"),
            (found, expected) => assert!(found.is_ok() && expected.is_none(), "{text:?}: {found:?}"),
        }
    }
    let named = "    environment: [OWNER, DB_NAME, APPMANAGE_URL]\n    ports: [\"443\"";
    Place::with("    ports: [\"443\"", named).package().expect("each has a value of the app's own");
}

#[test]
fn without_the_whole_env_in_a_service_what_is_declared_must_be_used() {
    let env_only = Place::with("env_file: [./.env, files/more.env]", "command: \"${DB_NAME}\"");
    let reason = env_only.package().expect_err("nothing uses the token");
    assert!(reason.starts_with("variable BOTH is declared but not used"), "{reason}");
    let gone = Place::with("env_file: [./.env, files/more.env]", "command: \"${DB_NAME}\"");
    gone.remove(".env");
    let reason = gone.package().expect_err("nothing gives it a value");
    assert!(reason.contains("DB_NAME"), "{reason}");
}

#[test]
fn files_beyond_the_limits_and_pictures_that_are_none_break_the_package() {
    let place = Place::with("Notes", "Notes");
    place.put("files/large", vec![0; 5 << 20]);
    assert!(place.package().expect_err("too much").starts_with("files holds more"));
    let place = Place::with("Notes", "Notes");
    place.put("icon.webp", "GIF89a");
    assert!(place.package().expect_err("no picture").starts_with("icon.webp is not an WEBP image"));
    let place = Place::with("Notes", "Notes");
    let link = place.0.path().join("notes/files/link");
    std::os::unix::fs::symlink(Path::new("/etc/passwd"), link).expect("a link can be made");
    assert!(place.package().expect("links are left out").files.iter().all(|file| file.path != "link"));
}
