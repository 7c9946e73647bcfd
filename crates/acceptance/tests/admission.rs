//! What the host cannot carry is refused before anything is made, counting what open installs will take.

use acceptance::apps::{self, INSTALL_LIMIT};
use acceptance::docker::docker;
use acceptance::proxy::{Mode, Registry};
use acceptance::{Hello, Package, Refused, Setup, traces};

const NOT_ENOUGH: &str = "Requirement.NotEnough";

fn memory_available_mb() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").expect("/proc is there");
    let line = text.lines().find(|line| line.starts_with("MemAvailable:")).expect("the kernel tells");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("a number of kB") / 1024
}

fn disk_free_mb() -> u64 {
    let root = docker(&["info", "--format", "{{.DockerRootDir}}"]);
    let found = rustix::fs::statvfs(root.as_str()).expect("Docker's root is there");
    found.f_bavail * found.f_frsize / (1 << 20)
}

/// Installs an app and, while that is at its pull, another; then again when the first runs.
fn two_of(requires_memory: &str, requires_disk: &str, resource: &str) {
    let registry = Registry::open(Mode::Held);
    let image = registry.image("appmanage/hello:1");
    let large = Hello::named("large").image(&image).requires(requires_memory, requires_disk);
    let server = Setup::default().packages(&[large.package()]).start();
    let first = apps::begin(&server, "large", "first");
    let second = server.name("second");
    let refused = server.api().install("large", &second, "1").expect_err("the first has been promised it");
    assert_eq!(refused.code, NOT_ENOUGH);
    assert!(refused.message.contains(resource) && refused.message.contains("needs"), "{refused}");
    assert_eq!(server.api().status_or_code(&second), "APP.NotExis");
    traces::assert_nothing_left(&server, &second);

    registry.set(Mode::Open);
    server.api().await_status(&first, "30", INSTALL_LIMIT);
    // What it really takes is in the host's own figures now.
    apps::install(&server, "large", "second");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn memory_is_counted_with_what_open_installs_will_take() {
    two_of(&format!("{}M", memory_available_mb() * 6 / 10), "16M", "memory");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn disk_space_is_counted_with_what_open_installs_will_take() {
    two_of("16M", &format!("{}M", disk_free_mb() * 6 / 10), "disk space");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_app_that_the_host_can_never_carry_is_refused() {
    let cores = "x-appmanage:
  trademark: Cores
  description: { zh: 测试, en: A test }
  categories: [test]
  versions: [{ name: \"1\" }]
  requirements: { cpu_cores: 5000, memory: 16M, disk: 16M }
services:
  web: { image: \"appmanage/hello:1\" }
";
    let packages = [
        Package::of("cores", cores),
        Hello::named("memory").requires("999G", "16M").package(),
        Hello::named("disk").requires("16M", "999999G").package(),
    ];
    let server = Setup::default().packages(&packages).start();
    for (package, resource) in [("cores", "cpu: needs 5000"), ("memory", "memory"), ("disk", "disk space")] {
        let refused = server.api().install(package, &server.name("app"), "1").expect_err("too large");
        assert_eq!(refused.code, NOT_ENOUGH);
        assert!(refused.message.contains(resource), "{refused}");
    }
    assert!(server.api().list().is_empty());
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn subnets_and_ports_that_run_out_are_refused() {
    let not_enough = |outcome: Result<String, Refused>, resource: &str| {
        let refused = outcome.expect_err("there is none left");
        assert_eq!(refused.code, NOT_ENOUGH);
        assert!(refused.message.contains(resource), "{refused}");
    };
    let hello = [Hello::named("hello").package()];
    let server = Setup::default().subnets(1).packages(&hello).start();
    apps::install(&server, "hello", "first");
    not_enough(server.api().install("hello", &server.name("second"), "1"), "subnets");

    let setup = Setup::default().packages(&hello);
    let only = setup.first_port;
    let server = setup.setting("network.port_last", only).start();
    let first = apps::install(&server, "hello", "first");
    assert_eq!(apps::port(&server, &first), only);
    not_enough(server.api().install("hello", &server.name("second"), "1"), "ports");
}
