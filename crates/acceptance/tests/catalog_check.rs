//! `appmanage catalog check` over real apps of every format, with the real `docker compose`: how many of what can be
//! rendered come out clean. The apps are others' and lie beside the repository, never in it; where they are not, as in a
//! plain clone, this is left out and says so.

#![expect(clippy::print_stdout, reason = "figures, for people")]

use std::path::Path;
use std::process::Command;

use acceptance::json::{items, text};
use acceptance::setup::{binary, variable};
use serde_json::Value;

/// Where they lie, from this crate.
const SAMPLES: &str = "../../../shared/catalogs/samples";
/// Their folders.
const CATALOGS: [&str; 7] = ["1panel", "bigbear", "casaos", "coolify", "dokploy", "runtipi", "websoft9"];
/// How many of a hundred have to be clean.
const CLEAN_PERCENT: usize = 95;
/// Apps that are broken where they come from, and how.
const BROKEN: [(&str, &str, &str); 2] = [
    ("1panel", "forgejo", "names its image by a variable that only its script sets"),
    ("coolify", "langfuse", "merges a list into a map, which no reader of YAML takes"),
];

/// What the command says of a folder.
fn checked(folder: &Path) -> Value {
    let output = Command::new(binary())
        .args(["catalog", "check", "--output", "json"])
        .arg(folder)
        .env_clear()
        .env("PATH", variable("PATH"))
        .env("DOCKER_CONFIG", variable("DOCKER_CONFIG"))
        .env("HOME", "/nowhere")
        .output()
        .expect("it can be run");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}: {told}", folder.display()))
}

#[test]
#[ignore = "needs docker compose, as the private engine has it: cargo xtask test"]
fn real_apps_of_every_format_come_out_clean() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLES);
    if !samples.is_dir() {
        println!("left out: {} is not there, so there are no real apps to check", samples.display());
        return;
    }
    for catalog in CATALOGS {
        let answer = checked(&samples.join(catalog));
        let packages = items(&answer, "/packages");
        let is_broken = |package: &Value| {
            BROKEN.iter().find(|(of, app, _)| *of == catalog && text(package, "/app") == *app)
        };
        let (mut clean, mut others) = (0, Vec::new());
        for package in packages.iter().filter(|package| text(package, "/outcome") != "hidden") {
            let is_clean = ["installable", "needs_input", "refused"].contains(&&*text(package, "/outcome"));
            match is_broken(package) {
                Some((_, app, why)) => assert!(!is_clean, "{app} is clean now, though it {why}"),
                None if is_clean => clean += 1,
                None => others.push(format!("{}: {}", text(package, "/name"), package["reasons"])),
            }
        }
        println!("{catalog}: {clean} clean, {} not", others.len());
        assert!(clean > 0, "{catalog}: there is nothing in it");
        assert!(clean * 100 >= (clean + others.len()) * CLEAN_PERCENT, "{catalog}: {others:#?}");
    }
}
