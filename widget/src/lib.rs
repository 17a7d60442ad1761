//! The survey card, as WebAssembly. The loader (`loader/widget.js`) fetches it when the customer opens the widget.

mod api;
mod components;
mod options;
pub mod state;

#[cfg(target_arch = "wasm32")]
use lol_alloc::{AssumeSingleThreaded, FreeListAllocator};
use wasm_bindgen::prelude::*;
use web_sys::Element;

use components::SurveyCard;
use options::Options;

/// A third of the default allocator's code, which is 2 KB of the download. Slow with many thousand allocations, which
/// one card never makes.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
#[expect(unsafe_code, reason = "WebAssembly without threads is single-threaded, as the constructor demands")]
static ALLOCATOR: AssumeSingleThreaded<FreeListAllocator> =
    unsafe { AssumeSingleThreaded::new(FreeListAllocator::new()) };

/// Draws the card into `root`; calling what is returned takes it away again.
///
/// # Errors
/// `options` is not what this version of the widget understands.
#[wasm_bindgen]
pub fn mount(root: Element, options: &JsValue) -> Result<JsValue, JsValue> {
    let options = Options::read(options).ok_or("options")?;
    let props = components::SurveyCardProps { options: options.into() };
    let app = yew::Renderer::<SurveyCard>::with_root_and_props(root, props).render();
    Ok(Closure::once_into_js(move || app.destroy()))
}
