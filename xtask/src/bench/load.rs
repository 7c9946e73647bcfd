//! A small load generator: keep-alive connections over loopback, one thread each.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::figures::milliseconds;
use crate::api::Api;
use crate::http::Connection;

/// No answer takes as long.
const LIMIT: Duration = Duration::from_secs(10);

/// Asked before anything is counted: caches are warm then, as they are on a server that runs.
const WARM_UP: usize = 50;

/// Asks the same again and again over one connection. Gives how long each answer took, in milliseconds.
pub(super) fn latencies(api: &Api, request: &[u8], count: usize) -> Result<Vec<f64>> {
    let mut connection = Connection::open(&api.address, LIMIT)?;
    let mut taken = Vec::with_capacity(count);
    for number in 0..WARM_UP + count {
        let start = Instant::now();
        let answer = connection.send(request)?;
        let time = start.elapsed();
        ensure!(answer.status == 200, "the server answered {}", answer.status);
        if number == 0 {
            ensure!(!answer.text().contains("\"Error\""), "the server answered {}", answer.text());
        }
        if number >= WARM_UP {
            taken.push(milliseconds(time));
        }
    }
    Ok(taken)
}

/// Asks over that many connections at once for that long. Gives the answers per second.
pub(super) fn throughput(api: &Api, request: &[u8], connections: usize, time: Duration) -> Result<f64> {
    let answered = AtomicU64::new(0);
    let is_over = AtomicBool::new(false);
    let ask = || -> Result<()> {
        let mut connection = Connection::open(&api.address, LIMIT)?;
        while !is_over.load(Ordering::Relaxed) {
            ensure!(connection.send(request)?.status == 200, "an answer under load is not good");
            answered.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let start = Instant::now();
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(ask)).collect();
        std::thread::sleep(time);
        let per_second = answered.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
        is_over.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().ok().context("a thread of the load generator panicked")??;
        }
        Ok(per_second)
    })
}
