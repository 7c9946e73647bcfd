//! Real sockets and raw bytes: what an HTTP library would not let a test send.

use std::time::Duration;

use server::{Listener, ServerSettings, serve};
use testkit::World;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::client::Api;

/// How long a test waits for bytes that must come.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) const HEADERS: &str = "Host: localhost\r\nVersion: v1\r\nLanguage: en\r\n";

pub(crate) struct Served {
    pub(crate) tcp: std::net::SocketAddr,
    pub(crate) unix: std::path::PathBuf,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
    _folder: tempfile::TempDir,
    pub(crate) api: Api,
}

pub(crate) async fn served() -> Served {
    let api = Api::start_with(World::default(), &ServerSettings::default()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let unix = folder.path().join("api.sock");
    let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = tcp.local_addr().expect("an address");
    let listeners = vec![Listener::Tcp(tcp), Listener::Unix(UnixListener::bind(&unix).expect("a socket"))];
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listeners, api.served.clone(), stop.clone()));
    Served { tcp: address, unix, stop, task, _folder: folder, api }
}

impl Served {
    /// Sends bytes over TCP and reads until the server closes.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> String {
        exchange(TcpStream::connect(self.tcp).await.expect("connected"), bytes).await
    }
}

pub(crate) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, bytes: &[u8]) -> String {
    // A server that has heard enough may close before it was sent all.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("an answer in time").expect("readable");
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(length: usize, more: &str) -> String {
    format!(
        "POST /AppStatus HTTP/1.1\r\n{HEADERS}Connection: close\r\nContent-Type: application/json\r\n{more}Content-Length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn both_kinds_of_socket_answer() {
    let served = served().await;
    let request = format!("GET /AppList HTTP/1.1\r\n{HEADERS}Connection: close\r\n\r\n");
    let over_unix = UnixStream::connect(&served.unix).await.expect("connected");
    for answer in [served.exchange(request.as_bytes()).await, exchange(over_unix, request.as_bytes()).await] {
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("{\"ResponseData\":[]}"), "{answer}");
    }
}

#[tokio::test]
async fn host_is_checked_on_tcp_and_not_on_the_unix_socket() {
    let served = served().await;
    let request =
        "GET /AppList HTTP/1.1\r\nHost: any\r\nVersion: v1\r\nLanguage: en\r\nConnection: close\r\n\r\n";
    assert!(served.exchange(request.as_bytes()).await.starts_with("HTTP/1.1 404 "));
    let over_unix = UnixStream::connect(&served.unix).await.expect("connected");
    assert!(exchange(over_unix, request.as_bytes()).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn an_oversized_body_is_answered_also_when_it_is_sent_to_its_end() {
    let served = served().await;
    for length in [70_000, 5_000_000] {
        let mut request = post(length, "").into_bytes();
        request.resize(request.len() + length, b'x');
        let answer = served.exchange(&request).await;
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("Request.FormatError"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_refusal_waits_for_a_body_that_comes_late() {
    let served = served().await;
    let mut stream = TcpStream::connect(served.tcp).await.expect("connected");
    let head = "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut early = [0; 1];
    let waited = timeout(Duration::from_millis(50), stream.read(&mut early)).await;
    assert!(waited.is_err(), "an answer before the body can be lost with the connection");
    let rest = format!("12345GET /AppList HTTP/1.1\r\n{HEADERS}Connection: close\r\n\r\n");
    let answers = exchange(stream, rest.as_bytes()).await;
    assert!(answers.starts_with("HTTP/1.1 404 ") && answers.contains("HTTP/1.1 200 OK"), "{answers}");
}

#[tokio::test]
async fn a_body_that_ends_early_or_is_badly_chunked_breaks_nothing() {
    let served = served().await;
    served
        .exchange(
            format!("{}{{", post(10, ""))
                .replace("Content-Length: 10", "Transfer-Encoding: chunked")
                .as_bytes(),
        )
        .await;
    let mut stream = TcpStream::connect(served.tcp).await.expect("connected");
    stream.write_all(post(10, "").as_bytes()).await.expect("written");
    drop(stream);
    let request = format!("GET /AppList HTTP/1.1\r\n{HEADERS}Connection: close\r\n\r\n");
    assert!(served.exchange(request.as_bytes()).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_told_to_go_on() {
    let served = served().await;
    let request = format!("{}{{}}", post(2, "Expect: 100-continue\r\n"));
    let answer = served.exchange(request.as_bytes()).await;
    assert!(answer.contains("HTTP/1.1 200 OK") && answer.contains("Param.APP_ID.Blank"), "{answer}");
}

#[tokio::test]
async fn old_and_odd_requests_keep_the_contract() {
    let served = served().await;
    for (request, status) in [
        ("GET /AppList HTTP/1.0\r\nVersion: 1\r\nLanguage: zh\r\n\r\n", "200"),
        ("HEAD /AppList HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "404"),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "404"),
        (
            "GET http://localhost/AppList HTTP/1.1\r\nHost: localhost\r\nVersion: 1\r\nLanguage: zh\r\nConnection: close\r\n\r\n",
            "200",
        ),
        ("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "404"),
        ("TRACE /AppList HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "404"),
    ] {
        let answer = served.exchange(request.as_bytes()).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{request} -> {answer}");
        assert_eq!(
            answer.contains("Error") || answer.contains("ResponseData"),
            !request.starts_with("HEAD"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn headers_beyond_the_limits_are_refused_by_the_http_library() {
    let served = served().await;
    let long = format!("GET /AppList HTTP/1.1\r\n{HEADERS}X: {}\r\n\r\n", "x".repeat(40_000));
    let many = format!("GET /AppList HTTP/1.1\r\n{HEADERS}{}\r\n", "X: x\r\n".repeat(100));
    for request in [long, many] {
        let answer = served.exchange(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    assert!(served.exchange(b"\x16\x03\x01 no HTTP at all\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn a_request_that_two_servers_could_read_differently_is_refused() {
    let served = served().await;
    let second = format!("GET /AppList HTTP/1.1\r\n{HEADERS}Connection: close\r\n\r\n");
    for evil in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: 0x5\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Content-Length : 5\r\n",
        "X: a\r\n b\r\n",
        "X: a\0b\r\n",
        "X\u{1}: a\r\n",
    ] {
        let request = format!("POST /AppStatus HTTP/1.1\r\n{HEADERS}{evil}\r\n12345{second}");
        let answer = served.exchange(request.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{evil:?}: {answer}");
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            usize::from(!answer.is_empty()),
            "{evil:?}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_stop_lets_answers_end_and_closes_idle_connections() {
    let served = served().await;
    let mut idle = TcpStream::connect(served.tcp).await.expect("connected");
    let mut busy = TcpStream::connect(served.tcp).await.expect("connected");
    busy.write_all(post(2, "").as_bytes()).await.expect("written");
    // Its headers have been read once another connection has been answered after it.
    let request = format!("GET /AppList HTTP/1.1\r\n{HEADERS}Connection: close\r\n\r\n");
    served.exchange(request.as_bytes()).await;
    served.stop.cancel();
    let mut nothing = Vec::new();
    timeout(DEADLINE, idle.read_to_end(&mut nothing)).await.expect("in time").expect("closed in good order");
    assert!(nothing.is_empty());
    let answer = exchange(busy, b"{}").await;
    assert!(answer.contains("Param.APP_ID.Blank"), "{answer}");
    timeout(DEADLINE, served.task).await.expect("the server stops").expect("without a panic");
    assert!(TcpStream::connect(served.tcp).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn who_connected_before_a_stop_and_asks_after_it_is_answered() {
    let served = served().await;
    let stream = TcpStream::connect(served.tcp).await.expect("connected");
    let request = format!("GET /AppList HTTP/1.1\r\n{HEADERS}Connection: close\r\n\r\n");
    // It has been accepted once another connection has been answered after it.
    served.exchange(request.as_bytes()).await;
    served.stop.cancel();
    let answer = exchange(stream, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    timeout(DEADLINE, served.task).await.expect("the server stops").expect("without a panic");
}
