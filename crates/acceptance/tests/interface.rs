//! The interfaces over real sockets: whatever arrives, 200 or 404 and an envelope, or the HTTP library's own
//! refusal of what is no HTTP.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use acceptance::http::{Address, parse};
use acceptance::{Server, Setup, share};
use serde_json::Value;

fn server() -> (Server, u16) {
    let port = share::free_port();
    (Setup::default().listen(&format!("127.0.0.1:{port}")).start(), port)
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn socket_and_port_answer_alike_and_the_socket_is_for_owner_and_group() {
    let (server, port) = server();
    let socket = server.data_dir().join("appmanage.sock");
    let mode = std::fs::metadata(&socket).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let headers = [("Version", "v1"), ("Language", "zh-CN")];
    for target in ["/AppList", "/AppStatus?app_id=nosuch", "/openapi.json", "/healthz", "/readyz"] {
        let ask = |address: Address| address.request("GET", target, &headers, "").expect("it answers");
        let (by_socket, by_port) = (ask(Address::Unix(socket.clone())), ask(Address::local(port)));
        assert_eq!((by_socket.status, &by_socket.body), (by_port.status, &by_port.body), "{target}");
        assert_eq!(by_port.status, 200, "{target}: {by_port:?}");
    }
    let unknown = Address::local(port).request("GET", "/AppStatus?app_id=nosuch", &headers, "");
    assert!(unknown.expect("it answers").body.contains("查询的APP没有安装"));
    let page = Address::local(port).get("/docs").expect("it answers");
    assert!(page.status == 200 || page.header("location").is_some(), "{page:?}");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn an_interface_answers_whatever_arrives_with_200_or_404() {
    let (_server, port) = server();
    let address = Address::local(port);
    let headers = "Host: localhost\r\nVersion: v1\r\nLanguage: en\r\nConnection: close\r\n";
    let json = format!("{headers}Content-Type: application/json\r\n");
    let body = |body: &[u8]| {
        let mut request =
            format!("POST /AppInstall HTTP/1.1\r\n{json}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        request.extend_from_slice(body);
        request
    };
    let deep = "[".repeat(100_000);
    let requests: Vec<(&str, u16, Vec<u8>)> = vec![
        ("no parameters", 200, format!("GET /AppInstall HTTP/1.1\r\n{headers}\r\n").into()),
        ("HEAD", 404, format!("HEAD /AppInstall?app_name=hello HTTP/1.1\r\n{headers}\r\n").into()),
        ("another method", 404, format!("DELETE /AppList HTTP/1.1\r\n{headers}\r\n").into()),
        ("an unknown method", 404, format!("BREW /AppList HTTP/1.1\r\n{headers}\r\n").into()),
        ("an unknown path", 404, format!("GET /AppRemove HTTP/1.1\r\n{headers}\r\n").into()),
        ("a path upwards", 404, format!("GET /../../etc/passwd HTTP/1.1\r\n{headers}\r\n").into()),
        (
            "no headers",
            200,
            b"GET /AppList HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_vec(),
        ),
        ("bytes that are no UTF-8", 200, body(b"\xff\xfe{\"app_name\"")),
        ("broken JSON", 200, body(b"{\"app_name\": ")),
        ("deep JSON", 200, body(deep.as_bytes())),
        ("an oversized body", 200, body(&vec![b' '; 5 << 20])),
        ("a broken query", 200, format!("GET /AppStatus?app_id=%zz HTTP/1.1\r\n{headers}\r\n").into()),
        (
            "HTTP/1.0",
            200,
            b"GET /AppList HTTP/1.0\r\nHost: localhost\r\nVersion: v1\r\nLanguage: en\r\n\r\n".to_vec(),
        ),
    ];
    for (what, status, request) in requests {
        let answer = parse(&address.send_raw(&request).expect(what)).expect(what);
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        if what != "HEAD" && !answer.body.is_empty() {
            let envelope: Value = serde_json::from_str(&answer.body).expect(what);
            assert!(envelope.get("ResponseData").is_some(), "{what}: {envelope}");
        }
    }
    let garbage = address.send_raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no HTTP at all\r\n\r\n");
    let garbage = String::from_utf8_lossy(&garbage.unwrap_or_default()).into_owned();
    assert!(garbage.is_empty() || garbage.starts_with("HTTP/1.1 400"), "{garbage}");
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn slow_and_silent_clients_hold_nobody_up() {
    let (server, port) = server();
    let mut silent: Vec<TcpStream> = Vec::new();
    for begun in [
        &b""[..],
        b"GET /AppL",
        b"POST /AppInstall HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    ]
    .repeat(40)
    {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it accepts");
        stream.write_all(begun).expect("it takes it");
        silent.push(stream);
    }
    let began = std::time::Instant::now();
    assert!(server.api().list().is_empty());
    assert!(Address::local(port).get("/healthz").is_ok_and(|answer| answer.status == 200));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    // And one that comes to its end slowly is answered.
    let mut slow = TcpStream::connect(("127.0.0.1", port)).expect("it accepts");
    let request =
        b"GET /AppList HTTP/1.1\r\nHost: localhost\r\nVersion: v1\r\nLanguage: en\r\nConnection: close\r\n\r\n";
    for chunk in request.chunks(16) {
        slow.write_all(chunk).expect("it takes it");
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).expect("it answers");
    assert_eq!(parse(&answer).expect("HTTP").status, 200);
}
