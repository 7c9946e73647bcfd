//! Runtipi's app store, and others of its format: `apps/<app>/config.json` tells of the app and holds its form,
//! `docker-compose.json` says in Runtipi's own words what to run; a few apps have a `docker-compose.yml` only.
//!
//! The form and what Runtipi itself gives to apps are [`super::runtipi_form`]'s, the words of
//! `docker-compose.json` are [`super::runtipi_compose`]'s.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::block::{Block, LoginBlock, VersionBlock};
use crate::formats::addresses::{self, Address};
use crate::formats::environments::entries;
use crate::formats::loose::{self, both, text, text_at, texts};
use crate::formats::runtipi_form::Form;
use crate::formats::{
    Draft, PackagedFile, Tree, Untranslatable, Web, WebPort, bounds, logins, runtipi_compose,
};

const CONFIG: &str = "config.json";
const DYNAMIC: &str = "docker-compose.json";
const PLAIN: &str = "docker-compose.yml";
const DESCRIPTION: &str = "metadata/description.md";
/// Apps that are looked at to tell the format.
const PROBES: usize = 20;
/// How compose files write the folder with the app's data; what the app ships in its `data` is copied there.
const DATA: [&str; 2] = ["${APP_DATA_DIR}", "$APP_DATA_DIR"];
/// Where Runtipi lies, and with it the media that all its apps share: a place outside of the app, which the policy
/// tells of.
const ROOT: &str = "/opt/runtipi";
/// Keys of a service that may tell addresses.
const TELLING: [&str; 3] = ["environment", "command", "entrypoint"];
/// What stands for the app's whole address: its own port as only the server reaches it, and its parts.
const WHOLE: [&str; 4] = [
    "http://localhost:${APP_PORT}",
    "https://localhost:${APP_PORT}",
    "${APP_PROTOCOL:-http}://${APPMANAGE_AUTHORITY}",
    "${APP_PROTOCOL}://${APPMANAGE_AUTHORITY}",
];
/// Where an app's pictures lie.
const LOGOS: [&str; 4] =
    ["metadata/logo.jpg", "metadata/logo.png", "metadata/logo.webp", "metadata/logo.svg"];

/// Whether that is a catalog of this format.
pub(super) fn detect(tree: &Tree) -> bool {
    tree.folders("apps").iter().take(PROBES).any(|app| {
        let config = tree.text(&format!("apps/{app}/{CONFIG}"));
        config.is_ok_and(|text| text.is_some_and(|text| text.contains("\"tipi_version\"")))
    })
}

/// Its apps.
pub(super) fn apps(tree: &Tree) -> Vec<String> {
    tree.folders("apps").into_iter().filter(|name| !name.starts_with('_')).collect()
}

/// The package of an app.
pub(super) fn read(tree: &Tree, app: &str) -> Result<Vec<Draft>, Untranslatable> {
    let folder = tree.below("apps").below(app);
    let config = loose::json(&folder, CONFIG)?
        .ok_or_else(|| Untranslatable::Hidden(format!("{CONFIG} is missing: it is no app")))?;
    for (key, withdrawn, why) in [
        ("deprecated", true, "its catalog has withdrawn it"),
        ("available", false, "its catalog does not offer it at present"),
    ] {
        if config.get(key).and_then(Value::as_bool) == Some(withdrawn) {
            return Err(Untranslatable::Hidden(why.to_owned()));
        }
    }
    let mut remarks = Vec::new();
    let mut compose = compose(&folder, &config, app, &mut remarks)?;
    bounds::check(&compose)?;
    name_other_apps_data(&mut compose, &mut remarks);
    tell_addresses(&mut compose);
    let port = config.get("port").and_then(text).and_then(|port| port.parse::<u16>().ok());
    let web = web(&compose, &config, port);
    let mut form = Form::read(&config, &Value::Object(compose.clone()), &mut remarks)?;
    let main = runtipi_compose::take_main(&mut compose);
    let version = version(&config, &compose, main.as_deref());
    let login = form.login(&entries(&mut compose), main.as_deref()).or_else(|| told_login(&folder, &config));
    let mut values = BTreeMap::from([("ROOT_FOLDER_HOST".to_owned(), ROOT.to_owned())]);
    if web.is_some() {
        values.extend(port.map(|port| ("APP_PORT".to_owned(), port.to_string())));
    }
    Ok(vec![Draft {
        name: app.to_owned(),
        labels: std::mem::take(&mut form.labels),
        block: Block { login, ..block(&config, app, form, version) },
        compose,
        files: data_files(&folder, &mut remarks),
        icon: loose::icon(&folder, LOGOS),
        remarks,
        values,
        data_prefixes: DATA.map(ToOwned::to_owned).to_vec(),
        web,
        ..Draft::default()
    }])
}

/// The compose file. The dynamic one is what Runtipi itself runs, unless the app says that it is not to.
fn compose(
    folder: &Tree,
    config: &Map<String, Value>,
    app: &str,
    remarks: &mut Vec<String>,
) -> Result<Map<String, Value>, Untranslatable> {
    let plain = loose::document(folder, PLAIN);
    let is_dynamic = config.get("dynamic_config").and_then(Value::as_bool) != Some(false);
    if (is_dynamic || !matches!(plain, Ok(Some(_))))
        && let Some(dynamic) = loose::json(folder, DYNAMIC)?
    {
        return runtipi_compose::from_dynamic(&dynamic, app, remarks);
    }
    let missing = || Untranslatable::Unreadable(format!("neither {DYNAMIC} nor {PLAIN} is there"));
    let mut compose = plain?.ok_or_else(missing)?;
    runtipi_compose::publish_marked_port(&mut compose);
    Ok(compose)
}

/// Apps of Runtipi reach each other's data by `..`, which lies beside the app's own: a place of the host.
fn name_other_apps_data(compose: &mut Map<String, Value>, remarks: &mut Vec<String>) {
    let services = compose.get_mut("services").and_then(Value::as_object_mut).into_iter().flatten();
    for volumes in services.filter_map(|(_, service)| service.get_mut("volumes")) {
        loose::each_text(volumes, &mut |path| {
            for data in DATA {
                let beside = format!("{data}/..");
                if path.contains(&beside) {
                    *path = path.replace(&beside, &format!("{ROOT}/app-data"));
                    remarks.push(format!("it works on the data of another app of Runtipi: {path}"));
                }
            }
        });
    }
}

/// An app is told its address as a name behind `https://`, which holds behind Runtipi's proxy only, or as a port of
/// `localhost`, which is nobody's but the server's: here as the address that it really has.
fn tell_addresses(compose: &mut Map<String, Value>) {
    let hosts = BTreeMap::from([("APP_DOMAIN".to_owned(), Address::main())]);
    let services = compose.get_mut("services").and_then(Value::as_object_mut).into_iter().flatten();
    for service in services.filter_map(|(_, service)| service.as_object_mut()) {
        for value in
            service.iter_mut().filter(|(key, _)| TELLING.contains(&key.as_str())).map(|(_, value)| value)
        {
            loose::each_text(value, &mut |text| {
                *text = addresses::settle(text, &hosts);
                for whole in WHOLE {
                    *text = text.replace(whole, Address::main().url());
                }
            });
        }
    }
}

fn block(config: &Map<String, Value>, app: &str, form: Form, version: String) -> Block {
    let trademark = text_at(config, "name").unwrap_or_else(|| app.to_owned());
    let description = ["short_desc", "description"].iter().find_map(|key| text_at(config, key));
    let mut categories = texts(config.get("categories"));
    if categories.is_empty() {
        categories.push("utilities".to_owned());
    }
    let needs_domain = config.get("force_expose").and_then(Value::as_bool) == Some(true);
    let note = || both("It works only behind a domain name with HTTPS: bind one to it after the install.");
    Block {
        description: both(description.unwrap_or_else(|| trademark.clone())),
        categories,
        website: loose::link(config, &["website", "source"]),
        architectures: texts(config.get("supported_architectures")),
        versions: vec![VersionBlock { name: version, ..VersionBlock::default() }],
        variables: form.variables,
        note: needs_domain.then(note),
        trademark,
        ..Block::default()
    }
}

fn version(config: &Map<String, Value>, compose: &Map<String, Value>, main: Option<&str>) -> String {
    let services = compose.get("services").and_then(Value::as_object);
    let service = main.and_then(|main| services?.get(main)).or_else(|| services?.values().next());
    let image = service.and_then(|service| service.get("image")).and_then(text);
    loose::version(text_at(config, "version"), image)
}

/// The login that the app ships with, where its description tells it.
fn told_login(folder: &Tree, config: &Map<String, Value>) -> Option<LoginBlock> {
    let long = folder.text(DESCRIPTION).ok().flatten();
    let texts = long.into_iter().chain(text_at(config, "description"));
    let (user_name, password) = texts.filter_map(|text| logins::told(&text)).next()?;
    let is_plain = !user_name.contains('$') && !password.contains('$');
    is_plain.then(|| LoginBlock { user_name, password: Some(password), ..LoginBlock::default() })
}

/// The port that people use: Runtipi gives its host port as `APP_PORT`.
fn web(compose: &Map<String, Value>, config: &Map<String, Value>, hint: Option<u16>) -> Option<Web> {
    let services = compose.get("services").and_then(Value::as_object).into_iter().flatten();
    let ports: Vec<&Value> = services.filter_map(|(_, service)| service.get("ports")).collect();
    let is_set = |key: &str| config.get(key).and_then(Value::as_bool) == Some(true);
    let published = |port: u16| ports.iter().any(|ports| runtipi_compose::publishes(ports, port));
    let port = if ports.iter().any(|ports| loose::uses(ports, "APP_PORT")) {
        WebPort::Variable("APP_PORT".to_owned())
    } else {
        WebPort::Published(hint.filter(|port| published(*port))?)
    };
    let path = text_at(config, "url_suffix").unwrap_or_default();
    Some(Web {
        service: None,
        port,
        hint,
        path: format!("/{}", path.trim_start_matches('/')),
        is_http: !is_set("no_gui"),
        tls: is_set("https")
            || loose::services(compose).any(|(_, service)| runtipi_compose::speaks_tls(service)),
    })
}

/// What the app ships in its `data`. Runtipi fills in templates (`{{NAME}}`) with what its user chose; here they
/// are as they are where nothing is to be filled in, and else left out, which is said.
fn data_files(folder: &Tree, remarks: &mut Vec<String>) -> BTreeMap<String, PackagedFile> {
    let mut files = BTreeMap::new();
    let mut found = BTreeMap::new();
    loose::collect(folder, "data", &mut found, remarks);
    for (path, file) in found {
        let name = path.rsplit('/').next().unwrap_or_default();
        if matches!(name, ".gitkeep" | ".keep" | ".gitignore") {
            continue;
        }
        match path.strip_suffix(".template") {
            Some(filled) if file.bytes.windows(2).any(|two| two == b"{{") => {
                remarks.push(format!(
                    "{filled} is left out: Runtipi makes it from a template with what its user chose"
                ));
            }
            Some(filled) => {
                files.insert(filled.to_owned(), file);
            }
            None => {
                files.insert(path, file);
            }
        }
    }
    files
}

#[cfg(test)]
#[path = "runtipi_tests.rs"]
mod tests;
