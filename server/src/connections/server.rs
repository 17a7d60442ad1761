//! Puts connections and the HTTP layer together.

use std::fmt::Debug;
use std::future::ready;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Protocol, Request, Response};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;

use super::intake::ClientStream;
use super::{Connections, HEAD_TIMEOUT, KEEP_ALIVE};

/// How long a connection that is being closed waits for the other side.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves the connections of all `listeners` on `workers` threads. `actix_web::HttpServer` does the same for connections that
/// are read as quickly as they can be, and takes no others.
///
/// # Errors
/// What the system says.
pub fn serve<F, I, S, B>(
    mut builder: ServerBuilder,
    listeners: Vec<TcpListener>,
    connections: &Arc<Connections>,
    app: &F,
) -> std::io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    for listener in listeners {
        builder = listen(builder, listener, Arc::clone(connections), app.clone())?;
    }
    Ok(builder.run())
}

fn listen<F, I, S, B>(
    builder: ServerBuilder,
    listener: TcpListener,
    connections: Arc<Connections>,
    app: F,
) -> std::io::Result<ServerBuilder>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let address = listener.local_addr()?;
    let stopping = builder.graceful_shutdown_signal();
    builder.listen("counterbell", listener, move || {
        let (stopping, connections) = (stopping.clone(), Arc::clone(&connections));
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_TIMEOUT)
            .client_disconnect_timeout(CLOSE_TIMEOUT)
            .local_addr(address)
            .on_connect_ext(move |client: &ClientStream, data| {
                connections.opened(client.tcp(), data);
                data.insert(Rc::clone(client.intake()));
            });
        let app = app().into_factory().map_err(|error| error.into().error_response());
        fn_service(|stream: TcpStream| {
            let address = stream.peer_addr().ok();
            ready(Ok((ClientStream::new(stream), Protocol::Http1, address)))
        })
        .and_then(http.finish(map_config(app, |()| AppConfig::default())))
    })
}
