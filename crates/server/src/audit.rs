//! The trail of calls that change something: each has its row, whatever came of it, before it is answered.

use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};

use axum::response::Response;
use domain::{AccountName, AppId, AuditEntry, DomainName, ErrorCode};
use futures_util::FutureExt;

use crate::Server;
use crate::context::Context;
use crate::error::Refusal;
use crate::gatekeeper::Caller;
use crate::interface::Attempt;
use crate::parameters::Parameters;

/// One call, as the trail tells of it.
pub(crate) struct Trail<'a> {
    pub(crate) server: &'a Server,
    pub(crate) caller: &'a Caller,
    pub(crate) context: &'a Context,
    pub(crate) interface: &'static str,
}

impl Trail<'_> {
    /// Carries out a call and notes how it went, also if it panics.
    pub(crate) async fn keep(&self, attempt: impl Future<Output = Attempt>) -> Response {
        let attempt = match AssertUnwindSafe(attempt).catch_unwind().await {
            Ok(attempt) => attempt,
            Err(panic) => {
                self.note(ErrorCode::SystemError.as_str(), None).await;
                resume_unwind(panic);
            }
        };
        if attempt.changes {
            let refusal = attempt.outcome.as_ref().err();
            let outcome = refusal.map_or(AuditEntry::DONE, |refusal| refusal.code().as_str());
            self.note(outcome, attempt.parameters.as_ref()).await;
        }
        attempt.outcome.unwrap_or_else(|refusal: Refusal| refusal.answer(self.context))
    }

    async fn note(&self, outcome: &str, parameters: Option<&Parameters>) {
        let given = |name: &str| parameters.and_then(|parameters| parameters.optional(name));
        // Names only, and only such as could be: nothing that a caller made up gets into the trail.
        let app_id = given("app_id").or_else(|| given("customer_app_name"));
        let app_id = app_id.and_then(|text| AppId::parse(text).ok()).map(|id| id.to_string());
        let account = given("name").and_then(AccountName::parse).map(|name| name.to_string());
        let domain =
            || given("domain").and_then(|text| DomainName::parse(text).ok()).map(|name| name.to_string());
        let entry = |at| AuditEntry {
            at,
            caller: self.caller.identity.to_string(),
            address: self.caller.address.clone(),
            request_id: self.context.request_id.to_string(),
            interface: self.interface.to_owned(),
            app_id: app_id.unwrap_or_default(),
            account: account.or_else(domain).unwrap_or_default(),
            outcome: outcome.to_owned(),
        };
        self.server.control.access().record(entry).await;
    }
}
