//! What is read of apps whose files say a thing twice, leave it empty, or only hint at it, by small stores of others.

use std::fs;

use serde_json::Value;

use crate::formats::{Format, Tree};
use crate::yaml;

/// The compose file that the package of that app has, of a store of those files.
fn package(format: Format, app: &str, files: &[(&str, &str)]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    let (name, translated) = format.translate(&Tree::new(folder.path()), app).swap_remove(0);
    let translation = translated.unwrap_or_else(|error| panic!("{name}: {error}"));
    translation.package().unwrap_or_else(|error| panic!("{name}: {error}"));
    yaml::from_str(&translation.compose).expect("a compose file")
}

#[test]
fn a_domain_of_casaos_that_the_file_describes_is_its_users_to_set() {
    for domain in ["APP_DOMAIN", "domain"] {
        let text = format!(
            "name: notes
services:
  notes:
    image: example/notes:1
    ports: ['8085:80']
    environment: {{ {domain}: notes.example.com }}
    x-casaos: {{ envs: [{{ container: {domain}, description: {{ en_US: Where it is }} }}] }}
x-casaos: {{ main: notes, port_map: '8085', title: {{ en_US: Notes }}, tagline: {{ en_US: Notes }} }}
"
        );
        let package = package(Format::CasaOs, "Notes", &[("Apps/Notes/docker-compose.yml", &text)]);
        assert_eq!(package["services"]["notes"]["environment"][domain], format!("${{{domain}}}"));
    }
}

/// The package of an app of 1Panel with those fields, those lines of its service, and those files besides.
fn one_panel(fields: &[&str], service: &str, more: &[(&str, &str)]) -> Value {
    let fields: String = fields.iter().map(|field| format!("    - {{ {field} }}\n")).collect();
    let form = format!("additionalProperties:\n  formFields:\n{fields}");
    let compose = format!("services:\n  blog:\n    image: example/blog:1\n{service}");
    let about = "name: Blog\nadditionalProperties: { key: blog, name: Blog, type: website }\n";
    let files = [
        ("apps/blog/data.yml", about),
        ("apps/blog/1/data.yml", &form),
        ("apps/blog/1/docker-compose.yml", &compose),
    ];
    package(Format::OnePanel, "blog", &[&files, more].concat())
}

#[test]
fn a_password_of_1panel_that_nothing_uses_is_told_only_where_it_is_whole() {
    let login = |password: &str| {
        let password = format!("envKey: ADMIN_PASSWORD, type: password, {password}");
        let user = "envKey: ADMIN_USER, type: text, default: boss";
        one_panel(&[user, &password], "    tty: true\n", &[])["x-appmanage"]["login"].clone()
    };
    let untold = [
        "default: '', random: true",
        "default: '', required: true",
        "default: pw_, random: true, required: true",
    ];
    for password in untold {
        assert_eq!(login(password), Value::Null, "{password}");
    }
    assert_eq!(login("default: Blog@123456, required: true")["password"], "Blog@123456");
}

#[test]
fn what_compose_sets_stays_where_a_file_of_1panel_leaves_it_empty() {
    let field = "envKey: PANEL_DB_USER_PASSWORD, type: password, default: blog, random: true, required: true";
    let more = [
        ("apps/blog/1/blog.env", "DB_PASSWORD=\nMODE=\nLEFT=\n"),
        ("apps/blog/1/scripts/init.sh", "echo DB_PASSWORD=x MODE=y LEFT=z > blog.env\n"),
    ];
    let as_map = "{ DB_PASSWORD: '${PANEL_DB_USER_PASSWORD}', MODE: prod }";
    for environment in [as_map, "['DB_PASSWORD=${PANEL_DB_USER_PASSWORD}', MODE=prod]"] {
        let service = format!("    env_file: ./blog.env\n    environment: {environment}\n");
        let package = one_panel(&[field], &service, &more);
        let environment = &package["services"]["blog"]["environment"];
        let value = |name: &str| match environment {
            Value::Array(list) => {
                let of_name: Vec<&str> = list
                    .iter()
                    .filter_map(|line| line.as_str()?.strip_prefix(name)?.strip_prefix('='))
                    .collect();
                of_name.join(" and ")
            }
            map => map[name].as_str().unwrap_or_default().to_owned(),
        };
        assert_eq!(value("DB_PASSWORD"), "${PANEL_DB_USER_PASSWORD}");
        assert_eq!((value("MODE"), value("LEFT")), ("prod".to_owned(), "${LEFT}".to_owned()));
    }
}
