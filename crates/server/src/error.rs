//! Why a call is refused, and the answer in either case: the only file that knows 200 and 404.
//!
//! Each failure is logged here, once. The words are `messages`' and `details`' business.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ErrorCode;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use wire::{Envelope, ErrorInfo};

use crate::context::Context;
use crate::gatekeeper::Stranger;
use crate::language::Language;
use crate::limits::STREAMS_MAX;
use crate::{details, messages};

/// Why a call is answered with an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// A required header or parameter is blank.
    #[error("something required is blank")]
    Blank(ErrorCode),
    /// A parameter is none of the values that it may have.
    #[error("a parameter has a value that it may not have")]
    Format(ErrorCode),
    /// The interface version asked for is not served.
    #[error("the interface version is not served")]
    VersionNotServed,
    /// The request cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// No interface has that path, or it does not know the method.
    #[error("no such interface")]
    NoSuchInterface,
    /// The call is for another host.
    #[error("the host name {0:?} is not one of this server's")]
    ForeignHost(String),
    /// The caller is not let in.
    #[error("{0}")]
    Stranger(Stranger),
    /// The caller may only look.
    #[error("the caller may only look")]
    ReadOnly,
    /// The interface is not for this kind of caller.
    #[error("the interface is not for this caller")]
    Forbidden,
    /// A page of another site calls an interface that changes something.
    #[error("a page of another site calls")]
    ForeignOrigin,
    /// As many streams of events are open as may be.
    #[error("{STREAMS_MAX} streams of events are open already")]
    TooManyStreams,
    /// The use case refused.
    #[error(transparent)]
    Control(#[from] control::Error),
    /// The server itself went wrong.
    #[error("{0}")]
    Internal(String),
}

/// What is wrong with the form of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request is malformed: {self:?}")]
pub(crate) enum Malformed {
    /// The body has more bytes than are read.
    BodyTooLarge,
    /// The body ended early or took too long.
    BodyBroken,
    /// The body has another content type than the two, or none, or several.
    ContentType,
    /// Some text is not UTF-8.
    NotUtf8,
    /// A `%` in query or form stands for nothing.
    PercentEncoding,
    /// The body is no JSON, or no object.
    NotJsonObject,
    /// There are more parameters than any interface knows.
    TooManyParameters,
    /// That parameter has more bytes than any may have.
    ParameterTooLong(&'static str),
    /// That parameter stands twice in one place.
    GivenTwice(&'static str),
    /// That parameter is no string.
    NotText(&'static str),
}

/// What `ResponseData` is beside an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nothing {
    /// `{}`
    Object,
    /// `[]`, for interfaces that answer a list.
    List,
}

impl Serialize for Nothing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object => serializer.serialize_map(Some(0))?.end(),
            Self::List => serializer.serialize_seq(Some(0))?.end(),
        }
    }
}

impl Refusal {
    /// The contract's code.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Blank(code) | Self::Format(code) => *code,
            Self::VersionNotServed => ErrorCode::HeaderVersionNotExis,
            Self::Malformed(_) => ErrorCode::RequestFormatError,
            Self::NoSuchInterface | Self::ForeignHost(_) | Self::ForeignOrigin | Self::Stranger(_) => {
                ErrorCode::InterfaceNotExis
            }
            Self::ReadOnly => ErrorCode::AuthReadOnly,
            Self::Forbidden => ErrorCode::AuthForbidden,
            Self::Control(error) => error.code(),
            Self::TooManyStreams | Self::Internal(_) => ErrorCode::SystemError,
        }
    }

    /// Logs it and says it in the caller's language.
    pub(crate) fn answer(&self, context: &Context) -> Response {
        self.log();
        let message = self.message(context);
        let error = ErrorInfo { code: self.code().as_str().to_owned(), message };
        let status = if is_no_such_interface(self.code()) { StatusCode::NOT_FOUND } else { StatusCode::OK };
        let mut response = envelope(status, &Envelope { data: context.nothing, error: Some(error) });
        // For whoever counts.
        response.extensions_mut().insert(self.code());
        response
    }

    /// What it means, with what was found.
    pub(crate) fn message(&self, context: &Context) -> String {
        let mut message = messages::of_code(context.language, self.code());
        let found = details::of(self, context);
        if !found.is_empty() {
            let space = if context.language == Language::English { " " } else { "" };
            message.push_str(&format!("{space}({found})"));
        }
        message
    }

    /// Only what an administrator has to look into is an error. A client's mistakes are the client's
    /// business, and an engine that is away is logged by who watches it, not at every call meanwhile.
    fn log(&self) {
        let code = self.code();
        let reason = control::error_chain(self);
        if code == ErrorCode::SystemError {
            tracing::error!(reason, "a call failed");
        } else {
            tracing::debug!(error.code = code.as_str(), reason, "a call was refused");
        }
    }
}

/// The answer of an interface that has one.
pub(crate) fn answered(data: impl Serialize) -> Response {
    envelope(StatusCode::OK, &Envelope { data, error: None })
}

/// The HTTP status of an error.
pub(crate) fn is_no_such_interface(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::InterfaceNotExis | ErrorCode::HeaderVersionNotExis)
}

/// Whether an interface may answer so.
pub(crate) fn is_in_contract(response: &Response) -> bool {
    matches!(response.status(), StatusCode::OK | StatusCode::NOT_FOUND)
}

fn envelope(status: StatusCode, envelope: &Envelope<impl Serialize>) -> Response {
    let json = serde_json::to_vec(envelope).expect("wire types have text keys only and cannot fail");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        // Answers hold passwords and go out of date at once.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, Body::from(json)).into_response()
}
