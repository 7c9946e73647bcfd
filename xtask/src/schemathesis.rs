//! `cargo xtask schemathesis`: every interface, called as a program that knows only `/openapi.json` would call it,
//! rightly and wrongly, with apps that exist and that do not; as the gateway calls, in the name of somebody who may
//! do everything, so that nothing is refused for who asks.
//!
//! Schemathesis makes up the calls and judges status, media type and shape of each answer; what it cannot see, an
//! interface that answers `SystemError` in the right shape or a panic, is read from the server. `schemathesis.py`
//! puts known values beside those that are made up.

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::command::{last_lines, until};
use crate::http::{Address, Answer, Connection, request};
use crate::trial::{FakeMachine, Profile, Programs, Server, Variables};
use crate::{engine, paths, python};

/// Pinned: a newer one may judge otherwise, and that should be a choice.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// Calls of each interface where nothing else is said.
pub(crate) const EXAMPLES: u64 = 2_000;

/// GET and POST are operations of their own to Schemathesis.
const METHODS: u64 = 2;

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// How long one call may take. Far above what any may: an answer that never comes is a fault, a busy machine is none.
const CALL_LIMIT: Duration = Duration::from_secs(60);

const HOOKS: &str = include_str!("schemathesis.py");

/// The folder of a catalog, as the hooks name it.
const CATALOG: &str = "catalog";

/// As many as the hooks know.
const APPS: usize = 40;

const LOOK_LIMIT: Duration = Duration::from_secs(60);

/// What nginx would be known by. Nobody else is to call a server that lives for the time of the run.
const SECRET: &str = "known-to-schemathesis-and-this-server-only";

/// What nginx would say of its caller; `schemathesis.py` has some calls made by others.
const AS_GATEWAY: [(&str, &str); 3] =
    [("X-Appmanage-Secret", SECRET), ("X-Appmanage-Caller", "user:admin"), ("X-Appmanage-Scope", "full")];

/// Names that lead to this machine, for AppDomainAdd: those of `schemathesis.py`.
const HOSTS: &str = "127.0.0.1 localhost blog.example.org shop.example.org\n";

/// How much of what Schemathesis found an error repeats; all of it is in the file.
const SHOWN_LINES: usize = 80;

/// How many calls of an interface came to what.
type Outcomes = BTreeMap<String, u64>;

/// Calls every interface `examples` times, by each method half as often.
pub(crate) fn run(repository: &Path, examples: u64) -> Result<()> {
    let schemathesis = python::program(SCHEMATHESIS, "schemathesis")?;
    let folder = repository.join("target/schemathesis");
    let mut programs = Programs::build(repository, Profile::Development, &folder)?;
    programs.server = with_hosts(&folder, &programs.server)?;
    let clients = folder.join("docker");
    engine::ensure_compose(&clients)?;
    let clients: Variables = vec![("DOCKER_CONFIG".to_owned(), clients.display().to_string())];
    let mut machine = FakeMachine::with_apps(&programs, &clients, APPS)?;
    give_packages(repository, &machine.data_dir)?;
    give_catalog(repository, &folder.join(CATALOG))?;
    machine.variables.extend(gateway(&folder)?);
    let server = Server::start(&programs, &machine.data_dir, &machine.variables)?;
    let all_run = format!("\nappmanage_apps{{status=\"running\"}} {APPS}\n");
    let run = || get(&server, "/metrics").is_ok_and(|metrics| metrics.text().contains(&all_run));
    ensure!(until(LOOK_LIMIT, run), "not all of the {APPS} apps run");
    let begin = Instant::now();
    let judged = call_all(&schemathesis, &folder, &server, examples.div_ceil(METHODS));
    let interfaces = outcomes(&server)?;
    let log = server.log.clone();
    server.stop()?;
    show(&interfaces, begin.elapsed());
    judged?;
    ensure!(!paths::read(&log)?.contains(" panicked at "), "the server panicked; see {}", log.display());
    judge(&interfaces, examples).with_context(|| format!("see {}", log.display()))
}

/// A program that runs another where our names lead to this machine.
fn with_hosts(folder: &Path, program: &Path) -> Result<PathBuf> {
    let (script, hosts) = (folder.join("server.sh"), folder.join("hosts"));
    paths::write(&hosts, HOSTS)?;
    let text = format!(
        "#!/bin/sh\nexec unshare --mount sh -c 'mount --bind \"$0\" /etc/hosts && exec \"$@\"' '{}' '{}' \"$@\"\n",
        hosts.display(),
        program.display()
    );
    paths::write(&script, &text)?;
    std::fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    Ok(script)
}

/// What tells the server of a gateway, whose nginx is nowhere.
fn gateway(folder: &Path) -> Result<Variables> {
    let (secret, nginx) = (folder.join("secret"), folder.join("nginx"));
    paths::write(&secret, SECRET)?;
    std::fs::set_permissions(&secret, Permissions::from_mode(0o600))?;
    let variable =
        |name: &str, path: &Path| (format!("APPMANAGE_GATEWAY_{name}"), path.display().to_string());
    Ok(vec![variable("SECRET_FILE", &secret), variable("NGINX_DIR", &nginx)])
}

/// A page, as the gateway gets it.
fn get(server: &Server, target: &str) -> Result<Answer> {
    let headers: String = AS_GATEWAY.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut connection = Connection::open(&server.api.address, CALL_LIMIT)?;
    Ok(connection.send(&request("GET", target, &headers))?)
}

/// Puts into each app's folder what AppConfig reads.
fn give_packages(repository: &Path, data_dir: &Path) -> Result<()> {
    let package = paths::read(&repository.join("packages/wordpress/compose.yaml"))?;
    for number in 0..APPS {
        let folder = data_dir.join(format!("apps/blog{number:04}"));
        paths::create_folder(&folder)?;
        paths::write(&folder.join("compose.yaml"), &package)?;
    }
    Ok(())
}

/// Makes the folder that catalogs are added from.
fn give_catalog(repository: &Path, folder: &Path) -> Result<()> {
    let package = folder.join("redis");
    paths::create_folder(&package)?;
    for file in ["compose.yaml", "icon.svg"] {
        paths::write(&package.join(file), paths::read(&repository.join("packages/redis").join(file))?)?;
    }
    Ok(())
}

/// Lets Schemathesis call and judge.
fn call_all(schemathesis: &Path, folder: &Path, server: &Server, examples_per_method: u64) -> Result<()> {
    let hooks = HOOKS.replace("@catalog@", &folder.join(CATALOG).display().to_string());
    paths::write(&folder.join("known_values.py"), hooks)?;
    let Address::Tcp(address) = &server.api.address else { bail!("the server is not on TCP") };
    let file = folder.join("schemathesis.log");
    let log = File::create(&file).with_context(|| format!("{} cannot be written", file.display()))?;
    let headers =
        AS_GATEWAY.iter().flat_map(|(name, value)| ["--header".to_owned(), format!("{name}: {value}")]);
    let status = Command::new(schemathesis)
        .current_dir(folder)
        .env("PYTHONPATH", folder)
        .env("SCHEMATHESIS_HOOKS", "known_values")
        .args([
            "--no-color",
            "run",
            &format!("http://{address}/openapi.json"),
            "--phases",
            "coverage,fuzzing",
        ])
        .args(headers)
        .args(["--max-examples", &examples_per_method.to_string(), "--checks", CHECKS])
        .args(["--request-timeout", &CALL_LIMIT.as_secs().to_string(), "--continue-on-failure"])
        // How fast values are made up is no fault of the interface.
        .args(["--suppress-health-check", "all", "--generation-database", "none"])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .status()
        .with_context(|| format!("{} cannot be started", schemathesis.display()))?;
    if !status.success() {
        let found = last_lines(&paths::read(&file)?, SHOWN_LINES);
        bail!("Schemathesis found faults, all of them in {}:\n{found}", file.display());
    }
    Ok(())
}

/// What became of the calls of each interface that the server tells of, as it counts them.
fn outcomes(server: &Server) -> Result<BTreeMap<String, Outcomes>> {
    let mut interfaces = counted(&get(server, "/metrics")?.text());
    let told = get(server, "/openapi.json")?.json()?;
    for path in told["paths"].as_object().into_iter().flat_map(|paths| paths.keys()) {
        let name = path.trim_start_matches('/');
        if name.starts_with(char::is_uppercase) {
            interfaces.entry(name.to_owned()).or_default();
        }
    }
    Ok(interfaces)
}

fn counted(metrics: &str) -> BTreeMap<String, Outcomes> {
    let mut interfaces = BTreeMap::<String, Outcomes>::new();
    let prefix = "appmanage_http_request_duration_seconds_count{interface=\"";
    for line in metrics.lines().filter_map(|line| line.strip_prefix(prefix)) {
        if let Some((interface, rest)) = line.split_once("\",outcome=\"")
            && let Some((outcome, count)) = rest.split_once("\"} ")
            // Others are pages, and paths that are none.
            && interface.starts_with(char::is_uppercase)
        {
            let count = count.parse().unwrap_or(0);
            interfaces.entry(interface.to_owned()).or_default().insert(outcome.to_owned(), count);
        }
    }
    interfaces
}

fn show(interfaces: &BTreeMap<String, Outcomes>, time: Duration) {
    println!("{:<18}{:>8}{:>8}{:>9}{:>8}{:>8}", "interface", "calls", "ok", "refused", "absent", "failed");
    for (interface, outcomes) in interfaces {
        let [ok, refused, absent, failed] =
            ["ok", "refused", "absent", "failed"].map(|name| outcomes.get(name).copied().unwrap_or(0));
        let calls: u64 = outcomes.values().sum();
        println!("{interface:<18}{calls:>8}{ok:>8}{refused:>9}{absent:>8}{failed:>8}");
    }
    let calls: u64 = interfaces.values().flat_map(BTreeMap::values).sum();
    println!("{calls} calls of {} interfaces in {:.0} s", interfaces.len(), time.as_secs_f64());
}

/// Every interface was called often enough, and none failed.
fn judge(interfaces: &BTreeMap<String, Outcomes>, examples: u64) -> Result<()> {
    ensure!(!interfaces.is_empty(), "no interface was called");
    for (interface, outcomes) in interfaces {
        let calls: u64 = outcomes.values().sum();
        ensure!(calls >= examples, "{interface} was called {calls} times only");
        let failed = outcomes.get("failed").copied().unwrap_or(0);
        ensure!(failed == 0, "{interface} failed {failed} times: SystemError, or an engine's error");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "\
appmanage_apps{status=\"30\"} 40
appmanage_http_request_duration_seconds_count{interface=\"AppList\",outcome=\"ok\"} 7
appmanage_http_request_duration_seconds_count{interface=\"AppList\",outcome=\"refused\"} 3
appmanage_http_request_duration_seconds_count{interface=\"none\",outcome=\"absent\"} 1
";

    #[test]
    fn calls_are_counted_by_interface() {
        let interfaces = counted(METRICS);
        assert_eq!(interfaces.len(), 1);
        assert!(judge(&interfaces, 10).is_ok());
        assert!(judge(&interfaces, 11).is_err(), "one is missing");
    }

    #[test]
    fn one_failure_is_a_fault() {
        assert!(judge(&counted(&METRICS.replace("refused", "failed")), 10).is_err());
        assert!(judge(&BTreeMap::new(), 10).is_err(), "nothing was called");
    }
}
