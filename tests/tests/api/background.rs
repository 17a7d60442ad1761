//! What can wait, waits for those that answer customers.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;

use counterbell_tests::{Backend, TestApp, sample, wait};

/// `nice` of each thread, by the threads' names; of threads named alike the set.
fn niceness(process: u32) -> BTreeMap<String, Vec<i32>> {
    let mut found: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).unwrap() {
        // One may have ended since.
        let Ok(stat) = std::fs::read_to_string(thread.unwrap().path().join("stat")) else { continue };
        // proc(5): the name in parentheses, then the state as third field; `nice` is the 19th.
        let (name, fields) = stat.rsplit_once(") ").unwrap();
        let nice = fields.split(' ').nth(19 - 3).unwrap().parse().unwrap();
        let of_name = found.entry(name.split_once('(').unwrap().1.to_owned()).or_default();
        if !of_name.contains(&nice) {
            of_name.push(nice);
        }
    }
    found
}

#[tokio::test]
async fn mails_and_the_search_index_are_made_by_threads_of_lower_priority() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.respond(&sample::response(1)).await.expect(201);
        wait::until_true("mail", async || app.count("outbox WHERE state = 'delivered'") == 1).await;

        let nice = niceness(app.program().id());

        assert_eq!(nice["background"], [10], "{backend:?} {nice:?}");
        assert_eq!(nice["writer"], [0], "{backend:?} {nice:?}");
        let workers: Vec<_> = nice.iter().filter(|(name, _)| name.starts_with("actix-rt")).collect();
        assert!(!workers.is_empty() && workers.iter().all(|(_, nice)| **nice == [0]), "{backend:?} {nice:?}");
    }
}
