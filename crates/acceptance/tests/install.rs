//! Installing packages of the binary's own catalog: every status on the way, every answer, real pages.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use acceptance::apps::{self, INSTALL_LIMIT};
use acceptance::http::Address;
use acceptance::json::{items, number, text};
use acceptance::proxy::{Mode, Registry};
use acceptance::{Hello, Server, Setup, docker, traces, wait, wordpress};
use serde_json::{Value, json};

/// WordPress and its database on two busy cores.
const LARGE_LIMIT: Duration = Duration::from_secs(240);

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_install_goes_through_every_status_in_order() {
    let registry = Registry::open(Mode::Held);
    let image = registry.image("appmanage/hello:1");
    let slow = Hello::named("slow").image(&image).environment("HELLO_DELAY_SECONDS", "1");
    let blocker = Hello::named("blocker").image(&registry.image("appmanage/hello:2"));
    let setup = Setup::default().setting("installs.at_once", 1);
    let server = setup.packages(&[slow.package(), blocker.package()]).start();
    let api = server.api();
    let first = apps::begin(&server, "blocker", "a");
    let name = apps::begin(&server, "slow", "b");

    let mut seen: Vec<String> = Vec::new();
    wait::until("it runs", INSTALL_LIMIT, || {
        let status = api.status(&name).expect("the app exists");
        if seen.last() != Some(&status) {
            seen.push(status.clone());
        }
        if api.status(&first).as_deref() == Ok("10") {
            registry.set(Mode::Slow(Duration::from_millis(50)));
        }
        (status == "30").then_some(())
    });
    assert_eq!(seen, ["00", "10", "11", "12", "30"]);

    let operation = api.operation(&name);
    assert_eq!(
        (text(&operation, "/kind"), text(&operation, "/state")),
        ("install".into(), "succeeded".into())
    );
    assert!(operation["reason"].is_null() && operation["last_lines"] == json!([]), "{operation:#}");
    let steps: Vec<String> = items(&operation, "/steps").iter().map(|step| text(step, "/step")).collect();
    assert_eq!(steps, ["reserve", "render", "pull", "create", "await_ready", "finish"]);
    for step in items(&operation, "/steps") {
        assert_eq!((number(&step, "/attempt"), text(&step, "/state")), (1, "succeeded".into()), "{step}");
    }
    let told = server.log();
    assert!(!told.contains("WARN") && !told.contains("ERROR"), "nothing to worry about: {told}");
    for time in ["/queued_at", "/started_at", "/finished_at"] {
        assert!(text(&operation, time).ends_with('Z'), "{time} in {operation:#}");
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn what_was_installed_is_told_by_digest_and_stays_told() {
    let server = Setup::default().packages(&[Hello::named("hello").package()]).start();
    let name = apps::install(&server, "hello", "exact");
    let detail = || server.api().call("AppDetail", &[("app_id", &name)]).expect("there is such an app");
    let images = items(&detail(), "/images");
    let [image] = images.as_slice() else { panic!("it has one image: {images:?}") };
    let of_engine = |format: &str| docker::docker(&["inspect", "--format", format, &text(image, "/image")]);
    assert_eq!(text(image, "/image_id"), of_engine("{{.Id}}"));
    let digest = text(image, "/digest");
    assert!(digest.starts_with("sha256:"), "{image}");
    assert!(of_engine("{{.RepoDigests}}").contains(&digest), "{image}");
    apps::done(&server, "AppStop", &name);
    assert_eq!(items(&detail(), "/images"), images);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_pull_tells_its_bytes_and_the_answers_are_the_contracts() {
    const IMAGE: &str = "datasetteproject/datasette:0.65.1";
    docker::try_docker(&["rmi", "--force", IMAGE]).ok();
    let server = Setup::default().start();
    let api = server.api();
    let name = server.name("data");
    assert_eq!(api.install("DataSette", &name, "0.65.1"), Ok(name.clone()), "the name's case is nothing");

    let mut done: Vec<u64> = Vec::new();
    wait::until("the pull is over", LARGE_LIMIT, || {
        let pull = api.operation(&name).pointer("/pulls/0").cloned().unwrap_or_default();
        done.push(number(&pull, "/bytes_done"));
        pull["complete"].as_bool().unwrap_or(false).then_some(())
    });
    assert!(done.is_sorted(), "{done:?}");
    let figures: BTreeSet<u64> = done.iter().copied().collect();
    assert!(figures.len() >= 3, "bytes were told on the way: {figures:?}");
    let pull = api.operation(&name)["pulls"][0].clone();
    assert_eq!(text(&pull, "/image"), IMAGE);
    assert!(number(&pull, "/bytes_total") > 10_000_000, "{pull}");
    assert_eq!(number(&pull, "/bytes_done"), number(&pull, "/bytes_total"), "{pull}");
    assert_eq!(number(&pull, "/layers_done"), number(&pull, "/layers_total"), "{pull}");

    api.await_status(&name, "30", LARGE_LIMIT);
    containers_are_kept_in_bounds(&name);
    let port = apps::port(&server, &name);
    let status = json!({
        "app_id": name, "name": "datasette", "customer_name": name, "trade_mark": "Datasette",
        "status_code": "30", "status": "running", "official_app": true, "image_url": "/images/datasette.svg",
    });
    assert_eq!(api.call("AppStatus", &[("app_id", &name)]), Ok(status.clone()));
    let mut detail = status;
    detail["running_info"] = json!({
        "port": port, "compose_file": server.app_folder(&name).join("compose.yaml"),
        "url": format!("http://127.0.0.1:{port}/"), "admin_url": "", "user_name": "", "password": "",
    });
    assert_eq!(api.list(), [detail]);
    assert_eq!(api.call("AppList", &[("app_name", "redis")]), Ok(json!([])));
    assert!(apps::page(&server, &name).body.contains("Datasette"));
    let icon = api.address.get("/images/datasette.svg").expect("it answers");
    assert!(icon.status == 200 && icon.body.contains("<svg"), "{icon:?}");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn wordpress_redis_nginx_and_hello_install_at_once() {
    let server = Setup::default().setting("installs.at_once", 4).start();
    let api = server.api();
    let wanted = [("wordpress", "6.1"), ("redis", "7.0"), ("nginx", "1.22"), ("hello", "1")];
    let names = wanted.map(|(package, version)| {
        let name = server.name(package);
        api.install(package, &name, version).expect("the install is accepted")
    });
    wait::until("all run", LARGE_LIMIT, || {
        no_password_in_any_arguments(&server, &names);
        let running = names.iter().filter(|name| {
            let status = api.status(name).expect("the app exists");
            assert_ne!(status, "50", "{:#}", api.operation(name));
            status == "30"
        });
        (running.count() == names.len()).then_some(())
    });
    let [wordpress, redis, nginx, hello] = &names;
    let ports: BTreeSet<u16> = names.iter().map(|name| apps::port(&server, name)).collect();
    assert_eq!(ports.len(), 4, "{ports:?}");
    let subnets: Vec<String> = names.iter().flat_map(|name| apps::subnets(name)).collect();
    assert!(subnets.iter().all(|subnet| subnet.ends_with("/27")), "{subnets:?}");
    assert_eq!(subnets.iter().collect::<BTreeSet<_>>().len(), 4, "{subnets:?}");
    assert!(apps::page(&server, nginx).status == 200);
    assert!(apps::page(&server, hello).body.contains("Hello from version 1"));

    redis_wants_its_password(&server, redis);
    wordpress_has_its_database(&server, wordpress);
    for name in &names {
        containers_are_kept_in_bounds(name);
        secrets_stay_secret(&server, name);
    }
    assert_eq!(mode(&server.data_dir().join("appmanage.sock")), 0o660);
    let database = fs::read_dir(server.data_dir()).expect("it can be listed").flatten();
    for file in database.filter(|entry| entry.path().is_file()).map(|entry| entry.path()) {
        assert_eq!(mode(&file) & 0o077, 0, "{} is its owner's alone", file.display());
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn mariadb_postgres_and_node_red_install() {
    let server = Setup::default().start();
    let api = server.api();
    let names = [("mariadb", "10.11"), ("postgres", "15"), ("node-red", "3")].map(|(package, version)| {
        let name = server.name(&package.replace('-', ""));
        api.install(package, &name, version).expect("the install is accepted")
    });
    for name in &names {
        api.await_status(name, "30", LARGE_LIMIT);
    }
    names.iter().for_each(|name| containers_are_kept_in_bounds(name));
    let [mariadb, postgres, node_red] = &names;
    for (name, port) in [(mariadb, "3306/tcp"), (postgres, "5432/tcp")] {
        let detail = api.detail(name);
        assert!(!text(&detail, "/running_info/user_name").is_empty(), "{detail}");
        assert_eq!(text(&detail, "/running_info/password").len(), 24, "{detail}");
        assert_eq!(text(&detail, "/running_info/url"), "", "it speaks no HTTP");
        published_on_loopback_only(name, port);
        secrets_stay_secret(&server, name);
    }
    assert!(apps::page(&server, node_red).body.contains("Node-RED"));

    let login = |name: &str| {
        let info = api.detail(name)["running_info"].clone();
        (text(&info, "/user_name"), text(&info, "/password"))
    };
    let (user, password) = login(mariadb);
    let ask = |password: &str| {
        let (user, password) = (format!("--user={user}"), format!("--password={password}"));
        let container = apps::container(mariadb, "mariadb");
        docker::try_docker(&[
            "exec",
            &container,
            "mariadb",
            "-h127.0.0.1",
            &user,
            &password,
            "-e",
            "select 1",
        ])
    };
    assert!(ask(&password).is_ok() && ask("wrong").is_err(), "MariaDB wants its password");
    let (user, password) = login(postgres);
    let ask = |password: &str| {
        let url = format!("postgresql://{user}:{password}@127.0.0.1/postgres");
        docker::try_docker(&["exec", &apps::container(postgres, "postgres"), "psql", &url, "-c", "select 1"])
    };
    assert!(ask(&password).is_ok(), "PostgreSQL takes its password: {:?}", ask(&password));
}

/// A raw conversation with Redis, as any client on the host would have it.
/// Redis reads its settings as words: whatever an owner sets is one.
#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn redis_takes_a_password_with_blanks_and_quotes() {
    const PASSWORD: &str = r#"a b'c"d\e$f#g"#;
    let server = Setup::default().start();
    let api = server.api();
    let name = server.name("redis");
    let settings = json!({ "REDIS_PASSWORD": PASSWORD }).to_string();
    let wanted = [
        ("app_name", "redis"),
        ("customer_app_name", &name),
        ("app_version", "7.0"),
        ("settings", &settings),
    ];
    api.call("AppInstall", &wanted).expect("the install is accepted");
    wait::until("it runs", LARGE_LIMIT, || {
        let status = api.status(&name).expect("the app exists");
        assert_ne!(status, "50", "{:#}", api.operation(&name));
        (status == "30").then_some(())
    });
    let address = Address::local(apps::port(&server, &name));
    let words = format!("*2\r\n$4\r\nAUTH\r\n${}\r\n{PASSWORD}\r\nPING\r\nQUIT\r\n", PASSWORD.len());
    let answer = address.send_raw(words.as_bytes()).expect("Redis answers");
    assert!(answer.starts_with(b"+OK\r\n+PONG"), "{}", String::from_utf8_lossy(&answer));
}

fn redis_wants_its_password(server: &Server, name: &str) {
    let detail = server.api().detail(name);
    let password = text(&detail, "/running_info/password");
    let address = Address::local(apps::port(server, name));
    let say = |words: &str| {
        String::from_utf8_lossy(&address.send_raw(words.as_bytes()).expect("Redis answers")).into_owned()
    };
    let refused = say("PING\r\nQUIT\r\n");
    assert!(refused.starts_with("-NOAUTH"), "{refused}");
    let accepted = say(&format!("AUTH {password}\r\nPING\r\nQUIT\r\n"));
    assert!(accepted.starts_with("+OK\r\n+PONG"), "{accepted}");
    published_on_loopback_only(name, "6379/tcp");
}

fn published_on_loopback_only(name: &str, port: &str) {
    for container in docker::containers(name) {
        let inspected = docker::inspect(&container).expect("it is there");
        let bindings = inspected.pointer("/HostConfig/PortBindings").and_then(|all| all.get(port)).cloned();
        let address = bindings.map(|all| text(&all, "/0/HostIp"));
        assert_eq!(address.as_deref(), Some("127.0.0.1"), "{container}");
    }
}

/// The site is set up through its own pages, and what was entered stands in MariaDB.
fn wordpress_has_its_database(server: &Server, name: &str) {
    wordpress::set_up(server, name);
    let address = Address::local(apps::port(server, name));
    assert!(address.get("/").expect("it answers").body.contains("Hello world!"));
    let query = "select option_value from wordpress.wp_options where option_name = 'blogname'";
    let ask = format!("exec mariadb -uroot -p\"$MARIADB_ROOT_PASSWORD\" -Ne \"{query}\"");
    let title = docker::docker(&["exec", &apps::container(name, "database"), "sh", "-c", &ask]);
    assert_eq!(title, "Acceptance");
    let detail = server.api().detail(name);
    let url = text(&detail, "/running_info/url");
    assert_eq!(text(&detail, "/running_info/admin_url"), format!("{url}wp-admin/"));
}

/// Log rotation, labels, and nothing privileged.
fn containers_are_kept_in_bounds(name: &str) {
    for container in docker::containers(name) {
        let inspected = docker::inspect(&container).expect("it is there");
        let log = inspected["HostConfig"]["LogConfig"]["Config"].clone();
        assert_eq!(log, json!({ "max-file": "3", "max-size": "10m" }), "{container}");
        assert_eq!(inspected["HostConfig"]["Privileged"], json!(false));
        assert_labelled(&inspected["Config"]["Labels"], &container);
        for mount in items(&inspected, "/Mounts") {
            assert_eq!(text(&mount, "/Type"), "volume", "{container}: {mount}");
            let volume = docker::ask(&format!("/volumes/{}", text(&mount, "/Name"))).expect("it is there");
            // A volume that the image declares and the package does not name would be lost.
            assert_labelled(&volume["Labels"], &text(&mount, "/Name"));
        }
    }
}

fn assert_labelled(labels: &Value, what: &str) {
    for label in ["io.appmanage.instance", "io.appmanage.install"] {
        assert!(!text(labels, &format!("/{label}")).is_empty(), "{what} bears {label}: {labels}");
    }
}

/// The passwords of an app, as soon as there are any.
fn passwords(server: &Server, name: &str) -> Vec<String> {
    let env = fs::read_to_string(server.app_folder(name).join(".env")).unwrap_or_default();
    let pairs = env.lines().filter(|line| line.contains("PASSWORD")).filter_map(|line| line.split_once('='));
    pairs.map(|(_, value)| value.trim_matches(['"', '\'']).to_owned()).collect()
}

/// Those of our own children and of what runs in the containers: the host sees both.
fn no_password_in_any_arguments(server: &Server, names: &[String]) {
    let passwords: Vec<String> = names.iter().flat_map(|name| passwords(server, name)).collect();
    for (pid, words) in traces::command_lines() {
        let shown = passwords.iter().any(|password| !password.is_empty() && words.contains(password));
        assert!(!shown, "the arguments of process {pid}: {words}");
    }
}

/// Every password in `.env` is safe anywhere, and shows nowhere but where it has to be.
fn secrets_stay_secret(server: &Server, name: &str) {
    assert_eq!(mode(&server.app_folder(name).join(".env")), 0o600);
    let passwords = passwords(server, name);
    let until = docker::docker(&["info", "--format", "{{.SystemTime}}"]);
    let events = docker::docker(&["events", "--since", "10m", "--until", &until]);
    assert!(events.contains(name), "the engine remembers");
    for password in &passwords {
        assert!(password.len() == 24 && password.bytes().all(|b| b.is_ascii_alphanumeric()), "{password}");
        assert!(!server.log().contains(password), "the server's log");
        assert!(!events.contains(password), "the engine's events");
        assert!(!server.api().operation(name).to_string().contains(password), "AppOperation");
        for container in docker::containers(name) {
            let inspected = docker::inspect(&container).expect("it is there");
            let shown = ["Cmd", "Entrypoint", "Healthcheck", "Labels"];
            let shown = shown.map(|key| inspected["Config"][key].to_string());
            assert!(!shown.concat().contains(password), "{container}: {shown:?}");
            assert!(!inspected["Args"].to_string().contains(password), "{container}");
        }
        for file in ["compose.yaml", "compose.override.yaml"] {
            let text = fs::read_to_string(server.app_folder(name).join(file)).expect("it is there");
            assert!(!text.contains(password), "{file}");
        }
    }
    no_password_in_any_arguments(server, &[name.to_owned()]);
    let distinct: BTreeSet<&String> = passwords.iter().collect();
    assert_eq!(distinct.len(), passwords.len(), "one for each variable");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}
