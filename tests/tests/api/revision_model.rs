//! Revisions at random, and what must be stored of them.

use std::collections::BTreeMap;

use counterbell_tests::sample;
use serde_json::json;

use super::revisions::{apps, expect_well, revision, said, scores, send, stored};

/// What must be stored of a response.
struct Model {
    revision: i64,
    score: i64,
    comment: Option<String>,
    complete: bool,
    /// Score and comment of each addition, by revision.
    additions: BTreeMap<i64, (i64, Option<String>)>,
}

impl Model {
    /// What the server is to say of a later step, and what is stored then.
    fn take(&mut self, sent: Self) -> (u16, String) {
        let says = (sent.score, sent.comment.clone());
        if sent.revision <= self.revision {
            return said(200, "duplicate");
        }
        if !self.complete {
            *self = sent;
            return said(200, "updated");
        }
        let known =
            says == (self.score, self.comment.clone()) || self.additions.values().any(|addition| *addition == says);
        if known || self.additions.contains_key(&sent.revision) {
            return said(200, "duplicate");
        }
        if self.additions.len() == 20 {
            return (409, String::new());
        }
        self.additions.insert(sent.revision, says);
        said(200, "updated")
    }
}

#[tokio::test]
async fn random_revisions_end_as_the_model_says() {
    for (place, app) in apps().await {
        let mut random = fastrand::Rng::with_seed(0x5eed);
        let mut responses: Vec<(String, Option<Model>)> = (0..8).map(|_| (sample::response_id(), None)).collect();
        for step in 0..300 {
            let (id, known) = random.choice(&mut responses).unwrap();
            let sent = Model {
                revision: random.i64(0..40),
                score: random.i64(1..=5),
                comment: random.bool().then(|| format!("words {step}")),
                complete: random.u8(..8) == 0,
                additions: BTreeMap::new(),
            };
            let members = json!({ "complete": sent.complete, "comment": sent.comment });
            let answer = send(&app, revision(id, sent.revision, sent.score, members)).await;
            let expected = match known {
                None => {
                    *known = Some(sent);
                    said(201, "accepted")
                }
                Some(known) => known.take(sent),
            };
            assert_eq!(answer, expected, "{place}, step {step}");
        }

        let mut expected = vec![0; 5];
        for (id, known) in &responses {
            let known = known.as_ref().unwrap();
            let row = stored(&app, id).await;
            for (member, value) in
                [("score", json!(known.score)), ("comment", json!(known.comment)), ("complete", json!(known.complete))]
            {
                assert_eq!(row[member], value, "{place}: {member} of {row}");
            }
            let additions = row["additions"].as_array().map_or(&[][..], Vec::as_slice);
            let additions: Vec<_> =
                additions.iter().map(|one| (one["score"].clone(), one["comment"].clone())).collect();
            let known_additions: Vec<_> =
                known.additions.values().map(|(score, comment)| (json!(score), json!(comment))).collect();
            assert_eq!(additions, known_additions, "{place}");
            expected[usize::try_from(known.score - 1).unwrap()] += 1;
        }
        assert_eq!(scores(&app, "csat").await, expected, "{place}");
        expect_well(&app, &place);
    }
}
