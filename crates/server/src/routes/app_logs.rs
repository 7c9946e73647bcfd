//! AppLogs: what the containers of an app wrote, and as a stream what they write.

use std::time::{Duration, UNIX_EPOCH};

use control::{AppLine, LogsRequest};
use domain::ErrorCode;
use futures_util::StreamExt as _;
use wire::{AppLogsParameters, LogLineInfo};

use crate::answer::DataOrStream;
use crate::error::{Nothing, Refusal};
use crate::event_stream::{EventStream, EventText, StreamDescription};
use crate::interface::{Call, Interface};
use crate::limits::{LOG_LINES_AT_ONCE, LOG_LINES_DEFAULT, LOG_LINES_MAX};
use crate::parameters::Parameters;

pub(crate) struct AppLogs;

impl Interface for AppLogs {
    const NAME: &'static str = "AppLogs";
    const SUMMARY: &'static str =
        "Tell the last lines that the containers of an app wrote, or follow what they write.";
    const CHANGES: bool = false;
    const NOTHING: Nothing = Nothing::List;
    const PARAMETERS: &'static [&'static str] = &["app_id", "service", "tail", "since", "follow"];
    const LITERALS: &'static [&'static str] = &["tail", "follow"];
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AppIdBlank,
        ErrorCode::TailFormat,
        ErrorCode::SinceFormat,
        ErrorCode::FollowFormat,
        ErrorCode::AppIdFormat,
        ErrorCode::AppNotExis,
        ErrorCode::ServiceNotExis,
        ErrorCode::ContainerCommandError,
    ];
    const STREAM: Option<StreamDescription> = Some(StreamDescription {
        events: &[("line", "A line that was written. `data` is a LogLineInfo")],
        example: || EventText::of(None, "line", &example()),
    });
    type Parameters = AppLogsParameters;
    type Data = DataOrStream<Vec<LogLineInfo>>;
    type Item = LogLineInfo;

    fn example() -> Self::Data {
        DataOrStream::Data(vec![example()])
    }

    async fn answer(call: &Call<'_>) -> Result<Self::Data, Refusal> {
        let app_id = call.parameters.required("app_id", ErrorCode::AppIdBlank)?.to_owned();
        let tail = tail(&call.parameters)?;
        let since_nanos = since_nanos(&call.parameters)?;
        let follow = call.parameters.flag("follow", ErrorCode::FollowFormat)?;
        let service = call.parameters.optional("service").map(str::to_owned);
        let request = LogsRequest { app_id, service, tail, since_nanos };
        if follow {
            let lines = call.control.follow_app_logs(&request).await?;
            let events = lines.ready_chunks(LOG_LINES_AT_ONCE).map(events);
            return Ok(DataOrStream::Stream(EventStream::of(events)));
        }
        let lines = call.control.app_logs(&request).await?;
        Ok(DataOrStream::Data(lines.into_iter().map(line_info).collect()))
    }
}

fn tail(parameters: &Parameters) -> Result<usize, Refusal> {
    let Some(text) = parameters.optional("tail") else { return Ok(LOG_LINES_DEFAULT) };
    let tail = text.parse().ok().filter(|tail| *tail <= LOG_LINES_MAX);
    tail.ok_or(Refusal::Format(ErrorCode::TailFormat))
}

/// Nanoseconds since 1970; a moment before is as good as that.
fn since_nanos(parameters: &Parameters) -> Result<Option<i64>, Refusal> {
    let Some(text) = parameters.optional("since") else { return Ok(None) };
    let since = humantime::parse_rfc3339(text).map_err(|_| Refusal::Format(ErrorCode::SinceFormat))?;
    let since_epoch = since.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Some(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX)))
}

fn events(lines: Vec<AppLine>) -> EventText {
    let mut text = EventText::default();
    for line in lines {
        text.push(None, "line", &line_info(line));
    }
    text
}

fn line_info(AppLine { service, line }: AppLine) -> LogLineInfo {
    let since_epoch = Duration::from_nanos(u64::try_from(line.at_nanos).unwrap_or_default());
    LogLineInfo {
        time: humantime::format_rfc3339_nanos(UNIX_EPOCH + since_epoch).to_string(),
        service,
        stream: line.stream.as_str().into(),
        line: line.text,
    }
}

fn example() -> LogLineInfo {
    LogLineInfo {
        time: "2026-11-22T08:00:00.123456789Z".into(),
        service: "web".into(),
        stream: "stderr".into(),
        line: "[core:notice] AH00094: Command line: 'apache2 -D FOREGROUND'".into(),
    }
}
