//! Many clients that send one response after the other, until the server is gone.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{Answer, TestApp, app, sample};

/// What came back.
#[derive(Default)]
pub struct Outcome {
    /// Ids answered 201: what must never be lost.
    pub acknowledged: Vec<String>,
    /// Every other answer.
    pub refused: Vec<Answer>,
}

/// Running clients, each with one connection.
pub struct Load {
    clients: JoinSet<()>,
    outcome: Arc<Mutex<Outcome>>,
}

impl Load {
    /// Starts this many; each response is of this score.
    pub fn start(app: &TestApp, connections: usize, score: i64) -> Self {
        let outcome = Arc::<Mutex<Outcome>>::default();
        let url = app.url("/v1/responses");
        let template = json!({ "site_key": app.site_key, "score": score, "comment": "load" });
        let mut clients = JoinSet::new();
        for _ in 0..connections {
            clients.spawn(send_until_gone(url.clone(), template.clone(), Arc::clone(&outcome)));
        }
        Self { clients, outcome }
    }

    /// How many were answered 201 so far.
    pub fn acknowledged(&self) -> usize {
        self.outcome.lock().unwrap().acknowledged.len()
    }

    /// Waits until every client found the server gone.
    pub async fn finish(mut self) -> Outcome {
        while let Some(ended) = self.clients.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.outcome.lock().unwrap())
    }
}

async fn send_until_gone(url: String, template: Value, outcome: Arc<Mutex<Outcome>>) {
    let http = app::client();
    loop {
        let response_id = sample::response_id();
        let body = sample::with(template.clone(), json!({ "response_id": response_id }));
        let Ok(response) = http.post(&url).json(&body).send().await else { return };
        let status = response.status().as_u16();
        // Status 201 alone is the acknowledgement, even if the body is cut off.
        let answer = Answer::read(response).await;
        let mut outcome = outcome.lock().unwrap();
        match answer {
            _ if status == 201 => outcome.acknowledged.push(response_id),
            Ok(answer) => outcome.refused.push(answer),
            Err(_) => return,
        }
    }
}
