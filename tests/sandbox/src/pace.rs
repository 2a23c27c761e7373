//! Distance: a stream that answers as late as a server far away would.
//!
//! A client on loopback cannot be made to wait for its connection, because the kernel completes it before the
//! server knows. What it can be made to wait for is an answer. So every change of direction costs one round
//! trip: the first bytes that the server writes after it has read something wait for one round trip, and what
//! follows them does not. The very first answer waits for two, the second one standing for the TCP handshake.
//!
//! | a client's step | answer that is held back | round trips |
//! |---|---|---|
//! | TCP connect and TLS 1.3 handshake | ServerHello to Finished | 2 |
//! | TCP connect and TLS 1.2 handshake | ServerHello, then Finished | 2 + 1 |
//! | request | first bytes of the response | 1 |
//! | request with `Expect: 100-continue` | 100, then the response | 1 + 1 |
//! | `CONNECT` on a new connection to the proxy | its 200 | 2 |
//!
//! Bandwidth and TCP's congestion window are not modelled.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream whose answers come a round trip late.
#[derive(Debug)]
pub struct Paced<S> {
    stream: S,
    round_trip: Duration,
    /// Whether something was read since the last answer began, so that the next write begins another.
    asked: bool,
    /// Whether the TCP handshake is still to be charged for.
    fresh: bool,
    /// How long the answer that begins is held back.
    held: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    /// Wraps a connection that was just accepted.
    pub fn new(stream: S, round_trip: Duration) -> Self {
        Self { stream, round_trip, asked: false, fresh: true, held: None }
    }

    /// The connection underneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Ready once what is being written may leave.
    fn poll_held(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.asked {
            self.asked = false;
            let trips = if std::mem::take(&mut self.fresh) { 2 } else { 1 };
            self.held = Some(Box::pin(tokio::time::sleep(self.round_trip * trips)));
        }
        if let Some(sleep) = &mut self.held {
            ready!(sleep.as_mut().poll(context));
            self.held = None;
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.asked = !self.round_trip.is_zero();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_held(context));
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    use super::*;

    const TRIP: Duration = Duration::from_millis(100);

    fn run<F: Future>(test: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(test)
    }

    /// Asks, answers in two writes, and measures how long that takes.
    async fn exchange(
        client: &mut tokio::io::DuplexStream,
        server: &mut Paced<tokio::io::DuplexStream>,
    ) -> Duration {
        let start = Instant::now();
        client.write_all(b"question").await.unwrap();
        let mut question = [0; 8];
        server.read_exact(&mut question).await.unwrap();
        server.write_all(b"a").await.unwrap();
        server.write_all(b"b").await.unwrap();
        let mut answer = [0; 2];
        client.read_exact(&mut answer).await.unwrap();
        start.elapsed()
    }

    #[test]
    fn the_first_answer_costs_two_round_trips_and_every_other_one() {
        run(async {
            let (mut client, server) = tokio::io::duplex(64);
            let mut server = Paced::new(server, TRIP);
            let first = exchange(&mut client, &mut server).await;
            assert!(first >= 2 * TRIP && first < 3 * TRIP, "{first:?}");
            let second = exchange(&mut client, &mut server).await;
            assert!(second >= TRIP && second < 2 * TRIP, "{second:?}");
        });
    }

    #[test]
    fn no_round_trip_costs_nothing() {
        run(async {
            let (mut client, server) = tokio::io::duplex(64);
            let mut server = Paced::new(server, Duration::ZERO);
            assert!(exchange(&mut client, &mut server).await < TRIP / 2);
        });
    }
}
