//! `appmanage catalog check`: each package of a catalog in a folder is translated, written as an install would write
//! it, read by `docker compose config`, and judged by the policy. No engine and no server is asked.
//!
//! What a format means is `catalog`'s business, what people are told of it `cli`'s.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalog::Broken;
use catalog::formats::{Format, Names, Translated, Translation, Tree, Untranslatable, broken_down};
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
        let too_many = |error| CannotCheck::Folder(io::Error::new(io::ErrorKind::QuotaExceeded, error));
        let apps = format.apps(&tree).map_err(too_many)?;
        let variables = client::variables();
        let temporary = variables.get("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        let no_compose = |error: docker::ComposeError| CannotCheck::NoCompose(error.to_string());
        let compose = Compose::find(Environment::of(variables)).map_err(no_compose)?;
        compose.check().await.map_err(no_compose)?;
        let scratch = Scratch::below(&temporary).map_err(CannotCheck::Disk)?;
        let projects = Arc::new(ComposeProjects::of(compose, &scratch.0, InstanceId::from_text("check")));
        Ok(report(format, look_through(&tree, format, apps, &projects, &*told).await))
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
    apps: Vec<String>,
    projects: &Arc<ComposeProjects>,
    told: &dyn Fn(usize, usize),
) -> Vec<CheckedPackageInfo> {
    let of = apps.len();
    let (mut open, mut checked, mut done) = (JoinSet::new(), BTreeMap::new(), 0);
    let mut apps = apps.into_iter().enumerate();
    loop {
        while open.len() < AT_ONCE
            && let Some((place, app)) = apps.next()
        {
            let (tree, projects) = (tree.clone(), Arc::clone(projects));
            open.spawn(async move { (place, look_at(tree, format, app, projects).await) });
        }
        told(done, of);
        let Some(ended) = open.join_next().await else { return checked.into_values().flatten().collect() };
        let (place, packages) = ended.expect("looking at an app does not panic and is not cancelled");
        checked.insert(place, packages);
        done += 1;
    }
}

async fn look_at(
    tree: Tree,
    format: Format,
    app: String,
    projects: Arc<ComposeProjects>,
) -> Vec<CheckedPackageInfo> {
    let mut checked = Vec::new();
    for (name, read) in read(tree, format, app.clone()).await {
        let mut info = CheckedPackageInfo {
            name,
            app: app.clone(),
            outcome: String::new(),
            reasons: Vec::new(),
            remarks: Vec::new(),
            versions: Vec::new(),
        };
        let (outcome, reasons) = match read {
            Ok((remarks, Ok(package))) => {
                info.remarks = remarks;
                judge(package, &mut info, &projects).await
            }
            Ok((_, Err(broken))) => ("unreadable", vec![format!("it makes no package: {}", broken.reason)]),
            Err(error @ Untranslatable::Hidden(_)) => ("hidden", vec![error.to_string()]),
            Err(error) => ("unreadable", vec![error.to_string()]),
        };
        outcome.clone_into(&mut info.outcome);
        info.reasons = reasons;
        checked.push(info);
    }
    checked
}

/// A package with what was remarked about it, or why there is none.
type Read = Result<(Vec<String>, Result<Package, Broken>), Untranslatable>;

/// The packages of an app, by name. What breaks down over one harms no other, as in a sync.
async fn read(tree: Tree, format: Format, app: String) -> Vec<(String, Read)> {
    let package = |translation: Translation| (translation.remarks.clone(), translation.package());
    let named = move |translated: Translated| -> Vec<(String, Read)> {
        translated.into_iter().map(|(name, translated)| (name, translated.map(package))).collect()
    };
    let name = app.clone();
    let read = spawn_blocking(move || named(format.translate_apart(&tree, &name))).await;
    read.unwrap_or_else(|_| named(broken_down(&app)))
}

/// The outcome for a package, and why.
async fn judge(
    package: Package,
    info: &mut CheckedPackageInfo,
    projects: &ComposeProjects,
) -> (&'static str, Vec<String>) {
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

/// The packages, in the order of their apps, by name. A name that is another's already can be nobody's, as in a sync.
fn report(format: Format, mut packages: Vec<CheckedPackageInfo>) -> CatalogCheckInfo {
    let mut names = Names::default();
    let mut totals = CheckTotalsInfo { packages: packages.len(), ..CheckTotalsInfo::default() };
    for package in &mut packages {
        let is_package = !["hidden", "unreadable"].contains(&package.outcome.as_str());
        if is_package && let Err(why) = names.give(&package.name, &package.app) {
            "unreadable".clone_into(&mut package.outcome);
            package.reasons = vec![why];
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
    packages.sort_by(|one, other| (&one.name, &one.app).cmp(&(&other.name, &other.app)));
    CatalogCheckInfo { format: format.as_str().to_owned(), totals, packages }
}
