//! The recycle bin: nothing that was kept is lost, and nothing is purged but what was the app's own.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use acceptance::apps::{self, INSTALL_LIMIT, container};
use acceptance::json::{items, text};
use acceptance::packages::HELLO;
use acceptance::{Hello, Package, Server, Setup, docker, traces, wordpress};

/// WordPress and its database on two busy cores.
const LARGE_LIMIT: Duration = Duration::from_secs(240);

/// Uninstalls an app, with its data kept, and asserts that nothing but its data is left.
fn trash(server: &Server, name: &str) {
    let api = server.api();
    apps::done(server, "AppUninstall", name);
    assert_eq!((docker::containers(name), docker::networks(name)), (vec![], vec![]));
    assert_eq!(api.status_or_code(name), "APP.NotExis");
    assert!(api.list().iter().all(|app| text(app, "/app_id") != name));
    let bin = items(&api.call("AppTrash", &[]).expect("it answers"), "");
    assert!(
        bin.iter().any(|app| text(app, "/app_id") == name && text(app, "/purged_at").ends_with('Z')),
        "{bin:?}"
    );
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_blog_comes_back_with_its_posts_though_its_package_its_port_and_its_subnet_are_gone() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packages/wordpress/compose.yaml");
    let package = Package::of("myblog", &fs::read_to_string(shipped).expect("it ships"));
    let mut server = Setup::default().packages(&[package]).start();
    let name = server.name("blog");
    server.api().install("myblog", &name, "6.1").expect("the install is accepted");
    server.api().await_status(&name, "30", LARGE_LIMIT);
    wordpress::set_up(&server, &name);
    wordpress::write_post(&server, &name, "What must not be lost");
    assert!(wordpress::can_log_in(&server, &name));
    let env = |server: &Server| {
        let env = fs::read_to_string(server.app_folder(&name).join(".env")).expect("it is there");
        env.lines().filter(|line| line.contains("PASSWORD")).map(str::to_owned).collect::<Vec<_>>()
    };
    let (port, subnets, passwords) = (apps::port(&server, &name), apps::subnets(&name), env(&server));
    assert_eq!(passwords.len(), 2);

    trash(&server, &name);
    let refused = server.api().install("myblog", &name, "6.1").expect_err("its name is taken");
    assert_eq!(refused.code, "Param.CustomerAppName.Repeat");
    assert!(refused.message.contains("AppRestore") && refused.message.contains("AppPurge"), "{refused}");
    // What was the app's is somebody else's now.
    let _listener = TcpListener::bind(("0.0.0.0", port)).expect("the port was given back");
    let theirs = server.name("theirs");
    docker::docker(&["network", "create", "--subnet", &subnets[0], &theirs]);
    server.stop();
    fs::remove_dir_all(server.setup.folder().join("packages/myblog")).expect("it was written");
    server.start();
    let gone =
        server.api().install("myblog", &server.name("other"), "6.1").expect_err("it is no longer there");
    assert_eq!(gone.code, "Param.CustomerAppName.NotExis");

    apps::done(&server, "AppRestore", &name);
    server.api().await_status(&name, "30", LARGE_LIMIT);
    assert_ne!(apps::port(&server, &name), port);
    assert_ne!(apps::subnets(&name), subnets);
    assert!(wordpress::posts(&server, &name).contains(&"What must not be lost".to_owned()));
    assert!(wordpress::can_log_in(&server, &name));
    assert_eq!(env(&server), passwords);
    apps::done(&server, "AppUninstall purge", &name);
    traces::assert_nothing_left(&server, &name);
    assert!(docker::networks(&theirs).contains(&theirs), "theirs stays");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn data_in_a_volume_that_only_the_image_declares_is_kept_and_goes_with_the_purge() {
    let anonymous =
        Hello::named("anonymous").image("redis:7.0").more("command: [redis-server, --appendonly, \"yes\"]");
    let compose = anonymous.package().with_main_port(6379);
    let server = Setup::default().packages(&[compose]).start();
    let name = apps::install(&server, "anonymous", "app");
    let web = container(&name, "web");
    let volume = || text(&docker::inspect(&web).expect("it is there"), "/Mounts/0/Name");
    let redis = |words: &[&str]| docker::docker(&[&["exec", &web, "redis-cli"], words].concat());
    let first = volume();
    assert_eq!(first.len(), 64, "nobody named it");
    assert_eq!(redis(&["set", "kept", "for good"]), "OK");
    // Twice: what was anonymous has a name in the second life.
    for _ in 0..2 {
        trash(&server, &name);
        apps::done(&server, "AppRestore", &name);
        server.api().await_status(&name, "30", INSTALL_LIMIT);
        assert_eq!((volume(), redis(&["get", "kept"])), (first.clone(), "for good".to_owned()));
    }
    // Its containers are lost, and made again.
    apps::done(&server, "AppStop", &name);
    docker::docker(&["rm", &web]);
    apps::done(&server, "AppStart", &name);
    server.api().await_status(&name, "30", INSTALL_LIMIT);
    assert_eq!(redis(&["get", "kept"]), "for good");
    trash(&server, &name);
    apps::done(&server, "AppPurge", &name);
    traces::assert_nothing_left(&server, &name);
    assert!(docker::ask(&format!("/volumes/{first}")).is_none(), "{first} is left");
    let again = server.api().call("AppRestore", &[("app_id", &name)]).expect_err("it is gone");
    assert_eq!(again.code, "APP.NotInTrash");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn a_purge_deletes_what_is_the_apps_own_and_nothing_else() {
    let setup = Setup::default().setting("policy.exceptions", "reaching");
    let outside = setup.folder().join("outside");
    fs::create_dir(&outside).expect("it can be made");
    let external = format!("{}external", setup.prefix);
    let rest = format!(
        "  main: {{ service: web, port: 80, http: {{}} }}
services:
  web:
    image: {HELLO}
    ports: [\"80\"]
    volumes: [\"data:/data\", \"theirs:/theirs\", \"./inside:/inside\", \"{outside}:/outside\"]
volumes:
  data:
  theirs: {{ external: true, name: {external} }}
",
        outside = outside.display()
    );
    let packages = [Package::with("reaching", &rest), Hello::named("hello").volume().package()];
    let server = setup.packages(&packages).start();
    docker::docker(&["volume", "create", &external]);
    let other = apps::install(&server, "hello", "other");
    for (name, from_bin) in [("one", true), ("two", false)] {
        let name = apps::install(&server, "reaching", name);
        // With names that fit, and some of the labels.
        let foreign = format!("{name}_foreign");
        let project = format!("com.docker.compose.project={name}");
        docker::docker(&["volume", "create", "--label", &project, &foreign]);
        let web = container(&name, "web");
        for place in ["theirs", "inside", "outside", "data"] {
            docker::docker(&["exec", &web, "sh", "-c", &format!("echo mine > /{place}/file")]);
        }
        assert!(server.app_folder(&name).join("inside/file").exists());
        if from_bin {
            trash(&server, &name);
            assert!(
                server.app_folder(&name).join("inside/file").exists(),
                "what lies in its folder is its data"
            );
            apps::done(&server, "AppPurge", &name);
        } else {
            apps::done(&server, "AppUninstall purge", &name);
        }
        assert_eq!(
            traces::of(&server, &name),
            [format!("volume {foreign}")],
            "all but the foreign volume is gone"
        );
        assert_eq!(fs::read_to_string(outside.join("file")).expect("it stays"), "mine\n");
        let kept = [
            "run",
            "--rm",
            "--volume",
            &format!("{external}:/theirs"),
            "--entrypoint",
            "cat",
            HELLO,
            "/theirs/file",
        ];
        assert_eq!(docker::docker(&kept), "mine", "the external volume stays, with what is in it");
    }
    assert!(docker::try_docker(&["image", "inspect", HELLO]).is_ok(), "images are everybody's");
    assert_eq!(docker::volumes(&other), [format!("{other}_data")]);
    assert_eq!(server.api().status(&other).as_deref(), Ok("30"));
    assert!(apps::page(&server, &other).body.contains("Hello"));
}
