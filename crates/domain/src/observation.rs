//! What Docker shows of an app, and how each service is judged by it.
//!
//! Everything follows from `docker inspect`, never from an event, so that an event seen and an event
//! missed end alike. The one thing that inspect does not tell is when a container was restarted; that
//! is gathered from the restart counts of successive looks ([`RestartHistory`]).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::ContainerId;
use crate::time::Timestamp;

/// Restarts are counted over this time (contract, "Status").
pub const RESTART_WINDOW: Duration = Duration::from_secs(300);

/// This many restarts within [`RESTART_WINDOW`] make a service bad (contract, "Status").
pub const RESTARTS_TOO_MANY: usize = 3;

/// What inspect says of one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerFacts {
    /// Docker's identifier.
    pub id: ContainerId,
    /// Its name.
    pub name: String,
    /// The compose service it belongs to; empty if none, as for one that a person started with
    /// `docker compose run`.
    pub service: String,
    /// Its state.
    pub state: ContainerState,
    /// The exit code of its last run.
    pub exit_code: i64,
    /// Whether the kernel ended its last run for want of memory.
    pub oom_killed: bool,
    /// What its health check says.
    pub health: Health,
    /// How often Docker restarted it since somebody started it.
    pub restart_count: u32,
    /// What Docker does when it ends.
    pub restart_policy: RestartPolicy,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was started last; `None` if never.
    pub started_at: Option<Timestamp>,
    /// When it ended last; `None` if never.
    pub finished_at: Option<Timestamp>,
    /// The services that have to be there before it is started.
    pub depends_on: Vec<Dependency>,
    /// Whether only the engine's list told of it, because it could not be inspected: then its restarts, its policy of
    /// them, its times and whether it wanted for memory are not known.
    pub is_partial: bool,
}

impl ContainerFacts {
    /// What is known of it now, after what was `known` before: one that could not be inspected has a new state, and is
    /// else as it was.
    #[must_use]
    pub fn after(self, known: Option<&Self>) -> Self {
        match known.filter(|_| self.is_partial) {
            Some(known) => {
                let Self { state, exit_code, health, .. } = self;
                Self { state, exit_code, health, ..known.clone() }
            }
            None => self,
        }
    }
}

/// What a container waits for before it is started.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dependency {
    /// The service that it needs.
    pub service: String,
    /// How that has to be.
    pub condition: Condition,
}

/// How a service has to be for those that depend on it: compose's three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// `service_started`
    Started,
    /// `service_healthy`
    Healthy,
    /// `service_completed_successfully`
    Completed,
}

/// Docker's states of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContainerState {
    /// Created, never started.
    Created,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Ended, and about to be started again by Docker.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended.
    Exited,
    /// Could not be removed.
    Dead,
}

/// What a container's health check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// It has no health check.
    None,
    /// The check has not passed yet.
    Starting,
    /// The check passes.
    Healthy,
    /// The check fails.
    Unhealthy,
}

/// What Docker does when a container ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RestartPolicy {
    /// Nothing.
    No,
    /// Starts it again unless it exited with 0.
    OnFailure,
    /// Starts it again (`always`, `unless-stopped`).
    Always,
}

/// The contract's words for a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServiceState {
    /// Running as it should, or a one-shot that has done its work.
    Well,
    /// On its way.
    Starting,
    /// Ended in good order.
    Ended,
    /// Something is wrong.
    Bad(Trouble),
}

/// What is wrong with a bad service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trouble {
    /// Out of memory.
    OutOfMemory,
    /// Ended with that exit code.
    ExitCode(i64),
    /// [`RESTARTS_TOO_MANY`] restarts or more within [`RESTART_WINDOW`].
    CrashLoop,
    /// Its health check fails.
    Unhealthy,
    /// Docker could not remove it.
    Dead,
    /// It is missing while others of the app exist.
    Missing,
}

/// When a container was restarted, gathered from successive looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestartHistory {
    /// The restart count at the last look, and when that was.
    pub last: Option<(u32, Timestamp)>,
    /// When its latest restarts were seen, oldest first; at most [`RESTARTS_TOO_MANY`].
    pub seen_at: Vec<Timestamp>,
}

impl RestartHistory {
    /// Takes in what a look shows.
    ///
    /// Restarts are dated at the look that finds them. What happened between two looks further apart
    /// than the window cannot be dated: it counts as one restart, at the container's last start. So it
    /// does at the first look ever, unless the container is younger than the window.
    pub fn take_in(&mut self, facts: &ContainerFacts, now: Timestamp) {
        let (count_before, looked_at) = self.last.unwrap_or((0, facts.created_at));
        self.last = Some((facts.restart_count, now));
        if facts.restart_count < count_before {
            // Somebody started it by hand: Docker counts from nought again, and so do we.
            self.seen_at.clear();
        }
        let more = facts.restart_count.saturating_sub(count_before.min(facts.restart_count));
        if more == 0 {
            return;
        }
        if now.since(looked_at) <= RESTART_WINDOW {
            self.seen_at.extend(std::iter::repeat_n(now, more.min(3) as usize));
        } else {
            self.seen_at.push(facts.started_at.unwrap_or(now).min(now));
        }
        let surplus = self.seen_at.len().saturating_sub(RESTARTS_TOO_MANY);
        self.seen_at.drain(..surplus);
    }

    /// Whether the window holds too many restarts. Those dated in the future were seen before the clock was set back,
    /// nobody knows how long ago.
    #[must_use]
    pub fn is_crash_loop(&self, now: Timestamp) -> bool {
        let is_in_window = |at: &&Timestamp| **at <= now && now.since(**at) < RESTART_WINDOW;
        self.seen_at.iter().filter(is_in_window).count() >= RESTARTS_TOO_MANY
    }

    /// When [`Self::is_crash_loop`] will turn false if nothing more happens.
    #[must_use]
    pub fn calms_down_at(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.is_crash_loop(now) {
            return None;
        }
        self.seen_at.first().map(|at| at.plus(RESTART_WINDOW))
    }
}

/// One container, with what is remembered of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedContainer {
    /// What the last look showed.
    pub facts: ContainerFacts,
    /// Its restarts.
    pub restarts: RestartHistory,
    /// How its last run that we saw ended: a container that has been restarted no longer tells.
    pub last_end: Option<LastEnd>,
}

/// How a run of a container ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastEnd {
    /// Its exit code.
    pub exit_code: i64,
    /// Whether the kernel ended it for want of memory.
    pub oom_killed: bool,
}

impl ObservedContainer {
    /// The contract's word for it. `one_shot`: its package says that it does its work and ends.
    #[must_use]
    pub fn judge(&self, one_shot: bool, now: Timestamp) -> ServiceState {
        let facts = &self.facts;
        if self.restarts.is_crash_loop(now) {
            return ServiceState::Bad(Trouble::CrashLoop);
        }
        match facts.state {
            ContainerState::Created | ContainerState::Restarting => ServiceState::Starting,
            ContainerState::Paused | ContainerState::Removing => ServiceState::Ended,
            ContainerState::Dead => ServiceState::Bad(Trouble::Dead),
            ContainerState::Running => match facts.health {
                Health::None | Health::Healthy => ServiceState::Well,
                Health::Starting => ServiceState::Starting,
                Health::Unhealthy => ServiceState::Bad(Trouble::Unhealthy),
            },
            ContainerState::Exited => self.judge_exited(one_shot),
        }
    }

    fn judge_exited(&self, one_shot: bool) -> ServiceState {
        let facts = &self.facts;
        if facts.oom_killed {
            return ServiceState::Bad(Trouble::OutOfMemory);
        }
        let one_shot = one_shot || facts.restart_policy == RestartPolicy::OnFailure;
        match facts.exit_code {
            0 if one_shot => ServiceState::Well,
            // 130 and 143 are SIGINT and SIGTERM; `docker stop` and `docker kill` of a program that
            // ignores SIGTERM both leave 137, and only `oom_killed` tells the memory case apart.
            0 | 130 | 137 | 143 => ServiceState::Ended,
            code => ServiceState::Bad(Trouble::ExitCode(code)),
        }
    }
}

/// What Docker shows of one app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// Its containers, by identifier.
    pub containers: BTreeMap<ContainerId, ObservedContainer>,
    /// The start of the main service's container since which the main port has answered.
    pub answered: Option<(ContainerId, Timestamp)>,
}

/// What an app should consist of, against which an observation is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Its services, and whether each is one-shot.
    pub services: Vec<(String, bool)>,
    /// The service whose port has to answer, if one has to.
    pub main_service: Option<String>,
}

impl Observation {
    /// Takes in a look at one container.
    pub fn take_in(&mut self, facts: ContainerFacts, now: Timestamp) {
        let before = self.containers.remove(&facts.id);
        let known = before.as_ref().map(|container| &container.facts);
        let is_counted = !facts.is_partial;
        let facts = facts.after(known);
        let (mut restarts, last_end) =
            before.map(|container| (container.restarts, container.last_end)).unwrap_or_default();
        if is_counted {
            restarts.take_in(&facts, now);
        }
        let has_ended = matches!(facts.state, ContainerState::Exited | ContainerState::Restarting);
        let end = LastEnd { exit_code: facts.exit_code, oom_killed: facts.oom_killed };
        let last_end = if has_ended { Some(end) } else { last_end };
        self.containers.insert(facts.id.clone(), ObservedContainer { facts, restarts, last_end });
    }

    /// How each expected service is; the worst of its containers where there are several.
    #[must_use]
    pub fn services<'a>(&self, expected: &'a Expectation, now: Timestamp) -> Vec<(&'a str, ServiceState)> {
        let judge = |(service, one_shot): &'a (String, bool)| {
            let of_service = self.containers.values().filter(|c| c.facts.service == *service);
            let worst = of_service.map(|container| container.judge(*one_shot, now)).max();
            (service.as_str(), worst.unwrap_or(ServiceState::Bad(Trouble::Missing)))
        };
        expected.services.iter().map(judge).collect()
    }

    /// Whether no container of that service runs or is about to.
    #[must_use]
    pub fn is_down(&self, service: &str) -> bool {
        use ContainerState::{Created, Dead, Exited};
        let mut of_service = self.containers.values().filter(|c| c.facts.service == service);
        of_service.all(|container| matches!(container.facts.state, Created | Exited | Dead))
    }

    /// The last start of the main service's container, if it runs: what the port is probed for.
    #[must_use]
    pub fn main_start(&self, expected: &Expectation) -> Option<(&ContainerId, Timestamp)> {
        let main = expected.main_service.as_ref()?;
        let running = |container: &&ObservedContainer| {
            container.facts.service == *main && container.facts.state == ContainerState::Running
        };
        let newest = self.containers.values().filter(running).max_by_key(|c| c.facts.started_at)?;
        Some((&newest.facts.id, newest.facts.started_at?))
    }

    /// Whether the main port has answered since the main service's last start, or there is none.
    #[must_use]
    pub fn port_has_answered(&self, expected: &Expectation) -> bool {
        let answered = self.answered.as_ref().map(|(container, started_at)| (container, *started_at));
        expected.main_service.is_none()
            || self.main_start(expected).is_some_and(|start| answered == Some(start))
    }

    /// When time alone will change the judgement: the end of a crash loop's window.
    #[must_use]
    pub fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.containers.values().filter_map(|c| c.restarts.calms_down_at(now)).min()
    }
}
