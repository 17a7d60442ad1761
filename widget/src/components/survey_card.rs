use std::rc::Rc;

use counterbell_shared::ResponseId;
use web_sys::{HtmlElement, HtmlTextAreaElement};
use yew::prelude::*;

use super::alert::alert;
use super::comment::{CommentProps, comment};
use super::rating::{RatingProps, rating};
use super::thanks::thanks;
use crate::api;
use crate::options::Options;
use crate::state::{Action, Alert, Phase, State};

/// What the card is mounted with.
#[derive(Clone, PartialEq, Properties)]
pub struct SurveyCardProps {
    /// What the loader handed over.
    pub options: Rc<Options>,
}

/// The card: asks, sends, thanks.
pub struct SurveyCard {
    state: State,
    response_id: ResponseId,
    first_score: NodeRef,
    comment: NodeRef,
    thanks: NodeRef,
    /// What to focus once it has been drawn.
    focus_next: Option<NodeRef>,
}

impl Component for SurveyCard {
    type Message = Action;
    type Properties = SurveyCardProps;

    fn create(context: &Context<Self>) -> Self {
        let first_score = NodeRef::default();
        Self {
            state: State::default(),
            response_id: api::new_response_id(),
            focus_next: context.props().options.focus.then(|| first_score.clone()),
            first_score,
            comment: NodeRef::default(),
            thanks: NodeRef::default(),
        }
    }

    fn update(&mut self, context: &Context<Self>, action: Action) -> bool {
        let before = self.state.phase;
        self.state = self.state.clone().reduce(action);
        match self.state.phase {
            Phase::Asking if self.state.alert == Some(Alert::Choose) => {
                self.focus_next = Some(self.first_score.clone());
            }
            Phase::Sending if before == Phase::Asking => self.send(context),
            Phase::Thanked if before == Phase::Sending => {
                self.focus_next = Some(self.thanks.clone());
                context.props().options.notify("sent");
            }
            _ => {}
        }
        true
    }

    fn view(&self, context: &Context<Self>) -> Html {
        let Options { texts, locale, metric, question, low_label, high_label, comment_max_chars, .. } =
            &*context.props().options;
        let State { score, phase, alert: wrong } = self.state;
        let link = context.link();
        let sending = phase == Phase::Sending;
        let options = context.props().options.clone();
        let close = move |_| options.notify("close");
        let form = (phase != Phase::Thanked).then(|| {
            let send = link.callback(|event: SubmitEvent| {
                event.prevent_default();
                Action::Send
            });
            let words = wrong.map(|wrong| match wrong {
                Alert::Choose => &texts.choose,
                Alert::Failed => &texts.failed,
                Alert::Refused => &texts.refused,
            });
            html! {
                <form novalidate=true onsubmit={send}>
                    <fieldset>
                        <legend id="title">{ question }</legend>
                        { rating(RatingProps {
                            metric: *metric, score, low_label, high_label, disabled: sending,
                            first: &self.first_score, on_pick: &link.callback(Action::Pick),
                        }) }
                    </fieldset>
                    { comment(CommentProps {
                        label: &texts.comment, max_chars: comment_max_chars, read_only: sending, field: &self.comment,
                    }) }
                    { alert(words) }
                    // Not disabled while sending, which would drop the focus; the reducer ignores a second press.
                    <button class="send" aria-disabled={sending.then_some("true")}>
                        { if sending { &texts.sending } else { &texts.send } }
                    </button>
                </form>
            }
        });
        html! {
            <div class="card" role="dialog" aria-labelledby="title" lang={locale} dir={direction(locale)}>
                <button class="close" type="button" aria-label={&texts.close} onclick={close} />
                { form }
                { thanks((phase == Phase::Thanked).then_some(texts), &self.thanks) }
            </div>
        }
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        if let Some(element) = self.focus_next.take().and_then(|node| node.cast::<HtmlElement>()) {
            let _ = element.focus();
        }
    }
}

impl SurveyCard {
    fn send(&self, context: &Context<Self>) {
        let Some(score) = self.state.score else { return };
        let options = context.props().options.clone();
        let comment = self.comment.cast::<HtmlTextAreaElement>().map(|field| field.value()).unwrap_or_default();
        let id = self.response_id;
        context.link().send_future(async move { Action::Answered(api::send(&options, id, score, comment).await) });
    }
}

/// Which way the language is written. Languages written right to left by default, of those with shops online.
fn direction(locale: &str) -> &'static str {
    match locale.split('-').next() {
        Some("ar" | "fa" | "he" | "ur") => "rtl",
        _ => "ltr",
    }
}
