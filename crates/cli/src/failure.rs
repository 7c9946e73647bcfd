//! Everything that can go wrong in a client: how it is told, and with which code the process ends.

use serde::Serialize;
use serde_json::{Value, json};

use crate::language::Language;
use crate::messages;

/// How the process ends.
pub(crate) mod exit {
    /// Done, or answered.
    pub(crate) const DONE: u8 = 0;
    /// Refused, or failed.
    pub(crate) const FAILED: u8 = 1;
    /// The command line cannot be understood, or lacks something.
    pub(crate) const USAGE: u8 = 2;
    /// The server cannot be reached.
    pub(crate) const UNREACHABLE: u8 = 3;
    /// Ctrl-C, as shells have it.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// What went wrong.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server refuses.
    Refused { code: String, message: String },
    /// The work was accepted, and failed. `answer` is what JSON is to show.
    Ended { message: String, answer: Box<Value> },
    /// The command did its work, and what it found is bad. It has said so itself.
    Found { exit_code: u8 },
    /// What was typed cannot be.
    Usage(String),
    /// Nobody answers; `id` is the text that says why.
    Unreachable { address: String, id: &'static str, detail: String },
    /// Somebody answers who is no server of ours, or of another time.
    NotUnderstood { address: String, detail: String },
    /// Ctrl-C while the work went on.
    Interrupted { app: String },
    /// What was asked for is not there, known by that text.
    Missing { id: &'static str, app: String },
    /// Output cannot be written: whoever reads it has gone, or the disk is full.
    Output(std::io::Error),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => exit::DONE,
            Self::Refused { .. }
            | Self::Ended { .. }
            | Self::NotUnderstood { .. }
            | Self::Missing { .. }
            | Self::Output(_) => exit::FAILED,
            Self::Found { exit_code } => *exit_code,
            Self::Usage(_) => exit::USAGE,
            Self::Unreachable { .. } => exit::UNREACHABLE,
            Self::Interrupted { .. } => exit::INTERRUPTED,
        }
    }

    /// The server's code, or one of the client's own.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Ended { .. } => "Client.OperationFailed",
            Self::Found { .. } => "Client.Found",
            Self::Usage(_) => "Client.Usage",
            Self::Unreachable { .. } => "Client.Unreachable",
            Self::NotUnderstood { .. } => "Client.NotUnderstood",
            Self::Interrupted { .. } => "Client.Interrupted",
            Self::Missing { .. } => "Client.Missing",
            Self::Output(_) => "Client.Output",
        }
    }

    /// Why it could not be done.
    pub(crate) fn reason(&self, language: Language) -> String {
        let text = |id: &str, variables: &[(&str, &str)]| messages::text(language, id, variables);
        match self {
            Self::Refused { message, .. } | Self::Ended { message, .. } | Self::Usage(message) => {
                message.clone()
            }
            Self::Unreachable { address, id, detail } => {
                text(id, &[("address", address), ("detail", detail)])
            }
            Self::NotUnderstood { address, detail } => {
                text("not-understood", &[("address", address), ("detail", detail)])
            }
            Self::Interrupted { app } => text("interrupted", &[("app", app)]),
            Self::Missing { id, app } => text(id, &[("app", app)]),
            Self::Output(error) => error.to_string(),
            Self::Found { .. } => String::new(),
        }
    }

    /// What to do next: what the command line knows, beside what the server says. `""` where that is nothing.
    pub(crate) fn next(&self, language: Language, subject: &str) -> String {
        let id = match self {
            Self::Refused { code, .. } => format!("next-{}", code.replace('.', "-")),
            Self::Interrupted { .. } => "next-interrupted".to_owned(),
            Self::Unreachable { id, .. } | Self::Missing { id, .. } => format!("next-{id}"),
            Self::NotUnderstood { .. } => "next-not-understood".to_owned(),
            Self::Ended { .. } | Self::Found { .. } | Self::Usage(_) | Self::Output(_) => {
                return String::new();
            }
        };
        messages::find(language, &id, &[("subject", subject)]).unwrap_or_default()
    }
}

/// What a person is told of a failure.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    /// The server's code, or one of the client's own.
    pub(crate) code: String,
    /// What happened to what, and why.
    pub(crate) message: String,
    /// What to do about it; `""` where the message says it.
    pub(crate) next: String,
}

impl Told {
    /// Puts into words that it could not be done, and why. `command` and `subject` are what was tried, with what.
    pub(crate) fn of(failure: &Failure, language: Language, command: &str, subject: &str) -> Self {
        let text = |id: &str, variables: &[(&str, &str)]| messages::text(language, id, variables);
        let attempt = text(&format!("cannot-{command}"), &[("subject", subject)]);
        let reason = failure.reason(language);
        let message = match failure {
            Failure::Interrupted { .. } => reason,
            _ => format!("{attempt}{}{reason}", text("colon", &[])),
        };
        Self { code: failure.code().to_owned(), message, next: failure.next(language, subject) }
    }

    /// The one document of `--output json`.
    pub(crate) fn document(&self) -> Value {
        json!({ "error": self })
    }
}
