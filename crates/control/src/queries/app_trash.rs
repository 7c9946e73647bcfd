//! AppTrash: what lies in the recycle bin, and until when.

use domain::{AppId, Lifecycle, Timestamp};

use crate::Control;

/// What AppTrash tells of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrashedApp {
    /// The name its owner knew it by, and will again.
    pub id: AppId,
    /// The package's name.
    pub package: String,
    /// The name of the catalog that it was of; empty where it was of none.
    pub catalog: String,
    /// The app's own name.
    pub trademark: String,
    /// The version that was installed.
    pub version: String,
    /// Since when it lies there.
    pub trashed_at: Timestamp,
    /// When it will be deleted for good.
    pub purged_at: Timestamp,
}

impl Control {
    /// What lies in the recycle bin, what was put there first at the front. One that is being restored still lies there.
    #[must_use]
    pub fn app_trash(&self) -> Vec<TrashedApp> {
        let mut trashed: Vec<TrashedApp> = self.recorder.read(|memory| {
            let in_bin = memory.oldest_first().filter(|record| record.app.lifecycle == Lifecycle::Trashed);
            let entry = |record: &crate::memory::AppRecord| {
                let (app, trashed_at) = (&record.app, record.app.trashed_at?);
                Some(TrashedApp {
                    id: app.id.clone(),
                    package: app.package.name.clone(),
                    catalog: app.package.catalog.clone(),
                    trademark: app.package.trademark.clone(),
                    version: app.package.version.clone(),
                    trashed_at,
                    purged_at: trashed_at.plus(self.settings.trash_retention),
                })
            };
            in_bin.filter_map(entry).collect()
        });
        trashed.sort_by_key(|app| app.trashed_at);
        trashed
    }
}
