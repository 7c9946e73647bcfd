//! What the nginx that `appmanage gateway` set up does with calls: limits, headers, logs, streams.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use acceptance::gateway::Gateway;
use acceptance::http::Address;
use acceptance::{Setup, wait};
use serde_json::Value;

/// What both headers of the contract are.
const HEADERS: [(&str, &str); 2] = [("Version", "v1"), ("Language", "en")];

fn gateway() -> Gateway {
    Gateway::start(Setup::default())
}

fn http(gateway: &Gateway) -> Address {
    Address::local(gateway.http)
}

/// The status of a call by the first user.
fn status(gateway: &Gateway, method: &str, target: &str, more: &[(&str, &str)], body: &str) -> u16 {
    let admin = gateway.admin().authorization.expect("it has a password");
    let mut headers = HEADERS.to_vec();
    headers.push(("Authorization", &admin));
    headers.extend(more);
    gateway.address().request(method, target, &headers, body).expect("nginx answers").status
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn http_leads_to_https_and_other_names_to_nothing() {
    let gateway = gateway();
    let answer = http(&gateway).get("/AppList?x=1").expect("nginx answers");
    let url = format!("https://localhost:{}/AppList?x=1", gateway.https);
    assert_eq!((answer.status, answer.header("location")), (308, Some(url.as_str())));
    for request in ["GET / HTTP/1.1\r\nHost: other.example\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
        for address in [http(&gateway), gateway.address()] {
            let answer = address.send_raw(request.as_bytes()).unwrap_or_default();
            assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
        }
    }
    // The way of a certificate's authority leads to the server, without a login.
    let challenge = http(&gateway).get("/.well-known/acme-challenge/nothing").expect("nginx answers");
    assert!(challenge.header("location").is_none(), "{challenge:?}");
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn every_answer_has_the_headers_that_browsers_heed() {
    let gateway = gateway();
    let admin = gateway.admin().authorization.expect("it has a password");
    let headers = [HEADERS[0], HEADERS[1], ("Authorization", &*admin), ("Accept-Encoding", "gzip")];
    for target in ["/AppList", "/docs/", "/healthz", "/nothing"] {
        let answer = gateway.address().request("GET", target, &headers, "").expect("nginx answers");
        for (name, value) in [
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{target}: {answer:?}");
            assert_eq!(answer.head.to_ascii_lowercase().matches(name).count(), 1, "{target}: {answer:?}");
        }
        assert!(
            answer.header("content-security-policy").is_some_and(|policy| policy.contains("frame-ancestors"))
        );
        assert_eq!(answer.header("server"), Some("nginx"), "no version is told");
    }
    let catalog = gateway.address().send_raw(
        format!(
            "GET /AppCatalog HTTP/1.1\r\nHost: localhost\r\nVersion: v1\r\nLanguage: en\r\n\
                 Authorization: {admin}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
        )
        .as_bytes(),
    );
    // Its body is no text: the head tells.
    let catalog = String::from_utf8_lossy(&catalog.expect("nginx answers")).into_owned();
    assert!(catalog.to_ascii_lowercase().contains("content-encoding: gzip"), "{catalog}");
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn no_log_of_nginxs_has_a_query_string() {
    let gateway = gateway();
    assert_eq!(status(&gateway, "GET", "/AppList?password=hunter2", &[], ""), 200);
    assert_eq!(gateway.address().get("/AppList?password=hunter2").expect("nginx answers").status, 401);
    let lines = wait::until("it is logged", Duration::from_secs(5), || {
        let log = gateway.nginx.log("appmanage-access.log");
        (log.matches("GET /AppList HTTP/1.1").count() >= 2).then_some(log)
    });
    assert!(lines.contains("user:admin"), "{lines}");
    for log in ["appmanage-access.log", "appmanage-error.log", "access.log"] {
        assert!(!gateway.nginx.log(log).contains("hunter2"), "{log}");
    }
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn calls_that_are_too_large_too_many_or_too_slow_are_refused() {
    let gateway = gateway();
    assert_eq!(status(&gateway, "POST", "/AppList", &[], &"x".repeat(64 * 1024 + 1)), 413);
    let huge = "x".repeat(9 * 1024);
    assert_eq!(status(&gateway, "GET", "/AppList", &[("X-Huge", &huge)], ""), 400);

    // A line that does not end: ten seconds, and the connection is gone.
    let mut slow = TcpStream::connect(("127.0.0.1", gateway.http)).expect("nginx listens");
    slow.write_all(b"GET / HTTP/1.1\r\nHost: loc").expect("it is taken");
    slow.set_read_timeout(Some(Duration::from_secs(20))).expect("it is a time");
    let began = Instant::now();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).ok();
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());

    let one = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answers = gateway.address().send_raw((one.repeat(400) + last).as_bytes()).expect("nginx answers");
    let answers = String::from_utf8_lossy(&answers).into_owned();
    let refused = answers.matches("HTTP/1.1 429").count();
    assert!((50..=210).contains(&refused), "of 401 calls at once {refused} were refused");
    assert!(answers.contains("Retry-After: 1\r\n"), "{answers}");
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn old_clients_are_let_in_where_that_is_wished_and_browsers_are_not() {
    let gateway = gateway();
    let admin = gateway.admin().authorization.expect("it has a password");
    let code = |more: &[(&str, &str)]| {
        let headers: Vec<_> = [("Authorization", &*admin)].into_iter().chain(more.iter().copied()).collect();
        let answer =
            gateway.address().request("GET", "/AppStatus?app_id=none", &headers, "").expect("nginx answers");
        let envelope: Value = serde_json::from_str(&answer.body).expect("JSON");
        (
            envelope["Error"]["Code"].as_str().unwrap_or_default().to_owned(),
            envelope["Error"]["Message"].clone(),
        )
    };
    assert_eq!(code(&[]).0, "Header.Version.Blank");
    assert!(gateway.init(&["--let-old-clients-in"]).success);
    let known = "APP.NotExis";
    assert_eq!(code(&[]).0, known);
    assert_eq!(code(&[("User-Agent", "python-requests/2.28")]).0, known);
    assert!(!code(&[("Accept-Language", "zh-CN,zh;q=0.9")]).1.as_str().expect("a text").is_ascii());
    assert!(code(&[("Accept-Language", "de")]).1.as_str().expect("a text").is_ascii());
    assert_eq!(code(&[("Version", "v2"), ("Language", "en")]).0, "Header.Version.NotExis");
    for browser in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("User-Agent", "Mozilla/5.0 (X11)"),
    ] {
        assert_eq!(code(&[browser]).0, "Header.Version.Blank", "{browser:?}");
    }
    assert!(gateway.init(&[]).success);
    assert_eq!(code(&[]).0, "Header.Version.Blank", "what is not wished any more is gone");
}
