use yew::prelude::*;

use crate::options::Texts;

/// Thanks the customer, once the server has the response.
///
/// The region is there from the start: one that arrives together with its words is not announced.
pub fn thanks(texts: Option<&Texts>, heading: &NodeRef) -> Html {
    let words = texts.map(|texts| {
        html! {
            <>
                <h2 id="title" ref={heading} tabindex="-1">{ &texts.thanks }</h2>
                <p>{ &texts.thanks_more }</p>
            </>
        }
    });
    html! { <div class="thanks" role="status">{ words }</div> }
}
