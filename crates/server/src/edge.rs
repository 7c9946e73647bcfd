//! The outermost layer: what comes in is bounded, and what goes out keeps the contract.
//!
//! Whatever happens further in (a panic, a time-out, a status of some library's), an interface and an
//! unknown path answer with the envelope and with 200 or 404.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use domain::ErrorCode;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

use crate::context::{Context, REQUEST_ID, id_header};
use crate::error::{Malformed, Nothing, Refusal, is_in_contract, is_no_such_interface};
use crate::gatekeeper::{Caller, is_of_any_name};
use crate::limits::{ANSWER_TIME_MAX, BODY_BYTES_DISCARDED_MAX, BODY_BYTES_MAX, BODY_TIME_MAX};
use crate::seats::Seat;
use crate::{KnownInterface, Server};

/// The body of a request, read before anything else is done: an answer that goes out while a client is
/// still sending can be lost with the connection.
#[derive(Clone, Debug)]
pub(crate) struct Body(Result<Bytes, Malformed>);

impl Body {
    /// Its bytes, if it could be read.
    pub(crate) fn bytes(&self) -> Result<Bytes, Malformed> {
        self.0.clone()
    }

    async fn read(body: HttpBody) -> Self {
        let read = timeout(BODY_TIME_MAX, read_bounded(body)).await;
        Self(read.unwrap_or(Err(Malformed::BodyBroken)))
    }
}

/// Marks answers that are ordinary HTTP by the contract: documents, images, health.
#[derive(Clone, Copy)]
struct OrdinaryHttp;

/// Marks the answer of a route that is no interface.
pub(crate) async fn mark_ordinary(mut response: Response) -> Response {
    response.extensions_mut().insert(OrdinaryHttp);
    response
}

/// Lets a request in and its answer out.
pub(crate) async fn keep_contract(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut head, body) = request.into_parts();
    let interface = server.interface_at(head.uri.path());
    let nothing = interface.map_or(Nothing::Object, |interface| interface.nothing);
    let context = Context::of(&head.headers, nothing);
    // On every line that is logged because of the call. At the level of errors, so that no filter takes it away.
    let span = tracing::error_span!("call", request.id = &*context.request_id);
    let body = Body::read(body).await;
    // Not before: who sends slowly is as good as silent.
    let begun = Instant::now();
    let busy = head.extensions.get::<Arc<Seat>>().map(|seat| Arc::new(seat.busy()));
    let origin = server.callers.admitted_origin(&head.headers);
    let mut response = match let_in(&server, &head) {
        // A stranger is not even told that there would be a list.
        Err(refusal @ Refusal::Stranger(_)) => {
            span.in_scope(|| refusal.answer(&Context { nothing: Nothing::Object, ..context.clone() }))
        }
        Err(refusal) => span.in_scope(|| refusal.answer(&context)),
        Ok(caller) => {
            head.extensions.insert(context.clone());
            head.extensions.insert(caller);
            head.extensions.insert(body);
            let answer = answer(&context, next.run(Request::from_parts(head, HttpBody::empty())));
            answer.instrument(span.clone()).await
        }
    };
    span.in_scope(|| tracing::debug!(status = response.status().as_u16(), "a call was answered"));
    let is_ordinary = response.extensions().get::<OrdinaryHttp>().is_some();
    let other = if is_ordinary { "ordinary" } else { "none" };
    server
        .calls
        .add((interface.map_or(other, |interface| interface.name), outcome(&response)), begun.elapsed());
    server.callers.admit(origin, &mut response);
    response.headers_mut().insert(REQUEST_ID, id_header(&context.request_id));
    if let Some(busy) = busy {
        response.extensions_mut().insert(busy);
    }
    response
}

/// Who calls, if they may and by a name of this server's.
fn let_in(server: &Server, head: &Parts) -> Result<Caller, Refusal> {
    let caller = server.gatekeeper.admit(head).map_err(Refusal::Stranger)?;
    if !caller.by_gateway && !is_of_any_name(head.uri.path()) {
        server.callers.check_host(head)?;
    }
    Ok(caller)
}

async fn answer(context: &Context, response: impl Future<Output = Response>) -> Response {
    let broken = |what: String| Refusal::Internal(what).answer(context);
    match timeout(ANSWER_TIME_MAX, AssertUnwindSafe(response).catch_unwind()).await {
        Ok(Ok(response)) if response.extensions().get::<OrdinaryHttp>().is_some() => response,
        Ok(Ok(response)) if is_in_contract(&response) => response,
        Ok(Ok(response)) => broken(format!("an interface answered with status {}", response.status())),
        Ok(Err(panic)) => broken(format!("a call panicked: {}", panic_text(&*panic))),
        Err(_) => broken(format!("a call took more than {} s", ANSWER_TIME_MAX.as_secs())),
    }
}

async fn read_bounded(mut body: HttpBody) -> Result<Bytes, Malformed> {
    let mut kept = BytesMut::new();
    let mut seen: usize = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Malformed::BodyBroken)?.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen > BODY_BYTES_DISCARDED_MAX {
            break;
        }
        if seen <= BODY_BYTES_MAX {
            kept.extend_from_slice(&data);
        }
    }
    if seen > BODY_BYTES_MAX { Err(Malformed::BodyTooLarge) } else { Ok(kept.freeze()) }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}

/// How a call ended, in a word: what has to be looked into is told from what is a client's mistake.
fn outcome(response: &Response) -> &'static str {
    match response.extensions().get::<ErrorCode>() {
        None => "ok",
        Some(ErrorCode::SystemError | ErrorCode::ContainerCommandError) => "failed",
        Some(code) if is_no_such_interface(*code) => "absent",
        Some(_) => "refused",
    }
}

impl Server {
    /// The interface on that path.
    fn interface_at(&self, path: &str) -> Option<&KnownInterface> {
        self.known.iter().find(|known| known.path == path)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    use super::*;

    async fn answered(inner: impl Future<Output = Response>) -> (StatusCode, String) {
        let context = Context::of(&axum::http::HeaderMap::new(), Nothing::List);
        let response = answer(&context, inner).await;
        let status = response.status();
        let body = response.into_body().collect().await.expect("a whole body").to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    fn is_system_error((status, body): &(StatusCode, String)) -> bool {
        let begins = r#"{"ResponseData":[],"Error":{"Code":"SystemError","#;
        *status == StatusCode::OK && body.starts_with(begins)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_read_within_bounds_of_size_and_time() {
        let read = async |body: HttpBody| Body::read(body).await.bytes();
        assert_eq!(read(HttpBody::from("x")).await, Ok(Bytes::from("x")));
        let full = vec![b'x'; BODY_BYTES_MAX];
        assert_eq!(read(HttpBody::from(full.clone())).await.map(|body| body.len()), Ok(BODY_BYTES_MAX));
        assert_eq!(read(HttpBody::from([full, vec![b'x']].concat())).await, Err(Malformed::BodyTooLarge));
        let silent = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        assert_eq!(read(HttpBody::from_stream(silent)).await, Err(Malformed::BodyBroken));
        let endless =
            futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; BODY_BYTES_MAX]));
        assert_eq!(read(HttpBody::from_stream(endless)).await, Err(Malformed::BodyTooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_or_a_call_without_end_is_a_system_error() {
        assert!(is_system_error(&answered(async { panic!("a bug") }).await));
        assert!(is_system_error(&answered(pending()).await));
    }

    #[tokio::test]
    async fn another_status_than_200_and_404_is_a_system_error_unless_it_is_ordinary_http() {
        for status in [204, 301, 400, 405, 408, 413, 415, 422, 429, 500, 503] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert!(is_system_error(&answered(ready(status.into_response())).await), "{status}");
            let ordinary = mark_ordinary(status.into_response()).await;
            assert_eq!(answered(ready(ordinary)).await.0, status);
        }
        assert_eq!(answered(ready(StatusCode::NOT_FOUND.into_response())).await.0, StatusCode::NOT_FOUND);
    }
}
