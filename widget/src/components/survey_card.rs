use wasm_bindgen::prelude::*;
use yew::prelude::*;
use yew::virtual_dom::VNode;

use super::alert::alert;
use super::ask::Asks;
use super::element::{Element, Name};
use super::rating::{RatingProps, rating};
use super::thanks::thanks;
use crate::page::{Page, get, list, number, text};
use crate::state::{Action, Alert, Phase, Scores, State};

/// What the card is mounted with.
#[derive(Clone, PartialEq, Properties)]
pub struct SurveyCardProps {
    /// The script that mounts it.
    pub page: Page,
}

/// The card: asks, a step a screen, and thanks.
pub struct SurveyCard {
    state: State,
    config: JsValue,
    steps: Vec<Scores>,
    /// What to focus once it has been drawn.
    focus_next: Option<&'static str>,
    /// Whether to save what was answered once it has been drawn.
    save_next: bool,
}

impl Component for SurveyCard {
    type Message = Action;
    type Properties = SurveyCardProps;

    fn create(context: &Context<Self>) -> Self {
        let page = &context.props().page;
        let link = context.link().clone();
        let act = move |kind, value| link.send_message_batch(Action::of(kind, value).into_iter().collect());
        page.connect(Closure::<dyn Fn(u32, u32)>::new(act).into_js_value());
        let config = page.config();
        let scores = |step: JsValue| {
            let scores = get(&step, "scores");
            (number(&scores, "min"), number(&scores, "max"))
        };
        let steps = list(&get(&config, "survey"), "steps").into_iter().map(scores).collect();
        Self { state: State::default(), config, steps, focus_next: Some(FIRST), save_next: false }
    }

    fn update(&mut self, context: &Context<Self>, action: Action) -> bool {
        let before = std::mem::take(&mut self.state);
        self.state = before.clone().reduce(action, &self.steps);
        let state = &self.state;
        if *state == before {
            return false;
        }
        if state.phase == Phase::Sending && before.phase == Phase::Asking {
            // Before it is drawn: a form leaves out the scores once they cannot be changed any more.
            context.props().page.save(true);
        }
        // Moving over scores with the keyboard saves nothing.
        self.save_next = matches!(action, Action::Tap(_) | Action::Next(_)) && state.phase == Phase::Asking;
        self.focus_next = match state.phase {
            Phase::Thanked | Phase::Kept => Some("h2"),
            _ if state.alert == Some(Alert::Choose) => Some(FIRST),
            _ if state.step == before.step => None,
            _ if state.step == 0 => Some(FIRST),
            _ => Some(".step:not([hidden])"),
        };
        true
    }

    fn view(&self, context: &Context<Self>) -> Html {
        let config = &self.config;
        let texts = get(config, "texts");
        let over = matches!(self.state.phase, Phase::Thanked | Phase::Kept);
        let close = Element::new("button").with(Name::Class, "close").with(Name::Type, "button");
        Element::new("div")
            .with(Name::Class, "card")
            .copy(Name::Role, config, "role")
            .with(Name::AriaLabelledby, "title")
            .copy(Name::Lang, config, "locale")
            .copy(Name::Dir, config, "dir")
            .child(close.copy(Name::AriaLabel, &texts, "close"))
            .children((!over).then(|| self.form(&context.props().page, &texts).into()).into_iter().collect())
            .child(thanks(config, self.state.score.filter(|_| over), self.state.phase == Phase::Kept))
            .into()
    }

    fn rendered(&mut self, context: &Context<Self>, _: bool) {
        let page = &context.props().page;
        if let Some(css) = self.focus_next.take() {
            page.focus(css);
        }
        if std::mem::take(&mut self.save_next) {
            page.save(false);
        }
    }
}

/// The score that was picked, else the first.
const FIRST: &str = "input";

impl SurveyCard {
    fn form(&self, page: &Page, texts: &JsValue) -> Element {
        let state = &self.state;
        let survey = get(&self.config, "survey");
        let sending = state.phase == Phase::Sending;
        let asks = Asks { config: &self.config, texts, read_only: sending };
        let first = Element::new("div")
            .with(Name::Class, "step")
            .flag(Name::Hidden, state.step > 0)
            .child(Element::new("p").with(Name::Class, "greeting").say(&survey, "greeting"))
            .child(rating(&RatingProps { survey: &survey, score: state.score, disabled: sending }));
        let comment = self.steps.is_empty().then(|| asks.comment(text(texts, "comment")));
        let mut steps = vec![first.children(comment.map(VNode::from).into_iter().collect()).into()];
        let progress = self.progress(page);
        for ((step, scores), place) in list(&survey, "steps").into_iter().zip(&self.steps).zip(1..) {
            let fieldset = Element::new("fieldset")
                .with(Name::Class, "step")
                .with(Name::Tabindex, "-1")
                .set(Name::AriaLabel, progress.clone())
                .flag(Name::Hidden, state.step != place)
                .flag(Name::Disabled, !state.is_for(*scores))
                .children(list(&step, "ask").into_iter().map(|ask| asks.ask(&ask).into()).collect());
            steps.push(fieldset.into());
        }
        Element::new("form")
            .with(Name::Novalidate, "")
            .with(Name::AriaBusy, if sending { "true" } else { "false" })
            .children(steps)
            .child(alert(state.alert.map(|alert| text(texts, words(alert))).unwrap_or_default()))
            .child(self.buttons(texts, progress))
    }

    /// Where the customer is, once past the score.
    fn progress(&self, page: &Page) -> AttrValue {
        if self.state.step == 0 {
            return AttrValue::default();
        }
        let (before, shown) = (self.state.before(&self.steps).count(), self.state.shown(&self.steps).count());
        page.progress(before as u32 + 2, shown as u32 + 1).as_string().unwrap_or_default().into()
    }

    fn buttons(&self, texts: &JsValue, progress: AttrValue) -> Element {
        let state = &self.state;
        let sending = state.phase == Phase::Sending;
        let last = if state.score.is_some() { state.next(&self.steps).is_none() } else { self.steps.is_empty() };
        let name = match (sending, last) {
            (true, _) => "sending",
            (_, true) => "send",
            _ if state.step == 0 || state.has_answered() => "next",
            _ => "skip",
        };
        let back = Element::new("button")
            .with(Name::Class, "back")
            .with(Name::Type, "button")
            .flag(Name::Hidden, state.step == 0)
            .say(texts, "back");
        // Not disabled while sending, which would drop the focus; the reducer ignores a second press.
        let send = Element::new("button")
            .with(Name::Class, "send")
            .with(Name::AriaDisabled, if sending { "true" } else { "false" });
        Element::new("div")
            .with(Name::Class, "buttons")
            .child(back)
            .child(
                Element::new("span").with(Name::Class, "progress").flag(Name::Hidden, state.step == 0).text(progress),
            )
            .child(send.say(texts, name))
    }
}

/// The name of the words that say what is wrong.
fn words(alert: Alert) -> &'static str {
    match alert {
        Alert::Choose => "choose",
        Alert::EmailInvalid => "email_invalid",
        Alert::ConsentNeeded => "consent_needed",
        Alert::Failed => "failed",
        Alert::Refused => "refused",
    }
}
