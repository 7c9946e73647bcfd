//! Who is let in: the gateway's word, `/gateway/auth`, and everybody else.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Scope, Secret};
use http_body_util::BodyExt;
use testkit::Running;
use tower::ServiceExt;

use crate::client::{Answer, Api, Call, GATEWAY_SECRET, send};

const PASSWORD: &str = "correct horse 电池";

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

async fn asked(gateway: &Router, authorization: &str, address: &str) -> Answer {
    let request = Request::get("/gateway/auth")
        .header("x-appmanage-secret", GATEWAY_SECRET)
        .header("x-real-ip", address)
        .header("authorization", authorization);
    send(gateway, request.body(Body::empty()).expect("a request")).await
}

/// Who is let in with that, as `caller scope`; else the status.
async fn login(gateway: &Router, authorization: &str, address: &str) -> Result<String, StatusCode> {
    let answer = asked(gateway, authorization, address).await;
    let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().expect("text").to_owned());
    let named = header("x-appmanage-caller").zip(header("x-appmanage-scope"));
    assert_eq!(named.is_some(), answer.status == StatusCode::OK, "{answer:?}");
    named.map(|(caller, scope)| format!("{caller} {scope}")).ok_or(answer.status)
}

async fn with_alice(api: &Api) -> Router {
    let password = Some(Secret::from_text(PASSWORD));
    api.running.control.access().add_user("alice", password).await.expect("added");
    api.behind_gateway()
}

const UNKNOWN: Result<String, StatusCode> = Err(StatusCode::UNAUTHORIZED);
const SLOWED: Result<String, StatusCode> = Err(StatusCode::FORBIDDEN);

#[tokio::test(start_paused = true)]
async fn a_user_is_let_in_by_the_password_and_by_no_other() {
    let api = Api::start().await;
    let gateway = with_alice(&api).await;
    let alice = Ok("user:alice full".to_owned());
    assert_eq!(login(&gateway, &basic("alice", PASSWORD), "192.0.2.1").await, alice);
    // Again, as remembered; and the scheme's case is of no matter.
    let lower = basic("alice", PASSWORD).replace("Basic", "basic");
    assert_eq!(login(&gateway, &lower, "192.0.2.1").await, alice);
    for (number, wrong) in [
        basic("alice", "correct horse"),
        basic("alice", ""),
        basic("Alice", PASSWORD),
        basic("\u{430}lice", PASSWORD),
        basic("alice'--", PASSWORD),
        basic("' OR 1=1 --", "x"),
        basic("bob", PASSWORD),
        "Basic !!!".to_owned(),
        format!("Basic {}", STANDARD.encode("alice")),
        format!("Basic {}", STANDARD.encode(b"\xff:\xff")),
        "Basic".to_owned(),
        format!("Digest {PASSWORD}").replace("电池", ""),
        "Bearer".to_owned(),
        "Bearer amk_AAAA".to_owned(),
        "Bearer ".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        // Each from elsewhere, and long after: slowing down has its own tests.
        tokio::time::advance(Duration::from_secs(1_000)).await;
        let answer = asked(&gateway, &wrong, &format!("192.0.2.{}", number + 10)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong}");
        assert_eq!(answer.headers["www-authenticate"], r#"Basic realm="appmanage", charset="UTF-8""#);
    }
}

#[tokio::test(start_paused = true)]
async fn another_password_and_a_removal_count_at_once() {
    let api = Api::start().await;
    let gateway = with_alice(&api).await;
    let access = api.running.control.access();
    assert!(login(&gateway, &basic("alice", PASSWORD), "192.0.2.1").await.is_ok());
    let (_, made) = access.set_password("alice", None).await.expect("changed");
    let made = made.expect("one is made");
    assert_eq!(login(&gateway, &basic("alice", PASSWORD), "192.0.2.1").await, UNKNOWN);
    let again = async || {
        tokio::time::advance(Duration::from_secs(5)).await;
        login(&gateway, &basic("alice", made.reveal()), "192.0.2.1").await
    };
    assert!(again().await.is_ok());
    access.remove_user("alice").await.expect("removed");
    assert_eq!(again().await, UNKNOWN);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_let_in_until_it_expires_or_is_revoked() {
    let api = Api::start().await;
    let gateway = api.behind_gateway();
    let access = api.running.control.access();
    let day = Duration::from_hours(24);
    let (_, watch) = access.add_key("watch", Scope::ReadOnly, Some(day)).await.expect("added");
    let (_, deploy) = access.add_key("deploy", Scope::Full, None).await.expect("added");
    let bearer = |key: &Secret| format!("Bearer {}", key.reveal());
    assert!(watch.reveal().starts_with("amk_") && watch.reveal().len() == 47, "256 bits");
    assert_eq!(login(&gateway, &bearer(&watch), "192.0.2.1").await, Ok("key:watch read-only".to_owned()));
    assert_eq!(login(&gateway, &bearer(&deploy), "192.0.2.1").await, Ok("key:deploy full".to_owned()));
    for forged in [
        watch.reveal().to_lowercase(),
        watch.reveal()[..46].to_owned(),
        format!("{}A", watch.reveal()),
        "watch".to_owned(),
        "amk_".to_owned(),
    ] {
        assert_eq!(login(&gateway, &format!("Bearer {forged}"), "192.0.2.1").await, UNKNOWN, "{forged}");
    }
    tokio::time::advance(day).await;
    assert_eq!(login(&gateway, &bearer(&watch), "192.0.2.1").await, UNKNOWN, "it has expired");
    access.revoke_key("deploy").await.expect("revoked");
    assert_eq!(login(&gateway, &bearer(&deploy), "192.0.2.1").await, UNKNOWN, "it is revoked");
}

#[tokio::test(start_paused = true)]
async fn the_last_use_of_a_key_is_noted_once_a_minute() {
    let api = Api::start().await;
    let gateway = api.behind_gateway();
    let access = api.running.control.access();
    let (_, key) = access.add_key("watch", Scope::ReadOnly, None).await.expect("added");
    let used = async |after: Duration| {
        tokio::time::advance(after).await;
        assert!(login(&gateway, &format!("Bearer {}", key.reveal()), "").await.is_ok());
        access.keys()[0].0.last_used_at.expect("it was used").as_millis()
    };
    let first = used(Duration::ZERO).await;
    assert_eq!(used(Duration::from_secs(59)).await, first);
    assert_eq!(used(Duration::from_secs(1)).await, first + 60_000);
    let stored = |_: &Running| {
        let accounts = control::ports::AccessStore::accounts(&*api.world.store).expect("it can be read");
        let last = accounts.keys.into_values().next()?.last_used_at?;
        (last.as_millis() == first + 60_000).then_some(())
    };
    api.running.until(stored).await;
}

#[tokio::test(start_paused = true)]
async fn wrong_tries_are_slowed_and_who_is_at_work_is_not() {
    let api = Api::start().await;
    let gateway = with_alice(&api).await;
    let (home, attacker) = ("192.0.2.1", "198.51.100.9");
    assert!(login(&gateway, &basic("alice", PASSWORD), home).await.is_ok());
    assert_eq!(login(&gateway, &basic("alice", "wrong"), attacker).await, UNKNOWN);
    let slowed = asked(&gateway, &basic("alice", "guess"), attacker).await;
    assert_eq!(
        (slowed.status, &slowed.headers["retry-after"]),
        (StatusCode::FORBIDDEN, &"1".parse().expect("a value"))
    );
    // The account is slowed from everywhere, the address with every account; the right password tells nothing.
    assert_eq!(login(&gateway, &basic("alice", "guess"), "203.0.113.5").await, SLOWED);
    assert_eq!(login(&gateway, &basic("bob", "guess"), attacker).await, SLOWED);
    assert_eq!(login(&gateway, &basic("No Name", "guess"), attacker).await, SLOWED);
    // Who was let in before goes on.
    assert!(login(&gateway, &basic("alice", PASSWORD), home).await.is_ok());
    // Who was given another password on the machine is not kept out by tries with the old one.
    let (other, elsewhere) = ("another horse staple", "203.0.113.6");
    assert_eq!(login(&gateway, &basic("alice", other), elsewhere).await, SLOWED);
    let change = Call::to("/UserPassword", &[("name", "alice"), ("password", other)]);
    send(&gateway, change.by("user:admin", "full").json()).await.data();
    assert!(login(&gateway, &basic("alice", other), elsewhere).await.is_ok());
    assert_eq!(login(&gateway, &basic("alice", PASSWORD), attacker).await, SLOWED, "the address still waits");
}

#[tokio::test(start_paused = true)]
async fn many_tries_at_once_are_few_looks() {
    let api = Api::start().await;
    let gateway = with_alice(&api).await;
    let tries = (0..60).map(|number| {
        let (gateway, wrong) = (gateway.clone(), basic("alice", &format!("guess {number}")));
        async move { login(&gateway, &wrong, "198.51.100.9").await }
    });
    let answers = futures_util::future::join_all(tries).await;
    let looks = answers.iter().filter(|answer| **answer == UNKNOWN).count();
    assert!((1..=2).contains(&looks), "{looks} passwords were looked at");
    assert!(answers.iter().all(|answer| *answer == UNKNOWN || *answer == SLOWED));
}

#[tokio::test(start_paused = true)]
async fn behind_a_gateway_there_is_nothing_for_anybody_else() {
    let api = Api::start().await;
    let gateway = api.behind_gateway();
    let paths = [
        "/AppList",
        "/AppInstall",
        "/docs/",
        "/openapi.json",
        "/doctor",
        "/metrics",
        "/images/blog.svg",
        "/",
        "/x",
        "/gateway/auth",
        "/gateway/x",
    ];
    for path in paths {
        let call = Call::to(path, &[]);
        let forged = [
            call.clone(),
            call.clone().by("user:admin", "full").header("x-appmanage-secret", ""),
            call.clone()
                .by("user:admin", "full")
                .header("x-appmanage-secret", "0123456789abcdef0123456789abcdee"),
            call.clone().by("", "").header("authorization", "Basic YWRtaW46YWRtaW4="),
            call.clone().by("root", "full"),
            call.clone().by("user:admin", "everything"),
            call.clone().by("user:\u{430}dmin", "full"),
        ];
        for (number, call) in forged.into_iter().enumerate() {
            if path.starts_with("/gateway/auth") && number == 3 {
                continue; // That is the gateway's own question.
            }
            let answer = send(&gateway, call.get()).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path} {number}");
            let stranger = r#"{"ResponseData":{},"Error":{"Code":"Interface.NotExis","Message":"There is no such interface"}}"#;
            assert_eq!(answer.text(), stranger, "{path}");
        }
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(send(&gateway, Call::to(path, &[]).get()).await.status, StatusCode::OK);
        // `gateway init` asks so over TCP, by the name that the gateway has and the server does not know.
        let named = Call::to(path, &[]).header("host", "gateway.example");
        assert_eq!(send(&gateway, named.clone().get()).await.status, StatusCode::NOT_FOUND);
        let of_gateway = named.header("x-appmanage-secret", GATEWAY_SECRET);
        assert_eq!(send(&gateway, of_gateway.get()).await.status, StatusCode::OK);
    }
    let inside = send(&gateway, Call::to("/AppList", &[]).by("user:admin", "full").get()).await;
    assert_eq!(inside.data(), serde_json::json!([]));
    let outside = send(&gateway, Call::to("/gateway/auth", &[]).by("user:admin", "full").get()).await;
    assert_eq!(outside.status, StatusCode::NOT_FOUND, "the question is the gateway's own");
}

#[tokio::test(start_paused = true)]
async fn who_may_only_look_sees_no_passwords_and_changes_nothing() {
    let api = Api::start().await;
    api.install("blog", "one").await;
    let gateway = api.behind_gateway();
    let password = async |call: Call| {
        let list = send(&gateway, call.get()).await.data();
        list[0]["running_info"]["password"].as_str().expect("text").to_owned()
    };
    let list = Call::to("/AppList", &[]);
    assert_eq!(password(list.clone().by("key:watch", "read-only")).await, "");
    assert_ne!(password(list.by("key:deploy", "full")).await, "");
    let config = Call::to("/AppConfig", &[("app_id", "one")]).by("key:watch", "read-only");
    send(&gateway, config.get()).await.data();
    let stop = Call::to("/AppStop", &[("app_id", "one")]).by("key:watch", "read-only");
    assert_eq!(send(&gateway, stop.json()).await.error().0, "Auth.ReadOnly");
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_its_caller_would_not_be_let_in_any_more() {
    let api = Api::start().await;
    let gateway = with_alice(&api).await;
    let access = api.running.control.access();
    let day = Duration::from_hours(24);
    access.add_key("watch", Scope::ReadOnly, Some(day)).await.expect("added");
    access.add_key("deploy", Scope::Full, None).await.expect("added");
    let stream = async |caller: &str| {
        let call = Call::to("/AppEvents", &[]).by(caller, "read-only");
        gateway.clone().oneshot(call.get()).await.expect("a router always answers").into_body()
    };
    let ended = async |mut body: Body| {
        let drained = async { while body.frame().await.is_some() {} };
        tokio::time::timeout(2 * day, drained).await.expect("it ends");
    };
    let [alice, watch, deploy] = ["user:alice", "key:watch", "key:deploy"].map(&stream);
    let (alice, watch, mut deploy) = (alice.await, watch.await, deploy.await);
    access.set_password("alice", None).await.expect("changed");
    ended(alice).await;
    let before = tokio::time::Instant::now();
    ended(watch).await;
    assert!(before.elapsed() > day - Duration::from_secs(60), "when it expires, not before");
    assert!(deploy.frame().await.is_some(), "it goes on");
    access.revoke_key("deploy").await.expect("revoked");
    ended(deploy).await;
    ended(stream("user:nobody").await).await;
}

#[tokio::test(start_paused = true)]
async fn a_page_of_another_site_changes_nothing_through_the_gateway() {
    let api = Api::start().await;
    let gateway = api.behind_gateway();
    let call = Call::to("/AppStop", &[("app_id", "one")]).by("user:admin", "full");
    let foreign = call.clone().header("origin", "https://evil.example").header("host", "apps.example");
    assert_eq!(send(&gateway, foreign.form()).await.error().0, "Interface.NotExis");
    // By a name of the gateway's that only the gateway knows.
    let own = call.header("origin", "https://console.example").header("host", "console.example");
    assert_eq!(send(&gateway, own.form()).await.error().0, "APP.NotExis");
}
