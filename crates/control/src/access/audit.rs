//! The trail of calls that change something.

use std::sync::Arc;

use domain::AuditEntry;

use super::Access;
use crate::error::Error;
use crate::recorder::{error_chain, off_the_runtime};

impl Access {
    /// Appends to the trail. A disk that cannot take it is logged with the entry: the answer is given all the same,
    /// and what was done is done.
    pub async fn record(self: &Arc<Self>, entry: impl FnOnce(domain::Timestamp) -> AuditEntry) {
        let entry = entry(self.clock.now());
        let access = Arc::clone(self);
        off_the_runtime(move || {
            if let Err(error) = access.store.append_audit(&entry) {
                let reason = error_chain(&error);
                tracing::error!(reason, ?entry, "the audit trail cannot be written");
            }
        })
        .await;
    }

    /// The latest of the trail, newest first, each with its number, at most `limit`; only those numbered lower than
    /// `before` where one is given.
    ///
    /// # Errors
    /// `Store`.
    pub async fn audit(
        self: &Arc<Self>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, AuditEntry)>, Error> {
        let access = Arc::clone(self);
        Ok(off_the_runtime(move || access.store.audit(before, limit)).await?)
    }
}
