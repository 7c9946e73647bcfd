//! What the fake engine answers to what.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::{Method, Response};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::Shared;
use super::state::{Pull, Request, State, stats, version};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The answer to one request; `None` if it is never answered.
pub(super) fn answer(shared: &Shared, request: &hyper::Request<Incoming>) -> Option<Response<Body>> {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let mut state = shared.state();
    let login = request.headers().get("x-registry-auth").and_then(|login| login.to_str().ok());
    let line = format!("{} {}", request.method(), request.uri());
    state.requests.push(Request { line, registry_login: login.map(str::to_owned) });
    let api = format!("{}.{}", state.newest_api.0, state.newest_api.1);
    let asked = unversioned(&state, path).map(|path| format!("{} {path}", request.method()));
    if asked.is_ok_and(|asked| state.hanging_requests.iter().any(|hangs| asked.starts_with(hangs))) {
        return None;
    }
    let mut response = match unversioned(&state, path) {
        Ok("/events") => events(shared),
        Ok("/images/create") => pull(shared, &mut state, query),
        Ok(path) if let Some(bytes) = state.log(path) => log(shared, bytes, query.contains("follow=1")),
        Ok(path) => of_state(&mut state, request.method(), path),
        Err(words) => error(400, &words),
    };
    let api = api.parse().expect("a version is a header's value");
    response.headers_mut().insert("api-version", api);
    Some(response)
}

/// The path without its API version, if that version is served.
fn unversioned<'a>(state: &State, path: &'a str) -> Result<&'a str, String> {
    let Some((asked, rest)) = path.strip_prefix("/v").and_then(|path| path.split_once('/')) else {
        return Ok(path);
    };
    let (oldest, newest) = (state.oldest_api, state.newest_api);
    let refused = |what: &str, bound: (u32, u32)| {
        Err(format!("client version {asked} is too {what} API version is {}.{}", bound.0, bound.1))
    };
    match version(asked) {
        asked if asked > newest => refused("new. Maximum supported", newest),
        asked if asked < oldest => refused("old. Minimum supported", oldest),
        _ => Ok(&path[path.len() - rest.len() - 1..]),
    }
}

fn of_state(state: &mut State, method: &Method, path: &str) -> Response<Body> {
    let line = format!("{method} {path}");
    // The longest that fits is the one that is meant.
    let overridden = state.overrides.iter().filter(|(prefix, _)| line.starts_with(prefix.as_str()));
    if let Some((_, (status, body))) = overridden.max_by_key(|(prefix, _)| prefix.len()) {
        return whole(*status, body.clone());
    }
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["_ping"]) => whole(200, "OK"),
        ("GET", ["info"]) => json(&json!({
            "ServerVersion": "28.2.2", "NCPU": 2, "MemTotal": 8_000_000_000_u64, "DockerRootDir": "/var/lib/docker",
        })),
        ("GET", ["containers", "json"]) => {
            let short = |inspect: &Value| {
                json!({
                    "Id": inspect["Id"], "Names": [inspect["Name"]], "Created": 1_767_225_600,
                    "State": inspect["State"]["Status"], "Status": in_words(&inspect["State"]),
                    "Mounts": inspect["Mounts"], "Labels": inspect["Config"]["Labels"],
                    "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
                              {"PrivatePort": 443, "Type": "tcp"}],
                })
            };
            json(&state.containers.values().map(short).collect())
        }
        ("GET", ["containers", id, "json"]) => state.containers.get(*id).map_or_else(missing, json),
        ("GET", ["containers", _, "logs"]) => whole(200, ""),
        ("GET", ["containers", _, "stats"]) => {
            json(&stats("2026-01-01T00:00:00Z", 1_000_000_000, 10_000_000))
        }
        ("GET", ["system", "df"]) => {
            let with_size = |volume: &Value| json!({"Name": volume["Name"], "UsageData": {"Size": 4_096}});
            json(&json!({"Volumes": state.volumes.iter().map(with_size).collect::<Vec<_>>()}))
        }
        ("GET", ["networks"]) => json(&Value::from(state.networks.clone())),
        ("GET", ["volumes"]) => json(&json!({"Volumes": state.volumes, "Warnings": null})),
        ("GET", ["images", name @ .., "json"]) => match state.images.contains(&name.join("/")) {
            true => json(&json!({"Id": "sha256:0"})),
            false => missing(),
        },
        ("DELETE", ["containers", id]) => removed(state.containers.remove(*id).is_some()),
        ("DELETE", ["networks", id]) => removed(take(&mut state.networks, "Id", id)),
        ("DELETE", ["volumes", name]) => removed(take(&mut state.volumes, "Name", name)),
        ("POST", ["containers", id, "wait"]) => match state.containers.remove(*id).is_some() {
            true => json(&json!({"StatusCode": 0})),
            false => missing(),
        },
        _ => error(404, &format!("page not found: {line}")),
    }
}

/// A container's state as the list tells it.
fn in_words(state: &Value) -> String {
    match (state["Status"].as_str(), state["Health"]["Status"].as_str()) {
        (Some("exited"), _) => format!("Exited ({}) 5 minutes ago", state["ExitCode"]),
        (_, Some("starting")) => "Up 5 minutes (health: starting)".to_owned(),
        (_, Some(health)) => format!("Up 5 minutes ({health})"),
        _ => "Up 5 minutes".to_owned(),
    }
}

fn events(shared: &Shared) -> Response<Body> {
    let receiver = shared.events.subscribe();
    let lines = stream::unfold(receiver, |mut receiver| async move {
        loop {
            match receiver.recv().await {
                Ok(line) => return Some((line, receiver)),
                // A real one drops what a slow reader does not take, too.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    streamed(lines.map(Bytes::from))
}

fn pull(shared: &Shared, state: &mut State, query: &str) -> Response<Body> {
    let field = |name: &str| {
        let mut fields = query.split('&').filter_map(|field| field.split_once('='));
        fields.find_map(|(key, value)| (key == name).then(|| value.to_owned())).unwrap_or_default()
    };
    let image = format!("{}:{}", field("fromImage"), field("tag"));
    let Some(Pull { lines, pause, hangs }) = state.pulls.get(&image).cloned() else {
        return error(404, &format!("manifest for {image} not found: manifest unknown: manifest unknown"));
    };
    // The engine's last line of a pull that went well begins so.
    let is_good = |line: &Value| line["status"].as_str().is_some_and(|status| status.starts_with("Status: "));
    if lines.last().is_some_and(is_good) {
        state.images.insert(image);
    }
    let lines = stream::iter(lines).then(move |line| async move {
        tokio::time::sleep(pause).await;
        format!("{line}\r\n")
    });
    let rest = if hangs { hang(shared) } else { stream::empty().boxed() };
    streamed(lines.map(Bytes::from).chain(rest))
}

/// What a container wrote, and for whoever follows nothing more, without an end.
fn log(shared: &Shared, bytes: Vec<u8>, follow: bool) -> Response<Body> {
    let rest = if follow { hang(shared) } else { stream::empty().boxed() };
    streamed(stream::iter([Bytes::from(bytes)]).chain(rest))
}

fn hang(shared: &Shared) -> BoxStream<'static, Bytes> {
    let hanging = Arc::clone(&shared.hanging);
    let never = async move {
        let _hanging = hanging;
        std::future::pending().await
    };
    stream::once(never).boxed()
}

fn take(objects: &mut Vec<Value>, key: &str, name: &str) -> bool {
    let before = objects.len();
    objects.retain(|object| object[key] != name);
    objects.len() < before
}

fn removed(was_there: bool) -> Response<Body> {
    if was_there { whole(204, "") } else { missing() }
}

fn missing() -> Response<Body> {
    error(404, "No such object")
}

fn error(status: u16, message: &str) -> Response<Body> {
    whole(status, json!({"message": message}).to_string())
}

fn json(value: &Value) -> Response<Body> {
    whole(200, value.to_string())
}

fn whole(status: u16, body: impl Into<Bytes>) -> Response<Body> {
    response(status, Full::new(body.into()).boxed_unsync())
}

fn streamed(chunks: impl futures_util::Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    response(200, StreamBody::new(chunks.map(|chunk| Ok(Frame::data(chunk)))).boxed_unsync())
}

fn response(status: u16, body: Body) -> Response<Body> {
    Response::builder().status(status).body(body).expect("a status and a body are a response")
}
