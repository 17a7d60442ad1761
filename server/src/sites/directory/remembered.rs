//! Answers of the database that are kept: at most one question for each key at a time, however many wait for it.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};
use tokio::time::timeout_at;

use super::unknown::Unknown;
use crate::store::StorageError;

/// How long a change made by another process may go unseen.
pub const FRESH: Duration = Duration::from_secs(5);
/// From this age on the database is asked again, while the answer is still given: nobody waits for it.
const RENEW_AFTER: Duration = Duration::from_secs(4);
/// After the database did not answer about something that is known.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Between a key of which there is nothing and the next of which nothing is known.
const REST: Duration = Duration::from_millis(1);
/// How long somebody waits for a new answer where there is an old one.
const PATIENCE_WITH_OLD: Duration = Duration::from_secs(1);
/// How long somebody waits where there is none.
const PATIENCE: Duration = Duration::from_secs(3);
/// Most keys of which nothing is known that are asked about, one after the other; one more is refused at once.
pub const NEW_KEYS_MAX: usize = 1_000;
/// Most who wait for those; one more is refused at once.
const WAITING_MAX: usize = 4_096;

/// What the database says about a key; `None`: there is nothing.
pub type Answer<V> = Result<Option<V>, StorageError>;

/// What is known of keys; clones share it.
pub struct Remembered<K, V>(Arc<Shared<K, V>>);

struct Shared<K, V> {
    /// For the log.
    what: &'static str,
    /// A turn for a key of which nothing is known: who makes up keys takes one connection at most, and what is known is
    /// renewed beside it.
    newcomers: Arc<Semaphore>,
    known: RwLock<HashMap<K, Known<V>>>,
    unknown: Mutex<Unknown<K>>,
    running: Mutex<HashMap<K, LookUp<V>>>,
    /// Those who wait for a key of which nothing is known.
    waiting: AtomicUsize,
    /// The database did not answer lately, and the log says so.
    in_trouble: AtomicBool,
}

#[derive(Clone)]
struct Known<V> {
    value: V,
    seen: Instant,
    renew_at: Instant,
}

/// A question the database is being asked.
struct LookUp<V> {
    since: Instant,
    answer: watch::Receiver<Option<Answer<V>>>,
}

/// Somebody who waits for a key of which nothing is known, until dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<K, V> Clone for Remembered<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static, V: Clone + Send + Sync + 'static> Remembered<K, V> {
    /// Knows nothing yet. `what` the keys are of stands in the log; those of which nothing is known are asked about in
    /// the turns of `newcomers`.
    pub fn new(what: &'static str, newcomers: Arc<Semaphore>) -> Self {
        Self(Arc::new(Shared {
            what,
            newcomers,
            known: RwLock::default(),
            unknown: Mutex::default(),
            running: Mutex::default(),
            waiting: AtomicUsize::new(0),
            in_trouble: AtomicBool::new(false),
        }))
    }

    /// What is known of `key`, or what `load` finds; it is given what was known before. An answer is up to five seconds
    /// old, and older when the database does not answer.
    ///
    /// # Errors
    /// [`StorageError`] when nothing is known and the database does not answer in three seconds, or too many wait.
    pub async fn find<Q, F>(&self, key: &Q, load: impl FnOnce(Option<V>) -> F) -> Answer<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: Future<Output = Answer<V>> + Send + 'static,
    {
        let now = Instant::now();
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        match known {
            Some(known) if now < known.renew_at => Ok(Some(known.value)),
            Some(Known { value, seen, .. }) => {
                let before = Some(value.clone());
                let Ok(look_up) = self.join(key, before, load) else { return Ok(Some(value)) };
                if now.duration_since(seen) < FRESH || self.0.in_trouble.load(Ordering::Relaxed) {
                    return Ok(Some(value));
                }
                match self.wait(look_up, PATIENCE_WITH_OLD).await {
                    Ok(found) => Ok(found),
                    Err(error) => {
                        self.trouble(&error);
                        Ok(Some(value))
                    }
                }
            }
            None if lock(&self.0.unknown).contains(key) => Ok(None),
            None => {
                let before = self.0.waiting.fetch_add(1, Ordering::Relaxed);
                let _waiting = Waiting(&self.0.waiting);
                if before >= WAITING_MAX {
                    return Err(StorageError::Busy);
                }
                let look_up = self.join(key, None, load)?;
                self.wait(look_up, PATIENCE).await
            }
        }
    }

    /// The look-up that runs for this key, or a new one.
    fn join<Q, F>(
        &self,
        key: &Q,
        before: Option<V>,
        load: impl FnOnce(Option<V>) -> F,
    ) -> Result<LookUp<V>, StorageError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: Future<Output = Answer<V>> + Send + 'static,
    {
        let mut running = lock(&self.0.running);
        // One whose thread has ended with the server tells nobody anything.
        if let Some(LookUp { since, answer }) = running.get(key).filter(|look_up| look_up.answer.has_changed().is_ok())
        {
            return Ok(LookUp { since: *since, answer: answer.clone() });
        }
        let newcomer = before.is_none();
        // Also those nobody waits for any more: whoever asks and goes away makes no queue.
        if newcomer && running.len() >= NEW_KEYS_MAX {
            return Err(StorageError::Busy);
        }
        let (tell, answer) = watch::channel(None);
        let since = Instant::now();
        running.insert(key.to_owned(), LookUp { since, answer: answer.clone() });
        drop(running);
        let (this, key) = (self.clone(), key.to_owned());
        let load = load(before);
        // Goes on when nobody waits for it any more: what it finds is kept.
        tokio::spawn(async move {
            let turn = if newcomer { this.0.newcomers.acquire().await.ok() } else { None };
            let asked = Instant::now();
            let answer = load.await;
            let made_up = matches!(answer, Ok(None));
            this.keep(&key, asked, &answer);
            tell.send_replace(Some(answer));
            if turn.is_some() && made_up {
                // Whoever makes up keys waits for this, and leaves the processors to customers meanwhile.
                tokio::time::sleep(REST).await;
            }
            drop(turn);
        });
        Ok(LookUp { since, answer })
    }

    async fn wait(&self, LookUp { since, mut answer }: LookUp<V>, patience: Duration) -> Answer<V> {
        let told = timeout_at((since + patience).into(), answer.wait_for(Option::is_some)).await;
        match told {
            Ok(Ok(answer)) => answer.clone().unwrap_or(Ok(None)),
            Ok(Err(_)) => Err(StorageError::Unavailable("the server is stopping".to_owned())),
            Err(_) => Err(StorageError::Unavailable(format!("no answer about {} in {patience:?}", self.0.what))),
        }
    }

    fn keep(&self, key: &K, asked: Instant, answer: &Answer<V>) {
        match answer {
            Ok(Some(value)) => {
                let known = Known { value: value.clone(), seen: asked, renew_at: asked + RENEW_AFTER };
                self.0.known.write().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), known);
            }
            Ok(None) => {
                lock(&self.0.unknown).insert(key.clone(), asked);
                if self.0.known.read().unwrap_or_else(PoisonError::into_inner).contains_key(key) {
                    self.0.known.write().unwrap_or_else(PoisonError::into_inner).remove(key);
                }
            }
            Err(error) => {
                if let Some(known) = self.0.known.write().unwrap_or_else(PoisonError::into_inner).get_mut(key) {
                    known.renew_at = Instant::now() + RETRY_AFTER;
                    self.trouble(error);
                }
            }
        }
        if answer.is_ok() && self.0.in_trouble.swap(false, Ordering::Relaxed) {
            tracing::info!("The database answers again about {}", self.0.what);
        }
        lock(&self.0.running).remove(key);
    }

    /// As if what is known of `key` had been found so long ago.
    #[cfg(test)]
    pub fn grow_older(&self, key: &K, by: Duration) {
        if let Some(known) = self.0.known.write().unwrap_or_else(PoisonError::into_inner).get_mut(key) {
            known.seen = known.seen.checked_sub(by).unwrap_or(known.seen);
            known.renew_at = known.renew_at.checked_sub(by).unwrap_or(known.renew_at);
        }
    }

    /// Says once that old answers are given.
    fn trouble(&self, error: &StorageError) {
        if !self.0.in_trouble.swap(true, Ordering::Relaxed) {
            let about = self.0.what;
            tracing::warn!(known.about = about, "What is known of {about} may be old, and is used: {error}");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
