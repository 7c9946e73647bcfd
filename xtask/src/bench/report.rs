//! The tables, and the page that they are published on.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

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

/// The whole page.
pub(super) fn page(machine: &str, sections: &[(&str, Vec<Row>)]) -> String {
    let tables: Vec<String> = sections.iter().map(table).collect();
    let (head, foot) = (include_str!("page_head.md"), include_str!("page_foot.md"));
    format!("{head}\n{machine}\n\n{}\n{foot}", tables.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
