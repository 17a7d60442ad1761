//! A shop on an origin of its own, as a retailer would run it.

use std::net::{SocketAddr, TcpListener};

use actix_web::dev::Server;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use actix_web::web::Data;
use actix_web::{App, HttpResponse, HttpServer, web};

const ORDER: &str = include_str!("../../demo/order.html");
const STYLE: &str = include_str!("../../demo/shop.css");
const ICON: &str = include_str!("../../demo/favicon.svg");

/// The shop's order-confirmation page, with the widget's one script tag.
pub struct Shop {
    page: String,
    policy: String,
}

impl Shop {
    /// A shop whose page loads the widget of `site_key` from `server`.
    pub fn new(server: SocketAddr, site_key: &str) -> Self {
        let server = format!("http://{server}");
        let page = ORDER.replace("{{widget_url}}", &format!("{server}/widget.js")).replace("{{site_key}}", site_key);
        // As strict as a careful retailer's: docs/EMBEDDING.md says what each line is for.
        let policy = format!(
            "default-src 'none'; script-src {server} 'wasm-unsafe-eval'; connect-src {server}; style-src 'self'; \
             img-src 'self' data:; base-uri 'none'; form-action 'self'"
        );
        Self { page, policy }
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
