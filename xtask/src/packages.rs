//! `cargo xtask packages verify`: asks the registries for every image that a package of ours names.
//!
//! Which images there are tells an example of the crate `catalog`, run as a program of its own: xtask depends on
//! none of our crates, so that it can tell of one that does not compile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::command::{find, output};

/// Seconds that a registry may take to tell of one image.
const LIMIT_SECONDS: &str = "30";

/// Images of our own, which the test environment builds and no registry has.
const OURS: &str = "appmanage/";

/// What a registry's client says of an image that is not there. (Docker Hub does not tell a repository that is not
/// there from one that is private.)
const ABSENT: [&str; 5] = [
    "manifest unknown",
    "no such manifest",
    "not found",
    "repository does not exist",
    "requested access to the resource is denied",
];

/// What is known of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    There,
    Absent,
    /// Nobody could tell, and why.
    NotChecked(String),
}

/// Asks, prints a line per image, and fails where one is not there.
pub(crate) fn verify(repository: &Path) -> Result<ExitCode> {
    let images = images(repository)?;
    let mut unreachable: BTreeMap<String, String> = BTreeMap::new();
    let (mut there, mut absent, mut not_checked) = (0, 0, 0);
    for (image, users) in &images {
        let registry = registry(image);
        let found = match unreachable.get(registry) {
            _ if image.starts_with(OURS) => Found::NotChecked("the test environment makes it".to_owned()),
            Some(why) => Found::NotChecked(why.clone()),
            None => ask(image),
        };
        let words = match &found {
            Found::There => {
                there += 1;
                "there".to_owned()
            }
            Found::Absent => {
                absent += 1;
                "NOT THERE".to_owned()
            }
            Found::NotChecked(why) => {
                not_checked += 1;
                // One that does not answer for one image is not waited for again.
                if !image.starts_with(OURS) {
                    unreachable.entry(registry.to_owned()).or_insert_with(|| why.clone());
                }
                format!("not checked: {why}")
            }
        };
        let users = users.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        println!("{image:<42} {words}  ({users})");
    }
    println!("{there} images there, {absent} not there, {not_checked} not checked");
    if let Some((registry, _)) = unreachable.first_key_value() {
        println!("not everything was checked: {registry} could not be asked; run this again where it can");
    }
    Ok(ExitCode::from(u8::from(absent > 0)))
}

/// Each image, with the packages and versions that name it.
fn images(repository: &Path) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(repository).args([
        "run",
        "--quiet",
        "--package",
        "catalog",
        "--example",
        "package_images",
    ]);
    let mut images: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in output(&mut cargo)?.lines() {
        let mut fields = line.split('\t');
        let (package, version, image) = (|| Some((fields.next()?, fields.next()?, fields.next()?)))()
            .with_context(|| format!("`{line}` is not package, version and image"))?;
        images.entry(image.to_owned()).or_default().insert(format!("{package} {version}"));
    }
    Ok(images)
}

/// The host that has the image; Docker Hub where the name tells none.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

fn ask(image: &str) -> Found {
    if find("docker").is_none() {
        return Found::NotChecked(
            "there is no docker command (Debian: apt-get install docker-cli)".to_owned(),
        );
    }
    // The client asks the registry itself: no engine is needed.
    let mut docker = Command::new("timeout");
    docker.args([LIMIT_SECONDS, "docker", "manifest", "inspect", image]);
    match output(&mut docker) {
        Ok(_) => Found::There,
        Err(error) => judge(&error.to_string()),
    }
}

/// What the words of a failed question mean.
fn judge(words: &str) -> Found {
    if words.contains("toomanyrequests") {
        return Found::NotChecked(
            "the registry's limit of questions is reached; try again in some hours".to_owned(),
        );
    }
    if ABSENT.iter().any(|absent| words.contains(absent)) {
        return Found::Absent;
    }
    Found::NotChecked("its registry is out of reach".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_named_by_a_host() {
        assert_eq!(registry("redis:7.0"), "docker.io");
        assert_eq!(registry("grafana/grafana:12.0"), "docker.io");
        assert_eq!(registry("ghcr.io/a/b:1"), "ghcr.io");
        assert_eq!(registry("localhost/a:1"), "localhost");
    }

    #[test]
    fn only_a_registry_that_answered_can_say_that_an_image_is_absent() {
        assert_eq!(judge("`docker` ended with 1:\nmanifest unknown: manifest unknown"), Found::Absent);
        assert_eq!(judge("no such manifest: docker.io/library/redis:0"), Found::Absent);
        for words in [
            "dial tcp: lookup registry.example: no such host",
            "ended with exit status: 124",
            "toomanyrequests",
        ] {
            assert!(matches!(judge(words), Found::NotChecked(_)), "{words}");
        }
    }
}
