//! Whole calls (method, target, headers, body) that are damaged on purpose: every answer keeps the contract.

use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use serde_json::json;

use crate::client::{Api, Call, send};

/// A call out of lines: method, target, headers until a blank one, body. `None` where HTTP itself knows no such call.
fn call(input: &[u8]) -> Option<Request<Body>> {
    let mut lines = input.splitn(3, |byte| *byte == b'\n');
    let method = Method::from_bytes(lines.next()?).ok()?;
    let target = std::str::from_utf8(lines.next()?).ok()?;
    let mut rest = lines.next()?;
    let mut request = Request::builder().method(method).uri(target);
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if line.is_empty() {
            return request.body(Body::from(rest.to_vec())).ok();
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        request = request.header(name, value);
    }
}

#[test]
fn every_call_is_answered_by_the_contract() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/call");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let api = runtime.block_on(Api::start());
    let gateway = api.behind_gateway();
    testkit::fuzz::run(&corpus, |input| {
        let Some(mut request) = call(input) else { return false };
        // In the name of an administrator, so that nothing is refused for who asks.
        let gateways = Call::to("", &[]).by("user:admin", "full").headers.into_iter();
        for (name, value) in gateways.filter(|(name, _)| name.starts_with("x-")) {
            let value = HeaderValue::from_str(&value).expect("plain text");
            request.headers_mut().entry(name).or_insert(value);
        }
        let (is_head, path) = (request.method() == Method::HEAD, request.uri().path().to_owned());
        let answer = runtime.block_on(send(&gateway, request));
        assert!([200, 404].contains(&answer.status.as_u16()), "{answer:?}");
        let is_interface = path.trim_start_matches('/').starts_with(char::is_uppercase);
        if is_interface && !is_head && !answer.is_stream() {
            assert_ne!(answer.envelope()["Error"]["Code"], "SystemError", "{answer:?}");
        }
        answer.status == 200
    });
    let apps = runtime.block_on(send(&api.router, Call::to("/AppList", &[]).get())).data();
    assert_eq!(apps, json!([]), "nothing was installed by all that");
}
