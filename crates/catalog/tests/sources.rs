//! Catalogs of others, as a server has them: fetched from real folders and real git repositories, kept over restarts.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use catalog::PackageCatalog;
use catalog::formats::APPS_MAX;
use control::ports::{Catalog, KnownRisks, Sources, SyncProgress};
use domain::catalog::{SyncReport, Synced};
use domain::{CatalogName, CatalogRecord, CatalogSource, Failure, FailureClass, Risk, Rule, Timestamp};
use tempfile::TempDir;
use tokio::net::TcpListener;

const NOTES: &str = r#"
x-appmanage:
  trademark: Notes
  description: { zh: 笔记, en: Notes for everybody }
  categories: [office]
  versions: [{ name: "1" }]
  requirements: { cpu_cores: 1, memory: 16M, disk: 16M }
services:
  notes: { image: "example/notes:1" }
"#;

/// A server's folder of catalogs.
struct Server {
    data: TempDir,
    catalog: PackageCatalog,
    records: Vec<CatalogRecord>,
}

impl Server {
    fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let catalog = open(data.path());
        Self { data, catalog, records: Vec::new() }
    }

    fn restart(&mut self) -> Vec<(CatalogName, String)> {
        self.catalog = open(self.data.path());
        self.catalog.serve(&self.records)
    }

    fn folder(&self, catalog: &str) -> std::path::PathBuf {
        self.data.path().join("catalogs").join(catalog)
    }

    /// Adds a catalog if it is new, and syncs it.
    async fn sync(&mut self, catalog: &str, source: &str) -> Result<SyncReport, Failure> {
        let source = CatalogSource::parse(source, None, None, None).expect("a source");
        let name = CatalogName::parse(catalog).expect("a name");
        if !self.records.iter().any(|record| record.name == name) {
            let (name, source) = (name.clone(), source.clone());
            let added_at = Timestamp::from_millis(1);
            self.records.push(CatalogRecord {
                name,
                source,
                is_trusted: false,
                added_at,
                synced: None,
                failed: None,
            });
        }
        let staged = self.catalog.stage(&name, &source, Arc::new(SyncProgress::default())).await?;
        let report = staged.report().clone();
        staged.put_in_place()?;
        let record = self.records.iter_mut().find(|record| record.name == name).expect("it was added");
        record.synced = Some(Synced { at: Timestamp::from_millis(2), report: report.clone() });
        assert_eq!(self.catalog.serve(&self.records), []);
        Ok(report)
    }
}

fn open(data: &Path) -> PackageCatalog {
    PackageCatalog::load(None, data.join("catalogs")).catalog
}

fn put(folder: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("it is below")).expect("made");
    fs::write(path, content).expect("written");
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn path(folder: &TempDir) -> String {
    folder.path().display().to_string()
}

#[tokio::test]
async fn a_folder_is_a_catalog_and_each_sync_tells_what_is_different() {
    let (mut server, store) = (Server::start(), folder());
    put(store.path(), "notes/compose.yaml", NOTES);
    put(store.path(), "old/compose.yaml", NOTES);
    put(store.path(), "sick/compose.yaml", "x-appmanage: 1");
    let report = server.sync("store", &path(&store)).await.expect("it is sound");
    assert_eq!((report.packages, &*report.format), (2, "appmanage"));
    assert_eq!(report.new.first, ["notes", "old"]);
    assert_eq!((report.unreadable.count, &*report.unreadable.first[0].app), (1, "sick"));
    assert!(report.unreadable.first[0].reason.contains("line 1"), "{report:?}");
    let found = server.catalog.find("NOTES").expect("it is there");
    assert_eq!((&*found.catalog, &*found.compose, found.official), ("store", NOTES, false));

    put(store.path(), "notes/compose.yaml", NOTES.replace("Notes for", "Papers for"));
    put(store.path(), "young/compose.yaml", NOTES);
    fs::remove_dir_all(store.path().join("old")).expect("removed");
    let report = server.sync("store", &path(&store)).await.expect("it is sound");
    assert_eq!(
        (report.new.first, report.changed.first, report.gone.first),
        (vec!["young".to_owned()], vec!["notes".to_owned()], vec!["old".to_owned()])
    );
    assert!(server.catalog.find("old").is_none());
    assert_eq!(fs::read_dir(server.folder("store")).expect("there").count(), 1, "the old one is gone");
    let report = server.sync("store", &path(&store)).await.expect("it is sound");
    assert_eq!((report.new.count, report.changed.count, report.gone.count), (0, 0, 0));
}

#[tokio::test]
async fn names_that_clash_are_told_apart_and_found_by_preference() {
    let (mut server, first, second) = (Server::start(), folder(), folder());
    put(first.path(), "notes/compose.yaml", NOTES);
    put(first.path(), "redis/compose.yaml", NOTES);
    put(second.path(), "packages/notes/compose.yaml", NOTES.replace("Notes", "Papers"));
    server.sync("first", &path(&first)).await.expect("it is sound");
    server.sync("second", &path(&second)).await.expect("it is sound");
    let of = |server: &Server, name: &str| server.catalog.find(name).map(|package| package.catalog.clone());
    assert_eq!(of(&server, "notes").as_deref(), Some("first"));
    assert_eq!(of(&server, "notes@second").as_deref(), Some("second"));
    assert_eq!(of(&server, "notes@third"), None);
    assert_eq!(of(&server, "redis").as_deref(), Some("builtin"), "what ships comes first");
    assert_eq!(of(&server, "redis@first").as_deref(), Some("first"));
    server.records[1].is_trusted = true;
    server.catalog.serve(&server.records);
    assert_eq!(of(&server, "notes").as_deref(), Some("second"), "who is not trusted takes no name");
    let entries = server.catalog.entries();
    let notes: Vec<_> = entries.iter().filter(|entry| entry.name == "notes").map(|it| &*it.catalog).collect();
    assert_eq!(notes, ["first", "second"]);
}

#[tokio::test]
async fn what_is_synced_is_there_after_a_restart_and_what_is_removed_is_not() {
    let (mut server, store) = (Server::start(), folder());
    put(store.path(), "notes/compose.yaml", NOTES);
    server.sync("store", &path(&store)).await.expect("it is sound");
    let entry = server.catalog.entry("notes").expect("it is there");
    let risks = vec![Risk { rule: Rule::Privileged, service: "web".into(), subject: "privileged".into() }];
    let known = KnownRisks { fingerprint: entry.fingerprint.clone(), version: "1".into(), risks };
    server.catalog.remember(&known);
    server.catalog.remember(&KnownRisks { fingerprint: "of no package".into(), ..known.clone() });
    // What a crash leaves: a sync, and a line that is not whole.
    put(server.data.path(), "catalogs/.staging-7/source/x", "x");
    let mut file = fs::OpenOptions::new().append(true).open(server.folder("risks.jsonl")).expect("there");
    std::io::Write::write_all(&mut file, b"{\"server\":").expect("written");

    assert_eq!(server.restart(), []);
    assert_eq!(server.catalog.entry("notes"), Some(entry));
    assert_eq!(server.catalog.known_risks(), std::slice::from_ref(&known));
    assert_eq!(fs::read_to_string(server.folder("risks.jsonl")).expect("there").lines().count(), 1);
    assert!(!server.folder(".staging-7").exists());

    server.records.clear();
    assert_eq!(server.restart(), []);
    assert!(server.catalog.find("notes").is_none() && !server.folder("store").exists());
    assert!(server.catalog.known_risks().is_empty());
}

#[test]
fn a_package_is_found_whole_while_syncs_replace_it() {
    const FILES: usize = 60;
    const SYNCS: u32 = 30;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (mut server, store) = (Server::start(), folder());
    let offer = |number: u32| {
        put(store.path(), "notes/compose.yaml", NOTES.replace("Notes", &format!("Notes {number}")));
        for file in 0..FILES {
            put(store.path(), &format!("notes/files/{file}"), format!("{number}"));
        }
    };
    offer(0);
    runtime.block_on(server.sync("store", &path(&store))).expect("it is sound");
    let (catalog, records, ends) = (&server.catalog, &server.records, &AtomicBool::new(false));
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            while !ends.load(Ordering::SeqCst) {
                let found = catalog.find("notes@store").expect("it is there");
                let number = found.trademark.rsplit(' ').next().unwrap_or_default().as_bytes();
                assert_eq!(found.files.len(), FILES);
                assert!(found.files.iter().all(|file| &*file.bytes == number), "parts of two");
            }
        });
        for number in 1..=SYNCS {
            offer(number);
            let staged = catalog.stage(&records[0].name, &records[0].source, Arc::default());
            runtime.block_on(staged).expect("it is sound").put_in_place().expect("there is room");
            assert_eq!(catalog.serve(records), []);
        }
        ends.store(true, Ordering::SeqCst);
        reader.join().expect("each was whole");
    });
}

#[tokio::test]
async fn a_catalog_of_too_many_apps_is_refused_and_not_cut() {
    let (mut server, store) = (Server::start(), folder());
    put(store.path(), "apps/a/data.yml", "additionalProperties: { key: a, name: A }\n");
    for number in 0..APPS_MAX {
        fs::create_dir(store.path().join(format!("apps/app{number}"))).expect("made");
    }
    let failure = server.sync("store", &store.path().display().to_string()).await.expect_err("one too many");
    assert_eq!(failure.class, FailureClass::CatalogTooLarge, "{failure}");
    assert!(failure.detail.contains("it has 10001 apps, more than the 10000"), "{failure}");
}

#[tokio::test]
async fn a_sync_that_fails_leaves_what_was_there() {
    let (mut server, store) = (Server::start(), folder());
    put(store.path(), "notes/compose.yaml", NOTES);
    server.sync("store", &path(&store)).await.expect("it is sound");
    fs::remove_file(store.path().join("notes/compose.yaml")).expect("removed");
    let class = |outcome: Result<SyncReport, Failure>| outcome.expect_err("it is broken").class;
    assert_eq!(class(server.sync("store", &path(&store)).await), FailureClass::CatalogFormat);
    put(store.path(), "notes/compose.yaml", "x-appmanage: {}");
    assert_eq!(class(server.sync("store", &path(&store)).await), FailureClass::CatalogFormat);
    fs::remove_dir_all(store.path()).expect("removed");
    assert_eq!(class(server.sync("store", &path(&store)).await), FailureClass::CatalogUnreachable);
    assert!(server.catalog.find("notes").is_some());
    let left = fs::read_dir(server.data.path().join("catalogs")).expect("there").count();
    assert_eq!(left, 1, "nothing is left of what failed");
    assert_eq!(server.restart(), []);
    assert!(server.catalog.find("notes").is_some());
}

#[tokio::test]
async fn a_crash_at_any_step_leaves_what_was_there() {
    let (mut server, store) = (Server::start(), folder());
    put(store.path(), "notes/compose.yaml", NOTES);
    server.sync("store", &path(&store)).await.expect("it is sound");
    put(store.path(), "young/compose.yaml", NOTES);
    let source = CatalogSource::Directory(store.path().to_owned());
    let name = CatalogName::parse("store").expect("a name");
    // It dies while it fetches and translates: at whichever await that is.
    for polls in 0..6 {
        let mut sync = server.catalog.stage(&name, &source, Arc::default());
        for _ in 0..polls {
            let polled = futures_util::poll!(&mut sync);
            if polled.is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    // And when all is there but the last step: that of a life that ended.
    let staged = server.catalog.stage(&name, &source, Arc::default()).await.expect("it is sound");
    std::mem::forget(staged);
    assert_eq!(server.restart(), []);
    assert!(server.catalog.find("notes").is_some() && server.catalog.find("young").is_none());
    // After the last step, with the old one still there.
    server.sync("store", &path(&store)).await.expect("it is sound");
    fs::create_dir_all(server.folder("store").join("1/packages")).expect("made");
    assert_eq!(server.restart(), []);
    assert!(server.catalog.find("young").is_some() && !server.folder("store").join("1").exists());
}

#[tokio::test]
async fn a_catalog_that_cannot_be_read_is_told_and_harms_no_other() {
    let (mut server, one, other) = (Server::start(), folder(), folder());
    put(one.path(), "notes/compose.yaml", NOTES);
    put(other.path(), "papers/compose.yaml", NOTES);
    server.sync("one", &path(&one)).await.expect("it is sound");
    server.sync("other", &path(&other)).await.expect("it is sound");
    for damage in ["", "{}", "\u{0}", "{\"schema\":99,\"format\":\"\",\"revision\":\"\",\"packages\":[]}"] {
        fs::write(server.folder("one").join("1/index.json"), damage).expect("written");
        let broken = server.restart();
        assert_eq!(broken.len(), 1, "{damage}");
        assert!(server.catalog.broken().iter().any(|told| told.starts_with("one: ")), "{damage}");
        assert!(server.catalog.find("notes").is_none() && server.catalog.find("papers").is_some());
    }
    let report = server.sync("one", &path(&one)).await.expect("it is mended");
    assert_eq!(report.packages, 1);
    fs::remove_dir_all(server.folder("one")).expect("removed");
    assert_eq!(server.restart().len(), 1, "there should be something");
    // A package that was taken away by hand.
    fs::remove_dir_all(server.folder("other").join("1/packages/papers")).expect("removed");
    assert!(server.catalog.find("papers").is_none());
}

#[test]
fn what_was_fetched_for_a_sync_that_is_given_up_is_not_deleted_by_a_thread_that_answers_calls() {
    // One thread answers calls, and one is for what blocks.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(1).build().expect("a runtime");
    runtime.block_on(async {
        let silent = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("https://{}/store.tar.gz", silent.local_addr().expect("it has one"));
        let sum = "0".repeat(64);
        let source = CatalogSource::parse(&url, None, Some(&sum), None).expect("a source");
        let name = CatalogName::parse("store").expect("a name");
        let server = Server::start();
        let left = || fs::read_dir(server.data.path().join("catalogs")).expect("it is there").count();
        let mut sync = server.catalog.stage(&name, &source, Arc::default());
        tokio::select! {
            staged = &mut sync => panic!("nobody answered: {:?}", staged.err()),
            _ = silent.accept() => {}
        }
        let (let_go, taken) = std::sync::mpsc::channel::<()>();
        let blocking = tokio::task::spawn_blocking(move || taken.recv().is_ok());
        drop(sync);
        assert_eq!(left(), 1, "it was deleted here and now");
        let_go.send(()).expect("it waits");
        assert!(blocking.await.expect("it does not panic"));
        // There is one thread: whatever is done on it has come after the deletion.
        tokio::task::spawn_blocking(|| ()).await.expect("it does not panic");
        assert_eq!(left(), 0, "it was not deleted");
    });
}

/// A repository with these files, as `file://`.
fn repository(prepare: impl FnOnce(&Path)) -> (TempDir, String) {
    let repository = folder();
    prepare(repository.path());
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message=x"],
    ] {
        git(repository.path(), arguments);
    }
    let url = format!("file://{}", repository.path().display());
    (repository, url)
}

#[expect(clippy::disallowed_methods, reason = "tests make repositories with git itself")]
fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git").arg("-C").arg(folder).args(arguments).output().expect("git is there");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn a_repository_is_a_catalog_at_its_newest_commit() {
    let mut server = Server::start();
    let (repository, url) = repository(|folder| put(folder, "packages/notes/compose.yaml", NOTES));
    let first = server.sync("store", &url).await.expect("it is sound");
    assert_eq!((first.packages, first.revision.len()), (1, 40));
    put(repository.path(), "packages/young/compose.yaml", NOTES);
    git(repository.path(), &["add", "--all"]);
    git(
        repository.path(),
        &["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-mx"],
    );
    let second = server.sync("store", &url).await.expect("it is sound");
    assert_eq!(second.new.first, ["young"]);
    assert_ne!(first.revision, second.revision);
}

#[tokio::test]
async fn nothing_of_a_repository_is_run_and_no_link_is_followed() {
    let mut server = Server::start();
    let outside = folder();
    let marker = outside.path().join("was-run");
    let run = format!("touch {}", marker.display());
    put(outside.path(), "secret", "secret");
    let (repository, url) = repository(|folder| {
        put(folder, "notes/compose.yaml", NOTES);
        put(folder, ".gitattributes", "* filter=evil diff=lfs merge=lfs\n*.svg filter=lfs -text\n");
        put(folder, ".gitconfig", format!("[filter \"evil\"]\n smudge = {run}\n"));
        put(folder, ".lfsconfig", "[lfs]\n url = https://127.0.0.1:1/\n");
        put(folder, ".gitmodules", "[submodule \"x\"]\n path = x\n url = https://127.0.0.1:1/x\n");
        put(folder, "hooks/post-checkout", format!("#!/bin/sh\n{run}\n"));
        symlink(outside.path(), folder.join("linked")).expect("linked");
        symlink(outside.path().join("secret"), folder.join("notes/.env")).expect("linked");
        symlink("/etc/passwd", folder.join("notes/icon.svg")).expect("linked");
    });
    // The repository's own, on its own machine.
    for setting in ["filter.evil.smudge", "uploadpack.packObjectsHook", "core.fsmonitor"] {
        git(repository.path(), &["config", setting, &run]);
    }
    // An icon that is a link is a file that holds the link's words: no picture.
    let outcome = server.sync("store", &url).await;
    assert!(!marker.exists(), "something was run");
    let failure = outcome.expect_err("its only package has no picture for an icon");
    assert!(failure.detail.contains("icon.svg"), "{failure}");
}

#[tokio::test]
async fn a_repository_that_is_none_is_told_in_gits_words() {
    let mut server = Server::start();
    let empty = folder();
    let failure = server.sync("store", &format!("file://{}", empty.path().display())).await;
    let failure = failure.expect_err("it is no repository");
    assert_eq!(failure.class, FailureClass::CatalogUnreachable);
    assert!(failure.detail.contains("does not appear to be a git repository"), "{failure}");
}

#[tokio::test]
async fn a_repository_that_would_have_git_run_something_is_not_taken() {
    let mut server = Server::start();
    let (_repository, url) = repository(|folder| {
        put(folder, "notes/compose.yaml", NOTES);
        put(
            folder,
            ".gitmodules",
            "[submodule \"x\"]\n path = x\n url = https://127.0.0.1:1/x\n update = !id\n",
        );
    });
    let failure = server.sync("store", &url).await.expect_err("git itself refuses it");
    assert!(failure.detail.contains("gitmodules"), "{failure}");
}

#[tokio::test]
async fn a_catalog_whose_folder_somebody_has_deleted_is_whole_again_after_a_sync() {
    let (mut server, store) = (Server::start(), folder());
    put(store.path(), "notes/compose.yaml", NOTES);
    server.sync("store", &path(&store)).await.expect("it is sound");
    fs::remove_dir_all(server.folder("store")).expect("removed");
    assert!(server.catalog.find("notes@store").is_none());
    assert!(server.catalog.entry("notes@store").is_some(), "it is in memory until something changes");
    put(store.path(), "notes/compose.yaml", NOTES.replace("Notes for", "Papers for"));
    put(store.path(), "young/compose.yaml", NOTES);
    server.sync("store", &path(&store)).await.expect("it is sound");
    let found = server.catalog.find("notes@store").expect("it is there");
    assert_eq!(found.description.en, "Papers for everybody");
    assert_eq!(server.catalog.entry("notes@store").expect("it is there").description, found.description);
    assert!(server.catalog.find("young@store").is_some());
}

#[tokio::test]
async fn what_was_changed_on_the_disk_after_the_sync_is_no_package_any_more() {
    let (mut server, store) = (Server::start(), folder());
    let mounts =
        NOTES.replace("example/notes:1\"", "example/notes:1\", volumes: [\"./files/run.sh:/run.sh\"]");
    for name in ["notes", "other"] {
        put(store.path(), &format!("{name}/compose.yaml"), &mounts);
        put(store.path(), &format!("{name}/files/run.sh"), "true");
        put(store.path(), &format!("{name}/icon.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    }
    let report = server.sync("store", &path(&store)).await.expect("it is sound");
    assert_eq!(report.packages, 2, "{report:?}");
    let found = server.catalog.find("notes@store").expect("it is there");
    let synced = server.folder("store").join("1/packages");
    put(&synced, "notes/files/run.sh", "false");
    fs::remove_file(synced.join("other/files/run.sh")).expect("removed");
    for name in ["notes@store", "other@store"] {
        assert!(server.catalog.find(name).is_none(), "{name}");
    }
    server.sync("store", &path(&store)).await.expect("it is sound");
    assert_eq!(server.catalog.find("notes@store"), Some(found));
}
