//! What this server has done, counted and timed, and how things stand: figures for whoever watches it over time.
//!
//! How they are written down is `server`'s business. The names of what is counted are fixed words of the program,
//! never a user's, so that there are some hundred figures at most, however many apps there are.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{OperationState, Status, Timestamp};
use tokio::time::Instant;

use crate::memory::EngineLink;
use crate::ports::{CommandError, EngineError, HostError, ProcessUsage, PullError};
use crate::{Control, DomainDetail, SiteState};

/// Seconds that operations take: a stop, an install from a fast registry, one from a slow one.
const OPERATION_SECONDS: &[f64] = &[1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0];

/// Seconds that calls of the engine take: an inspect, a start, a pull.
const ENGINE_SECONDS: &[f64] = &[0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0];

/// Seconds from an event of the engine's until memory shows what it was about; more than one is a fault.
const LAG_SECONDS: &[f64] = &[0.005, 0.02, 0.1, 0.25, 1.0, 5.0];

/// What a duration was of, and how that ended. Both are words of the program.
pub type Labels = (&'static str, &'static str);

/// Durations of the same sort, by what they were of and how that ended.
#[derive(Debug)]
pub struct Durations {
    /// The upper ends of the classes, in seconds, in rising order.
    pub bounds: &'static [f64],
    cells: Mutex<BTreeMap<Labels, Histogram>>,
}

/// How many durations there were in each class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// For each bound: those that are not longer, and longer than the bound before.
    pub classes: Vec<u64>,
    /// All, those above the last bound too.
    pub count: u64,
    /// Together, in seconds.
    pub sum_seconds: f64,
}

impl Durations {
    /// None yet.
    #[must_use]
    pub const fn within(bounds: &'static [f64]) -> Self {
        Self { bounds, cells: Mutex::new(BTreeMap::new()) }
    }

    /// One more.
    pub fn add(&self, labels: Labels, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = cells.entry(labels).or_default();
        cell.classes.resize(self.bounds.len(), 0);
        if let Some(class) = self.bounds.iter().position(|bound| seconds <= *bound) {
            cell.classes[class] += 1;
        }
        cell.count += 1;
        cell.sum_seconds += seconds;
    }

    /// All of them, in the order of their labels.
    #[must_use]
    pub fn all(&self) -> Vec<(Labels, Histogram)> {
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.iter().map(|(labels, cell)| (*labels, cell.clone())).collect()
    }

    /// Does the work and adds how long it took. Work that is dropped halfway is not counted.
    pub(crate) async fn timed<T, E: Outcome>(
        &self,
        what: &'static str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let begun = Instant::now();
        let done = work.await;
        self.add((what, done.as_ref().map_or_else(Outcome::as_str, |_| "ok")), begun.elapsed());
        done
    }
}

/// How a call of the engine went wrong, in a word.
pub(crate) trait Outcome {
    fn as_str(&self) -> &'static str;
}

impl Outcome for EngineError {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Refused { .. } => "refused",
        }
    }
}

impl Outcome for PullError {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::Engine(error) => error.as_str(),
        }
    }
}

impl Outcome for CommandError {
    fn as_str(&self) -> &'static str {
        match self {
            Self::EngineUnreachable { .. } => "unreachable",
            Self::PortTaken { .. } | Self::SubnetTaken { .. } | Self::HalfMade { .. } => "refused",
            Self::DiskFull { .. } | Self::Failed { .. } | Self::TimedOut { .. } => "failed",
        }
    }
}

/// Everything that is counted here.
#[derive(Debug)]
pub struct Metrics {
    /// Operations that have ended, by kind and state, from their claim (or, cancelled before, their acceptance).
    pub operations: Durations,
    /// Calls of the engine and of `docker compose`. A stream counts until it is open.
    pub engine_calls: Durations,
    /// From an event of the engine's until memory shows what it was about.
    pub event_lag: Durations,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            operations: Durations::within(OPERATION_SECONDS),
            engine_calls: Durations::within(ENGINE_SECONDS),
            event_lag: Durations::within(LAG_SECONDS),
        }
    }
}

/// How things stand.
#[derive(Debug)]
pub struct Standing {
    /// Apps by status, every status.
    pub apps: Vec<(Status, usize)>,
    /// Open operations by queue (`installs`, `others`) and what they do (`waiting`, `at_work`, `stuck`).
    pub open_operations: Vec<(Labels, usize)>,
    /// Names of apps by how they stand with the gateway, every state.
    pub sites: Vec<(&'static str, usize)>,
    /// When the first certificate of a name that is to be served expires; `None` where none has one.
    pub certificate_expires_at: Option<Timestamp>,
    /// When the certificate expires that the API is called with; `None` where the gateway shows none.
    pub own_certificate_expires_at: Option<Timestamp>,
    /// Whether the engine answers.
    pub engine_up: bool,
    /// This process.
    pub process: Result<ProcessUsage, HostError>,
}

impl Control {
    /// What has been counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        self.recorder.metrics()
    }

    /// How things stand now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let now = self.clock.now();
        let process = self.host.process_usage();
        self.recorder.read(|memory| {
            let mut apps: Vec<(Status, usize)> = Status::ALL.iter().map(|status| (*status, 0)).collect();
            let visible = memory.oldest_first().filter(|record| record.is_visible());
            for status in visible.map(|record| record.status(now)) {
                apps.iter_mut().filter(|(known, _)| *known == status).for_each(|(_, count)| *count += 1);
            }
            let mut open_operations = Vec::new();
            for (queue, installs) in [("installs", true), ("others", false)] {
                for stage in ["waiting", "at_work", "stuck"] {
                    let of_queue =
                        memory.open_operations().filter(|open| open.kind.is_installing() == installs);
                    let count = of_queue.filter(|open| self::stage(&open.state) == stage).count();
                    open_operations.push(((queue, stage), count));
                }
            }
            let mut sites: Vec<_> = SiteState::ALL.iter().map(|state| (*state, 0)).collect();
            let mut expiries = Vec::new();
            for DomainDetail { site, domain, .. } in self.domain_details(memory, now) {
                let count = sites.iter_mut().find(|(known, _)| *known == site.as_str());
                count.into_iter().for_each(|(_, count)| *count += 1);
                let certificate = domain.certificate.filter(|_| site != SiteState::Kept);
                expiries.extend(certificate.map(|certificate| certificate.expires_at));
            }
            let certificate_expires_at = expiries.into_iter().min();
            let own_certificate_expires_at = memory.gateway.own_certificate.map(|validity| validity.until);
            let engine_up = memory.engine_link == EngineLink::Up;
            Standing {
                apps,
                open_operations,
                sites,
                certificate_expires_at,
                own_certificate_expires_at,
                engine_up,
                process,
            }
        })
    }
}

const fn stage(state: &OperationState) -> &'static str {
    match state {
        OperationState::Queued => "waiting",
        OperationState::Stuck(_) => "stuck",
        _ => "at_work",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_into_the_first_class_that_holds_it_and_a_longer_one_into_none() {
        let durations = Durations::within(&[0.1, 1.0]);
        for millis in [50, 100, 101, 2_000] {
            durations.add(("a", "ok"), Duration::from_millis(millis));
        }
        durations.add(("a", "failed"), Duration::ZERO);
        let all = durations.all();
        assert_eq!(all.iter().map(|(labels, _)| *labels).collect::<Vec<_>>(), [("a", "failed"), ("a", "ok")]);
        let Histogram { classes, count, sum_seconds } = &all[1].1;
        assert_eq!((&classes[..], *count), (&[2, 1][..], 4));
        assert!((sum_seconds - 2.251).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_timed_and_its_outcome_told_in_a_word() {
        let metrics = Metrics::default();
        let refused = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Err::<(), _>(EngineError::Refused { action: "start".to_owned(), reason: "no".to_owned() })
        };
        metrics.engine_calls.timed("start", refused).await.expect_err("it was refused");
        let (labels, cell) = metrics.engine_calls.all().remove(0);
        assert_eq!((labels, cell.count), (("start", "refused"), 1));
        assert!((cell.sum_seconds - 3.0).abs() < 0.01);
    }
}
