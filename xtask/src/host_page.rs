//! A retailer's web server, on another origin than ours, with the demo's shop.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};

const ORDER: &str = include_str!("../../server/demo/order.html");
const STYLE: &str = include_str!("../../server/demo/shop.css");
const ICON: &str = include_str!("../../server/demo/favicon.svg");

/// Longest head of a request that is read.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Serves pages of the shop until the program ends.
pub struct HostPage {
    port: u16,
    files: Files,
}

/// What is at each path: its content type and its text.
type Files = Arc<Mutex<HashMap<String, (&'static str, String)>>>;

impl HostPage {
    /// Starts it on a free port, with the shop's style sheet and icon, and without a page.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen for the host page")?;
        let port = listener.local_addr()?.port();
        let files = Files::default();
        let page = Self { port, files: Arc::clone(&files) };
        page.put("/shop.css", "text/css; charset=utf-8", STYLE.to_owned());
        page.put("/favicon.svg", "image/svg+xml", ICON.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let files = Arc::clone(&files);
                // A browser connects ahead of time, and must not keep others waiting.
                std::thread::spawn(move || answer(stream, &files));
            }
        });
        Ok(page)
    }

    /// What the site must let in: another host and another port than the server's.
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Serves a page at this path from now on; its address.
    pub fn show(&self, path: &str, html: String) -> String {
        self.put(path, "text/html; charset=utf-8", html);
        format!("{}{path}", self.origin())
    }

    fn put(&self, path: &str, content_type: &'static str, text: String) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(path.to_owned(), (content_type, text));
    }
}

/// The shop's order page with this in place of the widget's tag.
///
/// # Errors
/// The page has no tag.
pub fn shop(instead_of_tag: &str) -> Result<String> {
    let start = ORDER.find("<script").context("the shop's page has no script tag")?;
    let end = start + ORDER[start..].find("</script>").context("the shop's script tag has no end")? + "</script>".len();
    Ok([&ORDER[..start], instead_of_tag, &ORDER[end..]].concat())
}

/// The widget's tag, as a shop's order page carries it, with further attributes.
pub fn tag(server: &str, site_key: &str, attributes: &str) -> String {
    format!(
        r#"<script async src="{server}/widget.js" data-site="{site_key}" data-touchpoint="checkout" data-order="A-1001"{attributes}></script>"#
    )
}

/// One answer a connection: nobody minds the time a page takes here.
fn answer(mut stream: TcpStream, files: &Files) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 && head.len() < HEAD_BYTES_MAX => head.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or_default();
    let found = files.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
    let (status, (content_type, text)) = match found {
        Some(file) => ("200 OK", file),
        None => ("404 Not Found", ("text/plain", "There is no such page.".to_owned())),
    };
    let length = text.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    // The browser may have gone away; then nobody misses the answer.
    let _ = stream.write_all(format!("{head}{text}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shop_has_what_replaces_its_one_tag() {
        let page = shop("<b id=here></b>").unwrap();
        assert!(page.contains("<b id=here></b>") && page.contains("A-1001"));
        assert!(!page.contains("<script") && !page.contains("{{"));
    }
}
