use counterbell_shared::{Metric, Score};
use yew::prelude::*;

/// What the rating needs.
pub struct RatingProps<'a> {
    /// What is measured; decides the scale.
    pub metric: Metric,
    /// What was picked.
    pub score: Option<Score>,
    /// What the lowest score means.
    pub low_label: &'a AttrValue,
    /// What the highest score means.
    pub high_label: &'a AttrValue,
    /// While it is being sent, the score must stay as sent.
    pub disabled: bool,
    /// Holds the first radio button.
    pub first: &'a NodeRef,
    /// Told when the customer moves to a score.
    pub on_pick: &'a Callback<Score>,
}

/// One radio button a score. Which metrics are drawn as stars rather than numbers is the style sheet's affair.
pub fn rating(props: RatingProps) -> Html {
    let scale = props.metric.scale();
    let scores = scale.scores().filter_map(|value| Score::new(value.into(), props.metric).ok());
    html! {
        <>
            <div class="scores" data-metric={props.metric.as_str()}>{ for scores.map(|score| one_score(&props, score)) }</div>
            // Read out as part of the end scores' names.
            <div class="ends" aria-hidden="true"><span>{ props.low_label }</span><span>{ props.high_label }</span></div>
        </>
    }
}

/// Every score's digits: number formatting would be a kilobyte of the download.
const NUMBERS: [&str; 11] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];

fn one_score(props: &RatingProps, score: Score) -> Html {
    let value = score.value();
    let number = NUMBERS.get(usize::from(value)).copied().unwrap_or_default();
    let scale = props.metric.scale();
    let name = match value {
        _ if value == scale.min => [number, ", ", props.low_label].concat().into(),
        _ if value == scale.max => [number, ", ", props.high_label].concat().into(),
        _ => AttrValue::Static(number),
    };
    let reached = props.score.is_some_and(|picked| value <= picked.value());
    let first = if value == scale.min { props.first.clone() } else { NodeRef::default() };
    let on_pick = props.on_pick.clone();
    html! {
        <label data-on={reached.then_some("")}>
            <input ref={first} type="radio" name="score" value={number} checked={props.score == Some(score)} aria-label={name}
                disabled={props.disabled} onchange={move |_| on_pick.emit(score)} />
            <span>{ number }</span>
        </label>
    }
}
