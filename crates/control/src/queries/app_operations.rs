//! AppOperations: what was done to all apps or to one, newest first.

use domain::{Operation, OperationId};

use super::parse_app_id;
use crate::{Control, Error};

impl Control {
    /// The latest operations of one app or of all, newest first, at most `limit`; only those older than `before`
    /// where one is given.
    ///
    /// An app need not be there any more. Answered while the engine is away, too.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `NoSuchOperation`, `Store`.
    pub async fn app_operations(
        &self,
        app: Option<&str>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Operation>, Error> {
        let app = app.map(parse_app_id).transpose()?;
        if let Some(app) = &app {
            self.check_known(app).await?;
        }
        let before = before.map(OperationId::from_text);
        let read = move |store: &dyn crate::ports::Store| {
            if let Some(id) = &before
                && store.operation(id)?.is_none()
            {
                return Ok(Err(Error::NoSuchOperation { id: id.to_string() }));
            }
            store.operations(app.as_ref(), before.as_ref(), limit).map(Ok)
        };
        let mut operations = self.recorder.ask_store(read).await??;
        // Of one at work memory knows more: how far its pulls are.
        self.recorder.read(|memory| {
            for operation in &mut operations {
                let newest = memory.app(&operation.app).and_then(|record| record.operation.as_ref());
                if let Some(newest) = newest.filter(|newest| newest.id == operation.id) {
                    operation.clone_from(newest);
                }
            }
        });
        Ok(operations)
    }
}
