//! AppDetail: one app, and what exactly was installed.

use domain::{AppImage, PackageRef};

use super::app_list::AppDetail;
use super::{parse_app_id, visible_app};
use crate::{Control, Error};

/// What AppDetail tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledApp {
    /// The same as AppList tells.
    pub detail: AppDetail,
    /// The package that was installed.
    pub package: PackageRef,
    /// What its containers were made of.
    pub images: Vec<AppImage>,
}

impl Control {
    /// All that is known of one app.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `EngineAway`.
    pub fn app_detail(&self, id: &str) -> Result<InstalledApp, Error> {
        let id = parse_app_id(id)?;
        let now = self.clock.now();
        self.recorder.read(|memory| {
            let record = visible_app(memory, &id)?;
            memory.engine_link.check(self.settings.engine_grace)?;
            Ok(InstalledApp {
                detail: AppDetail::of(record, &self.settings.public_host, now),
                package: record.app.package.clone(),
                images: record.app.images.clone(),
            })
        })
    }
}
