//! Wires the parts together and serves until told to stop.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_server::Server as HttpServer;
use actix_web::dev::Service as _;
use actix_web::http::ConnectionType;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, PayloadConfig};
use actix_web::{App, HttpResponse, web};
use counterbell_shared::limits::BODY_MAX_BYTES;
use counterbell_shared::problem::ProblemCode;
use tokio::sync::{Notify, watch};

use crate::api::public::{LatestFigures, RateLimit, TrustedProxies, reads_per_minute};
use crate::api::{ApiError, admin, hosted, public, request_id};
use crate::background::{self, Foreground};
use crate::config::ServeConfig;
use crate::connections::{self, Answering, Connections};
use crate::db::{DatabaseUrl, OpenError, ReadPools, checkpoint, migrations, prepare_to_write};
use crate::deadline;
use crate::directory::Directory;
use crate::ingest::{DailyCaps, Signals, StoreMode, Writer, WriterHandle, WriterSettings};
use crate::mail::{Mailer, MailerError};
use crate::metrics::Metrics;
use crate::outbox;
use crate::retention;
use crate::search::{self, SearchIndex};

/// How long a stopping server waits for requests it is answering.
const SHUTDOWN_TIMEOUT_S: u64 = 10;
/// How often idle addresses are forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// What every handler can reach.
pub struct AppState {
    /// Sites, in memory.
    pub directory: Directory,
    /// For reading.
    pub pools: ReadPools,
    /// For writing.
    pub writer: WriterHandle,
    /// Whom work in the background gives way to.
    pub foreground: Foreground,
    /// Wakes the outbox worker.
    pub outbox_filled: Arc<Notify>,
    /// Wakes the indexer.
    pub comments_queued: Arc<Notify>,
    /// Finds comments.
    pub search: SearchIndex,
    /// How much one address may send.
    pub rate_limit: RateLimit,
    /// How much one address may ask for.
    pub read_limit: RateLimit,
    /// Who may say whom a request is from.
    pub trusted_proxies: TrustedProxies,
    /// How much one site takes a day.
    pub daily_caps: DailyCaps,
    /// How long an alert about a response that is not complete waits for the customer to go on, in ms.
    pub silence_ms: i64,
    /// What is counted.
    pub metrics: Metrics,
    /// What monitors were told last.
    pub latest_figures: LatestFigures,
    /// Most records waiting for the writer.
    pub queue_capacity: usize,
}

/// The server could not start, or ended by a fault; `Display` is one readable line.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The mail server's settings.
    #[error(transparent)]
    Mailer(#[from] MailerError),
    /// The address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Everything else the system refuses.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A server that listens, not yet answering.
pub struct Server {
    listener: TcpListener,
    state: Data<AppState>,
    database_url: DatabaseUrl,
    writer: Writer,
    mailer: Mailer,
    workers: Option<usize>,
}

impl Server {
    /// Opens the database, brings its schema up to date and takes the address.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn bind(config: &ServeConfig, mode: StoreMode) -> Result<Self, ServeError> {
        let mut conn = migrations::open_up_to_date(&config.database_url)?;
        let setup = |source| OpenError::Setup { url: config.database_url.to_string(), source };
        prepare_to_write(&mut conn).map_err(setup)?;
        let mailer = Mailer::new(&config.mail)?;
        let listen = |source| ServeError::Listen { address: config.listen, source };
        let listener = connections::listen(config.listen).map_err(listen)?;
        let pools = ReadPools::new(&config.database_url);
        let search = SearchIndex::open(&config.database_url, &mut conn, &pools.lists)?;
        let signals = Signals::default();
        let settings = WriterSettings { queue_capacity: config.queue_capacity, mode };
        let metrics = Metrics::new();
        let observed = metrics.writer.clone();
        let foreground = Foreground::default();
        let (url, signalled) = (config.database_url.clone(), signals.clone());
        let writer = Writer::start(conn, url, settings, signalled, observed, foreground.clone())?;
        let state = Data::new(AppState {
            directory: Directory::new(pools.look_ups.clone()),
            pools,
            writer: writer.handle(),
            foreground,
            outbox_filled: signals.outbox_filled,
            comments_queued: signals.comments_queued,
            search,
            rate_limit: RateLimit::per_minute(config.rate_limit),
            read_limit: RateLimit::per_minute(reads_per_minute(config.rate_limit)),
            trusted_proxies: TrustedProxies::new(config.trusted_proxies.clone()),
            daily_caps: DailyCaps::default(),
            silence_ms: config.silence_ms,
            metrics,
            latest_figures: LatestFigures::default(),
            queue_capacity: config.queue_capacity,
        });
        Ok(Self { listener, state, database_url: config.database_url.clone(), writer, mailer, workers: config.workers })
    }

    /// Where it listens; the port that was free when 0 was asked for.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` completes, then drains: what was accepted is committed and answered, what comes later is
    /// refused with 503.
    ///
    /// # Errors
    /// What the system says.
    pub async fn run(self, stop: impl Future<Output = ()> + 'static) -> std::io::Result<()> {
        let Self { listener, state, database_url, writer, mailer, workers } = self;
        let (stopping, stopped) = watch::channel(false);
        let (shared, stop_background) = (Data::clone(&state), stopped.clone());
        let background = background::start(move || {
            vec![
                tokio::task::spawn_local(outbox::deliver(Data::clone(&shared), mailer, stop_background.clone())),
                tokio::task::spawn_local(search::keep_up(Data::clone(&shared), stop_background.clone())),
                tokio::task::spawn_local(retention::purge_old(shared, stop_background)),
            ]
        })?;
        let log = checkpoint::keep_log_short(Data::clone(&state), database_url, stopped.clone());
        let log = actix_web::rt::spawn(log);
        let housekeeping = actix_web::rt::spawn(forget_idle_addresses(Data::clone(&state), stopped));

        let shared = Data::clone(&state);
        let workers = workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
        let per_worker = connections::connections_per_worker(workers);
        let open = Connections::new(per_worker, workers);
        // Set once: a server runs once.
        let _ = state.metrics.connections.set(Arc::clone(&open));
        let counted = Arc::clone(&open);
        let app = move || {
            let open = Arc::clone(&open);
            // Called by each worker on its own thread.
            shared.foreground.join();
            App::new()
                .app_data(Data::clone(&shared))
                .app_data(PayloadConfig::new(BODY_MAX_BYTES))
                .configure(public::configure)
                .configure(hosted::configure)
                .configure(admin::configure)
                .default_service(web::to(not_found))
                .wrap_fn(move |mut request, service| {
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
                })
                // The outermost layer: it sees every answer.
                .wrap(from_fn(request_id::identify_requests))
        };
        let threads = HttpServer::build()
            .disable_signals()
            .shutdown_timeout(SHUTDOWN_TIMEOUT_S)
            .max_concurrent_connections(per_worker)
            .workers(workers);
        let server = connections::serve(threads, listener, counted, app)?;
        let handle = server.handle();
        let refuse = state.writer.clone();
        let stopping = Arc::new(stopping);
        let tell = Arc::clone(&stopping);
        actix_web::rt::spawn(async move {
            stop.await;
            tracing::info!("Stopping: committing what was accepted");
            refuse.stop_accepting();
            deadline::start();
            // Beside the requests that are answered, not after them. Receivers that are gone need no telling.
            let _ = tell.send(true);
            handle.stop(true).await;
        });
        server.await?;

        // Also when the server ended by itself.
        let _ = stopping.send(true);
        let _ = tokio::join!(background, log, housekeeping);
        web::block(move || writer.join()).await.map_err(std::io::Error::other)?;
        tracing::info!("Stopped");
        Ok(())
    }
}

async fn forget_idle_addresses(state: Data<AppState>, mut stopped: watch::Receiver<bool>) {
    while tokio::time::timeout(HOUSEKEEPING, stopped.changed()).await.is_err() {
        state.rate_limit.forget_idle();
        state.read_limit.forget_idle();
    }
}

async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(ProblemCode::NotFound, "Nothing lives at this address; see docs/API.md."))
}
