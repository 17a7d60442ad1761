//! The survey card, as WebAssembly: draws what is asked and knows where the customer is. The script beside it
//! (`page/`) fetches, sends and keeps; the loader (`loader/widget.js`) fetches both when the customer opens the widget.

mod components;
mod page;
pub mod state;

#[cfg(target_arch = "wasm32")]
use lol_alloc::{AssumeSingleThreaded, FreeListAllocator};
use wasm_bindgen::prelude::*;
use web_sys::Element;

use components::{SurveyCard, SurveyCardProps};
use page::Page;

/// A third of the default allocator's code, which is 2 KB of the download. Slow with many thousand allocations, which
/// one card never makes.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
#[expect(unsafe_code, reason = "WebAssembly without threads is single-threaded, as the constructor demands")]
static ALLOCATOR: AssumeSingleThreaded<FreeListAllocator> =
    unsafe { AssumeSingleThreaded::new(FreeListAllocator::new()) };

/// Draws the card into `root`; calling what is returned takes it away again.
#[wasm_bindgen]
pub fn mount(root: Element, page: Page) -> JsValue {
    let app = yew::Renderer::<SurveyCard>::with_root_and_props(root, SurveyCardProps { page }).render();
    Closure::once_into_js(move || app.destroy())
}
