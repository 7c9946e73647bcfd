//! How this machine reaches package registries, told to builds: certificates, indexes, proxies.
//!
//! All of it is read from the machine at build time, reaches only a build stage that is thrown away, and is
//! never part of an image or of this repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command::{find, output};
use crate::paths;

/// Settings of pip that say where and through what it fetches.
const PIP_SETTINGS: [&str; 4] = ["index-url", "extra-index-url", "trusted-host", "proxy"];

/// The same of npm.
const NPM_SETTINGS: [&str; 4] = ["registry", "proxy", "https-proxy", "strict-ssl"];

/// Where the machine's certificates are, when no variable says it.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Variables that docker hands to every build step without their becoming part of the image.
const PROXY_VARIABLES: [&str; 6] =
    ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/// Writes `ca-certificates.crt`, `pip.conf` and `npmrc` into `folder`, which builds see as /host.
pub(crate) fn write(folder: &Path) -> Result<()> {
    paths::create_folder(folder)?;
    let certificates = certificates();
    let here = folder.join("ca-certificates.crt");
    if certificates.is_file() {
        std::fs::copy(&certificates, &here)
            .with_context(|| format!("{} cannot be copied", certificates.display()))?;
    }
    let certificates = here.is_file();
    paths::write(&folder.join("pip.conf"), pip_conf(&pip_settings(), certificates))?;
    paths::write(&folder.join("npmrc"), npmrc(&npm_settings(), certificates))
}

/// The arguments of `docker build` that hand over the machine's proxies.
pub(crate) fn proxy_arguments() -> Vec<String> {
    PROXY_VARIABLES
        .iter()
        .filter(|name| std::env::var_os(name).is_some())
        .flat_map(|name| ["--build-arg".to_owned(), (*name).to_owned()])
        .collect()
}

fn certificates() -> PathBuf {
    ["PIP_CERT", "SSL_CERT_FILE"]
        .iter()
        .find_map(std::env::var_os)
        .map_or_else(|| PathBuf::from(CERTIFICATES), PathBuf::from)
}

/// `pip config list` prints `global.index-url='…'` and `:env:.index-url='…'` alike.
fn pip_settings() -> String {
    let program = find("pip").or_else(|| find("pip3"));
    program
        .and_then(|program| output(Command::new(program).args(["config", "list"])).ok())
        .unwrap_or_default()
}

fn pip_conf(settings: &str, certificates: bool) -> String {
    let mut text = "[global]\n".to_owned();
    if certificates {
        text.push_str("cert = /host/ca-certificates.crt\n");
    }
    for line in settings.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let name = name.rsplit('.').next().unwrap_or(name);
        if PIP_SETTINGS.contains(&name) {
            text.push_str(&format!("{name} = {}\n", value.trim_matches('\'').replace("\\n", "\n    ")));
        }
    }
    text
}

fn npm_settings() -> Vec<(&'static str, String)> {
    let Some(program) = find("npm") else { return Vec::new() };
    NPM_SETTINGS
        .into_iter()
        .filter_map(|name| Some((name, output(Command::new(&program).args(["config", "get", name])).ok()?)))
        .collect()
}

fn npmrc(settings: &[(&str, String)], certificates: bool) -> String {
    let mut text = String::new();
    if certificates {
        text.push_str("cafile=/host/ca-certificates.crt\n");
    }
    for (name, value) in settings {
        let value = value.trim();
        if !["", "null", "undefined"].contains(&value) {
            text.push_str(&format!("{name}={value}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pip_keeps_where_it_fetches_from_and_nothing_else() {
        let listed = ":env:.default-timeout='180'\nglobal.index-url='http://mirror.example/simple'\n\
                      :env:.find-links='/opt/x'\nglobal.cert='/elsewhere'\n";
        assert_eq!(
            pip_conf(listed, true),
            "[global]\ncert = /host/ca-certificates.crt\nindex-url = http://mirror.example/simple\n"
        );
        assert_eq!(pip_conf("", false), "[global]\n");
    }

    #[test]
    fn npm_settings_that_are_not_set_are_left_out() {
        let settings = [("registry", "http://mirror.example/\n".to_owned()), ("proxy", "null\n".to_owned())];
        assert_eq!(npmrc(&settings, false), "registry=http://mirror.example/\n");
        assert_eq!(npmrc(&[], true), "cafile=/host/ca-certificates.crt\n");
    }
}
