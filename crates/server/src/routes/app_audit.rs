//! AppAudit: who changed what, newest first.

use domain::{AuditEntry, ErrorCode};
use wire::{AppAuditParameters, AuditInfo};

use crate::details::rfc3339;
use crate::error::{Nothing, Refusal};
use crate::interface::{Audience, Call, Interface};
use crate::limits::{OPERATIONS_DEFAULT, OPERATIONS_MAX};

pub(crate) struct AppAudit;

impl Interface for AppAudit {
    const NAME: &'static str = "AppAudit";
    const SUMMARY: &'static str = "Tell who changed what, from where, when and with what outcome, refused calls included. Newest first, page by page.";
    const CHANGES: bool = false;
    const AUDIENCE: Audience = Audience::FullScope;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &["limit", "before"];
    const LITERALS: &'static [&'static str] = &["limit", "before"];
    const CODES: &'static [ErrorCode] = &[ErrorCode::LimitFormat, ErrorCode::BeforeFormat];
    type Parameters = AppAuditParameters;
    type Data = Vec<AuditInfo>;
    type Item = AuditInfo;

    fn example() -> Vec<AuditInfo> {
        vec![AuditInfo {
            id: "4711".into(),
            at: "2026-11-22T08:00:00Z".into(),
            caller: "user:alice".into(),
            address: "192.0.2.7".into(),
            request_id: "7f0c1a".into(),
            interface: "AppInstall".into(),
            app_id: "myblog".into(),
            account: String::new(),
            outcome: "ok".into(),
        }]
    }

    async fn answer(call: &Call<'_>) -> Result<Vec<AuditInfo>, Refusal> {
        let limit = call.parameters.limit(OPERATIONS_DEFAULT, OPERATIONS_MAX)?;
        let before = call.parameters.optional("before").map(str::parse).transpose();
        let before = before.map_err(|_| Refusal::Format(ErrorCode::BeforeFormat))?;
        let entries = call.control.access().audit(before, limit).await?;
        Ok(entries.into_iter().map(audit_info).collect())
    }
}

fn audit_info((number, entry): (u64, AuditEntry)) -> AuditInfo {
    AuditInfo {
        id: number.to_string(),
        at: rfc3339(entry.at),
        caller: entry.caller,
        address: entry.address,
        request_id: entry.request_id,
        interface: entry.interface,
        app_id: entry.app_id,
        account: entry.account,
        outcome: entry.outcome,
    }
}
