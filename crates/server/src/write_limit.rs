//! A connection on which a write fails when the other end takes nothing for too long.
//!
//! What is read has limits of its own (`limits`): this is for clients that ask and do not listen.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::limits::WRITE_TIME_MAX;

/// A connection whose writes may wait for [`WRITE_TIME_MAX`], each.
pub(crate) struct WriteLimited<S> {
    stream: S,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteLimited<S> {
    pub(crate) fn on(stream: S) -> Self {
        Self { stream, waiting: None }
    }

    fn unless_too_late<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(WRITE_TIME_MAX)));
        ready!(waiting.as_mut().poll(context));
        let reason = format!("the client has taken nothing for {} s", WRITE_TIME_MAX.as_secs());
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, reason)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteLimited<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteLimited<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.unless_too_late(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.unless_too_late(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Not limited: sockets have nothing to flush, and what waits is what was not written.
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_write_that_nobody_takes_fails_in_bounded_time() {
        let (server, _client) = tokio::io::duplex(16);
        let begun = Instant::now();
        let written = WriteLimited::on(server).write_all(&[b'x'; 17]).await;
        assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        assert_eq!(begun.elapsed(), WRITE_TIME_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_slow_but_takes_something_is_kept() {
        let (server, mut client) = tokio::io::duplex(16);
        let writing = async { WriteLimited::on(server).write_all(&[b'x'; 64]).await };
        let reading = async {
            for _ in 0..64 {
                tokio::time::sleep(WRITE_TIME_MAX - Duration::from_secs(1)).await;
                client.read_u8().await.expect("it comes");
            }
        };
        let (written, ()) = tokio::join!(writing, reading);
        written.expect("every byte was taken in time");
    }
}
