use yew::prelude::*;

/// Says what is wrong, if anything.
///
/// Always there: a live region that arrives together with its words is not announced.
pub fn alert(words: Option<&AttrValue>) -> Html {
    html! { <p role="alert">{ words }</p> }
}
