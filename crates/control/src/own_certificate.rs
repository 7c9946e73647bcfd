//! Sees when the gateway's own certificate ends: the one that the API is called with. Whoever renews it is not this server,
//! so all that it can do is to tell, in figures and to `appmanage doctor`.
//!
//! The certificates of apps' names are not here: see `certificates`.

use std::sync::Arc;
use std::time::Duration;

use domain::Validity;
use tokio_util::sync::CancellationToken;

use crate::memory::Memory;
use crate::{Control, Front};

/// How often it is looked at: one connection on this machine. Who has renewed it sees that soon.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Watches until `stop`.
pub(crate) async fn watch(control: Arc<Control>, stop: CancellationToken) {
    let Some(front) = &control.front else { return };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = async {
                control.look_at_own_certificate(front).await;
                tokio::time::sleep(LOOK_EVERY).await;
            } => {}
        }
    }
}

impl Control {
    /// Looks, and notes what it saw. `None` where the gateway shows none.
    pub(crate) async fn look_at_own_certificate(&self, front: &Front) -> Option<Validity> {
        let shown = front.gateway.own_certificate().await;
        let validity = shown.and_then(|shown| front.certificates.validity(&shown));
        if self.recorder.read(|memory| memory.gateway.own_certificate != validity) {
            self.recorder.observe(move |memory: &mut Memory, _| memory.gateway.own_certificate = validity);
        }
        validity
    }
}
