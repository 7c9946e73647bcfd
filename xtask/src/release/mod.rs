//! What is released: the Debian package, the list of its parts (SBOM), their licences, checksums; and the checks of what
//! is in `deploy/`.
//!
//! Everything is made from the program that was built, from `deploy/` and `docs/`; two runs over one build give the same
//! bytes.

mod deploy;
mod notices;
mod package;
mod pages;
mod parts;
mod program;
mod sbom;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command::output;
use crate::paths;

pub(crate) use deploy::check;

/// How the package is made.
pub(crate) struct Options {
    /// From the development build, hardly compressed: for tests.
    pub(crate) quick: bool,
    /// The number after the version, for packages that are made again from the same version.
    pub(crate) revision: u32,
    /// Where it is put; `target/release-artefacts` if not said.
    pub(crate) to: Option<PathBuf>,
}

/// Makes the package and prints where it is.
pub(crate) fn deb(repository: &Path, options: &Options) -> Result<()> {
    let release = Release::prepare(repository, options)?;
    println!("{}", package::build(&release)?.display());
    Ok(())
}

/// Makes everything and prints where it is.
pub(crate) fn release(repository: &Path) -> Result<()> {
    let options = Options { quick: false, revision: 1, to: None };
    let release = Release::prepare(repository, &options)?;
    paths::remove_folder(&release.to)?;
    paths::create_folder(&release.to)?;
    let mut made = vec![package::build(&release)?];
    for (name, content) in
        [(sbom::FILE, &release.sbom), ("third-party-licences.txt", &release.third_party_licences)]
    {
        let file = release.to.join(format!("appmanage-{}.{name}", release.version));
        paths::write(&file, content)?;
        made.push(file);
    }
    let mut sums = String::new();
    for file in &made {
        let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let name = file.file_name().expect("an artefact has a name").to_string_lossy();
        sums.push_str(&format!("{}  {name}\n", paths::sha256(bytes)));
    }
    made.push(release.to.join("SHA256SUMS"));
    paths::write(&release.to.join("SHA256SUMS"), sums)?;
    for file in made {
        println!("{}", file.display());
    }
    Ok(())
}

/// What all artefacts are made from.
struct Release<'a> {
    repository: &'a Path,
    options: &'a Options,
    to: PathBuf,
    /// Of the workspace, such as `0.1.0`.
    version: String,
    /// Seconds since 1970 that stand for "now" in everything that is made.
    epoch: u64,
    /// The program.
    binary: PathBuf,
    sbom: String,
    third_party_licences: String,
}

impl<'a> Release<'a> {
    fn prepare(repository: &'a Path, options: &'a Options) -> Result<Self> {
        let to = options.to.clone().unwrap_or_else(|| paths::target(repository).join("release-artefacts"));
        paths::create_folder(&to)?;
        let epoch = epoch(repository)?;
        let parts = parts::Parts::of(repository)?;
        Ok(Self {
            binary: program::build(repository, options.quick)?,
            sbom: sbom::write(&parts, epoch)?,
            third_party_licences: notices::write(&parts)?,
            version: parts.version,
            repository,
            options,
            to,
            epoch,
        })
    }
}

/// `SOURCE_DATE_EPOCH`, else the time of the last commit.
fn epoch(repository: &Path) -> Result<u64> {
    let text = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(given) => given,
        Err(_) => output(Command::new("git").arg("-C").arg(repository).args(["log", "-1", "--format=%ct"]))
            .context(
            "outside of git, set SOURCE_DATE_EPOCH to the seconds since 1970 of the last change",
        )?,
    };
    text.trim().parse().with_context(|| format!("`{}` is no number of seconds", text.trim()))
}
