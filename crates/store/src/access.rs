//! Users, API keys and the audit trail: [`AccessStore`] over their three tables.

use control::ports::access::{
    AUDIT_CUT_PERIOD, AUDIT_DONE_KEPT, AUDIT_REFUSED_KEPT, AccessChange, AccessStore, Accounts,
};
use control::ports::store::StoreError;
use domain::{AccountName, ApiKey, AuditEntry, Scope, Secret, Timestamp, User};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use crate::SqliteStore;
use crate::error::Fault;
use crate::rows::Cells;

impl AccessStore for SqliteStore {
    fn accounts(&self) -> Result<Accounts, StoreError> {
        self.with("read the database", |connection| {
            let mut users = connection.prepare("SELECT * FROM user")?;
            let users = users.query_and_then([], read_user)?;
            let mut keys = connection.prepare("SELECT * FROM api_key")?;
            let keys = keys.query_and_then([], read_key)?;
            Ok(Accounts {
                users: users
                    .map(|user| user.map(|user| (user.name.clone(), user)))
                    .collect::<Result<_, _>>()?,
                keys: keys.map(|key| key.map(|key| (key.name.clone(), key))).collect::<Result<_, _>>()?,
            })
        })
    }

    fn change_accounts(&self, change: &AccessChange) -> Result<(), StoreError> {
        self.with("write the database", |connection| write(connection, change))
    }

    fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.with("write the database", |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction
                .prepare_cached(
                    "INSERT INTO audit (at, caller, address, request_id, interface, app_id, account, outcome)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    entry.at.as_millis(),
                    entry.caller,
                    entry.address,
                    entry.request_id,
                    entry.interface,
                    entry.app_id,
                    entry.account,
                    entry.outcome,
                ])?;
            if transaction.last_insert_rowid().cast_unsigned().is_multiple_of(AUDIT_CUT_PERIOD) {
                cut_audit(&transaction)?;
            }
            Ok(transaction.commit()?)
        })
    }

    fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<(u64, AuditEntry)>, StoreError> {
        self.with("read the database", |connection| {
            let before = before.map_or(i64::MAX, |number| i64::try_from(number).unwrap_or(i64::MAX));
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            connection
                .prepare_cached("SELECT * FROM audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2")?
                .query_and_then([before, limit], read_entry)?
                .collect()
        })
    }
}

/// Drops the oldest rows of the trail, changes and refused calls each by their own limit.
fn cut_audit(connection: &Connection) -> Result<(), Fault> {
    for (is_done, kept) in [(true, AUDIT_DONE_KEPT), (false, AUDIT_REFUSED_KEPT)] {
        connection
            .prepare_cached(
                "DELETE FROM audit WHERE (outcome = ?1) = ?2 AND number <= (
                     SELECT number FROM audit WHERE (outcome = ?1) = ?2 ORDER BY number DESC LIMIT 1 OFFSET ?3)",
            )?
            .execute(params![AuditEntry::DONE, is_done, kept.cast_signed()])?;
    }
    Ok(())
}

fn write(connection: &Connection, change: &AccessChange) -> Result<(), Fault> {
    match change {
        AccessChange::PutUser(user) => connection.execute(
            "INSERT OR REPLACE INTO user (name, password_hash, created_at) VALUES (?1, ?2, ?3)",
            params![user.name.as_str(), user.password_hash.reveal(), user.created_at.as_millis()],
        ),
        AccessChange::RemoveUser(name) => {
            connection.execute("DELETE FROM user WHERE name = ?1", [name.as_str()])
        }
        AccessChange::PutKey(key) => connection.execute(
            "INSERT OR REPLACE INTO api_key (name, hash, scope, created_at, expires_at, last_used_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                key.name.as_str(),
                key.hash,
                key.scope.as_str(),
                key.created_at.as_millis(),
                key.expires_at.map(Timestamp::as_millis),
                key.last_used_at.map(Timestamp::as_millis),
            ],
        ),
        AccessChange::RemoveKey(name) => {
            connection.execute("DELETE FROM api_key WHERE name = ?1", [name.as_str()])
        }
        AccessChange::KeyUsed { hash, at } => connection
            .execute("UPDATE api_key SET last_used_at = ?2 WHERE hash = ?1", params![hash, at.as_millis()]),
    }?;
    Ok(())
}

fn read_user(row: &Row<'_>) -> Result<User, Fault> {
    let cells = Cells { row, table: "user", key_column: "name" };
    Ok(User {
        name: cells.known("name", AccountName::parse)?,
        password_hash: Secret::from_text(cells.plain::<String>("password_hash")?),
        created_at: cells.time("created_at")?,
    })
}

fn read_key(row: &Row<'_>) -> Result<ApiKey, Fault> {
    let cells = Cells { row, table: "api_key", key_column: "name" };
    Ok(ApiKey {
        name: cells.known("name", AccountName::parse)?,
        hash: cells.plain("hash")?,
        scope: cells.known("scope", Scope::from_text)?,
        created_at: cells.time("created_at")?,
        expires_at: cells.optional_time("expires_at")?,
        last_used_at: cells.optional_time("last_used_at")?,
    })
}

fn read_entry(row: &Row<'_>) -> Result<(u64, AuditEntry), Fault> {
    let cells = Cells { row, table: "audit", key_column: "number" };
    let entry = AuditEntry {
        at: cells.time("at")?,
        caller: cells.plain("caller")?,
        address: cells.plain("address")?,
        request_id: cells.plain("request_id")?,
        interface: cells.plain("interface")?,
        app_id: cells.plain("app_id")?,
        account: cells.plain("account")?,
        outcome: cells.plain("outcome")?,
    };
    Ok((cells.plain::<i64>("number")?.cast_unsigned(), entry))
}
