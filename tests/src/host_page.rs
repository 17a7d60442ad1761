//! A retailer's web server: another origin than ours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::browser::WATCH;

/// Serves one page at every path that nothing else was put at.
pub struct HostPage {
    port: u16,
    page: Arc<Mutex<Page>>,
}

#[derive(Clone, Default)]
struct Page {
    html: String,
    csp: Option<String>,
    files: HashMap<String, File>,
}

#[derive(Clone)]
struct File {
    content_type: &'static str,
    text: String,
}

impl HostPage {
    /// Starts it with an empty page; it ends with the test's runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let page = Arc::<Mutex<Page>>::default();
        let shared = Arc::clone(&page);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&shared)));
            }
        });
        Self { port, page }
    }

    /// What the page's site lets in: another host *and* another port than the server's.
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// A whole document with this body, which keeps what it complains about.
    pub fn document(body: &str) -> String {
        let head = "<meta charset=utf-8><meta name=viewport content='width=device-width'><title>Order A-1001</title>";
        let head = format!("{head}{WATCH}");
        format!("<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>")
    }

    /// Serves this body from now on.
    pub fn show(&self, body: &str) {
        self.show_document(&Self::document(body));
    }

    /// Serves this document from now on, exactly as it is.
    pub fn show_document(&self, html: &str) {
        self.page.lock().unwrap().html = html.to_owned();
    }

    /// Serves a file at this path from now on; its name's end says what it is.
    pub fn put(&self, path: &str, text: &str) {
        let content_type = match path.rsplit_once('.').map(|(_, end)| end) {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            _ => "text/html; charset=utf-8",
        };
        self.page.lock().unwrap().files.insert(path.to_owned(), File { content_type, text: text.to_owned() });
    }

    /// Sends this `Content-Security-Policy` from now on; it lets the script run that keeps complaints, and no other of
    /// ours.
    pub fn restrict(&self, csp: &str) {
        self.page.lock().unwrap().csp = Some(csp.replacen("script-src ", "script-src 'nonce-watch' ", 1));
    }
}

/// One answer a connection: no pipelining, no keep-alive, no need of either.
async fn answer(mut stream: TcpStream, page: Arc<Mutex<Page>>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => head.extend_from_slice(&buffer[..length]),
        }
    }
    // Not before: a browser connects ahead of time.
    let page = page.lock().unwrap().clone();
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (status, content_type, body) = match page.files.get(path) {
        Some(file) => ("200 OK", file.content_type, file.text.as_str()),
        // A browser asks by itself, and would print an error if there were none.
        None if path == "/favicon.ico" => ("204 No Content", "text/plain", ""),
        None => ("200 OK", "text/html; charset=utf-8", page.html.as_str()),
    };
    let csp = page.csp.map(|csp| format!("Content-Security-Policy: {csp}\r\n")).unwrap_or_default();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{csp}Connection: close\r\n\r\n"
    );
    // The browser may have gone away; then nobody misses the answer.
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}
