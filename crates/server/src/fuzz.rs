//! The reader of parameters, with inputs that are damaged on purpose.

use std::path::Path;

use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use bytes::Bytes;

use crate::parameters::{Known, Parameters};

const KNOWN: Known = Known {
    names: &["app_id", "app_name", "limit", "settings"],
    literals: &["limit"],
    objects: &["settings"],
};

fn read(method: &Method, query: &str, kind: &'static str, body: &[u8]) -> Option<Parameters> {
    let uri: Uri = format!("/x?{query}").parse().ok()?;
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
    Parameters::read(KNOWN, method, &uri, &headers, &Bytes::copy_from_slice(body)).ok()
}

#[test]
fn any_bytes_are_parameters_or_refused_and_query_and_form_say_the_same() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/parameters");
    testkit::fuzz::run(&corpus, |input| {
        let json = read(&Method::POST, "", "application/json", input);
        let form = read(&Method::POST, "", "application/x-www-form-urlencoded", input);
        for parameters in json.iter().chain(&form) {
            for name in KNOWN.names {
                let value = parameters.optional(name);
                assert!(value.is_none_or(|value| !value.is_empty() && value.trim() == value), "{value:?}");
            }
            drop(parameters.settings("settings"));
            assert!(
                parameters.limit(20, 100).is_ok_and(|limit| (1..=100).contains(&limit))
                    || parameters.optional("limit").is_some()
            );
        }
        // A query cannot hold every byte that a form can.
        if let Some(text) = std::str::from_utf8(input).ok().filter(|text| !text.contains('#'))
            && format!("/x?{text}").parse::<Uri>().is_ok_and(|uri| uri.query() == Some(text))
        {
            assert!(read(&Method::GET, text, "", b"") == form, "{text:?}");
        }
        json.is_some() || form.is_some()
    });
}
