//! AppList: all apps, or those of one package, oldest install first.

use domain::{RunningInfo, Timestamp};

use super::AppSummary;
use crate::memory::AppRecord;
use crate::{Control, Error};

/// What AppList tells of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppDetail {
    /// The same as AppStatus tells.
    pub summary: AppSummary,
    /// Where it runs and how to log in, while it runs.
    pub running: Option<RunningInfo>,
}

impl AppDetail {
    pub(super) fn of(record: &AppRecord, public_host: &str, now: Timestamp) -> Self {
        let summary = AppSummary::of(&record.app, record.operation.as_ref(), now);
        let running = record.app.running_info(summary.status, public_host);
        Self { summary, running }
    }
}

impl Control {
    /// Every app, oldest install first; only those whose package is `app_name` (without regard to ASCII
    /// case) where one is given.
    ///
    /// # Errors
    /// `EngineAway`.
    pub fn app_list(&self, app_name: Option<&str>) -> Result<Vec<AppDetail>, Error> {
        let now = self.clock.now();
        self.recorder.read(|memory| {
            memory.engine_link.check(self.settings.engine_grace)?;
            let wanted = |name: &str| app_name.is_none_or(|wanted| name.eq_ignore_ascii_case(wanted));
            let visible = memory.oldest_first().filter(|record| record.is_visible());
            let records = visible.filter(|record| wanted(&record.app.package.name));
            Ok(records.map(|record| AppDetail::of(record, &self.settings.public_host, now)).collect())
        })
    }
}
