//! How long what somebody proved holds: for answers that go on and on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::{Identity, Secret};
use tokio::time::timeout;

use super::Access;

/// How late the end of a key's time may be noticed.
const EXPIRY_NOTICED_WITHIN: Duration = Duration::from_secs(15);

/// By what somebody is let in now: other than before, and who came in by the old is out.
#[derive(PartialEq, Eq)]
enum Standing {
    ByPassword(Secret),
    ByKey([u8; 32]),
}

impl Access {
    /// Waits until who was let in as that would not be any more: a user is gone or has another password, a key is
    /// revoked or has expired. For ever where nobody was asked.
    pub fn let_out(self: Arc<Self>, identity: Identity) -> impl Future<Output = ()> + Send {
        // Now, and not when somebody first waits.
        let mut changes = self.changes.subscribe();
        let before = self.standing(&identity);
        async move {
            if matches!(identity, Identity::Anonymous | Identity::LocalAdministrator) {
                std::future::pending::<()>().await;
            }
            while before.is_some() && self.standing(&identity) == before {
                // That nothing changed for a while is as good a reason to look.
                let _ = timeout(EXPIRY_NOTICED_WITHIN, changes.changed()).await;
            }
        }
    }

    fn standing(&self, identity: &Identity) -> Option<Standing> {
        let now = self.clock.now();
        self.read(|accounts| match identity {
            Identity::Anonymous | Identity::LocalAdministrator => None,
            Identity::User(name) => {
                accounts.users.get(name).map(|user| Standing::ByPassword(user.password_hash.clone()))
            }
            Identity::Key(name) => {
                let key = accounts.keys.get(name).filter(|key| !key.is_expired(now));
                key.map(|key| Standing::ByKey(key.hash))
            }
        })
    }
}
