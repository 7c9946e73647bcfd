//! Asks main ports whether they answer.
//!
//! An app's port has to answer once after each start of its main service; until then the app is
//! `initing`. One probe runs per start, and ends with its answer, with the start, or with the app.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::{ContainerId, InstallId, MainEndpoint, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Control;
use crate::memory::Memory;

/// The first pause between two questions.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause: an answer is seen within a second of its being there.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// One start whose port has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Silent {
    install: InstallId,
    container: ContainerId,
    started_at: Timestamp,
}

/// Probes until `stop`.
pub(crate) async fn probe(control: Arc<Control>, stop: CancellationToken) {
    let mut changes = control.recorder.changes();
    let tracker = TaskTracker::new();
    let (ended, mut endings) = tokio::sync::mpsc::unbounded_channel::<Silent>();
    let mut under_way: HashSet<Silent> = HashSet::new();
    loop {
        for (silent, endpoint) in control.recorder.read(silent_starts) {
            if under_way.insert(silent.clone()) {
                let (control, ended, stop) = (Arc::clone(&control), ended.clone(), stop.clone());
                tracker.spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = probe_start(&control, &silent, &endpoint) => {}
                    }
                    // The receiver outlives every probe: it is dropped after the tracker has waited.
                    let _ = ended.send(silent);
                });
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            changed = changes.changed() => if changed.is_err() { break },
            Some(silent) = endings.recv() => { under_way.remove(&silent); }
        }
    }
    tracker.close();
    tracker.wait().await;
}

/// The starts that wait for an answer, with where to ask.
fn silent_starts(memory: &Memory) -> Vec<(Silent, MainEndpoint)> {
    let silent_start = |record: &crate::memory::AppRecord| {
        let deployment = record.app.deployment.as_ref()?;
        let observation = &record.app.observation;
        if observation.port_has_answered(&deployment.expected) {
            return None;
        }
        let (container, started_at) = observation.main_start(&deployment.expected)?;
        let (install, container) = (record.app.install.clone(), container.clone());
        Some((Silent { install, container, started_at }, deployment.main.clone()?))
    };
    memory.oldest_first().filter_map(silent_start).collect()
}

async fn probe_start(control: &Arc<Control>, silent: &Silent, endpoint: &MainEndpoint) {
    let mut pause = FIRST_PAUSE;
    while control.recorder.read(|memory| is_current(memory, silent, endpoint)) {
        if control.host.answers(endpoint).await {
            let answered = silent.clone();
            let note = move |memory: &mut Memory, _: Timestamp| {
                if let Some(record) = memory.install_mut(&answered.install) {
                    record.app.observation.answered = Some((answered.container, answered.started_at));
                }
            };
            return control.recorder.observe(note);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether that start is still the one that counts, and its port still there to be asked.
fn is_current(memory: &Memory, silent: &Silent, endpoint: &MainEndpoint) -> bool {
    memory
        .install(&silent.install)
        .and_then(|record| record.app.deployment.as_ref().map(|d| (record, d)))
        .is_some_and(|(record, deployment)| {
            deployment.main.as_ref() == Some(endpoint)
                && record.app.observation.main_start(&deployment.expected)
                    == Some((&silent.container, silent.started_at))
        })
}
