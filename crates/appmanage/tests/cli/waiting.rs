//! `--wait`: bars in a terminal, lines in a pipe, Ctrl-C, and how it ends.

use serde_json::json;

use crate::answers::{IMAGE_BYTES, begins, blog, failed_install, operation, pulled, pulling, server};
use crate::fake_server::{Answer, FakeServer};
use crate::run::{LANGUAGES, command, finished, piped, shown};
use crate::terminal::Terminal;

const INSTALL: &str = "install wordpress myblog --wait";

fn install_in_terminal(server: &FakeServer, language: &str) -> Terminal {
    begins(server, operation("install", "queued", ""));
    let terminal = Terminal::run(command(&server.socket, language, INSTALL));
    // A spinner turns: it was told to wait.
    terminal.wait_for_text("*");
    terminal
}

#[test]
fn a_terminal_shows_bars_and_what_is_done() {
    let mut page = String::new();
    for language in LANGUAGES {
        let server = server();
        let terminal = install_in_terminal(&server, language);
        let mut look = |what: &str, wanted: &str| {
            let screen = terminal.wait_for(|screen| screen.contains(wanted) && screen.contains('*'));
            page.push_str(&format!("──── {language}: {what}\n{screen}\n\n"));
        };
        look("queued", if language == LANGUAGES[0] { "waits for its turn" } else { "排队等待" });
        server.data("AppOperation", pulling(31_200_000));
        look("pulling", "31.2 MB / 103.6 MB");
        server.data("AppOperation", pulling(99_000_000));
        look("pulling on", "99.0 MB / 103.6 MB");
        server.data("AppOperation", pulled(IMAGE_BYTES, operation("install", "running", "await_ready")));
        look("waiting", if language == LANGUAGES[0] { "wait until" } else { "等待应用就绪" });
        server.data("AppOperation", pulled(IMAGE_BYTES, operation("install", "succeeded", "finish")));
        let (screen, code) = terminal.end();
        page.push_str(&format!("──── {language}: exit {}\n{screen}\n\n", shown(code)));
    }
    insta::assert_snapshot!("wait-terminal", page);
}

#[test]
fn a_pipe_gets_a_line_for_each_change() {
    let mut page = String::new();
    for (language, line) in [(LANGUAGES[0], INSTALL.to_owned()), (LANGUAGES[1], INSTALL.to_owned())] {
        let server = server();
        let before = operation("stop", "succeeded", "finish");
        let looks = [
            before,
            operation("install", "queued", ""),
            pulling(1000),
            pulling(1000),
            pulling(IMAGE_BYTES),
            pulled(IMAGE_BYTES, operation("install", "running", "create")),
            pulled(IMAGE_BYTES, operation("install", "succeeded", "finish")),
        ];
        server.answers_in_turn("AppOperation", looks.into_iter().map(Answer::Data).collect());
        let piped = piped(&server, language, &line);
        page.push_str(&format!("──── {language}: exit {}\n", shown(piped.code)));
        page.push_str(&format!("stderr:\n{}stdout:\n{}\n", piped.stderr, piped.stdout));
    }
    insta::assert_snapshot!("wait-pipe", page);
}

#[test]
fn a_failed_install_says_why_and_fails() {
    let server = server();
    let mut page = String::new();
    for line in [INSTALL.to_owned(), format!("{INSTALL} -o json")] {
        let mut begun = operation("install", "running", "pull");
        begun["operation_id"] = json!("op9");
        let before = operation("stop", "succeeded", "finish");
        server.answers_in_turn("AppOperation", [before, begun, failed_install()].map(Answer::Data).into());
        let piped = piped(&server, LANGUAGES[0], &line);
        assert_eq!(piped.code, Some(1));
        page.push_str(&format!("──── {line}\nstderr:\n{}stdout:\n{}\n", piped.stderr, piped.stdout));
    }
    insta::assert_snapshot!("wait-failed", page);
}

#[test]
fn ctrl_c_says_that_it_goes_on_and_how_to_cancel_it() {
    let mut page = String::new();
    for language in LANGUAGES {
        let server = server();
        let terminal = install_in_terminal(&server, language);
        server.data("AppOperation", pulling(31_200_000));
        terminal.wait_for_text("31.2 MB / 103.6 MB");
        terminal.interrupt();
        let (screen, code) = terminal.end();
        assert_eq!(code, Some(130), "{screen}");
        page.push_str(&format!("──── {language}\n{screen}\n\n"));
        assert!(server.calls("AppCancel").is_empty());
    }
    insta::assert_snapshot!("wait-interrupted", page);
}

#[test]
fn where_nothing_was_to_do_that_is_said() {
    let server = server();
    let mut page = String::new();
    for line in [
        "start myblog --wait",
        "stop myblog",
        "config myblog --set WORDPRESS_DEBUG=true --wait",
        "start myblog -o json",
    ] {
        let piped = piped(&server, LANGUAGES[0], line);
        assert_eq!(piped.code, Some(0), "{}", piped.stderr);
        page.push_str(&format!("──── {line}\n{}{}", piped.stderr, piped.stdout));
    }
    insta::assert_snapshot!("already", page);
}

#[test]
fn every_verb_can_be_waited_for() {
    let server = server();
    for (verb, line) in [
        ("start", "start myblog"),
        ("stop", "stop myblog"),
        ("restart", "restart myblog"),
        ("uninstall", "uninstall myblog"),
        ("purge", "uninstall myblog --purge --yes"),
        ("restore", "restore myblog"),
        ("purge", "purge myblog --yes"),
        ("configure", "config myblog --set A=b"),
        ("adopt", "adopt myblog"),
    ] {
        let looks = ["running", "succeeded"].map(|state| Answer::Data(operation(verb, state, "reserve")));
        let [running, succeeded] = looks;
        let before = Answer::Data(operation("install", "succeeded", "finish"));
        server.answers_in_turn("AppOperation", vec![before, running, succeeded]);
        let piped = piped(&server, LANGUAGES[0], &format!("{line} --wait"));
        assert_eq!(piped.code, Some(0), "{line}: {}", piped.stderr);
        assert_eq!(piped.stderr, "myblog: choose ports and networks\n", "{line}");
        assert!(piped.stdout.starts_with("myblog "), "{line}: {}", piped.stdout);
    }
}

#[test]
fn a_project_that_was_brought_up_by_hand_is_taken_over_and_let_go() {
    let server = server();
    let never = Answer::Refusal("Operation.NotExis", "No operation of the app is at work or waiting");
    let [adopted, released] =
        ["adopt", "release"].map(|kind| Answer::Data(operation(kind, "succeeded", "finish")));
    server.answers_in_turn("AppOperation", vec![never, adopted.clone()]);
    let adopting = piped(&server, LANGUAGES[0], "adopt myblog");
    assert_eq!((adopting.code, adopting.stderr.as_str()), (Some(0), ""));
    assert!(adopting.stdout.starts_with("myblog is taken over.\n"), "{}", adopting.stdout);
    server.answers_in_turn("AppOperation", vec![adopted, released]);
    let piped = piped(&server, LANGUAGES[0], "uninstall myblog");
    assert_eq!((piped.code, piped.stderr.as_str()), (Some(0), ""));
    assert_eq!(piped.stdout, "myblog is not managed any more; it runs on as it was.\n");
}

#[test]
fn what_takes_its_record_with_it_has_succeeded() {
    let server = server();
    let before = Answer::Data(operation("uninstall", "succeeded", "finish"));
    let running = Answer::Data(operation("purge", "running", "remove_data"));
    let gone = Answer::Refusal("APP.NotExis", "The app is not installed");
    server.answers_in_turn("AppOperation", vec![before, running, gone]).data("AppOperations", json!([]));
    let piped = piped(&server, LANGUAGES[0], "purge myblog --yes --wait");
    assert_eq!((piped.code, piped.stdout.as_str()), (Some(0), "myblog is deleted with all its data.\n"));
}

#[test]
fn nobody_is_told_of_a_success_that_nobody_knows_of() {
    let server = server();
    // Somebody else tried it again in between: the record of the failed install went with that.
    let before = Answer::Data(operation("stop", "succeeded", "finish"));
    let running = Answer::Data(operation("install", "running", "pull"));
    let mut other = operation("install", "queued", "");
    other["operation_id"] = json!("another");
    server.answers_in_turn("AppOperation", vec![before, running, Answer::Data(other.clone())]);
    server.data("AppOperations", json!([other]));
    let piped = piped(&server, LANGUAGES[0], INSTALL);
    assert_eq!((piped.code, piped.stdout.as_str()), (Some(1), ""), "{}", piped.stderr);
    assert!(piped.stderr.contains("what became of it is not known"), "{}", piped.stderr);
}

#[test]
fn what_an_app_wrote_does_not_steer_the_terminal() {
    let server = server();
    let mut failed = failed_install();
    failed["last_lines"] = json!(["\u{1b}[2Jcleared \u{1b}]0;title\u{7}\u{9b}2J"]);
    server.data("AppOperation", failed);
    let text = piped(&server, LANGUAGES[0], "status myblog").stdout;
    assert!(text.contains("cleared ") && !text.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{text:?}");
}

#[test]
fn a_status_can_be_waited_for() {
    let server = server();
    let [running, failed] = [operation("install", "running", "pull"), operation("install", "failed", "pull")];
    server.answers_in_turn("AppOperation", vec![Answer::Data(running), Answer::Data(failed)]);
    let shown = piped(&server, LANGUAGES[0], "status myblog --wait");
    assert_eq!(shown.code, Some(1));
    assert!(shown.stdout.contains("LAST DONE"), "{}", shown.stdout);

    let [running, succeeded] =
        ["running", "succeeded"].map(|state| operation("uninstall", state, "take_down"));
    server.answers_in_turn("AppOperation", vec![Answer::Data(running), Answer::Data(succeeded)]);
    server.answers("AppDetail", Answer::Refusal("APP.NotExis", "The app is not installed"));
    let shown = piped(&server, LANGUAGES[0], "status myblog --wait");
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(shown.stdout.starts_with("myblog is uninstalled"), "{}", shown.stdout);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let server = server();
    let bytes = |variable: &str, value: &str| {
        let mut command = command(&server.socket, LANGUAGES[0], "list");
        command.env(variable, value);
        let terminal = Terminal::run(command);
        terminal.wait_for_text("shujuku");
        terminal.bytes()
    };
    assert!(bytes("EDITOR", "vi").contains("\u{1b}[32mrunning\u{1b}[0m"));
    assert!(!bytes("NO_COLOR", "1").contains('\u{1b}'));
    assert!(!bytes("TERM", "dumb").contains('\u{1b}'));
}

#[test]
fn a_dumb_terminal_gets_lines() {
    let server = server();
    let looks = [
        operation("stop", "succeeded", "finish"),
        pulling(1000),
        operation("install", "succeeded", "finish"),
    ];
    server.answers_in_turn("AppOperation", looks.into_iter().map(Answer::Data).collect());
    let mut command = command(&server.socket, LANGUAGES[0], INSTALL);
    command.env("TERM", "dumb");
    let terminal = Terminal::run(command);
    terminal.wait_for_text("is installed and runs");
    assert!(!terminal.bytes().contains('\u{1b}'), "{:?}", terminal.bytes());
    assert!(terminal.end().0.contains("myblog: download images"));
}

#[test]
fn a_server_that_restarts_meanwhile_is_waited_for() {
    let first = server();
    let terminal = install_in_terminal(&first, LANGUAGES[0]);
    first.data("AppOperation", pulling(31_200_000));
    terminal.wait_for_text("31.2 MB / 103.6 MB");
    let away = first.goes_away();
    terminal.wait_for_text("does not answer at the moment");
    let second = away.comes_back();
    second
        .data("AppOperation", operation("install", "succeeded", "finish"))
        .data("AppDetail", crate::answers::detail_of(&blog()));
    let (screen, code) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("http://192.0.2.2:8080/"), "{screen}");
}

#[test]
fn deleting_for_good_is_asked_for() {
    let mut page = String::new();
    for (language, answer, code) in
        [(LANGUAGES[0], "n\n", 1), (LANGUAGES[1], "\n", 1), (LANGUAGES[0], "y\n", 0)]
    {
        let server = server();
        begins(&server, operation("purge", "queued", ""));
        let mut terminal = Terminal::run(command(&server.socket, language, "purge myblog"));
        terminal.wait_for_text("[y/N]");
        terminal.type_text(answer);
        let (screen, ended) = terminal.end();
        assert_eq!(ended, Some(code), "{screen}");
        assert_eq!(server.calls("AppPurge").len(), usize::from(code == 0));
        page.push_str(&format!("──── {language}\n{screen}\n\n"));
    }
    insta::assert_snapshot!("confirm", page);
    let server = server();
    for line in ["purge myblog", "uninstall myblog --purge"] {
        let refused = finished(command(&server.socket, LANGUAGES[0], line));
        assert_eq!(refused.code, Some(2), "{line}");
        assert!(refused.stderr.contains("add --yes"), "{}", refused.stderr);
    }
}
