//! What the page complains about.

use std::sync::Mutex;

use fantoccini::Client;
use serde_json::{Value, json};

/// Everything on the console, page errors, failed loads, violations of a policy.
pub struct Console {
    source: Source,
    // What is read is taken out of the source.
    entries: Mutex<Vec<Value>>,
    expected: Mutex<Vec<String>>,
}

/// Where complaints are read.
pub enum Source {
    /// A driver that keeps its browser's log: the log's URL.
    Log(reqwest::Client, String),
    /// A driver that does not: what [`WATCH`] keeps in the page, which sees no failed `fetch`.
    Page(Client),
}

/// A script for the top of every page; with its nonce a strict policy lets it run.
pub const WATCH: &str = "<script nonce=watch>(() => {
    const complaints = (window.pageComplaints = []);
    const keep = (...words) => complaints.push({ level: 'SEVERE', message: words.join(' ') });
    addEventListener('error', (event) => keep(event.message || `cannot load ${event.target.outerHTML}`), true);
    addEventListener('unhandledrejection', (event) => keep('unhandled', event.reason));
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
        // Firefox asks for it by itself, and then minds the page's policy.
        if (!blockedURI.endsWith('/favicon.ico')) keep(violatedDirective, blockedURI);
    });
    const error = console.error;
    console.error = (...words) => { keep(...words); error(...words); };
})();</script>";

impl Console {
    /// That of one session.
    pub fn new(source: Source) -> Self {
        Self { source, entries: Mutex::default(), expected: Mutex::default() }
    }

    /// An error with these words is no fault, and must come where the browser tells.
    pub fn expect(&self, words: &str) {
        self.expected.lock().unwrap().push(words.to_owned());
    }

    /// Fails on an error nobody expects, and on an expected one that did not come.
    pub async fn check(&self) {
        self.fetch().await;
        // Copies: whoever reports the failure needs the locks.
        let entries = self.entries.lock().unwrap().clone();
        let expected = self.expected.lock().unwrap().clone();
        let has = |entry: &Value, words: &str| entry["message"].as_str().unwrap_or_default().contains(words);
        let severe = || entries.iter().filter(|entry| entry["level"] == "SEVERE");
        let surprises: Vec<_> = severe().filter(|entry| !expected.iter().any(|words| has(entry, words))).collect();
        assert!(surprises.is_empty(), "the page complains: {surprises:#?}");
        for words in expected.iter().filter(|_| matches!(self.source, Source::Log(..))) {
            assert!(severe().any(|entry| has(entry, words)), "the page never said {words:?}: {entries:#?}");
        }
    }

    /// All of it, a line an entry.
    pub async fn text(&self) -> String {
        self.fetch().await;
        self.entries.lock().unwrap().iter().map(|entry| format!("{entry}\n")).collect()
    }

    /// Takes what there is; needed before the page goes, too.
    pub async fn fetch(&self) {
        let mut new = match &self.source {
            Source::Log(http, url) => {
                let response = http.post(url).json(&json!({ "type": "browser" })).send().await.unwrap();
                response.json::<Value>().await.unwrap()["value"].take()
            }
            Source::Page(window) => {
                window.execute("return (window.pageComplaints ?? []).splice(0)", Vec::new()).await.unwrap()
            }
        };
        let Value::Array(new) = new.take() else { panic!("no log: {new}") };
        self.entries.lock().unwrap().extend(new);
    }
}
