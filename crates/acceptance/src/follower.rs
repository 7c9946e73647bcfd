//! A client of AppEvents and AppLogs: a blocking reader of Server-Sent Events.

use std::io::{BufRead as _, BufReader};

use serde_json::Value;

use crate::api::Api;
use crate::http::{Stream, form};

/// A client that follows what happens, or what an app writes.
pub struct Follower {
    stream: BufReader<Box<dyn Stream>>,
    /// The last id that it got: where to go on from.
    pub last_id: u64,
}

impl Follower {
    /// Follows all apps from after that event on.
    ///
    /// # Panics
    /// The server does not open the stream.
    #[must_use]
    pub fn after(api: &Api, last_id: u64) -> Self {
        let mut follower = Self::open(api, "AppEvents", &format!("Last-Event-ID: {last_id}\r\n"));
        follower.last_id = last_id;
        follower
    }

    /// Follows what an app writes; `parameters` are those of AppLogs.
    ///
    /// # Panics
    /// The server does not open the stream.
    #[must_use]
    pub fn of_logs(api: &Api, parameters: &[(&str, &str)]) -> Self {
        Self::open(api, &format!("AppLogs?follow=true&{}", form(parameters)), "")
    }

    fn open(api: &Api, target: &str, header: &str) -> Self {
        let mut stream = api.address.connect().expect("the server listens");
        // HTTP/1.0 has no chunks: the stream is all that comes.
        let shown = api.authorization.iter().map(|shown| format!("Authorization: {shown}\r\n"));
        let header = shown.collect::<String>() + header;
        let request = format!(
            "GET /{target} HTTP/1.0\r\nHost: localhost\r\nVersion: v1\r\nLanguage: en\r\n{header}\r\n"
        );
        stream.write_all(request.as_bytes()).expect("the server reads");
        let mut follower = Self { stream: BufReader::new(stream), last_id: 0 };
        let head: Vec<String> =
            std::iter::from_fn(|| follower.line().filter(|line| !line.is_empty())).collect();
        assert!(
            head.iter().any(|line| line.eq_ignore_ascii_case("content-type: text/event-stream")),
            "{head:?}"
        );
        follower
    }

    /// The `data` of the next event; `None` when the stream has ended.
    ///
    /// # Panics
    /// The stream holds something else than events with ids that follow each other.
    pub fn next_event(&mut self) -> Option<Value> {
        let mut id = None;
        loop {
            let line = self.line()?;
            if let Some(number) = line.strip_prefix("id: ") {
                id = Some(number.parse().expect("an id is a number"));
            } else if let Some(data) = line.strip_prefix("data: ") {
                let event: Value = serde_json::from_str(data).expect("data is JSON");
                let id = id.expect("every event has an id");
                assert_eq!(id, self.last_id + 1, "nothing is missed and nothing comes twice: {event}");
                self.last_id = id;
                return Some(event);
            }
        }
    }

    /// The `data` of the next event of those without ids; `None` when the stream has ended.
    ///
    /// # Panics
    /// It is no JSON.
    pub fn next_data(&mut self) -> Option<Value> {
        loop {
            let line = self.line()?;
            if let Some(data) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(data).expect("data is JSON"));
            }
        }
    }

    /// The next line; `None` at the end, also of a server that was killed.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).unwrap_or(0);
        (read > 0 && line.ends_with('\n')).then(|| line.trim_end().to_owned())
    }
}
