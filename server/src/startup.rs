//! Wires the parts together and serves until told to stop.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use actix_server::Server as HttpServer;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpResponse, web};
use counterbell_shared::limits::BODY_MAX_BYTES;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use tokio::sync::watch;

use crate::cases::{CaseTimer, Timer};
use crate::config::ServeConfig;
use crate::connections::{self, Connections};
use crate::db::dialect::{Plans, prepare_to_write};
use crate::db::{DatabaseUrl, OpenError, migrations};
use crate::deadline::{Deadline, DeadlineSlot};
use crate::http::ops::{Document, LatestFigures};
use crate::http::public::Intake;
use crate::http::{self, ApiError, ClientLimits, ForgetIdle, TrustedProxies, request_id};
use crate::ingest::{Ingest, IngestSettings, Responses, Waiting};
use crate::journal::ExpireJournal;
use crate::links::Links;
use crate::mail::{AlertMail, CaseMail, GroupMail, MailLinks, Mailer, MailerError, TouchpointMail};
use crate::metrics::Metrics;
use crate::outbox::{ExpireMessages, LaneWorker};
use crate::responses::{Eraser, PurgeOld};
use crate::search::{Indexer, SearchIndex};
use crate::sites::Directory;
use crate::store::{
    KeepLogShort, ReadPools, Signals, Store, WatchDisk, Writer, WriterFailed, WriterSettings, look_at_disk,
};
use crate::tasks::{self, Foreground, Supervisor};
use crate::timers::{Handler, Timers};
use crate::triage::{EndOfWindow, StaffLeft, Triage, WatchTouchpoints};

/// How long a stopping server waits for requests it is answering.
const SHUTDOWN_TIMEOUT_S: u64 = 10;

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
    database_url: DatabaseUrl,
    workers: Option<usize>,
    writer: Writer<Box<Waiting>>,
    store: Store,
    search: SearchIndex,
    foreground: Foreground,
    mailer: Arc<Mailer>,
    mail_links: MailLinks,
    intake: Intake,
    eraser: Eraser,
    document: Document,
    links: Links,
}

impl Server {
    /// Opens the database, brings its schema up to date and takes the address.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn bind(config: &ServeConfig, settings: WriterSettings) -> Result<Self, ServeError> {
        let url = &config.database.url;
        let mut conn = migrations::open_up_to_date(url)?;
        prepare_to_write(&mut conn, Plans::ByKeys)
            .map_err(|source| OpenError::Setup { url: url.to_string(), source })?;
        let links = Links::new(&config.links);
        links
            .make_first_key(&mut conn, UnixMillis::now().0)
            .map_err(|source| OpenError::Setup { url: url.to_string(), source })?;
        let mailer = Arc::new(Mailer::new(&config.mail)?);
        let mail_links = MailLinks { public_url: config.http.public_url.clone(), links: links.clone() };
        let refused = |(address, source)| ServeError::Listen { address, source };
        let listeners = connections::listen_on(&config.http.listen).map_err(refused)?;
        let reads = ReadPools::new(url);
        let search = SearchIndex::open(url, &mut conn, &reads.lists)?;
        let signals = Signals::default();
        let metrics = Arc::new(Metrics::new());
        let foreground = Foreground::default();
        let joining = foreground.clone();
        let responses = Responses::new(signals.clone());
        let writer = Writer::start(conn, url, settings, &metrics.writer, responses, move || joining.join())?;
        let store = Store { reads, writes: writer.writes(), signals };
        store.writes.health().note_disk(look_at_disk(url));
        let look_ups = store.reads.look_ups.clone();
        let limits = ClientLimits::per_minute(
            config.http.rate_limit,
            TrustedProxies::new(config.http.trusted_proxies.clone(), config.http.client_address_header),
        );
        let ingest = IngestSettings {
            backdate_ms: i64::from(config.http.backdate_days) * DAY_MS,
            silence_ms: config.alerts.silence_ms,
            revisable_ms: config.http.revisable_ms,
            #[cfg(feature = "bench")]
            stores: settings.stores,
        };
        let intake = Intake {
            directory: Arc::new(Directory::new(look_ups.clone())),
            limits: Arc::new(limits),
            ingest: Arc::new(Ingest::new(writer.entries(), ingest)),
            look_ups,
            metrics,
        };
        let mail_folder = mailer.folder().map(Path::to_owned);
        let eraser = Eraser { store: store.clone(), search: search.clone(), mail_folder };
        let (database_url, workers) = (url.clone(), config.http.workers);
        let document =
            Document::new(&http::all_operations(), config.http.public_url.as_ref()).map_err(std::io::Error::from)?;
        Ok(Self {
            listeners,
            database_url,
            workers,
            writer,
            store,
            search,
            foreground,
            mailer,
            mail_links,
            intake,
            eraser,
            document,
            links,
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
        let (stopping, stopped) = watch::channel(false);
        let tasks = self.start_tasks(&stopped)?;
        let Self { listeners, workers, writer, store, search, foreground, intake, eraser, document, links, .. } = self;

        let workers = workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
        let per_worker = connections::connections_per_worker(workers);
        let open = Connections::new(per_worker, workers);
        // Set once: a server runs once.
        let _ = intake.metrics.connections.set(Arc::clone(&open));
        let counted = Arc::clone(&open);
        let ingest = Arc::clone(&intake.ingest);
        let handed = Handed::new(intake, store, search, eraser, document, links);
        let app = move || {
            let open = Arc::clone(&open);
            // Called by each worker on its own thread.
            foreground.join();
            App::new()
                .configure(|config| handed.to(config))
                .app_data(PayloadConfig::new(BODY_MAX_BYTES))
                .configure(http::configure)
                .default_service(web::to(not_found))
                .wrap_fn(move |request, service| connections::answer(&open, request, service))
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
        let stopping = Arc::new(stopping);
        let tell = Arc::clone(&stopping);
        let writer_failed = writer.failed();
        actix_web::rt::spawn(async move {
            tokio::select! {
                () = stop => tracing::info!("Stopping: committing what was accepted"),
                () = writer_failed => tracing::error!("Stopping: {WriterFailed}"),
            }
            ingest.stop_accepting();
            deadline.set(Some(Deadline::start()));
            // Beside the requests that are answered, not after them. Receivers that are gone need no telling.
            let _ = tell.send(true);
            handle.stop(true).await;
        });
        server.await?;

        // Also when the server ended by itself.
        let _ = stopping.send(true);
        tasks.await;
        let written = web::block(move || writer.join()).await.map_err(std::io::Error::other)?;
        written.map_err(std::io::Error::other)?;
        tracing::info!("Stopped");
        Ok(())
    }

    /// Starts what the server does beside answering; returned is what completes when all of it has ended.
    fn start_tasks(&self, stopped: &watch::Receiver<bool>) -> std::io::Result<impl Future<Output = ()> + use<>> {
        let (store, url) = (&self.store, &self.database_url);
        let supervisor = Supervisor::new(stopped.clone(), self.intake.metrics.tasks.clone());
        let triage = Triage { store: store.clone(), foreground: self.foreground.clone(), links: self.links.clone() };
        let mut handlers: Vec<Arc<dyn Handler>> =
            vec![Arc::new(ExpireJournal), Arc::new(ExpireMessages { lanes: vec![self.mailer.clone()] })];
        handlers.extend(Timer::ALL.map(|timer| Arc::new(CaseTimer(timer)) as Arc<dyn Handler>));
        handlers.push(Arc::new(EndOfWindow));
        handlers.push(Arc::new(StaffLeft));
        handlers.push(Arc::new(WatchTouchpoints));
        let timers = Timers { store: store.clone(), handlers: handlers.into(), foreground: self.foreground.clone() };
        let mail = LaneWorker {
            store: store.clone(),
            lane: self.mailer.clone(),
            kinds: Arc::new([
                Arc::new(AlertMail { mailer: Arc::clone(&self.mailer), links: self.mail_links.clone() }),
                Arc::new(CaseMail { mailer: Arc::clone(&self.mailer), links: self.mail_links.clone() }),
                Arc::new(TouchpointMail { mailer: Arc::clone(&self.mailer) }),
                Arc::new(GroupMail { mailer: Arc::clone(&self.mailer), links: self.mail_links.clone() }),
            ]),
            metrics: Arc::clone(&self.intake.metrics),
            foreground: self.foreground.clone(),
        };
        let indexer =
            Indexer { store: store.clone(), search: self.search.clone(), foreground: self.foreground.clone() };
        let purge = PurgeOld { eraser: self.eraser.clone(), url: url.clone() };
        let beside = [
            supervisor.start(WatchDisk { writes: store.writes.clone(), url: url.clone() }),
            supervisor.start(KeepLogShort { writes: store.writes.clone(), url: url.clone() }),
            supervisor.start(ForgetIdle(Arc::clone(&self.intake.limits))),
        ];
        let behind = tasks::start(move || {
            vec![
                supervisor.start(triage),
                supervisor.start(timers),
                supervisor.start(mail),
                supervisor.start(indexer),
                supervisor.start(purge),
            ]
        })?;
        Ok(async move {
            behind.await;
            for task in beside {
                // One that ended by a panic has ended, too.
                let _ = task.await;
            }
        })
    }
}

/// What handlers may ask for, each part by itself.
#[derive(Clone)]
struct Handed {
    intake: Data<Intake>,
    directory: Data<Directory>,
    limits: Data<ClientLimits>,
    ingest: Data<Ingest>,
    metrics: Data<Metrics>,
    latest_figures: Data<LatestFigures>,
    store: Data<Store>,
    search: Data<SearchIndex>,
    eraser: Data<Eraser>,
    document: Data<Document>,
    links: Data<Links>,
}

impl Handed {
    fn new(
        intake: Intake,
        store: Store,
        search: SearchIndex,
        eraser: Eraser,
        document: Document,
        links: Links,
    ) -> Self {
        Self {
            links: Data::new(links),
            document: Data::new(document),
            directory: Arc::clone(&intake.directory).into(),
            limits: Arc::clone(&intake.limits).into(),
            ingest: Arc::clone(&intake.ingest).into(),
            metrics: Arc::clone(&intake.metrics).into(),
            intake: Data::new(intake),
            latest_figures: Data::new(LatestFigures::default()),
            store: Data::new(store),
            search: Data::new(search),
            eraser: Data::new(eraser),
        }
    }

    fn to(&self, config: &mut ServiceConfig) {
        config
            .app_data(Data::clone(&self.intake))
            .app_data(Data::clone(&self.directory))
            .app_data(Data::clone(&self.limits))
            .app_data(Data::clone(&self.ingest))
            .app_data(Data::clone(&self.metrics))
            .app_data(Data::clone(&self.latest_figures))
            .app_data(Data::clone(&self.store))
            .app_data(Data::clone(&self.search))
            .app_data(Data::clone(&self.eraser))
            .app_data(Data::clone(&self.document))
            .app_data(Data::clone(&self.links));
    }
}

async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(ProblemCode::NotFound, "Nothing lives at this address; see docs/API.md."))
}

#[cfg(test)]
mod tests {
    use actix_web::rt::System;

    use super::*;
    use crate::config::{CommonSettings, DatabaseSettings, HttpSettings, MailSettings, ServeSettings};
    use crate::db::test_database::TestDatabase;
    use crate::ingest::tests::end_by_panics;

    #[test]
    fn server_that_cannot_store_any_more_ends_with_an_error() {
        let (database, dir) = (TestDatabase::sqlite(), tempfile::tempdir().unwrap());
        let common = CommonSettings {
            database: DatabaseSettings { url: Some(database.url.to_string().into()) },
            ..Default::default()
        };
        let http = HttpSettings { listen: Some("127.0.0.1:0".to_owned()), workers: Some(1), ..Default::default() };
        let mail = MailSettings { mail_dir: Some(dir.path().join("mail")), ..Default::default() };
        let config = common.serve(&ServeSettings { http, mail, ..Default::default() }).unwrap();

        let ended = System::new().block_on(async {
            let server = Server::bind(&config, WriterSettings::new(1_000)).unwrap();
            let writer = server.store.writes.decisions.clone();
            let (ended, ()) =
                tokio::join!(server.run(std::future::pending(), DeadlineSlot::default()), end_by_panics(&writer));
            ended
        });

        assert!(ended.unwrap_err().to_string().contains("nothing can be stored any more"));
    }
}
