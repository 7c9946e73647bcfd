//! Who is not let in by the gateway: every way around it that we know of, tried against a real nginx.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use acceptance::gateway::{Gateway, WORKERS, basic, bearer};
use acceptance::http::{Address, Answer, parse};
use acceptance::json::{items, text};
use acceptance::{Setup, share, wait};
use serde_json::Value;

/// What a program says that knows the contract.
const HEADERS: [(&str, &str); 2] = [("Version", "v1"), ("Language", "en")];

/// What only the gateway may say to the server, as somebody would say it who is not the gateway.
const FORGED: [(&str, &str); 6] = [
    ("X-Appmanage-Caller", "user:admin"),
    ("X-Appmanage-Scope", "full"),
    ("X-Appmanage-Secret", "x"),
    ("X_Appmanage_Caller", "user:admin"),
    ("X_Appmanage_Scope", "full"),
    ("X-Real-IP", "127.0.0.1"),
];

/// A call through nginx.
fn ask(gateway: &Gateway, interface: &str, more: &[(&str, &str)]) -> Answer {
    let headers: Vec<_> = HEADERS.iter().chain(more).copied().collect();
    gateway.address().request("POST", interface, &headers, "").expect("nginx answers")
}

/// The code of an envelope's error.
fn code(answer: &Answer) -> String {
    let envelope: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    envelope["Error"]["Code"].as_str().unwrap_or_default().to_owned()
}

/// Nobody has got in: there are the users that there were, and the trail knows only what root did on this machine.
fn nobody_got_in(gateway: &Gateway) {
    let local = gateway.server.api();
    let users = items(&local.call("UserList", &[]).expect("root may ask"), "");
    assert_eq!(users.iter().map(|user| text(user, "/name")).collect::<Vec<_>>(), ["admin"]);
    let trail = items(&local.call("AppAudit", &[("limit", "100")]).expect("root may ask"), "");
    for entry in trail {
        assert!(
            text(&entry, "/caller") == "local" || text(&entry, "/outcome").starts_with("Auth."),
            "{entry}"
        );
    }
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn nobody_gets_in_without_good_credentials() {
    let mut gateway = Gateway::start(Setup::default());
    let answer = ask(&gateway, "/AppList", &[]);
    let challenge = r#"Basic realm="appmanage", charset="UTF-8""#;
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some(challenge)));
    for path in [
        "/UserList",
        "/AppEvents",
        "/docs",
        "/openapi.json",
        "/doctor",
        "/metrics",
        "/readyz",
        "/",
        "/nothing",
    ] {
        assert_eq!(ask(&gateway, path, &[]).status, 401, "{path}");
    }
    for shown in
        ["", "Basic", "Basic !!!", "Bearer", "Bearer amk_", "Negotiate x", &basic("admin", ""), "amk_x"]
    {
        assert_eq!(ask(&gateway, "/AppList", &[("Authorization", shown)]).status, 401, "{shown}");
    }
    let key = gateway.key("reader", "read-only");
    let with_key = |gateway: &Gateway| ask(gateway, "/AppList", &[("Authorization", &bearer(&key))]).status;
    assert_eq!(with_key(&gateway), 200);

    // Expired: its day is over, as far as the database knows.
    gateway.server.stop();
    let database =
        rusqlite::Connection::open(gateway.server.data_dir().join("appmanage.db")).expect("it is there");
    assert_eq!(database.execute("UPDATE api_key SET expires_at = 1", ()).expect("it is ours"), 1);
    drop(database);
    gateway.server.start_without_engine();
    assert_eq!(with_key(&gateway), 401);

    let other = gateway.key("other", "full");
    assert_eq!(ask(&gateway, "/AppList", &[("Authorization", &bearer(&other))]).status, 200);
    gateway.server.api().call("KeyRevoke", &[("name", "other")]).expect("root may");
    assert_eq!(ask(&gateway, "/AppList", &[("Authorization", &bearer(&other))]).status, 401, "at once");
    nobody_got_in(&gateway);
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn whoever_guesses_passwords_is_slowed_down() {
    let gateway = Gateway::start(Setup::default());
    let guess = || ask(&gateway, "/AppList", &[("Authorization", &basic("admin", "a wrong password"))]);
    let slowed = wait::until("guesses are slowed down", Duration::from_secs(60), || {
        let answer = guess();
        assert!([401, 429].contains(&answer.status), "{answer:?}");
        (answer.status == 429).then_some(answer)
    });
    let seconds: u32 = slowed.header("retry-after").expect("it says when").parse().expect("in seconds");
    assert!(seconds >= 1, "{slowed:?}");
    nobody_got_in(&gateway);
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn all_addresses_of_one_network_share_a_limit() {
    const CALLS: u32 = 500;
    let gateway = Gateway::start_without_init(Setup::default());
    // nginx takes the word of this machine for where a call comes from.
    let real_ip = "set_real_ip_from 127.0.0.1;\nreal_ip_header X-Test-Address;\n";
    std::fs::write(gateway.nginx.dir.join("conf.d/real-ip.conf"), real_ip).expect("it can be written");
    assert!(gateway.init(&[]).success);
    let refused = |address: &dyn Fn(u32) -> String| {
        let head = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Test-Address";
        let calls: String =
            (1..=CALLS).map(|number| format!("{head}: {}\r\n\r\n", address(number))).collect();
        let end = format!("{head}: 192.0.2.1\r\nConnection: close\r\n\r\n");
        // The server may have nginx load its sites meanwhile, which ends a connection between two calls.
        let answers = wait::until("nginx answers all", Duration::from_secs(60), || {
            let answers = gateway.address().send_raw(format!("{calls}{end}").as_bytes()).ok()?;
            let answers = String::from_utf8_lossy(&answers).into_owned();
            (answers.matches("HTTP/1.1 ").count() > CALLS as usize).then_some(answers)
        });
        answers.matches("HTTP/1.1 429 ").count()
    };
    let one_network: [&dyn Fn(u32) -> String; 4] = [
        &|number| format!("2001:db8:1:2::{number:x}"),
        &|number| format!("2001:db8:1:3:{number:x}:1:1:1"),
        &|number| format!("2001:db8::{number:x}:0:1"),
        &|_| "198.51.100.7".to_owned(),
    ];
    for address in one_network {
        assert!(refused(address) > 0, "{}", address(1));
    }
    let many: [&dyn Fn(u32) -> String; 3] =
        [&|number| format!("2001:db8:{number:x}:5::1"), &|number| format!("2001:{number:x}::1"), &|number| {
            format!("10.0.{}.{}", number / 256, number % 256)
        }];
    for address in many {
        assert_eq!(refused(address), 0, "{}", address(1));
    }
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn a_key_that_may_look_changes_nothing_whatever_it_claims_to_be() {
    let gateway = Gateway::start(Setup::default());
    let key = bearer(&gateway.key("reader", "read-only"));
    for forged in [&[][..], &FORGED, &[("Connection", "close, X-Appmanage-Caller, X-Appmanage-Scope")]] {
        let headers: Vec<_> = [("Authorization", &*key)].into_iter().chain(forged.iter().copied()).collect();
        for interface in
            ["/AppInstall", "/AppPurge?app_id=a", "/UserAdd?name=mallory", "/KeyAdd?name=mallory&scope=full"]
        {
            let answer = ask(&gateway, interface, &headers);
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(
                ["Auth.ReadOnly", "Auth.Forbidden"].contains(&code(&answer).as_str()),
                "{interface}: {answer:?}"
            );
        }
    }
    nobody_got_in(&gateway);
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn forged_words_of_the_gateway_open_nothing() {
    let gateway = Gateway::start(Setup::default());
    for path in [
        "/AppList",
        "//AppList",
        "/./AppList",
        "/%41ppList",
        "/x/../AppList",
        "/x/%2e%2e/AppList",
        "/AppList%00",
        "/AppList/",
    ] {
        let answer = ask(&gateway, path, &FORGED);
        assert!([400, 401].contains(&answer.status), "{path}: {answer:?}");
    }
    // The paths that need no login lead nowhere else.
    for path in [
        "/healthz/../AppList",
        "/healthz/%2e%2e/AppList",
        "/healthz%2f..%2fAppList",
        "//healthz/..//AppList",
        "/healthz/",
        "/healthz;/../AppList",
        "/healthz%3f/AppList",
        "/HEALTHZ",
        "/.appmanage/auth",
        "/gateway/auth",
        "//gateway/auth",
        "/%67ateway/auth",
        "/gateway/../gateway/auth",
        "/gateway%2fauth",
        "/x/..%2fgateway/auth",
        "/gateway/auth/",
    ] {
        let answer = ask(&gateway, path, &FORGED);
        assert!([400, 401, 404].contains(&answer.status), "{path}: {answer:?}");
        assert!(answer.header("x-appmanage-caller").is_none(), "{path}: {answer:?}");
    }
    nobody_got_in(&gateway);
}

/// A call that would make a user if it reached the server as the gateway's.
fn smuggled(host: &str) -> String {
    let forged: String = FORGED.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "POST /UserAdd HTTP/1.1\r\nHost: {host}\r\nVersion: v1\r\nLanguage: en\r\n{forged}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\nname=mallory"
    )
}

/// Requests whose end two programs may see in different places, each with another call inside.
fn ambiguous_bodies(path: &str, authorization: &str) -> Vec<(&'static str, String)> {
    let inner = smuggled("localhost");
    let length = inner.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}");
    let chunked = format!("0\r\n\r\n{inner}");
    let one_chunk = format!("{length:x}\r\n{inner}\r\n0\r\n\r\n");
    let coded =
        |coding: &str| format!("{head}Content-Length: {}\r\n{coding}\r\n\r\n{chunked}", chunked.len());
    vec![
        ("CL.TE", coded("Transfer-Encoding: chunked")),
        ("TE.CL", format!("{head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n{one_chunk}")),
        ("TE.TE", coded("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity")),
        ("TE, unknown", coded("Transfer-Encoding: xchunked")),
        ("TE, tab", coded("Transfer-Encoding:\tchunked")),
        ("TE, vertical tab", coded("Transfer-Encoding: \u{b}chunked")),
        ("TE, space before the colon", coded("Transfer-Encoding : chunked")),
        ("TE, folded", coded("X: y\r\n Transfer-Encoding: chunked")),
        ("TE, underscore", coded("Transfer_Encoding: chunked")),
        ("TE, list", coded("Transfer-Encoding: identity, chunked")),
        ("TE behind a bare LF", coded("X: y\nTransfer-Encoding: chunked")),
        ("TE behind a bare CR", coded("X: y\rTransfer-Encoding: chunked")),
        ("two lengths", format!("{head}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{inner}")),
        ("two lengths in one", format!("{head}Content-Length: 0, {length}\r\n\r\n{inner}")),
        ("a length with a sign", format!("{head}Content-Length: +0\r\n\r\n{inner}")),
        ("a length in hex", format!("{head}Content-Length: 0x0\r\n\r\n{inner}")),
        ("a negative length", format!("{head}Content-Length: -1\r\n\r\n{inner}")),
        ("a folded length", format!("{head}Content-Length:\r\n {length}\r\n\r\n{inner}")),
        ("a chunk with a bare LF", format!("{head}Transfer-Encoding: chunked\r\n\r\n0\n\n{inner}")),
        (
            "a chunk that is too long",
            format!("{head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{inner}"),
        ),
        (
            "a chunk with an extension",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n0;a=\"\n\r\n\r\n{inner}\"\r\n\r\n"),
        ),
        (
            "trailers",
            format!(
                "{head}Transfer-Encoding: chunked\r\n\r\n0\r\nX-Appmanage-Caller: user:admin\r\n\r\n{inner}"
            ),
        ),
    ]
}

/// Requests whose target, host or connection may be read differently, each with another call behind.
fn ambiguous_heads(path: &str, authorization: &str) -> Vec<(&'static str, String)> {
    let inner = smuggled("localhost");
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}");
    vec![
        ("a line in the path", format!("POST {path}\rX: HTTP/1.1\r\nHost: localhost\r\n\r\n{inner}")),
        ("no version", format!("POST {path}\r\n\r\n{inner}")),
        (
            "HTTP/1.0 with TE",
            format!(
                "POST {path} HTTP/1.0\r\nHost: localhost\r\n{authorization}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"
            ),
        ),
        (
            "an upgrade",
            format!(
                "{head}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n{inner}"
            ),
        ),
        (
            "an upgrade to anything",
            format!(
                "{head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n{inner}"
            ),
        ),
        ("an expectation", format!("{head}Expect: 100-continue\r\nContent-Length: 0\r\n\r\n{inner}")),
        (
            "a target with its host",
            format!(
                "POST http://localhost{path} HTTP/1.1\r\nHost: other.example\r\nContent-Length: 0\r\n{authorization}\r\n{inner}"
            ),
        ),
        ("two hosts", format!("{head}Host: other.example\r\n\r\n{inner}")),
        (
            "a host with a path",
            format!("POST {path} HTTP/1.1\r\nHost: localhost/AppList?\r\n{authorization}\r\n{inner}"),
        ),
        ("CONNECT", format!("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n{inner}")),
        ("a header that ends", format!("{head}X: a\0b\r\nContent-Length: 0\r\n\r\n{inner}")),
    ]
}

fn ambiguous(path: &str, authorization: &str) -> Vec<(&'static str, String)> {
    [ambiguous_bodies(path, authorization), ambiguous_heads(path, authorization)].concat()
}

/// Sends a request, and asserts that nginx answers nothing but what may be, whatever it makes of it.
fn brings_no_other(gateway: &Gateway, what: &str, request: String) {
    // What ends the connection in good order, should nginx take what is inside for a call of its own.
    let end = "\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answers = gateway.address().send_raw((request + end).as_bytes()).unwrap_or_default();
    let answers = String::from_utf8_lossy(&answers).into_owned();
    assert!(!answers.contains("mallory") && !answers.contains("101 Switching"), "{what}: {answers}");
    let known = ["100", "200", "308", "400", "401", "404", "405", "408", "413", "417", "429", "501", "505"];
    for status in answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)) {
        assert!(known.contains(&status), "{what}: {answers}");
    }
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn no_request_brings_another_past_nginx() {
    let gateway = Gateway::start(Setup::default());
    let reader = format!("Authorization: {}\r\n", bearer(&gateway.key("reader", "read-only")));
    for (path, authorization) in [("/healthz", ""), ("/AppList", ""), ("/AppList", &*reader)] {
        // Some of them nginx waits for, until their time is over: so all at once.
        std::thread::scope(|scope| {
            for (kind, request) in ambiguous(path, authorization) {
                let gateway = &gateway;
                scope.spawn(move || brings_no_other(gateway, &format!("{kind} at {path}"), request));
            }
        });
        // The server and its connections with nginx are in order.
        wait::until("calls are answered as before", Duration::from_secs(30), || {
            gateway.address().get("/healthz").is_ok_and(|answer| answer.status == 200).then_some(())
        });
        nobody_got_in(&gateway);
    }
    // Over HTTP there is nothing to be had at all.
    std::thread::scope(|scope| {
        for (kind, request) in ambiguous("/.well-known/acme-challenge/x", "") {
            let http = Address::local(gateway.http);
            scope.spawn(move || {
                let answers = http.send_raw((request + "\r\n").as_bytes()).unwrap_or_default();
                assert!(!String::from_utf8_lossy(&answers).contains("mallory"), "{kind}");
            });
        }
    });
    nobody_got_in(&gateway);
}

/// What another user of this machine is answered at the server's own socket.
fn at_the_socket_as(gateway: &Gateway, user: &str, request: &str) -> String {
    let program = "use IO::Socket::UNIX; $s = IO::Socket::UNIX->new(Peer => shift) or die $!; \
                   local $/; print $s <STDIN>; $s->flush; print <$s>;";
    let mut child = Command::new("setpriv")
        .args([&format!("--reuid={user}"), "--regid=nogroup", "--clear-groups", "perl", "-e", program])
        .arg(gateway.nginx.dir.join("run/appmanage.sock"))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("perl is part of every Debian");
    child.stdin.take().expect("it is piped").write_all(request.as_bytes()).expect("it is read");
    let output = child.wait_with_output().expect("it ends");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn who_goes_around_nginx_finds_nothing_there() {
    let port = share::free_port();
    let gateway = Gateway::start(Setup::default().listen(&format!("127.0.0.1:{port}")));
    let direct = Address::local(port);
    let forged: Vec<_> = HEADERS.iter().chain(&FORGED).copied().collect();
    for headers in [&HEADERS[..], &forged] {
        for path in [
            "/AppList",
            "/UserAdd?name=mallory",
            "/gateway/auth",
            "/docs",
            "/openapi.json",
            "/doctor",
            "/images/x.svg",
        ] {
            let answer = direct.request("POST", path, headers, "").expect("it answers");
            assert_eq!(
                (answer.status, code(&answer).as_str()),
                (404, "Interface.NotExis"),
                "{path}: {answer:?}"
            );
        }
    }
    assert_eq!(direct.get("/healthz").expect("it answers").status, 200);

    let forged: String = forged.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let call = |head: &str| {
        format!(
            "POST /UserAdd?name=mallory HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}Content-Length: 0\r\n\r\n"
        )
    };
    // `nobody` is nobody, whatever it says; nginx's own user is the gateway, which has to say for whom it calls.
    let plain: String = HEADERS.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    for (user, head) in [("nobody", &plain), ("nobody", &forged), (WORKERS, &plain)] {
        let answer = at_the_socket_as(&gateway, user, &call(head));
        let answer = parse(answer.as_bytes()).expect("it answers");
        assert_eq!((answer.status, code(&answer).as_str()), (404, "Interface.NotExis"), "{user}: {answer:?}");
    }
    nobody_got_in(&gateway);
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn at_a_port_the_gateway_is_known_by_its_secret_alone() {
    let (port, secret) = (share::free_port(), "0123456789abcdef0123456789abcdef");
    let gateway = Gateway::start_over_tcp(Setup::default(), port, secret);
    assert_eq!(gateway.admin().call("AppList", &[]), Ok(Value::Array(Vec::new())));
    assert_eq!(ask(&gateway, "/AppList", &[]).status, 401);
    // Not even who knows the secret gets it past nginx, which says it itself.
    let told: Vec<_> = FORGED.iter().copied().chain([("X-Appmanage-Secret", secret)]).collect();
    assert_eq!(ask(&gateway, "/AppList", &told).status, 401);
    for secret in ["", "x", &secret[1..], &format!("{secret}0")] {
        let forged: Vec<_> =
            HEADERS.iter().chain(&FORGED[..2]).copied().chain([("X-Appmanage-Secret", secret)]).collect();
        let answer = Address::local(port).request("POST", "/AppList", &forged, "").expect("it answers");
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (404, "Interface.NotExis"),
            "{secret}: {answer:?}"
        );
    }
    nobody_got_in(&gateway);
}
