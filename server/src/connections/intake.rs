//! What a client sends is read when there is something to be done with it, and not before.
//!
//! The HTTP layer makes requests of all it has read, some 4 KB of memory each. A client that sends thousands of
//! requests without waiting for an answer, and takes none, would fill the memory with them. So a connection is read
//! little by little, and not at all while a request of it is being answered or an answer is not taken.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::HttpMessage as _;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::rt::net::TcpStream;
use futures_util::{Stream as _, stream};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};

/// Most that is read before the HTTP layer looks at it, in bytes: a customer's request fits in, and not many of the
/// shortest there can be.
const PART_BYTES: u64 = 2_048;

/// Whether a connection may be read; shared by the connection and the request that is being answered.
#[derive(Default)]
pub struct Intake {
    /// A request is being answered, and needs nothing more of the connection.
    answering: Cell<bool>,
    /// The system takes no more of an answer.
    blocked: Cell<bool>,
    /// Of the request's body, as long as it was said to be, what nobody has taken yet.
    body_bytes: Cell<u64>,
    /// Who wanted to read meanwhile.
    waiting: RefCell<Option<Waker>>,
}

impl Intake {
    fn is_open(&self) -> bool {
        !self.answering.get() && !self.blocked.get()
    }

    fn set_answering(&self, answering: bool) {
        self.answering.set(answering);
        self.wake_if_open();
    }

    fn set_blocked(&self, blocked: bool) {
        self.blocked.set(blocked);
        self.wake_if_open();
    }

    /// What may be read at once: as much as is known to belong to the body makes no more requests.
    fn part_bytes(&self) -> u64 {
        self.body_bytes.get().max(PART_BYTES)
    }

    fn wake_if_open(&self) {
        if self.is_open()
            && let Some(waiting) = self.waiting.take()
        {
            waiting.wake();
        }
    }
}

/// A request that is being answered, until dropped.
pub struct Answering(Option<Rc<Intake>>);

impl Answering {
    /// From now on the request's connection is read only for the request's own body.
    pub fn begin(request: &mut ServiceRequest) -> Self {
        let intake = request.conn_data::<Rc<Intake>>().cloned();
        if let Some(intake) = &intake {
            intake.set_answering(true);
            let payload = match request.take_payload() {
                Payload::None => Payload::None,
                payload => {
                    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
                    intake.body_bytes.set(length.and_then(|length| length.parse().ok()).unwrap_or(0));
                    read_when_awaited(payload, Rc::clone(intake))
                }
            };
            request.set_payload(payload);
        }
        Self(intake)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if let Some(intake) = &self.0 {
            intake.body_bytes.set(0);
            intake.set_answering(false);
        }
    }
}

/// The body, for which the connection is read while somebody waits for a part of it.
fn read_when_awaited(mut body: Payload, intake: Rc<Intake>) -> Payload {
    let parts = stream::poll_fn(move |cx| {
        let part = Pin::new(&mut body).poll_next(cx);
        if let Poll::Ready(Some(Ok(part))) = &part {
            intake.body_bytes.set(intake.body_bytes.get().saturating_sub(part.len() as u64));
        }
        intake.set_answering(part.is_ready());
        part
    });
    Payload::Stream { payload: Box::pin(parts) }
}

/// A client's connection.
pub struct ClientStream {
    stream: Take<TcpStream>,
    intake: Rc<Intake>,
}

impl ClientStream {
    /// Of which nothing has been read.
    pub fn new(stream: TcpStream) -> Self {
        Self { stream: stream.take(PART_BYTES), intake: Rc::default() }
    }

    /// The system's side of it.
    pub fn tcp(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// Whether it may be read.
    pub fn intake(&self) -> &Rc<Intake> {
        &self.intake
    }

    /// Reads nothing, but finds out when the client is gone.
    fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let peeked = self.tcp().poll_peek(cx, &mut ReadBuf::new(&mut [0]));
        if let Poll::Ready(Ok(1..)) = peeked {
            // Nobody else wakes whoever wants to read what is there already.
            *self.intake.waiting.borrow_mut() = Some(cx.waker().clone());
            return Poll::Pending;
        }
        peeked.map_ok(|_| ())
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.intake.is_open() {
            return self.poll_gone(cx);
        }
        if self.stream.limit() == 0 {
            // The HTTP layer takes a turn, and comes back for the next part.
            let next = self.intake.part_bytes();
            self.stream.set_limit(next);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_pending() {
            let next = self.intake.part_bytes();
            self.stream.set_limit(next);
        }
        read
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(self.stream.get_mut()).poll_write(cx, bytes);
        self.intake.set_blocked(written.is_pending());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_shutdown(cx)
    }
}
