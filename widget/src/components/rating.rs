use wasm_bindgen::JsValue;
use yew::prelude::*;

use super::element::{Element, Name};
use crate::page::{get, number, text};

/// What the rating needs.
pub struct RatingProps<'a> {
    /// The survey, as the server describes it.
    pub survey: &'a JsValue,
    /// What was picked.
    pub score: Option<u8>,
    /// While it is being sent, the score must stay as sent.
    pub disabled: bool,
}

/// One radio button a score. Whether they look like stars, faces, numbers or thumbs is the style sheet's affair.
pub fn rating(props: &RatingProps) -> Element {
    let scale = get(props.survey, "scale");
    let (min, max) = (number(&scale, "min"), number(&scale, "max"));
    let display = text(props.survey, "display");
    let ends_alone = display == "thumbs";
    let (low, high) = (text(props.survey, "low_label"), text(props.survey, "high_label"));
    let mut scores = Vec::new();
    for score in min..=max {
        if score == min {
            scores.push(one_score(props, score, Some(&low)));
        } else if score == max {
            scores.push(one_score(props, score, Some(&high)));
        } else if !ends_alone {
            scores.push(one_score(props, score, None));
        }
    }
    // Read out as part of the end scores' names.
    let ends = Element::new("div").with(Name::Class, "ends").with(Name::AriaHidden, "true");
    let row = Element::new("div").with(Name::Class, "scores").set(Name::Display, display);
    Element::new("fieldset")
        .child(Element::new("legend").with(Name::Id, "title").say(props.survey, "question"))
        .child(row.copy(Name::Metric, props.survey, "metric").children(scores))
        .child(ends.child(Element::new("span").text(low)).child(Element::new("span").text(high)))
}

/// Every score's digits: number formatting would be a kilobyte of the download.
const NUMBERS: [&str; 11] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];

fn one_score(props: &RatingProps, score: u8, label: Option<&AttrValue>) -> Html {
    let number = NUMBERS.get(usize::from(score)).copied().unwrap_or_default();
    let name = match label {
        Some(label) => [number, ", ", label].concat().into(),
        None => AttrValue::Static(number),
    };
    let reached = props.score.is_some_and(|picked| score <= picked);
    let input = Element::new("input")
        .with(Name::Type, "radio")
        .with(Name::Named, "score")
        .with(Name::Value, number)
        .set(Name::AriaLabel, name)
        .flag(Name::Disabled, props.disabled);
    let shape = Element::new("span").text(AttrValue::Static(number));
    Element::new("label").flag(Name::On, reached).child(input).child(shape).into()
}
