//! A shop on an origin of its own, as a retailer would run it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use actix_web::dev::Server;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use actix_web::web::Data;
use actix_web::{App, HttpResponse, HttpServer, web};

use super::inbox;

const ORDER: &str = include_str!("../../demo/order.html");
const STYLE: &str = include_str!("../../demo/shop.css");
const ICON: &str = include_str!("../../demo/favicon.svg");

/// The shop's order-confirmation page, with the widget's one script tag.
pub struct Shop {
    page: String,
    policy: String,
    mail_dir: PathBuf,
}

impl Shop {
    /// A shop whose page loads the widget of `site_key` from `server`, and whose staff read the mails in `mail_dir`.
    pub fn new(server: SocketAddr, site_key: &str, mail_dir: PathBuf) -> Self {
        let server = format!("http://{server}");
        let page = ORDER.replace("{{widget_url}}", &format!("{server}/widget.js")).replace("{{site_key}}", site_key);
        // As strict as a careful retailer's: docs/EMBEDDING.md says what each line is for.
        let policy = format!(
            "default-src 'none'; script-src {server} 'wasm-unsafe-eval'; connect-src {server}; style-src 'self'; \
             img-src 'self' data:; base-uri 'none'; form-action 'self'"
        );
        Self { page, policy, mail_dir }
    }

    /// Serves it; ends with the demo.
    ///
    /// # Errors
    /// What the system says.
    pub fn serve(self, listener: TcpListener) -> std::io::Result<Server> {
        let shop = Data::new(self);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::clone(&shop))
                .route("/", web::get().to(get_order))
                .route("/inbox", web::get().to(get_inbox))
                .route("/shop.css", web::get().to(|| async { HttpResponse::Ok().content_type("text/css").body(STYLE) }))
                .route(
                    "/favicon.svg",
                    web::get().to(|| async { HttpResponse::Ok().content_type("image/svg+xml").body(ICON) }),
                )
        });
        Ok(server.workers(1).disable_signals().listen(listener)?.run())
    }
}

async fn get_order(shop: Data<Shop>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, shop.policy.clone()))
        .body(shop.page.clone())
}

/// Mails style themselves inline, so this page must let them; nothing else is allowed.
const INBOX_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'";

async fn get_inbox(shop: Data<Shop>) -> std::io::Result<HttpResponse> {
    let page = inbox::render(&shop.mail_dir)?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, INBOX_POLICY))
        .body(page))
}
