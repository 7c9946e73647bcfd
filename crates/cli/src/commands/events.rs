//! `events`: what happens, as it happens. A connection that is cut is taken up where it was.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};
use wire::{AppEventsParameters, EventInfo, GapInfo};

use crate::Context;
use crate::args::Events;
use crate::failure::Failure;
use crate::units;

/// Between two tries to get a lost server back.
const PAUSE: Duration = Duration::from_secs(1);

/// For how long a server that was reached may be away: a restart takes seconds.
const ABSENCE_MAX: Duration = Duration::from_secs(60);

pub(super) async fn events(context: &Context, arguments: &Events) -> Result<(), Failure> {
    let mut last = arguments.after;
    let mut reached_at = None;
    loop {
        let parameters = AppEventsParameters { app_id: arguments.app.clone(), last_event_id: last };
        match context.client.follow("AppEvents", &parameters).await {
            Ok(mut stream) => {
                while let Some(event) = stream.next().await {
                    show(context, &event.kind, &event.data)?;
                    last = event.id.and_then(|id| id.parse().ok()).or(last);
                }
                reached_at = Some(Instant::now());
                context.printer.remark(&context.printer.text("server-away", &[]));
            }
            Err(Failure::Unreachable { .. })
                if reached_at.is_some_and(|at: Instant| at.elapsed() < ABSENCE_MAX) => {}
            Err(failure) => return Err(failure),
        }
        sleep(PAUSE).await;
    }
}

fn show(context: &Context, kind: &str, data: &str) -> Result<(), Failure> {
    let printer = &context.printer;
    if kind == "gap"
        && let Ok(gap) = serde_json::from_str::<GapInfo>(data)
    {
        let shown = json!({ "kind": "gap", "first_id": gap.first_id });
        printer.item(&shown, || printer.text("event-gap", &[("first", &gap.first_id.to_string())]))?;
    } else if let Ok(event) = serde_json::from_str::<EventInfo>(data) {
        printer.item(&event, || text(context, &event))?;
    }
    Ok(())
}

fn text(context: &Context, event: &EventInfo) -> String {
    let printer = &context.printer;
    let word = |set: &str, word: &str| if word.is_empty() { String::new() } else { printer.word(set, word) };
    let reason = event.reason.as_ref().map(|reason| reason.message.as_str()).unwrap_or_default();
    let id = format!("event-{}", event.kind.replace('_', "-"));
    let variables = [
        ("operation", word("kind", &event.operation_kind)),
        ("step", word("step", &event.step)),
        ("from", word("status", &event.status_from)),
        ("to", word("status", &event.status_to)),
        ("reason", reason.to_owned()),
    ];
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let what = match printer.text(&id, &variables) {
        unknown if unknown == id => event.kind.clone(),
        what => what,
    };
    format!("{:>6}  {} {}  {what}", event.id, units::time(&event.time), printer.head(&event.app_id))
}
