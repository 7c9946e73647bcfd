//! How every change is brought to nginx: tested alone, put in place, tested with all that nginx has, loaded, looked at
//! through nginx; and put back if any of that fails, unless nginx refuses what was there before. What nginx served before,
//! it serves all the while.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::NginxGateway;
use crate::error::GatewayFailure;
use crate::files::{self, Swap};
use crate::nginx::NameClash;
use crate::probe::Probe;
use crate::setup::{Marker, Setup};

/// Another change takes seconds, one that is rolled back some twenty.
const OTHERS_TIME_MAX: Duration = Duration::from_secs(60);

/// Between two tries for the lock.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// A change, written beside what it replaces.
pub(crate) struct Change<'a> {
    pub(crate) setup: &'a Setup,
    /// What is to be replaced: a file or a folder.
    pub(crate) live: &'a Path,
    pub(crate) marker: &'a Marker,
    /// All of our files with the change, as they go into `http`.
    pub(crate) whole: String,
    /// What was put aside for it already, and comes back if it fails.
    pub(crate) aside: Option<Swap<'a>>,
}

impl NginxGateway {
    /// Brings a change to nginx, or leaves all as it was.
    pub(crate) async fn apply_change(&self, change: Change<'_>) -> Result<(), GatewayFailure> {
        if let Err(error) = self.test_alone(&change.whole).await {
            let next = files::beside(change.live);
            files::remove(&next).map_err(GatewayFailure::file("remove", &next))?;
            change.aside.map_or(Ok(()), Swap::undo)?;
            return Err(error);
        }
        let before = self.nginx.name_clashes().await;
        let swap = Swap::make(change.live)?;
        let tested = self.test_whole(before.as_deref().unwrap_or_default()).await;
        // What nginx refuses keeps it from starting: put back, it would stay down for good.
        let mends = before.is_err() && tested.is_ok();
        let done = match tested {
            Ok(()) => self.load(change.setup, change.marker).await,
            Err(error) => Err(error),
        };
        let because = match done {
            Err(because) if !mends => because,
            done => {
                swap.keep();
                change.aside.into_iter().for_each(Swap::keep);
                return done;
            }
        };
        let put_back = swap.undo().and_then(|()| change.aside.map_or(Ok(()), Swap::undo));
        // Whatever nginx made of the change, it is to serve what is there now.
        let restored = match put_back {
            Ok(()) => self.nginx.reload().await,
            Err(error) => Err(error),
        };
        Err(GatewayFailure::RolledBack { because: because.into(), restored: restored.map_err(Into::into) })
    }

    /// Whether nginx takes all of its files, and no site loses its name by ours.
    async fn test_whole(&self, clashes_before: &[NameClash]) -> Result<(), GatewayFailure> {
        let clashes = self.nginx.name_clashes().await?;
        match clashes.into_iter().find(|clash| !clashes_before.contains(clash)) {
            None => Ok(()),
            Some(NameClash { name, address }) => {
                let words = format!(
                    "another site of this nginx has the name \"{name}\" already, at {address}, and one of the two would not \
                     be served any more: take the name out of that site (nginx -T shows all), or use another one"
                );
                Err(GatewayFailure::Refused { words })
            }
        }
    }

    async fn load(&self, setup: &Setup, marker: &Marker) -> Result<(), GatewayFailure> {
        self.nginx.reload().await?;
        let probe = Probe(setup);
        probe.until_live(marker).await?;
        probe.until_well().await
    }

    /// Whether nginx takes our files by themselves: so that what is wrong with them is found before they are in place.
    pub(crate) async fn test_alone(&self, whole: &str) -> Result<(), GatewayFailure> {
        let main = self.nginx_dir.join("nginx.conf");
        let nginx = fs::read_to_string(&main).map_err(GatewayFailure::file("read", &main))?;
        // Testing gives nginx's directories to its user: to the same one.
        let user = nginx.lines().find(|line| line.trim_start().starts_with("user ")).unwrap_or_default();
        let (path, pid) = (self.own_dir().join("test.conf"), self.own_dir().join("test.pid"));
        let text = format!("{user}\npid {};\nevents {{}}\nhttp {{\n{whole}}}\n", pid.display());
        files::write(&path, &text)?;
        let tested = self.nginx.test_file(&path).await;
        for path in [path, pid] {
            files::remove(&path).map_err(GatewayFailure::file("remove", &path))?;
        }
        tested
    }

    /// Makes sure that nobody else changes the gateway for as long as the file lives. Who does just now is waited for.
    pub(crate) async fn lock(&self) -> Result<File, GatewayFailure> {
        let own = self.own_dir();
        files::make_folder(&own).map_err(GatewayFailure::file("make", &own))?;
        let path = own.join("lock");
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let lock = opened.map_err(GatewayFailure::file("open", &path))?;
        let deadline = Instant::now() + OTHERS_TIME_MAX;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(BETWEEN_TRIES).await,
                Err(TryLockError::WouldBlock) => return Err(GatewayFailure::Busy),
                Err(TryLockError::Error(error)) => return Err(GatewayFailure::file("lock", &path)(error)),
            }
        }
    }
}
