//! What the page complains about.

use std::sync::Mutex;

use reqwest::Client;
use serde_json::{Value, json};

/// The browser's log: everything on the console, page errors, failed loads, violations of a policy.
pub struct Console {
    http: Client,
    url: String,
    // The driver hands each entry out once.
    entries: Mutex<Vec<Value>>,
    expected: Mutex<Vec<String>>,
}

impl Console {
    /// The log of one session.
    pub fn new(driver_url: &str, session_id: &str) -> Self {
        let url = format!("{driver_url}/session/{session_id}/se/log");
        let http = Client::builder().no_proxy().build().unwrap();
        Self { http, url, entries: Mutex::default(), expected: Mutex::default() }
    }

    /// An error with these words must come, and is no fault.
    pub fn expect(&self, words: &str) {
        self.expected.lock().unwrap().push(words.to_owned());
    }

    /// Fails on an error nobody expects, and on an expected one that did not come.
    pub async fn check(&self) {
        self.fetch().await;
        let entries = self.entries.lock().unwrap();
        let expected = self.expected.lock().unwrap();
        let has = |entry: &Value, words: &str| entry["message"].as_str().unwrap_or_default().contains(words);
        let severe = || entries.iter().filter(|entry| entry["level"] == "SEVERE");
        let surprises: Vec<_> = severe().filter(|entry| !expected.iter().any(|words| has(entry, words))).collect();
        assert!(surprises.is_empty(), "the page complains: {surprises:#?}");
        for words in expected.iter() {
            assert!(severe().any(|entry| has(entry, words)), "the page never said {words:?}: {entries:#?}");
        }
    }

    /// All of it, a line an entry.
    pub async fn text(&self) -> String {
        self.fetch().await;
        self.entries.lock().unwrap().iter().map(|entry| format!("{entry}\n")).collect()
    }

    async fn fetch(&self) {
        let response = self.http.post(&self.url).json(&json!({ "type": "browser" })).send().await.unwrap();
        let mut answer: Value = response.json().await.unwrap();
        let Value::Array(new) = answer["value"].take() else { panic!("no log: {answer}") };
        self.entries.lock().unwrap().extend(new);
    }
}
