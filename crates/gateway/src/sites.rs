//! Apps under names of their own: their files, applied by this process where it is root's, else by root's
//! `appmanage gateway apply`, which is asked to.
//!
//! Which names there are, and their certificates, are the business of `control`.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use control::ports::{Gateway, GatewayError, Site};
use domain::DomainName;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use crate::NginxGateway;
use crate::apply::Change;
use crate::error::GatewayFailure;
use crate::files;
use crate::probe::Probe;
use crate::setup::{Marker, Setup};
use crate::template::{self, fill};
use crate::value::Value;

/// Root's part takes what an apply takes, and systemd a moment to start it.
const APPLIED_TIME_MAX: Duration = Duration::from_secs(90);

/// After this it is asked for again: systemd sees no change of a file that comes while the service which the last one started
/// has not quite ended.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Between two looks at whether root has done its part.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Where the server writes what it asks for, in its directory. Whoever applies it takes it away from there first: from
/// then on, nobody else writes it.
const ASKED_FOR: &str = "sites.asked";

/// The files of the folder of sites that are no sites; the name of one has a dot more.
const MARKER_FILE: &str = "marker.conf";
const LIMITS_FILE: &str = "limits.conf";

/// What root's part came to: `applied.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Applied {
    /// What was asked for.
    request: String,
    /// What went wrong.
    failure: Option<Failed>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Failed {
    /// Whether nginx did not take it, or did not answer as it should.
    refused: bool,
    words: String,
}

impl NginxGateway {
    /// Applies what the server asked for in its directory, and tells it how that went: `appmanage gateway apply`.
    ///
    /// # Errors
    /// It could not be done; nginx serves what it served before.
    pub async fn apply(&self) -> Result<(), GatewayFailure> {
        // What is asked for is read when nobody else is at work, so that nothing is told of one request that was
        // done for another.
        let lock = match self.setup() {
            Ok(_) => self.lock().await.map(Some),
            Err(error) => Err(error),
        };
        let request = fs::read_to_string(self.request_file()).unwrap_or_default().trim().to_owned();
        let done = match &lock {
            Ok(_) => self.apply_asked(&self.setup()?, &request).await,
            Err(_) => lock.map(drop),
        };
        let failure = match &done {
            Err(error) => Some(match refusal(error) {
                Some(words) => Failed { refused: true, words },
                None => Failed { refused: false, words: error.to_string() },
            }),
            Ok(()) if self.is_live(&request) => None,
            Ok(()) => {
                let words = "it was not there any more when root came to apply it".to_owned();
                Some(Failed { refused: false, words })
            }
        };
        // Where the server has asked for nothing, nobody reads it; and the directory, in which it writes, is its to make.
        if !request.is_empty() {
            let applied =
                serde_json::to_string(&Applied { request, failure }).expect("texts are always JSON");
            files::publish(&self.applied_file(), &applied)?;
        }
        done
    }

    /// Applies the sites that were asked for under that name; where there are none, all as it is: a certificate may
    /// have been replaced.
    async fn apply_asked(&self, setup: &Setup, request: &str) -> Result<(), GatewayFailure> {
        let (live, next, asked) = (self.sites(), files::beside(&self.sites()), self.asked());
        // Of a change that was broken off.
        files::remove(&next).map_err(GatewayFailure::file("remove", &next))?;
        if marker_in(&asked).is_some_and(|marker| marker.as_str() == request) {
            fs::rename(&asked, &next).map_err(GatewayFailure::file("take", &asked))?;
        }
        // Once more: the server may have begun to write another until it was taken away.
        let Some(marker) = marker_in(&next).filter(|marker| marker.as_str() == request) else {
            files::remove(&next).map_err(GatewayFailure::file("remove", &next))?;
            self.nginx.test().await?;
            self.nginx.reload().await?;
            return Probe(setup).until_well().await;
        };
        let whole = setup.main_file(&marker, &next, &self.webroot())?;
        self.apply_change(Change { setup, live: &live, marker: &marker, whole, aside: None }).await
    }

    fn is_live(&self, request: &str) -> bool {
        marker_in(&self.sites()).is_some_and(|marker| marker.as_str() == request)
    }

    fn asked(&self) -> PathBuf {
        self.sites().with_file_name(ASKED_FOR)
    }

    /// Serves the sites, and tells the port of HTTPS.
    async fn serve_sites(&self, sites: &[Site]) -> Result<u16, GatewayFailure> {
        let is_root = rustix::process::geteuid().is_root();
        self.setup()?;
        let _lock = if is_root { Some(self.lock().await?) } else { None };
        let setup = self.setup()?;
        let port = setup.listen_https.port();
        let wanted = files_of(&setup, sites)?;
        let (live, asked) = (self.sites(), self.asked());
        if read_files(&live).is_ok_and(|files| files == wanted)
            && let Some(marker) = marker_in(&live)
            && Probe(&setup).is_live(&marker).await.is_ok()
        {
            // Of a request that nobody answered in time.
            files::remove(&asked).map_err(GatewayFailure::file("remove", &asked))?;
            return Ok(port);
        }
        let marker = Marker::random().map_err(GatewayFailure::file("read", Path::new("/dev/urandom")))?;
        write_files(&asked, &wanted, &setup.marker_file(&marker))?;
        if is_root {
            self.apply_asked(&setup, marker.as_str()).await?;
        } else {
            self.ask_root(marker.as_str()).await?;
        }
        Ok(port)
    }

    fn setup(&self) -> Result<Setup, GatewayFailure> {
        Setup::read(&self.setup_file())?.ok_or(GatewayFailure::NotSetUp)
    }

    /// Asks root to apply, and waits until it has.
    async fn ask_root(&self, request: &str) -> Result<(), GatewayFailure> {
        let deadline = Instant::now() + APPLIED_TIME_MAX;
        let mut ask_at = Instant::now();
        while Instant::now() < deadline {
            if Instant::now() >= ask_at {
                files::publish(&self.request_file(), request)?;
                ask_at += ASKED_AGAIN_AFTER;
            }
            let applied = fs::read(self.applied_file()).ok();
            let applied = applied.and_then(|text| serde_json::from_slice::<Applied>(&text).ok());
            match applied.filter(|applied| applied.request == request).map(|applied| applied.failure) {
                Some(None) => return Ok(()),
                Some(Some(Failed { refused: true, words })) => return Err(GatewayFailure::Refused { words }),
                Some(Some(Failed { refused: false, words })) => return Err(GatewayFailure::Server(words)),
                None => sleep(BETWEEN_LOOKS).await,
            }
        }
        let seconds = APPLIED_TIME_MAX.as_secs();
        Err(GatewayFailure::Server(format!(
            "root did not apply the sites within {seconds} s: see `systemctl status appmanage-gateway.path \
             appmanage-gateway.service`, or run `appmanage gateway apply` as root"
        )))
    }
}

#[async_trait]
impl Gateway for NginxGateway {
    async fn serve(&self, sites: &[Site]) -> Result<u16, GatewayError> {
        self.serve_sites(sites).await.map_err(|error| match refusal(&error) {
            Some(words) => GatewayError::Refused { at_fault: at_fault(&words, sites), words },
            None => GatewayError::Unreachable { reason: error.to_string() },
        })
    }

    async fn own_names(&self) -> Option<Vec<String>> {
        match self.setup() {
            Ok(setup) => Some(setup.names.iter().map(ToString::to_string).collect()),
            Err(GatewayFailure::NotSetUp) => None,
            // What is wrong with it is told where it is to serve.
            Err(_) => Some(Vec::new()),
        }
    }

    async fn own_certificate(&self) -> Option<Vec<u8>> {
        Probe(&self.setup().ok()?).shown_certificate().await
    }
}

/// What nginx said against it, or how it was seen to serve it wrongly.
fn refusal(error: &GatewayFailure) -> Option<String> {
    match error {
        GatewayFailure::Refused { words } | GatewayFailure::Probe(words) => Some(words.clone()),
        GatewayFailure::RolledBack { because, .. } => refusal(because),
        _ => None,
    }
}

/// The sites that nginx's words are about: they name the file of the site, its certificate, or itself.
fn at_fault(words: &str, sites: &[Site]) -> Vec<DomainName> {
    let is_named = |site: &&Site| {
        let certificate = site.certificate.as_ref().map(|path| format!("\"{}\"", path.display()));
        let names = [format!("/{}:", file_name(&site.domain)), format!("\"{}\"", site.domain)];
        names.iter().chain(&certificate).any(|name| words.contains(name))
    };
    sites.iter().filter(is_named).map(|site| site.domain.clone()).collect()
}

fn file_name(domain: &DomainName) -> String {
    format!("{domain}.conf")
}

/// The file of each site, by name, and what all of them share: with them, so that a server which is newer than the main
/// file finds there what its sites name.
fn files_of(setup: &Setup, sites: &[Site]) -> Result<BTreeMap<String, String>, GatewayFailure> {
    let file = |site: &Site| -> Result<_, GatewayFailure> {
        let certificate = site.certificate.as_ref().unwrap_or(&setup.certificate);
        let key = site.certificate.as_ref().unwrap_or(&setup.key);
        let mut values = setup.values()?;
        values.extend([
            ("domain", Value::from(&site.domain)),
            ("upstream", Value::from(site.upstream)),
            ("certificate", Value::path(certificate)?),
            ("key", Value::path(key)?),
        ]);
        Ok((file_name(&site.domain), fill(template::SITE, &values)))
    };
    let limits = Ok((LIMITS_FILE.to_owned(), template::LIMITS.to_owned()));
    sites.iter().map(file).chain([limits]).collect()
}

/// The files of the sites in a folder, without the marker's.
fn read_files(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != MARKER_FILE {
            files.insert(name, fs::read_to_string(entry.path())?);
        }
    }
    Ok(files)
}

fn marker_in(folder: &Path) -> Option<Marker> {
    Marker::in_file(&fs::read_to_string(folder.join(MARKER_FILE)).ok()?)
}

fn write_files(folder: &Path, sites: &BTreeMap<String, String>, marker: &str) -> Result<(), GatewayFailure> {
    let make = || {
        // First: without it, root takes nothing of what is half removed.
        files::remove(&folder.join(MARKER_FILE))?;
        files::remove(folder)?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    };
    make().map_err(GatewayFailure::file("make", folder))?;
    for (name, text) in sites {
        files::write(&folder.join(name), text)?;
    }
    files::write(&folder.join(MARKER_FILE), marker)
}

#[cfg(test)]
mod tests {
    use control::ports::Upstream;

    use super::*;

    #[test]
    fn the_sites_at_fault_are_those_that_nginx_names() {
        let upstream = Upstream { address: "127.0.0.1:80".parse().expect("an address"), tls: false };
        let site = |name: &str| Site {
            domain: DomainName::parse(name).expect("a name"),
            upstream,
            certificate: Some(format!("/certificates/{name}-1.pem").into()),
        };
        let sites = ["a.example", "aa.example", "b.example"].map(site);
        for (words, expected) in [
            (
                "nginx: [emerg] unknown directive \"x\" in /etc/nginx/sites/a.example.conf:7",
                &["a.example"][..],
            ),
            ("cannot load certificate \"/certificates/aa.example-1.pem\": no start line", &["aa.example"]),
            ("another site of this nginx has the name \"b.example\" already, at 0.0.0.0:80", &["b.example"]),
            ("unknown directive \"x\" in /etc/nginx/sites-enabled/ca.example.conf:7", &[]),
            ("cannot load certificate \"/certificates/a.example-12.pem\"", &[]),
        ] {
            let found = at_fault(words, &sites);
            assert_eq!(found.iter().map(DomainName::as_str).collect::<Vec<_>>(), expected, "{words}");
        }
    }

    #[test]
    fn the_limits_that_sites_name_come_with_them_whichever_version_wrote_the_main_file() {
        let files = files_of(&crate::setup::tests::setup(), &[]).expect("nothing in it can be wrong");
        assert!(template::SITE.contains("limit_conn appmanage_site_requests_open "));
        assert!(files[LIMITS_FILE].contains("zone=appmanage_site_requests_open:"));
    }

    #[tokio::test(start_paused = true)]
    async fn root_is_asked_again_until_it_has_done_what_it_was_asked_for() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let gateway = NginxGateway::of(Path::new("/nowhere"), folder.path());
        let root = async {
            for _ in 0..3 {
                while fs::remove_file(gateway.request_file()).is_err() {
                    sleep(BETWEEN_LOOKS).await;
                }
            }
            let other = Applied { request: "other".to_owned(), failure: None };
            let done = Applied { request: "this".to_owned(), failure: None };
            for applied in [other, done] {
                let text = serde_json::to_string(&applied).expect("texts are always JSON");
                fs::write(gateway.applied_file(), text).expect("it can be written");
                sleep(BETWEEN_LOOKS * 2).await;
            }
        };
        let (answer, ()) = tokio::join!(gateway.ask_root("this"), root);
        answer.expect("root did it");
    }

    #[tokio::test]
    async fn to_apply_before_the_server_ever_asked_says_what_is_wrong_and_makes_nothing() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let own = folder.path().join("gateway");
        let gateway = NginxGateway::of(folder.path(), &own);
        let error = gateway.apply().await.expect_err("there is no gateway");
        assert!(matches!(error, GatewayFailure::NotSetUp), "{error}");
        assert!(!own.exists(), "the server makes it, as its user");
    }
}
