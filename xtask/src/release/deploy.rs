//! Checks of what is in `deploy/`: that systemd understands the units and how far they shut their service in, and that the
//! scripts of the package are sound.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::{find, output, run};
use crate::engine::install_packages;
use crate::paths;

/// The scripts that dpkg runs.
pub(super) const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// How exposed a service may be at most, in tenths of systemd's figure from 0 (shut in) to 10. The reasons for what is
/// open are in the units.
const EXPOSURE_MAX: [(&str, u32); 2] = [("appmanage.service", 15), ("appmanage-gateway.service", 60)];

/// Checks it all and prints systemd's figures.
pub(crate) fn check(repository: &Path) -> Result<()> {
    for (program, package) in [("systemd-analyze", "systemd"), ("shellcheck", "shellcheck")] {
        if find(program).is_none() {
            install_packages(&[package])?;
        }
    }
    let deploy = repository.join("deploy");
    for (unit, max) in EXPOSURE_MAX {
        let tenths = exposure(&deploy.join("systemd").join(unit))?;
        println!("{unit}: exposed {}.{} of 10", tenths / 10, tenths % 10);
        if tenths > max {
            bail!(
                "{unit} may be exposed {}.{} at most: `systemd-analyze security --offline=true deploy/systemd/{unit}` shows by what",
                max / 10,
                max % 10
            );
        }
    }
    units_are_understood(&deploy.join("systemd"))?;
    run(Command::new("shellcheck").args(SCRIPTS.map(|script| deploy.join("debian").join(script))))
}

/// systemd's figure in tenths.
fn exposure(unit: &Path) -> Result<u32> {
    let printed =
        output(Command::new("systemd-analyze").args(["security", "--no-pager", "--offline=true"]).arg(unit))?;
    let figure = printed.lines().find_map(|line| line.split("Overall exposure level for ").nth(1));
    let figure = figure.and_then(|line| line.split(' ').nth(1)).context("systemd gave no figure")?;
    figure.replace('.', "").parse().with_context(|| format!("systemd's figure `{figure}` is no number"))
}

/// `systemd-analyze verify` in copies whose program is there: it looks for it.
fn units_are_understood(units: &Path) -> Result<()> {
    let copies = std::env::temp_dir().join(format!("appmanage-units-{}", std::process::id()));
    paths::create_folder(&copies)?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(units).with_context(|| format!("{} cannot be listed", units.display()))? {
        let unit = entry?.path();
        let copy = copies.join(unit.file_name().expect("a listed file has a name"));
        let text = paths::read(&unit)?.replace("/usr/bin/appmanage", "/bin/true");
        // The manual page is not installed where this runs.
        let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("Documentation=")).collect();
        paths::write(&copy, text.join("\n"))?;
        files.push(copy);
    }
    let understood =
        run(Command::new("systemd-analyze").args(["verify", "--recursive-errors=no"]).args(files));
    paths::remove_folder(&copies)?;
    understood
}
