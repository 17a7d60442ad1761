//! Any rule, and any response, for property tests: of few names and words, so that they meet.

use std::ops::Range;

use counterbell_shared::answers::Answers;
use counterbell_shared::time::DAY_MS;
use counterbell_shared::{Band, Channel, Metric, Score};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

const WORDS: [&str; 6] = ["late", "Refund", "money back", "del*", "返金", "café"];
const TOUCHPOINTS: [&str; 3] = ["checkout", "store 12", "default"];
const QUESTIONS: [&str; 2] = ["reasons", "mood"];
const CHOICES: [&str; 3] = ["late", "bad", "wrong-item"];
const TAGS: [&str; 4] = ["de", "de-AT", "en", "DE"];

/// A response, as [`Facts`] borrow it.
#[derive(Clone, Debug)]
pub struct Known {
    pub score: Score,
    comment: Option<String>,
    pub answers: Option<Answers>,
    touchpoint: &'static str,
    channel: Channel,
    locale: Option<&'static str>,
    earlier_unhappy: Vec<i64>,
}

impl Known {
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            score: self.score,
            comment: self.comment.as_deref(),
            answers: self.answers.as_ref(),
            touchpoint: self.touchpoint,
            channel: Some(self.channel),
            locale: self.locale,
            at: 100 * DAY_MS,
            earlier_unhappy: &self.earlier_unhappy,
        }
    }
}

fn texts(of: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(of, 0..=of.len()).prop_map(|texts| texts.into_iter().map(ToOwned::to_owned).collect())
}

fn rarely<T: std::fmt::Debug + Clone + 'static>(
    strategy: impl Strategy<Value = Vec<T>> + 'static,
) -> impl Strategy<Value = Vec<T>> {
    prop_oneof![2 => Just(Vec::new()), 1 => strategy]
}

pub fn known() -> impl Strategy<Value = Known> {
    let score = (select(&Metric::ALL), 0..=10i64)
        .prop_filter_map("off the scale", |(metric, value)| Score::new(value, metric).ok());
    let comment = vec(select(&WORDS), 0..4).prop_map(|words| (!words.is_empty()).then(|| words.join(" ")));
    let answer = (select(&QUESTIONS), select(&CHOICES), option::of(select(&WORDS)));
    let answers = option::of(answer.prop_map(|(question, choice, other)| {
        let other = other.map(|other| format!(r#","other":"{other}""#)).unwrap_or_default();
        Answers::from_json(&format!(r#"{{"{question}":{{"choices":["{choice}"]{other}}}}}"#)).unwrap()
    }));
    let earlier = vec(0..120 * DAY_MS, 0..4);
    let rest = (select(&TOUCHPOINTS), select(&Channel::ALL), option::of(select(&TAGS)), earlier);
    (score, comment, answers, rest).prop_map(|(score, comment, answers, rest)| {
        let (touchpoint, channel, locale, earlier_unhappy) = rest;
        Known { score, comment, answers, touchpoint, channel, locale, earlier_unhappy }
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    let range = (0..=10u8, 0..=10u8).prop_map(|(a, b)| ScoreRange { min: a.min(b), max: a.max(b) });
    let score = (
        any::<bool>(),
        rarely(subsequence(&Metric::ALL, 1..=4)),
        rarely(subsequence(&Band::ALL, 1..=6)),
        option::of(range),
    );
    let phrases = subsequence(&WORDS, 1..=6)
        .prop_map(|words| words.into_iter().map(|word| Phrase::new(word).unwrap()).collect::<Vec<_>>());
    let chosen = (select(&QUESTIONS), texts(&CHOICES)).prop_filter_map("no choice", |(question, any_of)| {
        (!any_of.is_empty()).then(|| Chosen { question: question.to_owned(), any_of })
    });
    let said = (rarely(phrases), rarely(vec(chosen, 1)));
    let again = option::of((2..4u32, 1..=90u8).prop_map(|(times, days)| UnhappyAgain { times, days }));
    let rest = (rarely(texts(&TOUCHPOINTS)), rarely(subsequence(&Channel::ALL, 1..=6)), rarely(texts(&TAGS)), again);
    (score, said, rest).prop_map(|(score, said, rest)| {
        let (unhappy, metrics, bands, score) = score;
        let ((words, choices), (touchpoints, channels, languages, unhappy_again)) = (said, rest);
        Condition { unhappy, metrics, bands, score, touchpoints, words, choices, channels, languages, unhappy_again }
    })
}

fn who(managers: bool) -> impl Strategy<Value = Vec<Who>> {
    let person = (0..6u8).prop_map(|id| Who::Person(address(id)));
    let team = select(&["alerts", "counter"]).prop_map(|team| Who::Team(team.to_owned()));
    let last = if managers { Who::Manager } else { Who::Owner };
    let one = prop_oneof![person, team, Just(Who::Owner), Just(last)];
    let turn = option::of(select(&["alerts", "counter"]).prop_map(|team| Who::RoundRobin(team.to_owned())));
    (vec(one, 0..4), turn).prop_filter_map("nobody", |(all, turn)| {
        let mut who = Vec::new();
        turn.into_iter().chain(all).for_each(|one| {
            if !who.contains(&one) {
                who.push(one);
            }
        });
        (!who.is_empty()).then_some(who)
    })
}

pub fn address(id: u8) -> String {
    format!("p{id}@shop.example")
}

fn minutes(range: Range<i32>) -> impl Strategy<Value = Period> {
    range.prop_map(Period::minutes)
}

/// About responses, valid but that it may fire for no score.
pub fn rule() -> impl Strategy<Value = Rule> {
    let steps = (btree_set(1..5_000i32, 0..4), vec(who(true), 4)).prop_map(|(times, who)| {
        let at = times.into_iter().map(|minutes| StepAt::After(Period::minutes(minutes)));
        at.zip(who).map(|(at, who)| Step { at, who }).collect::<Vec<_>>()
    });
    let grouped = (1..100u32, minutes(1..10_000)).prop_map(|(most, window)| Soon::Grouped(Grouped { most, window }));
    let soon = prop_oneof![(any::<bool>(), Just(Soon::Now)), (Just(false), grouped)];
    let clocks = (option::of(minutes(1..100_000)), option::of(minutes(1..100_000)), steps, any::<bool>());
    let quiet =
        option::of(select(&[("20:00", "07:00"), ("00:00", "23:59")]).prop_map(|(from, to)| QuietHours {
            from: TimeOfDay::read(from).unwrap(),
            to: TimeOfDay::read(to).unwrap(),
        }));
    let told = (who(false), option::of(who(false)), soon, quiet);
    (condition(), told, clocks).prop_map(|(condition, told, clocks)| {
        let ((who, fallback, (urgent, soon), quiet_hours), (acknowledge_within, answer_within, steps, case)) =
            (told, clocks);
        let fallback = fallback.into_iter().flatten().filter(|who| !matches!(who, Who::RoundRobin(_))).collect();
        Rule {
            name: "any-rule".to_owned(),
            when: When::Response(condition),
            who,
            fallback,
            how: vec![How::Mail],
            soon,
            quiet_hours,
            urgent,
            acknowledge_within: acknowledge_within.filter(|_| case),
            answer_within: answer_within.filter(|_| case),
            steps: if case { steps } else { Vec::new() },
            case,
        }
    })
}

/// Six people with or without managers, absences and ends, in two teams; now is 100.
pub fn staff() -> impl Strategy<Value = Staff> {
    let absence = prop_oneof![Just((None, None)), Just((Some(50), Some(150))), Just((Some(150), None))];
    let person =
        (any::<bool>(), absence, option::of(0..7i64)).prop_map(|(has_left, (absent_from, absent_to), manager)| {
            Person { has_left, absent_from, absent_to, manager, ..Person::default() }
        });
    let team = || subsequence((0..7).collect::<Vec<i64>>(), 0..=4);
    let touchpoint = (option::of(0..7i64), option::of(select(&["alerts", "counter", "gone"])));
    (vec(person, 6), team(), team(), touchpoint, vec(0..7i64, 0..3)).prop_map(
        |(people, alerts, counter, owns, told)| {
            let people = people.into_iter().zip(0u8..);
            Staff {
                people: people
                    .map(|(person, id)| (i64::from(id), Person { email: address(id).to_uppercase(), ..person }))
                    .collect(),
                teams: [("alerts".to_owned(), alerts), ("counter".to_owned(), counter)].into(),
                owner: owns.0,
                owner_team: owns.1.map(ToOwned::to_owned),
                told,
            }
        },
    )
}
