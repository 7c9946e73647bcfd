//! The first user, made through the server's own socket: root may do that there without a password.

use std::path::Path;
use std::time::Duration;

use domain::Secret;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::error::GatewayFailure;

/// The name of the first user.
pub const FIRST_USER: &str = "admin";

/// The server makes a password and its hash within a tenth of a second.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);

/// Bytes of an answer: the list of all users is the longest.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// Makes the user `admin` with a password that the server makes up, and gives it; `None` where there are users.
///
/// # Errors
/// The server does not answer, or refuses.
pub async fn make_first_user(socket: &Path, base: &str) -> Result<Option<Secret>, GatewayFailure> {
    let users = call(socket, base, "UserList", &json!({})).await?;
    if users.as_array().is_some_and(|users| !users.is_empty()) {
        return Ok(None);
    }
    let added = call(socket, base, "UserAdd", &json!({ "name": FIRST_USER })).await?;
    let password =
        added["password"].as_str().ok_or_else(|| failed(socket, "it answered without a password"))?;
    Ok(Some(Secret::from_text(password)))
}

/// The data that an interface answers.
async fn call(
    socket: &Path,
    base: &str,
    interface: &str,
    parameters: &Value,
) -> Result<Value, GatewayFailure> {
    let body = parameters.to_string();
    let request = format!(
        "POST {base}/{interface} HTTP/1.1\r\nHost: localhost\r\nVersion: v1\r\nLanguage: en\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = timeout(ANSWER_TIME_MAX, answer).await.map_err(|_| failed(socket, "it does not answer"))?;
    let answer = answer.map_err(|error| failed(socket, &error.to_string()))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let mut envelope: Value =
        serde_json::from_str(body).map_err(|_| failed(socket, "it answered something else than JSON"))?;
    match envelope["Error"]["Message"].as_str() {
        Some(message) => Err(failed(socket, message)),
        None => Ok(envelope["ResponseData"].take()),
    }
}

fn failed(socket: &Path, why: &str) -> GatewayFailure {
    GatewayFailure::Server(format!(
        "the first user cannot be made over the server's socket {}: {why}. Run this as root; \
         `appmanage user add {FIRST_USER}` makes it, too",
        socket.display()
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use tokio::net::UnixListener;

    use super::*;

    /// What comes of a server that answers the calls so, one after the other.
    async fn made(answers: &[&str]) -> Result<Option<Secret>, GatewayFailure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let serve = async {
            for body in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                let read = stream.read(&mut request).await.unwrap();
                assert!(request[..read].starts_with(b"POST /api/User"));
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all((head + body).as_bytes()).await.unwrap();
            }
        };
        tokio::join!(make_first_user(&path, "/api"), serve).0
    }

    #[tokio::test]
    async fn the_first_user_is_made_only_where_there_is_none() {
        let made_one =
            made(&[r#"{"ResponseData":[]}"#, r#"{"ResponseData":{"name":"admin","password":"xyz"}}"#]);
        assert_eq!(made_one.await.unwrap(), Some(Secret::from_text("xyz")));
        assert_eq!(made(&[r#"{"ResponseData":[{"name":"eve"}]}"#]).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_the_servers_words() {
        let refusal = r#"{"ResponseData":[],"Error":{"Code":"Auth.Forbidden","Message":"not you"}}"#;
        assert!(made(&[refusal]).await.unwrap_err().to_string().contains("not you"));
        assert!(made(&["<html>"]).await.unwrap_err().to_string().contains("something else than JSON"));
        let nobody = make_first_user(Path::new("/nowhere/socket"), "").await;
        assert!(nobody.unwrap_err().to_string().contains("/nowhere/socket"));
    }
}
