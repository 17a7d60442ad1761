//! The server, as the widget sees it. The only place that speaks HTTP.
//!
//! `fetch` is called directly: the same POST through gloo-net 0.7 (without its JSON) made the download 1.9 KB larger.

use js_sys::{Date, Function, JSON, Object, Promise, Reflect};
use uuid::Uuid;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use counterbell_shared::{ResponseId, Score};

use crate::options::Options;
use crate::state::Answer;

/// Longest wait for an answer. After that the customer is told and may try again; the id makes that harmless.
const TIMEOUT_MS: u32 = 10_000;

#[wasm_bindgen]
extern "C" {
    // An AbortController and its timer in one; browsers of before 2022 have none.
    #[wasm_bindgen(catch, js_namespace = AbortSignal, js_name = timeout)]
    fn abort_after(ms: u32) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill_random(bytes: &mut [u8]);
}

/// A new id, made once for what the customer is about to say, so that sending it twice counts it once.
pub fn new_response_id() -> ResponseId {
    let mut random = [0; 10];
    fill_random(&mut random);
    // Milliseconds since 1970 are exact in an f64 for the next 285,000 years.
    ResponseId::v7(Date::now() as u64, random)
}

/// Sends one response and says how that ended.
///
/// The answer is added to the fields of `options`.
pub async fn send(options: &Options, id: ResponseId, score: Score, comment: String) -> Answer {
    let fields = &options.fields;
    set(fields, "response_id", &id_text(id));
    set(fields, "score", &score.value().into());
    set(fields, "elapsed_ms", &elapsed_ms(id));
    // Left out of the JSON when undefined, which clears the comment of an earlier try.
    set(fields, "comment", &if comment.is_empty() { JsValue::UNDEFINED } else { comment.into() });
    Answer::from_status(post(&options.fetch, &options.url, fields).await.ok())
}

/// How long ago the card was shown: when its id was made. Undefined after the clock was set back.
fn elapsed_ms(id: ResponseId) -> JsValue {
    let shown = id.as_bytes()[..6].iter().fold(0.0, |ms, byte| ms * 256.0 + f64::from(*byte));
    let elapsed = Date::now() - shown;
    if elapsed < 0.0 { JsValue::UNDEFINED } else { elapsed.into() }
}

/// As [`ResponseId`]'s `Display`, without what `fmt` would add to the download.
fn id_text(id: ResponseId) -> JsValue {
    (&*Uuid::from_bytes(*id.as_bytes()).hyphenated().encode_lower(&mut Uuid::encode_buffer())).into()
}

async fn post(fetch: &Function, url: &str, body: &JsValue) -> Result<u16, JsValue> {
    let headers = Object::new();
    set(&headers, "content-type", &"application/json".into());
    let init = Object::new();
    set(&init, "method", &"POST".into());
    set(&init, "headers", &headers);
    set(&init, "body", &JSON::stringify(body)?.into());
    set(&init, "credentials", &"omit".into());
    // The customer may leave the page the moment after Send.
    set(&init, "keepalive", &JsValue::TRUE);
    if let Ok(signal) = abort_after(TIMEOUT_MS) {
        set(&init, "signal", &signal);
    }
    let answer: Promise = fetch.call2(&JsValue::UNDEFINED, &url.into(), &init)?.unchecked_into();
    let response: Response = JsFuture::from(answer).await?.unchecked_into();
    Ok(response.status())
}

/// Sets a property of an object of ours, which cannot fail.
fn set(object: &JsValue, key: &str, value: &JsValue) {
    let _ = Reflect::set(object, &key.into(), value);
}
