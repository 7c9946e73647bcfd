//! What every command looks like, once each way. The list of commands is the program's own: one without a look fails.

use std::io::Write;
use std::process::Stdio;

use crate::answers::{SICK, begins, failed_install, hindered_plan, operation, server};
use crate::fake_server::Answer;
use crate::run::{LANGUAGES, looks, piped};

/// Each command with the line that is looked at. Those that follow are looked at in `following`.
const LINES: &[(&str, &str)] = &[
    ("install", "install wordpress myblog --version 6"),
    ("list", "list"),
    ("status", "status myblog"),
    ("start", "start myblog"),
    ("stop", "stop myblog"),
    ("restart", "restart myblog"),
    ("uninstall", "uninstall myblog"),
    ("trash", "trash"),
    ("restore", "restore myblog"),
    ("purge", "purge myblog --yes"),
    ("cancel", "cancel myblog"),
    ("logs", "logs myblog db --since 2026-11-22T08:00:00Z"),
    ("operations", "operations"),
    ("stats", "stats"),
    ("config", "config myblog"),
    ("catalog search", "catalog search"),
    ("catalog show", "catalog show wordpress"),
    ("catalog add", "catalog add store https://git.example.org/apps/store"),
    ("catalog list", "catalog list"),
    ("catalog sync", "catalog sync"),
    ("catalog remove", "catalog remove store"),
    ("catalog trust", "catalog trust store"),
    ("domain add", "domain add myblog blog.example.com"),
    ("domain list", "domain list"),
    ("domain remove", "domain remove myblog blog.example.com"),
    ("adopt", "adopt myblog"),
    ("open", "open myblog"),
    ("password", "password myblog"),
    ("user add", "user add alice"),
    ("user list", "user list"),
    ("user remove", "user remove alice"),
    ("user password", "user password alice"),
    ("key add", "key add monitoring --days 90"),
    ("key list", "key list"),
    ("key revoke", "key revoke monitoring"),
    ("audit", "audit"),
    ("doctor", "doctor"),
];

/// Commands that are looked at elsewhere.
const ELSEWHERE: &[&str] = &[
    "catalog check",
    "events",
    "completions",
    "man",
    "serve",
    "settings",
    "gateway init",
    "gateway apply",
    "gateway status",
];

fn look(name: &str, line: &str) -> String {
    let server = server();
    // The newest operation, before and after each of the four calls.
    let turns = |begun: &serde_json::Value| -> Vec<Answer> {
        let before = operation("update", "succeeded", "finish");
        (0..4).flat_map(|_| [before.clone(), begun.clone()]).map(Answer::Data).collect()
    };
    if ["install", "start", "stop", "restart", "uninstall", "restore", "purge", "adopt"].contains(&name) {
        server.answers_in_turn("AppOperation", turns(&operation(name, "queued", "")));
    }
    looks(&server, line)
}

#[test]
fn every_command_looks_as_it_should() {
    for (name, line) in LINES {
        insta::assert_snapshot!(name.replace(' ', "-"), look(name, line));
    }
}

/// Every command that does something, with the words that call it.
fn commands() -> Vec<String> {
    let program = <cli::Command as clap::Subcommand>::augment_subcommands(clap::Command::new("appmanage"));
    let own = ["serve", "settings", "gateway init", "gateway apply", "gateway status"];
    let mut commands: Vec<String> = own.map(str::to_owned).into();
    for command in program.get_subcommands() {
        let name = command.get_name();
        let below: Vec<String> =
            command.get_subcommands().map(|below| format!("{name} {}", below.get_name())).collect();
        commands.extend(if below.is_empty() { vec![name.to_owned()] } else { below });
    }
    commands
}

#[test]
fn every_command_is_looked_at() {
    for name in commands() {
        let is_looked_at =
            LINES.iter().any(|(known, _)| *known == name) || ELSEWHERE.contains(&name.as_str());
        assert!(is_looked_at, "no look at `appmanage {name}`");
    }
}

#[test]
fn every_command_is_documented() {
    let page = include_str!("../../../../docs/cli.md");
    let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    for name in commands() {
        assert!(sections.contains(&name.as_str()), "docs/cli.md has no section \"## {name}\"");
        assert!(page.contains(&format!("appmanage {name}")), "docs/cli.md has no example of {name}");
    }
}

#[test]
fn every_help_fits_a_screen_and_has_an_example() {
    let server = server();
    let width = |line: &str| line.chars().map(|c| if c < '\u{2e80}' { 1 } else { 2 }).sum::<usize>();
    for language in LANGUAGES {
        for name in commands() {
            let help = piped(&server, language, &format!("{name} --help")).stdout;
            assert!(help.contains(&format!("appmanage {name}")), "no example:\n{help}");
            // The prompt needs a line, too.
            assert!(help.lines().count() < 24, "{help}");
            assert!(help.lines().all(|line| width(line) <= 80), "{help}");
        }
    }
}

#[test]
fn a_server_takes_no_options_of_the_client() {
    let server = server();
    for line in ["serve --quiet", "--output json settings"] {
        let refused = piped(&server, LANGUAGES[0], line);
        assert_eq!(refused.code, Some(2), "{line}");
        assert!(refused.stderr.contains("take no options of the client"), "{}", refused.stderr);
    }
    assert!(!piped(&server, LANGUAGES[0], "serve --help").stdout.contains("--server"));
}

#[test]
fn there_is_a_word_where_there_is_nothing() {
    let server = server();
    let nothing = serde_json::json!([]);
    let lines = [
        "AppList list",
        "AppTrash trash",
        "AppOperations operations",
        "AppStats stats",
        "AppCatalog catalog search x",
        "UserList user list",
        "KeyList key list",
        "AppAudit audit",
    ];
    let mut page = String::new();
    for line in lines {
        let (interface, line) = line.split_once(' ').expect("two words");
        server.data(interface, nothing.clone());
        page.push_str(&looks(&server, line));
    }
    insta::assert_snapshot!("nothing", page);
}

#[test]
fn an_install_is_planned() {
    let server = server();
    let sound = looks(&server, "install wordpress myblog --plan");
    server.data("AppPlan", hindered_plan());
    let hindered = looks(&server, "install wordpress myblog --plan --set WORDPRESS_DEBUG=true");
    insta::assert_snapshot!("plan", sound + "\n" + &hindered);
    let asked = server.calls("AppPlan").pop().expect("it was asked");
    assert_eq!(asked.parameters["settings"]["WORDPRESS_DEBUG"], "true");
    assert_eq!(asked.parameters["app_version"], "latest");
}

#[test]
fn a_failed_app_tells_why() {
    let server = server();
    server.data("AppOperation", failed_install());
    insta::assert_snapshot!("status-failed", looks(&server, "status myblog"));
}

#[test]
fn a_doctor_says_what_to_do_about_everything() {
    let server = server();
    server.answers("doctor", Answer::Text(SICK));
    insta::assert_snapshot!("doctor-sick", looks(&server, "doctor"));
}

#[test]
fn a_clock_that_differs_is_found() {
    let server = server();
    server.date("Sun, 06 Nov 1994 08:49:37 GMT");
    let found = piped(&server, LANGUAGES[0], "doctor");
    assert_eq!(found.code, Some(1));
    assert!(
        found.stdout.contains("FAIL  clock\n      this machine's clock and the server's differ by"),
        "{}",
        found.stdout
    );
}

#[test]
fn logins_are_shown_by_password_alone() {
    let server = server();
    let secret = "Zr3kTq9wXb5nLc7v";
    for line in ["list", "list --output json", "status myblog", "status myblog --output json", "open myblog"]
    {
        let shown = piped(&server, LANGUAGES[0], line);
        assert_eq!(shown.code, Some(0), "{line}");
        assert!(!shown.stdout.contains(secret), "{line}: {}", shown.stdout);
    }
    assert!(piped(&server, LANGUAGES[0], "password myblog").stdout.contains(secret));
}

#[test]
fn a_password_of_ones_own_comes_by_standard_input() {
    let server = server();
    server.data("UserAdd", serde_json::json!({ "name": "alice", "password": "" }));
    let mut command = crate::run::command(&server.socket, LANGUAGES[0], "user add alice --password-stdin");
    let pipe = Stdio::piped;
    let mut child = command.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().expect("it can be run");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all("correct horse 电池\nmore\n".as_bytes())
        .expect("it is read");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.stdout.as_slice(), output.status.code()), (&b""[..], Some(0)));
    assert_eq!(output.stderr, b"User alice is added.\n");
    let asked = server.calls("UserAdd").pop().expect("it was asked");
    assert_eq!(asked.parameters, serde_json::json!({ "name": "alice", "password": "correct horse 电池" }));
}

#[test]
fn an_empty_standard_input_is_no_password() {
    let server = server();
    let line = "user password alice --password-stdin";
    let refused = crate::run::finished(crate::run::command(&server.socket, LANGUAGES[0], line));
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("has no password on its first line"), "{}", refused.stderr);
    assert!(server.calls("UserPassword").is_empty());
}

#[test]
fn the_server_is_asked_in_the_language_of_the_person() {
    let server = server();
    for (language, line, asked) in [
        ("en_US.UTF-8", "list", "en"),
        ("zh_CN.UTF-8", "list", "zh"),
        ("zh_CN.UTF-8", "list --lang en", "en"),
        ("de_DE.UTF-8", "--lang=zh-TW list", "zh"),
    ] {
        piped(&server, language, line);
        assert_eq!(server.calls("AppList").pop().expect("it was asked").language, asked, "{language} {line}");
    }
}

#[test]
fn who_is_quiet_reads_only_what_was_asked_for() {
    let server = server();
    begins(&server, operation("stop", "queued", ""));
    let stop = piped(&server, LANGUAGES[0], "stop myblog --quiet");
    assert_eq!((stop.stdout.as_str(), stop.stderr.as_str(), stop.code), ("", "", Some(0)));
    assert!(piped(&server, LANGUAGES[0], "list -q").stdout.contains("myblog"));
    server.data("AppList", serde_json::json!([]));
    assert_eq!(piped(&server, LANGUAGES[0], "list -q").stderr, "");
}

#[test]
fn completions_and_manual_are_made_without_a_server() {
    let nobody = std::path::Path::new("/nowhere/appmanage.sock");
    for (line, word) in [
        ("completions bash", "uninstall"),
        ("completions zsh", "--version"),
        ("completions fish", "trash"),
        ("man", ".SS appmanage install [OPTIONS] <PACKAGE> <APP>"),
    ] {
        let made = crate::run::finished(crate::run::command(nobody, LANGUAGES[0], line));
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        assert!(made.stdout.contains(word), "{line}");
    }
}

#[test]
fn there_are_words_for_all_that_the_server_tells() {
    use domain::{ErrorCode, OperationKind, Status, Step};
    let kinds = OperationKind::ALL.iter().map(|kind| format!("kind-{}", kind.as_str()));
    let outcomes = OperationKind::ALL.iter().flat_map(|kind| {
        ["accepted", "done", "already"].map(|outcome| format!("{outcome}-{}", kind.as_str()))
    });
    let steps = Step::ALL.iter().map(|step| format!("step-{}", step.as_str().replace('_', "-")));
    let statuses = Status::ALL.iter().map(|status| format!("status-{}", status.as_str()));
    let texts = include_str!("../../../cli/src/messages/en.ftl");
    let has = |id: &str| texts.lines().any(|line| line.starts_with(&format!("{id} = ")));
    for id in kinds.chain(outcomes).chain(steps).chain(statuses) {
        assert!(has(&id), "en.ftl has no {id}");
    }
    for code in texts.lines().filter_map(|line| line.strip_prefix("next-")?.split(" = ").next()) {
        let is_code = code.starts_with(|c: char| c.is_uppercase());
        let is_known = ErrorCode::ALL.iter().any(|known| known.as_str().replace('.', "-") == code);
        assert!(!is_code || is_known, "no server answers {code}");
    }
}
