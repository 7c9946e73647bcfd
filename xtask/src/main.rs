//! `cargo xtask`: the project's build scripts. Each command is a module; this file only reads the words.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod advisories;
mod api;
mod bench;
mod cargo;
mod command;
mod daemon;
mod endurance;
mod engine;
mod fuzz;
mod http;
mod openapi;
mod packages;
mod paths;
mod progress;
mod python;
mod release;
mod schemathesis;
mod test;
mod tidy;
mod trial;
mod up;

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "\
cargo xtask COMMAND

  up                            from a bare machine to WordPress in the browser, through our own API
  down                          take away what `up` made, and only that
  engine start [--name NAME] [--only IMAGE,...] [-- DOCKERD-ARGUMENT...]
                                start a private Docker engine with a registry and images
  engine stop [--name NAME]     stop it and take away all that it left
  engine kill [--name NAME]     kill -9 its dockerd; `engine start` brings it back
  engine env [--name NAME]      print what a client needs: eval \"$(cargo xtask engine env)\"
  engine status                 show the engines of this clone
  bench [--quick] [--write] [--part TITLE]
                                measure what docs/benchmarks.md says, or one part of it; --write puts the figures there
  deb [--quick] [--revision N] [--to DIR]
                                make the Debian package; --quick takes the development build and hardly compresses it
  release                       make what is released: package, list of parts, checksums
  machine DIR [PACKAGE...]      unpack a clean Debian, with these packages of its own, into a new folder, to try our package in
  deploy                        check units, their sandbox and the package's scripts
  test [--fast]                 everything that CI runs; --fast leaves out what needs an engine
  fuzz --seconds N              run each fuzz target for N seconds, differently each time
  schemathesis [--examples N]   call every interface N times (2000) with what Schemathesis makes up from /openapi.json
  soak [--minutes N]            everything at random for N minutes (60), the server killed each minute: nothing is lost or left
  load [--seconds N]            1,000 AppStatus a second for N seconds (60) during 20 installs, then as many as go
  packages verify               ask the registries for every image that a package names
  advisories                    look for security advisories against the crates that are used
  tidy                          check layers, sizes, names and licences

NAME is dev unless given.
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Result<ExitCode> {
    let repository = paths::repository()?;
    match words {
        ["engine", verb, rest @ ..] => {
            let options = engine_options(rest)?;
            match *verb {
                "start" => engine::start(&repository, &options)?,
                "stop" => engine::stop(&repository, &options.name)?,
                "kill" => engine::kill(&repository, &options.name)?,
                "status" => engine::status(&repository)?,
                "env" => {
                    for (name, value) in engine::environment(&repository, &options.name)? {
                        println!("export {name}={}", quoted(&value));
                    }
                }
                _ => bail!("there is no `engine {verb}`\n\n{USAGE}"),
            }
        }
        ["up"] => up::up(&repository)?,
        ["down"] => up::down(&repository)?,
        ["bench", rest @ ..] => bench::bench(&repository, &bench_options(rest)?)?,
        ["deb", rest @ ..] => release::deb(&repository, &deb_options(rest)?)?,
        ["release"] => release::release(&repository)?,
        ["machine", folder, packages @ ..] => {
            engine::unpack_machine(&std::path::absolute(folder)?, packages)?;
        }
        ["deploy"] => release::check(&repository)?,
        ["test"] => return test::run(&repository, test::Scope::All),
        ["test", "--fast"] => return test::run(&repository, test::Scope::Fast),
        ["fuzz", "--seconds", seconds] => fuzz::run(&repository, seconds)?,
        ["schemathesis"] => schemathesis::run(&repository, schemathesis::EXAMPLES)?,
        ["schemathesis", "--examples", count] => {
            let examples =
                count.parse().with_context(|| format!("the number of examples `{count}` is no number"))?;
            schemathesis::run(&repository, examples)?;
        }
        [name @ ("soak" | "load"), options @ ..] => endurance::run(&repository, name, options)?,
        ["packages", "verify"] => return packages::verify(&repository),
        ["advisories"] => return advisories::check(&repository),
        ["tidy"] => {
            let findings = tidy::check(&repository)?;
            for finding in &findings {
                println!("{finding}");
            }
            if !findings.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
        [] | ["help" | "--help" | "-h"] => print!("{USAGE}"),
        [word, ..] => bail!("there is no `{word}`\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn engine_options(words: &[&str]) -> Result<engine::Options> {
    let mut options = engine::Options { name: "dev".to_owned(), only: None, extra: Vec::new() };
    let mut rest = words;
    loop {
        match rest {
            [] => return Ok(options),
            ["--", extra @ ..] => {
                options.extra = extra.iter().map(|word| (*word).to_owned()).collect();
                return Ok(options);
            }
            ["--name", name, after @ ..] => {
                options.name = (*name).to_owned();
                rest = after;
            }
            ["--only", names, after @ ..] => {
                options.only = Some(names.split(',').map(str::to_owned).collect());
                rest = after;
            }
            [word, ..] => bail!("`{word}` is not understood here\n\n{USAGE}"),
        }
    }
}

fn bench_options(words: &[&str]) -> Result<bench::Options> {
    let mut options = bench::Options { quick: false, write: false, part: None };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--quick" => options.quick = true,
            "--write" => options.write = true,
            "--part" => options.part = Some(words.next().context("--part takes a title")?.to_string()),
            _ => bail!("`{word}` is not understood here\n\n{USAGE}"),
        }
    }
    Ok(options)
}

fn deb_options(words: &[&str]) -> Result<release::Options> {
    let mut options = release::Options { quick: false, revision: 1, to: None };
    let mut rest = words;
    loop {
        match rest {
            [] => return Ok(options),
            ["--quick", after @ ..] => {
                options.quick = true;
                rest = after;
            }
            ["--revision", number, after @ ..] => {
                options.revision =
                    number.parse().with_context(|| format!("the revision `{number}` is no number"))?;
                rest = after;
            }
            ["--to", folder, after @ ..] => {
                options.to = Some(std::path::absolute(folder)?);
                rest = after;
            }
            [word, ..] => bail!("`{word}` is not understood here\n\n{USAGE}"),
        }
    }
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn engine_options_are_read() {
        let options = engine_options(&["--name", "test", "--only", "redis,hello", "--", "--debug"]).unwrap();
        assert_eq!(options.name, "test");
        assert_eq!(options.only, Some(vec!["redis".to_owned(), "hello".to_owned()]));
        assert_eq!(options.extra, ["--debug"]);
        assert_eq!(engine_options(&[]).unwrap().name, "dev");
    }

    #[test]
    fn options_of_the_package_are_read() {
        let options = deb_options(&["--revision", "2", "--quick"]).unwrap();
        assert!(options.quick && options.revision == 2 && options.to.is_none());
        assert!(deb_options(&["--revision", "two"]).is_err());
    }

    #[test]
    fn words_that_are_not_understood_are_refused() {
        assert!(engine_options(&["--nam", "x"]).is_err());
        assert!(engine_options(&["--name"]).is_err());
        assert!(dispatch(&["engin"]).is_err());
    }

    #[test]
    fn a_shell_gets_the_word_back() {
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
