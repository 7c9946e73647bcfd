//! Whether the server can do its work: what `/readyz` asks.

use crate::{Control, Error};

/// What stands in the way, if anything does.
#[derive(Debug)]
pub struct Readiness {
    /// Why the database cannot be used.
    pub store: Result<(), Error>,
    /// Why the engine cannot be used. Without grace: this asks for now.
    pub engine: Result<(), Error>,
}

impl Control {
    /// Whether the database can be written and the engine answers.
    pub async fn readiness(&self) -> Readiness {
        let store = self.recorder.check_store().await.map_err(Error::from);
        let engine = self.recorder.read(|memory| memory.engine_link.check(std::time::Duration::ZERO));
        Readiness { store, engine }
    }
}
