//! From the text of a package to a [`Package`]: every rule that `domain` says holds is checked here, once.
//!
//! Where the text comes from is not known here.

use std::collections::BTreeSet;
use std::time::Duration;

use control::ports::InstalledText;
use domain::network::Protocol;
use domain::package::{
    Icon, IconKind, MainPort, PackageFile, PackageLogin, PackageVersion, Requirements, Service, Speaks, Text,
    Variable, VariableKind,
};
use domain::{EnvFile, Package, PackageName};
use serde_json::{Map, Value};

use crate::block::{Block, Document, HttpBlock, LoginBlock, MainBlock, RequirementsBlock, TextBlock};
use crate::compose::{ComposeFile, is_plain_path};
use crate::error::PackageError;
use crate::formats::icons;
use crate::interpolation::names_used;
use crate::size::parse_bytes;
use crate::variables::{BUILT_IN_VARIABLES, EnvUse, check_env, check_surroundings};
use crate::{compose, variables, yaml};

/// Lines of a description, label or note, at most: people read it in a list or a form.
pub(crate) const TEXT_LIMIT_LINES: usize = 20;
/// Bytes of such a text, at most: some hundred words.
pub(crate) const TEXT_LIMIT_BYTES: usize = 4_000;
/// Bytes of an address of a page.
const URL_LIMIT_BYTES: usize = 1_000;
/// The longest that an app may take to get ready: a day, so that a typing error does not hold an install for ever.
const PATIENCE_LIMIT_SECONDS: u64 = 86_400;
/// Folder names longer than this are no package's name.
const NAME_LIMIT: usize = 63;

/// The files of a package, as they were found.
#[derive(Debug, Default)]
pub(crate) struct PackageText {
    /// `compose.yaml`.
    pub(crate) compose: String,
    /// `.env`, where there is one.
    pub(crate) env: Option<String>,
    /// Those below `files/`.
    pub(crate) files: Vec<PackageFile>,
    /// The icon, by the end of its name.
    pub(crate) icon: Option<(IconKind, Vec<u8>)>,
}

/// Reads and checks one package of a catalog.
///
/// # Errors
///
/// What is wrong first.
pub(crate) fn read_package(
    name: &str,
    catalog: &str,
    official: bool,
    text: PackageText,
) -> Result<Package, PackageError> {
    check_name(name)?;
    let icon = text.icon.map(|(kind, bytes)| icon(kind, bytes)).transpose()?;
    let env = text.env.map(EnvFile::of);
    let (mut package, compose) = read(&text.compose, env)?;
    if let Some(env) = &package.env {
        let of_versions = package.versions.iter().flat_map(|version| version.variables.keys());
        let declared: BTreeSet<&String> =
            package.variables.iter().map(|variable| &variable.name).chain(of_versions).collect();
        let is_declared =
            |name: &str| BUILT_IN_VARIABLES.contains(&name) || declared.iter().any(|known| *known == name);
        check_env(env, is_declared)?;
    }
    let is_brought = |path: &&String| text.files.iter().any(|file| file.path == **path);
    if let Some(path) = compose.env_files.iter().find(|path| !is_brought(path)) {
        let problem = format!("is not there, but a service takes its environment from files/{path}");
        return Err(PackageError::rule(format!("files/{path}"), problem, "put it into the package's folder"));
    }
    for file in text.files.iter().filter(|file| compose.env_files.contains(&file.path)) {
        let place = format!("files/{}", file.path);
        check_surroundings(&place, &EnvFile::of(String::from_utf8_lossy(&file.bytes)))?;
    }
    if let Some(file) = text.files.iter().find(|file| !is_plain_path(&file.path)) {
        return Err(PackageError::rule(
            &file.path,
            "is no path below files/",
            "write names with / between them",
        ));
    }
    name.clone_into(&mut package.name);
    catalog.clone_into(&mut package.catalog);
    Ok(Package { official, files: text.files, icon, ..package })
}

/// Reads the package that an app was made of, out of the app's own folder: its `.env` holds that app's values, its files
/// are in their place.
///
/// # Errors
///
/// What is wrong first.
pub(crate) fn read_installed(name: &PackageName, text: InstalledText) -> Result<Package, PackageError> {
    let (package, _) = read(&text.compose, text.env)?;
    let PackageName { name, catalog } = name.clone();
    Ok(Package { name, catalog: catalog.unwrap_or_default(), ..package })
}

/// What the texts tell of a package whose name, catalog, files and icon others know.
fn read(compose_text: &str, env: Option<EnvFile>) -> Result<(Package, ComposeFile), PackageError> {
    let Document { block } = yaml::from_str(compose_text)?;
    let Some(block) = block.as_ref().map(Block::unescaped) else {
        return Err(PackageError::rule("compose.yaml", "has no x-appmanage block", "see docs/packages.md"));
    };
    let document: Map<String, Value> = yaml::from_str(compose_text)?;
    let compose = compose::read(&document, &block.one_shot)?;
    let versions = variables::versions(&block.versions)?;
    let variables = variables::variables(&block.variables)?;
    check_names(document, &compose, &block, (&variables, &versions), env.as_ref())?;
    check_images(&compose.services, &versions)?;
    let package = Package {
        name: String::new(),
        catalog: String::new(),
        fingerprint: None,
        trademark: line("trademark", &block.trademark)?,
        description: text("description", &block.description)?,
        categories: categories(&block.categories)?,
        website: block.website.map(website).transpose()?,
        architectures: architectures(block.architectures)?,
        official: false,
        requirements: block.requirements.as_ref().map(requirements).transpose()?.unwrap_or_default(),
        main: block.main.map(|main| main_port(main, &compose.services)).transpose()?,
        patience: patience(block.patience_seconds)?,
        admin_path: admin_path(block.admin_path)?,
        login: block.login.map(|login| check_login(login, &variables)).transpose()?,
        note: block.note.as_ref().map(|note| text("note", note)).transpose()?,
        versions,
        variables,
        services: compose.services.clone(),
        volumes: compose.volumes.clone(),
        networks: compose.networks.clone(),
        compose: compose_text.to_owned(),
        env,
        files: Vec::new(),
        env_files: compose.env_files.iter().cloned().collect(),
        icon: None,
    };
    Ok((package, compose))
}

/// Every name that is used anywhere means something, and every variable that is declared is used somewhere.
fn check_names(
    document: Map<String, Value>,
    compose: &ComposeFile,
    block: &Block,
    (variables, versions): (&[Variable], &[PackageVersion]),
    env: Option<&EnvFile>,
) -> Result<(), PackageError> {
    let names = env.iter().flat_map(|env| env.names()).map(str::to_owned).collect();
    let in_env = EnvUse { names, is_passed: compose.passes_env };
    let declared: BTreeSet<&str> = variables.iter().map(|variable| variable.name.as_str()).collect();
    let of_version = |name: &str| versions.iter().any(|version| version.variables.contains_key(name));
    variables::check_references(variables, &compose.services, |name| {
        declared.contains(name)
            || of_version(name)
            || BUILT_IN_VARIABLES.contains(&name)
            || env.is_some_and(|env| env.value(name).is_some())
    })?;
    // The block too: compose reads it as well, and its templates name variables.
    let mut used = names_used("", &Value::Object(document))?;
    used.extend(compose.content_variables.iter().cloned());
    used.extend(env.iter().flat_map(|env| env.uses()).map(|(_, name, _)| name.to_owned()));
    used.extend(block.login.iter().filter_map(|login| login.user_variable.clone()));
    used.extend(variables.iter().filter_map(|variable| match &variable.kind {
        VariableKind::Token { key, .. } => Some(key.clone()),
        _ => None,
    }));
    let has_default =
        |name: &String| env.iter().flat_map(|env| env.uses()).any(|(_, used, has)| has && used == name);
    used.retain(|name| declared.contains(name.as_str()) || !has_default(name));
    used.extend(compose.bare_names.iter().cloned());
    variables::check_use(&used, variables, versions, &in_env)
}

pub(crate) fn check_name(name: &str) -> Result<(), PackageError> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > NAME_LIMIT || !name.bytes().all(known) || name.starts_with('-') {
        let advice = "use at most 63 lowercase letters, digits and -";
        return Err(PackageError::rule("the folder's name", "is not a package's name", advice));
    }
    Ok(())
}

/// The icon is served to browsers: it must be the image that its name says, and nothing that runs.
fn icon(kind: IconKind, bytes: Vec<u8>) -> Result<Icon, PackageError> {
    let advice = match kind {
        IconKind::Svg => "let it draw and do nothing else: no scripts, no handlers, nothing from elsewhere",
        IconKind::Png => "save it as PNG",
        IconKind::Jpeg => "save it as JPEG",
        IconKind::Webp => "save it as WebP",
    };
    if let Some(icon) = icons::checked(bytes).filter(|icon| icon.extension == kind.extension()) {
        return Ok(Icon { kind, bytes: icon.bytes });
    }
    let name = format!("icon.{}", kind.extension());
    let problem = format!("is not an {} image", kind.extension().to_ascii_uppercase());
    Err(PackageError::rule(name, problem, advice))
}

/// Pulling and composing must mean the same image: only `${NAME}` of a version's variables may stand in one.
fn check_images(services: &[Service], versions: &[PackageVersion]) -> Result<(), PackageError> {
    for service in services {
        if versions.iter().any(|version| service.image_for(&version.variables).contains('$')) {
            return Err(PackageError::rule(
                format!("services.{}.image", service.name),
                format!("is {:?}, which the versions do not settle", service.image),
                "write it plainly, or with ${NAME} of variables that every version sets",
            ));
        }
    }
    Ok(())
}

fn main_port(main: MainBlock, services: &[Service]) -> Result<MainPort, PackageError> {
    let published = services
        .iter()
        .find(|service| service.name == main.service)
        .is_some_and(|service| publishes(service, main.port));
    if !published {
        return Err(PackageError::rule(
            "x-appmanage.main",
            format!("names TCP port {} of {:?}, which is not published", main.port, main.service),
            "name a service and one of the container ports under its ports",
        ));
    }
    let speaks = match main.http {
        Some(HttpBlock { ready_path, path, tls }) => Speaks::Http {
            ready_path: absolute_path("main.http.ready_path", ready_path)?,
            path: absolute_path("main.http.path", path)?,
            tls,
        },
        None => Speaks::Tcp,
    };
    Ok(MainPort { service: main.service, target: main.port, speaks })
}

fn publishes(service: &Service, target: u16) -> bool {
    service.ports.iter().any(|port| port.target == target && port.protocol == Protocol::Tcp)
}

fn requirements(block: &RequirementsBlock) -> Result<Requirements, PackageError> {
    let bytes = |key: &str, text: &str| {
        parse_bytes(text).ok_or_else(|| {
            let place = format!("x-appmanage.requirements.{key}");
            PackageError::rule(place, format!("is {text:?}"), "write a size such as 512M or 2G")
        })
    };
    Ok(Requirements {
        cpu_cores: block.cpu_cores,
        memory_bytes: bytes("memory", &block.memory)?,
        disk_bytes: bytes("disk", &block.disk)?,
    })
}

fn patience(seconds: Option<u64>) -> Result<Duration, PackageError> {
    let Some(seconds) = seconds else { return Ok(Package::DEFAULT_PATIENCE) };
    if !(1..=PATIENCE_LIMIT_SECONDS).contains(&seconds) {
        let place = "x-appmanage.patience_seconds";
        return Err(PackageError::rule(place, format!("is {seconds}"), "write 1 to 86400"));
    }
    Ok(Duration::from_secs(seconds))
}

fn check_login(login: LoginBlock, variables: &[Variable]) -> Result<PackageLogin, PackageError> {
    let LoginBlock { user_name, user_variable, password_variable, password } = login;
    let wrong = |key: &str, problem: String, advice: &str| {
        Err(PackageError::rule(format!("x-appmanage.login.{key}"), problem, advice))
    };
    if let Some(name) = &password_variable
        && !variables::secrets(variables).any(|secret| secret == name)
    {
        let problem = format!("names {name:?}, which is no secret");
        return wrong("password_variable", problem, "name a variable of kind secret");
    }
    let can_be_set = |name: &String| {
        variables.iter().any(|variable| {
            variable.name == *name
                && variable.kind.is_settable()
                && !matches!(variable.kind, VariableKind::Secret { .. })
        })
    };
    if let Some(name) = user_variable.as_ref().filter(|name| !can_be_set(name)) {
        let problem = format!("names {name:?}, which nobody can set or is a secret");
        return wrong("user_variable", problem, "name a text, or write user_name");
    }
    if user_variable.is_some() && !user_name.is_empty() {
        return wrong("user_name", "stands beside user_variable".to_owned(), "leave one of them out");
    }
    if password.is_some() && password_variable.is_some() {
        return wrong("password", "stands beside password_variable".to_owned(), "leave one of them out");
    }
    // Some apps ask for a password only.
    let has_more = user_variable.is_some() || password_variable.is_some() || password.is_some();
    let user_name =
        if user_name.is_empty() && has_more { user_name } else { line("login.user_name", &user_name)? };
    let password =
        password.map(|password| line("login.password", &password)).transpose()?.unwrap_or_default();
    Ok(PackageLogin { user_name, user_variable, password_variable, password })
}

fn website(url: String) -> Result<String, PackageError> {
    let is_url =
        ["https://", "http://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
    if is_url && url.len() <= URL_LIMIT_BYTES && url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(url);
    }
    Err(PackageError::rule(
        "x-appmanage.website",
        "is no address of a page",
        "write one that begins with https://",
    ))
}

fn architectures(names: Vec<String>) -> Result<Vec<String>, PackageError> {
    let is_name = |name: &String| {
        let is_known =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"/_-".contains(&byte);
        (1..=NAME_LIMIT).contains(&name.len()) && name.bytes().all(is_known)
    };
    match names.iter().find(|name| !is_name(name)) {
        Some(name) => {
            let advice = "write amd64, arm64 and so on, as Docker names them";
            Err(PackageError::rule("x-appmanage.architectures", format!("names {name:?}"), advice))
        }
        None => Ok(names),
    }
}

fn categories(categories: &[String]) -> Result<Vec<String>, PackageError> {
    if categories.is_empty() {
        return Err(PackageError::rule("x-appmanage.categories", "is empty", "name at least one"));
    }
    categories.iter().map(|category| line("categories", category)).collect()
}

fn admin_path(path: String) -> Result<String, PackageError> {
    if path.is_empty() { Ok(path) } else { absolute_path("admin_path", path) }
}

fn absolute_path(key: &str, path: String) -> Result<String, PackageError> {
    let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    if is_path {
        return Ok(path);
    }
    let place = format!("x-appmanage.{key}");
    Err(PackageError::rule(place, format!("is {path:?}"), "write a path that begins with /, without spaces"))
}

/// A text in both languages, neither of them empty.
pub(crate) fn text(key: &str, block: &TextBlock) -> Result<Text, PackageError> {
    Ok(Text { zh: lines(&format!("{key}.zh"), &block.zh)?, en: lines(&format!("{key}.en"), &block.en)? })
}

/// Some lines of text, trimmed and not empty.
fn lines(key: &str, text: &str) -> Result<String, PackageError> {
    let text = text.trim();
    let is_plain = !text.chars().any(|character| character.is_control() && character != '\n');
    if !text.is_empty()
        && text.len() <= TEXT_LIMIT_BYTES
        && text.lines().count() <= TEXT_LIMIT_LINES
        && is_plain
    {
        return Ok(text.to_owned());
    }
    let advice = format!("write a text of at most {TEXT_LIMIT_LINES} lines and {TEXT_LIMIT_BYTES} bytes");
    Err(PackageError::rule(format!("x-appmanage.{key}"), "is empty or too long", advice))
}

/// One line of text, trimmed and not empty.
fn line(key: &str, text: &str) -> Result<String, PackageError> {
    let text = lines(key, text)?;
    if text.contains('\n') {
        let place = format!("x-appmanage.{key}");
        return Err(PackageError::rule(place, "is more than one line", "write one line of text"));
    }
    Ok(text)
}
