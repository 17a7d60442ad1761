//! Many customers at once, who repeat a response until it is acknowledged.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use counterbell_shared::problem::ProblemCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{Answer, Node, TestApp, app, sample, wait};

/// Between two responses of one customer, so that a machine busy with other tests is left some time.
const PAUSE: Duration = Duration::from_millis(5);
/// Before the same response is sent again. Shorter than a browser's, to meet the fault more often.
const PAUSE_BEFORE_AGAIN: Duration = Duration::from_millis(25);

/// What the customers met.
#[derive(Default)]
pub struct Met {
    /// Ids answered 201 or 200: what must be there exactly once.
    pub acknowledged: Vec<String>,
    /// How many of those gave the lowest score, so that staff must be told.
    pub unhappy: usize,
    /// Every other answer.
    pub refused: Vec<Answer>,
    /// How often there was no answer at all.
    pub cut_off: usize,
}

impl Met {
    /// # Panics
    /// When an answer was no 503 that says when to come back.
    pub fn expect_only_503(&self) {
        for answer in &self.refused {
            assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body));
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            let code = ProblemCode::ALL.iter().find(|known| known.as_str() == code);
            answer.expect_problem(*code.expect("a code of the table"));
            let seconds: u32 = answer.header("retry-after").expect("says when to try again").parse().unwrap();
            assert!((1..=60).contains(&seconds), "{seconds}");
        }
    }
}

/// Customers at work, each with one connection.
pub struct Customers {
    clients: JoinSet<()>,
    shared: Arc<Shared>,
}

struct Shared {
    urls: Vec<String>,
    site_key: String,
    unhappy_every: usize,
    in_steps: bool,
    leaving: AtomicBool,
    met: Mutex<Met>,
}

impl Customers {
    /// This many come; one of `unhappy_every` responses has the lowest score.
    pub fn come(app: &TestApp, customers: usize, unhappy_every: usize) -> Self {
        Self::come_to(&[], app, customers, unhappy_every)
    }

    /// As [`Self::come`]; each time they send, also the same response again, they are led to any of the servers.
    pub fn come_to(nodes: &[Node], app: &TestApp, customers: usize, unhappy_every: usize) -> Self {
        Self::start(nodes, app, customers, unhappy_every, false)
    }

    /// As [`Self::come_to`]; each first sends a score, and then the same response with a comment, often with another
    /// score. It counts as acknowledged when the whole of it is.
    pub fn come_in_steps_to(nodes: &[Node], app: &TestApp, customers: usize, unhappy_every: usize) -> Self {
        Self::start(nodes, app, customers, unhappy_every, true)
    }

    fn start(nodes: &[Node], app: &TestApp, customers: usize, unhappy_every: usize, in_steps: bool) -> Self {
        let nodes = nodes.iter().map(|node| node.url("/v1/responses"));
        let shared = Arc::new(Shared {
            urls: nodes.chain(std::iter::once(app.url("/v1/responses"))).collect(),
            site_key: app.site_key.clone(),
            unhappy_every,
            in_steps,
            leaving: AtomicBool::new(false),
            met: Mutex::default(),
        });
        let mut clients = JoinSet::new();
        for _ in 0..customers {
            clients.spawn(send_until_leaving(Arc::clone(&shared)));
        }
        Self { clients, shared }
    }

    /// How many responses were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.shared.met.lock().unwrap().acknowledged.len()
    }

    /// How many were refused so far.
    pub fn refused(&self) -> usize {
        self.shared.met.lock().unwrap().refused.len()
    }

    /// Waits until so many more are acknowledged.
    pub async fn wait_for_more(&mut self, more: usize) {
        let enough = self.acknowledged() + more;
        wait::until_true(&format!("{enough} acknowledged responses"), async || {
            if let Some(ended) = self.clients.try_join_next() {
                ended.unwrap();
            }
            self.acknowledged() >= enough
        })
        .await;
    }

    /// Lets everybody finish the response they are at.
    pub async fn leave(mut self) -> Met {
        self.shared.leaving.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.shared.met.lock().unwrap())
    }
}

async fn send_until_leaving(shared: Arc<Shared>) {
    let http = app::client();
    let mut sent = fastrand::usize(..shared.unhappy_every);
    while !shared.leaving.load(Ordering::Relaxed) {
        sent += 1;
        let unhappy = sent.is_multiple_of(shared.unhappy_every);
        let response = json!({
            "site_key": shared.site_key,
            "response_id": sample::response_id(),
            "score": if unhappy { 1 } else { 4 },
            "comment": "under load",
        });
        if shared.in_steps {
            let step = json!({ "score": fastrand::u8(1..=5), "comment": null, "complete": false });
            send_until_acknowledged(&http, &shared, &sample::with(response.clone(), step)).await;
        }
        let response = if shared.in_steps { sample::with(response, json!({ "revision": 1 })) } else { response };
        send_until_acknowledged(&http, &shared, &response).await;
        {
            let mut met = shared.met.lock().unwrap();
            met.acknowledged.push(response["response_id"].as_str().unwrap().to_owned());
            met.unhappy += usize::from(unhappy);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn send_until_acknowledged(http: &reqwest::Client, shared: &Shared, response: &Value) {
    let deadline = Instant::now() + wait::DEADLINE;
    loop {
        let answered = http.post(&shared.urls[fastrand::usize(..shared.urls.len())]).json(response).send().await;
        let status = answered.as_ref().ok().map(|answer| answer.status().as_u16());
        let answer = match answered {
            Ok(answer) => Answer::read(answer).await.ok(),
            Err(_) => None,
        };
        {
            let mut met = shared.met.lock().unwrap();
            match answer {
                // The status alone is the acknowledgement, even if the body is cut off.
                _ if matches!(status, Some(200 | 201)) => return,
                Some(answer) => met.refused.push(answer),
                None => met.cut_off += 1,
            }
        }
        assert!(Instant::now() < deadline, "never acknowledged: {response}");
        tokio::time::sleep(PAUSE_BEFORE_AGAIN).await;
    }
}
