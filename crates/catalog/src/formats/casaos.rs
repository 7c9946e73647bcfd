//! The format of `CasaOS`' app store and of the third-party stores for it: `Apps/<app>/docker-compose.yml`, whose
//! `x-casaos` block tells of the app.
//!
//! What its user may set is [`super::casaos_settings`]'s.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::block::{Block, RequirementsBlock, TextBlock, VersionBlock};
use crate::formats::casaos_settings::Settings;
use crate::formats::interpolation::{Part, parse};
use crate::formats::loose::{self, both, text, text_at, texts};
use crate::formats::{Draft, Icon, Tree, Untranslatable, Web, WebPort, bounds};
use crate::size::parse_bytes;

/// Where a store keeps its apps; the last is for a folder of apps by itself.
const FOLDERS: [&str; 3] = ["Apps", "apps", ""];
/// How an app's file is called; `CasaOS` itself looks for the first.
const COMPOSE_FILES: [&str; 4] = ["docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"];
/// Apps that are looked at to tell the format.
const PROBES: usize = 20;
/// What a large store puts before each of its names.
const NAME_PREFIX: &str = "big-bear-";
/// Where `CasaOS` keeps the data of apps, below its root, which some stores write as a variable.
const ROOT: &str = "/DATA";
const DATA: &str = "/AppData/";
/// Keys of what stores want done on the server around an install, in the app's block and in one of their own.
const COMMANDS: [&str; 2] = ["pre-install-cmd", "post-install-cmd"];
const STORE_BLOCK: &str = "x-compose-app";
const STORE_STEPS: [&str; 3] = ["hooks", "init", "folders"];
/// How an app's picture is called.
const ICONS: [&str; 8] =
    ["icon.svg", "icon.png", "icon.webp", "icon.jpg", "logo.svg", "logo.png", "logo.webp", "logo.jpg"];
/// Keys of `x-casaos` that lead to the web, the best first.
const LINKS: [&str; 4] = ["website", "repo", "docs", "support"];

/// Whether that is a catalog of this format.
pub(super) fn detect(tree: &Tree) -> bool {
    folder_of_apps(tree).is_some()
}

/// Its apps.
pub(super) fn apps(tree: &Tree) -> Vec<String> {
    let folder = folder_of_apps(tree).unwrap_or(FOLDERS[0]);
    tree.folders(folder).into_iter().filter(|name| !name.starts_with('_')).collect()
}

fn folder_of_apps(tree: &Tree) -> Option<&'static str> {
    let is_app = |folder: &Tree| compose_text(folder).is_ok_and(|text| text.contains("x-casaos:"));
    FOLDERS.into_iter().find(|folder| {
        let apps = tree.folders(folder);
        apps.iter().take(PROBES).any(|app| is_app(&tree.below(folder).below(app)))
    })
}

/// Older files tell of an app in the block of its main service, some of them one level deeper.
fn with_what_its_service_says(
    mut about: Map<String, Value>,
    compose: &Map<String, Value>,
    main: Option<&str>,
) -> Map<String, Value> {
    let service = services(compose).find(|(name, _)| Some(name.as_str()) == main);
    let told = service.and_then(|(_, service)| service.get("x-casaos")?.as_object());
    let deeper = told.and_then(|told| told.get("container")?.as_object());
    for (key, value) in told.into_iter().chain(deeper).flatten() {
        if !value.is_null() && about.get(key).is_none_or(Value::is_null) {
            about.insert(key.clone(), value.clone());
        }
    }
    about
}

/// What the store would do around an install, for people; nothing of it is done here.
fn left_undone(compose: &Map<String, Value>, about: &Map<String, Value>) -> Option<String> {
    let of_store = compose.get(STORE_BLOCK).and_then(Value::as_object);
    let has = |block: &Map<String, Value>, key: &str| block.get(key).is_some_and(|step| !step.is_null());
    let commands = COMMANDS.into_iter().filter(|key| has(about, key));
    let steps = STORE_STEPS.into_iter().filter(|key| of_store.is_some_and(|block| has(block, key)));
    let names: Vec<&str> = commands.chain(steps).collect();
    let what = "what that prepares (files, settings, owners of folders) is missing";
    (!names.is_empty()).then(|| format!("nothing of its {} is carried out: {what}", names.join(", ")))
}

fn compose_text(folder: &Tree) -> Result<String, Untranslatable> {
    for file in COMPOSE_FILES {
        if let Some(text) = folder.text(file)? {
            return Ok(text);
        }
    }
    Err(Untranslatable::Hidden(format!("{} is missing: it is no app", COMPOSE_FILES[0])))
}

/// The package of an app.
pub(super) fn read(tree: &Tree, app: &str) -> Result<Vec<Draft>, Untranslatable> {
    // Where this one is: looking for the place of all would list every app for each.
    let places = FOLDERS.map(|place| tree.below(place).below(app));
    let has_compose_file =
        |place: &&Tree| place.files("").iter().any(|file| COMPOSE_FILES.contains(&file.as_str()));
    let folder = places.iter().find(has_compose_file).unwrap_or(&places[0]);
    let mut compose = loose::mapping(COMPOSE_FILES[0], &compose_text(folder)?)?;
    let Some(Value::Object(about)) = compose.remove("x-casaos") else {
        let reason = format!("{} has no x-casaos block, which tells of the app", COMPOSE_FILES[0]);
        return Err(Untranslatable::Unreadable(reason));
    };
    bounds::check(&compose)?;
    let name = name(&compose, app);
    let mut remarks = Vec::new();
    keep_data_with_app(&mut compose, &name, app, &mut remarks);
    let mut files = BTreeMap::new();
    for path in paths_beside(&compose) {
        loose::collect(folder, &path, &mut files, &mut remarks);
    }
    remarks.extend(left_undone(&compose, &about));
    let main = main_service(&compose, &about);
    let about = with_what_its_service_says(about, &compose, main.as_deref());
    let web = web(&compose, &about, main.as_deref());
    let mut block = block(&about, &name);
    let settings = Settings::take(&mut compose, main.as_deref(), web.as_ref(), block.note.as_mut());
    block.versions = vec![version(folder, &compose, &about, main.as_deref())];
    block.requirements = requirements(&compose, main.as_deref());
    block.variables = settings.variables;
    block.login = settings.login;
    let draft = Draft {
        name,
        block,
        compose,
        files,
        icon: icon(folder, &about),
        remarks,
        values: settings.values,
        labels: settings.labels,
        web,
        ..Draft::default()
    };
    Ok(vec![draft])
}

/// The compose project's name, which is what `CasaOS` knows an app by; without what a store puts before all of its,
/// as its folder shows.
fn name(compose: &Map<String, Value>, app: &str) -> String {
    let name = text_at(compose, "name").filter(|name| !name.contains('$')).unwrap_or_else(|| app.to_owned());
    let folder = app.to_lowercase();
    if name.strip_suffix(&folder).is_some_and(|before| before.ends_with('-')) {
        return folder;
    }
    name.strip_prefix(NAME_PREFIX).filter(|rest| !rest.is_empty()).unwrap_or(&name).to_owned()
}

/// What people are told.
fn block(about: &Map<String, Value>, name: &str) -> Block {
    let trademark = about.get("title").and_then(localised).map_or_else(|| name.to_owned(), |title| title.en);
    let says_more = |said: &TextBlock| !said.en.eq_ignore_ascii_case(&trademark);
    let description = ["tagline", "description"]
        .iter()
        .filter_map(|key| about.get(*key).and_then(localised))
        .find(says_more)
        .unwrap_or_else(|| both(&trademark));
    let tips = about.get("tips");
    let note = tips.and_then(|tips| localised(tips.get("before_install").unwrap_or(tips)));
    let note = note.map(|note| TextBlock { zh: without_tables(&note.zh), en: without_tables(&note.en) });
    Block {
        description,
        categories: vec![text_at(about, "category").unwrap_or_else(|| "Others".to_owned())],
        website: loose::link(about, &LINKS),
        architectures: architectures(about),
        note,
        trademark,
        ..Block::default()
    }
}

/// A text of `CasaOS`, which is one text or one for each language (`en_US`, `zh_CN`).
pub(super) fn localised(value: &Value) -> Option<TextBlock> {
    let Value::Object(languages) = value else { return text(value).map(both) };
    let of = |begin: &str| {
        languages
            .iter()
            .filter(|(key, _)| key.to_lowercase().starts_with(begin))
            .find_map(|(_, value)| text(value))
    };
    let en = of("en_us").or_else(|| of("en"));
    let zh = of("zh_cn").or_else(|| of("zh"));
    let any = || languages.values().find_map(text);
    let en = en.or_else(|| zh.clone()).or_else(any)?;
    Some(TextBlock { zh: zh.unwrap_or_else(|| en.clone()), en })
}

/// The words of a text in Markdown whose tables and headings would be bars and dashes in a line.
fn without_tables(text: &str) -> String {
    let is_rule = |line: &str| line.len() > 2 && line.chars().all(|letter| "|-: ".contains(letter));
    let lines = text.lines().map(str::trim).filter(|line| !is_rule(line));
    let plain = lines.map(|line| {
        let cells =
            line.trim_matches(['|', '#', ' ']).split('|').map(str::trim).collect::<Vec<_>>().join(" / ");
        cells.replace("**", "").replace("<br>", "")
    });
    plain.collect::<Vec<_>>().join("\n")
}

/// As the engine calls them.
fn architectures(about: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in texts(about.get("architectures")) {
        let name = match name.as_str() {
            "x86_64" | "x86-64" => "amd64".to_owned(),
            "aarch64" => "arm64".to_owned(),
            "armv6" | "armv7" | "armhf" => "arm".to_owned(),
            _ => name,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What its main service reserves, which is what `CasaOS` tells; those of the others are mostly copies of it.
fn requirements(compose: &Map<String, Value>, main: Option<&str>) -> Option<RequirementsBlock> {
    let (_, service) = services(compose).find(|(name, _)| Some(name.as_str()) == main)?;
    let memory = service.pointer("/deploy/resources/reservations/memory").and_then(text)?.to_uppercase();
    let bytes = parse_bytes(memory.strip_suffix('B').unwrap_or(&memory))?;
    let memory = format!("{}M", bytes >> 20);
    (bytes > 0).then(|| RequirementsBlock { cpu_cores: 0, memory, disk: "0M".to_owned() })
}

fn services(compose: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    compose.get("services").and_then(Value::as_object).into_iter().flatten()
}

/// The service that people use: the one that the block names, or the first with ports, or the first.
fn main_service(compose: &Map<String, Value>, about: &Map<String, Value>) -> Option<String> {
    let told = text_at(about, "main").filter(|main| services(compose).any(|(name, _)| name == main));
    let with_ports = || services(compose).find(|(_, service)| service.get("ports").is_some());
    told.or_else(|| with_ports().or_else(|| services(compose).next()).map(|(name, _)| name.clone()))
}

/// The port that people use: `port_map` names it by its host port, a number or a variable that `CasaOS` gives
/// (`${WEBUI_PORT:-8080}`). Stores that count on a proxy publish none: there `webui_port` names the container's, or what
/// the main service exposes. A service in the host's network has none either.
fn web(compose: &Map<String, Value>, about: &Map<String, Value>, main: Option<&str>) -> Option<Web> {
    let hosts = |service: &Value| -> Vec<String> {
        let ports = service.get("ports").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        ports.iter().filter_map(host_port).collect()
    };
    let published: Vec<String> = services(compose).flat_map(|(_, service)| hosts(service)).collect();
    let told = text_at(about, "port_map").unwrap_or_default();
    let by_variable = || {
        published
            .iter()
            .find(|port| **port == told)
            .or_else(|| published.iter().find(|port| port.contains('$')))
    };
    let is_target = |port: u16| {
        let services = services(compose).filter_map(|(_, service)| service.get("ports")?.as_array());
        services.flatten().any(|entry| target(entry) == Some(port))
    };
    let port = match told.parse() {
        Ok(number) if published.contains(&told) => WebPort::Published(number),
        // Some name the container's instead.
        Ok(number) if is_target(number) => WebPort::Target(number),
        _ => by_variable().map_or(WebPort::First, |port| WebPort::Variable(variable_name(port))),
    };
    let has_ports =
        |name: &str| services(compose).any(|(other, found)| other == name && !hosts(found).is_empty());
    let service = main.filter(|name| port == WebPort::First && has_ports(name)).map(ToOwned::to_owned);
    let index = text_at(about, "index").unwrap_or_default();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok();
    let (service, port) = match published.is_empty() {
        false => (service, port),
        true => (main.map(ToOwned::to_owned), WebPort::Target(exposed(compose, about, main)?)),
    };
    Some(Web {
        service,
        port,
        hint: digits(&told),
        path: format!("/{}", index.trim_start_matches('/')),
        is_http: true,
        // What is said of a page behind a proxy is the proxy's.
        tls: !published.is_empty()
            && text_at(about, "scheme").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
    })
}

/// The port of the main service that a proxy leads to: the one that is told, or the only one that it exposes.
fn exposed(compose: &Map<String, Value>, about: &Map<String, Value>, main: Option<&str>) -> Option<u16> {
    let (_, service) = services(compose).find(|(name, _)| Some(name.as_str()) == main)?;
    let exposed = texts(service.get("expose"));
    let only = exposed.first().filter(|_| exposed.len() == 1).cloned();
    text_at(about, "webui_port").or(only)?.parse().ok()
}

/// `WEBUI_PORT` of `${WEBUI_PORT:-8080}`.
fn variable_name(text: &str) -> String {
    let name = text.trim_start_matches(['$', '{']);
    name.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}

/// The host's side of an entry of `ports`, as it is written; `None` where there is none.
fn host_port(entry: &Value) -> Option<String> {
    if let Value::Object(long) = entry {
        return text_at(long, "published");
    }
    let short = text(entry)?;
    let parts = loose::split(&short);
    parts.len().checked_sub(2).map(|host| parts[host].to_owned())
}

/// The container's side of it, where it is one port of TCP.
fn target(entry: &Value) -> Option<u16> {
    let told = match entry {
        Value::Object(long) => text_at(long, "target"),
        short => text(short).map(|short| loose::split(&short).last().copied().unwrap_or_default().to_owned()),
    };
    told?.trim_end_matches("/tcp").parse().ok()
}

fn version(
    folder: &Tree,
    compose: &Map<String, Value>,
    about: &Map<String, Value>,
    main: Option<&str>,
) -> VersionBlock {
    let beside = loose::json(folder, "config.json").ok().flatten().unwrap_or_default();
    let image = services(compose)
        .find(|(name, _)| Some(name.as_str()) == main)
        .and_then(|(_, service)| service.get("image").and_then(text));
    // A version that was written as a number has lost its last noughts: 1.10 is 1.1.
    let told = about.get("version").filter(|told| told.is_string()).and_then(text);
    let told = told.or_else(|| text_at(&beside, "version"));
    VersionBlock { name: loose::version(told, image), ..VersionBlock::default() }
}

/// The picture that the block names, or one of the usual names, as far as it lies beside the file.
fn icon(folder: &Tree, about: &Map<String, Value>) -> Option<Icon> {
    let named = text_at(about, "icon").and_then(|url| url.rsplit('/').next().map(ToOwned::to_owned));
    loose::icon(folder, named.as_deref().into_iter().chain(ICONS))
}

/// Writes what lies where `CasaOS` keeps the data of apps as the app's own: `/DATA/AppData/$AppID/config` is
/// `./config`. Another folder there is one of its own, too: apps do not share data here, which is said.
fn keep_data_with_app(compose: &mut Map<String, Value>, name: &str, app: &str, remarks: &mut Vec<String>) {
    let project = text_at(compose, "name").unwrap_or_default();
    let own = ["$AppID", "${AppID}", name, app, project.as_str()];
    let rewrite = |source: &str, remarks: &mut Vec<String>| -> Option<String> {
        let below = below_data(source)?;
        let (folder, path) = below.split_once('/').unwrap_or((below, ""));
        if folder.is_empty() {
            return None;
        }
        if own.iter().any(|own| own.eq_ignore_ascii_case(folder)) {
            return Some(format!("./{path}"));
        }
        let folder = folder.replace("${AppID}", name).replace("$AppID", name);
        if !folder.starts_with(name) {
            remarks.push(format!(
                "{ROOT}{DATA}{folder} is a folder of the app's own here; it is not shared with other apps"
            ));
        }
        Some(format!("./{folder}/{path}"))
    };
    let Some(Value::Object(services)) = compose.get_mut("services") else { return };
    for volume in
        services.values_mut().filter_map(|service| service.get_mut("volumes")?.as_array_mut()).flatten()
    {
        match volume {
            Value::String(short) => {
                let source = loose::split(short)[0].to_owned();
                if let Some(own) = rewrite(&source, remarks) {
                    *short = format!("{own}{}", &short[source.len()..]);
                }
            }
            Value::Object(long) => {
                if let Some(own) = text_at(long, "source").and_then(|source| rewrite(&source, remarks)) {
                    long.insert("source".to_owned(), own.into());
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {}
        }
    }
}

/// What a path has below the folder with the data of apps.
fn below_data(source: &str) -> Option<&str> {
    let (root, below) = source.split_once(DATA)?;
    (root == ROOT || matches!(parse(root).as_slice(), [Part::Use(_)])).then_some(below)
}

/// The paths of its own folder that the file may mean: what volumes and `env_file` begin with `./`.
fn paths_beside(compose: &Map<String, Value>) -> Vec<String> {
    let mut paths = Vec::new();
    for (_, service) in services(compose) {
        for value in ["volumes", "env_file"].iter().filter_map(|key| service.get(*key)) {
            loose::each_text(&mut value.clone(), &mut |text| {
                let source = text.split(':').next().unwrap_or_default();
                if let Some(path) = source.strip_prefix("./").filter(|path| !path.is_empty()) {
                    paths.push(path.trim_end_matches('/').to_owned());
                }
            });
        }
    }
    paths
}

#[cfg(test)]
#[path = "casaos_tests.rs"]
mod tests;
