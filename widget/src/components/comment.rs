use yew::prelude::*;

/// What the comment field needs.
pub struct CommentProps<'a> {
    /// The label.
    pub label: &'a AttrValue,
    /// Longest comment, in characters.
    pub max_chars: &'a AttrValue,
    /// While it is being sent, the words must stay as sent.
    pub read_only: bool,
    /// Where the words are read from; the browser keeps them, so that typing runs no code of ours.
    pub field: &'a NodeRef,
}

/// The field for the customer's own words.
pub fn comment(props: CommentProps) -> Html {
    html! {
        <label class="comment">
            <span>{ props.label }</span>
            <textarea ref={props.field} rows="3" maxlength={props.max_chars} readonly={props.read_only} dir="auto" />
        </label>
    }
}
