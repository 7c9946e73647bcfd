//! The packages of apps that are being installed: what was asked for is what is installed, even if a sync changes the
//! catalog meanwhile. Of an app that is installed, its own folder has them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{App, InstallId, Lifecycle, Package};

use crate::Control;
use crate::recorder::off_the_runtime;

/// By installation. No more than there are open installs.
#[derive(Debug, Default)]
pub(crate) struct Packages(Mutex<HashMap<InstallId, Arc<Package>>>);

impl Packages {
    fn all(&self) -> MutexGuard<'_, HashMap<InstallId, Arc<Package>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, install: &InstallId, package: &Arc<Package>) {
        self.all().insert(install.clone(), Arc::clone(package));
    }

    pub(crate) fn get(&self, install: &InstallId) -> Option<Arc<Package>> {
        self.all().get(install).cloned()
    }

    pub(crate) fn drop(&self, install: &InstallId) {
        self.all().remove(install);
    }

    /// Lets go of what is not being installed any more.
    pub(crate) fn retain(&self, is_open: impl Fn(&InstallId) -> bool) {
        self.all().retain(|install, _| is_open(install));
    }
}

impl Control {
    /// The package of that name, off the runtime: it may lie on the disk.
    pub(crate) async fn find_package(&self, name: &str) -> Option<Arc<Package>> {
        let (catalog, name) = (Arc::clone(&self.catalog), name.to_owned());
        off_the_runtime(move || catalog.find(&name)).await
    }

    /// The package of an app that is being installed, as it was when that was accepted: after a restart, if the catalog
    /// still has it.
    pub(crate) async fn package_to_install(&self, app: &App) -> Option<Arc<Package>> {
        if let Some(package) = self.installing.get(&app.install) {
            return Some(package);
        }
        let package = self.find_package(&name_of(app)).await.filter(|package| is_accepted(app, package))?;
        self.installing.keep(&app.install, &package);
        Some(package)
    }

    /// Keeps the packages of the installs that an earlier life left open.
    pub(crate) fn recall_installing(&self) {
        let is_installing = |app: &&App| app.lifecycle == Lifecycle::Installing;
        let apps: Vec<App> = self.recorder.read(|memory| {
            memory.oldest_first().map(|record| &record.app).filter(is_installing).cloned().collect()
        });
        for app in apps {
            if let Some(package) =
                self.catalog.find(&name_of(&app)).filter(|package| is_accepted(&app, package))
            {
                self.installing.keep(&app.install, &package);
            }
        }
    }
}

/// Whether that is what was accepted. Of what an earlier version of this server accepted, only the version is known.
fn is_accepted(app: &App, package: &Package) -> bool {
    match &app.package.fingerprint {
        Some(accepted) => package.fingerprint.as_ref() == Some(accepted),
        None => package.version(&app.package.version).is_some(),
    }
}

fn name_of(app: &App) -> String {
    app.package.full_name().to_string()
}
