//! HTTP/1.1, as much of it as it takes to ask our own server, a Docker engine and an app's page.
//!
//! One connection, one question after the other, no TLS. It is small so that what `bench` measures is the
//! server and not the client.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

/// The longest answer that is read: a list of a thousand apps has half a megabyte.
const LONGEST_BODY_BYTES: u64 = 16 << 20;

/// How many redirects are followed before a page counts as one that never comes.
const REDIRECTS: usize = 5;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Address {
    /// Reads a `DOCKER_HOST`; `None` for the kinds that need more than a socket.
    pub(crate) fn of_docker_host(host: &str) -> Option<Address> {
        match host.split_once("://")? {
            ("unix", path) => Some(Address::Unix(PathBuf::from(path))),
            ("tcp", address) => address.parse().ok().map(Address::Tcp),
            _ => None,
        }
    }

    /// Gets a page on a connection of its own.
    pub(crate) fn get(&self, target: &str, limit: Duration) -> io::Result<Answer> {
        Connection::open(self, limit)?.send(&request("GET", target, ""))
    }

    /// Gets a page and goes where it leads, which must be this same server under whatever name.
    pub(crate) fn get_following(&self, target: &str, limit: Duration) -> io::Result<Answer> {
        let mut target = target.to_owned();
        for _ in 0..REDIRECTS {
            let answer = self.get(&target, limit)?;
            match &answer.location {
                Some(location) if (300..400).contains(&answer.status) => {
                    target = path_of(location).to_owned();
                }
                _ => return Ok(answer),
            }
        }
        Err(io::Error::other(format!("more than {REDIRECTS} redirects, the last to {target}")))
    }
}

/// A request without a body. `headers` are whole lines.
pub(crate) fn request(method: &str, target: &str, headers: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n{headers}\r\n")
        .into_bytes()
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> io::Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// A connection that is kept open from question to question.
pub(crate) struct Connection {
    stream: BufReader<Stream>,
}

impl Connection {
    /// Connects. `limit` holds for each time that the other side lets one wait.
    pub(crate) fn open(address: &Address, limit: Duration) -> io::Result<Connection> {
        let stream = match address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, limit)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(limit))?;
                Stream::Tcp(stream)
            }
            Address::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(limit))?;
                Stream::Unix(stream)
            }
        };
        Ok(Connection { stream: BufReader::new(stream) })
    }

    /// Sends a request, made by [`request`], and reads the answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.get_mut().write_all(request)?;
        let status_line = self.line()?;
        let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut answer =
            Answer { status: status.ok_or_else(|| broken(&status_line))?, location: None, body: Vec::new() };
        let mut length = None;
        let mut chunked = false;
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok(),
                "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
                "location" => answer.location = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        if chunked {
            self.read_chunks(&mut answer.body)?;
        } else if answer.status != 204 {
            self.read_body(length, &mut answer.body)?;
        }
        Ok(answer)
    }

    /// One line of the head, without its end.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(broken(&line)),
        }
    }

    fn read_body(&mut self, length: Option<u64>, body: &mut Vec<u8>) -> io::Result<()> {
        // Without a length the end of the connection is the end of the body.
        let limit = length.unwrap_or(LONGEST_BODY_BYTES).min(LONGEST_BODY_BYTES);
        let read = self.stream.by_ref().take(limit).read_to_end(body)?;
        match length {
            Some(length) if read as u64 != length => Err(broken("a body that was cut off")),
            _ => Ok(()),
        }
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(|_| broken(&line))?;
            self.read_body(Some(size), body)?;
            self.line()?;
            if size == 0 {
                return Ok(());
            }
        }
    }
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.flush(),
            Stream::Unix(stream) => stream.flush(),
        }
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("this is no HTTP answer: {what:?}"))
}

/// The path of a URL, which may be a path already.
fn path_of(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else { return url };
    rest.find('/').map_or("/", |at| &rest[at..])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::net::TcpListener;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    /// A server that gives these answers, one per connection, and ends.
    fn server(answers: &'static [&'static str]) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Tcp(listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut asked = [0; 1024];
                let _ = stream.read(&mut asked).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        address
    }

    #[test]
    fn a_body_ends_by_its_length_its_chunks_or_with_the_connection() {
        let address = server(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\nhi",
        ]);
        for _ in 0..3 {
            assert_eq!(address.get("/", LIMIT).unwrap().text(), "hi");
        }
    }

    #[test]
    fn a_redirect_is_followed_on_the_same_server() {
        let address = server(&[
            "HTTP/1.1 302 Found\r\nLocation: http://elsewhere:1/set/up\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage",
        ]);
        assert_eq!(address.get_following("/", LIMIT).unwrap().text(), "page");
        assert_eq!(path_of("http://elsewhere:1/set/up?x=1"), "/set/up?x=1");
        assert_eq!(path_of("http://elsewhere"), "/");
        assert_eq!(path_of("/set/up"), "/set/up");
    }

    #[test]
    fn an_answer_that_is_cut_off_is_an_error() {
        let address = server(&["HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf", "SSH-2.0\r\n"]);
        assert!(address.get("/", LIMIT).is_err());
        assert!(address.get("/", LIMIT).is_err());
    }

    #[test]
    fn a_docker_host_is_a_socket_or_an_address() {
        let unix = Address::of_docker_host("unix:///run/docker.sock");
        assert_eq!(unix, Some(Address::Unix(PathBuf::from("/run/docker.sock"))));
        assert!(matches!(Address::of_docker_host("tcp://127.0.0.1:2375"), Some(Address::Tcp(_))));
        assert_eq!(Address::of_docker_host("ssh://server"), None);
    }
}
