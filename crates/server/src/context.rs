//! What is known of a call before its parameters are read: its language, its id, and whether its headers
//! are as the contract wants them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderValue};
use domain::ErrorCode;

use crate::error::{Nothing, Refusal};
use crate::language::Language;
use crate::limits::ECHO_CHARACTERS_MAX;

/// The header that carries the id of a call, both ways.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// What every answer depends on.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The language of messages.
    pub(crate) language: Language,
    /// The id that client, nginx and log know the call by.
    pub(crate) request_id: Arc<str>,
    /// What `ResponseData` is beside an error.
    pub(crate) nothing: Nothing,
}

impl Context {
    pub(crate) fn of(headers: &HeaderMap, nothing: Nothing) -> Self {
        Self { language: Language::of(headers), request_id: request_id(headers), nothing }
    }
}

/// Refuses a call whose `Version` or `Language` is not as the contract wants it.
///
/// Without `required`, a header that is absent or blank is as good as the default.
pub(crate) fn check_headers(headers: &HeaderMap, required: bool) -> Result<(), Refusal> {
    match value_of(headers, "version") {
        None if required => return Err(Refusal::Blank(ErrorCode::HeaderVersionBlank)),
        None => {}
        Some(version) if is_served(&version) => {}
        Some(_) => return Err(Refusal::VersionNotServed),
    }
    // Any language will do: one without translation is answered in English.
    if required && value_of(headers, "language").is_none() {
        return Err(Refusal::Blank(ErrorCode::HeaderLanguageBlank));
    }
    Ok(())
}

fn is_served(version: &str) -> bool {
    ["v1", "v1.0", "1", "1.0"].iter().any(|served| version.eq_ignore_ascii_case(served))
}

/// The value of a header, trimmed as parameters are, unless it is blank; the first where it stands twice.
pub(crate) fn value_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(name)?.as_bytes());
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The id that the client (or nginx) gave the call, so that its log and ours can be laid side by side;
/// where it gave none, or one that does not belong in a log, a number.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    let harmless = |text: &&str| {
        (1..=ECHO_CHARACTERS_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    match headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(harmless) {
        Some(given) => given.into(),
        None => CALLS.fetch_add(1, Ordering::Relaxed).to_string().into(),
    }
}

/// A request id as a header.
pub(crate) fn id_header(request_id: &str) -> HeaderValue {
    HeaderValue::from_str(request_id).expect("a request id consists of letters, digits, '-', '_' and '.'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| ((*name).parse().expect("a name"), value.parse().expect("a value")))
            .collect()
    }

    fn refused(pairs: &[(&'static str, &str)], required: bool) -> Option<ErrorCode> {
        check_headers(&headers(pairs), required).err().map(|refusal| refusal.code())
    }

    #[test]
    fn the_served_version_has_four_spellings() {
        for version in ["v1", "V1", "v1.0", "V1.0", "1", "1.0", " v1 "] {
            assert_eq!(refused(&[("version", version), ("language", "zh")], true), None, "{version}");
        }
        for version in ["v2", "2", "1.1", "v1.0.0", "v", "version1", "1,1"] {
            let code = Some(ErrorCode::HeaderVersionNotExis);
            assert_eq!(refused(&[("version", version), ("language", "zh")], true), code, "{version}");
            assert_eq!(refused(&[("version", version)], false), code, "{version}");
        }
    }

    #[test]
    fn both_headers_are_required_unless_the_setting_says_otherwise() {
        assert_eq!(refused(&[], true), Some(ErrorCode::HeaderVersionBlank));
        assert_eq!(
            refused(&[("version", " "), ("language", "zh")], true),
            Some(ErrorCode::HeaderVersionBlank)
        );
        assert_eq!(refused(&[("version", "v1")], true), Some(ErrorCode::HeaderLanguageBlank));
        assert_eq!(
            refused(&[("version", "v1"), ("language", "\t")], true),
            Some(ErrorCode::HeaderLanguageBlank)
        );
        // White space is more than ASCII's, as it is in parameters.
        let (version, language) = (("version", "\u{a0}v1\u{3000}"), ("language", "\u{3000}"));
        assert_eq!(refused(&[version, language], true), Some(ErrorCode::HeaderLanguageBlank));
        assert_eq!(refused(&[], false), None);
        assert_eq!(refused(&[("version", ""), ("language", "")], false), None);
    }

    #[test]
    fn a_harmless_request_id_is_kept_and_another_replaced() {
        assert_eq!(&*request_id(&headers(&[("x-request-id", "nginx-4.2_a")])), "nginx-4.2_a");
        for other in ["", "a b", "a\"b", &"x".repeat(ECHO_CHARACTERS_MAX + 1)] {
            let id = request_id(&headers(&[("x-request-id", other)]));
            assert!(id.parse::<u64>().is_ok(), "{other}");
        }
    }
}
