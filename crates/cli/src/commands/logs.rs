//! `logs`: what the services of an app write.

use std::time::SystemTime;

use wire::{AppLogsParameters, LogLineInfo};

use crate::Context;
use crate::args::{Format, Logs};
use crate::failure::Failure;

pub(super) async fn logs(context: &Context, arguments: &Logs) -> Result<(), Failure> {
    let parameters = AppLogsParameters {
        app_id: arguments.app.clone(),
        service: arguments.service.clone(),
        tail: Some(arguments.tail),
        since: arguments.since.as_ref().map(|since| since_when(since, context.surroundings.now)),
        follow: Some(arguments.follow),
    };
    if !arguments.follow {
        let lines: Vec<LogLineInfo> = context.client.call("AppLogs", &parameters).await?;
        return show(context, &lines);
    }
    let mut stream = context.client.follow("AppLogs", &parameters).await?;
    let mut width = 0;
    while let Some(event) = stream.next().await {
        if let Ok(line) = serde_json::from_str::<LogLineInfo>(&event.data) {
            width = width.max(line.service.len());
            context.printer.item(&line, || text(context, &line, width))?;
        }
    }
    // It ends when the app's containers are gone, or with the server.
    context.printer.remark(&context.printer.text("stream-ended", &[]));
    Ok(())
}

fn show(context: &Context, lines: &[LogLineInfo]) -> Result<(), Failure> {
    if context.printer.format == Format::Json {
        context.printer.document(&lines)?;
        return Ok(());
    }
    let width = lines.iter().map(|line| line.service.len()).max().unwrap_or(0);
    for line in lines {
        context.printer.item(line, || text(context, line, width))?;
    }
    Ok(())
}

/// A line, with its service in a column as wide as the widest so far.
fn text(context: &Context, line: &LogLineInfo, width: usize) -> String {
    let service = context.printer.head(&format!("{:width$}", line.service));
    format!("{} {service} | {}", crate::units::time(&line.time), line.line)
}

/// A time for the API: a span counts back from now; anything else is the server's to understand or refuse.
fn since_when(since: &str, now: fn() -> SystemTime) -> String {
    let span = humantime::parse_duration(since).ok();
    let then = span.and_then(|span| now().checked_sub(span));
    then.map_or_else(|| since.to_owned(), |then| humantime::format_rfc3339_seconds(then).to_string())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_span_counts_back_from_now() {
        let now = || UNIX_EPOCH + Duration::from_secs(86_400);
        assert_eq!(since_when("10m", now), "1970-01-01T23:50:00Z");
        assert_eq!(since_when("2026-11-22T08:00:00Z", now), "2026-11-22T08:00:00Z");
        assert_eq!(since_when("yesterday", now), "yesterday");
    }
}
