//! Reads Websoft9's docker-library: `apps/<name>/` with `variables.json`, `.env` and `docker-compose.yml`, and the
//! texts and labels that lie beside them in the repository.
//!
//! Its convention is in `.env`: what is called `W9_…` means something to the platform, the rest is the app's own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::block::{Block, RequirementsBlock, TextBlock, VersionBlock};
use crate::formats::document::read_mapping;
use crate::formats::known::Known;
use crate::formats::loose::{collect, each_text, link, text_at, texts};
use crate::formats::offered::label;
use crate::formats::websoft9_login::Signs;
use crate::formats::{Draft, PackagedFile, Tree, Untranslatable, Web, WebPort, env_lines};
use crate::formats::{bounds, sidecars, websoft9_env, websoft9_texts};

/// The edition that `docker-compose.yml` is of.
const COMMUNITY: &str = "community";
/// Editions of one app. The most of the field is four.
const EDITIONS_LIMIT: usize = 8;
/// Most gigabytes and cores that are believed.
const REQUIREMENT_LIMIT: f64 = 10_000.0;

/// Whether a catalog is one of these.
pub(super) fn detect(tree: &Tree) -> bool {
    tree.folders("apps").iter().any(|app| {
        let files = tree.files(&format!("apps/{app}"));
        let has = |name: &str| files.iter().any(|file| file == name);
        has("variables.json") && has("docker-compose.yml")
    })
}

/// The names of its apps.
pub(super) fn apps(tree: &Tree) -> Vec<String> {
    tree.folders("apps")
}

/// The packages of an app: one of the community's edition, and one of each that has a compose file of its own.
///
/// # Errors
/// Why there is none.
pub(super) fn read(tree: &Tree, app: &str) -> Result<Vec<Draft>, Untranslatable> {
    let folder = tree.below(&format!("apps/{app}"));
    let variables = folder.text("variables.json")?;
    let variables =
        variables.ok_or_else(|| Untranslatable::Unreadable("it has no variables.json".to_owned()))?;
    let variables = read_mapping("variables.json", &variables)?;
    if variables.get("release") == Some(&Value::Bool(false)) {
        return Err(Untranslatable::Hidden("the catalog has not released it yet".to_owned()));
    }
    let compose = folder
        .text("docker-compose.yml")?
        .ok_or_else(|| Untranslatable::Unreadable("it has no docker-compose.yml".to_owned()))?;
    let compose = read_mapping("docker-compose.yml", &compose)?;
    bounds::check(&compose)?;
    let env = folder.text(".env")?;
    let lines = env_lines::templates(env.as_deref().unwrap_or_default());
    bounds::check_count("lines in .env", lines.len(), bounds::ENV_LIMIT)?;
    let (mut files, mut remarks) = (BTreeMap::new(), Vec::new());
    // So far as a package may bring it: only what is mounted comes along.
    for entry in [folder.folders(""), folder.files(""), vec![".env".to_owned()]].concat() {
        collect(&folder, &entry, &mut files, &mut remarks);
    }
    let app = App { tree, folder, name: app, variables, env, files, remarks };

    let mut drafts = Vec::new();
    let editions = app.editions();
    bounds::check_count("editions", editions.len(), EDITIONS_LIMIT)?;
    for (index, (edition, versions)) in editions.into_iter().enumerate() {
        let file = format!("docker-compose-{edition}.yml");
        let own = match (index, app.folder.text(&file)?) {
            (0, _) => None,
            (_, Some(text)) => Some(over(&compose, read_mapping(&file, &text)?)),
            (_, None) => continue,
        };
        let edition = own.is_some().then_some(edition);
        drafts.push(app.draft(own.unwrap_or_else(|| compose.clone()), edition.as_deref(), versions)?);
    }
    Ok(drafts)
}

struct App<'a> {
    tree: &'a Tree,
    folder: Tree,
    name: &'a str,
    /// `variables.json`.
    variables: Map<String, Value>,
    env: Option<String>,
    /// What lies in its folder.
    files: BTreeMap<String, PackagedFile>,
    /// What of it was left out.
    remarks: Vec<String>,
}

impl App<'_> {
    fn text(&self, key: &str) -> String {
        self.variables.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
    }

    /// The editions with their versions; that of `docker-compose.yml` first.
    fn editions(&self) -> Vec<(String, Vec<String>)> {
        let editions = self.variables.get("edition").and_then(Value::as_array).into_iter().flatten();
        let mut editions: Vec<(String, Vec<String>)> = editions
            .map(|edition| {
                let dist = edition.get("dist").and_then(Value::as_str).unwrap_or_default().trim();
                let versions = edition.get("version").and_then(Value::as_array).into_iter().flatten();
                let versions = versions.filter_map(Value::as_str).map(|version| version.trim().to_owned());
                (dist.to_owned(), versions.collect())
            })
            .collect();
        let mut seen = BTreeSet::new();
        editions.retain(|(dist, _)| seen.insert(dist.clone()));
        if let Some(index) = editions.iter().position(|(dist, _)| dist == COMMUNITY) {
            editions[..=index].rotate_right(1);
        }
        if editions.is_empty() {
            editions.push((COMMUNITY.to_owned(), Vec::new()));
        }
        editions
    }

    fn draft(
        &self,
        mut compose: Map<String, Value>,
        edition: Option<&str>,
        versions: Vec<String>,
    ) -> Result<Draft, Untranslatable> {
        let env = env_lines::templates(self.env.as_deref().unwrap_or_default());
        let mut remarks = self.remarks.clone();
        sidecars::leave_out(&mut compose, &["$W9_ID", "${W9_ID}"], &mut remarks);
        let mut draft = Draft {
            name: edition.map_or_else(|| self.name.to_owned(), |edition| format!("{}-{edition}", self.name)),
            block: self.block(edition),
            compose,
            env: self.env.as_deref().map(|env| with_edition(env, edition)),
            files: self.files.clone(),
            values: websoft9_env::IDS.map(|id| (id.to_owned(), self.name.to_owned())).into(),
            remarks,
            ..Draft::default()
        };
        let labels = websoft9_texts::labels(self.tree);
        let used = websoft9_env::used_names(&draft.compose, &env);
        draft.block.variables = websoft9_env::of_platform(&env, &used);
        let known = Known::of(&draft);
        draft.block.variables.extend(websoft9_env::of_people(&env, &used, &known, &labels));
        draft.block.variables.extend(websoft9_env::declared_secrets(&self.variables, &known));
        let access = Access { told: self.variables.get("access").and_then(Value::as_object) };
        draft.web = web(&env, &known, &access);
        if draft.web.as_ref().is_some_and(|web| web.is_http) {
            let addresses = websoft9_env::own_addresses(&env, &draft.block.variables, &known);
            draft.block.variables.extend(addresses);
            if let Some(services) = draft.compose.get_mut("services") {
                each_text(services, &mut |text| *text = websoft9_env::with_own_address(text));
            }
        }
        let is_own = |name: &String| draft.block.variables.iter().all(|variable| variable.name != **name);
        draft.fixed = env.keys().filter(|name| name.starts_with("W9_") && is_own(name)).cloned().collect();
        draft.block.admin_path =
            known.value("W9_ADMIN_PATH").or_else(|| access.path("admin")).unwrap_or_default();
        let signs = Signs {
            variables: &self.variables,
            env: &env,
            compose: &draft.compose,
            files: &draft.files,
            known: &known,
        };
        (draft.block.login, draft.block.note) = (signs.login(), signs.note(&labels));
        set_versions(&mut draft, versions);
        Ok(draft)
    }

    /// What people are told of it.
    fn block(&self, edition: Option<&str>) -> Block {
        let texts = websoft9_texts::of(self.tree, self.name);
        let trademark = Some(self.text("trademark")).filter(|text| !text.is_empty());
        let trademark = trademark.unwrap_or_else(|| self.name.to_owned());
        let website = texts.website.or_else(|| self.website()).unwrap_or_default();
        Block {
            trademark: edition
                .map_or_else(|| trademark.clone(), |edition| format!("{trademark} {}", label(edition))),
            description: texts.description.unwrap_or_else(|| {
                let text = format!("{trademark} {website}");
                TextBlock { zh: text.trim().to_owned(), en: text.trim().to_owned() }
            }),
            categories: texts.categories,
            website: Some(website),
            requirements: self.variables.get("requirements").and_then(requirements),
            ..Block::default()
        }
    }

    /// Where its own people tell of it.
    fn website(&self) -> Option<String> {
        let upstream = self.variables.get("upstream").and_then(Value::as_object);
        let of_project =
            |page: String| page.trim_end_matches("/releases").trim_end_matches("/tags").to_owned();
        link(&self.variables, &["fork_url"])
            .or_else(|| link(upstream?, &["releases"]).map(of_project))
            .or_else(|| texts(upstream?.get("docs")).into_iter().find(|page| page.starts_with("http")))
    }
}

/// `access` of `variables.json`: how its ports are reached.
struct Access<'a> {
    told: Option<&'a Map<String, Value>>,
}

impl Access<'_> {
    fn entry(&self, name: &str) -> Option<&Map<String, Value>> {
        self.told?.get(name)?.as_object()
    }

    fn path(&self, name: &str) -> Option<String> {
        text_at(self.entry(name)?, "path")
    }

    /// The container's port for browsers.
    fn port(&self) -> Option<u16> {
        self.entry("web")?.get("port")?.as_u64()?.try_into().ok()
    }

    fn is_tls(&self) -> bool {
        self.told.and_then(|told| text_at(told, "defaultScheme")).is_some_and(|scheme| scheme == "https")
    }
}

/// The file of an edition: as it is where it says all; else laid over the other, as `-f` twice does.
fn over(base: &Map<String, Value>, edition: Map<String, Value>) -> Map<String, Value> {
    let services = edition.get("services").and_then(Value::as_object);
    let is_whole = services.is_some_and(|services| {
        !services.is_empty() && services.values().all(|service| service.get("image").is_some())
    });
    if is_whole {
        return edition;
    }
    let mut merged = Value::Object(base.clone());
    merge(&mut merged, Value::Object(edition));
    match merged {
        Value::Object(map) => map,
        _ => base.clone(),
    }
}

fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(old) if !matches!(key.as_str(), "command" | "entrypoint") => merge(old, value),
                    _ => drop(base.insert(key, value)),
                }
            }
        }
        (Value::Array(base), Value::Array(over)) => base.extend(over),
        (_, Value::Null) => {}
        (base, over) => *base = over,
    }
}

/// `.env` with the name of the edition in it.
fn with_edition(env: &str, edition: Option<&str>) -> String {
    let Some(edition) = edition else { return env.to_owned() };
    let line = |line: &str| {
        let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
        if line.starts_with("W9_DIST=") { format!("W9_DIST='{edition}'{end}") } else { line.to_owned() }
    };
    env.split_inclusive('\n').map(line).collect()
}

/// The port that people use: of the web pages, else the first that can be set.
fn web(env: &BTreeMap<String, String>, known: &Known, access: &Access<'_>) -> Option<Web> {
    let has = |name: &str| env.contains_key(name);
    let number = |name: &str| known.value(name).and_then(|value| value.parse::<u16>().ok());
    let web = |port: WebPort, hint: Option<u16>, is_http: bool, tls: bool| {
        let path = access.path("web").unwrap_or_else(|| "/".to_owned());
        Some(Web { service: None, port, hint, path, is_http, tls: tls || (is_http && access.is_tls()) })
    };
    for (set, container, tls) in
        [("W9_HTTP_PORT_SET", "W9_HTTP_PORT", false), ("W9_HTTPS_PORT_SET", "W9_HTTPS_PORT", true)]
    {
        if has(set) {
            return web(WebPort::Variable(set.to_owned()), number(set), true, tls);
        }
        if let Some(port) = number(container).filter(|_| has("W9_URL")) {
            return web(WebPort::Target(port), None, true, tls);
        }
    }
    if let Some(port) = access.port() {
        return web(WebPort::Target(port), None, true, false);
    }
    let first =
        env.keys().find(|name| name.starts_with("W9_") && name.contains("PORT") && name.ends_with("_SET"))?;
    web(WebPort::Variable(first.clone()), number(first), false, false)
}

fn requirements(value: &Value) -> Option<RequirementsBlock> {
    let number = |key: &str| {
        let number = match value.get(key)? {
            Value::String(text) => text.trim().parse::<f64>().ok()?,
            other => other.as_f64()?,
        };
        (number > 0.0 && number <= REQUIREMENT_LIMIT).then_some(number)
    };
    let megabytes = |gigabytes: f64| match (gigabytes * 1024.0).round() {
        megabytes if megabytes % 1024.0 == 0.0 => format!("{}G", megabytes / 1024.0),
        megabytes => format!("{megabytes}M"),
    };
    Some(RequirementsBlock {
        cpu_cores: format!("{}", number("cpu")?.ceil()).parse().ok()?,
        memory: megabytes(number("memory")?),
        disk: megabytes(number("disk")?),
    })
}

/// The versions, where one may be chosen: not where no image depends on it.
fn set_versions(draft: &mut Draft, versions: Vec<String>) {
    const VERSION: &str = "W9_VERSION";
    let block = |name: String| VersionBlock { variables: [(VERSION.to_owned(), name.clone())].into(), name };
    draft.block.versions = versions.into_iter().map(block).collect();
    let known = Known::of(draft);
    if draft.block.versions.is_empty() {
        draft.block.versions.extend(known.value(VERSION).filter(|value| !value.is_empty()).map(block));
    }
    let known = Known::of(draft);
    let mark = format!("${{{VERSION}}}");
    let services = draft.compose.get("services").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let mut images = services.filter_map(|service| service.get("image")?.as_str());
    if !images.any(|image| known.settle_image(image).text.contains(&mark)) {
        draft.block.versions.clear();
    }
}
