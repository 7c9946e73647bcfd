//! Bad surroundings: each gets one clear line that says what to do, and no more harm than it must.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use acceptance::apps;
use acceptance::json::{number, text};
use acceptance::{Hello, Package, Server, Setup, docker, programs, setup, wait};

/// The user `nobody`, who is in no group that may use Docker.
const NOBODY: u32 = 65_534;

/// Asserts that a server cannot start and says why in one line.
fn refuses(setup: &Setup, words: &[&str]) {
    let (status, said) = setup.refusal();
    assert!(!status.success(), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} in: {said}");
    }
    assert_eq!(said.trim().lines().count(), 1, "one clear line: {said}");
}

/// Asserts that a server without an engine runs, says so once, and refuses installs after the grace.
fn runs_without_engine(server: &Server, words: &[&str]) {
    let ready = server.api().address.get("/readyz").expect("it answers");
    assert_eq!(ready.status, 503, "{ready:?}");
    let ready: serde_json::Value = serde_json::from_str(&ready.body).expect("JSON");
    assert_eq!(
        (&ready["store"]["ready"], &ready["engine"]["ready"]),
        (&true.into(), &false.into()),
        "{ready}"
    );
    wait::until("the grace is over", Duration::from_secs(10), || server.api().call("AppList", &[]).err());
    let refused = server.api().install("hello", &server.name("app"), "1").expect_err("the engine is away");
    assert_eq!(refused.code, "ContainerCommandError");
    let warnings = || -> Vec<String> {
        let log = server.log();
        log.lines()
            .filter(|line| line.contains("WARN") || line.contains("ERROR"))
            .map(str::to_owned)
            .collect()
    };
    let warned = warnings();
    assert_eq!(warned.len(), 1, "one clear line: {}", server.log());
    for word in words {
        assert!(refused.message.contains(word), "{word:?} in the answer: {refused}");
        assert!(warned[0].contains(word), "{word:?} in the log: {warned:?}");
    }
}

/// The same server, started by [`NOBODY`] from the test's own folder.
fn as_nobody(setup: Setup) -> Setup {
    let home = setup.folder().display().to_string();
    let ids = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    setup.wrapper(&ids).environment("HOME", &home)
}

fn search_path() -> String {
    std::env::var("PATH").expect("there is a PATH")
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn without_a_docker_socket_the_server_runs_and_tells() {
    let setup = Setup::default().setting("engine.grace_seconds", 1);
    let socket = setup.folder().join("docker.sock");
    let host = format!("unix://{}", socket.display());
    let server = setup.environment("DOCKER_HOST", &host).start_without_engine();
    runs_without_engine(&server, &[&socket.display().to_string()]);

    // It comes: nothing has to be started again.
    std::os::unix::fs::symlink(docker::socket(), &socket).expect("it can be linked");
    wait::until("it is ready", Duration::from_secs(5), || {
        server.api().address.get("/readyz").is_ok_and(|answer| answer.status == 200).then_some(())
    });
}

/// Gives `nobody` a data directory of his own, and a binary that he may execute wherever the build lies.
fn open_to_nobody(setup: &Setup) -> (PathBuf, PathBuf) {
    let folder = setup.folder().to_owned();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("it is ours");
    let data_dir = setup.path_of_data_dir();
    fs::create_dir(data_dir).expect("it can be made");
    chown(data_dir, Some(NOBODY), Some(NOBODY)).expect("tests run as root");
    let binary = folder.join("appmanage");
    programs::copy(&setup::binary(), &binary);
    (folder, binary)
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn without_permission_on_the_socket_the_server_runs_and_tells() {
    let setup = Setup::default().setting("engine.grace_seconds", 1);
    let (folder, binary) = open_to_nobody(&setup);
    // A compose that answers him.
    programs::script(&folder.join("bin"), "docker", "echo 2.40.3");
    let path = format!("{}:{}", folder.join("bin").display(), search_path());
    let server = as_nobody(setup.program(&binary)).environment("PATH", &path).start_without_engine();
    runs_without_engine(&server, &["ermission denied", "group"]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_user_who_may_use_docker_installs_without_root() {
    let setup = Setup::default().packages(&[Hello::named("extra").volume().package()]);
    let (folder, binary) = open_to_nobody(&setup);
    // The test environment's own lies where he may not look.
    let plugin = Path::new("cli-plugins/docker-compose");
    fs::create_dir_all(folder.join("docker/cli-plugins")).expect("it can be made");
    let config = setup::variable("DOCKER_CONFIG");
    programs::copy(&Path::new(&config).join(plugin), &folder.join("docker").join(plugin));
    let group = fs::metadata(docker::socket()).expect("it is there").gid();
    let (home, config) = (folder.display().to_string(), folder.join("docker").display().to_string());
    let ids = ["setpriv", "--reuid=65534", "--regid=65534", &format!("--groups={group}")];
    let setup = setup.program(&binary).wrapper(&ids).environment("HOME", &home);
    let server = setup.environment("DOCKER_CONFIG", &config).start();
    let name = apps::install(&server, "extra", "app");
    assert!(apps::page(&server, &name).body.contains("Hello"));
    assert_eq!(fs::metadata(server.app_folder(&name)).expect("it is there").uid(), NOBODY);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn without_docker_compose_or_with_an_old_one_the_server_says_which_to_install() {
    let nothing = Setup::default().environment("PATH", "/nowhere");
    refuses(&nothing, &["no docker command", "PATH", "install"]);

    let setup = Setup::default();
    let bin = setup.folder().join("bin");
    programs::script(&bin, "docker", "echo \"docker: 'compose' is not a docker command.\" >&2; exit 1");
    let path = bin.display().to_string();
    refuses(&setup.environment("PATH", &path), &["no compose plugin", "docker-compose-plugin"]);

    let setup = Setup::default();
    let config = setup.folder().join("docker");
    let metadata = r#"{"SchemaVersion":"0.1.0","Vendor":"Docker Inc.","Version":"v2.20.0"}"#;
    let plugin =
        format!("case \"$1\" in docker-cli-plugin-metadata) echo '{metadata}';; *) echo 2.20.0;; esac");
    programs::script(&config.join("cli-plugins"), "docker-compose", &plugin);
    let config = config.display().to_string();
    refuses(&setup.environment("DOCKER_CONFIG", &config), &["\"2.20.0\"", "2.29", "upgrade"]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_address_that_is_taken_is_named() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = other.local_addr().expect("it is bound").to_string();
    refuses(&Setup::default().listen(&address), &[&address, "--listen"]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_data_directory_that_cannot_be_written_is_named() {
    let setup = Setup::default();
    let file = setup.folder().join("file");
    fs::write(&file, "").expect("it can be written");
    refuses(&setup.data_dir(&file), &["the data directory", "cannot be written", "--data-dir"]);

    let setup = Setup::default();
    let folder = setup.folder().to_owned();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("it is ours");
    let binary = folder.join("appmanage");
    programs::copy(&setup::binary(), &binary);
    let words = [&folder.join("data").display().to_string(), "ermission denied", "chown"];
    refuses(&as_nobody(setup.program(&binary)), &words);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_setting_that_nobody_knows_is_named() {
    let setup = Setup::default();
    let file = setup.folder().join("config.toml");
    fs::write(&file, "[installs]\nat_onec = 3\n").expect("it can be written");
    let path = file.display().to_string();
    refuses(&setup.environment("APPMANAGE_CONFIG", &path), &["installs.at_onec", &path]);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_database_of_a_newer_server_is_refused_and_untouched() {
    let mut server = Setup::default().start_without_engine();
    server.stop();
    let database = fs::read_dir(server.data_dir()).expect("it can be listed").flatten();
    let database = database
        .map(|entry| entry.path())
        .find(|path| fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0")));
    let database = database.expect("there is a database");
    // `PRAGMA user_version` lies at byte 60 of the header, big-endian.
    let mut bytes = fs::read(&database).expect("it can be read");
    bytes[60..64].copy_from_slice(&1_000_u32.to_be_bytes());
    fs::write(&database, &bytes).expect("it can be written");
    refuses(&server.setup, &["1000", "newer"]);
    assert_eq!(fs::read(&database).expect("it can be read"), bytes, "nothing was written");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn broken_packages_are_skipped_by_name_and_a_directory_adds_and_overrides() {
    let packages = [
        Package::of("brokenone", "services: { web: { image: x } }\n"),
        Package::of("brokentwo", "x-appmanage: { trademark: [\n"),
        Hello::named("extra").package(),
        // Of the same name as one in the binary.
        Hello::named("hello").environment("HELLO_MESSAGE", "overridden").package(),
    ];
    let server = Setup::default().packages(&packages).start();
    for name in ["brokenone", "brokentwo"] {
        let told = server.log().lines().filter(|line| line.contains("WARN") && line.contains(name)).count();
        assert_eq!(told, 1, "{name} is told once: {}", server.log());
        let refused = server.api().install(name, &server.name("x"), "1").expect_err("it is skipped");
        assert_eq!(refused.code, "Param.CustomerAppName.NotExis");
    }
    for package in ["extra", "hello"] {
        let name = apps::install(&server, package, package);
        let detail = server.api().detail(&name);
        assert_eq!(detail["official_app"], false, "{detail}");
        assert_eq!(text(&detail, "/trade_mark"), package);
        assert!(number(&detail, "/running_info/port") > 0);
        let icon = server.api().address.get(&text(&detail, "/image_url")).expect("it answers");
        assert!(icon.status == 200 && icon.body.contains("<svg"), "{icon:?}");
    }
    assert!(apps::page(&server, &server.name("hello")).body.contains("overridden"));
}
