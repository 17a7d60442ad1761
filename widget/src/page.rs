//! The page's script (`page/card.js`), as the card sees it: it listens, sends and keeps; the card draws.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use yew::AttrValue;

#[wasm_bindgen]
extern "C" {
    /// What the script hands over when it mounts the card.
    #[derive(Clone, PartialEq)]
    pub type Page;

    /// What to ask, all texts in one language: `GET /v1/widget/{site_key}`, with the customer's name in its place.
    #[wasm_bindgen(method, getter)]
    pub fn config(this: &Page) -> JsValue;

    /// Hands over what is to be told, by two numbers, of what the customer does and what becomes of a response:
    /// [`Action::of`](crate::state::Action::of) says which.
    #[wasm_bindgen(method)]
    pub fn connect(this: &Page, act: JsValue);

    /// Stores what the form holds now: all of it, or what there is so far. The end of the former is told.
    #[wasm_bindgen(method)]
    pub fn save(this: &Page, complete: bool);

    /// Where the customer is, in words.
    #[wasm_bindgen(method)]
    pub fn progress(this: &Page, step: u32, count: u32) -> JsValue;

    /// Moves the focus to the first element that matches.
    #[wasm_bindgen(method)]
    pub fn focus(this: &Page, css: &str);
}

/// A member of an object; undefined where there is none.
pub fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

/// A text; empty where there is none.
pub fn text(object: &JsValue, name: &str) -> AttrValue {
    get(object, name).as_string().unwrap_or_default().into()
}

/// A small number; 0 where there is none.
pub fn number(object: &JsValue, name: &str) -> u8 {
    get(object, name).as_f64().unwrap_or_default() as u8
}

/// The items of a list; none where there is no list.
pub fn list(object: &JsValue, name: &str) -> Vec<JsValue> {
    let list = get(object, name);
    let mut items = Vec::new();
    while let Ok(item) = Reflect::get_u32(&list, items.len() as u32)
        && !item.is_undefined()
    {
        items.push(item);
    }
    items
}
