//! Users, keys and the trail.

use control::ports::AccessChange;
use domain::{AccountName, ApiKey, AuditEntry, Scope, Secret, Timestamp, User};

use super::Subject;

fn name(text: &str) -> AccountName {
    AccountName::parse(text).expect("a name")
}

fn user(text: &str, hash: &str) -> User {
    let created_at = Timestamp::from_millis(5);
    User { name: name(text), password_hash: Secret::from_text(hash), created_at }
}

fn key(text: &str, number: u8, scope: Scope) -> ApiKey {
    ApiKey {
        name: name(text),
        hash: [number; 32],
        scope,
        created_at: Timestamp::from_millis(1),
        expires_at: (number == 1).then(|| Timestamp::from_millis(9)),
        last_used_at: None,
    }
}

fn change(subject: &dyn Subject, change: &AccessChange) {
    subject.access().change_accounts(change).expect("it can be written");
}

/// Users and keys come back as they were, and what is removed is gone.
pub fn accounts_come_back_as_they_were(subject: &mut dyn Subject) {
    for stored in [user("admin", "old"), user("guest", "x"), user("admin", "new")] {
        change(subject, &AccessChange::PutUser(stored));
    }
    change(subject, &AccessChange::PutKey(key("ci", 1, Scope::Full)));
    change(subject, &AccessChange::PutKey(key("watch", 2, Scope::ReadOnly)));
    change(subject, &AccessChange::RemoveUser(name("guest")));
    change(subject, &AccessChange::RemoveUser(name("nobody")));
    let at = Timestamp::from_millis(7);
    change(subject, &AccessChange::KeyUsed { hash: [2; 32], at });
    subject.reopen();
    let accounts = subject.access().accounts().expect("they can be read");
    assert_eq!(accounts.users.into_values().collect::<Vec<_>>(), [user("admin", "new")]);
    let watch = ApiKey { last_used_at: Some(at), ..key("watch", 2, Scope::ReadOnly) };
    assert_eq!(accounts.keys.into_values().collect::<Vec<_>>(), [key("ci", 1, Scope::Full), watch]);
}

/// Noting the use of a key that was revoked meanwhile brings nothing back.
pub fn a_revoked_key_stays_revoked(subject: &mut dyn Subject) {
    change(subject, &AccessChange::PutKey(key("ci", 1, Scope::Full)));
    change(subject, &AccessChange::RemoveKey(name("ci")));
    change(subject, &AccessChange::KeyUsed { hash: [1; 32], at: Timestamp::from_millis(7) });
    subject.reopen();
    assert!(subject.access().accounts().expect("they can be read").keys.is_empty());
}

fn entry(number: i64) -> AuditEntry {
    AuditEntry {
        at: Timestamp::from_millis(number),
        caller: "user:admin".into(),
        address: "192.0.2.7".into(),
        request_id: "7f".into(),
        interface: "AppStop".into(),
        app_id: "blog".into(),
        account: String::new(),
        outcome: "'); DROP TABLE audit; --".into(),
    }
}

/// The trail comes in pages, newest first.
pub fn the_trail_comes_in_pages_newest_first(subject: &mut dyn Subject) {
    for number in 0..5 {
        subject.access().append_audit(&entry(number)).expect("it can be written");
    }
    subject.reopen();
    let page = subject.access().audit(None, 2).expect("it can be read");
    assert_eq!(page.iter().map(|(_, entry)| entry.clone()).collect::<Vec<_>>(), [entry(4), entry(3)]);
    let rest = subject.access().audit(Some(page[1].0), 10).expect("it can be read");
    assert_eq!(rest.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>(), [entry(2), entry(1), entry(0)]);
    assert!(subject.access().audit(Some(0), 10).expect("it can be read").is_empty());
    assert_eq!(subject.access().audit(Some(u64::MAX), 9).expect("it can be read").len(), 5);
}
