//! Versions and variables: what stands behind each `${NAME}` of a compose file.
//!
//! The values themselves are made elsewhere: a secret's at each install, the built-in ones by the server.

use std::collections::BTreeSet;

use domain::package::{PackageVersion, Variable, VariableKind};
use serde_json::Value;

use crate::block::{Kind, VariableBlock, VersionBlock};
use crate::error::PackageError;
use crate::interpolation::is_variable_name;
use crate::package::text;

/// Variables that every compose file may use without declaring them.
pub const BUILT_IN_VARIABLES: [&str; 4] =
    ["APPMANAGE_APP_ID", "APPMANAGE_HOST", "APPMANAGE_PORT", "APPMANAGE_URL"];

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
        if !is_plain(name) || name == "latest" {
            let advice = "use letters, digits, ., _, - and +; latest always names the first one";
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

fn kind(place: &str, block: &VariableBlock) -> Result<VariableKind, PackageError> {
    let advice = match (block.kind, &block.default) {
        (Kind::Secret, None) => return Ok(VariableKind::Secret),
        (Kind::Secret, Some(_)) => "leave it out: a secret is generated anew for each install",
        (Kind::Text, Some(Value::String(text))) if !text.chars().any(char::is_control) => {
            return Ok(VariableKind::Text { default: text.clone() });
        }
        (Kind::Text, _) => "write one line of text in quotes",
        (Kind::Number, Some(Value::Number(number))) if number.as_i64().is_some() => {
            return Ok(VariableKind::Number { default: number.as_i64().unwrap_or_default() });
        }
        (Kind::Number, _) => "write a whole number",
        (Kind::Boolean, Some(Value::Bool(default))) => {
            return Ok(VariableKind::Boolean { default: *default });
        }
        (Kind::Boolean, _) => "write true or false",
        (Kind::Choice | Kind::Port | Kind::Derived, _) => "is not known yet",
    };
    Err(PackageError::rule(format!("{place}.default"), "is not what its kind needs", advice))
}

/// The names of the secrets among them.
pub(crate) fn secrets(variables: &[Variable]) -> impl Iterator<Item = &str> {
    variables
        .iter()
        .filter(|variable| variable.kind == VariableKind::Secret)
        .map(|variable| variable.name.as_str())
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
) -> Result<(), PackageError> {
    let mut declared = BTreeSet::new();
    let of_versions = versions.first().into_iter().flat_map(|version| version.variables.keys());
    for name in variables.iter().map(|variable| &variable.name).chain(of_versions) {
        if !declared.insert(name.as_str()) {
            return Err(PackageError::rule(format!("variable {name}"), "is declared twice", "leave one out"));
        }
    }
    let is_known = |name: &str| declared.contains(name) || BUILT_IN_VARIABLES.contains(&name);
    if let Some(name) = used.iter().find(|name| !is_known(name)) {
        let advice = "declare it in x-appmanage under variables, or in every version";
        return Err(PackageError::rule(format!("variable {name}"), "is used but not declared", advice));
    }
    if let Some(name) = declared.iter().find(|name| !used.contains(**name)) {
        let advice = "use it as ${NAME}, or leave it out";
        return Err(PackageError::rule(format!("variable {name}"), "is declared but not used", advice));
    }
    Ok(())
}

fn check_name(place: &str, name: &str) -> Result<(), PackageError> {
    let is_reserved =
        RESERVED_NAMES.contains(&name) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if is_reserved || !is_variable_name(name) {
        let advice = "use upper-case letters, digits and _; not APPMANAGE_, COMPOSE_, DOCKER_, HOME or PATH";
        return Err(PackageError::rule(place, format!("has a variable called {name:?}"), advice));
    }
    Ok(())
}

/// Texts that mean themselves in a compose file, in `.env` and in an image's name.
fn is_plain(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+/:@".contains(&byte))
}
