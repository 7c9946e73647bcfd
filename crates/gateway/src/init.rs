//! Sets the gateway up, or up anew: `appmanage gateway init`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::apply::Change;
use crate::error::GatewayFailure;
use crate::files::Swap;
use crate::setup::{Marker, ServerAddress, Setup};
use crate::value::{HostName, Listen};
use crate::{NginxGateway, certificate, files};

/// How each of our files begins.
const MARK: &str = "# Written by `appmanage gateway init`";

/// What is to be set up.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// What the API is called by; not empty.
    pub names: Vec<HostName>,
    /// The certificate with its chain, and its key; `None`: a self-signed one.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Whether a self-signed one is made anew, though there is one for these names.
    pub renewed: bool,
    /// For HTTP.
    pub listen_http: Listen,
    /// For HTTPS.
    pub listen_https: Listen,
    /// Where the server is.
    pub server: ServerAddress,
    /// Whether clients that send neither `Version` nor `Language` are let in.
    pub old_clients: bool,
    /// Where nginx writes its logs.
    pub log_dir: PathBuf,
}

/// What was set up.
#[derive(Debug)]
pub struct Initialised {
    /// How.
    pub setup: Setup,
    /// Whether the sites of apps are not served until the server starts anew: nginx did not take them as they were.
    pub sites_wait: bool,
}

impl NginxGateway {
    /// Writes nginx's configuration and applies it.
    ///
    /// # Errors
    /// It could not be done; nginx serves what it served before.
    pub async fn init(&self, wishes: Wishes, now: SystemTime) -> Result<Initialised, GatewayFailure> {
        let live = self.main_file();
        refuse_others(&live)?;
        if !live.exists() {
            // What is wrong before has to be told apart from what is wrong with ours.
            self.nginx.test().await?;
        }
        let _lock = self.lock().await?;
        let marker = Marker::random().map_err(GatewayFailure::file("read", Path::new("/dev/urandom")))?;
        let setup = self.setup_of(wishes, &marker, now)?;
        let webroot = self.webroot();
        files::make_folder(&webroot).map_err(GatewayFailure::file("make", &webroot))?;
        let sites = self.sites();
        let stale = self.set_stale_sites_aside(&setup, &marker, &sites, &webroot).await?;
        let whole = setup.main_file(&marker, &sites, &webroot)?;
        files::write(&files::beside(&live), &whole)?;
        let sites_wait = stale.is_some();
        self.apply_change(Change { setup: &setup, live: &live, marker: &marker, whole, aside: stale })
            .await?;
        let kept = serde_json::to_string_pretty(&setup).expect("texts and numbers are always JSON");
        files::publish(&self.setup_file(), &kept)?;
        self.forget_certificates(&setup)?;
        Ok(Initialised { setup, sites_wait })
    }

    /// Puts an empty folder in the place of sites that nginx takes no more, as they name a certificate or an address of
    /// this machine that is gone: nobody else could mend them, and at its next start the server writes them anew.
    async fn set_stale_sites_aside<'a>(
        &self,
        setup: &Setup,
        marker: &Marker,
        sites: &'a Path,
        webroot: &Path,
    ) -> Result<Option<Swap<'a>>, GatewayFailure> {
        let none = files::beside(sites);
        files::remove(&none).map_err(GatewayFailure::file("remove", &none))?;
        let (with, without) =
            (setup.main_file(marker, sites, webroot)?, setup.main_file(marker, &none, webroot)?);
        let refused = matches!(self.test_alone(&with).await, Err(GatewayFailure::Refused { .. }));
        if !refused || self.test_alone(&without).await.is_err() {
            // What is wrong with the main file itself is told where that is applied.
            return Ok(None);
        }
        files::make_folder(&none).map_err(GatewayFailure::file("make", &none))?;
        Swap::make(sites).map(Some)
    }

    fn setup_of(&self, wishes: Wishes, marker: &Marker, now: SystemTime) -> Result<Setup, GatewayFailure> {
        let Wishes { names, certificate, renewed, listen_http, listen_https, server, old_clients, log_dir } =
            wishes;
        let (certificate, key) = match certificate {
            Some(given) => given,
            None => {
                let path = self.self_signed_for(&names, renewed, marker, now)?;
                (path.clone(), path)
            }
        };
        Ok(Setup { names, listen_http, listen_https, certificate, key, server, old_clients, log_dir })
    }

    /// The self-signed certificate for these names: the one that there is unless it is to be renewed, or a new one.
    fn self_signed_for(
        &self,
        names: &[HostName],
        renewed: bool,
        marker: &Marker,
        now: SystemTime,
    ) -> Result<PathBuf, GatewayFailure> {
        let before = Setup::read(&self.setup_file())?;
        let before = before.filter(|setup| !renewed && setup.names == names && self.is_self_signed(setup));
        if let Some(setup) = before.filter(|setup| certificate::leaf(&setup.certificate).is_ok()) {
            return Ok(setup.certificate);
        }
        let path = self.own_dir().join(format!("{SELF_SIGNED}{}.pem", marker.as_str()));
        files::write(&path, &certificate::self_signed(names, now)?)?;
        Ok(path)
    }

    /// Whether the certificate was made here.
    #[must_use]
    pub fn is_self_signed(&self, setup: &Setup) -> bool {
        let name = setup.certificate.file_name().and_then(|name| name.to_str());
        setup.certificate.parent() == Some(&self.own_dir())
            && name.is_some_and(|name| name.starts_with(SELF_SIGNED))
    }

    /// Whether an app's site is served with the file: until the server writes it anew, at its next start at the latest.
    fn a_site_names(&self, path: &Path) -> bool {
        let texts = fs::read_dir(self.sites()).into_iter().flatten().flatten();
        let mut texts = texts.filter_map(|entry| fs::read_to_string(entry.path()).ok());
        texts.any(|text| path.to_str().is_some_and(|path| text.contains(path)))
    }

    /// Removes the certificates made here that are not used any more.
    fn forget_certificates(&self, setup: &Setup) -> Result<(), GatewayFailure> {
        let own = self.own_dir();
        let remove = || -> io::Result<()> {
            for entry in fs::read_dir(&own)? {
                let path = entry?.path();
                let name = path.file_name().and_then(|name| name.to_str());
                let is_used = || path == setup.certificate || self.a_site_names(&path);
                if name.is_some_and(|name| name.starts_with(SELF_SIGNED)) && !is_used() {
                    files::remove(&path)?;
                }
            }
            Ok(())
        };
        remove().map_err(GatewayFailure::file("tidy up", &own))
    }
}

/// How the names of certificates begin that were made here. Each new one has another name, so that the old
/// configuration has its own until the new one is served.
const SELF_SIGNED: &str = "self-signed-";

/// Nothing is written over a file that somebody else wrote.
fn refuse_others(path: &Path) -> Result<(), GatewayFailure> {
    match fs::read_to_string(path) {
        Ok(text) if text.starts_with(MARK) => Ok(()),
        Ok(_) => Err(GatewayFailure::NotOurs { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(GatewayFailure::file("read", path)(error)),
    }
}
