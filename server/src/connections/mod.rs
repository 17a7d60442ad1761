//! How many connections there may be, and how long each may take its time.
//!
//! Whoever opens thousands of connections and sends a byte now and then (Slowloris) must not keep customers waiting:
//! there is room for many, and none is kept for long. Nor does one that sends much get much of the memory: see
//! [`intake`].

mod intake;
mod server;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::dev::{Extensions, Service, ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::rt::net::TcpStream;
use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_user_timeout;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpSocket;

use intake::Answering;
pub use server::serve;

/// From the first byte of a request, or the opening of the connection, to the end of the head.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// From the end of the head to the end of the body: 64 KiB over a slow phone.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(15);
/// Between two requests of one connection.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// For an answer, or a part of it, to be taken by the other side; also when that is gone without a word.
const ANSWER_TIMEOUT_MS: u32 = 30_000;
/// Connections the system holds for us while all threads are busy.
const BACKLOG: u32 = 4_096;
/// Files for everything but connections: databases, mail, log, the system's own.
const OTHER_FILES: u64 = 256;
/// Most connections of one thread, whatever the system would allow.
const CONNECTIONS_MAX: u64 = 25_600;

/// Takes these addresses, of which a name may have some of a family that this machine does not use: those are left out
/// as long as there is another. All of one name take the same port, also where any will do.
///
/// # Errors
/// What the system says, and of which address.
pub fn listen_on(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, (SocketAddr, std::io::Error)> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut left_out = None;
    for &(mut address) in addresses {
        if let Some(taken) = listeners.first().and_then(|first| first.local_addr().ok()) {
            address.set_port(taken.port());
        }
        match listen(address) {
            Ok(listener) => listeners.push(listener),
            Err(error) if is_of_no_use_here(&error) => left_out = Some((address, error)),
            Err(error) => return Err((address, error)),
        }
    }
    match left_out {
        Some(left_out) if listeners.is_empty() => Err(left_out),
        _ => Ok(listeners),
    }
}

fn is_of_no_use_here(error: &std::io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT))
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // At once after a restart, though connections of the server before are still being forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Counts the connections that are open.
///
/// actix-web limits the time for the first head of a connection, but not for a later one that has begun. So while more
/// than half of all connections are open, each is closed after its answer: nobody can collect more than half that way,
/// and customers find room in the other.
pub struct Connections {
    open: AtomicUsize,
    max: usize,
}

/// One that is open, until dropped.
struct Open(Arc<Connections>);

impl Connections {
    /// None yet, of at most `per_worker` for each of `workers` threads.
    pub fn new(per_worker: usize, workers: usize) -> Arc<Self> {
        Arc::new(Self { open: AtomicUsize::new(0), max: per_worker * workers })
    }

    /// Counts a connection until `data` is dropped, and lets go of a client that does not take its answer.
    fn opened(self: &Arc<Self>, stream: &TcpStream, data: &mut Extensions) {
        // The system may not know it; then such a client is kept.
        let _ = set_tcp_user_timeout(stream, ANSWER_TIMEOUT_MS);
        self.open.fetch_add(1, Ordering::Relaxed);
        data.insert(Open(Arc::clone(self)));
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Most that may be open.
    pub fn max(&self) -> usize {
        self.max
    }

    /// Whether a connection is to be closed after its answer.
    fn are_crowded(&self) -> bool {
        self.open() > self.max / 2
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Has `service` answer a request of one of the `open` connections. Nothing more is read from that connection meanwhile, and
/// while many are open it is closed after the answer.
pub fn answer<S, B>(
    open: &Connections,
    mut request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, actix_web::Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    let crowded = open.are_crowded();
    let answering = Answering::begin(&mut request);
    let answered = service.call(request);
    async move {
        let answered = answered.await;
        drop(answering);
        let mut answer = answered?;
        if crowded {
            answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        Ok(answer)
    }
}

/// Raises how many files this process may have open to what the system allows; how many connections each of `workers`
/// threads may then have.
pub fn connections_per_worker(workers: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    share(files, workers.max(1) as u64)
}

fn share(files: u64, workers: u64) -> usize {
    // Half of very few: a server without any would answer nobody.
    let connections = files.saturating_sub(OTHER_FILES).max(files / 2) / workers;
    usize::try_from(connections.clamp(1, CONNECTIONS_MAX)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        assert_eq!(share(20_000, 2), 9_872);
        assert_eq!(share(1_024, 4), 192);
        assert_eq!(share(64, 4), 8);
        assert_eq!(share(u64::MAX, 2), 25_600);
    }
}
