use wasm_bindgen::JsValue;
use yew::prelude::*;

use super::element::{Element, Name};
use crate::page::{get, list, text};

/// Draws questions, with the fields for their answers. The browser keeps what is in them, so that typing runs no code of
/// ours; the form's script reads them by their names.
pub struct Asks<'a> {
    /// What the server says.
    pub config: &'a JsValue,
    /// The widget's own words.
    pub texts: &'a JsValue,
    /// While they are being sent, the words must stay as sent.
    pub read_only: bool,
}

impl Asks<'_> {
    /// A question of a step.
    pub fn ask(&self, ask: &JsValue) -> Element {
        let question = text(ask, "question");
        let kind = text(ask, "kind");
        if kind == "comment" {
            return self.comment(question);
        }
        let group = Element::new("fieldset").child(Element::new("legend").text(question));
        if kind == "contact" {
            let email = Element::new("input")
                .with(Name::Type, "email")
                .with(Name::Named, "email")
                .with(Name::Autocomplete, "email");
            let consent = choice("checkbox", "consent".into(), "yes".into(), text(ask, "consent"));
            group.child(self.field(email, text(self.texts, "email"))).child(consent)
        } else {
            let id = text(ask, "id");
            let name = AttrValue::from(["choice:", &id].concat());
            let input = if kind == "one" { "radio" } else { "checkbox" };
            let choices = list(ask, "choices").into_iter();
            let choices = choices.map(|one| choice(input, name.clone(), text(&one, "id"), text(&one, "label")).into());
            let group = group.children(choices.collect());
            if get(ask, "other").is_truthy() {
                let other = Element::new("input").set(Name::Named, ["other:", &id].concat().into());
                let other = other.copy(Name::Maxlength, self.config, "other_max_chars").with(Name::Dir, "auto");
                group.child(self.field(other, text(self.texts, "other")))
            } else {
                group
            }
        }
    }

    /// The field for the customer's own words.
    pub fn comment(&self, question: AttrValue) -> Element {
        let area = Element::new("textarea").with(Name::Named, "comment").with(Name::Rows, "3").with(Name::Dir, "auto");
        self.field(area.copy(Name::Maxlength, self.config, "comment_max_chars"), question)
    }

    fn field(&self, field: Element, label: AttrValue) -> Element {
        let words = Element::new("span").text(label);
        Element::new("label").with(Name::Class, "field").child(words).child(field.flag(Name::Readonly, self.read_only))
    }
}

fn choice(kind: &'static str, name: AttrValue, value: AttrValue, label: AttrValue) -> Element {
    let input = Element::new("input").with(Name::Type, kind).set(Name::Named, name).set(Name::Value, value);
    Element::new("label").with(Name::Class, "choice").child(input).child(Element::new("span").text(label))
}
