//! The database cannot be written any more while the server runs: what changes something is refused, what is told stays
//! true, and all goes on by itself as soon as it can be written again.

use std::path::PathBuf;
use std::process::Command;

use acceptance::apps::{self, INSTALL_LIMIT, container};
use acceptance::json::text;
use acceptance::{Follower, Hello, Server, Setup, docker, wait};

/// The database's files, which nobody can write until this is dropped: root minds no modes, but does mind this.
struct ReadOnly(Vec<PathBuf>);

impl ReadOnly {
    fn make(server: &Server) -> Self {
        // Without `-shm`: it is memory that is shared, not kept.
        let files = ["appmanage.db", "appmanage.db-wal"].map(|name| server.data_dir().join(name));
        let read_only = Self(files.into_iter().filter(|file| file.exists()).collect());
        assert!(read_only.change("+i"), "tests run as root, on a file system with attributes (ext4)");
        read_only
    }

    fn change(&self, attribute: &str) -> bool {
        let changed = Command::new("chattr").arg(attribute).args(&self.0).status();
        changed.expect("chattr is there").success()
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        self.change("-i");
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn with_a_database_that_cannot_be_written_changes_are_refused_the_truth_is_told_and_it_goes_on_by_itself() {
    let slow = Hello::named("slow").environment("HELLO_DELAY_SECONDS", "1");
    let mut server = Setup::default().packages(&[Hello::named("hello").package(), slow.package()]).start();
    let api = server.api();
    let name = apps::install(&server, "hello", "app");
    let waiting = apps::begin(&server, "slow", "waiting");
    wait::until("it waits", INSTALL_LIMIT, || {
        (text(&api.operation(&waiting), "/step") == "await_ready").then_some(())
    });

    let read_only = ReadOnly::make(&server);
    let new = server.name("new");
    let install = [("app_name", "hello"), ("customer_app_name", &new), ("app_version", "1")];
    let of_app = [("app_id", name.as_str())];
    let changes: [(&str, &[(&str, &str)]); 4] =
        [("AppInstall", &install), ("AppStop", &of_app), ("AppUninstall", &of_app), ("AppRestart", &of_app)];
    for (interface, parameters) in changes {
        let refused = api.call(interface, parameters).expect_err("it cannot be stored");
        assert_eq!(refused.code, "SystemError", "{interface}: {refused}");
        assert!(refused.message.contains("database"), "{interface} says what is wrong: {refused}");
    }
    assert_eq!(api.status_or_code(&new), "APP.NotExis", "a refused install changes nothing");
    assert_eq!(docker::containers(&new), Vec::<String>::new());
    assert_eq!(text(&api.operation(&name), "/kind"), "install", "nor does a refused stop");
    for (verb, status) in [("kill", "40"), ("start", "30")] {
        docker::docker(&[verb, &container(&name, "web")]);
        wait::until(status, 2 * apps::LATE, || (api.status_or_code(&name) == status).then_some(()));
    }
    assert!(apps::page(&server, &name).body.contains("Hello"));
    let ready = api.address.get("/readyz").expect("it answers");
    assert!(ready.status == 503 && ready.body.contains("\"store\""), "{ready:?}");

    drop(read_only);
    wait::until("it is ready by itself", INSTALL_LIMIT, || {
        api.address.get("/readyz").is_ok_and(|answer| answer.status == 200).then_some(())
    });
    api.await_status(&waiting, "30", INSTALL_LIMIT);
    assert_eq!(text(&api.operation(&waiting), "/state"), "succeeded");
    apps::done(&server, "AppStop", &name);
    let last = text(&api.operation(&name), "/operation_id");
    apps::install(&server, "hello", "new");
    let mut follower = Follower::after(&api, 0);
    wait::until("no event is missing", INSTALL_LIMIT, || {
        let event = follower.next_event().expect("the server lives");
        (text(&event, "/operation_id") == last && text(&event, "/kind") == "succeeded").then_some(())
    });
    starts_only_where_it_can_write(&mut server, &name);
}

fn starts_only_where_it_can_write(server: &mut Server, name: &str) {
    server.kill_9();
    let read_only = ReadOnly::make(server);
    let (status, said) = server.setup.refusal();
    assert!(!status.success() && said.contains("appmanage.db"), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "one clear line: {said}");
    drop(read_only);
    server.start();
    assert_eq!(server.api().status(name).as_deref(), Ok("40"));
}
