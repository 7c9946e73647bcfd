//! AppOperation: how far an app's newest operation is, and why it failed.

use domain::Operation;

use super::parse_app_id;
use crate::ports::Store;
use crate::{Control, Error};

impl Control {
    /// The newest operation of one app.
    ///
    /// Answered while the engine is away, too: that is when people want to know what an operation waits
    /// for.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `NoOperation`.
    pub fn app_operation(&self, id: &str) -> Result<Operation, Error> {
        let id = parse_app_id(id)?;
        self.recorder.read(|memory| {
            let record = memory.app(&id).ok_or_else(|| Error::NoSuchApp { id: id.to_string() })?;
            record.operation.clone().ok_or_else(|| Error::NoOperation { id: id.to_string() })
        })
    }

    /// The same, also of an app that is gone: whoever follows its last operation sees how it ended.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `NoOperation`, `Store`.
    pub async fn last_operation(&self, id: &str) -> Result<Operation, Error> {
        match self.app_operation(id) {
            Err(Error::NoSuchApp { id }) => {
                let app = parse_app_id(&id)?;
                let read = move |store: &dyn Store| store.operations(Some(&app), None, 1);
                let stored = self.recorder.ask_store(read).await?.pop();
                stored.ok_or(Error::NoSuchApp { id })
            }
            known => known,
        }
    }
}
