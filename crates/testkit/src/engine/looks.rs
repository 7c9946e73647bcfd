//! How the engine shows what it holds, and how it hangs over that.

use std::time::Duration;

use control::ports::{EngineContainer, EngineError, EngineSight, Project};
use domain::{ContainerFacts, ContainerId, RestartPolicy};

use super::FakeEngine;

/// When a question that hangs is given up: every call to an engine ends.
const INSPECT_LIMIT: Duration = Duration::from_secs(30);

/// How late a process that outlived its server does its work: after any undo that does not end it.
const LATE_BY_LOOKS: u32 = 8;

impl FakeEngine {
    /// Lets every question about that container wait for ever, as a real engine does while it starts it, or
    /// when it has got stuck over it. Returns the container's identifier.
    ///
    /// # Panics
    /// There is no such container.
    pub fn hang_over(&self, project: &str, service: &str) -> ContainerId {
        let mut state = self.state();
        let wanted = |container: &&EngineContainer| {
            container.owner.project.as_deref() == Some(project) && container.facts.service == service
        };
        let id = state.containers.values().find(wanted).map(|c| c.facts.id.clone()).expect("it is there");
        state.silent_inspects.insert(id.clone());
        id
    }

    /// Answers questions about that container again.
    pub fn answer_about(&self, id: &ContainerId) {
        self.state().silent_inspects.remove(id);
    }

    /// Lets every look at everything take that long from now on. What it shows is what was there when it began.
    pub fn look_slowly(&self, takes: Duration) {
        self.state().look_takes = takes;
    }

    /// Leaves a process at work that outlives its server.
    pub(crate) fn leave_at_work(&self, project: &Project) {
        self.state().late.push((LATE_BY_LOOKS, project.clone()));
    }

    /// Lets time pass for everything that is still on its way.
    pub fn settle(&self) {
        for _ in 0..=LATE_BY_LOOKS {
            // An engine that is away does nothing.
            let _ = self.listed();
        }
    }

    /// Ends what is left at work on that install.
    pub(crate) fn end_at_work(&self, install: &domain::InstallId) {
        self.state().late.retain(|(_, project)| project.install != *install);
    }

    pub(crate) async fn look(&self) -> Result<EngineSight, EngineError> {
        let sight = self.listed()?;
        let takes = self.state().look_takes;
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
            drop(self.reachable()?);
        }
        Ok(sight)
    }

    /// All that it shows, at once.
    fn listed(&self) -> Result<EngineSight, EngineError> {
        let now = self.clock.now();
        {
            let mut state = self.reachable()?;
            for (looks, project) in std::mem::take(&mut state.late) {
                if looks > 0 {
                    state.late.push((looks - 1, project));
                } else {
                    // It outlived its server: nobody hears whether it succeeds.
                    let _ = state.create(&project, now, true);
                }
            }
        }
        let mut sight = self.sight();
        let state = self.state();
        for container in &mut sight.containers {
            if state.silent_inspects.contains(&container.facts.id) {
                only_listed(&mut container.facts);
            }
        }
        Ok(sight)
    }

    pub(crate) async fn inspect(&self, id: &ContainerId) -> Result<Option<EngineContainer>, EngineError> {
        let hangs = self.reachable()?.silent_inspects.contains(id);
        if hangs {
            tokio::time::sleep(INSPECT_LIMIT).await;
            let endpoint = "unix:///fake/docker.sock".to_owned();
            return Err(EngineError::Unreachable { endpoint, reason: "no answer within 30 s".to_owned() });
        }
        Ok(self.reachable()?.containers.get(id).cloned())
    }
}

/// Leaves what the list of containers tells of one.
fn only_listed(facts: &mut ContainerFacts) {
    (facts.oom_killed, facts.restart_count, facts.restart_policy) = (false, 0, RestartPolicy::No);
    (facts.started_at, facts.finished_at, facts.is_partial) = (None, None, true);
}
