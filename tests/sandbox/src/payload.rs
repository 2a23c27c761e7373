//! Response bodies: whole ones, and those that a fault cuts short or never ends.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// A body on its way to the client.
#[derive(Debug)]
pub enum Payload {
    /// Everything at once.
    Whole(Option<Bytes>),
    /// What is there, then nothing more and no regular end.
    Cut(Option<Bytes>, Cut),
    /// One byte after the other, each after a while.
    Drip(Bytes, Pin<Box<tokio::time::Sleep>>),
    /// Spaces without end. Spaces, because they may precede any XML or JSON: only a limit stops a reader.
    Endless(bool),
}

/// How far a cut body got.
#[derive(Debug)]
pub enum Cut {
    /// The bytes may still wait in a buffer.
    Sending,
    /// They were handed to the socket.
    Sent,
}

/// Ends a response in its middle.
#[derive(Debug, thiserror::Error)]
#[error("the answer is cut short on request")]
pub struct CutShort;

impl From<Infallible> for CutShort {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Payload {
    /// The first half of `body`.
    #[must_use]
    pub fn cut(mut body: Bytes) -> Self {
        body.truncate(body.len() / 2);
        Self::Cut(Some(body), Cut::Sending)
    }

    /// A body that takes longer than anybody waits.
    #[must_use]
    pub fn drip(body: Bytes) -> Self {
        Self::Drip(body, Box::pin(tokio::time::sleep(PAUSE)))
    }

    /// A body without end.
    #[must_use]
    pub const fn endless() -> Self {
        Self::Endless(false)
    }
}

/// Between two bytes: short enough that no client takes the connection for idle.
const PAUSE: Duration = Duration::from_millis(500);

static SPACES: [u8; 16 * 1024] = [b' '; 16 * 1024];

impl Body for Payload {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match self.get_mut() {
            Self::Whole(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Cut(body, cut) => match (body.take().filter(|body| !body.is_empty()), &cut) {
                (Some(body), _) => Poll::Ready(Some(Ok(Frame::data(body)))),
                // Waiting once makes the connection write out what it has before it fails.
                (None, Cut::Sending) => {
                    *cut = Cut::Sent;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                (None, Cut::Sent) => Poll::Ready(Some(Err(CutShort))),
            },
            Self::Drip(body, _) if body.is_empty() => Poll::Ready(None),
            Self::Drip(body, pause) => {
                ready!(pause.as_mut().poll(context));
                pause.as_mut().reset(tokio::time::Instant::now() + PAUSE);
                Poll::Ready(Some(Ok(Frame::data(body.split_to(1)))))
            }
            Self::Endless(rest) => {
                // Other connections have their turn after each piece.
                *rest = !*rest;
                if *rest {
                    return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&SPACES)))));
                }
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.as_ref().is_none_or(Bytes::is_empty),
            Self::Drip(body, _) => body.is_empty(),
            Self::Cut(..) | Self::Endless(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64)),
            Self::Drip(body, _) => SizeHint::with_exact(body.len() as u64),
            Self::Cut(..) | Self::Endless(_) => SizeHint::default(),
        }
    }
}
