//! Versions and variables: what stands behind each `${NAME}` of a compose file.
//!
//! The values themselves are made elsewhere: a secret's at each install, the built-in ones by the server.

use std::collections::{BTreeMap, BTreeSet};

use domain::package::{PackageVersion, PublishedPort, Service, Variable, VariableKind};
use domain::settings::LONGEST_VALUE;
use domain::template::is_variable_name;
use domain::{EnvFile, Template};

use crate::block::{VariableBlock, VersionBlock};
use crate::error::PackageError;
use crate::kinds::kind;
use crate::package::text;

/// Variables that every compose file may use without declaring them.
pub const BUILT_IN_VARIABLES: [&str; 7] = [
    "APPMANAGE_APP_ID",
    "APPMANAGE_AUTHORITY",
    "APPMANAGE_FOLDER",
    "APPMANAGE_HOST",
    "APPMANAGE_PORT",
    "APPMANAGE_SCHEME",
    "APPMANAGE_URL",
];

/// Beginnings of names that mean something to the server, to `docker compose` or to `docker` themselves.
const RESERVED_PREFIXES: [&str; 3] = ["APPMANAGE_", "COMPOSE_", "DOCKER_"];
/// Names that every process has already, so that `docker compose` would take that value instead.
const RESERVED_NAMES: [&str; 2] = ["HOME", "PATH"];

/// The versions of a package, newest first.
///
/// # Errors
///
/// A rule, where there is none, or one has a bad name or value or does not set what the others set.
pub(crate) fn versions(blocks: &[VersionBlock]) -> Result<Vec<PackageVersion>, PackageError> {
    let Some(newest) = blocks.first() else {
        return Err(PackageError::rule("x-appmanage.versions", "is empty", "name at least one version"));
    };
    let mut seen = BTreeSet::new();
    for (index, version) in blocks.iter().enumerate() {
        let place = format!("x-appmanage.versions[{index}]");
        let name = version.name.as_str();
        if !is_plain(name) {
            let advice = "use letters, digits, ., _, - and +";
            return Err(PackageError::rule(place, format!("is called {name:?}"), advice));
        }
        if !seen.insert(name) {
            return Err(PackageError::rule(place, format!("is another {name:?}"), "name each version once"));
        }
        for (variable, value) in &version.variables {
            check_name(&place, variable)?;
            if !is_plain(value) {
                let advice = "use letters, digits, and . _ - + / : @";
                return Err(PackageError::rule(place, format!("sets {variable} to {value:?}"), advice));
            }
        }
        if !version.variables.keys().eq(newest.variables.keys()) {
            let advice = "set the same variables in every version";
            return Err(PackageError::rule(place, "does not set what the newest version sets", advice));
        }
    }
    Ok(blocks
        .iter()
        .map(|block| PackageVersion { name: block.name.clone(), variables: block.variables.clone() })
        .collect())
}

/// The variables of a package.
///
/// # Errors
///
/// A rule, where a name, default or label is not as it must be.
pub(crate) fn variables(blocks: &[VariableBlock]) -> Result<Vec<Variable>, PackageError> {
    blocks
        .iter()
        .enumerate()
        .map(|(index, block)| {
            let key = format!("variables[{index}]");
            let place = format!("x-appmanage.{key}");
            check_name(&place, &block.name)?;
            let label = text(&format!("{key}.label"), &block.label)?;
            Ok(Variable { name: block.name.clone(), kind: kind(&place, block)?, label })
        })
        .collect()
}

/// Names that stand for something else, each of which must be there: the ports and secrets that variables tell of, and
/// the variables that derived ones are made of, none of them of itself and all together of a bounded length.
///
/// # Errors
///
/// A rule that names the variable.
pub(crate) fn check_references(
    variables: &[Variable],
    services: &[Service],
    is_known: impl Fn(&str) -> bool,
) -> Result<(), PackageError> {
    for variable in variables {
        let place = format!("variable {}", variable.name);
        match &variable.kind {
            VariableKind::Port { service, target, protocol } => {
                let is_it = |port: &PublishedPort| port.target == *target && port.protocol == *protocol;
                if !services.iter().any(|known| known.name == *service && known.ports.iter().any(is_it)) {
                    let problem =
                        format!("tells of {protocol} port {target} of {service:?}, which is not published");
                    return Err(PackageError::rule(place, problem, "name one of the ports of this file"));
                }
            }
            VariableKind::Token { key, .. } if !secrets(variables).any(|secret| secret == key) => {
                let problem = format!("is signed with {key:?}, which is no secret");
                return Err(PackageError::rule(place, problem, "name a variable of kind secret, no token"));
            }
            VariableKind::Derived(template) => {
                if let Some(name) = template.names().find(|name| !is_known(name)) {
                    let problem = format!("is made of {name:?}, whose value is not known");
                    let advice = "name a variable that is declared here, or has a plain value in .env";
                    return Err(PackageError::rule(place, problem, advice));
                }
            }
            _ => {}
        }
    }
    check_derived(variables)
}

/// Values that a derived variable may be made of, those of others among them counted each time: a chain in which each
/// names the next one twice would fill the memory.
const PARTS_LIMIT: usize = 100;

fn check_derived(variables: &[Variable]) -> Result<(), PackageError> {
    let derived = variables.iter().filter_map(|variable| match &variable.kind {
        VariableKind::Derived(template) => Some((variable.name.as_str(), template)),
        _ => None,
    });
    let mut pending: Vec<_> = derived.collect();
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    while let Some((first, _)) = pending.first() {
        let waiting: BTreeSet<&str> = pending.iter().map(|(name, _)| *name).collect();
        let is_ready = |template: &Template| !template.names().any(|name| waiting.contains(name));
        let Some(ready) = pending.iter().position(|(_, template)| is_ready(template)) else {
            let (place, advice) =
                (format!("variable {first}"), "make it of variables that are not made of it");
            return Err(PackageError::rule(place, "is made of itself", advice));
        };
        let (name, template) = pending.remove(ready);
        let of_names: usize = template.names().map(|name| parts.get(name).copied().unwrap_or(1)).sum();
        if of_names > PARTS_LIMIT || template.plain_bytes() > LONGEST_VALUE {
            let place = format!("variable {name}");
            return Err(PackageError::rule(place, "is made of too much", "make it of fewer variables"));
        }
        parts.insert(name, of_names.max(1));
    }
    Ok(())
}

/// The names of the secrets among them.
pub(crate) fn secrets(variables: &[Variable]) -> impl Iterator<Item = &str> {
    variables
        .iter()
        .filter(|variable| matches!(variable.kind, VariableKind::Secret { .. }))
        .map(|variable| variable.name.as_str())
}

/// What a package's `.env` means for its variables.
#[derive(Debug, Default)]
pub(crate) struct EnvUse {
    /// The names that it gives a value.
    pub(crate) names: BTreeSet<String>,
    /// Whether a service is given all of it: then everything declared is used.
    pub(crate) is_passed: bool,
}

/// The lines of a package's `.env`: compose reads it, and nothing in it is the server's or compose's own business.
///
/// # Errors
///
/// A rule that names the line or the variable.
pub(crate) fn check_env(env: &EnvFile, is_declared: impl Fn(&str) -> bool) -> Result<(), PackageError> {
    if let Some(line) = env.broken_line() {
        let advice = "write NAME=value lines, quotes closed";
        return Err(PackageError::rule(".env", format!("has no NAME=value in line {line}"), advice));
    }
    if let Some(name) = env.names().find(|name| is_reserved(name)) {
        let advice = "leave it out: it belongs to the server, to docker compose or to every process";
        return Err(PackageError::rule(".env", format!("sets {name}"), advice));
    }
    check_surroundings(".env", env)?;
    if let Some((line, name)) = used_too_early(env, is_declared).next() {
        let problem = format!("uses {name} in the value of {line}, where it has no value yet");
        let advice = "give it one in a line before, or write it plainly";
        return Err(PackageError::rule(".env", problem, advice));
    }
    Ok(())
}

/// A file with variables takes nothing from the environment that `docker compose` runs in.
///
/// # Errors
///
/// A rule that names the variable.
pub(crate) fn check_surroundings(place: &str, env: &EnvFile) -> Result<(), PackageError> {
    let uses = env.uses();
    let taken = env.names_alone().chain(uses.iter().map(|(_, name, _)| *name));
    match taken.into_iter().find(|name| is_reserved(name) && !BUILT_IN_VARIABLES.contains(name)) {
        Some(name) => {
            let advice = "leave it out: it belongs to the server, to docker compose or to every process";
            Err(PackageError::rule(place, format!("takes {name} from outside"), advice))
        }
        None => Ok(()),
    }
}

/// The lines of `.env` that use what has no value yet, and what that is: compose reads from the top.
pub(crate) fn used_too_early(
    env: &EnvFile,
    is_declared: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&str, &str)> {
    let names: Vec<&str> = env.names().collect();
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, name) in names.iter().enumerate() {
        first.entry(name).or_insert(place);
    }
    env.uses().into_iter().filter_map(move |(place, name, has_default)| {
        let is_early = first.get(name).map_or_else(|| !is_declared(name), |first| *first >= place);
        (!has_default && is_early).then_some((names[place], name))
    })
}

/// Every name used is declared, every name declared is used, and none is declared twice: so none is ever
/// unset, and a typing error is found here.
///
/// # Errors
///
/// A rule that names the variable.
pub(crate) fn check_use(
    used: &BTreeSet<String>,
    variables: &[Variable],
    versions: &[PackageVersion],
    env: &EnvUse,
) -> Result<(), PackageError> {
    let mut declared = BTreeSet::new();
    let of_versions = versions.first().into_iter().flat_map(|version| version.variables.keys());
    for name in variables.iter().map(|variable| &variable.name).chain(of_versions) {
        if !declared.insert(name.as_str()) {
            return Err(PackageError::rule(format!("variable {name}"), "is declared twice", "leave one out"));
        }
    }
    let is_known = |name: &str| {
        declared.contains(name) || BUILT_IN_VARIABLES.contains(&name) || env.names.contains(name)
    };
    if let Some(name) = used.iter().find(|name| !is_known(name)) {
        let advice = "declare it in x-appmanage under variables, or in every version";
        return Err(PackageError::rule(format!("variable {name}"), "is used but not declared", advice));
    }
    let is_used = |name: &str| env.is_passed || used.contains(name) || env.names.contains(name);
    if let Some(name) = declared.iter().find(|name| !is_used(name)) {
        let advice = "use it as ${NAME}, or leave it out";
        return Err(PackageError::rule(format!("variable {name}"), "is declared but not used", advice));
    }
    Ok(())
}

fn check_name(place: &str, name: &str) -> Result<(), PackageError> {
    if is_reserved(name) || !is_variable_name(name) {
        let advice = "use letters, digits and _; not APPMANAGE_, COMPOSE_, DOCKER_, HOME or PATH";
        return Err(PackageError::rule(place, format!("has a variable called {name:?}"), advice));
    }
    Ok(())
}

/// Whether a package must not give that name a value.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED_NAMES.contains(&name) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Texts that mean themselves in a compose file, in `.env` and in an image's name.
fn is_plain(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+/:@".contains(&byte))
}
