//! The list of catalogs.

use domain::catalog::{FailedSync, SyncReport, Synced, UnreadableApp};
use domain::{CatalogName, CatalogRecord, CatalogSource, Failure, FailureClass, Timestamp};

use super::Subject;

fn record(name: &str, source: CatalogSource) -> CatalogRecord {
    CatalogRecord {
        name: CatalogName::parse(name).expect("a name"),
        source,
        is_trusted: false,
        added_at: Timestamp::from_millis(5),
        synced: None,
        failed: None,
    }
}

fn report() -> SyncReport {
    let unreadable = UnreadableApp { app: "x".into(), reason: "'); DROP TABLE catalog; --".into() };
    SyncReport {
        format: "own".into(),
        revision: "0f".into(),
        packages: 3,
        new: ["a".to_owned(), "b".to_owned()].into_iter().collect(),
        changed: ["c".to_owned()].into_iter().collect(),
        gone: (0..300).map(|number| number.to_string()).collect(),
        unreadable: [unreadable].into_iter().collect(),
        hidden: 7,
    }
}

/// Catalogs come back as they were, in the order in which they were written last.
pub fn catalogs_come_back_as_they_were_and_in_their_order(subject: &mut dyn Subject) {
    let failure = Failure::of(FailureClass::CatalogUnreachable, "https://example.org/x", "no route");
    let (url, sha256) = ("https://example.org/a.tar.gz".to_owned(), Some("0".repeat(64)));
    let archive = CatalogSource::Archive { url, sha256, key: Some("RWx".into()) };
    let git = CatalogSource::Git { url: "https://example.org/x".into(), branch: Some("main".into()) };
    let first = CatalogRecord {
        is_trusted: true,
        synced: Some(Synced { at: Timestamp::from_millis(8), report: report() }),
        failed: Some(FailedSync { at: Timestamp::from_millis(9), failure }),
        ..record("zebra", git)
    };
    let list =
        [first, record("ape", archive), record("local-one", CatalogSource::Directory("/srv/x".into()))];
    subject.catalogs().write_catalogs(&list).expect("they can be written");
    subject.reopen();
    assert_eq!(subject.catalogs().catalogs().expect("they can be read"), list);

    let [first, second, _] = list;
    let list = [second, first];
    subject.catalogs().write_catalogs(&list).expect("they can be written");
    subject.reopen();
    assert_eq!(subject.catalogs().catalogs().expect("they can be read"), list);
}
