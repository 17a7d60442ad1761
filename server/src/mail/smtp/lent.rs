//! Streams that are wanted back.

use std::fmt::Debug;
use std::io::{ErrorKind, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream lent to lettre, which gives none back.
#[derive(Debug)]
pub struct Lent<S>(Arc<Mutex<S>>);

impl<S> Lent<S> {
    /// Lends a stream, and what it comes back from.
    pub fn new(stream: S) -> (Self, Lender<S>) {
        let shared = Arc::new(Mutex::new(stream));
        (Self(Arc::clone(&shared)), Lender(shared))
    }

    fn stream(&self) -> MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a lent stream comes back from.
pub struct Lender<S>(Arc<Mutex<S>>);

impl<S> Lender<S> {
    /// The stream; `None` while it is lent.
    pub fn take_back(self) -> Option<S> {
        Some(Arc::into_inner(self.0)?.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lent<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut *self.stream()).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lent<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut *self.stream()).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut *self.stream()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut *self.stream()).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Debug> AsyncTokioStream for Lent<S> {
    /// lettre never asks.
    fn peer_addr(&self) -> Result<SocketAddr> {
        Err(ErrorKind::Unsupported.into())
    }
}
