//! Wires the parts together and serves until told to stop.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
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
use counterbell_shared::time::DAY_MS;
use tokio::sync::{Notify, watch};
use tokio::task::spawn_local;

use crate::api::public::{LatestFigures, RateLimit, TrustedProxies, reads_per_minute};
use crate::api::{ApiError, admin, hosted, public, request_id};
use crate::background::{self, Foreground, keep_running};
use crate::config::ServeConfig;
use crate::connections::{self, Answering, Connections};
use crate::db::{DatabaseUrl, OpenError, ReadPools, checkpoint, migrations, prepare_to_write};
use crate::deadline::{Deadline, DeadlineSlot};
use crate::directory::Directory;
use crate::ingest::{self, DailyCaps, Signals, Writer, WriterFailed, WriterHandle, WriterSettings, look_at_disk};
use crate::mail::{Mailer, MailerError};
use crate::metrics::Metrics;
use crate::outbox;
use crate::panics::Place;
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
    /// Told when something was deleted whose words are to leave the files.
    pub erased: Notify,
    /// Where mails are files; `None` with a mail server.
    pub mail_folder: Option<PathBuf>,
    /// How much one address may send.
    pub rate_limit: RateLimit,
    /// How much one address may ask for.
    pub read_limit: RateLimit,
    /// Who may say whom a request is from.
    pub trusted_proxies: TrustedProxies,
    /// How long ago, in ms, a response that is sent may say it was given.
    pub backdate_ms: i64,
    /// How much one site takes a day.
    pub daily_caps: DailyCaps,
    /// How long an alert about a response that is not complete waits for the customer to go on, in ms.
    pub silence_ms: i64,
    /// How long after its first step a response that is not complete may be replaced, in ms.
    pub revisable_ms: i64,
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
    #[error("--listen (COUNTERBELL_LISTEN): cannot listen on {address}: {source}")]
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
    listeners: Vec<TcpListener>,
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
    pub fn bind(config: &ServeConfig, settings: WriterSettings) -> Result<Self, ServeError> {
        let mut conn = migrations::open_up_to_date(&config.database_url)?;
        let setup = |source| OpenError::Setup { url: config.database_url.to_string(), source };
        prepare_to_write(&mut conn).map_err(setup)?;
        let mailer = Mailer::new(&config.mail)?;
        let refused = |(address, source)| ServeError::Listen { address, source };
        let listeners = connections::listen_on(&config.listen).map_err(refused)?;
        let pools = ReadPools::new(&config.database_url);
        let search = SearchIndex::open(&config.database_url, &mut conn, &pools.lists)?;
        let signals = Signals::default();
        let metrics = Metrics::new();
        let observed = metrics.writer.clone();
        let foreground = Foreground::default();
        let (url, signalled) = (config.database_url.clone(), signals.clone());
        let writer = Writer::start(conn, url, settings, signalled, observed, foreground.clone())?;
        writer.handle().health().note_disk(look_at_disk(&config.database_url));
        let state = Data::new(AppState {
            directory: Directory::new(pools.look_ups.clone()),
            pools,
            writer: writer.handle(),
            foreground,
            outbox_filled: signals.outbox_filled,
            comments_queued: signals.comments_queued,
            search,
            erased: Notify::new(),
            mail_folder: config.mail.transport.folder().map(Path::to_owned),
            rate_limit: RateLimit::per_minute(config.rate_limit),
            read_limit: RateLimit::per_minute(reads_per_minute(config.rate_limit)),
            trusted_proxies: TrustedProxies::new(config.trusted_proxies.clone(), config.client_address_header),
            backdate_ms: i64::from(config.backdate_days) * DAY_MS,
            daily_caps: DailyCaps::default(),
            silence_ms: config.silence_ms,
            revisable_ms: config.revisable_ms,
            metrics,
            latest_figures: LatestFigures::default(),
            queue_capacity: settings.queue_capacity,
        });
        Ok(Self {
            listeners,
            state,
            database_url: config.database_url.clone(),
            writer,
            mailer,
            workers: config.workers,
        })
    }

    /// Where it listens; the port that was free when 0 was asked for.
    ///
    /// # Errors
    /// What the system says.
    pub fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        self.listeners.iter().map(TcpListener::local_addr).collect()
    }

    /// Answers until `stop` completes, then drains: what was accepted is committed and answered, what comes later is
    /// refused with 503. From when `stop` completes, `deadline` holds how long the process may go on.
    ///
    /// # Errors
    /// What the system says.
    pub async fn run(self, stop: impl Future<Output = ()> + 'static, deadline: DeadlineSlot) -> std::io::Result<()> {
        let Self { listeners, state, database_url, writer, mailer, workers } = self;
        let (stopping, stopped) = watch::channel(false);
        let (shared, stop_background) = (Data::clone(&state), stopped.clone());
        let (mailer, url) = (Arc::new(mailer), database_url.clone());
        let background = background::start(move || {
            let deliver = move |state, stopped| outbox::deliver(state, Arc::clone(&mailer), stopped);
            let purge = move |state, stopped| retention::purge_old(state, url.clone(), stopped);
            let (state, stopped) = (shared, stop_background);
            vec![
                spawn_local(keep_running(Place::Outbox, state.clone(), stopped.clone(), deliver)),
                spawn_local(keep_running(Place::Search, state.clone(), stopped.clone(), search::keep_up)),
                spawn_local(keep_running(Place::Retention, state, stopped, purge)),
            ]
        })?;
        let (watched, database) = (database_url.clone(), database_url);
        let watch_disk = move |state, stopped| ingest::watch_disk(state, watched.clone(), stopped);
        let disk = actix_web::rt::spawn(keep_running(Place::Disk, state.clone(), stopped.clone(), watch_disk));
        let keep_log_short = move |state, stopped| checkpoint::keep_log_short(state, database.clone(), stopped);
        let log = keep_running(Place::Checkpoint, state.clone(), stopped.clone(), keep_log_short);
        let log = actix_web::rt::spawn(log);
        let housekeeping = keep_running(Place::Housekeeping, state.clone(), stopped, forget_idle_addresses);
        let housekeeping = actix_web::rt::spawn(housekeeping);

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
        let server = connections::serve(threads, listeners, &counted, &app)?;
        let handle = server.handle();
        let refuse = state.writer.clone();
        let stopping = Arc::new(stopping);
        let tell = Arc::clone(&stopping);
        let writer_failed = writer.failed();
        actix_web::rt::spawn(async move {
            tokio::select! {
                () = stop => tracing::info!("Stopping: committing what was accepted"),
                () = writer_failed => tracing::error!("Stopping: {WriterFailed}"),
            }
            refuse.stop_accepting();
            deadline.set(Some(Deadline::start()));
            // Beside the requests that are answered, not after them. Receivers that are gone need no telling.
            let _ = tell.send(true);
            handle.stop(true).await;
        });
        server.await?;

        // Also when the server ended by itself.
        let _ = stopping.send(true);
        let _ = tokio::join!(background, disk, log, housekeeping);
        let written = web::block(move || writer.join()).await.map_err(std::io::Error::other)?;
        written.map_err(std::io::Error::other)?;
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

#[cfg(test)]
mod tests {
    use actix_web::rt::System;

    use super::*;
    use crate::config::{AlertSettings, CommonSettings, DatabaseSettings, HttpSettings, MailSettings};
    use crate::ingest::tests::end_by_panics;
    use crate::test_database::TestDatabase;

    #[test]
    fn server_that_cannot_store_any_more_ends_with_an_error() {
        let (database, dir) = (TestDatabase::sqlite(), tempfile::tempdir().unwrap());
        let common =
            CommonSettings { database: DatabaseSettings { url: Some(database.url.to_string()) }, ..Default::default() };
        let http = HttpSettings { listen: Some("127.0.0.1:0".to_owned()), workers: Some(1), ..Default::default() };
        let mail = MailSettings { mail_dir: Some(dir.path().join("mail")), ..Default::default() };
        let config = common.serve(&http, &mail, &AlertSettings::default()).unwrap();

        let ended = System::new().block_on(async {
            let server = Server::bind(&config, WriterSettings::new(1_000)).unwrap();
            let writer = server.state.writer.clone();
            let (ended, ()) =
                tokio::join!(server.run(std::future::pending(), DeadlineSlot::default()), end_by_panics(&writer));
            ended
        });

        assert!(ended.unwrap_err().to_string().contains("nothing can be stored any more"));
    }
}
