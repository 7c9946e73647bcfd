//! What a sync may cost: bytes, files and time. Whoever offers a catalog may be careless, or worse.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{Failure, FailureClass};
use tokio::time::Instant;

/// What a catalog may be of, in bytes. The largest of the field has 300 MB, nearly all of it pictures.
pub(super) const BYTES_MAX: u64 = 1 << 30;
/// How many files and folders a catalog may have. The largest of the field has 20,000.
pub(super) const FILES_MAX: u64 = 200_000;
/// Folders inside each other.
pub(super) const DEPTH_MAX: usize = 32;
/// What is downloaded of an archive, in bytes.
pub(super) const ARCHIVE_BYTES_MAX: u64 = 256 << 20;
/// A whole sync. The largest of the field takes two minutes on a slow line.
pub(crate) const TIME_MAX: Duration = Duration::from_mins(15);

/// Why a catalog was not fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// In the words of whoever found out.
    #[error("{0}")]
    Unreachable(String),
    /// Which limit.
    #[error("{0}")]
    TooLarge(String),
    /// Which of the proofs fails.
    #[error("{0}")]
    NotGenuine(String),
    /// What was found instead of a catalog.
    #[error("{0}")]
    Format(String),
    /// Our own disk.
    #[error("{what}: {error}")]
    Disk {
        /// What could not be done.
        what: String,
        /// Why.
        error: io::Error,
    },
    /// Nobody waits for it any more.
    #[error("it was stopped")]
    Stopped,
}

impl FetchError {
    pub(super) fn disk(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Disk { what, error }
    }

    pub(super) fn into_failure(self, location: &str) -> Failure {
        let class = match &self {
            Self::Unreachable(_) => FailureClass::CatalogUnreachable,
            Self::TooLarge(_) => FailureClass::CatalogTooLarge,
            Self::NotGenuine(_) => FailureClass::CatalogNotGenuine,
            Self::Format(_) => FailureClass::CatalogFormat,
            Self::Disk { error, .. } if is_full(error) => {
                return Failure::of(FailureClass::DiskFull, "", self.to_string());
            }
            Self::Disk { .. } | Self::Stopped => FailureClass::Internal,
        };
        Failure::of(class, location, self.to_string())
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What a sync may still take. It ends with the sync, also where nothing waits for it any more.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    bytes: u64,
    files: u64,
    until: Instant,
    stopped: Arc<AtomicBool>,
}

impl Budget {
    pub(super) fn full(stopped: Arc<AtomicBool>) -> Self {
        Self { bytes: BYTES_MAX, files: FILES_MAX, until: Instant::now() + TIME_MAX, stopped }
    }

    #[cfg(test)]
    pub(super) fn of(bytes: u64, files: u64) -> Self {
        Self { bytes, files, ..Self::full(Arc::default()) }
    }

    /// One more file or folder.
    pub(super) fn file(&mut self) -> Result<(), FetchError> {
        let too_many = || FetchError::TooLarge(format!("more than {FILES_MAX} files"));
        self.files = self.files.checked_sub(1).ok_or_else(too_many)?;
        self.go_on()
    }

    /// So many more bytes.
    pub(super) fn bytes(&mut self, count: u64) -> Result<(), FetchError> {
        let too_many = || FetchError::TooLarge(format!("more than {} MB", BYTES_MAX >> 20));
        self.bytes = self.bytes.checked_sub(count).ok_or_else(too_many)?;
        self.go_on()
    }

    /// Whether there is time, and somebody waits.
    pub(super) fn go_on(&self) -> Result<(), FetchError> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(FetchError::Stopped);
        }
        if Instant::now() >= self.until { Err(out_of_time()) } else { Ok(()) }
    }
}

pub(super) fn out_of_time() -> FetchError {
    FetchError::TooLarge(format!("longer than {} minutes", TIME_MAX.as_secs() / 60))
}
