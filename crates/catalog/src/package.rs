//! From the text of a package to a [`Package`]: every rule that `domain` says holds is checked here, once.
//!
//! Where the text comes from is not known here.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::Package;
use domain::network::Protocol;
use domain::package::{
    MainPort, PackageLogin, PackageVersion, Requirements, Service, Speaks, Text, Variable,
};
use serde_json::{Map, Value};

use crate::block::{Document, HttpBlock, LoginBlock, MainBlock, RequirementsBlock, TextBlock};
use crate::error::PackageError;
use crate::interpolation::names_used;
use crate::size::parse_bytes;
use crate::{compose, variables, yaml};

/// The longest that an app may take to get ready: a day, so that a typing error does not hold an install for ever.
const PATIENCE_LIMIT_SECONDS: u64 = 86_400;
/// Folder names longer than this are no package's name.
const NAME_LIMIT: usize = 63;

/// Reads and checks one package.
///
/// # Errors
///
/// What is wrong first.
pub(crate) fn read_package(
    name: &str,
    official: bool,
    compose_text: &str,
    icon: Option<Vec<u8>>,
) -> Result<Package, PackageError> {
    check_name(name)?;
    icon.as_deref().map_or(Ok(()), check_icon)?;
    let Document { block } = yaml::from_str(compose_text)?;
    let Some(block) = block else {
        return Err(PackageError::rule("compose.yaml", "has no x-appmanage block", "see docs/packages.md"));
    };
    let document: Map<String, Value> = yaml::from_str(compose_text)?;
    let compose = compose::read(&document, &block.one_shot)?;
    let versions = variables::versions(&block.versions)?;
    let variables = variables::variables(&block.variables)?;
    let mut used = names_used("", &Value::Object(document))?;
    used.extend(compose.content_variables);
    variables::check_use(&used, &variables, &versions)?;
    check_images(&compose.services, &versions)?;

    Ok(Package {
        name: name.to_owned(),
        trademark: line("trademark", &block.trademark)?,
        description: text("description", &block.description)?,
        categories: categories(&block.categories)?,
        official,
        requirements: block.requirements.as_ref().map(requirements).transpose()?.unwrap_or_default(),
        main: block.main.map(|main| main_port(main, &compose.services)).transpose()?,
        patience: patience(block.patience_seconds)?,
        admin_path: admin_path(block.admin_path)?,
        login: block.login.map(|login| check_login(login, &variables)).transpose()?,
        note: block.note.as_ref().map(|note| text("note", note)).transpose()?,
        versions,
        variables,
        services: compose.services,
        volumes: compose.volumes,
        networks: compose.networks,
        compose: compose_text.to_owned(),
        icon,
    })
}

fn check_name(name: &str) -> Result<(), PackageError> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > NAME_LIMIT || !name.bytes().all(known) || name.starts_with('-') {
        let advice = "use at most 63 lowercase letters, digits and -";
        return Err(PackageError::rule("the folder's name", "is not a package's name", advice));
    }
    Ok(())
}

/// The icon is served to browsers: it must be an image and nothing that runs.
fn check_icon(icon: &[u8]) -> Result<(), PackageError> {
    let svg = std::str::from_utf8(icon).unwrap_or_default().to_ascii_lowercase();
    if svg.trim_start().starts_with("<svg") && !svg.contains("<script") {
        return Ok(());
    }
    Err(PackageError::rule("icon.svg", "is not an SVG image", "begin with <svg, and use no scripts"))
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
        Some(HttpBlock { ready_path, path, tls: _ }) => Speaks::Http {
            ready_path: absolute_path("main.http.ready_path", ready_path)?,
            path: absolute_path("main.http.path", path)?,
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
    let secrets: BTreeSet<&str> = variables::secrets(variables).collect();
    if let Some(name) = &login.password_variable
        && !secrets.contains(name.as_str())
    {
        return Err(PackageError::rule(
            "x-appmanage.login.password_variable",
            format!("names {name:?}, which is no secret"),
            "name a variable of kind secret",
        ));
    }
    // Some apps ask for a password only.
    let user_name = match login.user_name.as_str() {
        "" if login.password_variable.is_some() => String::new(),
        name => line("login.user_name", name)?,
    };
    Ok(PackageLogin { user_name, password_variable: login.password_variable })
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
    Ok(Text { zh: line(&format!("{key}.zh"), &block.zh)?, en: line(&format!("{key}.en"), &block.en)? })
}

/// One line of text, trimmed and not empty.
fn line(key: &str, text: &str) -> Result<String, PackageError> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        let place = format!("x-appmanage.{key}");
        return Err(PackageError::rule(place, "is empty or more than one line", "write one line of text"));
    }
    Ok(text.to_owned())
}
