//! `appmanage catalog check`: each package of a catalog in a folder is translated, written as an install would write
//! it, read by `docker compose config`, and judged by the policy. No engine and no server is asked.
//!
//! What a format means is `catalog`'s business, what people are told of it `cli`'s.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalog::formats::{Format, Translation, Tree, Untranslatable};
use cli::{CannotCheck, Checking};
use control::example_project;
use docker::{Compose, ComposeProjects, Environment};
use domain::policy::risks;
use domain::{InstanceId, Package};
use tokio::task::{JoinSet, spawn_blocking};
use wire::{CatalogCheckInfo, CheckTotalsInfo, CheckedPackageInfo};

use crate::client;

/// Apps that are looked at at once: `docker compose` takes a processor for itself.
const AT_ONCE: usize = 2;

/// Folders for temporary files that are tried before it is given up.
const SCRATCH_TRIES: u32 = 100;

/// A subnet for networks that are never made.
const SUBNET: &str = "10.99.0.0/28";

/// See [`cli::CheckCatalog`].
pub(crate) fn check(path: PathBuf, format: Option<String>, told: Box<dyn Fn(usize, usize)>) -> Checking {
    Box::pin(async move {
        fs::read_dir(&path).map_err(CannotCheck::Folder)?;
        let tree = Tree::new(path);
        let format = format_of(&tree, format.as_deref())?;
        let variables = client::variables();
        let temporary = variables.get("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        let no_compose = |error: docker::ComposeError| CannotCheck::NoCompose(error.to_string());
        let compose = Compose::find(Environment::of(variables)).map_err(no_compose)?;
        compose.check().await.map_err(no_compose)?;
        let scratch = Scratch::below(&temporary).map_err(CannotCheck::Disk)?;
        let projects = Arc::new(ComposeProjects::of(compose, &scratch.0, InstanceId::from_text("check")));
        Ok(report(format, look_through(&tree, format, &projects, &*told).await))
    })
}

fn format_of(tree: &Tree, named: Option<&str>) -> Result<Format, CannotCheck> {
    match named {
        Some(name) => Format::named(name)
            .ok_or_else(|| CannotCheck::NoSuchFormat { known: Format::ALL.map(Format::as_str).into() }),
        None => Format::detect(tree).ok_or(CannotCheck::UnknownFormat),
    }
}

/// A folder that is gone when this is, and that nobody else may look into.
struct Scratch(PathBuf);

impl Scratch {
    fn below(folder: &Path) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for number in 0..SCRATCH_TRIES {
            let path = folder.join(format!("appmanage-check-{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is in a folder for temporary files.
        drop(fs::remove_dir_all(&self.0));
    }
}

async fn look_through(
    tree: &Tree,
    format: Format,
    projects: &Arc<ComposeProjects>,
    told: &dyn Fn(usize, usize),
) -> Vec<CheckedPackageInfo> {
    let apps = format.apps(tree);
    let of = apps.len();
    let (mut open, mut checked, mut done) = (JoinSet::new(), Vec::new(), 0);
    let mut apps = apps.into_iter();
    loop {
        while open.len() < AT_ONCE
            && let Some(app) = apps.next()
        {
            open.spawn(look_at(tree.clone(), format, app, Arc::clone(projects)));
        }
        told(done, of);
        let Some(ended) = open.join_next().await else { return checked };
        checked.extend(ended.expect("looking at an app does not panic and is not cancelled"));
        done += 1;
    }
}

async fn look_at(
    tree: Tree,
    format: Format,
    app: String,
    projects: Arc<ComposeProjects>,
) -> Vec<CheckedPackageInfo> {
    let name = app.clone();
    let translated = spawn_blocking(move || format.translate(&tree, &name)).await;
    let mut checked = Vec::new();
    for (name, translated) in translated.expect("a reader does not panic and is not cancelled") {
        let mut info = CheckedPackageInfo {
            name,
            app: app.clone(),
            outcome: String::new(),
            reasons: Vec::new(),
            remarks: Vec::new(),
            versions: Vec::new(),
        };
        let (outcome, reasons) = match translated {
            Ok(translation) => judge(translation, &mut info, &projects).await,
            Err(error @ Untranslatable::Hidden(_)) => ("hidden", vec![error.to_string()]),
            Err(error) => ("unreadable", vec![error.to_string()]),
        };
        outcome.clone_into(&mut info.outcome);
        info.reasons = reasons;
        checked.push(info);
    }
    checked
}

/// The outcome for a package, and why.
async fn judge(
    translation: Translation,
    info: &mut CheckedPackageInfo,
    projects: &ComposeProjects,
) -> (&'static str, Vec<String>) {
    let package: Package = match translation.package() {
        Ok(package) => package,
        Err(broken) => return ("unreadable", vec![format!("it makes no package: {}", broken.reason)]),
    };
    info.remarks = translation.remarks;
    info.versions = package.versions.iter().map(|version| version.name.clone()).collect();
    let package = Arc::new(package);
    let subnet = SUBNET.parse().expect("the subnet is our own");
    let (rendered, unset) = match projects.render_aside_and_tell(&example_project(&package, subnet)).await {
        Ok(rendered) => rendered,
        Err(error) => return ("not_clean", vec![error.to_string()]),
    };
    if !unset.is_empty() {
        return ("not_clean", unset.iter().map(|name| format!("the variable {name} is not set")).collect());
    }
    let risks = risks(&rendered);
    if !risks.is_empty() {
        let told = risks.iter().map(|risk| match risk.service.as_str() {
            "" => format!("{} ({})", risk.rule.as_str(), risk.subject),
            service => format!("{} ({service}: {})", risk.rule.as_str(), risk.subject),
        });
        return ("refused", told.collect());
    }
    let required = package.variables.iter().filter(|variable| variable.kind.is_required());
    let required: Vec<String> = required.map(|variable| variable.name.clone()).collect();
    (if required.is_empty() { "installable" } else { "needs_input" }, required)
}

/// The packages by name; a name that is another's already can be nobody's.
fn report(format: Format, mut packages: Vec<CheckedPackageInfo>) -> CatalogCheckInfo {
    packages.sort_by(|one, other| (&one.name, &one.app).cmp(&(&other.name, &other.app)));
    let mut taken = BTreeSet::new();
    let mut totals = CheckTotalsInfo { packages: packages.len(), ..CheckTotalsInfo::default() };
    for package in &mut packages {
        if !taken.insert(package.name.clone()) && package.outcome != "hidden" {
            "unreadable".clone_into(&mut package.outcome);
            package.reasons = vec!["another app's package has that name".to_owned()];
        }
        let count = match package.outcome.as_str() {
            "installable" => &mut totals.installable,
            "needs_input" => &mut totals.needs_input,
            "refused" => &mut totals.refused,
            "not_clean" => &mut totals.not_clean,
            "hidden" => &mut totals.hidden,
            _ => &mut totals.unreadable,
        };
        *count += 1;
    }
    CatalogCheckInfo { format: format.as_str().to_owned(), totals, packages }
}
