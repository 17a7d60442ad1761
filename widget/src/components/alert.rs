use yew::prelude::*;

use super::element::{Element, Name};

/// Says what is wrong, if anything.
///
/// Always there: a live region that arrives together with its words is not announced.
pub fn alert(words: AttrValue) -> Element {
    Element::new("p").with(Name::Role, "alert").text(words)
}
