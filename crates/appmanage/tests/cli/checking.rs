//! `catalog check`, on a catalog of our own format and with a docker that says what the test wants.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::run::{LANGUAGES, Piped, finished};

/// Says of a project what its file asks it to say.
const DOCKER: &str = r#"
if [ "$2" = version ]; then echo 2.40.3; exit; fi
for argument; do
    if [ "$before" = --project-directory ]; then folder=$argument; fi
    before=$argument
done
if grep -q additional "$folder/compose.yaml"; then
    echo 'services.web additional properties "additional" not allowed' >&2
    exit 1
fi
if grep -q LIMIT "$folder/compose.yaml" && ! grep -q '^LIMIT=.\?1024m' "$folder/.env"; then
    echo 'LIMIT is not what it should be' >&2
    exit 1
fi
if grep -q PRIVILEGED "$folder/compose.yaml"; then more=', "privileged": true'; fi
if grep -q UNSET "$folder/compose.yaml"; then
    echo 'time="2026" level=warning msg="The \"UNSET\" variable is not set. Defaulting to a blank string."' >&2
fi
echo "{\"services\": {\"web\": {\"image\": \"web:1\" $more}}}"
"#;

/// A catalog with a package for each outcome.
fn catalog() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let package = |name: &str, variables: &str, service: &str| {
        let text = format!(
            "x-appmanage:
  trademark: {name}
  description: {{ zh: 测试, en: Test }}
  categories: [test]
  versions: [{{ name: '2' }}]
  variables: [{variables}]
  main: {{ service: web, port: 80, http: {{}} }}
services:
  web:
    image: web:1
    ports: ['8080:80']
{service}"
        );
        let folder = folder.path().join("packages").join(name);
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join("compose.yaml"), text).expect("written");
    };
    let asked = "{ name: TOKEN_OF_YOURS, kind: text, label: { zh: 令牌, en: Token } }";
    package("asking", asked, "    environment: { TOKEN: '${TOKEN_OF_YOURS}' }\n");
    package("hello", "", "");
    package("malformed", "", "    additional: 1\n");
    package("mighty", "", "    environment: { A: PRIVILEGED }\n");
    package("undeclared", "", "    environment: { A: '${NOBODY}' }\n");
    package("unset", "", "    environment: { A: UNSET }\n");
    folder
}

fn check(folder: &Path, language: &str, options: &str) -> Piped {
    let programs = tempfile::tempdir().expect("a folder");
    testkit::programs::script(&programs.path().join("docker"), DOCKER);
    let mut command = Command::new(env!("CARGO_BIN_EXE_appmanage"));
    command
        .args(["catalog", "check"])
        .arg(folder)
        .args(options.split_whitespace())
        .env_clear()
        .env("LANG", language)
        .env("HOME", "/nowhere")
        .env("TMPDIR", programs.path())
        .env("PATH", format!("{}:/usr/bin:/bin", programs.path().display()));
    let ended = finished(command);
    let left = fs::read_dir(programs.path()).expect("it is there").count();
    assert_eq!(left, 1, "something is left of it");
    ended
}

#[test]
fn a_catalog_looks_as_it_should() {
    let catalog = catalog();
    let mut page = String::new();
    for (language, options) in [(LANGUAGES[0], ""), (LANGUAGES[1], ""), (LANGUAGES[0], "--output json")] {
        let Piped { stdout, stderr, code } = check(catalog.path(), language, options);
        page.push_str(&format!("──── {language} {options} ──── exit {code:?}\n{stdout}{stderr}\n"));
    }
    insta::assert_snapshot!("catalog-check", page);
}

#[test]
fn what_is_sound_ends_well() {
    let catalog = catalog();
    for name in ["malformed", "undeclared", "unset"] {
        fs::remove_dir_all(catalog.path().join("packages").join(name)).expect("removed");
    }
    let checked = check(catalog.path(), LANGUAGES[0], "--format appmanage");
    assert_eq!((checked.code, &*checked.stderr), (Some(0), ""), "{}", checked.stdout);
}

#[test]
fn a_name_is_the_first_apps_whose_package_can_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    for (app, image) in [("One", ""), ("Two", "image: web:1"), ("Three", "image: web:2")] {
        let folder = folder.path().join("Apps").join(app);
        fs::create_dir_all(&folder).expect("made");
        let text = format!(
            "name: notes\nservices:\n  web:\n    restart: always\n    {image}\nx-casaos: {{ main: web, title: {{ en_us: Notes }} }}\n"
        );
        fs::write(folder.join("docker-compose.yml"), text).expect("written");
    }
    let checked = check(folder.path(), LANGUAGES[0], "--output json");
    let answer: serde_json::Value = serde_json::from_str(&checked.stdout).expect("it is JSON");
    let outcomes: Vec<_> = answer["packages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|package| (package["app"].as_str(), package["outcome"].as_str(), package["reasons"][0].as_str()))
        .map(|(app, outcome, reason)| [app, outcome, reason].map(Option::unwrap_or_default))
        .collect();
    let expected = [
        ["One", "unreadable", "it cannot be read: its service web has no image"],
        ["Three", "installable", ""],
        ["Two", "unreadable", "the app \"Three\" is called \"notes\" already"],
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn values_are_written_as_the_package_has_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = folder.path().join("packages/limited");
    fs::create_dir_all(&package).expect("made");
    let text = "x-appmanage:
  trademark: Limited
  description: { zh: 测试, en: Test }
  categories: [test]
  versions: [{ name: '2' }]
  variables: [{ name: LIMIT, kind: text, label: { zh: 内存, en: Memory }, default: 1024m }]
services:
  web:
    image: web:1
    mem_limit: ${LIMIT}
";
    fs::write(package.join("compose.yaml"), text).expect("written");
    let checked = check(folder.path(), LANGUAGES[0], "");
    assert_eq!((checked.code, &*checked.stderr), (Some(0), ""), "{}", checked.stdout);
}

#[test]
fn what_is_no_catalog_is_said_to_be_none() {
    let nothing = tempfile::tempdir().expect("a folder");
    for (folder, options, said) in [
        (nothing.path(), "", "it is written in no known format"),
        (nothing.path(), "--format umbrel", "there is no such format; there are appmanage, websoft9"),
        (Path::new("/nowhere"), "", "the folder cannot be read"),
    ] {
        let checked = check(folder, LANGUAGES[0], options);
        assert_eq!((checked.code, &*checked.stdout), (Some(2), ""));
        assert!(checked.stderr.contains(said), "{}", checked.stderr);
    }
}
