//! Mails of every kind, for tests.

use std::sync::Arc;

use counterbell_shared::{Metric, Score};

use super::alert::AlertContent;
use super::answered::Earlier;
use super::case::{Answered, CaseContent, CaseFacts, Happened};
use super::group::{GroupContent, GroupFacts, Newest};
use super::letter::Letter;
use super::links::{CaseLink, Signer, Target};
use super::marks::Marks;
use super::people::Site;
use super::silence::{Fall, Noticed, Place, TouchpointContent};
use super::texts::Language;
use super::why::{also_told, why};
use crate::cases::State;
use crate::db::alert_groups::GroupKind;
use crate::db::responses::ResponseRow;
use crate::db::staff::Member;
use crate::links::{KeyRing, LinkKey};
use crate::rules::{Reason, Scores};
use crate::zone::Zone;

/// 2026-11-21 14:05 UTC.
pub const NOW: i64 = 1_795_269_900_000;
const HOUR: i64 = 3_600_000;
const SITE: i64 = 1;
/// As people find it.
pub const NUMBER: &str = "k7qd-02mx";

fn member(person_id: i64, name: &str, language: Option<&str>) -> Member {
    Member {
        person_id,
        email: format!("{}@shop.example", name.split(' ').next().unwrap().to_lowercase()),
        aliases: Vec::new(),
        name: name.to_owned(),
        language: language.map(str::to_owned),
        zone: None,
        link_generation: 0,
        manager_id: None,
        absent_from: None,
        absent_to: None,
        joined_at: 0,
        left_at: None,
        teams: Vec::new(),
    }
}

/// A shop whose first member of staff reads this language.
pub fn site(language: Language) -> Site {
    let members = vec![member(1, "Ann Miller", Some(language.tag())), member(2, "Bob", None), member(3, "ليلى", None)];
    Site::new((SITE, "Bramble & Oak", Zone::or_utc("Europe/Berlin")), members, &[("alerts", "Alerts")])
}

/// What signs links the same at every time.
pub fn signer() -> Signer {
    Signer::new("https://bell.shop.example", KeyRing::new(vec![LinkKey::new([1; 32])]), NOW)
}

fn target() -> Target {
    Target { site_id: SITE, subject_id: [4; 16], generation: 0 }
}

fn case_link() -> CaseLink {
    CaseLink { number: 1042, target: Some(target()) }
}

/// An unhappy one.
pub fn response() -> ResponseRow {
    ResponseRow {
        site_id: SITE,
        response_id: vec![7; 16],
        touchpoint: "checkout".to_owned(),
        survey: "csat".to_owned(),
        survey_version: 1,
        metric: "csat".to_owned(),
        score: 1,
        comment: Some(
            "The parcel came two days late, and the box was open.\nI wrote to help@carrier.example.".to_owned(),
        ),
        order_ref: Some("A-1001".to_owned()),
        customer_ref: Some("C-77".to_owned()),
        contact_email: Some("emily@example.com".to_owned()),
        locale: Some("en".to_owned()),
        page_url: Some("https://shop.example/done".to_owned()),
        channel: "web".to_owned(),
        created_at: NOW,
        received_at: NOW,
        held: None,
        answers: None,
        complete: true,
        revision: 0,
    }
}

fn answers() -> Vec<(String, String)> {
    vec![("What went wrong?".to_owned(), "It came late; <i>no bell</i>".to_owned())]
}

/// With everything that an alert can have.
pub fn alert(language: Language) -> AlertContent {
    let site = site(language);
    let others = [site.name_of(2), site.name_of(3)];
    let earlier = |ago: i64, score, comment: Option<&str>| Earlier {
        at: NOW - ago * 24 * HOUR,
        score,
        max: 5,
        comment: comment.map(str::to_owned),
    };
    AlertContent {
        reader: site.reader(Some(1), "ann@shop.example"),
        marks: Marks::default(),
        response: response(),
        place: Some("Checkout".to_owned()),
        answers: answers(),
        earlier: vec![earlier(3, 2, Some("Nobody at the till.")), earlier(40, 5, None)],
        case: Some(case_link()),
        due: [Some(NOW + HOUR), Some(NOW + 8 * HOUR)],
        why: [
            why(language, Some(&Reason::Team("alerts".to_owned())), Some("unhappy"), &site),
            also_told(language, &others),
        ],
        site: Arc::new(site),
    }
}

/// What the others of [`all`] are made of.
fn alerts(language: Language) -> Vec<(String, Letter)> {
    let signer = signer();
    let reason = |reason: Option<Reason>, rule: Option<&str>| why(language, reason.as_ref(), rule, &site(language));
    let nobody = also_told(language, &[]);
    let full = alert(language);
    let plain = AlertContent { earlier: Vec::new(), answers: Vec::new(), ..full.clone() };
    let short = ResponseRow {
        comment: None,
        contact_email: None,
        order_ref: None,
        customer_ref: None,
        page_url: None,
        ..response()
    };
    let test = AlertContent {
        marks: Marks { urgent: true, test: true },
        place: Some(language.texts().test_place.to_owned()),
        response: ResponseRow { comment: Some(language.texts().test_comment.to_owned()), ..short.clone() },
        case: None,
        due: [None; 2],
        why: [reason(Some(Reason::Named), Some("refunds")), nobody.clone()],
        ..plain.clone()
    };
    let unfinished = AlertContent {
        response: ResponseRow { complete: false, contact_email: Some("ann@gmail.com/".to_owned()), ..response() },
        why: [reason(Some(Reason::InPlaceOf(3)), None), nobody.clone()],
        ..plain.clone()
    };
    let staff = AlertContent {
        response: ResponseRow { survey: "staff".to_owned(), metric: "ces".to_owned(), score: 2, ..short },
        why: [reason(None, None), nobody],
        ..plain
    };
    let mut kept_out = full.clone();
    Arc::make_mut(&mut kept_out.site).personal = false;
    let letter = |name: &str, content: AlertContent, signer: Option<&Signer>| {
        (name.to_owned(), content.letter(signer, NUMBER, false).unwrap().0)
    };
    vec![
        letter("alert", full, Some(&signer)),
        letter("alert-test", test.clone(), Some(&signer)),
        letter("alert-test-without-links", test, None),
        letter("alert-without-links", unfinished, None),
        letter("alert-staff", staff, Some(&signer)),
        letter("alert-kept-out", kept_out, Some(&signer)),
    ]
}

/// A case of which this happened.
pub fn case(language: Language, happened: Happened, state: State) -> CaseContent {
    let site = site(language);
    let has_words = matches!(happened, Happened::Mentioned | Happened::Noted);
    let is_ended = happened == Happened::Ended;
    CaseContent {
        reader: site.reader(Some(1), "ann@shop.example"),
        case: CaseFacts {
            link: case_link(),
            state,
            urgent: happened == Happened::Urgent,
            owner: (state != State::Open).then(|| site.name_of(2)),
            place: Some("Checkout".to_owned()),
            score: Score::new(1, Metric::Csat).ok(),
            first: Some(Answered { response: response(), answers: answers() }),
            newest: (happened == Happened::ResponseJoined).then(|| Answered {
                response: ResponseRow {
                    comment: Some("And the new one is broken, too.".to_owned()),
                    score: 2,
                    ..response()
                },
                answers: Vec::new(),
            }),
            opened_at: NOW - 5 * HOUR,
            acknowledge_by: (state == State::Open).then_some(NOW - HOUR),
            answer_by: (!is_ended).then_some(NOW + 3 * HOUR),
            merged_into: (happened == Happened::Merged).then_some(1040),
            root_cause: is_ended.then(|| "Carrier".to_owned()),
            action_taken: is_ended.then(|| "Sent a new one".to_owned()),
        },
        happened,
        by: (!matches!(
            happened,
            Happened::Escalated | Happened::Overdue | Happened::OwnerLeft | Happened::Reminder | Happened::Link
        ))
        .then(|| site.name_of(2)),
        to_team: false,
        is_owner: true,
        other: (happened == Happened::CaseJoined).then_some(1041),
        since: Some(NOW - 2 * HOUR),
        words: has_words.then(|| "Please call before noon.".to_owned()),
        now: NOW,
        why: why(language, Some(&Reason::Turn("alerts".to_owned())), None, &site),
        site: Arc::new(site),
    }
}

fn cases(language: Language) -> Vec<(String, Letter)> {
    use Happened::{
        Assigned, CaseJoined, CustomerAnswered, Ended, Escalated, GivenBack, Link, Mentioned, Merged, Noted, Overdue,
        OwnerLeft, Reminder, Reopened, ResponseJoined, TakenOver, Urgent,
    };
    let plain = |happened, state| case(language, happened, state);
    let mut kept_out = plain(Noted, State::InProgress);
    Arc::make_mut(&mut kept_out.site).personal = false;
    let late = plain(Overdue, State::InProgress);
    let late = CaseContent { case: CaseFacts { answer_by: Some(NOW - HOUR), ..late.case.clone() }, ..late };
    let contents = [
        ("assigned", plain(Assigned, State::Open)),
        ("assigned-team", CaseContent { to_team: true, ..plain(Assigned, State::Open) }),
        ("assigned-away", CaseContent { is_owner: false, ..plain(Assigned, State::InProgress) }),
        ("taken-over", plain(TakenOver, State::InProgress)),
        ("given-back", plain(GivenBack, State::Open)),
        ("owner-left", plain(OwnerLeft, State::Open)),
        ("escalated", plain(Escalated, State::Open)),
        ("mentioned", plain(Mentioned, State::InProgress)),
        ("noted", plain(Noted, State::InProgress)),
        ("customer-answered", plain(CustomerAnswered, State::Waiting)),
        ("response-joined", plain(ResponseJoined, State::InProgress)),
        ("case-joined", plain(CaseJoined, State::InProgress)),
        ("urgent", plain(Urgent, State::InProgress)),
        ("reminder", plain(Reminder, State::InProgress)),
        ("reminder-set", CaseContent { is_owner: false, ..plain(Reminder, State::InProgress) }),
        ("link", plain(Link, State::InProgress)),
        ("resolved", plain(Ended, State::Resolved)),
        ("closed", plain(Ended, State::Closed)),
        ("reopened", plain(Reopened, State::Open)),
        ("merged", plain(Merged, State::Closed)),
        ("not-taken", plain(Overdue, State::Open)),
        ("not-answered", late),
        ("kept-out", kept_out),
    ];
    let signer = signer();
    contents.map(|(name, content)| (format!("case-{name}"), content.letter(Some(&signer), NUMBER, false).0)).into()
}

fn groups(language: Language) -> Vec<(String, Letter)> {
    let site = site(language);
    let newest = |minutes: i64, comment: Option<&str>| Newest {
        at: NOW - minutes * 60_000,
        place: Some("Checkout".to_owned()),
        score: Score::new(1, Metric::Csat).unwrap(),
        comment: comment.map(str::to_owned),
    };
    let group = GroupFacts {
        kind: GroupKind::Alert,
        target: target(),
        count: 195,
        places: vec![(Some("Checkout".to_owned()), 190), (Some("متجر".to_owned()), 4), (None, 1)],
        newest: vec![newest(1, Some("Card refused, twice.")), newest(2, None), newest(3, Some("Nothing works."))],
    };
    let one = GroupFacts { count: 12, places: vec![(Some("Checkout".to_owned()), 12)], ..group.clone() };
    let content = |group| GroupContent {
        reader: site.reader(Some(1), "ann@shop.example"),
        why: why(language, None, Some("unhappy"), &site),
        site: Arc::new(site.clone()),
        group,
    };
    let signer = signer();
    let letter = |name: &str, group| (name.to_owned(), content(group).letter(Some(&signer), NUMBER));
    let of = |kind| GroupFacts { kind, ..group.clone() };
    vec![
        letter("group", one.clone()),
        letter("group-places", group.clone()),
        letter("group-not-taken", of(GroupKind::Escalated)),
        letter("group-not-taken-at", GroupFacts { kind: GroupKind::Escalated, ..one.clone() }),
        letter("group-not-answered", of(GroupKind::Overdue)),
        letter("group-not-answered-at", GroupFacts { kind: GroupKind::Overdue, ..one.clone() }),
        letter("group-left", of(GroupKind::Left)),
        letter("group-left-at", GroupFacts { kind: GroupKind::Left, ..one }),
    ]
}

fn touchpoints(language: Language) -> Vec<(String, Letter)> {
    let site = site(language);
    let place = |name: Option<&str>, last_day: Option<i32>, fall: Option<Fall>| {
        let noticed = Noticed { touchpoint: name.unwrap_or_default().to_owned(), last_day, fall };
        Place { name: name.map(str::to_owned), noticed }
    };
    let content = |count: usize, places: Vec<Place>| TouchpointContent {
        reader: site.reader(Some(1), "ann@shop.example"),
        marks: Marks { urgent: count == 12, test: false },
        rule: "silent".to_owned(),
        why: why(language, Some(&Reason::Team("alerts".to_owned())), Some("silent"), &site),
        site: Arc::new(site.clone()),
        count,
        places,
    };
    // 2026-11-17 and -18.
    let (tuesday, wednesday) = (Some(20_774), Some(20_775));
    let fall = |metric, before: (i64, i64), now: (i64, i64)| {
        let scores = |(sum, count)| Scores { sum, count };
        Some(Fall { metric, before: scores(before), now: scores(now) })
    };
    let (csat, nps) = (fall(Metric::Csat, (168, 40), (96, 30)), fall(Metric::Nps, (850, 100), (540, 90)));
    let contents = [
        ("silent", content(1, vec![place(Some("Checkout"), tuesday, None)])),
        ("silent-site", content(1, vec![place(None, tuesday, None)])),
        (
            "silent-many",
            content(
                12,
                vec![
                    place(Some("Checkout"), tuesday, None),
                    place(Some("متجر"), wednesday, None),
                    place(Some("till"), None, None),
                ],
            ),
        ),
        ("fallen", content(2, vec![place(Some("Checkout"), None, csat), place(Some("Checkout"), None, nps)])),
        ("fallen-many", content(2, vec![place(Some("Checkout"), None, csat), place(None, None, nps)])),
    ];
    contents.map(|(name, content)| (name.to_owned(), content.letter(NUMBER))).into()
}

/// A mail of every kind, by name.
pub fn all(language: Language) -> Vec<(String, Letter)> {
    [alerts(language), cases(language), groups(language), touchpoints(language)].concat()
}
