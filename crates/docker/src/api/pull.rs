//! Pulling an image: with the logins that the user has, told byte by byte, and given up only when
//! nothing moves.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use control::ports::{PullError, PullSink};
use domain::{Failure, FailureClass};
use hyper::Method;
use tokio::time::{Instant, timeout_at};

use super::client::{Answer, Call, Client, Lines};
use super::progress::{Message, Progress};
use super::pull_failure::classify;
use super::{CALL_LIMIT, login};
use crate::environment::Environment;

const ACTION: &str = "pull an image";

/// When any pull of this server moved last.
#[derive(Debug, Default)]
pub(super) struct LastMove(Mutex<Option<Instant>>);

impl LastMove {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn at(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn pull(
    client: &Client,
    environment: &Environment,
    last_move: &LastMove,
    image: &str,
    idle_limit: Duration,
    sink: &dyn PullSink,
) -> Result<(), PullError> {
    let login = login::for_image(environment, image).await;
    let mut attempt = Attempt {
        image,
        logged_in: login.is_some(),
        idle_limit,
        idle_at: Instant::now() + idle_limit,
        last_move,
        progress: Progress::of(image),
        sink,
    };
    let outcome = attempt.run(client, login).await;
    if let Err(PullError::Failed(failure)) = &outcome
        && matches!(failure.class, FailureClass::RegistryUnreachable | FailureClass::PullStalled)
        && is_there(client, image).await?
    {
        tracing::info!(image, %failure, "the registry cannot be reached; the image that the engine has is taken");
    } else {
        outcome?;
        if !is_there(client, image).await? {
            let words = "the engine ended the pull without a word, and does not have the image";
            return Err(PullError::Failed(Failure::of(FailureClass::ContainerCommand, image, words)));
        }
    }
    sink.progress(attempt.progress.complete());
    Ok(())
}

struct Attempt<'a> {
    image: &'a str,
    logged_in: bool,
    idle_limit: Duration,
    /// When it is given up unless something moves before.
    idle_at: Instant,
    last_move: &'a LastMove,
    progress: Progress,
    sink: &'a dyn PullSink,
}

impl Attempt<'_> {
    async fn run(&mut self, client: &Client, login: Option<String>) -> Result<(), PullError> {
        let call = Call { action: ACTION, method: Method::POST, target: target(self.image), login };
        let answer = timeout_at(self.idle_at, client.send(&call)).await.map_err(|_| self.stalled())??;
        let mut lines = match answer {
            Answer::Good(body) => body.lines(),
            Answer::Bad(_, words) => return Err(self.failed(&words)),
        };
        while let Some(line) = self.next_line(&mut lines).await? {
            let Ok(message) = serde_json::from_slice::<Message>(&line) else { continue };
            if let Some(words) = &message.error {
                return Err(self.failed(words));
            }
            let before = self.progress.figures().clone();
            if self.progress.take_in(&message) {
                self.idle_at = Instant::now() + self.idle_limit;
                self.last_move.note();
            }
            if *self.progress.figures() != before {
                self.sink.progress(self.progress.figures());
            }
        }
        Ok(())
    }

    async fn next_line(&mut self, lines: &mut Lines) -> Result<Option<Vec<u8>>, PullError> {
        loop {
            let line = timeout_at(self.idle_at, lines.next()).await;
            // Lines that tell nothing must not keep it alive.
            if Instant::now() >= self.idle_at && !self.is_held_up_by_others() {
                return Err(self.stalled());
            }
            if let Ok(line) = line {
                return Ok(line?);
            }
        }
    }

    /// Whether other pulls move while this one waits for its turn: then its time begins with their last move.
    fn is_held_up_by_others(&mut self) -> bool {
        let later = self.last_move.at().map(|at| at + self.idle_limit).filter(|at| *at > Instant::now());
        match later {
            Some(later) if self.progress.waits_for_its_turn() => {
                self.idle_at = later;
                true
            }
            _ => false,
        }
    }

    fn failed(&self, words: &str) -> PullError {
        PullError::Failed(classify(self.image, words, self.logged_in))
    }

    fn stalled(&self) -> PullError {
        let seconds = self.idle_limit.as_secs().to_string();
        PullError::Failed(Failure::of(FailureClass::PullStalled, self.image, seconds))
    }
}

/// The engine wants the name apart from the tag or digest; without either it would pull every tag.
fn target(image: &str) -> String {
    let (name, tag) = match image.split_once('@') {
        Some((name, digest)) => (name, digest),
        // A colon before the last slash is the registry's port.
        None => match image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
            Some((name, tag)) => (name, tag),
            None => (image, "latest"),
        },
    };
    format!("/images/create?fromImage={}&tag={}", encoded(name), encoded(tag))
}

/// Percent-encodes what is not part of a well-formed image name.
pub(super) fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/' | b':' | b'@' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Whether the engine has that image already.
async fn is_there(client: &Client, image: &str) -> Result<bool, PullError> {
    Ok(client.within(CALL_LIMIT, super::image::image(client, image)).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_asked_for_by_name_and_tag_or_digest() {
        for (image, expected) in [
            ("redis", "fromImage=redis&tag=latest"),
            ("redis:7.0", "fromImage=redis&tag=7.0"),
            ("127.0.0.1:5000/a/b", "fromImage=127.0.0.1:5000/a/b&tag=latest"),
            ("127.0.0.1:5000/a/b:1", "fromImage=127.0.0.1:5000/a/b&tag=1"),
            ("redis@sha256:abcd", "fromImage=redis&tag=sha256:abcd"),
            ("redis:7@sha256:abcd", "fromImage=redis:7&tag=sha256:abcd"),
            ("a b&c", "fromImage=a%20b%26c&tag=latest"),
        ] {
            assert_eq!(target(image), format!("/images/create?{expected}"));
        }
    }
}
