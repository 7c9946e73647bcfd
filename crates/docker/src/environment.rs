//! The environment variables that Docker's own tools obey, as they were when the server started.
//!
//! They are handed in, not read: only the binary reads its environment. Processes that we start get the
//! variables of [`PASSED_ON`] and no others.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a child may see of our environment: how to find programs, the engine, the logins and the proxies.
/// Secrets that an administrator gave to the server (`APPMANAGE_*`, cloud keys) are not among them.
const PASSED_ON: &[&str] = &[
    "PATH",
    "HOME",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Where programs are looked for if there is no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where the engine is if `DOCKER_HOST` does not say.
const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";

/// Environment variables.
#[derive(Clone, Debug)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes what concerns Docker out of an environment, such as `std::env::vars()`. A variable that is
    /// empty counts as unset, as it does for Docker's tools.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let concerns_docker =
            |(name, value): &(String, String)| PASSED_ON.contains(&name.as_str()) && !value.is_empty();
        let mut ours: BTreeMap<_, _> = variables.into_iter().filter(concerns_docker).collect();
        // Always given: else the docker command would follow the context that its user has chosen, and
        // `docker compose` could work on another engine than the one that we look at.
        ours.entry("DOCKER_HOST".to_owned()).or_insert_with(|| DEFAULT_HOST.to_owned());
        Self(ours)
    }

    /// A variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The engine's address, in the notation of `DOCKER_HOST`.
    pub(crate) fn engine_host(&self) -> &str {
        self.get("DOCKER_HOST").unwrap_or(DEFAULT_HOST)
    }

    /// The same without proxies, whose addresses may hold a password: a package can hand on to its containers whatever
    /// `docker compose` is told, and compose itself pulls nothing here.
    pub(crate) fn without_proxies(&self) -> Self {
        let is_proxy = |name: &str| name.to_ascii_uppercase().ends_with("_PROXY");
        let others = self.0.iter().filter(|(name, _)| !is_proxy(name));
        Self(others.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// What a child process gets.
    pub(crate) fn passed_on(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }

    /// The file of that name that the `PATH` leads to.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
        let path = self.get("PATH").unwrap_or(DEFAULT_PATH);
        std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_executable(file))
    }

    /// Docker's client configuration folder.
    pub(crate) fn client_config_dir(&self) -> Option<PathBuf> {
        let of_home = || self.get("HOME").map(|home| PathBuf::from(home).join(".docker"));
        self.get("DOCKER_CONFIG").map(PathBuf::from).or_else(of_home)
    }
}

fn is_executable(file: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_docker_needs_is_passed_on_and_the_engine_is_always_named() {
        let environment = Environment::of([
            ("PATH".to_owned(), "/bin".to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), "secret".to_owned()),
            ("DOCKER_CONFIG".to_owned(), String::new()),
        ]);
        let passed_on: Vec<_> =
            environment.passed_on().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(passed_on, ["DOCKER_HOST=unix:///var/run/docker.sock", "PATH=/bin"]);
        assert_eq!(environment.client_config_dir(), None);
    }

    #[test]
    fn proxies_are_for_logins_and_not_for_what_a_package_can_read() {
        let proxies = ["HTTPS_PROXY", "http_proxy", "NO_PROXY"];
        let variables = proxies.map(|name| (name.to_owned(), "http://user:secret@proxy".to_owned()));
        let environment = Environment::of(variables);
        assert_eq!(environment.passed_on().count(), 4);
        let told = environment.without_proxies();
        assert_eq!(told.passed_on().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["DOCKER_HOST"]);
    }
}
