use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

use super::remembered::{Answer, FRESH, NEW_KEYS_MAX, Remembered};
use crate::store::StorageError;

fn remembered() -> Remembered<u32, &'static str> {
    Remembered::new("keys", Arc::new(Semaphore::new(1)))
}

fn away() -> Answer<&'static str> {
    Err(StorageError::Unavailable("away".to_owned()))
}

/// What `find` comes to where the database is not to be asked.
async fn known(remembered: &Remembered<u32, &'static str>, key: u32) -> Answer<&'static str> {
    remembered.find(&key, |_| async { panic!("the database was asked") }).await
}

#[tokio::test]
async fn one_question_answers_all_who_wait() {
    let (remembered, asked, go) = (remembered(), AtomicUsize::new(0), Arc::new(Notify::new()));
    let waiting = join_all((0..100).map(|_| {
        remembered.find(&1, |_| {
            asked.fetch_add(1, Ordering::Relaxed);
            let go = Arc::clone(&go);
            async move {
                go.notified().await;
                Ok(Some("one"))
            }
        })
    }));
    go.notify_one();

    let answers = waiting.await;

    assert!(answers.iter().all(|answer| matches!(answer, Ok(Some("one")))), "{answers:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert!(matches!(known(&remembered, 1).await, Ok(Some("one"))));
}

#[tokio::test]
async fn key_of_which_there_is_nothing_is_asked_about_once() {
    let remembered = remembered();
    assert!(matches!(remembered.find(&1, |_| ready(Ok(None))).await, Ok(None)));
    assert!(matches!(known(&remembered, 1).await, Ok(None)));
}

#[tokio::test]
async fn what_is_gone_is_forgotten() {
    let remembered = remembered();
    let _ = remembered.find(&1, |_| ready(Ok(Some("old")))).await;
    remembered.grow_older(&1, FRESH);
    assert!(matches!(remembered.find(&1, |_| ready(Ok(None))).await, Ok(None)));
}

#[tokio::test]
async fn answer_is_renewed_before_anybody_must_wait_for_it() {
    let remembered = remembered();
    let _ = remembered.find(&1, |_| ready(Ok(Some("old")))).await;
    remembered.grow_older(&1, FRESH - Duration::from_millis(500));
    assert!(matches!(remembered.find(&1, |_| ready(Ok(Some("new")))).await, Ok(Some("old"))));
    tokio::task::yield_now().await;
    assert!(matches!(known(&remembered, 1).await, Ok(Some("new"))));
}

#[tokio::test]
async fn old_answer_is_better_than_none() {
    let remembered = remembered();
    let _ = remembered.find(&1, |_| ready(Ok(Some("old")))).await;
    remembered.grow_older(&1, 10 * FRESH);

    assert!(matches!(remembered.find(&1, |_| ready(away())).await, Ok(Some("old"))));
    assert!(matches!(known(&remembered, 1).await, Ok(Some("old"))), "asked again at once");
    assert!(remembered.find(&2, |_| ready(away())).await.is_err(), "nothing is known");
}

#[tokio::test]
async fn nobody_waits_for_a_database_that_hangs_but_the_first() {
    let remembered = remembered();
    let _ = remembered.find(&1, |_| ready(Ok(Some("old")))).await;
    remembered.grow_older(&1, 10 * FRESH);
    assert!(matches!(remembered.find(&1, |_| pending()).await, Ok(Some("old"))));

    let others = join_all((0..10_000).map(|_| known(&remembered, 1))).now_or_never();

    assert!(others.is_some_and(|others| others.iter().all(|other| matches!(other, Ok(Some("old"))))));
}

#[tokio::test]
async fn made_up_keys_make_no_queue_and_keep_nobody_from_what_is_known() {
    const STRANGERS: u32 = 3_000;
    let remembered = remembered();
    let _ = remembered.find(&0, |_| ready(Ok(Some("known")))).await;
    let strangers: Vec<_> = (1..=STRANGERS)
        .map(|key| {
            let remembered = remembered.clone();
            tokio::spawn(async move { remembered.find(&key, |_| pending()).await })
        })
        .collect();
    let refused = || strangers.iter().filter(|stranger| stranger.is_finished()).count();
    while refused() < STRANGERS as usize - NEW_KEYS_MAX {
        tokio::task::yield_now().await;
    }

    let one_more = remembered.find(&5_000, |_| pending()).await;

    assert!(matches!(one_more, Err(StorageError::Busy)), "{one_more:?}");
    assert_eq!(refused(), STRANGERS as usize - NEW_KEYS_MAX);
    remembered.grow_older(&0, FRESH);
    assert!(matches!(remembered.find(&0, |_| ready(Ok(Some("renewed")))).await, Ok(Some("renewed"))));
    strangers.iter().for_each(JoinHandle::abort);
    join_all(strangers).await;
    let one_more = remembered.find(&5_001, |_| pending()).await;
    assert!(matches!(one_more, Err(StorageError::Busy)), "what was asked stays when nobody waits: {one_more:?}");
}

#[tokio::test]
async fn look_up_that_panics_leaves_the_key_free() {
    let remembered = remembered();
    assert!(remembered.find(&1, |_| async { panic!("a fault") }).await.is_err());
    assert!(matches!(remembered.find(&1, |_| ready(Ok(Some("one")))).await, Ok(Some("one"))));
}
