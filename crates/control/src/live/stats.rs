//! AppStats: what apps use of the machine, sampled once for everybody and only while somebody asks.
//!
//! Whoever asks leaves a mark for each app in question; the sampler reads the counters of those apps at its own
//! pace until the marks are old. Answers are made of what it read last.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{App, AppId, ContainerId, ContainerState, InstallId, Timestamp};
use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::memory::Memory;
use crate::ports::{ContainerUsage, EngineError};
use crate::queries::parse_app_id;
use crate::{Control, Error};

/// How far samples are apart at least: as those that `docker stats --no-stream` takes.
const SAMPLE_EVERY: Duration = Duration::from_secs(2);
/// An app is sampled for so long after the last question: longer than a person's console waits between two.
const ASKED_FOR: Duration = Duration::from_secs(15);
/// How long a first question waits for the two samples that a percentage takes.
const FIRST_ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Containers read side by side: each costs the engine a few milliseconds.
const SAMPLED_AT_ONCE: usize = 8;
/// How old the sizes of volumes may be: the engine reads all directories of all volumes for them.
const SIZES_EVERY: Duration = Duration::from_secs(300);

/// What an app uses.
#[derive(Clone, Debug, PartialEq)]
pub struct AppUsage {
    /// Which app.
    pub app: AppId,
    /// When it was sampled last; `None` if it was not yet.
    pub sampled_at: Option<Timestamp>,
    /// The sum over its containers. Its processor share is between the last two samples.
    pub total: Usage,
    /// Bytes on disk of its volumes; 0 as long as the engine has not told.
    pub volumes_bytes: u64,
    /// Its services, by name.
    pub services: Vec<(String, Usage)>,
}

/// What some containers use together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Processor time; 100 is one core.
    pub cpu_percent: f64,
    /// The counters. Their time and processor time mean nothing here.
    pub counters: ContainerUsage,
}

impl Usage {
    fn add(&mut self, other: &Self) {
        let (sum, more) = (&mut self.counters, other.counters);
        self.cpu_percent += other.cpu_percent;
        sum.memory_bytes += more.memory_bytes;
        sum.memory_limit_bytes = sum.memory_limit_bytes.saturating_add(more.memory_limit_bytes);
        sum.network_received_bytes += more.network_received_bytes;
        sum.network_sent_bytes += more.network_sent_bytes;
        sum.disk_read_bytes += more.disk_read_bytes;
        sum.disk_written_bytes += more.disk_written_bytes;
    }
}

/// What was asked for and what was read.
pub(crate) struct Meter {
    readings: Mutex<Readings>,
    /// Told at each question.
    asked: watch::Sender<()>,
    /// Told at each sample.
    sampled: watch::Sender<()>,
}

#[derive(Default)]
struct Readings {
    /// The last question about each app.
    asked: HashMap<InstallId, Instant>,
    /// When each app was sampled last, and how often in a row.
    apps: HashMap<InstallId, (Timestamp, u32)>,
    containers: HashMap<ContainerId, Usage>,
    volume_sizes: HashMap<String, u64>,
}

impl Default for Meter {
    fn default() -> Self {
        let tell = || watch::channel(()).0;
        Self { readings: Mutex::default(), asked: tell(), sampled: tell() }
    }
}

impl Meter {
    fn readings(&self) -> MutexGuard<'_, Readings> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, installs: &[InstallId]) {
        let now = Instant::now();
        self.readings().asked.extend(installs.iter().map(|install| (install.clone(), now)));
        self.asked.send_replace(());
    }

    /// Whether each of the apps has been sampled often enough for an answer.
    fn knows(&self, installs: &[InstallId]) -> bool {
        let readings = self.readings();
        installs.iter().all(|install| readings.apps.get(install).is_some_and(|(_, samples)| *samples >= 2))
    }

    /// The apps that are still asked for. Of the others everything is forgotten.
    fn wanted(&self) -> HashSet<InstallId> {
        let mut readings = self.readings();
        readings.asked.retain(|_, at| at.elapsed() < ASKED_FOR);
        let wanted: HashSet<InstallId> = readings.asked.keys().cloned().collect();
        readings.apps.retain(|install, _| wanted.contains(install));
        if wanted.is_empty() {
            readings.containers.clear();
        }
        wanted
    }
}

impl Readings {
    /// Takes in a sample: the counters of those containers of `apps` that run.
    fn take_in(
        &mut self,
        apps: HashMap<InstallId, Vec<ContainerId>>,
        counted: HashMap<ContainerId, ContainerUsage>,
        now: Timestamp,
    ) {
        for (install, running) in apps {
            let samples = self.apps.get(&install).map_or(0, |(_, samples)| *samples);
            // Of an app that does not run, one look tells all.
            let samples = if running.is_empty() { 2 } else { samples.saturating_add(1) };
            self.apps.insert(install, (now, samples));
        }
        let before = std::mem::take(&mut self.containers);
        let share = |id: &ContainerId, counters: ContainerUsage| {
            let cpu_percent = before.get(id).map_or(0.0, |before| cpu_percent(&before.counters, &counters));
            Usage { cpu_percent, counters }
        };
        self.containers = counted.into_iter().map(|(id, now)| (id.clone(), share(&id, now))).collect();
    }

    fn of_app(&self, app: &App, memory: &Memory) -> AppUsage {
        let host_memory = memory.engine.info.as_ref().map_or(u64::MAX, |info| info.memory_bytes);
        let names = app.expected().services.iter().map(|(name, _)| (name.clone(), Usage::default()));
        let (mut total, mut services) = (Usage::default(), names.collect::<Vec<_>>());
        for container in app.observation.containers.values() {
            let facts = &container.facts;
            let Some(usage) = self.containers.get(&facts.id) else { continue };
            total.add(usage);
            match services.iter_mut().find(|(name, _)| *name == facts.service) {
                Some((_, sum)) => sum.add(usage),
                None => services.push((facts.service.clone(), *usage)),
            }
        }
        services.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        // A container without a limit has the machine's, and two have it together.
        total.counters.memory_limit_bytes = total.counters.memory_limit_bytes.min(host_memory);
        let volumes = memory.engine.volumes.iter();
        let own = volumes.filter(|volume| volume.owner.is_of_app(app));
        AppUsage {
            app: app.id.clone(),
            sampled_at: self.apps.get(&app.install).map(|(at, _)| *at),
            total,
            volumes_bytes: own.filter_map(|volume| self.volume_sizes.get(&volume.name)).sum(),
            services,
        }
    }
}

/// The share of one core between two readings of a container.
#[expect(clippy::cast_precision_loss, reason = "a percentage needs no more than a double's 53 bits")]
fn cpu_percent(before: &ContainerUsage, now: &ContainerUsage) -> f64 {
    let elapsed = now.at_nanos.saturating_sub(before.at_nanos);
    // Less than before: it was started again.
    let Some(used) = now.cpu_nanos.checked_sub(before.cpu_nanos).filter(|_| elapsed > 0) else { return 0.0 };
    used as f64 / elapsed as f64 * 100.0
}

impl Control {
    /// What one app uses, or each of them, oldest install first. A first question waits, for a bounded time.
    ///
    /// # Errors
    /// `AppIdFormat`, `NoSuchApp`, `EngineAway`.
    pub async fn app_stats(&self, id: Option<&str>) -> Result<Vec<AppUsage>, Error> {
        let id = id.map(parse_app_id).transpose()?;
        let installs: Vec<InstallId> = self.recorder.read(|memory| {
            let apps: Vec<InstallId> = apps_of(memory, id.as_ref()).map(|app| app.install.clone()).collect();
            if let Some(id) = id.as_ref().filter(|_| apps.is_empty()) {
                return Err(Error::NoSuchApp { id: id.to_string() });
            }
            memory.engine_link.check(self.settings.engine_grace)?;
            Ok(apps)
        })?;
        let mut sampled = self.meter.sampled.subscribe();
        self.meter.ask(&installs);
        let known = async { while !self.meter.knows(&installs) && sampled.changed().await.is_ok() {} };
        // What is not known by then is answered as far as it is.
        let _ = timeout(FIRST_ANSWER_LIMIT, known).await;
        Ok(self.recorder.read(|memory| {
            let readings = self.meter.readings();
            apps_of(memory, id.as_ref()).map(|app| readings.of_app(app, memory)).collect()
        }))
    }
}

fn apps_of<'a>(memory: &'a Memory, id: Option<&AppId>) -> impl Iterator<Item = &'a App> {
    let visible = memory.oldest_first().filter(|record| record.is_visible()).map(|record| &record.app);
    visible.filter(move |app| id.is_none_or(|id| *id == app.id))
}

/// Samples while somebody asks, until `stop`.
pub(crate) async fn sample(control: Arc<Control>, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = sample_containers(&control) => {}
        () = sample_volumes(&control) => {}
    }
}

async fn sample_containers(control: &Arc<Control>) {
    let mut asked = control.meter.asked.subscribe();
    loop {
        let wanted = control.meter.wanted();
        if wanted.is_empty() {
            if asked.changed().await.is_err() {
                return;
            }
            continue;
        }
        let next_at = Instant::now() + SAMPLE_EVERY;
        take_sample(control, &wanted).await;
        sleep_until(next_at).await;
    }
}

async fn take_sample(control: &Arc<Control>, wanted: &HashSet<InstallId>) {
    let apps: HashMap<InstallId, Vec<ContainerId>> = control.recorder.read(|memory| {
        let apps = apps_of(memory, None).filter(|app| wanted.contains(&app.install));
        apps.map(|app| (app.install.clone(), running(app))).collect()
    });
    let engine = &control.engine;
    let reads = apps.values().flatten().cloned().map(|id| async move {
        let counters = engine.usage(&id).await;
        (id, counters)
    });
    // Collected first: a future that borrows out of an iterator is not known to be `Send`.
    let reads = stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(SAMPLED_AT_ONCE);
    let outcomes: Vec<(ContainerId, Result<Option<ContainerUsage>, EngineError>)> = reads.collect().await;
    let mut counted = HashMap::new();
    let mut failed = false;
    for (id, outcome) in outcomes {
        match outcome {
            Ok(counters) => counted.extend(counters.map(|counters| (id, counters))),
            Err(error) => {
                tracing::debug!(container.id = %id, %error, "what a container uses cannot be read");
                failed = true;
            }
        }
    }
    if counted.is_empty() && failed {
        // The engine is away: what was read last stays, with its time.
        return;
    }
    control.meter.readings().take_in(apps, counted, control.clock.now());
    control.meter.sampled.send_replace(());
}

fn running(app: &App) -> Vec<ContainerId> {
    let containers = app.observation.containers.values().map(|container| &container.facts);
    containers.filter(|facts| facts.state == ContainerState::Running).map(|facts| facts.id.clone()).collect()
}

/// Asks for the sizes of volumes when a question finds them too old.
async fn sample_volumes(control: &Arc<Control>) {
    let mut asked = control.meter.asked.subscribe();
    while asked.changed().await.is_ok() {
        match control.engine.volume_sizes().await {
            Ok(sizes) => control.meter.readings().volume_sizes = sizes,
            Err(error) => tracing::debug!(%error, "the sizes of volumes cannot be read"),
        }
        tokio::time::sleep(SIZES_EVERY).await;
        asked.mark_unchanged();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_of_one_core_and_never_negative() {
        let at = |seconds: i64, cpu_seconds: u64| ContainerUsage {
            at_nanos: seconds * 1_000_000_000,
            cpu_nanos: cpu_seconds * 1_000_000_000,
            ..ContainerUsage::default()
        };
        assert!((cpu_percent(&at(10, 5), &at(12, 8)) - 150.0).abs() < 1e-9);
        for (before, now) in [(at(10, 5), at(12, 1)), (at(10, 5), at(10, 9)), (at(10, 5), at(9, 9))] {
            assert!(cpu_percent(&before, &now).abs() < 1e-9, "restarted, the same moment, a clock set back");
        }
    }
}
