//! Repositories that are too much, and servers that do not answer.

use std::fs;
use std::path::PathBuf;
use std::process::Command as Program;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use control::ports::{Catalog as _, Sources as _};
use domain::{CatalogName, CatalogSource, FailureClass};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;
use crate::PackageCatalog;
use crate::sources::limits::TIME_MAX;
use crate::sources::tls_server::{Authority, Reply, Then, answer};

/// A repository of this machine with these files, as a URL.
fn repository(files: &[(&str, &[u8])]) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is below")).expect("made");
        fs::write(path, content).expect("written");
    }
    git(&folder, &["init", "--quiet", "--initial-branch=main"]);
    git(&folder, &["add", "--all"]);
    commit_all(&folder);
    let url = format!("file://{}", folder.path().display());
    (folder, url)
}

fn commit_all(folder: &TempDir) {
    git(folder, &["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message=x"]);
}

#[expect(clippy::disallowed_methods, reason = "tests make repositories with git itself")]
fn git(folder: &TempDir, arguments: &[&str]) {
    let done = Program::new("git").arg("-C").arg(folder.path()).args(arguments).output();
    let done = done.expect("git is there");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Bytes that no program makes shorter (xorshift).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..length / 8).flat_map(|_| next()).collect()
}

async fn cloned(url: &str, budget: Budget) -> (TempDir, Result<String, FetchError>) {
    let around = tempfile::tempdir().expect("a folder");
    let cloned = clone(url, None, &around.path().join("source"), &budget).await;
    (around, cloned)
}

#[tokio::test]
async fn a_repository_that_is_too_large_is_not_taken_whatever_makes_it_so() {
    let one_large = noise(4 << 20);
    let packs_well = vec![0; 32 << 20];
    let many: Vec<String> = (0..300).map(|number| format!("app{number}/compose.yaml")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|path| (&**path, &b"x"[..])).collect();
    for (what, files, bytes) in [
        ("one large file", &[("large", &*one_large)][..], 1 << 20),
        ("a file that packs well", &[("zeros", &*packs_well)], 16 << 20),
        ("many files", &many, 1 << 30),
    ] {
        let (_repository, url) = repository(files);
        let (_folder, refused) = cloned(&url, Budget::of(bytes, 500)).await;
        assert!(matches!(refused, Err(FetchError::TooLarge(_))), "{what}: {refused:?}");
        // It is these limits that it fails for.
        let (_folder, taken) = cloned(&url, Budget::of(1 << 30, 100_000)).await;
        assert!(taken.is_ok(), "{what}: {taken:?}");
    }
}

#[tokio::test]
async fn git_is_ended_as_soon_as_it_has_written_too_much() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = silent.local_addr().expect("it has one").to_string();
    let around = tempfile::tempdir().expect("a folder");
    let (to, url, budget) =
        (around.path().join("source"), format!("https://{address}/store"), Budget::of(1 << 20, 100));
    // It is at work for as long as nobody answers, and in its folder there is too much.
    let grow = async {
        let (stream, _) = silent.accept().await.expect("git comes");
        fs::create_dir_all(&to).expect("made");
        fs::write(to.join("large"), noise(2 << 20)).expect("written");
        stream
    };
    let (refused, _stream) = tokio::join!(clone(&url, None, &to, &budget), grow);
    assert!(matches!(refused, Err(FetchError::TooLarge(_))), "{refused:?}");
    are_gone(&address).await;
}

/// Processes of git that were given that address, by id.
fn processes(address: &str) -> Vec<PathBuf> {
    let all = fs::read_dir("/proc").expect("it is there").flatten().map(|entry| entry.path());
    let is_meant = |process: &PathBuf| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        line.starts_with("git") && line.contains(address)
    };
    all.filter(is_meant).collect()
}

/// Waits until no such process is there any more.
async fn are_gone(address: &str) {
    let gone = async {
        while !processes(address).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("git is ended");
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_waited_for_and_no_git_is_left() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = silent.local_addr().expect("it has one").to_string();
    let data = tempfile::tempdir().expect("a folder");
    let catalog = PackageCatalog::load(None, data.path()).catalog;
    let url = format!("https://{address}/store");
    let source = CatalogSource::parse(&url, None, None, None).expect("a source");
    let name = CatalogName::parse("store").expect("a name");
    let began = tokio::time::Instant::now();
    let called = async {
        let (stream, _) = silent.accept().await.expect("git comes");
        // git has a child for it: both are limited.
        for process in processes(&address) {
            let limits = fs::read_to_string(process.join("limits")).expect("it runs");
            let limit = format!("Max address space         {MEMORY_BYTES_MAX} ");
            assert!(limits.contains(&limit), "{limits}");
        }
        assert!(!processes(&address).is_empty());
        // From now on time passes as soon as nobody has anything to do.
        tokio::time::pause();
        stream
    };
    let (staged, _stream) = tokio::join!(catalog.stage(&name, &source, Arc::default()), called);
    tokio::time::resume();
    let failure = staged.err().expect("nobody answers");
    assert_eq!((failure.class, &*failure.subject), (FailureClass::CatalogTooLarge, &*url));
    assert_eq!(failure.detail, "longer than 15 minutes");
    assert!(began.elapsed() >= TIME_MAX);
    are_gone(&address).await;
    assert_eq!(fs::read_dir(data.path()).expect("it is there").count(), 0, "nothing is left on the disk");
    assert!(catalog.find("notes@store").is_none());
}

/// What a server of git says first; and then no more.
fn unfinished(_: &str) -> Reply {
    let headers = "Content-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 999\r\n";
    answer("200 OK", headers, b"001e# service=git-upload-pack\n0000", Then::Silence)
}

#[tokio::test]
async fn a_server_that_stops_in_the_midst_of_it_is_not_waited_for() {
    let authority = Authority::named("trusted");
    let at = authority.serve("127.0.0.1", 2100, unfinished).await;
    let around = tempfile::tempdir().expect("a folder");
    let file = around.path().join("authority.pem");
    fs::write(&file, authority.pem()).expect("written");
    let trusted = format!("http.sslCAInfo={}", file.display());
    // A second instead of two minutes; and what has come by then counts as nothing.
    let settings = [&*trusted, "http.lowSpeedTime=1", "http.lowSpeedLimit=1000"];
    let (to, url) = (around.path().join("source"), format!("{at}/store"));
    let refused = clone_with(&settings, &url, None, &to, &Budget::of(1 << 20, 100)).await;
    let Err(FetchError::Unreachable(words)) = refused else { panic!("{refused:?}") };
    assert!(words.contains("Operation too slow"), "{words}");
    assert_eq!(authority.answered.load(Ordering::SeqCst), 1);
    are_gone(&at).await;
}

#[tokio::test]
async fn submodules_and_large_files_elsewhere_are_not_fetched() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 99999999999\n";
    let (repository, _) = repository(&[("notes/compose.yaml", b"services: {}"), ("notes/icon.png", pointer)]);
    let commit = "0123456789012345678901234567890123456789";
    git(&repository, &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},other")]);
    commit_all(&repository);
    let url = format!("file://{}", repository.path().display());
    let (folder, taken) = cloned(&url, Budget::of(1 << 20, 200)).await;
    assert_eq!(taken.expect("it is sound").len(), 40);
    let source = folder.path().join("source");
    assert_eq!(fs::read(source.join("notes/icon.png")).expect("it is there"), pointer);
    assert_eq!(fs::read_dir(source.join("other")).expect("it is there").count(), 0);
}

#[tokio::test]
async fn no_other_transport_is_used_whatever_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let marker = folder.path().join("was-run");
    let touch = format!("touch {}", marker.display());
    for url in [
        format!("ext::sh -c \"{touch}\""),
        format!("fd::0/{}", marker.display()),
        "ssh://127.0.0.1:1/x".to_owned(),
        "git://127.0.0.1:1/x".to_owned(),
        "http://127.0.0.1:1/x".to_owned(),
        format!("--upload-pack={touch}"),
        format!("-u{touch}"),
    ] {
        assert!(CatalogSource::parse(&url, None, None, None).is_err(), "{url}");
        // Nor by git itself, if it came so far.
        let (_folder, refused) = cloned(&url, Budget::of(1 << 20, 100)).await;
        assert!(matches!(refused, Err(FetchError::Unreachable(_))), "{url}: {refused:?}");
    }
    assert!(!marker.exists(), "something was run");
}
