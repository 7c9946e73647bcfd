//! An app on its way to a package: readers fill in what their format tells, `Draft::finish` does what is the
//! same for all formats.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::block::{Block, Kind, PortBlock, ShapeBlock, TextBlock, VariableBlock, VersionBlock};
use crate::emit::compose_text;
use crate::formats::interpolation::{Part, parse};
use crate::formats::known::{Known, Work};
use crate::formats::published::Published;
use crate::formats::secrets::Surroundings;
use crate::formats::{Icon, PackagedFile, Translation, Untranslatable};
use crate::formats::{
    bounds, env_edit, icons, interpolation, loose, networks, offered, private_keys, published, secret_names,
    secrets, services, storage, texts,
};

/// Variables of `.env` that only name another, behind each other.
const REFERENCES_LIMIT: usize = 8;

/// Remarks about one app: people read them. The most of the field is 30.
const REMARKS_LIMIT: usize = 100;

/// An app as its reader has understood it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// The package's name; made a valid one by `finish`.
    pub(crate) name: String,
    /// What people are told of it, and its variables. `main` is set by `finish` from `web`; texts are shortened and
    /// cleaned by it.
    pub(crate) block: Block,
    /// The compose file as the catalog has it.
    pub(crate) compose: Map<String, Value>,
    /// The catalog's `.env`.
    pub(crate) env: Option<String>,
    /// Files of the app's folder that the compose file may mount, by the path relative to it (`src/init.sh`). Those
    /// that it does not mount are left out.
    pub(crate) files: BTreeMap<String, PackagedFile>,
    pub(crate) icon: Option<Icon>,
    pub(crate) remarks: Vec<String>,
    /// What variables are known to be when images, ports and paths are settled, beside `.env` and the defaults.
    pub(crate) values: BTreeMap<String, String>,
    /// What the catalog says of entries of `environment`: the label of a variable that `finish` declares for one.
    pub(crate) labels: BTreeMap<String, TextBlock>,
    /// Beginnings of paths that mean the app's own data, as the compose file writes them: `${APP_DATA_DIR}`,
    /// `/DATA/AppData/$AppID`. `.` always does.
    pub(crate) data_prefixes: Vec<String>,
    pub(crate) web: Option<Web>,
    /// Names of variables whose values stay as they are, whatever they look like: no secret is made for them.
    pub(crate) fixed: BTreeSet<String>,
    /// What putting in its variables has taken so far.
    pub(crate) work: Work,
}

/// The port that people use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Web {
    /// Its service; `None`: the one that has the port.
    pub(crate) service: Option<String>,
    pub(crate) port: WebPort,
    /// The host port that would be nice.
    pub(crate) hint: Option<u16>,
    /// Path that the URL ends with.
    pub(crate) path: String,
    /// Whether it speaks HTTP at all.
    pub(crate) is_http: bool,
    pub(crate) tls: bool,
}

impl Web {
    /// A port whose host port is all the same. An empty path is `/`.
    pub(crate) fn of(service: Option<String>, port: WebPort, path: &str, is_http: bool) -> Self {
        let path = if path.is_empty() { "/" } else { path }.to_owned();
        Self { service, port, hint: None, path, is_http, tls: false }
    }
}

/// How the format names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WebPort {
    /// The container's.
    Target(u16),
    /// The host's, a number in the compose file.
    Published(u16),
    /// The variable that the compose file writes for the host's.
    Variable(String),
    /// The first that is published.
    First,
}

/// What one package may bring for its app, in files.
const FILES_LIMIT: usize = 500;
/// What one package may bring for its app, in bytes.
const FILES_LIMIT_BYTES: usize = 4 << 20;
/// Characters of a package's name.
const NAME_LIMIT: usize = 63;

impl Draft {
    /// The package.
    ///
    /// # Errors
    /// Why there can be none.
    pub(crate) fn finish(mut self) -> Result<Translation, Untranslatable> {
        bounds::check(&self.compose)?;
        let known = self.settle_listened_on();
        bounds::check_count("lines in .env", known.env().len(), bounds::ENV_LIMIT)?;
        let name = package_name(&self.name)?;
        let mut compose = std::mem::take(&mut self.compose);
        let mut remarks = std::mem::take(&mut self.remarks);
        let main = self.web.as_ref().and_then(|web| web.service.as_deref());
        let cleaned = services::clean(&mut compose, main, &known, &mut remarks)?;
        settle_images(&mut compose, &known)?;
        networks::clean(&mut compose, &cleaned.container_names, &known, &mut remarks);
        let (ports, main) = published::clean(&mut compose, self.web.as_ref(), &known, &mut remarks);
        bounds::check_count("published ports", ports.len(), bounds::PORTS_LIMIT)?;
        let stored = storage::clean(&mut compose, &self.data_prefixes, &self.files, &known, &mut remarks)?;
        check_size(&stored.files)?;
        let texts: Vec<&str> =
            stored.files.values().filter_map(|file| std::str::from_utf8(&file.bytes).ok()).collect();
        networks::name_containers(&mut compose, &cleaned.container_names, &known, &texts);

        let mut block = std::mem::take(&mut self.block);
        block.main = main;
        block.one_shot.extend(cleaned.one_shot);
        block.one_shot.retain(|name| services_of(&compose).any(|(service, _)| service == name));
        block.one_shot.sort();
        block.one_shot.dedup();
        texts::clean(&mut block, &name);
        versions(&mut block, &compose);
        tell_ports(&mut block.variables, &ports, &compose, &known);
        let of_versions: BTreeSet<String> = block.versions[0].variables.keys().cloned().collect();
        offered::clean(&mut compose, &mut block.variables, &of_versions, &known, &mut remarks);
        settle_login(&mut block, &known);
        let asked =
            private_keys::clean(&mut compose, &mut block.variables, &known, &stored.files, &mut remarks)?;
        let told = block.login.as_ref().and_then(|login| login.password.as_deref());
        let around = Surroundings { known: &known, fixed: &self.fixed, told, files: &texts };
        secrets::clean(&mut compose, &mut block.variables, &around, &mut remarks)?;
        drop_unused(&mut block, &compose, &known);
        texts::label(&mut block.variables, &self.labels);
        let env = self.env.as_deref();
        let env = env.map(|env| {
            env_edit::clean(env, &mut block.variables, &of_versions, &asked, &known, &mut remarks)
        });
        known.check()?;
        remarks.dedup();
        if let Some(more) = remarks.len().checked_sub(REMARKS_LIMIT).filter(|more| *more > 0) {
            remarks.truncate(REMARKS_LIMIT);
            remarks.push(format!("{more} more remarks are left out"));
        }
        let compose = compose_text(&block, &compose);
        let icon = self.icon.and_then(|icon| icons::checked(icon.bytes));
        let translation = Translation { name, compose, env, files: stored.files, icon, remarks };
        // Whatever a package may not have, the one reader of packages says so; so every translation is one.
        match translation.package() {
            Ok(_) => Ok(translation),
            Err(broken) => Err(Untranslatable::Unsupported(broken.reason.to_string())),
        }
    }

    /// What is known of variables: also of those that are no choice, since a container listens on what they tell.
    fn settle_listened_on(&mut self) -> Known {
        let known = Known::of(self);
        let listened_on = published::listened_on(&self.compose, &known);
        if listened_on.is_empty() {
            return known;
        }
        self.block.variables.retain(|variable| !listened_on.contains_key(&variable.name));
        self.values.extend(listened_on);
        Known::of(self)
    }
}

/// Packages are kept in memory when they are installed: what they bring is bounded.
fn check_size(files: &BTreeMap<String, PackagedFile>) -> Result<(), Untranslatable> {
    let bytes: usize = files.values().map(|file| file.bytes.len()).sum();
    if files.len() <= FILES_LIMIT && bytes <= FILES_LIMIT_BYTES {
        return Ok(());
    }
    let why = format!("it mounts {} files with {bytes} bytes, more than a package may bring", files.len());
    Err(Untranslatable::Unsupported(why))
}

/// A package's name: small letters, digits and `-`.
fn package_name(name: &str) -> Result<String, Untranslatable> {
    let mut slug = String::new();
    for character in name.trim().to_lowercase().chars() {
        match character {
            'a'..='z' | '0'..='9' => slug.push(character),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(NAME_LIMIT);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        return Err(Untranslatable::Unreadable(format!("{name:?} cannot be a package's name")));
    }
    Ok(slug.to_owned())
}

fn services_of(compose: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    compose.get("services").and_then(Value::as_object).into_iter().flatten()
}

/// Images as they are pulled: only variables of the versions stay.
fn settle_images(compose: &mut Map<String, Value>, known: &Known) -> Result<(), Untranslatable> {
    let services = compose.get_mut("services").and_then(Value::as_object_mut);
    for (name, service) in services.into_iter().flatten() {
        let Some(Value::String(image)) = service.get_mut("image") else { continue };
        let settled = known.settle_image(image);
        let text = settled.text.trim().trim_end_matches(':').to_owned();
        let has_gap = settled.has_gap && text.ends_with('/');
        if text.is_empty() || text.starts_with([':', '/']) || has_gap {
            let why = format!("the image of its service {name} is {image:?}, where variables have no value");
            return Err(Untranslatable::Unreadable(why));
        }
        *image = text;
    }
    Ok(())
}

/// At least one version: what the main image is tagged with, where the catalog tells none.
fn versions(block: &mut Block, compose: &Map<String, Value>) {
    if !block.versions.is_empty() {
        return;
    }
    let main = block.main.as_ref().map(|main| main.service.as_str());
    let service = services_of(compose).find(|(name, _)| main.is_none_or(|main| main == name.as_str()));
    let image = service.and_then(|(_, service)| service.get("image")?.as_str()).unwrap_or_default();
    let image = image.split('@').next().unwrap_or_default();
    let tag = image.rsplit('/').next().and_then(|last| last.split_once(':')).map_or("latest", |(_, tag)| tag);
    block.versions.push(VersionBlock { name: tag.to_owned(), ..VersionBlock::default() });
}

/// A login whose password is another variable's: that one. One whose password nobody makes: what it is.
fn settle_login(block: &mut Block, known: &Known) {
    let Some(login) = &mut block.login else { return };
    // One with a sample value becomes a secret.
    let is_secret = |name: &str| {
        block.variables.iter().any(|variable| {
            let has_sample = || variable.kind == Kind::Text && secret_names::looks_secret(name);
            variable.name == name && (variable.kind == Kind::Secret || has_sample())
        })
    };
    for _ in 0..REFERENCES_LIMIT {
        let Some(name) = login.password_variable.clone().filter(|name| !is_secret(name)) else { break };
        let template = known.env().get(&name).cloned().unwrap_or_default();
        login.password_variable = match parse(&template).as_slice() {
            [Part::Use(used)] => Some(used.name.clone()),
            _ => {
                login.password = known.value(&name).filter(|value| !value.is_empty());
                None
            }
        };
    }
    login.password_variable.take_if(|name| !is_secret(name));
    if let Some(name) = login.user_variable.take() {
        match block.variables.iter().find(|variable| variable.name == name).map(|variable| variable.kind) {
            Some(Kind::Text) => login.user_variable = Some(name),
            // One that is made of others, such as an address at the app's own host, cannot be told before.
            Some(_) => {}
            None => login.user_name = known.value(&name).unwrap_or_default(),
        }
    }
    let is_empty = login.password_variable.is_none()
        && login.password.is_none()
        && login.user_variable.is_none()
        && login.user_name.is_empty();
    if is_empty {
        block.login = None;
    }
}

/// Variables that told the host's port of a published one and are used elsewhere too: the port that was given.
fn tell_ports(
    variables: &mut Vec<VariableBlock>,
    ports: &[Published],
    compose: &Map<String, Value>,
    known: &Known,
) {
    let used = used_in(compose, known);
    let mut told = BTreeSet::new();
    for port in ports.iter().filter(|port| !port.is_inside) {
        let Some(name) = port.variable.as_ref().filter(|name| told.insert((*name).clone())) else { continue };
        let declared = variables.iter().position(|variable| variable.name == *name);
        let label = declared.map(|index| variables.remove(index).label);
        if used.contains(name) || known.is_in_env(name) {
            let mut variable = offered::text_variable(name);
            variable.kind = Kind::Port;
            variable.label = label.unwrap_or(variable.label);
            variable.of = Some(PortBlock { service: port.service.clone(), port: port.target, udp: port.udp });
            variables.push(variable);
        }
    }
}

/// Every name that the compose file or `.env` uses.
fn used_in(compose: &Map<String, Value>, known: &Known) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    compose.values().for_each(|value| collect_names(value, &mut used));
    used.extend(known.env().values().flat_map(|template| interpolation::names(template)));
    used
}

fn collect_names(value: &Value, used: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => used.extend(interpolation::names(text)),
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, used)),
        Value::Object(map) => map.values().for_each(|item| collect_names(item, used)),
        _ => {}
    }
}

/// Leaves out variables that nothing uses: what only told a path or an image is told there now.
fn drop_unused(block: &mut Block, compose: &Map<String, Value>, known: &Known) {
    if loose::services(compose).any(|(_, service)| loose::reads_env(service)) {
        return;
    }
    let mut used = used_in(compose, known);
    for source in compose.get("secrets").into_iter().chain(compose.get("configs")) {
        let sources = source.as_object().into_iter().flat_map(Map::values);
        used.extend(sources.filter_map(|source| source.get("environment")?.as_str().map(str::to_owned)));
    }
    loop {
        let inner: Vec<String> = block
            .variables
            .iter()
            .filter(|variable| used.contains(&variable.name))
            .flat_map(|variable| {
                let key = match &variable.shape {
                    Some(ShapeBlock::Jwt { key, .. }) => Some(key.clone()),
                    _ => None,
                };
                interpolation::names(variable.value.as_deref().unwrap_or_default()).into_iter().chain(key)
            })
            .filter(|name| !used.contains(name))
            .collect();
        if inner.is_empty() {
            break;
        }
        used.extend(inner);
    }
    block.variables.retain(|variable| used.contains(&variable.name));
    let is_there = |name: &String| block.variables.iter().any(|variable| variable.name == *name);
    let is_secret = |variable: &VariableBlock| matches!(variable.kind, Kind::Secret | Kind::Derived);
    let is_made =
        |name: &String| block.variables.iter().any(|variable| variable.name == *name && is_secret(variable));
    if let Some(login) = &mut block.login {
        // Without the password that nobody gets, the rest is of no use.
        let is_lost = login.password_variable.take_if(|name| !is_made(name)).is_some();
        login.user_variable.take_if(|name| !is_there(name));
        let is_empty = login.password_variable.is_none() && login.password.is_none();
        if is_empty && (is_lost || (login.user_variable.is_none() && login.user_name.is_empty())) {
            block.login = None;
        }
    }
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
