//! A shop on an origin of its own, as a retailer would run it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use actix_web::dev::Server;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use actix_web::web::Data;
use actix_web::{App, HttpResponse, HttpServer, web};

use super::inbox;

const ORDER: &str = include_str!("../../demo/order.html");

/// What both pages load: where it is, what it is, and all of it.
const FILES: [(&str, &str, &str); 5] = [
    ("/shop.css", "text/css", include_str!("../../demo/shop.css")),
    ("/favicon.svg", "image/svg+xml", ICON),
    // Asked for by browsers that know no icon in SVG, and by some that do.
    ("/favicon.ico", "image/svg+xml", ICON),
    ("/inbox.svg", "image/svg+xml", include_str!("../../demo/inbox.svg")),
    ("/inbox.js", "text/javascript", include_str!("../../demo/inbox.js")),
];
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
            let app = App::new()
                .app_data(Data::clone(&shop))
                .route("/", web::get().to(get_order))
                .route("/inbox", web::get().to(get_inbox));
            FILES.into_iter().fold(app, |app, (path, content_type, body)| {
                let get = move || async move { HttpResponse::Ok().content_type(content_type).body(body) };
                app.route(path, web::get().to(get))
            })
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

/// Mails style themselves inline, so this page must let them. Its policy is theirs, too, and their frame runs no scripts.
const INBOX_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; \
                            img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async fn get_inbox(shop: Data<Shop>) -> std::io::Result<HttpResponse> {
    let page = inbox::render(&shop.mail_dir)?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, INBOX_POLICY))
        .body(page))
}
