//! Runs the binary with nothing of this process's environment, and writes down what a person sees.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::fake_server::{FakeServer, address};
use crate::terminal::Terminal;

/// The languages, as `LANG` writes them.
pub(crate) const LANGUAGES: [&str; 2] = ["en_US.UTF-8", "zh_CN.UTF-8"];

/// What ran through a pipe left.
#[derive(Debug)]
pub(crate) struct Piped {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

/// The binary, with that line of arguments.
pub(crate) fn command(server: &Path, language: &str, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_appmanage"));
    command
        .args(line.split_whitespace())
        .env_clear()
        .env("LANG", language)
        .env("TERM", "xterm-256color")
        .env("HOME", "/nowhere")
        .env("APPMANAGE_SERVER", address(server));
    command
}

/// Runs it in a terminal until it ends.
pub(crate) fn in_terminal(server: &FakeServer, language: &str, line: &str) -> (String, Option<i32>) {
    Terminal::run(command(&server.socket, language, line)).end()
}

/// Runs it with a pipe for each stream.
pub(crate) fn piped(server: &FakeServer, language: &str, line: &str) -> Piped {
    finished(command(&server.socket, language, line))
}

/// Runs a command with a pipe for each stream.
pub(crate) fn finished(mut command: Command) -> Piped {
    let output = command.stdin(Stdio::null()).output().expect("it can be run");
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("it is text"));
    for text in [&stdout, &stderr] {
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "control codes in a pipe: {text:?}");
    }
    Piped { stdout, stderr, code: output.status.code() }
}

/// What a person sees of a command: in a terminal in both languages, through a pipe, as JSON.
pub(crate) fn looks(server: &FakeServer, line: &str) -> String {
    let mut page = String::new();
    for language in LANGUAGES {
        let (screen, code) = in_terminal(server, language, line);
        page.push_str(&format!(
            "──── terminal, {language}: appmanage {line} ──── exit {}\n{screen}\n\n",
            shown(code)
        ));
    }
    let text = piped(server, LANGUAGES[0], line);
    page.push_str(&format!("──── pipe: appmanage {line} ──── exit {}\n{}", shown(text.code), streams(&text)));
    let json = piped(server, LANGUAGES[0], &format!("{line} --output json"));
    page.push_str(&format!(
        "\n──── pipe: appmanage {line} --output json ──── exit {}\n{}",
        shown(json.code),
        streams(&json)
    ));
    page.replace(&server.socket.display().to_string(), "/run/appmanage.sock")
}

/// An exit code, as it is written.
pub(crate) fn shown(code: Option<i32>) -> String {
    code.map_or_else(|| "by a signal".to_owned(), |code| code.to_string())
}

fn streams(piped: &Piped) -> String {
    let stderr: String = piped.stderr.lines().map(|line| format!("stderr: {line}\n")).collect();
    format!("{}{stderr}", piped.stdout)
}
