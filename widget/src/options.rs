//! What the loader hands over, read once.

use counterbell_shared::Metric;
use js_sys::{Function, JSON, Reflect};
use wasm_bindgen::prelude::*;
use yew::AttrValue;

/// Everything the card needs to know. The loader (`loader/widget.js`) makes it; `shared/src/widget_config.rs` has
/// the shape of its `config`.
#[derive(PartialEq)]
pub struct Options {
    /// Whether the customer asked for the card and so expects the focus in it.
    pub focus: bool,
    /// Where responses go: an absolute URL.
    pub url: String,
    /// As the browser's `fetch`, with a promise whatever the page did to that.
    pub fetch: Function,
    /// Body of the request as far as known before the customer answers: site key, touchpoint, references and so on.
    pub fields: JsValue,
    /// Called with `"close"` when the customer is done looking, with `"sent"` once the server has the response.
    pub on: Function,
    /// Language of all the words.
    pub locale: AttrValue,
    /// What is measured; decides the scale and how it is drawn.
    pub metric: Metric,
    /// The survey's words.
    pub question: AttrValue,
    /// What the lowest score means.
    pub low_label: AttrValue,
    /// What the highest score means.
    pub high_label: AttrValue,
    /// Longest comment the server takes, in characters.
    pub comment_max_chars: AttrValue,
    /// The widget's own words.
    pub texts: Texts,
}

/// The widget's own words; `shared/src/widget_config.rs` says when each is shown.
#[derive(PartialEq)]
pub struct Texts {
    pub comment: AttrValue,
    pub send: AttrValue,
    pub sending: AttrValue,
    pub close: AttrValue,
    pub choose: AttrValue,
    pub failed: AttrValue,
    pub refused: AttrValue,
    pub thanks: AttrValue,
    pub thanks_more: AttrValue,
}

impl Options {
    /// Reads what the loader handed over; `None` when it is of another version than we are.
    pub fn read(options: &JsValue) -> Option<Self> {
        let config = get(options, "config");
        let survey = get(&config, "survey");
        let texts = get(&config, "texts");
        Some(Self {
            focus: get(options, "focus").is_truthy(),
            url: get(options, "url").as_string()?,
            fetch: get(options, "fetch").unchecked_into(),
            fields: get(options, "fields"),
            on: get(options, "on").unchecked_into(),
            locale: text(&config, "locale"),
            metric: get(&survey, "metric").as_string()?.parse().ok()?,
            question: text(&survey, "question"),
            low_label: text(&survey, "low_label"),
            high_label: text(&survey, "high_label"),
            comment_max_chars: number(&config, "comment_max_chars"),
            texts: Texts {
                comment: text(&texts, "comment"),
                send: text(&texts, "send"),
                sending: text(&texts, "sending"),
                close: text(&texts, "close"),
                choose: text(&texts, "choose"),
                failed: text(&texts, "failed"),
                refused: text(&texts, "refused"),
                thanks: text(&texts, "thanks"),
                thanks_more: text(&texts, "thanks_more"),
            },
        })
    }

    /// Tells the loader that something happened. Whatever it does about it must not stop us.
    pub fn notify(&self, event: &str) {
        let _ = self.on.call1(&JsValue::UNDEFINED, &event.into());
    }
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or_default()
}

/// The digits of a number, written by the browser: `fmt` would be a kilobyte of the download.
fn number(object: &JsValue, key: &str) -> AttrValue {
    JSON::stringify(&get(object, key)).map(String::from).unwrap_or_default().into()
}

fn text(object: &JsValue, key: &str) -> AttrValue {
    get(object, key).as_string().unwrap_or_default().into()
}
