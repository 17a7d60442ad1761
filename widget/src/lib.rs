//! The survey card, as WebAssembly. The loader (`loader/widget.js`) fetches it when the customer opens the widget.

mod api;
mod components;
mod options;
pub mod state;

use wasm_bindgen::prelude::*;
use web_sys::Element;

use components::SurveyCard;
use options::Options;

/// Draws the card into `root`; calling what is returned takes it away again.
///
/// # Errors
/// `options` is not what this version of the widget understands.
#[wasm_bindgen]
pub fn mount(root: Element, options: &JsValue) -> Result<JsValue, JsValue> {
    let options = Options::read(options).ok_or("options")?;
    let props = components::SurveyCardProps { options };
    let app = yew::Renderer::<SurveyCard>::with_root_and_props(root, props).render();
    Ok(Closure::once_into_js(move || app.destroy()))
}
