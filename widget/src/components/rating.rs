use counterbell_shared::{Metric, Score};
use yew::prelude::*;

/// What the rating needs.
pub struct RatingProps<'a> {
    /// What is measured; decides the scale and how it is drawn.
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

/// One radio button a score. Satisfaction is drawn as stars, every other scale as numbers.
pub fn rating(props: RatingProps) -> Html {
    let scale = props.metric.scale();
    let scores = scale.scores().filter_map(|value| Score::new(value.into(), props.metric).ok());
    let class = if props.metric == Metric::Csat { "scores stars" } else { "scores" };
    html! {
        <>
            <div class={class}>{ for scores.map(|score| one_score(&props, score)) }</div>
            // Read out as part of the end scores' names.
            <div class="ends" aria-hidden="true"><span>{ props.low_label }</span><span>{ props.high_label }</span></div>
        </>
    }
}

fn one_score(props: &RatingProps, score: Score) -> Html {
    let value = score.value();
    let number = value.to_string();
    let scale = props.metric.scale();
    let name = match value {
        _ if value == scale.min => format!("{number}, {}", props.low_label),
        _ if value == scale.max => format!("{number}, {}", props.high_label),
        _ => number.clone(),
    };
    let reached = props.score.is_some_and(|picked| value <= picked.value());
    let first = if value == scale.min { props.first.clone() } else { NodeRef::default() };
    let on_pick = props.on_pick.clone();
    html! {
        <label class={if reached { "on" } else { "" }}>
            <input ref={first} type="radio" name="score" checked={props.score == Some(score)} aria-label={name}
                disabled={props.disabled} onchange={move |_| on_pick.emit(score)} />
            <span>{ number }</span>
        </label>
    }
}
