//! The tables, and the page that they are published on.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::docker::Docker;
use super::figures::Row;
use crate::command::output;
use crate::paths;

/// One part as a table in Markdown.
pub(super) fn table((title, rows): &(&str, Vec<Row>)) -> String {
    let mut text = format!("### {title}\n\n| what | measured | goal | |\n|---|---|---|---|\n");
    for Row { what, figure, goal } in rows {
        let (goal, met) = match goal {
            None => ("", ""),
            Some((goal, true)) => (goal.as_str(), "met"),
            Some((goal, false)) => (goal.as_str(), "**missed**"),
        };
        text.push_str(&format!("| {what} | {figure} | {goal} | {met} |\n"));
    }
    text
}

/// What it was measured on, in one paragraph.
pub(super) fn machine(docker: &Docker) -> Result<String> {
    let field = |file: &str, name: &str| -> Result<String> {
        let text = paths::read(Path::new(file))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("unknown");
        Ok(line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
    };
    let cores = std::thread::available_parallelism()?;
    let memory: f64 =
        field("/proc/meminfo", "MemTotal:")?.trim_end_matches(" kB").parse().unwrap_or(f64::NAN);
    let kernel = output(Command::new("uname").arg("--kernel-release"))?;
    let date = output(Command::new("date").arg("+%Y-%m-%d"))?;
    let engine =
        output(docker.client().args(["info", "--format", "{{.ServerVersion}}, storage driver {{.Driver}}"]))?;
    let compose = output(docker.client().args(["compose", "version", "--short"]))?;
    Ok(format!(
        "Measured on {}: {}, {cores} cores, {:.0} GB of memory, Linux {}, Docker {}, docker compose {}.",
        date.trim(),
        field("/proc/cpuinfo", "model name")?,
        memory / 1e6,
        kernel.trim(),
        engine.trim(),
        compose.trim()
    ))
}

/// The whole page: what was measured, and of all other titles what the page had `before`.
pub(super) fn page(
    titles: &[&str],
    machine: &str,
    measured: &[(&str, Vec<Row>)],
    before: &str,
) -> Result<String> {
    let mut page = include_str!("page_head.md").to_owned();
    for title in titles {
        let section = match measured.iter().find(|(measured, _)| measured == title) {
            Some(section) => format!("{}\n{machine}\n", table(section)),
            None => section_of(before, title).with_context(|| format!("{title} was never measured"))?,
        };
        page.push_str(&format!("\n{section}"));
    }
    Ok(page + "\n" + include_str!("page_foot.md"))
}

/// A section of a page, from its title to the next.
fn section_of(page: &str, title: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("\n### {title}\n"))?;
    let end = rest.find("\n## ").into_iter().chain(rest.find("\n### ")).min()?;
    Some(format!("### {title}\n{}\n", rest[..end].trim_end()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_was_not_measured_stays_as_the_page_had_it() {
        let measured =
            |figure: &str| vec![("A", vec![Row::new("a", figure)]), ("B", vec![Row::new("b", "1")])];
        let first = page(&["A", "B"], "On one machine.", &measured("1"), "").unwrap();
        assert_eq!(page(&["A", "B"], "On one machine.", &measured("1")[..1], &first).unwrap(), first);
        let second = page(&["A", "B"], "On another.", &measured("2")[..1], &first).unwrap();
        for (part, count) in [("| a | 2 |", 1), ("| b | 1 |", 1), ("On one machine.", 1), ("On another.", 1)]
        {
            assert_eq!(second.matches(part).count(), count, "{part}: {second}");
        }
        assert!(page(&["A", "B"], "", &measured("1")[..1], "").is_err(), "there is nothing to keep");
    }

    #[test]
    fn a_table_says_which_goals_are_met() {
        let rows = vec![
            Row::new("a", "1 ms").goal("< 2 ms", true),
            Row::new("b", "3 ms").goal("< 2 ms", false),
            Row::new("c", "5"),
        ];
        let text = table(&("T", rows));
        assert!(
            text.ends_with(
                "| a | 1 ms | < 2 ms | met |\n| b | 3 ms | < 2 ms | **missed** |\n| c | 5 |  |  |\n"
            )
        );
    }
}
