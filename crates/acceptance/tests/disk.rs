//! A full disk: told clearly, nothing half done, and well again as soon as there is room.

use acceptance::apps;
use acceptance::{Hello, Server, Setup, SmallDisk, docker, traces};

/// Server first, disk last: what is dropped first must not need the other.
struct OnSmallDisk {
    server: Server,
    disk: SmallDisk,
}

fn on_small_disk(hello: &Hello) -> OnSmallDisk {
    let setup = Setup::default();
    let path = setup.folder().join("small");
    let disk = SmallDisk::mount(&path, 16 << 20);
    let server = setup.data_dir(&path.join("data")).packages(&[hello.package()]).start();
    OnSmallDisk { server, disk }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_install_on_a_full_disk_is_refused_and_works_when_there_is_room() {
    let OnSmallDisk { server, disk } = on_small_disk(&Hello::named("hello").requires("16M", "1M"));
    let kept = apps::install(&server, "hello", "kept");
    disk.fill(0);
    let mut accepted = 0;
    let refused = loop {
        // The database may have room of its own for a few.
        match server.api().install("hello", &server.name(&format!("full{accepted}")), "1") {
            Ok(_) => accepted += 1,
            Err(refused) => break refused,
        }
        assert!(accepted < 100, "a full disk takes no end of installs");
    };
    assert!(
        ["SystemError", "Requirement.NotEnough"].contains(&refused.code.as_str()),
        "{accepted} were accepted, then {refused}"
    );
    assert_eq!(server.api().status(&kept).as_deref(), Ok("30"), "what is there is told");
    let name = server.name(&format!("full{accepted}"));
    assert_eq!(server.api().status_or_code(&name), "APP.NotExis", "a refused install changes nothing");
    docker::docker(&["stop", "--time", "1", &apps::container(&kept, "web")]);
    acceptance::wait::until("what changes is told", apps::LATE, || {
        (server.api().status_or_code(&kept) == "40").then_some(())
    });

    disk.empty();
    apps::install(&server, "hello", "after");
    for number in 0..accepted {
        let name = server.name(&format!("full{number}"));
        let ended = acceptance::wait::until("it has ended", apps::INSTALL_LIMIT, || {
            let status = server.api().status_or_code(&name);
            ["30", "50"].contains(&status.as_str()).then_some(status)
        });
        if ended == "50" {
            traces::assert_nothing_left(&server, &name);
        }
    }
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_server_on_a_full_disk_says_so_and_loses_nothing() {
    let OnSmallDisk { mut server, disk } = on_small_disk(&Hello::named("hello").requires("16M", "1M"));
    let name = apps::install(&server, "hello", "app");
    server.stop();
    disk.fill(0);
    // With the little that it needs it may start all the same; if not, it says why.
    let setup = Setup::default();
    let fresh = setup.data_dir(&disk.path().join("fresh"));
    let (status, said) = fresh.refusal();
    assert!(!status.success() && said.contains("full"), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "one clear line: {said}");
    disk.empty();
    server.start();
    assert_eq!(server.api().status(&name).as_deref(), Ok("30"));
}
