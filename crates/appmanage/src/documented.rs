//! Whether what the pages tell to type is what the program takes: every `appmanage …` in them is parsed, every file of the
//! repository that they name is looked for.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use crate::CommandLine;

/// What stands for a command that is not named.
const PLACEHOLDERS: [&str; 2] = ["…", "COMMAND"];

/// So many commands the pages have at least: fewer are found where they are not looked for rightly any more.
const COMMANDS_MIN: usize = 100;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All pages for users, with their names.
fn pages() -> Vec<(PathBuf, String)> {
    let docs =
        fs::read_dir(root().join("docs")).expect("it is there").map(|entry| entry.expect("read").path());
    let files = docs.chain(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    let pages = files.filter(|file| file.extension().is_some_and(|kind| kind == "md"));
    pages.map(|file| (file.clone(), fs::read_to_string(&file).expect("it is text"))).collect()
}

/// The words of a command up to a pipe or a comment; quotes are taken off.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in line.chars() {
        match (quote, character) {
            (None, '|' | '>' | ';' | '&') => break,
            (None, '#') if word.is_none() => break,
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(character);
            }
            (Some(open), close) if open == close => quote = None,
            (None, space) if space.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// The commands of a page: those in blocks, which are whole, and those in the text, which may be a name only.
fn commands(page: &str) -> (Vec<String>, Vec<String>) {
    let (mut whole, mut named) = (Vec::new(), Vec::new());
    for (number, part) in page.split("```").enumerate() {
        if number % 2 == 0 {
            let spans = part.split('`').skip(1).step_by(2);
            named.extend(spans.filter(|span| span.starts_with("appmanage ")).map(str::to_owned));
            continue;
        }
        let is_console = part.starts_with("console");
        let joined = part.replace("\\\n", " ");
        let lines = joined.lines().skip(1).map(str::trim_start);
        // What stands there without a prompt is what a command prints.
        let typed = lines.filter_map(|line| if is_console { line.strip_prefix("$ ") } else { Some(line) });
        let ours =
            typed.filter_map(|line| line.find("appmanage ").map(|start| (&line[..start], &line[start..])));
        let run = ours.filter(|(before, _)| {
            before.is_empty() || before.ends_with("target/release/") || before.ends_with("exec appmanage ")
        });
        whole.extend(run.map(|(_, command)| command.to_owned()));
    }
    (whole, named)
}

#[test]
fn every_command_of_the_pages_is_one_of_the_program() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (file, page) in pages() {
        let (whole, named) = commands(&page);
        let all = whole.iter().map(|it| (it, true)).chain(named.iter().map(|it| (it, false)));
        for (command, is_whole) in
            all.filter(|(command, _)| !PLACEHOLDERS.iter().any(|it| command.contains(it)))
        {
            count += 1;
            let parsed = CommandLine::command().try_get_matches_from(words(command));
            let Err(error) = parsed else { continue };
            let is_known = match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
                ErrorKind::MissingRequiredArgument
                | ErrorKind::MissingSubcommand
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => !is_whole,
                _ => false,
            };
            if !is_known {
                wrong.push(format!("{}: {command}: {error}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= COMMANDS_MIN, "only {count} commands are found");
}

#[test]
fn every_file_of_the_repository_that_a_page_names_is_there() {
    let mut missing = Vec::new();
    for (file, page) in pages() {
        let ends = |character: char| character.is_whitespace() || "`()[]'\"|,;".contains(character);
        // After it comes the name of a test.
        let words = page.split(ends).map(|word| word.split("::").next().unwrap_or(word));
        let paths = words.map(|word| word.trim_end_matches(['.', ':']));
        let ours =
            paths.filter(|path| ["deploy/", "crates/", "testenv/"].iter().any(|it| path.starts_with(it)));
        // Not a pattern, nor a place for a name.
        let exact = ours.filter(|path| !path.contains(['<', '*', '{', '#']));
        let gone = exact.filter(|path| !root().join(path).exists());
        missing.extend(gone.map(|path| format!("{}: {path}", file.display())));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn commands_are_found_in_blocks_and_in_the_text() {
    let page = "See `appmanage list` and `docker ps`.\n```sh\nappmanage key add \"a b\" \\\n    --full # why\nls\n```\n\
                ```console\n$ appmanage stop x | cat\nappmanage prints\n```\n";
    let (whole, named) = commands(page);
    assert_eq!(named, ["appmanage list"]);
    assert_eq!(
        whole.iter().map(|it| words(it).join(",")).collect::<Vec<_>>(),
        ["appmanage,key,add,a b,--full", "appmanage,stop,x"]
    );
}
