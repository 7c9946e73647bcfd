//! Whatever goes wrong: the thing, the reason, the next step, and the exit code.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::answers::server;
use crate::fake_server::Answer;
use crate::run::{LANGUAGES, command, finished, piped, shown};

#[test]
fn a_refusal_names_the_thing_the_reason_and_the_next_step() {
    let server = server();
    let refusals = [
        ("AppOperation", "APP.NotExis", "The app is not installed"),
        ("AppStop", "APP.NotExis", "The app is not installed"),
        ("AppStart", "APP.Busy", "Another operation of the app is at work (install)"),
        (
            "AppInstall",
            "Param.CustomerAppName.Repeat",
            "An app of this name is installed already; please choose another name",
        ),
        ("AppRestore", "APP.NotInTrash", "There is no such app in the recycle bin"),
        ("AppConfig", "Param.Settings.ValueError", "The value of WORDPRESS_DEBUG is no boolean"),
    ];
    for (interface, code, message) in refusals {
        server.answers(interface, Answer::Refusal(code, message));
    }
    let mut page = String::new();
    for language in LANGUAGES {
        for line in [
            "stop nobody",
            "start myblog --wait",
            "install wordpress myblog",
            "restore wiki",
            "config myblog --set WORDPRESS_DEBUG=maybe",
        ] {
            let refused = piped(&server, language, line);
            assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{line}");
            page.push_str(&format!("──── {language}: appmanage {line}\n{}", refused.stderr));
        }
    }
    page.push_str(&piped(&server, LANGUAGES[0], "stop nobody --output json").stdout);
    insta::assert_snapshot!("refused", page);
}

#[test]
fn a_server_that_cannot_be_reached_says_why() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| folder.path().join(name);
    drop(UnixListener::bind(path("stale.sock")).expect("nothing is in the way"));
    std::fs::write(path("file.sock"), "").expect("it can be written");
    let mut page = String::new();
    for language in LANGUAGES {
        let mut look = |server: &Path, line: &str| {
            let failed = finished(command(server, language, line));
            assert_eq!(failed.code, Some(3), "{line}: {}", failed.stderr);
            page.push_str(&format!("──── {language}: appmanage {line}\n{}", failed.stderr + &failed.stdout));
        };
        look(&path("absent.sock"), "list");
        look(&path("stale.sock"), "list");
        look(&path("absent.sock"), "doctor");
        look(&path("absent.sock"), "list -o json");
        look(&path("absent.sock"), "list --server http://127.0.0.1:1");
    }
    let page = page.replace(&folder.path().display().to_string(), "/run");
    insta::assert_snapshot!("unreachable", page);
}

#[test]
fn what_cannot_be_typed_is_misuse() {
    let server = server();
    let mut page = String::new();
    for line in [
        "frobnicate",
        "install wordpress",
        "install wordpress myblog --set WORDPRESS_DEBUG",
        "list --server https://apps.example",
        "list --server apps.example",
        "list --lang fr",
        "config myblog --wait",
    ] {
        let misuse = piped(&server, LANGUAGES[0], line);
        assert_eq!((misuse.code, misuse.stdout.as_str()), (Some(2), ""), "{line}");
        page.push_str(&format!("──── appmanage {line}\n{}", misuse.stderr));
    }
    insta::assert_snapshot!("misuse", page);
}

#[test]
fn an_answer_that_is_none_is_not_believed() {
    let server = server();
    let mut page = String::new();
    for text in ["<html>nginx</html>", "{\"ResponseData\":[{\"app_id\":7}]}"] {
        server.answers("AppList", Answer::Text(text));
        let failed = piped(&server, LANGUAGES[0], "list");
        assert_eq!(failed.code, Some(1));
        page.push_str(&failed.stderr.replace(&server.socket.display().to_string(), "/run/appmanage.sock"));
    }
    insta::assert_snapshot!("not-understood", page);
}

#[test]
fn an_app_that_has_no_page_no_login_or_does_not_run_says_so() {
    let server = server();
    let mut page = String::new();
    let mut look = |line: &str| {
        let failed = piped(&server, LANGUAGES[0], line);
        page.push_str(&format!("──── appmanage {line} ──── exit {}\n{}", shown(failed.code), failed.stderr));
    };
    let mut bare = crate::answers::blog();
    for member in ["url", "user_name", "password"] {
        bare["running_info"][member] = "".into();
    }
    server.data("AppDetail", crate::answers::detail_of(&bare));
    look("open myblog");
    look("password myblog");
    server.data("AppDetail", crate::answers::detail_of(&crate::answers::cache()));
    look("open cache");
    insta::assert_snapshot!("missing", page);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let server = server();
    let line = format!("{} list -o json | true; exit ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_appmanage"));
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &line]).env("APPMANAGE_SERVER", crate::fake_server::address(&server.socket));
    let ended = finished(shell);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_socket_without_permission_says_how_to_get_it() {
    use rustix::process::geteuid;
    let server = server();
    let folder = server.socket.parent().expect("it lies in a folder");
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o000)).expect("it is ours");
    let failed = piped(&server, LANGUAGES[0], "list");
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
    // Root may use everything.
    if !geteuid().is_root() {
        assert_eq!(failed.code, Some(3));
        assert!(failed.stderr.contains("sudo appmanage"), "{}", failed.stderr);
    }
}
