//! A server in a world in memory, and a client of it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use control::Control;
use domain::{ErrorCode, Secret};
use http_body_util::BodyExt;
use serde_json::Value;
use server::{ServerSettings, Trust};
use testkit::{Life, Running, World};
use tower::ServiceExt;

/// What the gateway of tests is known by.
pub(crate) const GATEWAY_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A server that has looked at its engine.
pub(crate) struct Api {
    pub(crate) world: World,
    pub(crate) running: Running,
    pub(crate) router: Router,
    /// What `router` is of.
    pub(crate) served: server::Api,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::start_with(World::default(), &ServerSettings::default()).await
    }

    pub(crate) async fn start_with(world: World, settings: &ServerSettings) -> Self {
        let running = world.start();
        running.connected().await;
        let served = server::api(Arc::clone(&running.control), settings).expect("sound settings");
        Self { world, running, router: served.router.clone(), served }
    }

    /// The same server behind a gateway.
    pub(crate) fn behind_gateway(&self) -> Router {
        let trust = Trust { gateway_secret: Some(Secret::from_text(GATEWAY_SECRET)), ..Trust::default() };
        let settings = ServerSettings { trust, ..ServerSettings::default() };
        server::api(Arc::clone(&self.running.control), &settings).expect("sound settings").router
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }

    /// Waits until it is known what a package may do.
    pub(crate) async fn judged(&self, package: &str) {
        self.running
            .until(|running| {
                let entry = running.control.catalog().entry(package)?;
                (running.control.policy_of(&entry).verdict != domain::Verdict::Unknown).then_some(())
            })
            .await;
    }

    /// Installs a package and waits until it runs.
    pub(crate) async fn install(&self, package: &str, name: &str) {
        self.running.install(package, name).await.expect("accepted");
        self.running.has_status(name, domain::Status::Running).await;
    }
}

/// A server without anything at work, whose ports the test has changed.
pub(crate) fn router_over(world: &World, change: impl FnOnce(&mut control::Ports)) -> Router {
    let mut ports = world.ports(&Life::sound());
    change(&mut ports);
    let control = Control::open(ports, world.settings.clone()).expect("a store in memory can be read");
    server::api(control, &ServerSettings::default()).expect("sound settings").router
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("a router always answers");
    let (head, mut body) = response.into_parts();
    let is_stream = head.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
    let body = if is_stream {
        // It has no end: what comes first must do.
        let first = body.frame().await.expect("a stream begins").expect("a stream cannot fail");
        first.into_data().expect("data")
    } else {
        body.collect().await.expect("a whole body").to_bytes()
    };
    Answer { status: head.status, headers: head.headers, body: body.to_vec() }
}

/// A call of an interface, not yet in the form of a request.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Call {
    /// A sound call in English.
    pub(crate) fn to(path: &str, parameters: &[(&str, &str)]) -> Self {
        let owned = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            path: path.to_owned(),
            parameters: owned.collect(),
            headers: vec![("version", "v1".into()), ("language", "en".into())],
        }
    }

    /// The same as the gateway sends it in somebody's name.
    pub(crate) fn by(self, caller: &str, scope: &str) -> Self {
        let named = self.header("x-appmanage-caller", caller).header("x-appmanage-scope", scope);
        named.header("x-appmanage-secret", GATEWAY_SECRET).header("x-real-ip", "192.0.2.7")
    }

    /// The same with another value of that header; `""` leaves it out.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            self.headers.push((name, value.to_owned()));
        }
        self
    }

    /// In every form that the contract knows: GET, POST with the query, with a form, with JSON.
    pub(crate) fn every_form(&self) -> [Request<Body>; 4] {
        [self.get(), self.with(Method::POST, true, None), self.form(), self.json()]
    }

    pub(crate) fn get(&self) -> Request<Body> {
        self.with(Method::GET, true, None)
    }

    pub(crate) fn form(&self) -> Request<Body> {
        self.with(Method::POST, false, Some(("application/x-www-form-urlencoded", self.encoded())))
    }

    pub(crate) fn json(&self) -> Request<Body> {
        let members: serde_json::Map<String, Value> =
            self.parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let body = Value::Object(members).to_string();
        self.with(Method::POST, false, Some(("application/json", body)))
    }

    pub(crate) fn with(&self, method: Method, query: bool, body: Option<(&str, String)>) -> Request<Body> {
        let target = if query { format!("{}?{}", self.path, self.encoded()) } else { self.path.clone() };
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        match body {
            None => request.body(Body::empty()),
            Some((kind, body)) => request.header("content-type", kind).body(Body::from(body)),
        }
        .expect("a request")
    }

    fn encoded(&self) -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        let pair = |(name, value): &(String, String)| {
            format!("{name}={}", value.bytes().map(byte).collect::<String>())
        };
        self.parameters.iter().map(pair).collect::<Vec<_>>().join("&")
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether it is a stream of events that has been opened.
    pub(crate) fn is_stream(&self) -> bool {
        self.status == StatusCode::OK && self.headers["content-type"] == "text/event-stream"
    }

    /// The data of an answer without error.
    pub(crate) fn data(&self) -> Value {
        let mut envelope = self.envelope();
        assert!(envelope.get("Error").is_none(), "{envelope}");
        envelope["ResponseData"].take()
    }

    /// The code and message of an answer with error.
    pub(crate) fn error(&self) -> (String, String) {
        let envelope = self.envelope();
        let text = |name: &str| envelope["Error"][name].as_str().unwrap_or_default().to_owned();
        (text("Code"), text("Message"))
    }

    /// The answer, which is of the contract's form whatever was asked.
    pub(crate) fn envelope(&self) -> Value {
        let envelope = self.json();
        let members: Vec<&str> =
            envelope.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(self.headers["content-type"], "application/json");
        assert!(envelope["ResponseData"].is_object() || envelope["ResponseData"].is_array(), "{envelope}");
        if members == ["ResponseData"] {
            assert_eq!(self.status, StatusCode::OK);
            return envelope;
        }
        assert_eq!(members, ["ResponseData", "Error"], "{envelope}");
        let error = envelope["Error"].as_object().expect("an error is an object");
        assert_eq!(error.keys().collect::<Vec<_>>(), ["Code", "Message"]);
        assert!(error.values().all(|text| text.as_str().is_some_and(|text| !text.is_empty())), "{envelope}");
        let empty = ["{}", "[]"].contains(&envelope["ResponseData"].to_string().as_str());
        assert!(empty, "with an error there is no data: {envelope}");
        let code = error["Code"].as_str().expect("checked above");
        assert!(ErrorCode::ALL.iter().any(|known| known.as_str() == code), "unknown code {code}");
        let absent = ["Interface.NotExis", "Header.Version.NotExis"].contains(&code);
        assert_eq!(self.status.as_u16(), if absent { 404 } else { 200 }, "{envelope}");
        envelope
    }
}
