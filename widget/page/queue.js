// Responses on their way: kept in the browser until the server has answered for good.

// Name of the database, and of the entry in localStorage by which the loader knows that something waits in it.
const QUEUE = "counterbell";

// Runs `work` on the stored responses; what its request found. Rejects where storage is full or forbidden.
const stored = (mode, work) =>
  new Promise((done, fail) => {
    const opening = indexedDB.open(QUEUE, 1);
    // Ids begin with the time they were made: the oldest response comes first.
    opening.onupgradeneeded = () => opening.result.createObjectStore(QUEUE, { keyPath: "body.response_id" });
    opening.onerror = fail;
    opening.onsuccess = () => {
      const database = opening.result;
      try {
        const transaction = database.transaction(QUEUE, mode);
        const request = work(transaction.objectStore(QUEUE));
        transaction.oncomplete = () => done(request.result);
        transaction.onabort = fail;
      } catch (error) {
        fail(error);
      }
      // Once its transaction is over.
      database.close();
    };
  });

// Whether it is kept now. A later revision replaces an earlier one.
const keep = async (item) => {
  try {
    await stored("readwrite", (items) => items.put(item));
    localStorage[QUEUE] = 1;
    return true;
  } catch {
    return false;
  }
};

// Forgets it, unless a later revision took its place.
const forget = async ({ body }) => {
  try {
    const kept = await stored("readonly", (items) => items.get(body.response_id));
    if (kept?.body.revision == body.revision) {
      await stored("readwrite", (items) => items.delete(body.response_id));
      if (!(await stored("readonly", (items) => items.count()))) localStorage.removeItem(QUEUE);
    }
  } catch {
    // Nothing was kept.
  }
};

// What became of it: one of the first two, or the milliseconds after which to try again.
const STORED = "stored";
const REFUSED = "refused";
// For later.
const KEPT = "kept";
// Neither sent nor kept.
const FAILED = "failed";

let warned;
const post = async ({ url, body }) => {
  const init = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
    // The customer may leave the page the moment after.
    keepalive: true,
    // Browsers of before 2022 have none.
    signal: AbortSignal.timeout?.(10000),
  };
  let answer;
  let said;
  try {
    answer = await fetch(url, init);
    // Pages put functions of their own in the place of `fetch`; what they make up comes from nowhere.
    if (!answer.url) throw 0;
    said = await answer.text();
  } catch {
    if (init.signal?.aborted) return 0;
    answer = await ask(url, init.body).catch(() => ({}));
    said = answer.responseText;
  }
  // A shop's service worker, a firewall or a proxy may answer in the server's place: only a receipt for this response is
  // believed, and only the server's own word refuses it.
  try {
    said = JSON.parse(said);
    if (said.outcome && said.response_id == body.response_id) {
      // Tells the page's developer, once, what of the page's own data the server could not use.
      if (said.ignored && !warned) console.warn(`Counterbell left out ${(warned = said.ignored)}: see docs/EMBEDDING.md`);
      return STORED;
    }
    const { status } = answer;
    // Of the 4xx, 408, 425 and 429 ask for another try (RFC 9110 section 15.5.9, RFC 8470, RFC 6585).
    if (said.type.startsWith("urn:counterbell:") && status < 500 && ![408, 425, 429].includes(status)) return REFUSED;
  } catch {
    // Not the server's answer.
  }
  // A date, which proxies may send, counts for nothing: the wait grows by itself.
  return 1000 * answer.headers?.get("retry-after") || 0;
};

// Not by `fetch`; an XMLHttpRequest that is over.
const ask = (url, body) =>
  new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.timeout = 10000;
    request.setRequestHeader("content-type", "application/json");
    request.onloadend = () => done(request);
    request.send(body);
  });

// Sends one response and says how that ended: STORED, REFUSED, KEPT or FAILED.
const deliver = async (item) => {
  // Both at once: the page may be left at any moment.
  const keeping = keep(item);
  const answer = await post(item);
  const kept = await keeping;
  if (answer == STORED || answer == REFUSED) {
    await forget(item);
    return answer;
  }
  if (!kept) return FAILED;
  later(answer);
  return KEPT;
};

// Sends what is kept, in order. Again at longer and longer intervals as long as the server does not take it.
let wait = 0;
let timer;
const later = (atLeast) => {
  // From 1 second up to 5 minutes, and not all customers at the same moment.
  wait = Math.min(wait * 2 || 1000, 300000);
  clearTimeout(timer);
  timer = setTimeout(resend, Math.max(wait * (0.5 + Math.random()), atLeast));
};

// The loader calls this on every page as long as something waits.
const resend = async () => {
  clearTimeout(timer);
  try {
    for (const item of await stored("readonly", (items) => items.getAll())) {
      const answer = await post(item);
      if (answer != STORED && answer != REFUSED) return later(answer);
      await forget(item);
    }
    wait = 0;
  } catch {
    // Storage is forbidden: nothing was kept.
  }
};
addEventListener("online", resend);
