//! AppOperation: how far an app's newest operation is, and why it failed.

use domain::Operation;

use super::parse_app_id;
use crate::{Control, Error};

impl Control {
    /// The newest operation of one app.
    ///
    /// Answered while the engine is away, too: that is when people want to know what an operation waits
    /// for.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`.
    pub fn app_operation(&self, id: &str) -> Result<Operation, Error> {
        let id = parse_app_id(id)?;
        self.recorder.read(|memory| {
            let operation = memory.app(&id).and_then(|record| record.operation.clone());
            operation.ok_or_else(|| Error::NoSuchApp { id: id.to_string() })
        })
    }
}
