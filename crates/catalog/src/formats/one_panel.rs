//! 1Panel's app store: `apps/<app>/data.yml` tells what an app is, and each version has a folder with a form and a
//! compose file of its own. Third-party stores of 1Panel are laid out alike.
//!
//! What stands in the forms is [`super::one_panel_form`]'s, the databases that an app expects to be installed
//! beside it are [`super::one_panel_database`]'s.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::block::{Block, RequirementsBlock, TextBlock, VersionBlock};
use crate::formats::one_panel_database::start_databases;
use crate::formats::one_panel_form::{Form, Ports, names_in};
use crate::formats::{Draft, Icon, PackagedFile, Tree, Untranslatable, bounds, loose, sidecars};
use crate::yaml;

#[path = "one_panel_script.rs"]
mod script;

/// How a version's folder calls its compose file; the first is what 1Panel itself looks for.
const COMPOSE_FILES: [&str; 3] = ["docker-compose.yml", "docker-compose.yaml", "compose.yaml"];
/// Kinds of apps on which 1Panel builds sites out of a folder that its user names: nothing to run by themselves.
const LANGUAGES: [&str; 6] = ["php", "node", "java", "go", "python", "dotnet"];
/// Apps that are looked at to tell the format.
const PROBES: usize = 20;
/// What a package may show as its icon.
const ICON_LIMIT_BYTES: u64 = 256 << 10;
/// Versions of one app, the newest ones: each is compared with each. The most of the field is 20.
const VERSIONS_LIMIT: usize = 50;
/// Bytes of all files of all versions of one app.
const VERSIONS_LIMIT_BYTES: usize = 16 << 20;
/// In a version's folder, what no container sees.
const OWN_FILES: [&str; 2] = ["data.yml", "README.md"];

/// Whether that is a catalog of this format.
pub(super) fn detect(tree: &Tree) -> bool {
    tree.folders("apps").iter().take(PROBES).any(|app| {
        let about = tree.text(&format!("apps/{app}/data.yml"));
        about.is_ok_and(|text| text.is_some_and(|text| text.contains("additionalProperties")))
    })
}

/// Its apps.
pub(super) fn apps(tree: &Tree) -> Vec<String> {
    tree.folders("apps")
}

/// The packages of an app: one for all versions whose compose files differ in image tags only, the newest first.
pub(super) fn read(tree: &Tree, app: &str) -> Result<Vec<Draft>, Untranslatable> {
    let folder = tree.below(&format!("apps/{app}"));
    let about = About::read(&folder, app)?;
    let mut names = folder.folders("");
    names.retain(|name| compose_text(&folder.below(name)).map_or(true, |text| text.is_some()));
    names.sort_by_key(|name| Reverse(newness(name)));
    let (mut releases, mut broken, mut bytes) = (Vec::new(), Vec::new(), 0);
    for (index, name) in names.into_iter().enumerate() {
        if index >= VERSIONS_LIMIT || bytes > VERSIONS_LIMIT_BYTES {
            let why = "there are too many newer ones".to_owned();
            broken.push((name, Untranslatable::Unsupported(why)));
            break;
        }
        match Release::read(&folder.below(&name), &name) {
            Ok(release) => {
                bytes += release.files.values().map(|file| file.bytes.len()).sum::<usize>();
                releases.push(release);
            }
            Err(error) => broken.push((name, error)),
        }
    }
    if releases.is_empty() {
        let none = || Untranslatable::Unreadable("it has no folder with a docker-compose.yml".to_owned());
        return Err(broken.into_iter().next().map_or_else(none, |(_, error)| error));
    }
    let mut drafts: Vec<Draft> = Vec::new();
    for (index, group) in grouped(releases).into_iter().enumerate() {
        let version = group[0].name.clone();
        match about.draft(&group, index == 0) {
            Ok(draft) => drafts.push(draft),
            Err(error) if drafts.is_empty() => return Err(error),
            Err(error) => broken.push((version, error)),
        }
    }
    let left_out = broken.iter().map(|(name, error)| format!("version {name} is left out: {error}"));
    drafts[0].remarks.extend(left_out);
    Ok(drafts)
}

/// What `data.yml` tells of an app.
struct About {
    name: String,
    block: Block,
    is_database: bool,
    icon: Option<Icon>,
}

impl About {
    fn read(folder: &Tree, app: &str) -> Result<Self, Untranslatable> {
        let data = document(folder, "data.yml")?
            .ok_or_else(|| Untranslatable::Unreadable("data.yml is missing".to_owned()))?;
        let told = data.get("additionalProperties").and_then(Value::as_object).ok_or_else(|| {
            Untranslatable::Unreadable(
                "data.yml has no additionalProperties, which tell of the app".to_owned(),
            )
        })?;
        let text = |key: &str| told.get(key).and_then(scalar).filter(|text| !text.is_empty());
        let kind = text("type").unwrap_or_default();
        if LANGUAGES.contains(&kind.as_str()) {
            let reason =
                format!("it is what 1Panel runs {kind} programs of its users with, and no app by itself");
            return Err(Untranslatable::Hidden(reason));
        }
        if text("deprecated").is_some_and(|since| !matches!(since.as_str(), "false" | "0" | "0.0")) {
            return Err(Untranslatable::Hidden("its catalog has withdrawn it".to_owned()));
        }
        let trademark = text("name").unwrap_or_else(|| app.to_owned());
        let title = data.get("title").and_then(scalar);
        let en = localised(told.get("description"), "en").or_else(|| text("shortDescEn"));
        let zh = localised(told.get("description"), "zh").or_else(|| text("shortDescZh")).or(title);
        let categories = strings(told.get("tags"));
        let website = ["website", "github", "document"].into_iter().find_map(text);
        let memory = told.get("memoryRequired").and_then(scalar).and_then(|text| text.parse::<u32>().ok());
        let block = Block {
            description: both(zh, en, &trademark),
            trademark,
            website: website.filter(|url| url.starts_with("https://") || url.starts_with("http://")),
            architectures: architectures(&strings(told.get("architectures"))),
            requirements: memory.filter(|megabytes| *megabytes > 0).map(requirements),
            categories: if categories.is_empty() { vec!["Tool".to_owned()] } else { categories },
            ..Block::default()
        };
        let is_database =
            kind == "runtime" && block.categories.iter().any(|tag| tag.eq_ignore_ascii_case("database"));
        Ok(Self { name: app.to_owned(), block, is_database, icon: icon(folder) })
    }

    /// The package of releases that are alike, newest first.
    fn draft(&self, group: &[Release], is_newest: bool) -> Result<Draft, Untranslatable> {
        let newest = &group[0];
        newest.check_env_files()?;
        let mut compose = newest.compose.clone();
        let mut remarks = newest.remarks.clone();
        sidecars::leave_out(&mut compose, &["${CONTAINER_NAME}"], &mut remarks);
        let versions = versions(&mut compose, group);
        let ports = Ports::of(&compose);
        let mut form = Form::of(&newest.fields, &ports);
        start_databases(&mut form, &mut compose, &self.name)?;
        let used = names_in(&Value::Object(compose.clone()));
        form.add_what_the_panel_tells(&used, has_env_file(&compose), &self.name);
        newest.tell_what_its_script_finds(&mut form, &mut compose, used);
        let web = form.web(&ports, self.is_database);
        remarks.extend(form.remarks);
        if newest.script.is_some() {
            let script = "its script scripts/init.sh is not run: what it prepares (files, owners of folders) is missing";
            remarks.push(script.to_owned());
        }
        let (name, trademark) = match is_newest {
            true => (self.name.clone(), self.block.trademark.clone()),
            false => {
                let version = &newest.name;
                (format!("{}-{version}", self.name), format!("{} {version}", self.block.trademark))
            }
        };
        let block =
            Block { trademark, versions, variables: form.variables, login: form.login, ..self.block.clone() };
        Ok(Draft {
            name,
            block,
            compose,
            env: newest.env.clone(),
            files: newest.files.clone(),
            icon: self.icon.clone(),
            remarks,
            values: form.values,
            data_prefixes: vec!["${PANEL_WEBSITE_DIR}".to_owned()],
            web,
            ..Draft::default()
        })
    }
}

/// One version's folder.
struct Release {
    name: String,
    compose: Map<String, Value>,
    /// The fields of its form.
    fields: Vec<Value>,
    env: Option<String>,
    files: BTreeMap<String, PackagedFile>,
    remarks: Vec<String>,
    /// What 1Panel would run before its first start.
    script: Option<String>,
}

impl Release {
    fn read(folder: &Tree, name: &str) -> Result<Self, Untranslatable> {
        let text = compose_text(folder)?.unwrap_or_default();
        let compose = parsed("docker-compose.yml", &text)?;
        bounds::check(&compose)?;
        let data = document(folder, "data.yml")?.unwrap_or_default();
        let fields = data.get("additionalProperties").and_then(|told| told.get("formFields"));
        let fields = fields.and_then(Value::as_array).cloned().unwrap_or_default();
        bounds::check_count("fields in its form", fields.len(), bounds::FIELDS_LIMIT)?;
        // A form's default may be the path that is mounted.
        let defaults: Vec<String> = fields.iter().filter_map(|field| scalar(field.get("default")?)).collect();
        let has_all = text.contains("- .:") || text.contains("- ./:");
        let is_named = |entry: &str| {
            has_all || text.contains(entry) || defaults.iter().any(|default| default.contains(entry))
        };
        let (mut files, mut remarks) = (BTreeMap::new(), Vec::new());
        for entry in folder.folders("").into_iter().chain(folder.files("")) {
            let is_own = OWN_FILES.contains(&entry.as_str()) || COMPOSE_FILES.contains(&entry.as_str());
            if !is_own && is_named(&entry) {
                loose::collect(folder, &entry, &mut files, &mut remarks);
            }
        }
        Ok(Self {
            name: name.to_owned(),
            compose,
            fields,
            env: folder.text(".env")?,
            files,
            remarks,
            script: folder.text("scripts/init.sh").ok().flatten(),
        })
    }

    /// Of what has to be alike for two versions to be one package, what is not as it is written: the compose file
    /// without image tags, and the names of the form's fields.
    fn likeness(&self) -> (Map<String, Value>, BTreeSet<String>) {
        let mut compose = self.compose.clone();
        for service in services_mut(&mut compose) {
            if let Some((repository, _)) = service.get("image").and_then(Value::as_str).and_then(split_tag) {
                let repository = Value::String(repository.to_owned());
                service.insert("image".to_owned(), repository);
                service.remove("build");
            }
        }
        (compose, self.fields.iter().filter_map(|field| scalar(field.get("envKey")?)).collect())
    }
}

/// Versions that are alike together; newest first, also the groups.
fn grouped(releases: Vec<Release>) -> Vec<Vec<Release>> {
    let mut groups: Vec<(_, Vec<Release>)> = Vec::new();
    for release in releases {
        let likeness = release.likeness();
        let is_like = |(of_group, group): &&mut (_, Vec<Release>)| {
            group[0].env == release.env && group[0].files == release.files && *of_group == likeness
        };
        match groups.iter_mut().find(is_like) {
            Some((_, group)) => group.push(release),
            None => groups.push((likeness, vec![release])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The versions, and in the compose file a variable for each tag in which they differ. A version that differs in none
/// is no choice.
fn versions(compose: &mut Map<String, Value>, group: &[Release]) -> Vec<VersionBlock> {
    let mut blocks: Vec<VersionBlock> = Vec::new();
    let tags: Vec<BTreeMap<String, String>> = group.iter().map(|release| tags(&release.compose)).collect();
    let differing: Vec<String> = tags[0]
        .iter()
        .filter(|(service, tag)| tags.iter().any(|other| other.get(*service) != Some(*tag)))
        .map(|(service, _)| service.clone())
        .collect();
    for (release, tags) in group.iter().zip(&tags) {
        let variables: BTreeMap<String, String> = differing
            .iter()
            .filter_map(|service| Some((tag_variable(service), tags.get(service)?.clone())))
            .collect();
        if !blocks.iter().any(|block| block.variables == variables) {
            blocks.push(VersionBlock { name: release.name.clone(), variables });
        }
    }
    let services = compose.get_mut("services").and_then(Value::as_object_mut);
    for (name, service) in services.into_iter().flatten().filter(|(name, _)| differing.contains(name)) {
        let image = service.get("image").and_then(Value::as_str).and_then(split_tag);
        if let Some(image) = image.map(|(repository, _)| format!("{repository}:${{{}}}", tag_variable(name)))
        {
            service["image"] = Value::String(image);
        }
    }
    blocks
}

fn tag_variable(service: &str) -> String {
    let word: String = service
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    format!("TAG_{word}")
}

/// The tags of images, by service.
fn tags(compose: &Map<String, Value>) -> BTreeMap<String, String> {
    let services = compose.get("services").and_then(Value::as_object);
    let tag = |service: &Value| Some(split_tag(service.get("image")?.as_str()?)?.1.to_owned());
    services.into_iter().flatten().filter_map(|(name, service)| Some((name.clone(), tag(service)?))).collect()
}

/// Repository and tag; `None` where there is no tag that could be another.
fn split_tag(image: &str) -> Option<(&str, &str)> {
    let (repository, tag) = image.rsplit_once(':')?;
    (!image.contains('@') && !tag.contains(['/', '$', '}'])).then_some((repository, tag))
}

fn services_mut(compose: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    let services = compose.get_mut("services").and_then(Value::as_object_mut);
    services.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut)
}

/// A piece of a version's name. Of two names, the one with the larger piece at the first difference is the newer:
/// 1.0-rc1 < 1.0-alpine < 1.0 < 1.0.1.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Preview(String),
    /// `master` before `slave`: the alphabet, where nothing else tells.
    Word(Reverse<String>),
    End,
    Number(u64),
}

/// By this, larger is newer. `latest` and other names that tell of no order are the oldest.
fn newness(name: &str) -> (bool, Vec<Piece>) {
    const PREVIEWS: [&str; 9] =
        ["alpha", "beta", "rc", "pre", "preview", "dev", "nightly", "canary", "snapshot"];
    let lower = name.to_ascii_lowercase();
    let mut pieces = Vec::new();
    let mut rest = lower.trim_start_matches('v');
    while let Some(first) = rest.chars().next() {
        let is_alike = |c: char| {
            c.is_ascii_digit() == first.is_ascii_digit() && c.is_alphanumeric() == first.is_alphanumeric()
        };
        let (piece, after) = rest.split_at(rest.find(|c| !is_alike(c)).unwrap_or(rest.len()));
        rest = after;
        if first.is_ascii_digit() {
            pieces.push(Piece::Number(piece.parse().unwrap_or(u64::MAX)));
        } else if PREVIEWS.contains(&piece) {
            pieces.push(Piece::Preview(piece.to_owned()));
        } else if first.is_alphanumeric() {
            pieces.push(Piece::Word(Reverse(piece.to_owned())));
        }
    }
    let is_ordered = pieces.iter().any(|piece| matches!(piece, Piece::Number(_)));
    pieces.push(Piece::End);
    (is_ordered, pieces)
}

/// Whether a container gets the whole `.env`.
fn has_env_file(compose: &Map<String, Value>) -> bool {
    let services = compose.get("services").and_then(Value::as_object).into_iter().flatten();
    let is_it = |file: &Value| matches!(file.as_str(), Some(".env" | "./.env"));
    services
        .filter_map(|(_, service)| service.get("env_file"))
        .any(|files| is_it(files) || files.as_array().is_some_and(|files| files.iter().any(is_it)))
}

fn compose_text(folder: &Tree) -> Result<Option<String>, Untranslatable> {
    for name in COMPOSE_FILES {
        if let Some(text) = folder.text(name)? {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

fn document(folder: &Tree, name: &str) -> Result<Option<Map<String, Value>>, Untranslatable> {
    folder.text(name)?.map(|text| parsed(name, &text)).transpose()
}

/// YAML as 1Panel's own reader takes it: with tabs after values.
fn parsed(name: &str, text: &str) -> Result<Map<String, Value>, Untranslatable> {
    let without_tabs: Vec<&str> = text.lines().map(|line| line.trim_end_matches([' ', '\t', '\r'])).collect();
    yaml::from_str(&without_tabs.join("\n"))
        .map_err(|error| Untranslatable::Unreadable(format!("{name}: {error}")))
}

fn icon(folder: &Tree) -> Option<Icon> {
    [("logo.svg", "svg"), ("logo.png", "png"), ("logo.jpg", "jpg"), ("logo.webp", "webp")]
        .into_iter()
        .find_map(|(name, extension)| {
            Some(Icon { extension, bytes: folder.bytes(name, ICON_LIMIT_BYTES).ok()?? })
        })
}

/// As the engine names them; each once.
fn architectures(told: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in told {
        let base = name.to_ascii_lowercase();
        let base = match base.split('/').next().unwrap_or_default() {
            "x86_64" | "x86-64" => "amd64",
            "aarch64" => "arm64",
            "armv7" | "armv6" | "armhf" => "arm",
            other => other,
        };
        if !base.is_empty() && !names.iter().any(|known| known == base) {
            names.push(base.to_owned());
        }
    }
    names
}

fn requirements(megabytes: u32) -> RequirementsBlock {
    RequirementsBlock { cpu_cores: 0, memory: format!("{megabytes}M"), disk: "0M".to_owned() }
}

/// A text in both languages, where one of them is told at least.
pub(super) fn both(zh: Option<String>, en: Option<String>, otherwise: &str) -> TextBlock {
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let (zh, en) = (given(zh), given(en));
    let either = |first: &Option<String>, second: &Option<String>| {
        first.clone().or_else(|| second.clone()).unwrap_or_else(|| otherwise.to_owned())
    };
    TextBlock { zh: either(&zh, &en), en: either(&en, &zh) }
}

/// The text in that language; the names of languages vary in case.
pub(super) fn localised(texts: Option<&Value>, language: &str) -> Option<String> {
    let texts = texts?.as_object()?;
    texts.iter().find(|(name, _)| name.eq_ignore_ascii_case(language)).and_then(|(_, text)| scalar(text))
}

/// A plain value, as the text that the panel would write into `.env`.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(scalar).filter(|text| !text.is_empty()).collect()
}
