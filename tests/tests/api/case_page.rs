//! The page of a case, from the link of a mail.

use counterbell_shared::time::UnixMillis;
use counterbell_tests::{Backend, CaseForm, CaseLink, LINK_KEY, Setup, TestApp, sample, texts, wait};
use reqwest::Method;
use serde_json::json;

/// A site whose staff are Ann and Ben, and one case.
pub struct Shop {
    pub app: TestApp,
    pub case_id: [u8; 16],
    pub ann: i64,
    pub ben: i64,
}

impl Shop {
    pub async fn on(backend: Backend) -> Self {
        Self::set_up(backend, TestApp::on(backend)).await
    }

    /// With all that the server can log.
    pub async fn that_logs(level: &str) -> Self {
        Self::set_up(Backend::Sqlite, TestApp::on(Backend::Sqlite).setting("COUNTERBELL_LOG", level)).await
    }

    async fn set_up(backend: Backend, setup: Setup) -> Self {
        let recipients = ["ann@shop.example", "ben@shop.example"];
        let app = setup.recipients(&recipients).grouped().setting("COUNTERBELL_LINK_KEYS", LINK_KEY).await;
        for name in ["Ann", "Ben"] {
            let email = format!("{}@shop.example", name.to_lowercase());
            app.cli(&["staff", "set", "--site", &app.site_key, "--email", &email, "--name", name, "--json"]).json();
        }
        let [ann, ben] = ["ann", "ben"].map(|name| {
            let rows = format!("person_addresses WHERE email_key = '{name}@shop.example'");
            app.texts(&["person_id"], &rows)[0].parse().unwrap()
        });
        let mut shop = Self { app, case_id: [0; 16], ann, ben };
        shop.unhappy(json!({ "contact": { "email": "cleo@mail.example", "consent": true } })).await;
        let hex = if matches!(backend, Backend::Sqlite) { "hex(case_id)" } else { "encode(case_id, 'hex')" };
        let ids = shop.app.texts(&[hex], "cases");
        assert_eq!(ids.len(), 1, "{ids:?}");
        shop.case_id = u128::from_str_radix(&ids[0], 16).unwrap().to_be_bytes();
        shop
    }

    /// An unhappy response of the order A-1001, and that triage has decided about it.
    pub async fn unhappy(&self, more: serde_json::Value) -> String {
        let id = sample::response_id();
        let response = json!({ "response_id": id, "score": 1, "comment": "Two hours late", "order_ref": "A-1001",
            "answers": { "reasons": { "choices": ["late"], "other": "no bell" } }, "complete": true });
        self.app.respond(&sample::with(response, more)).await.expect(201);
        self.app.triaged().await;
        id
    }

    pub fn link(&self, person_id: i64) -> CaseLink {
        CaseLink {
            purpose: 1,
            site_id: 1,
            subject_id: self.case_id,
            person_id,
            expires_s: UnixMillis::now().0 / 1_000 + 86_400,
            generations: [0, 0],
        }
    }

    pub async fn open(&self, person_id: i64, query: &str) -> CaseForm<'_> {
        let page = CaseForm::open(&self.app, &format!("{}?{query}", self.link(person_id).path())).await;
        assert_eq!(page.answer.status, 200, "{}", page.answer.text());
        page
    }

    /// What happened to the case, in order.
    fn happened(&self) -> Vec<String> {
        self.app.texts(&["kind"], "journal WHERE kind LIKE 'case.%' ORDER BY seq")
    }

    fn state(&self) -> String {
        self.app.texts(&["state"], "cases")[0].clone()
    }
}

const HEADERS: [(&str, &str); 4] = [
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("x-robots-tag", "noindex"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
];

#[tokio::test]
async fn page_tells_all_of_the_case_and_programs_that_look_change_nothing() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let before = shop.app.texts(&["seq", "kind"], "journal WHERE kind NOT LIKE 'message.%' ORDER BY seq");
        for query in ["do=take", "do=not_for_me", "do=open", "do=remind", "done=acknowledge", ""] {
            let page = shop.open(shop.ann, query).await;
            for (name, value) in HEADERS {
                assert_eq!(page.answer.header(name), Some(value), "{backend:?} {query}");
            }
            let path = format!("{}?{query}", shop.link(shop.ben).path());
            let head = shop.app.send(shop.app.request(Method::HEAD, &path)).await;
            assert_eq!((head.status, head.body.len()), (200, 0));
        }
        assert_eq!(
            shop.app.texts(&["seq", "kind"], "journal WHERE kind NOT LIKE 'message.%' ORDER BY seq"),
            before,
            "{backend:?}"
        );
        assert_eq!((shop.state(), shop.app.count("case_notes")), ("open".to_owned(), 0));

        let page = shop.open(shop.ann, "").await;
        let text = page.text("main");
        for told in [
            "Case 1: open",
            "Nobody has this yet.",
            "1 out of 5",
            "Two hours late",
            "What went wrong?",
            "no bell",
            "A-1001 (not proven to be theirs)",
            "cleo@mail.example",
            "The case was opened.",
        ] {
            assert!(text.contains(told), "{backend:?}: {told:?} is not in {text}");
        }
        for elsewhere in ["http://", "https://", "<script", "<img", "javascript:"] {
            assert!(!page.answer.text().contains(elsewhere), "{elsewhere}: {}", page.answer.text());
        }
    }
}

#[tokio::test]
async fn of_two_who_take_it_one_has_it_and_the_other_is_told_who() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let (ann, ben) = (shop.open(shop.ann, "do=take").await, shop.open(shop.ben, "do=take").await);
        assert_eq!(ann.text(".card button"), "I have this", "one button");
        let again = ann.body("acknowledge", &[]);
        let (first, second, third) =
            tokio::join!(ann.press("acknowledge", &[]), ann.send(again), ben.press("acknowledge", &[]));
        let statuses = [first.status, second.status, third.status];
        let taken = shop.happened().iter().filter(|kind| *kind == "case.acknowledged").count();
        assert_eq!(taken, 1, "{backend:?}");
        let (has, other, other_page) = if statuses == [303, 303, 200] {
            ("Ann", shop.ben, third)
        } else {
            assert_eq!(statuses, [200, 200, 303], "{backend:?}");
            ("Ben", shop.ann, first)
        };
        let text = texts(&other_page, "main");
        assert!(text.contains(&format!("{has} has had this since ")), "{backend:?}: {text}");
        assert!(text.contains("Nothing was changed."), "{text}");
        let offered = texts(&other_page, ".card button");
        assert_eq!(offered, "Take over Write a note", "{backend:?}");

        // Asked in a mail that was read later, too.
        let page = shop.open(other, "do=take").await;
        assert_eq!(page.text(".card button"), "Take over");
        let page = page.done("take_over", &[]).await;
        assert!(page.text("[role=status]").contains("you have this now"), "{}", page.text("main"));
        assert!(page.text("main").contains("You have had this since"));
        assert!(page.text("#timeline + ol").contains(&format!("{has} had it before.")), "{}", page.text("main"));
    }
}

#[tokio::test]
async fn same_form_twice_changes_nothing_whatever_came_between() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let page = shop.open(shop.ann, "").await;
        let (note, take) = (page.body("note", &[("text", "Rang\r\ntwice")]), page.body("acknowledge", &[]));
        for body in [&note, &take, &note, &take] {
            assert_eq!(page.send(body.clone()).await.status, 303, "{backend:?}");
        }
        let ben = shop.open(shop.ben, "do=take").await;
        let took_over = ben.body("take_over", &[]);
        assert_eq!(ben.send(took_over.clone()).await.status, 303);
        let ann = shop.open(shop.ann, "do=take").await;
        ann.done("take_over", &[]).await;
        // A proxy sends it again.
        for body in [&took_over, &take] {
            assert_eq!(ben.send(body.clone()).await.status, 303, "{backend:?}");
        }
        let expected = ["opened", "noted", "acknowledged", "taken_over", "taken_over"];
        assert_eq!(shop.happened(), expected.map(|kind| format!("case.{kind}")), "{backend:?}");
        let page = shop.open(shop.ann, "").await;
        assert!(page.text("main").contains("You have had this since"), "{}", page.text("main"));
        assert_eq!(page.text(".note .words"), "Rang twice");
        assert!(page.answer.text().contains("Rang\ntwice"));
    }
}

#[tokio::test]
async fn everything_can_be_done_from_the_page() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let (ann, ben) = (shop.ann, shop.ben);
        let to_ben = format!("person/{ben}");
        let mention = ben.to_string();
        let day = "2031-03-05";
        let page = shop.open(ann, "do=not_for_me").await;
        let page = page.done("not_for_me", &[("reason", "I am off")]).await;
        page.done("assign", &[("to", &to_ben), ("reason", "You know it")]).await;
        let page = shop.open(ben, "").await.done("acknowledge", &[]).await;
        let page = page.done("note", &[("text", "Look at this"), ("mention", &mention)]).await;
        let page = page.done("spoke", &[("text", "She was kind")]).await;
        assert_eq!(shop.app.count("cases WHERE answer_by IS NULL AND first_answer_at IS NOT NULL"), 1, "{backend:?}");
        let page = page.done("wait", &[]).await;
        assert!(page.text("h1").contains("waiting for the customer"));
        let page = page.done("customer_answered", &[("text", "Thanks!")]).await;
        let page = page.done("remind", &[("when", "date"), ("date", day)]).await;
        assert!(page.text("dl").contains("2031-03-05 09:00"), "{}", page.text("dl"));
        let page = page.done("give_back", &[]).await;
        let page = page.done("assign", &[("to", "team/alerts")]).await;
        let page = page.done("resolve", &[("root_cause", "delivery"), ("action_taken", "Sent again")]).await;
        assert!(page.text("dl").contains("Delivery") && page.text("dl").contains("Sent again"));
        let page = page.done("reopen", &[]).await;
        page.done("nothing_to_do", &[("reason", "spam"), ("mark_spam", "yes")]).await;
        assert_eq!((shop.state(), shop.app.count("responses WHERE held = 'staff'")), ("closed".to_owned(), 1));
        let expected = [
            "opened",
            "not_for_me",
            "assigned",
            "acknowledged",
            "noted",
            "spoken",
            "waiting",
            "customer_answered",
            "reminder_set",
            "unacknowledged",
            "assigned",
            "acknowledged",
            "resolved",
            "reopened",
            "acknowledged",
            "nothing_to_do",
        ];
        let happened: Vec<_> = shop.happened().iter().map(|kind| kind.replace("case.", "")).collect();
        assert_eq!(happened, expected, "{backend:?}");
        let by_link = "journal WHERE kind LIKE 'case.%' AND means = 'link' AND actor LIKE 'person/%'";
        assert_eq!(shop.app.count(by_link), 15, "{backend:?}");
        let page = shop.open(ann, "").await;
        let timeline = page.text("#timeline + ol");
        for told in ["Ann gave the case to Ben.", "by the link of Ben", "You know it", "She was kind", "Thanks!"] {
            assert!(timeline.contains(told), "{backend:?}: {told:?} is not in {timeline}");
        }
        assert!(shop.app.count("outbox WHERE kind = 'case_mail'") > 0);
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_told_and_nothing_that_was_written_is_lost() {
    let shop = Shop::on(Backend::Sqlite).await;
    let page = shop.open(shop.ann, "").await;
    for (action, fields, told) in [
        ("resolve", vec![("action_taken", "Rang <her> up")], "Please choose why the customer was unhappy."),
        ("resolve", vec![("root_cause", "price"), ("action_taken", " ")], "Please write what was done about it."),
        ("resolve", vec![("root_cause", "moon"), ("action_taken", "x")], "Please choose why the customer was unhappy."),
        ("note", vec![("text", " ")], "Please write something."),
        ("assign", vec![("to", ""), ("reason", "Rang <her> up")], "Please choose somebody who is still there."),
        ("assign", vec![("to", "person/999")], "Please choose somebody who is still there."),
        ("assign", vec![("to", "team/none")], "Please choose somebody who is still there."),
        ("remind", vec![("when", "date"), ("date", "2020-01-01")], "Please choose a time that is still to come."),
        ("remind", vec![("when", "date"), ("date", "soon")], "Please choose a time that is still to come."),
        ("nothing_to_do", vec![("mark_spam", "yes")], "Please choose a reason."),
    ] {
        let answer = page.press(action, &fields).await;
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        assert!(texts(&answer, "[role=alert]").starts_with(told), "{action}: {}", answer.text());
        let kept = fields.iter().any(|(_, value)| *value == "Rang <her> up");
        assert_eq!(texts(&answer, ".card textarea").contains("Rang <her> up"), kept, "{action}");
    }
    let long = "x".repeat(4_001);
    let answer = page.press("note", &[("text", &long)]).await;
    assert!(texts(&answer, "[role=alert]").contains("at most 4000 characters"));
    assert!(answer.text().contains(&long));

    // What was written for a case that somebody has taken, or ended, meanwhile.
    let ben = shop.open(shop.ben, "").await;
    shop.open(shop.ann, "do=take").await.done("acknowledge", &[]).await;
    let answer = ben.press("not_for_me", &[("reason", "My words")]).await;
    assert!(texts(&answer, "[role=alert]").starts_with("Ann has had this since"));
    assert_eq!(texts(&answer, ".card textarea"), "My words");
    assert_eq!(texts(&answer, ".card button"), "Take over Write a note Not for me");
    let ann = shop.open(shop.ann, "").await;
    shop.open(shop.ann, "").await.done("nothing_to_do", &[("reason", "test")]).await;
    let answer = ann.press("assign", &[("to", "team/alerts"), ("reason", "My words")]).await;
    assert!(texts(&answer, "[role=alert]").starts_with("The case is closed"), "{}", answer.text());
    assert!(texts(&answer, ".card textarea").contains("My words"));
    for body in ["", "action=burn", "action=note&entry_id=none", "%ff=%fe&action=%00"] {
        let answer = ann.send(body.to_owned()).await;
        assert_eq!(answer.status, 200, "{body}");
        assert!(!texts(&answer, "[role=alert]").is_empty(), "{body}");
    }
    let expected = ["opened", "acknowledged", "nothing_to_do"];
    assert_eq!(shop.happened(), expected.map(|kind| format!("case.{kind}")));
}

#[tokio::test]
async fn page_speaks_the_language_of_its_reader() {
    let shop = Shop::on(Backend::Sqlite).await;
    let path = format!("{}?do=take", shop.link(shop.ann).path());
    let asked = async |accept: &str| {
        let request = shop.app.request(Method::GET, &path).header("accept-language", accept);
        shop.app.send(request).await.text().to_owned()
    };
    for (accept, begins, told) in [
        ("de-AT, en;q=0.5", "lang=\"de\" dir=\"ltr\"", "Ich übernehme"),
        ("xx, ar", "lang=\"ar\" dir=\"rtl\"", "سأتولى الأمر"),
        ("xx", "lang=\"en\" dir=\"ltr\"", "I have this"),
    ] {
        let page = asked(accept).await;
        assert!(page.contains(begins) && page.contains(told), "{accept}: {page}");
    }
    let japanese =
        ["staff", "set", "--site", &shop.app.site_key, "--email", "ann@shop.example", "--language", "ja", "--json"];
    shop.app.cli(&japanese).json();
    assert!(asked("de").await.contains("lang=\"ja\""));
    let forged = shop.app.request(Method::GET, "/case/none").header("accept-language", "fr");
    assert!(shop.app.send(forged).await.text().contains("Cette page n’existe pas"));
}

#[tokio::test]
async fn later_words_of_the_customer_stand_on_the_page() {
    let shop = Shop::on(Backend::Sqlite).await;
    let id = shop.unhappy(json!({ "comment": "Again" })).await;
    let later = json!({ "response_id": id, "score": 1, "comment": "And cold", "revision": 2, "complete": true });
    shop.app.respond(&later).await;
    let page = shop.open(shop.ann, "").await;
    let said = page.text(".said");
    assert!(said.contains("Again") && said.contains("Added at") && said.contains("And cold"), "{said}");
    assert!(page.text("#timeline + ol").contains("The customer sent another response."));
    // Words that are gone are gone from the page.
    let erase = shop.app.request(Method::DELETE, &format!("/v1/admin/responses/{id}"));
    shop.app.send(erase.bearer_auth(&shop.app.api_key)).await;
    wait::until_true("erased", async || !shop.open(shop.ann, "").await.text(".said").contains("And cold")).await;
}

#[tokio::test]
async fn other_words_in_a_form_that_was_sent_stay_in_it_and_are_stored_when_it_is_sent_once_more() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let mut page = shop.open(shop.ann, "").await;
        assert_eq!(page.press("note", &[("text", "Rang\0 \u{1b}twice")]).await.status, 303, "{backend:?}");

        // The browser went back to the form as it was.
        page.answer = page.press("note", &[("text", "Rang three times")]).await;

        assert_eq!(page.answer.status, 200, "{backend:?}");
        assert!(page.text("[role=alert]").starts_with("This form was sent before"), "{}", page.text("main"));
        assert_eq!(page.text(".card textarea"), "Rang three times", "{backend:?}");
        page.done("note", &[("text", "Rang three times")]).await;
        let notes = shop.app.texts(&["text"], "case_notes WHERE kind = 'note' ORDER BY at, note_id");
        assert_eq!(notes, ["Rang twice", "Rang three times"], "{backend:?}");
        let answer = page.press("note", &[("text", "\u{200b}")]).await;
        assert!(texts(&answer, "[role=alert]").starts_with("Please write something."), "{}", answer.text());
    }
}
