//! AppStatus: what one app is doing.

use super::{AppSummary, parse_app_id, visible_app};
use crate::{Control, Error};

impl Control {
    /// The status of one app.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `EngineAway`.
    pub fn app_status(&self, id: &str) -> Result<AppSummary, Error> {
        let id = parse_app_id(id)?;
        let now = self.clock.now();
        self.recorder.read(|memory| {
            let record = visible_app(memory, &id)?;
            memory.engine_link.check(self.settings.engine_grace)?;
            Ok(AppSummary::of(&record.app, record.operation.as_ref(), now))
        })
    }
}
