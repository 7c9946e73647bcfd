//! `cargo xtask bench`: what docs/benchmarks.md says, measured in one run.
//!
//! Everything is measured from outside, on the release binary. `reads`, `followers`, `idle` and `catalog` run it before an engine that
//! exists only on a socket (crates/appmanage/examples/fake_machine.rs): nobody has a thousand apps at hand.
//! `installs`, `verbs` and `death` run it on a real, private engine. `report` makes the page. A figure is the median of
//! several rounds; what is compared is measured in turns, so that a noisy minute hits both.

mod catalog;
mod death;
mod docker;
mod figures;
mod followers;
mod idle;
mod installs;
mod load;
mod reads;
mod report;
mod verbs;

use std::path::Path;

use anyhow::{Result, bail};

use crate::trial::{Profile, Programs};
use crate::{engine, paths};
use figures::Row;

/// The private engine.
const ENGINE: &str = "bench";

/// How thorough a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// One short round of each: whether the bench works, not how fast the product is.
    pub(crate) quick: bool,
    /// Put the figures into docs/benchmarks.md.
    pub(crate) write: bool,
    /// The one part to measure, by its title or the beginning of it; all without it.
    pub(crate) part: Option<String>,
}

/// What every part needs.
struct Bench {
    programs: Programs,
    quick: bool,
}

impl Bench {
    /// Rounds of each measurement, of which the median counts.
    fn rounds(&self) -> usize {
        if self.quick { 1 } else { 5 }
    }

    /// A number of repetitions within a round.
    fn repetitions(&self, thorough: usize) -> usize {
        if self.quick { thorough.div_ceil(20) } else { thorough }
    }
}

/// Measures, prints, and writes if that is wanted.
pub(crate) fn bench(repository: &Path, options: &Options) -> Result<()> {
    if options.quick && options.write {
        bail!("a quick run is too short for docs/benchmarks.md: leave out one of --quick and --write");
    }
    let title = options.part.as_deref().unwrap_or_default();
    let parts: Vec<_> = PARTS.into_iter().filter(|(known, _)| known.starts_with(title)).collect();
    if parts.is_empty() {
        bail!("name one of the parts for --part: {}", PARTS.map(|(known, _)| known).join(", "));
    }
    let programs = Programs::build(repository, Profile::Release, &repository.join("target/bench"))?;
    let bench = Bench { programs, quick: options.quick };
    // What an interrupted run has left would be counted in.
    engine::stop(repository, ENGINE).ok();
    let only = Some(["hello", "wordpress", "mariadb"].map(str::to_owned).to_vec());
    engine::start(repository, &engine::Options { name: ENGINE.to_owned(), only, extra: Vec::new() })?;
    let measured = on_engine(repository, &bench, &parts);
    engine::stop(repository, ENGINE)?;
    let (machine, sections) = measured?;
    println!("{machine}");
    if options.write {
        let path = repository.join("docs/benchmarks.md");
        let titles = PARTS.map(|(title, _)| title);
        paths::write(&path, report::page(&titles, &machine, &sections, &paths::read(&path)?)?)?;
        println!("docs/benchmarks.md is written");
    }
    paths::remove_folder(&bench.programs.folder)
}

/// The machine in one paragraph, and each part with its rows.
type Measured = (String, Vec<(&'static str, Vec<Row>)>);

type Part = fn(&Bench, &docker::Docker) -> Result<Vec<Row>>;

const PARTS: [(&str, Part); 7] = [
    ("Reads", reads::measure),
    ("Followers", followers::measure),
    ("At rest", idle::measure),
    ("A catalog of 2,000 packages", catalog::measure),
    ("Installs", installs::measure),
    ("Verbs", verbs::measure),
    ("A container's death", death::measure),
];

fn on_engine(repository: &Path, bench: &Bench, parts: &[(&'static str, Part)]) -> Result<Measured> {
    let docker = docker::Docker::of(engine::environment(repository, ENGINE)?)?;
    let mut sections = Vec::new();
    for (title, measure) in parts {
        let section = (*title, measure(bench, &docker)?);
        // Shown at once: a later part may fail.
        println!("\n{}", report::table(&section));
        sections.push(section);
    }
    Ok((report::machine(&docker)?, sections))
}
