//! AppEvents: everything that happens to all apps or to one, as it happens.

use control::{EventFollower, News};
use domain::{ErrorCode, EventId, EventKind, StoredEvent};
use futures_util::stream;
use wire::{AppEventsParameters, EventInfo, GapInfo, ReasonInfo};

use super::app_operation::reason_info;
use crate::details::rfc3339;
use crate::error::Refusal;
use crate::event_stream::{EventStream, EventText, StreamDescription};
use crate::interface::{Call, Interface};
use crate::language::Language;
use crate::messages;

pub(crate) struct AppEvents;

impl Interface for AppEvents {
    const NAME: &'static str = "AppEvents";
    const SUMMARY: &'static str =
        "Tell what happens to all apps, or to one, as it happens; go on after an interruption.";
    const CHANGES: bool = false;
    const PARAMETERS: &'static [&'static str] = &["app_id", "last_event_id"];
    const LITERALS: &'static [&'static str] = &["last_event_id"];
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::LastEventIdFormat, ErrorCode::AppIdFormat, ErrorCode::AppNotExis];
    const STREAM: Option<StreamDescription> = Some(StreamDescription { events: EVENTS, example });
    type Parameters = AppEventsParameters;
    type Data = EventStream;
    type Item = EventInfo;

    fn example() -> EventStream {
        EventStream::of(stream::empty())
    }

    async fn answer(call: &Call<'_>) -> Result<EventStream, Refusal> {
        // The header wins: a browser that connects again sends it, with the address of the first time.
        let given = call.header("last-event-id");
        let given = given.as_deref().or(call.parameters.optional("last_event_id"));
        let after = given.map(|id| id.parse().map(EventId)).transpose();
        let after = after.map_err(|_| Refusal::Format(ErrorCode::LastEventIdFormat))?;
        let app_id = call.parameters.optional("app_id");
        let follower = call.control.follow_events(app_id, after).await?;
        let language = call.language;
        Ok(EventStream::of(stream::unfold(follower, move |follower| next(follower, language))))
    }
}

/// What comes next, as text. A database that cannot be read ends the stream: the client connects again, and is
/// then told.
async fn next(mut follower: EventFollower, language: Language) -> Option<(EventText, EventFollower)> {
    let mut text = EventText::default();
    match follower.next().await {
        Ok(News::Events(events)) => {
            for stored in events {
                text.push(Some(stored.id.0), stored.event.kind.as_str(), &event_info(&stored, language));
            }
        }
        Ok(News::Gap { next }) => text.push(Some(next.0 - 1), "gap", &GapInfo { first_id: next.0 }),
        Ok(News::Place(place)) => text.push_id(place.0),
        Err(error) => {
            tracing::error!(reason = control::error_chain(&error), "a stream of events ends early");
            return None;
        }
    }
    Some((text, follower))
}

/// Each event's name, with what it tells.
const EVENTS: &[(&str, &str)] = &[
    ("queued", "An operation was accepted; `operation_kind` tells which. `data` is an EventInfo, as below"),
    ("step_started", "A step of it began; `step` and `attempt` tell which"),
    ("unwinding", "It is being undone; `reason` tells why"),
    ("stuck", "Undoing could not finish and will be tried again; `reason` tells what it waits for"),
    ("succeeded", "It did what it was asked to"),
    ("failed", "It failed and was undone; `reason` tells why"),
    ("cancelled", "It was ended on request and undone"),
    ("status_changed", "The app's status changed, from `status_from` to `status_to`"),
    ("appeared", "A compose project that this server did not install was seen for the first time"),
    ("vanished", "It is not shown any more: its containers are gone"),
    ("gap", "Events are missing before the one of `first_id`. `data` is a GapInfo"),
];

fn example() -> EventText {
    let info = EventInfo {
        id: 4711,
        time: "2026-11-22T08:00:01Z".into(),
        app_id: "myblog".into(),
        operation_id: "k3v9q2m7x1".into(),
        kind: "step_started".into(),
        operation_kind: String::new(),
        step: "pull".into(),
        attempt: 1,
        status_from: String::new(),
        status_to: String::new(),
        reason: None,
    };
    EventText::of(Some(info.id), "step_started", &info)
}

fn event_info(stored: &StoredEvent, language: Language) -> EventInfo {
    let StoredEvent { id, event } = stored;
    let mut info = EventInfo {
        id: id.0,
        time: rfc3339(event.at),
        app_id: event.app.to_string(),
        operation_id: event.operation.as_ref().map(ToString::to_string).unwrap_or_default(),
        kind: event.kind.as_str().into(),
        operation_kind: String::new(),
        step: String::new(),
        attempt: 0,
        status_from: String::new(),
        status_to: String::new(),
        reason: None,
    };
    match &event.kind {
        EventKind::Queued(kind) => info.operation_kind = kind.as_str().into(),
        EventKind::StepStarted { step, attempt } => {
            info.step = step.as_str().into();
            info.attempt = *attempt;
        }
        EventKind::Unwinding(failure) | EventKind::Failed(failure) => {
            info.reason = Some(reason_info(failure, language));
        }
        EventKind::Stuck(detail) => info.reason = Some(undo_waits(detail, language)),
        EventKind::Succeeded | EventKind::Cancelled | EventKind::Appeared | EventKind::Vanished => {}
        EventKind::StatusChanged { from, to } => {
            info.status_from = from.as_str().into();
            info.status_to = to.as_str().into();
        }
    }
    info
}

/// Not why the operation failed, but why it cannot be undone yet: that has no class of failure.
fn undo_waits(detail: &str, language: Language) -> ReasonInfo {
    ReasonInfo {
        class: "undo_waits".into(),
        subject: String::new(),
        detail: detail.into(),
        message: messages::text(language, "reason-undo_waits", &[("detail", detail)]),
    }
}
