//! `doctor`: whether everything works, and what to do about what does not.
//!
//! What the server needs it tells by itself (`/doctor`); from here it is looked whether it can be reached, and whether
//! both clocks agree.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::json;
use wire::{CheckupInfo, FindingInfo};

use crate::Context;
use crate::client::Page;
use crate::failure::{Failure, exit};

/// Clocks that differ by more confuse whoever reads times; the `Date` header itself is cut to a second.
const CLOCK_DIFFERENCE_MAX: Duration = Duration::from_secs(5);

/// What was looked at and found.
#[derive(Debug, Serialize)]
struct Finding {
    /// What was looked at.
    check: String,
    /// Whether it is as it should be.
    ok: bool,
    /// What was found; `""` where nothing is to be said.
    found: String,
    /// What to do; `""` where nothing is to be done.
    next: String,
}

pub(super) async fn doctor(context: &Context) -> Result<(), Failure> {
    let looked = context.client.page("/doctor").await.and_then(|page| reached(context, &page));
    let (findings, failed) = match looked {
        Ok(findings) => (findings, exit::FAILED),
        Err(failure) => {
            let language = context.printer.language;
            let (found, next) = (failure.reason(language), failure.next(language, ""));
            let finding = Finding { check: "server".to_owned(), ok: false, found, next };
            (vec![finding], failure.exit_code())
        }
    };
    let problems = findings.iter().filter(|finding| !finding.ok).count();
    let ok = problems == 0;
    context.printer.answer(&json!({ "ok": ok, "findings": findings }), || {
        let lines: String = findings.iter().map(|finding| text(context, finding)).collect();
        let (sum, colour) = if ok { ("doctor-sound", "ok") } else { ("doctor-problems", "problem") };
        let sum = context.printer.text(sum, &[("count", &problems.to_string())]);
        format!("{lines}{}\n", context.printer.coloured(&sum, colour))
    })?;
    if ok { Ok(()) } else { Err(Failure::Found { exit_code: failed }) }
}

/// What the server tells of itself, and its clock.
fn reached(context: &Context, page: &Page) -> Result<Vec<Finding>, Failure> {
    let told: CheckupInfo =
        serde_json::from_slice(&page.body).map_err(|_| context.client.not_understood(page.status))?;
    let address = context.client.address().to_string();
    let mut findings =
        vec![Finding { check: "server".to_owned(), ok: true, found: address, next: String::new() }];
    findings.extend(page.date.as_deref().map(|date| clock(context, date)));
    findings.extend(told.findings.into_iter().map(|FindingInfo { check, ok, found }| {
        let advice = format!("doctor-next-{}", check.replace('_', "-"));
        let next = if ok { String::new() } else { context.printer.text(&advice, &[]) };
        Finding { check, ok, found, next }
    }));
    Ok(findings)
}

fn clock(context: &Context, date: &str) -> Finding {
    let here = (context.surroundings.now)();
    let difference = httpdate::parse_http_date(date).ok().map(|there| apart(here, there)).unwrap_or_default();
    let ok = difference <= CLOCK_DIFFERENCE_MAX;
    let printer = &context.printer;
    let seconds = difference.as_secs().to_string();
    let found = if ok { String::new() } else { printer.text("doctor-clock", &[("seconds", &seconds)]) };
    let next = if ok { String::new() } else { printer.text("doctor-next-clock", &[]) };
    Finding { check: "clock".to_owned(), ok, found, next }
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|error| error.duration())
}

fn text(context: &Context, finding: &Finding) -> String {
    let printer = &context.printer;
    let (state, colour) = if finding.ok { ("finding-ok", "ok") } else { ("finding-problem", "problem") };
    let state = printer.coloured(&printer.text(state, &[]), colour);
    let line = format!("{state}  {}", printer.word("check", &finding.check));
    if finding.ok {
        let gap = if finding.found.is_empty() { "" } else { "  " };
        return format!("{line}{gap}{}\n", finding.found);
    }
    format!("{line}\n{}{}", printer.note(&finding.found), printer.note(&finding.next))
}
