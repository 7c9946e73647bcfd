//! What the server takes of the machine through all its lives: memory and open files, once a second.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use acceptance::wait;

use super::{EndsAll, Soak};

const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// A life shorter than that says nothing about growth.
const LONG: Duration = Duration::from_secs(120);

/// Until then caches and pools fill.
const WARM_UP: Duration = Duration::from_secs(30);

/// By how much the memory of a server under steady load may differ from one time to another: an allocator's whims.
const WHIMS_KIB: u64 = 4 * 1024;

/// By how much the number of open files may: connections that clients have open at that moment.
const WHIMS_FILES: u64 = 16;

/// What the server takes at one moment.
#[derive(Clone, Copy)]
struct Sample {
    age: Duration,
    memory_kib: u64,
    files: u64,
}

/// One life of the server.
#[derive(Default)]
pub(crate) struct Life {
    pid: u32,
    samples: Vec<Sample>,
}

/// Looks at the server until all is over.
pub(crate) fn sample(soak: &Soak) -> Vec<Life> {
    let _ends = EndsAll(soak);
    let mut lives: Vec<Life> = Vec::new();
    let mut began = Instant::now();
    while !soak.is_over() {
        let server = soak.server();
        let pid = server.pid();
        if lives.last().is_none_or(|life| life.pid != pid) {
            began = Instant::now();
            lives.push(Life { pid, samples: Vec::new() });
        }
        let sample = Sample { age: began.elapsed(), memory_kib: memory_kib(pid), files: files(pid) };
        drop(server);
        lives.last_mut().expect("it was just pushed").samples.push(sample);
        wait::within(SAMPLE_EVERY, || soak.is_over().then_some(()));
    }
    lives
}

/// The memory that is resident.
fn memory_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("proc(5) promises it");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn files(pid: u32) -> u64 {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count() as u64
}

/// What counts of all that.
pub(crate) struct Figures {
    lives: Vec<String>,
    /// The median of each third of the last life, once it was warm, if that was long.
    thirds: Option<[(u64, u64); 3]>,
}

impl Figures {
    pub(crate) fn of(lives: &[Life]) -> Self {
        let told = |life: &Life| {
            let (first, last) = (life.samples[0], life.samples[life.samples.len() - 1]);
            let peak = life.samples.iter().map(|sample| sample.memory_kib).max().unwrap_or_default();
            let files = life.samples.iter().map(|sample| sample.files).max().unwrap_or_default();
            format!(
                "{:>4} s: {} to {} KiB, at most {peak} KiB and {files} files",
                last.age.as_secs(),
                first.memory_kib,
                last.memory_kib
            )
        };
        let warm = |life: &Life| -> Vec<Sample> {
            life.samples.iter().filter(|sample| sample.age >= WARM_UP).copied().collect()
        };
        let last = lives.last().filter(|life| life.samples.last().is_some_and(|it| it.age >= LONG)).map(warm);
        let third = |samples: &[Sample], number: usize| {
            let length = samples.len() / 3;
            let part = &samples[number * length..(number + 1) * length];
            (median(part, |sample| sample.memory_kib), median(part, |sample| sample.files))
        };
        Self {
            lives: lives.iter().map(told).collect(),
            thirds: last.map(|samples| [0, 1, 2].map(|number| third(&samples, number))),
        }
    }

    /// Whether the last life took no more at its end than at its beginning.
    pub(crate) fn are_flat(&self) -> bool {
        self.thirds
            .is_none_or(|[first, _, last]| last.0 <= first.0 + WHIMS_KIB && last.1 <= first.1 + WHIMS_FILES)
    }
}

fn median(samples: &[Sample], of: fn(&Sample) -> u64) -> u64 {
    let mut values: Vec<u64> = samples.iter().map(of).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the server's lives:\n{}", self.lives.join("\n"))?;
        if let Some(thirds) = self.thirds {
            writeln!(f, "the last, in thirds: memory (KiB) and open files {thirds:?}")?;
        }
        Ok(())
    }
}
