use wasm_bindgen::JsValue;

use super::element::{Element, Name};
use crate::page::{get, list, number, text};

/// What is said at the end, after this score: what the survey has for it, else the widget's own words. `kept` says that
/// the response is still to be sent.
///
/// The region is there from the start: one that arrives together with its words is not announced.
pub fn thanks(config: &JsValue, score: Option<u8>, kept: bool) -> Element {
    let region = Element::new("div").with(Name::Class, "thanks").with(Name::Role, "status");
    let Some(score) = score else { return region };
    let is_for = |thanks: &JsValue| {
        let scores = get(thanks, "scores");
        number(&scores, "min") <= score && score <= number(&scores, "max")
    };
    let texts = get(config, "texts");
    let own = list(&get(config, "survey"), "thanks").into_iter().find(is_for);
    let (title, more) = match &own {
        Some(own) => (text(own, "title"), text(own, "text")),
        None => (text(&texts, "thanks"), text(&texts, "thanks_more")),
    };
    let more = if kept { text(&texts, "saved_offline") } else { more };
    let heading = Element::new("h2").with(Name::Id, "title").with(Name::Tabindex, "-1").text(title);
    let region = region.child(heading).child(Element::new("p").text(more));
    let link = own.map(|own| get(&own, "link")).filter(|link| !kept && link.is_object());
    match link {
        Some(link) => region.child(
            Element::new("a")
                .copy(Name::Href, &link, "url")
                .with(Name::Target, "_blank")
                .with(Name::Rel, "noopener")
                .say(&link, "label"),
        ),
        None => region,
    }
}
