//! Archives from a real server of TLS on this machine, which does whatever a server can do wrong.

use std::fs;
use std::sync::atomic::Ordering;

use control::ports::{Catalog as _, Sources as _};
use domain::catalog::SyncReport;
use domain::{CatalogName, CatalogRecord, CatalogSource, Failure, FailureClass, Timestamp};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::*;
use crate::PackageCatalog;
use crate::sources::limits::Budget;
use crate::sources::tls_server::{Authority, Reply, Then, answer};
use crate::sources::{Staging, fetch};

/// A catalog with one package, `notes`, signed by minisign with [`KEY`].
const ARCHIVE: &[u8] = include_bytes!("../../tests/archive/signed.tar.gz");
const SIGNATURE: &[u8] = include_bytes!("../../tests/archive/signed.tar.gz.minisig");
const SUM: &str = "e7cfec22e12e62ce0542ea3e3e9ec7e163006a1df7a630379bb19e0060cc108f";
const KEY: &str = "RWTSEGcpv+zP4S6ZPOeDZjES3lkSYWJxH+GAo2RxLhuQo4b4mYTB4WW0";

fn file(body: &[u8]) -> Reply {
    answer("200 OK", &format!("Content-Length: {}\r\n", body.len()), body, Then::Close)
}

fn moved(location: &str) -> Reply {
    answer("302 Found", &format!("Location: {location}\r\nContent-Length: 0\r\n"), b"", Then::Close)
}

/// What the server of most tests answers.
fn odd(path: &str) -> Reply {
    let endless = "Content-Type: application/gzip\r\n";
    match path {
        "/store.tar.gz" | "/unsigned.tar.gz" | "/forged.tar.gz" => file(ARCHIVE),
        "/store.tar.gz.minisig" => file(SIGNATURE),
        "/forged.tar.gz.minisig" => file(&SIGNATURE.to_ascii_lowercase()),
        "/there.tar.gz" => moved("/store.tar.gz"),
        "/http.tar.gz" => moved("http://127.0.0.1/store.tar.gz"),
        "/file.tar.gz" => moved("file:///etc/passwd"),
        "/relative.tar.gz" => moved("store.tar.gz"),
        "/loop.tar.gz" => moved("/loop.tar.gz"),
        "/broken.tar.gz" => answer("500 Internal Server Error", "Content-Length: 0\r\n", b"", Then::Close),
        "/truncated.tar.gz" => answer("200 OK", "Content-Length: 999\r\n", ARCHIVE, Then::Close),
        "/short.tar.gz" => answer("200 OK", "Content-Length: 99\r\n", ARCHIVE, Then::Close),
        "/large.tar.gz" => answer("200 OK", "Content-Length: 999999999999\r\n", b"", Then::Silence),
        "/page.tar.gz" => file(b"<html>Welcome</html>"),
        "/noise.tar.gz" => Reply(b"SSH-2.0-OpenSSH\r\n".to_vec(), Then::Close),
        "/nothing.tar.gz" => Reply(Vec::new(), Then::Close),
        "/silent.tar.gz" => Reply(Vec::new(), Then::Silence),
        "/stuck.tar.gz" => answer("200 OK", "Content-Length: 999\r\n", ARCHIVE, Then::Silence),
        "/drip.tar.gz" => answer("200 OK", endless, b"", Then::Drip),
        "/endless.tar.gz" => answer("200 OK", endless, b"", Then::Repeat),
        "/bomb.tar.gz" => file(&bomb()),
        _ => answer("404 Not Found", "Content-Length: 0\r\n", b"", Then::Close),
    }
}

/// 64 MB of zeros, in some 64 KB.
fn bomb() -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..5].copy_from_slice(b"zeros");
    header[124..136].copy_from_slice(b"00400000000\0");
    header[148..156].fill(b' ');
    header[156] = b'0';
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut packed, &header).expect("in memory");
    for _ in 0..64 {
        io::Write::write_all(&mut packed, &vec![0; 1 << 20]).expect("in memory");
    }
    packed.finish().expect("in memory")
}

/// A server with one catalog, which is synced from different places.
struct Server {
    _data: TempDir,
    catalog: PackageCatalog,
    authority: Authority,
    records: Vec<CatalogRecord>,
}

impl Server {
    fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let authority = Authority::named("trusted");
        let catalog = PackageCatalog::load(None, data.path().join("catalogs")).catalog;
        let catalog = catalog.trusting(vec![authority.certificate()]);
        Self { _data: data, catalog, authority, records: Vec::new() }
    }

    async fn sync(
        &mut self,
        url: &str,
        sha256: Option<&str>,
        key: Option<&str>,
    ) -> Result<SyncReport, Failure> {
        let source = CatalogSource::parse(url, None, sha256, key).expect("a source");
        let name = CatalogName::parse("store").expect("a name");
        let staged = self.catalog.stage(&name, &source, Arc::default()).await?;
        let report = staged.report().clone();
        staged.put_in_place()?;
        let added_at = Timestamp::from_millis(1);
        let synced = Some(domain::catalog::Synced { at: added_at, report: report.clone() });
        self.records =
            vec![CatalogRecord { name, source, is_trusted: false, added_at, synced, failed: None }];
        assert_eq!(self.catalog.serve(&self.records), []);
        Ok(report)
    }

    /// Syncs, which fails, and leaves what is in use as it is and nothing else. Returns why.
    async fn fails(&mut self, url: &str, key: Option<&str>) -> (FailureClass, String) {
        let failure = self.sync(url, Some(SUM).filter(|_| key.is_none()), key).await;
        let failure = failure.expect_err(url);
        assert_eq!(failure.subject, url);
        assert!(self.catalog.find("notes@store").is_some(), "{url}");
        assert_eq!(fs::read_dir(&self.catalog.folder).expect("it is there").count(), 1, "{url}");
        (failure.class, failure.detail)
    }
}

#[tokio::test]
async fn an_archive_is_taken_by_its_sum_by_its_signature_and_from_where_it_leads_on_to() {
    let mut server = Server::start();
    let at = server.authority.serve("127.0.0.1", 2100, odd).await;
    for (path, sha256, key) in [
        ("/store.tar.gz", Some(SUM), None),
        ("/store.tar.gz", None, Some(KEY)),
        ("/store.tar.gz", Some(SUM), Some(KEY)),
        ("/there.tar.gz", Some(SUM), None),
    ] {
        let report = server.sync(&format!("{at}{path}"), sha256, key).await.expect(path);
        assert_eq!((report.packages, &*report.revision), (1, SUM));
        assert!(server.catalog.find("notes@store").is_some());
    }
}

#[tokio::test]
async fn what_a_server_does_wrong_is_told_in_words_and_what_was_in_use_stays() {
    use FailureClass::{CatalogNotGenuine, CatalogTooLarge, CatalogUnreachable};
    let mut server = Server::start();
    let at = server.authority.serve("127.0.0.1", 2100, odd).await;
    server.sync(&format!("{at}/store.tar.gz"), Some(SUM), None).await.expect("it is sound");
    for (path, key, class, words) in [
        ("/gone.tar.gz", None, CatalogUnreachable, "it answers 404 Not Found"),
        ("/broken.tar.gz", None, CatalogUnreachable, "it answers 500 Internal Server Error"),
        (
            "/http.tar.gz",
            None,
            CatalogUnreachable,
            "leads on to \"http://127.0.0.1/store.tar.gz\", which is no",
        ),
        (
            "/file.tar.gz",
            None,
            CatalogUnreachable,
            "leads on to \"file:///etc/passwd\", which is no https URL",
        ),
        ("/relative.tar.gz", None, CatalogUnreachable, "leads on to \"store.tar.gz\", which is no https URL"),
        ("/loop.tar.gz", None, CatalogUnreachable, "it leads on more than 5 times"),
        ("/truncated.tar.gz", None, CatalogUnreachable, "it breaks off: "),
        ("/noise.tar.gz", None, CatalogUnreachable, "it does not answer: "),
        ("/nothing.tar.gz", None, CatalogUnreachable, "it does not answer: "),
        ("/large.tar.gz", None, CatalogTooLarge, "it has more than 262144 KB"),
        ("/short.tar.gz", None, CatalogNotGenuine, "SHA-256 is "),
        ("/page.tar.gz", None, CatalogNotGenuine, "SHA-256 is "),
        ("/bomb.tar.gz", None, CatalogNotGenuine, "SHA-256 is "),
        ("/unsigned.tar.gz", Some(KEY), CatalogUnreachable, "its signature, https://127.0.0.1"),
        ("/forged.tar.gz", Some(KEY), CatalogNotGenuine, "the signature: "),
    ] {
        let failure = server.fails(&format!("{at}{path}"), key).await;
        assert!(failure.0 == class && failure.1.contains(words), "{path}: {failure:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_good_is_told_with_what_is_wrong_with_it() {
    let mut server = Server::start();
    let at = server.authority.serve("127.0.0.1", 2100, odd).await;
    server.sync(&format!("{at}/store.tar.gz"), Some(SUM), None).await.expect("it is sound");
    let stranger = Authority::named("stranger");
    for (at, words) in [
        (stranger.serve("127.0.0.1", 2100, odd).await, "authority that this machine does not trust"),
        (server.authority.serve("127.0.0.1", 2021, odd).await, "that has expired"),
        (server.authority.serve("other.example", 2100, odd).await, "a certificate of another host"),
    ] {
        let failure = server.fails(&format!("{at}/store.tar.gz"), None).await;
        assert_eq!(failure.0, FailureClass::CatalogUnreachable);
        assert!(failure.1.starts_with("it shows a certificate ") && failure.1.contains(words), "{failure:?}");
    }
    // Nobody is there, and somebody who speaks no TLS.
    let (left, plain) = (port().await, port().await);
    let nobody = left.local_addr().expect("it has one");
    drop(left);
    let failure = server.fails(&format!("https://{nobody}/store.tar.gz"), None).await;
    assert!(failure.1.starts_with("it cannot be reached: "), "{failure:?}");
    let at = format!("https://{}/store.tar.gz", plain.local_addr().expect("it has one"));
    let speak = async {
        let (mut stream, _) = plain.accept().await.expect("somebody comes");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("they listen");
        stream.read_to_end(&mut Vec::new()).await.ok();
    };
    let (failure, ()) = tokio::join!(server.fails(&at, None), speak);
    assert!(failure.1.starts_with("it cannot be reached by TLS: "), "{failure:?}");
}

async fn port() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).await.expect("a port")
}

#[tokio::test]
async fn who_sends_a_byte_now_and_then_is_not_listened_to_for_ever() {
    let mut server = Server::start();
    let at = server.authority.serve("127.0.0.1", 2100, odd).await;
    server.sync(&format!("{at}/store.tar.gz"), Some(SUM), None).await.expect("it is sound");
    // Instead of a quarter of an hour.
    server.catalog.sync_time_max = Duration::from_secs(1);
    let began = tokio::time::Instant::now();
    let failure = server.fails(&format!("{at}/drip.tar.gz"), None).await;
    assert_eq!(failure, (FailureClass::CatalogTooLarge, "longer than 15 minutes".to_owned()));
    assert!(began.elapsed() < SILENCE_MAX, "it was never silent");
}

#[tokio::test]
async fn who_is_silent_is_not_waited_for() {
    let mut server = Server::start();
    let at = server.authority.serve("127.0.0.1", 2100, odd).await;
    server.sync(&format!("{at}/store.tar.gz"), Some(SUM), None).await.expect("it is sound");
    for path in ["/silent.tar.gz", "/stuck.tar.gz"] {
        let answered = Arc::clone(&server.authority.answered);
        let before = answered.load(Ordering::SeqCst);
        // From when it was answered, time passes as soon as nobody has anything to do.
        let stop_the_clock = async {
            while answered.load(Ordering::SeqCst) == before {
                tokio::task::yield_now().await;
            }
            tokio::time::pause();
        };
        let url = format!("{at}{path}");
        let (failure, ()) = tokio::join!(server.fails(&url, None), stop_the_clock);
        let words = format!("it is silent for {} seconds", SILENCE_MAX.as_secs());
        assert_eq!(failure, (FailureClass::CatalogUnreachable, words), "{path}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn no_more_is_taken_than_may_be_however_it_comes() {
    let authority = Authority::named("trusted");
    let at = authority.serve("127.0.0.1", 2100, odd).await;
    let trusted = [authority.certificate()];
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("archive");
    let endless =
        Https::trusting(&trusted).download(&format!("{at}/endless.tar.gz"), "it", &to, 1 << 20).await;
    assert!(matches!(&endless, Err(FetchError::TooLarge(words)) if words == "it has more than 1024 KB"));
    assert!(fs::metadata(&to).expect("it is there").len() <= 1 << 20);

    // A bomb that is what its publisher says it is.
    let staging = Arc::new(Staging::make(folder.path()).expect("a folder"));
    let sum = crate::sources::hex(&<sha2::Sha256 as sha2::Digest>::digest(bomb()));
    let source = CatalogSource::parse(&format!("{at}/bomb.tar.gz"), None, Some(&sum), None);
    let fetched = fetch(&staging, &source.expect("a source"), Budget::of(8 << 20, 100), &trusted).await;
    assert!(matches!(&fetched, Err(FetchError::TooLarge(_))), "{fetched:?}");
    let unpacked = fs::metadata(staging.path("source").join("zeros")).map_or(0, |file| file.len());
    assert!(unpacked <= 8 << 20, "{unpacked} bytes");
}
