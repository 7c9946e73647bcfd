//! AppEvents, as followers meet it: over real sockets, through interruptions, and beside one that is stuck.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use control::ports::store::{Change, EVENTS_KEPT, StoreError};
use domain::{AppId, Event, EventKind, InstallId, OperationId, Status, Step, Timestamp};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use testkit::Behaviour;
use testkit::store_suite::Generator;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::ServiceExt as _;

use crate::client::{Api, Call};
use crate::sockets::{DEADLINE, HEADERS, Served, served};

/// Events that the followers below are told of.
const EVENTS: u64 = 10_000;

/// One event, as it arrived.
#[derive(Debug)]
struct Arrived {
    id: Option<u64>,
    name: String,
    data: String,
}

impl Arrived {
    fn data(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// A client that follows over TCP.
struct Follower {
    body: Incoming,
    connection: JoinHandle<()>,
    text: String,
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Follower {
    async fn connect(served: &Served, query: &str, last_id: Option<u64>) -> Self {
        let stream = TcpStream::connect(served.tcp).await.expect("connected");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        let connection = tokio::spawn(async move { drop(connection.await) });
        let mut request = Request::get(format!("/AppEvents?{query}"));
        for (name, value) in [("host", "localhost"), ("version", "v1"), ("language", "en")] {
            request = request.header(name, value);
        }
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let answer = sender.send_request(request.body(String::new()).expect("a request")).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { body: answer.into_body(), connection, text: String::new() }
    }

    /// The next event that has arrived whole, or `None` at the end of the stream.
    async fn next(&mut self) -> Option<Arrived> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let rest = self.text.split_off(end + 2);
                let event = std::mem::replace(&mut self.text, rest);
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let id = field("id: ").map(|id| id.parse().expect("a number"));
                let (name, data) =
                    (field("event: ").unwrap_or_default(), field("data: ").unwrap_or_default());
                return Some(Arrived { id, name: name.to_owned(), data: data.to_owned() });
            }
            let frame = timeout(DEADLINE, self.body.frame()).await.expect("something in time")?;
            let data = frame.expect("the stream does not break").into_data().expect("data");
            self.text.push_str(std::str::from_utf8(&data).expect("whole characters"));
        }
    }

    /// The next of those that tell something.
    async fn next_event(&mut self) -> Arrived {
        loop {
            let arrived = self.next().await.expect("the stream goes on");
            if !arrived.name.is_empty() {
                return arrived;
            }
        }
    }
}

fn event(number: u64) -> Event {
    Event {
        at: Timestamp::from_millis(1_800_000_000_000 + number.cast_signed()),
        install: InstallId::from_text("any"),
        app: AppId::parse("one").expect("well formed"),
        operation: Some(OperationId::from_text("any")),
        kind: EventKind::StepStarted { step: Step::Pull, attempt: 1 },
    }
}

/// Lets so many events happen, in changes of all sizes, while others are at work.
fn let_happen(served: &Served, count: u64) -> JoinHandle<()> {
    let recorder = served.api.running.control.recorder().clone();
    tokio::spawn(async move {
        let mut stored = 0;
        while stored < count {
            let size = (stored % 23 + 1).min(count - stored);
            let events = (stored..stored + size).map(event).collect();
            let change = Change { events, ..Change::default() };
            recorder.update(move |_, _| Ok::<_, StoreError>((change, ()))).await.expect("stored");
            stored += size;
        }
    })
}

#[tokio::test]
async fn a_client_that_is_cut_off_again_and_again_misses_nothing_and_gets_nothing_twice() {
    let served = served().await;
    let mut follower = Follower::connect(&served, "", None).await;
    let first = follower.next().await.expect("it begins with its place");
    assert_eq!((first.id, first.name.as_str()), (Some(0), ""));
    let happening = let_happen(&served, EVENTS);
    let (mut last, mut cuts) = (0, 0);
    while last < EVENTS {
        // Cut off after any number of events, with more on the way: sometimes before the first.
        for _ in 0..last % 97 {
            let arrived = follower.next_event().await;
            assert_eq!((arrived.id, arrived.name.as_str()), (Some(last + 1), "step_started"));
            assert_eq!(arrived.data()["id"], json!(last + 1));
            last += 1;
            if last == EVENTS {
                break;
            }
        }
        follower = Follower::connect(&served, "", Some(last)).await;
        cuts += 1;
        if last % 97 == 0 && last < EVENTS {
            assert_eq!(follower.next_event().await.id, Some(last + 1));
            last += 1;
        }
    }
    happening.await.expect("no panic");
    assert!(cuts > 100, "{cuts}");
}

#[tokio::test]
async fn fifty_followers_get_everything_though_one_of_them_is_stuck() {
    let served = served().await;
    let mut stuck = UnixStream::connect(&served.unix).await.expect("connected");
    let request = format!("GET /AppEvents?last_event_id=0 HTTP/1.1\r\n{HEADERS}\r\n");
    stuck.write_all(request.as_bytes()).await.expect("written");
    let mut followers = Vec::new();
    for _ in 0..49 {
        let mut follower = Follower::connect(&served, "last_event_id=0", None).await;
        followers.push(tokio::spawn(async move {
            for expected in 1..=EVENTS {
                assert_eq!(follower.next_event().await.id, Some(expected));
            }
        }));
    }
    let_happen(&served, EVENTS).await.expect("no panic");
    for follower in followers {
        follower.await.expect("each gets each event once, in order");
    }
    // Two seconds more than the client may take nothing for.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(32)).await;
    tokio::time::resume();
    let mut got = Vec::new();
    let ended = timeout(DEADLINE, stuck.read_to_end(&mut got)).await.expect("it was dropped");
    let text = String::from_utf8_lossy(&got);
    assert!(ended.is_err() || !text.contains(&format!("id: {EVENTS}\n")), "it was never stuck");
    assert!(text.contains("id: 100\n"), "it got what fits into the buffers");
}

#[tokio::test]
async fn a_stop_ends_the_streams_at_once_also_of_a_client_that_is_stuck() {
    let served = served().await;
    let mut stuck = UnixStream::connect(&served.unix).await.expect("connected");
    let request = format!("GET /AppEvents?last_event_id=0 HTTP/1.1\r\n{HEADERS}\r\n");
    stuck.write_all(request.as_bytes()).await.expect("written");
    let mut follower = Follower::connect(&served, "last_event_id=0", None).await;
    let_happen(&served, EVENTS).await.expect("no panic");
    while follower.next_event().await.id != Some(EVENTS) {}
    served.stop.cancel();
    assert!(follower.next().await.is_none(), "the stream ends in good order");
    // Far below what ordinary answers have to end in.
    timeout(Duration::from_secs(5), served.task).await.expect("the server stops").expect("without a panic");
    drop(stuck);
}

#[tokio::test]
async fn a_client_that_goes_away_gives_its_stream_back() {
    let served = served().await;
    let mut open = Vec::new();
    for _ in 0..128 {
        open.push(Follower::connect(&served, "", None).await);
    }
    let call = Call::to("/AppEvents", &[]);
    let (code, message) = served.api.send(call.get()).await.error();
    assert_eq!(code, "SystemError");
    assert!(message.contains("128 event streams are open, which is the limit; close one"), "{message}");
    served.api.send(Call::to("/AppList", &[]).get()).await.data();
    open.pop();
    let again = async {
        while !served.api.send(call.get()).await.is_stream() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, again).await.expect("there is room again");
}

#[tokio::test]
async fn what_is_missing_is_said_with_where_it_goes_on() {
    let served = served().await;
    let_happen(&served, 3).await.expect("no panic");
    let mut from_the_future = Follower::connect(&served, "", Some(1_000)).await;
    let gap = from_the_future.next_event().await;
    assert_eq!((gap.id, gap.name.as_str(), gap.data()), (Some(3), "gap", json!({ "first_id": 4 })));
    let recorder = served.api.running.control.recorder();
    let change = Change { events: (0..EVENTS_KEPT).map(event).collect(), ..Change::default() };
    recorder.update(move |_, _| Ok::<_, StoreError>((change, ()))).await.expect("stored");
    let mut late = Follower::connect(&served, "last_event_id=1", None).await;
    let gap = late.next_event().await;
    assert_eq!((gap.id, gap.name.as_str(), gap.data()), (Some(3), "gap", json!({ "first_id": 4 })));
    assert_eq!(late.next_event().await.id, Some(4));
    assert_eq!(from_the_future.next_event().await.id, Some(4), "who was there already misses nothing");
}

/// The events from the first on, up to the first for which `is_last` holds.
async fn told(api: &Api, call: Call, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
    let call =
        Call { parameters: [call.parameters, vec![("last_event_id".into(), "0".into())]].concat(), ..call };
    let mut body = api.router.clone().oneshot(call.get()).await.expect("a router always answers").into_body();
    let mut events: Vec<Value> = Vec::new();
    while !events.iter().any(&is_last) {
        let frame = timeout(DEADLINE, body.frame()).await.expect("in time").expect("it goes on");
        let data = frame.expect("a stream cannot fail").into_data().expect("data");
        let text = String::from_utf8_lossy(&data);
        let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
        events.extend(lines.map(|data| serde_json::from_str::<Value>(data).expect("JSON")));
    }
    events
}

#[tokio::test(start_paused = true)]
async fn an_install_is_told_from_its_acceptance_to_its_running() {
    let api = Api::start().await;
    api.install("hello", "other").await;
    api.install("hello", "one").await;
    let call = Call::to("/AppEvents", &[("app_id", "one")]);
    let events = told(&api, call, |event| event["status_to"] == "running").await;
    assert!(events.iter().all(|event| event["app_id"] == "one"), "{events:?}");
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["kind"].as_str()).collect();
    assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("queued", "status_changed"), "{kinds:?}");
    assert_eq!(events[0]["operation_kind"], "install");
    let steps = events.iter().filter(|event| event["kind"] == "step_started").map(|event| &event["step"]);
    let steps: Vec<&Value> = steps.collect();
    assert_eq!(steps, ["reserve", "render", "pull", "create", "await_ready"]);
    let last = &events[events.len() - 1];
    assert_eq!((&last["status_from"], &last["status_to"]), (&json!("initing"), &json!("running")));
    let first = &events[0];
    assert!(first["time"].as_str().is_some_and(|time| time.starts_with("2026-01-01T00:")));
    assert_eq!((&first["step"], &first["attempt"], &first["reason"]), (&json!(""), &json!(0), &Value::Null));
    let ids: BTreeSet<u64> = events.iter().filter_map(|event| event["id"].as_u64()).collect();
    assert_eq!(ids.len(), events.len());
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_in_the_followers_language() {
    let api = Api::start().await;
    api.world.engine.lose_image("hello");
    api.running.install("hello", "one").await.expect("accepted");
    api.running.operation_ended("one").await;
    for (language, words) in [("en", "The registry has no image hello"), ("zh", "镜像仓库中没有镜像 hello")]
    {
        let call = Call::to("/AppEvents", &[]).header("language", language);
        let events = told(&api, call, |event| event["kind"] == "failed").await;
        for kind in ["unwinding", "failed"] {
            let event = events.iter().find(|event| event["kind"] == kind).expect("it is told");
            assert_eq!(event["reason"]["class"], "no_such_image");
            assert!(
                event["reason"]["message"].as_str().is_some_and(|text| text.starts_with(words)),
                "{event}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_event_is_documented_and_tells_what_it_says() {
    let api = Api::start().await;
    let mut generator = Generator::seeded(7);
    let app = generator.app("install-one", "one");
    let events: Vec<Event> = (0..90).map(|_| generator.event(&app)).collect();
    let change = Change { events: events.clone(), ..Change::default() };
    let recorder = api.running.control.recorder();
    recorder.update(move |_, _| Ok::<_, StoreError>((change, ()))).await.expect("stored");
    let document =
        api.send(Request::get("/openapi.json").body(Body::empty()).expect("a request")).await.json();
    let schema = &document["paths"]["/AppEvents"]["get"]["responses"]["200"]["content"]["text/event-stream"];
    let words = schema["schema"]["description"].as_str().expect("a text");
    let last = events.len();
    let told = told(&api, Call::to("/AppEvents", &[]), |event| event["id"] == last).await;
    assert_eq!(told.len(), events.len());
    for (event, told) in events.iter().zip(told) {
        assert!(words.contains(&format!("| `{}` |", event.kind.as_str())), "{words}");
        let typed: wire::EventInfo = serde_json::from_value(told.clone()).expect("an EventInfo");
        assert_eq!(serde_json::to_value(&typed).ok(), Some(told), "it has every field and no other");
        assert_eq!(typed.kind, event.kind.as_str());
        let has_reason =
            matches!(event.kind, EventKind::Unwinding(_) | EventKind::Failed(_) | EventKind::Stuck(_));
        assert_eq!(typed.reason.is_some(), has_reason);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_follows_an_app_that_goes_sees_its_end() {
    let api = Api::start().await;
    api.install("hello", "one").await;
    let call = Call::to("/AppUninstall", &[("app_id", "one"), ("data", "purge")]);
    api.send(call.form()).await.data();
    api.running.until(|running| running.status("one").is_none().then_some(())).await;
    let operation = async || api.send(Call::to("/AppOperation", &[("app_id", "one")]).get()).await.data();
    let ended = timeout(DEADLINE, async {
        while operation().await["state"] != "succeeded" {
            tokio::task::yield_now().await;
        }
    });
    ended.await.expect("it ends");
    let last = operation().await;
    let events = told(&api, Call::to("/AppEvents", &[("app_id", "one")]), |event| {
        event["operation_id"] == last["operation_id"] && event["kind"] == "succeeded"
    });
    assert!(events.await.iter().any(|event| event["operation_kind"] == last["kind"]));
    let operations = api.send(Call::to("/AppOperations", &[("app_id", "one")]).get()).await.data();
    assert_eq!((&operations[0], &operations[1]["kind"]), (&last, &json!("install")));
}

#[tokio::test(start_paused = true)]
async fn past_operations_are_told_page_by_page_and_the_one_at_work_as_app_operation_tells_it() {
    let api = Api::start().await;
    for number in 0..3 {
        api.install("hello", &format!("app{number}")).await;
    }
    api.world.engine.behave("hello", Behaviour::Silent);
    api.running.install("hello", "slow").await.expect("accepted");
    api.running.has_status("slow", Status::Initing).await;
    let all = api.send(Call::to("/AppOperations", &[]).get()).await.data();
    let ids = |list: &Value, field: &str| -> Vec<String> {
        let texts = list.as_array().expect("a list").iter().map(|each| each[field].as_str().expect("a text"));
        texts.map(str::to_owned).collect()
    };
    assert_eq!(ids(&all, "app_id"), ["slow", "app2", "app1", "app0"]);
    let newest = api.send(Call::to("/AppOperation", &[("app_id", "slow")]).get()).await.data();
    assert_eq!(all[0], newest);
    let operations = ids(&all, "operation_id");
    for request in Call::to("/AppOperations", &[("limit", "2"), ("before", &operations[1])]).every_form() {
        assert_eq!(ids(&api.send(request).await.data(), "operation_id"), operations[2..4]);
    }
    let of_one = Call::to("/AppOperations", &[("app_id", "app1")]).get();
    assert_eq!(ids(&api.send(of_one).await.data(), "operation_id"), operations[2..3]);
    let literal = Some(("application/json", r#"{"limit":1}"#.to_owned()));
    let request = Call::to("/AppOperations", &[]).with(axum::http::Method::POST, false, literal);
    assert_eq!(ids(&api.send(request).await.data(), "app_id"), ["slow"]);
    let none = Call::to("/AppOperations", &[("before", &operations[3])]).get();
    assert_eq!(api.send(none).await.data(), json!([]));
}
