//! Whether an app answers on its port. HTTP is spoken by hand: a request and the status of its answer.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use domain::MainEndpoint;
use domain::package::Speaks;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For an answer, connecting included. A page that takes longer is asked for again.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A connection that stays open for so long is the app's: Docker's proxy closes one that leads to nobody
/// as soon as it has been refused inside.
const HELD_OPEN_FOR: Duration = Duration::from_millis(300);

/// A status line has some twenty bytes; the rest of the answer is of no interest.
const STATUS_LINE_BYTES: usize = "HTTP/1.1 200".len();

pub(crate) async fn answers(endpoint: &MainEndpoint) -> bool {
    let address = SocketAddr::new(endpoint.address, endpoint.port);
    let answer = async {
        match &endpoint.speaks {
            Speaks::Http { ready_path, tls: false, .. } => {
                http_status(address, ready_path).await.is_ok_and(is_well)
            }
            // Of what is spoken over TLS, that it listens is enough.
            Speaks::Http { tls: true, .. } | Speaks::Tcp => is_held_open(address).await,
        }
    };
    timeout(ANSWER_LIMIT, answer).await.unwrap_or(false)
}

/// Redirections and refusals are answers of an app that is up.
fn is_well(status: u16) -> bool {
    (100..500).contains(&status)
}

async fn http_status(address: SocketAddr, path: &str) -> io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: appmanage\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0; STATUS_LINE_BYTES];
    stream.read_exact(&mut head).await?;
    let status = std::str::from_utf8(&head).ok().filter(|head| head.starts_with("HTTP/1."));
    let status = status.and_then(|head| head.split(' ').nth(1)?.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no HTTP"))
}

async fn is_held_open(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else { return false };
    // Some speak first; most wait for us.
    match timeout(HELD_OPEN_FOR, stream.read(&mut [0])).await {
        Ok(read) => read.is_ok_and(|bytes| bytes > 0),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn endpoint(host: &str, speaks: Speaks) -> (TcpListener, MainEndpoint) {
        let listener = TcpListener::bind(host).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        (listener, MainEndpoint { address: address.ip(), port: address.port(), speaks })
    }

    fn http() -> Speaks {
        Speaks::Http { ready_path: "/ready?x=1".to_owned(), path: "/".to_owned(), tls: false }
    }

    /// What is said of an app that answers its one caller with that, and what it was asked.
    async fn said_of(host: &str, speaks: Speaks, answer: &[u8]) -> (bool, String) {
        let (listener, endpoint) = endpoint(host, speaks).await;
        let app = async {
            let (mut stream, _) = listener.accept().await.expect("a caller");
            let mut request = vec![0; 1024];
            let speaks_first = endpoint.speaks == Speaks::Tcp;
            let length = if speaks_first { 0 } else { stream.read(&mut request).await.expect("a request") };
            stream.write_all(answer).await.expect("the caller listens");
            String::from_utf8_lossy(&request[..length]).into_owned()
        };
        tokio::join!(answers(&endpoint), app)
    }

    #[tokio::test]
    async fn any_http_answer_below_500_counts() {
        for (status, well) in [
            ("200 OK", true),
            ("302 Found", true),
            ("401 No", true),
            ("404 ", true),
            ("500 ", false),
            ("503 ", false),
        ] {
            let (said, asked) =
                said_of("127.0.0.1:0", http(), format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await;
            assert_eq!(said, well, "{status}");
            assert!(asked.starts_with("GET /ready?x=1 HTTP/1.1\r\nHost: 127.0.0.1:"), "{asked}");
        }
    }

    #[tokio::test]
    async fn what_is_no_http_does_not_answer() {
        for answer in [&b"SSH-2.0-OpenSSH_9.2\r\n"[..], b"", b"HTTP/1.1", b"HTTP/1.1 abc\r\n"] {
            assert!(!said_of("127.0.0.1:0", http(), answer).await.0, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_no_answer() {
        for speaks in [http(), Speaks::Tcp] {
            let (listener, endpoint) = endpoint("127.0.0.1:0", speaks).await;
            drop(listener);
            assert!(!answers(&endpoint).await);
        }
    }

    #[tokio::test]
    async fn a_tcp_connection_that_is_closed_at_once_is_no_answer_and_one_that_is_kept_is() {
        assert!(!said_of("127.0.0.1:0", Speaks::Tcp, b"").await.0);
        assert!(said_of("127.0.0.1:0", Speaks::Tcp, b"220 ready").await.0);
        let (_listener, endpoint) = endpoint("127.0.0.1:0", Speaks::Tcp).await;
        assert!(answers(&endpoint).await, "the kernel accepts and the app keeps silent");
    }

    #[tokio::test(start_paused = true)]
    async fn an_app_that_accepts_and_never_answers_is_given_up() {
        let (_listener, endpoint) = endpoint("127.0.0.1:0", http()).await;
        assert!(!answers(&endpoint).await);
    }

    #[tokio::test]
    async fn ipv6_is_spoken() {
        // A machine without IPv6 has nothing to ask.
        if TcpListener::bind("[::1]:0").await.is_ok() {
            let (said, asked) = said_of("[::1]:0", http(), b"HTTP/1.0 200 OK\r\n\r\n").await;
            assert!(said && asked.contains("Host: [::1]:"), "{asked}");
        }
    }
}
