//! Where passwords are while an app is being installed: in files of the server's user alone, and nowhere else.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use testkit::FakeDaemon;
use testkit::fake_daemon::Pull;

use crate::place::{Place, Started, wait_until};

/// A docker command that tells what it was started with, and whose `compose up` lasts until a file appears.
fn watching_docker(place: &Place) {
    place.docker(&format!(
        "echo \"$*\" >> '{arguments}'\n/usr/bin/env >> '{environment}'\n\
         case \"$*\" in\n\
         'compose version --short') echo 2.40.3 ;;\n\
         *' config '*) echo '{{}}' ;;\n\
         *' up '*) echo > '{up}'; until [ -e '{go_on}' ]; do /bin/sleep 0.01; done ;;\n\
         esac",
        arguments = place.file("arguments").display(),
        environment = place.file("environment").display(),
        up = place.file("up").display(),
        go_on = place.file("go-on").display(),
    ));
}

/// A server that is within `docker compose up` of Redis, and Redis's password.
fn server_with_a_password(place: &Place) -> (Started, String) {
    watching_docker(place);
    let mut server = place.serve(&["--listen", &place.address, "--listen", "unix:a.sock"]);
    server.wait_for_line("engine connected");
    let answer = place.get("/AppInstall?app_name=redis&customer_app_name=cache&app_version=7.4");
    assert!(answer.contains("\"app_id\":\"cache\""), "{answer}");
    wait_until("docker compose up runs", || place.file("up").exists());
    let settings = fs::read_to_string(place.data_dir().join("apps/cache/.env")).expect("it was written");
    let line = settings.lines().find_map(|line| line.strip_prefix("REDIS_PASSWORD="));
    let password = line.expect("it stands there").trim_matches('\'').to_owned();
    assert!(password.len() >= 20, "{settings}");
    (server, password)
}

fn engine(place: &Place) -> FakeDaemon {
    let engine = FakeDaemon::start(&place.engine_socket(), "1.41");
    let lines = vec![serde_json::json!({"status": "Status: Image is up to date for redis:7.4"})];
    engine.set_pull("redis:7.4", Pull { lines, ..Pull::default() });
    engine
}

/// All that is below, folders too. Packages are being judged meanwhile: what goes away under our hands is left out.
fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path());
        if entry.path().is_dir() {
            found.extend(all_below(&entry.path()));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_servers_user_can_read_anything_in_the_data_directory() {
    let place = Place::new();
    let _engine = engine(&place);
    let (server, password) = server_with_a_password(&place);
    let mut with_password = Vec::new();
    let files = all_below(&place.data_dir());
    for path in &files {
        let Ok(metadata) = fs::symlink_metadata(path) else { continue };
        let (mode, path) = (metadata.permissions().mode() & 0o777, path.display());
        let expected = if metadata.is_dir() {
            0o700
        } else if metadata.file_type().is_socket() {
            // Its group may call.
            0o660
        } else {
            0o600
        };
        assert_eq!(mode, expected, "{path}");
        let text = fs::read(path.to_string()).unwrap_or_default();
        if text.windows(password.len()).any(|part| part == password.as_bytes()) {
            with_password.push(path.to_string());
        }
    }
    let names =
        ["appmanage.db", "appmanage.db-wal", "apps/cache/.env", "apps/cache/compose.yaml", "appmanage.lock"];
    for name in names {
        assert!(files.contains(&place.data_dir().join(name)), "{name} is not among {files:?}");
    }
    assert!(with_password.iter().all(|path| path.ends_with("/.env") || path.contains("appmanage.db")));
    fs::write(place.file("go-on"), "").expect("it can be written");
    server.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_process_has_a_password_in_its_arguments_or_environment_and_children_get_what_they_need_only() {
    let place = Place::new();
    let _engine = engine(&place);
    let (server, password) = server_with_a_password(&place);
    let arguments = fs::read_to_string(place.file("arguments")).expect("docker was started");
    let environment = fs::read_to_string(place.file("environment")).expect("docker was started");
    assert!(arguments.contains(" up ") && environment.contains("PATH="), "{arguments}");
    assert!(!arguments.contains(&password) && !environment.contains(&password));
    for file in ["cmdline", "environ"] {
        let own = fs::read(format!("/proc/{}/{file}", server.id())).expect("it is alive");
        assert!(!String::from_utf8_lossy(&own).contains(&password), "{file}");
    }
    // Of the server's own variables (APPMANAGE_DATA_DIR and others) no child learns.
    let of_shell = ["PWD", "OLDPWD", "SHLVL", "_"];
    for line in environment.lines() {
        let name = line.split('=').next().expect("a name");
        let known = ["HOME", "PATH", "DOCKER_HOST", "APPMANAGE_INSTANCE", "APPMANAGE_INSTALL"];
        assert!(known.contains(&name) || of_shell.contains(&name), "{line}");
    }
    fs::write(place.file("go-on"), "").expect("it can be written");
    let (_, log) = server.terminate();
    assert!(!log.contains(&password));
}
