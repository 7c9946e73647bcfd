//! Checks what we ship of others: licences that are allowed, and each crate in one version only.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::Value;

use super::Finding;
use crate::cargo::{array, text};

/// Licences that ask for no more than their text in the notices.
const ALLOWED: [&str; 10] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that are there in several versions, each with the reason why.
const SEVERAL_VERSIONS: [(&str, &str); 3] = [
    ("syn", "macros of others are moving from 2 to 3; it is compiled, but never part of our binary"),
    ("getrandom", "ring, which TLS is made with, has not moved to the version of all others yet"),
    ("base64", "the client of ACME and what writes its keys do not agree on one; both are small"),
];

/// A crate that is not ours.
pub(super) struct Dependency {
    name: String,
    version: String,
    licence: String,
}

/// Everything that is compiled into anything of ours, out of cargo's metadata.
pub(super) fn dependencies(metadata: &Value) -> Result<Vec<Dependency>> {
    let used: Vec<&str> =
        array(&metadata["resolve"], "nodes")?.iter().filter_map(|node| node["id"].as_str()).collect();
    let mut dependencies = Vec::new();
    for package in array(metadata, "packages")? {
        if package["source"].is_null() || !used.contains(&text(package, "id")?) {
            continue;
        }
        dependencies.push(Dependency {
            name: text(package, "name")?.to_owned(),
            version: text(package, "version")?.to_owned(),
            licence: package["license"].as_str().unwrap_or("").to_owned(),
        });
    }
    Ok(dependencies)
}

pub(super) fn check(dependencies: &[Dependency]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |what: String| findings.push(Finding::new("Cargo.lock", 1, what));
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for dependency in dependencies {
        versions.entry(&dependency.name).or_default().push(&dependency.version);
        if !is_allowed(&dependency.licence) {
            let Dependency { name, version, licence } = dependency;
            found(format!(
                "{name} {version} has the licence `{licence}`; use another crate, or allow it with a reason"
            ));
        }
    }
    let explained = |name: &str| SEVERAL_VERSIONS.iter().any(|(known, _)| *known == name);
    for (name, versions) in &versions {
        if versions.len() > 1 && !explained(name) {
            let list = versions.join(" and ");
            found(format!(
                "{name} is there in versions {list}; agree on one, or explain it in xtask/src/tidy/licences.rs"
            ));
        }
    }
    for (name, _) in SEVERAL_VERSIONS {
        if versions.get(name).is_none_or(|versions| versions.len() < 2) {
            found(format!(
                "{name} is explained in xtask/src/tidy/licences.rs but is there once; take it out"
            ));
        }
    }
    findings
}

/// `A OR B` needs one of them, `A AND B` needs both; `/` is an old way to write OR.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let words = expression.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut rest = words.as_slice();
    let allowed = any_of(&mut rest);
    allowed && rest.is_empty()
}

fn any_of(words: &mut &[&str]) -> bool {
    let mut allowed = all_of(words);
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        allowed |= all_of(words);
    }
    allowed
}

fn all_of(words: &mut &[&str]) -> bool {
    let mut allowed = one(words);
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        allowed &= one(words);
    }
    allowed
}

fn one(words: &mut &[&str]) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let allowed = any_of(words);
            if let [")", rest @ ..] = *words {
                *words = rest;
            }
            allowed
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            ALLOWED.contains(&format!("{licence} WITH {exception}").as_str())
        }
        [licence, rest @ ..] => {
            *words = rest;
            ALLOWED.contains(licence)
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(name: &str, version: &str, licence: &str) -> Dependency {
        Dependency { name: name.to_owned(), version: version.to_owned(), licence: licence.to_owned() }
    }

    #[test]
    fn licence_expressions_are_understood() {
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/Apache-2.0",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in
            ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Zlib) AND GPL-3.0", "Apache-2.0 WITH Other-exception"]
        {
            assert!(!is_allowed(bad), "{bad}");
        }
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_found_with_its_crate() {
        let found = check(&[dependency("viral", "1.0.0", "AGPL-3.0")]);
        assert!(found.iter().any(|finding| finding.to_string().contains("viral 1.0.0")), "{found:?}");
    }

    #[test]
    fn two_versions_of_one_crate_are_found() {
        let found = check(&[dependency("twice", "1.0.0", "MIT"), dependency("twice", "2.0.0", "MIT")]);
        assert!(found.iter().any(|finding| finding.to_string().contains("1.0.0 and 2.0.0")), "{found:?}");
    }
}
