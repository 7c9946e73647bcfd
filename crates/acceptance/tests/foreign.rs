//! Compose projects that a person brought up by hand: shown at once, started and stopped, adopted and let go without
//! touching a container, and hidden where that is set.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use acceptance::apps::LATE;
use acceptance::http::Address;
use acceptance::json::{items, number, text};
use acceptance::packages::HELLO;
use acceptance::{Server, Setup, docker, note, share, wait};

/// How long a stop or a start of small containers may take on a machine with other things to do.
const VERB_LIMIT: Duration = Duration::from_secs(60);

/// A project in a folder of the test's, with a one-shot, a volume and a port.
struct Theirs {
    name: String,
    folder: PathBuf,
    port: u16,
}

impl Theirs {
    fn of(setup: &Setup, name: &str) -> Self {
        let (name, port) = (format!("{}{name}", setup.prefix), share::free_port());
        let folder = setup.folder().join(&name);
        std::fs::create_dir(&folder).expect("it is new");
        let text = format!(
            "services:
  setup: {{ image: \"{HELLO}\", environment: {{ HELLO_EXIT_CODE: \"0\" }} }}
  web:
    image: \"{HELLO}\"
    ports: [\"{port}:80\"]
    volumes: [\"data:/data\"]
    depends_on: {{ setup: {{ condition: service_completed_successfully }} }}
volumes: {{ data: {{}} }}
"
        );
        std::fs::write(folder.join("docker-compose.yml"), text).expect("it can be written");
        Self { name, folder, port }
    }

    fn compose(&self, words: &[&str]) {
        let mut command = Command::new("docker");
        command.args(["compose", "--project-name", &self.name]).args(words).current_dir(&self.folder);
        let output = command.output().expect("it starts");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Identifier and start of each container that there is.
    fn containers(&self) -> Vec<(String, String)> {
        let of_one = |name: String| {
            let found = docker::inspect(&name).expect("it is there");
            (text(&found, "/Id"), text(&found, "/State/StartedAt"))
        };
        docker::containers(&format!("{}-", self.name)).into_iter().map(of_one).collect()
    }

    fn answers(&self) -> bool {
        Address::local(self.port).get("/").is_ok_and(|page| page.status == 200)
    }
}

/// Asserts that AppStatus shows it within a second, or that it is gone (`APP.NotExis`).
fn shows(server: &Server, name: &str, wanted: &str, after: &str) {
    let late = wait::time_until(wanted, LATE * 10, || server.api().status_or_code(name) == wanted);
    note(&format!("{wanted} {:>4} ms after {after}", late.as_millis()));
    assert!(late <= LATE, "{wanted} came {late:?} after {after}");
}

/// Carries out a verb on an app, and waits until it has succeeded.
fn carry_out(server: &Server, interface: &str, name: &str) {
    server.api().call(interface, &[("app_id", name)]).expect("it is accepted");
    let done = || (text(&server.api().operation(name), "/state") == "succeeded").then_some(());
    wait::until(interface, VERB_LIMIT, done);
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_project_is_shown_at_once_adopted_untouched_and_let_go_running() {
    let setup = Setup::default().setting("projects.foreign", true);
    let theirs = Theirs::of(&setup, "shop");
    let mut server = setup.start();
    let name = theirs.name.clone();
    theirs.compose(&["up", "--detach"]);
    shows(&server, &name, "30", "docker compose up");
    let detail = server.api().detail(&name);
    assert_eq!((&detail["official_app"], text(&detail, "/name")), (&false.into(), name.clone()));
    assert_eq!(number(&detail, "/running_info/port"), u64::from(theirs.port));
    assert_eq!(text(&detail, "/running_info/url"), "");
    let file = theirs.folder.join("docker-compose.yml");
    assert_eq!(text(&detail, "/running_info/compose_file"), file.display().to_string());

    let before = theirs.containers();
    assert_eq!(before.len(), 2);
    carry_out(&server, "AppAdopt", &name);
    assert_eq!(theirs.containers(), before, "adopted without a restart");
    let refused = server.api().call("AppUninstall", &[("app_id", &name), ("data", "purge")]);
    assert_eq!(refused.expect_err("its data is not ours").code, "APP.NotManaged");
    assert!(server.stop().success());
    server.start();
    shows(&server, &name, "30", "a start of the server");
    carry_out(&server, "AppUninstall", &name);
    assert_eq!(theirs.containers(), before, "let go without a restart");
    assert!(theirs.answers());
    shows(&server, &name, "30", "its removal from management");
    assert_eq!(docker::volumes(&format!("{name}_")), [format!("{name}_data")]);

    theirs.compose(&["down"]);
    shows(&server, &name, "APP.NotExis", "docker compose down");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_project_is_stopped_started_restarted_and_read() {
    let setup = Setup::default().setting("projects.foreign", true);
    let theirs = Theirs::of(&setup, "shop");
    theirs.compose(&["up", "--detach"]);
    let server = setup.start();
    let name = theirs.name.clone();
    shows(&server, &name, "30", "a start of the server");
    let ids = || theirs.containers().into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    let before = ids();
    carry_out(&server, "AppStop", &name);
    shows(&server, &name, "40", "AppStop");
    carry_out(&server, "AppStart", &name);
    shows(&server, &name, "30", "AppStart");
    carry_out(&server, "AppRestart", &name);
    shows(&server, &name, "30", "AppRestart");
    assert_eq!(ids(), before, "nothing was recreated");
    wait::until("it answers again", VERB_LIMIT, || theirs.answers().then_some(()));
    let lines = server.api().call("AppLogs", &[("app_id", &name), ("service", "web")]).expect("it answers");
    let is_start = |line: &serde_json::Value| text(line, "/line").contains("starting");
    assert!(items(&lines, "").iter().filter(|line| is_start(line)).count() >= 3, "{lines:#}");

    carry_out(&server, "AppAdopt", &name);
    theirs.compose(&["down"]);
    shows(&server, &name, "50", "docker compose down of an adopted project");
    server.api().call("AppStart", &[("app_id", &name)]).expect("it is accepted");
    let operation = wait::until("it fails", VERB_LIMIT, || {
        Some(server.api().operation(&name)).filter(|found| text(found, "/state") == "failed")
    });
    assert_eq!(text(&operation, "/reason/class"), "not_ours", "{operation:#}");
    let message = text(&operation, "/reason/message");
    assert!(message.contains("docker compose up --detach"), "{message}");
    assert!(message.contains(&theirs.folder.display().to_string()), "{message}");
    theirs.compose(&["up", "--detach"]);
    shows(&server, &name, "30", "docker compose up");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn verbs_on_a_project_outlive_deaths_of_the_server() {
    let setup = Setup::default().setting("projects.foreign", true);
    let theirs = Theirs::of(&setup, "shop");
    theirs.compose(&["up", "--detach"]);
    let mut server = setup.start();
    let name = theirs.name.clone();
    shows(&server, &name, "30", "a start of the server");
    let ids = || theirs.containers().into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    let before = ids();
    for (round, (verb, status)) in [
        ("AppStop", "40"),
        ("AppStart", "30"),
        ("AppRestart", "30"),
        ("AppAdopt", "30"),
        ("AppUninstall", "30"),
    ]
    .into_iter()
    .cycle()
    .take(15)
    .enumerate()
    {
        server.api().call(verb, &[("app_id", &name)]).expect("it is accepted");
        let moment = Duration::from_millis(u64::try_from(round * 37 % 200).expect("a small number"));
        let until = Instant::now() + moment;
        // The moment is what is tested, not waited for: whatever was reached by then, it goes on.
        while Instant::now() < until {
            std::thread::yield_now();
        }
        server.kill_9();
        server.start();
        let operation = wait::until(&format!("{verb} has ended"), VERB_LIMIT, || {
            let found = server.api().operation(&name);
            ["succeeded", "failed"].contains(&text(&found, "/state").as_str()).then_some(found)
        });
        assert_eq!(text(&operation, "/state"), "succeeded", "{operation:#}");
        wait::until(&format!("{status} after {verb}"), LATE * 5, || {
            (server.api().status_or_code(&name) == status).then_some(())
        });
        assert_eq!(ids(), before, "{verb} recreated a container");
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_name_that_is_no_app_id_has_a_stable_one_and_a_setting_hides_all() {
    let setup = Setup::default().setting("projects.foreign", true);
    let (theirs, prefix) = (Theirs::of(&setup, "my-shop"), setup.prefix.clone());
    let server = setup.start();
    let ids = || -> Vec<String> {
        let ids = server.api().list().into_iter().map(|app| text(&app, "/app_id"));
        ids.filter(|id| id.starts_with(&prefix)).collect()
    };
    theirs.compose(&["up", "--detach"]);
    let first = wait::until("it is shown", LATE, || ids().pop());
    assert_eq!(first.len(), prefix.len() + "myshop".len() + 8, "{first}");
    assert!(first.starts_with(&format!("{prefix}myshop")), "{first}");
    shows(&server, &first, "30", "docker compose up");
    theirs.compose(&["down"]);
    shows(&server, &first, "APP.NotExis", "docker compose down");
    theirs.compose(&["up", "--detach"]);
    shows(&server, &first, "30", "docker compose up again");

    let hiding = Setup::default().setting("projects.foreign", false).start();
    assert_eq!(hiding.api().list(), Vec::<serde_json::Value>::new());
    assert_eq!(hiding.api().status_or_code(&first), "APP.NotExis");
}
