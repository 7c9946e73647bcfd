//! Has the address of an app follow its domains once the gateway has served them: before, a name may never work. An app
//! that reads its own address is configured with it.

use std::sync::Arc;
use std::time::Duration;

use domain::{App, AppDomain, AppId};
use tokio_util::sync::CancellationToken;

use crate::Control;
use crate::memory::{AppRecord, EngineLink, Memory};
use crate::ports::StoreError;
use crate::recorder::error_chain;
use crate::sites::upstream;

/// Between two tries with a disk that does not do as it should.
const DISK_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Follows until `stop`.
pub(crate) async fn follow(control: Arc<Control>, stop: CancellationToken) {
    let mut is_logged = false;
    loop {
        let app = tokio::select! {
            () = stop.cancelled() => return,
            app = control.wait_for(unsettled) => app,
        };
        let Err(error) = control.settle_address(&app).await else {
            is_logged = false;
            continue;
        };
        if !std::mem::replace(&mut is_logged, true) {
            let reason = error_chain(&error);
            tracing::error!(app.id = %app.id, reason, "cannot record that a domain is served; trying until it works");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(DISK_AGAIN_AFTER) => {}
        }
    }
}

/// An app with a domain of which it is not stored yet that, or where, it is served. Not while something is at work on it,
/// nor while the engine is away: it may have to be configured.
fn unsettled(memory: &Memory) -> Option<App> {
    if memory.gateway.port.is_none() || memory.engine_link != EngineLink::Up {
        return None;
    }
    let mut records = memory.oldest_first().filter(|record| record.open_operation().is_none());
    records.find_map(|record| settled(memory, record).map(|_| record.app.clone()))
}

/// The app with what is known of its domains; `None` where that is stored already.
fn settled(memory: &Memory, record: &AppRecord) -> Option<App> {
    let (port, served) = (memory.gateway.port?, memory.gateway.served.as_ref()?);
    let leads_here = upstream(&record.app)?;
    // The name may have been another app's when the gateway last heard of it.
    let is_served = |domain: &AppDomain| {
        served.iter().any(|site| site.domain == domain.name && site.upstream == leads_here)
    };
    let is_unsettled = |domain: &AppDomain| domain.served_port != Some(port) && is_served(domain);
    record.app.domains.iter().any(is_unsettled).then(|| {
        let mut app = record.app.clone();
        app.domains.iter_mut().filter(|domain| is_served(domain)).for_each(|it| it.served_port = Some(port));
        app
    })
}

impl Control {
    async fn settle_address(self: &Arc<Self>, app: &App) -> Result<(), StoreError> {
        // If its files cannot be read now, the operation will tell why.
        let reads_address = self.reads_own_address(app).await.unwrap_or(true);
        let (control, id): (_, AppId) = (Arc::clone(self), app.id.clone());
        let decide = move |memory: &Memory, now| {
            let record = memory.app(&id).filter(|record| record.open_operation().is_none());
            let change = record.and_then(|record| {
                Some(control.readdressed(record, settled(memory, record)?, reads_address, now))
            });
            Ok((change.unwrap_or_default(), ()))
        };
        self.recorder.update(decide).await
    }
}
