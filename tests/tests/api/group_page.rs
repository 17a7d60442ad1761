//! The page of alerts that were told together, from the link of the mail that tells of them.

use counterbell_tests::{Answer, Backend, CaseForm, CaseLink, texts};
use reqwest::Method;
use serde_json::json;

use crate::case_page::Shop;

/// Alerts of a rule that a new site tells one by one; the rest waits to be told together.
const ALONE: usize = 5;

/// Ann's group of three, each with a case; the first alert is that of [`Shop`].
pub async fn storm(backend: Backend) -> (Shop, CaseLink) {
    let shop = Shop::on(backend).await;
    for number in 1..ALONE + 3 {
        let more = json!({ "order_ref": format!("B-{number}"), "comment": format!("Storm {number}") });
        shop.unhappy(more).await;
    }
    let hex = if matches!(backend, Backend::Sqlite) { "hex(group_id)" } else { "encode(group_id, 'hex')" };
    let ids = shop.app.texts(&[hex], &format!("alert_groups WHERE person_id = {}", shop.ann));
    assert_eq!(ids.len(), 1, "{backend:?}: {ids:?}");
    let subject_id = u128::from_str_radix(&ids[0], 16).unwrap().to_be_bytes();
    let link = CaseLink { purpose: 2, subject_id, ..shop.link(shop.ann) };
    (shop, link)
}

async fn post(shop: &Shop, link: &CaseLink, body: &str) -> Answer {
    CaseForm::open(&shop.app, &link.path()).await.send(body.to_owned()).await
}

/// Numbers of the cases that can be ticked.
fn free(page: &Answer) -> Vec<String> {
    let boxes = page.text().split("name=\"case\" value=\"").skip(1);
    boxes.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn group_lists_exactly_what_was_not_told_alone_and_takes_what_is_ticked() {
    for backend in Backend::ALL {
        let (shop, link) = storm(backend).await;
        let page = shop.app.get(&link.path()).await;
        assert_eq!(page.status, 200, "{backend:?}: {}", page.text());
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(texts(&page, "h1"), "3 unhappy responses");
        assert_eq!(texts(&page, ".words"), "Storm 7 Storm 6 Storm 5", "{backend:?}: the newest first");
        assert_eq!(free(&page), ["8", "7", "6"]);
        let head = shop.app.send(shop.app.request(Method::HEAD, &link.path())).await;
        assert_eq!((head.status, shop.app.count("cases WHERE state = 'open'")), (200, 8), "{backend:?}");

        // Each can be opened.
        let href = page.text().split("href=\"../case/").nth(1).unwrap().split('?').next().unwrap().to_owned();
        let case = shop.app.get(&format!("/case/{href}")).await;
        assert!(case.status == 200 && texts(&case, "h1").starts_with("Case 8"), "{backend:?}: {}", case.text());

        let answer = post(&shop, &link, "").await;
        assert_eq!(
            (answer.status, texts(&answer, "[role=alert] strong")),
            (200, "Please tick what you have.".to_owned())
        );
        // Case 1 is not of the group: it is told alone.
        let answer = post(&shop, &link, "case=7&case=1&case=999&case=x").await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("?done=1&missed=0")), "{backend:?}");
        let taken = || shop.app.texts(&["number", "owner_id"], "cases WHERE state = 'in_progress' ORDER BY number");
        assert_eq!(taken(), [format!("7|{}", shop.ann)], "{backend:?}");

        let ben = CaseForm::open(&shop.app, &format!("/case/{}", ben_link(&shop, backend, 8).token())).await;
        assert_eq!(ben.press("acknowledge", &[]).await.status, 303);
        let answer = post(&shop, &link, "case=8&case=7&case=6").await;
        assert_eq!(
            answer.header("location"),
            Some("?done=2&missed=1"),
            "{backend:?}: hers already, Ben's, and one more"
        );
        assert_eq!(taken().len(), 3);
        let page = shop.app.get(&format!("{}?done=2&missed=1", link.path())).await;
        assert_eq!(
            texts(&page, "[role=status]"),
            "Done: you have 2 of these now. 1 are somebody else's, or have ended."
        );
        assert!(texts(&page, "main").contains("Ben has had this since") && free(&page).is_empty());
        let acknowledged = "journal WHERE kind = 'case.acknowledged' AND means = 'link'";
        assert_eq!(shop.app.count(acknowledged), 3, "{backend:?}");
    }
}

/// Ben's link to the case of this number.
fn ben_link(shop: &Shop, backend: Backend, number: i64) -> CaseLink {
    let hex = if matches!(backend, Backend::Sqlite) { "hex(case_id)" } else { "encode(case_id, 'hex')" };
    let id = &shop.app.texts(&[hex], &format!("cases WHERE number = {number}"))[0];
    CaseLink { subject_id: u128::from_str_radix(id, 16).unwrap().to_be_bytes(), ..shop.link(shop.ben) }
}

#[tokio::test]
async fn all_that_nobody_has_are_taken_at_once() {
    let (shop, link) = storm(Backend::Sqlite).await;
    assert_eq!(post(&shop, &link, "all=yes").await.header("location"), Some("?done=3&missed=0"));
    assert_eq!(shop.app.count("cases WHERE state = 'in_progress'"), 3, "and none that is not of the group");
}

#[tokio::test]
async fn group_is_opened_by_nobody_elses_link() {
    let (shop, link) = storm(Backend::Sqlite).await;
    for (link, status) in [
        (CaseLink { person_id: shop.ben, ..link }, 410),
        (CaseLink { subject_id: [7; 16], ..link }, 410),
        (CaseLink { expires_s: 1_700_000_000, ..link }, 410),
        (CaseLink { generations: [1, 0], ..link }, 410),
        (CaseLink { generations: [0, 1], ..link }, 410),
    ] {
        assert_eq!(shop.app.get(&link.path()).await.status, status, "{link:?}");
        assert_eq!(post(&shop, &link, "all=yes").await.status, status, "{link:?}");
    }
    let expired = shop.app.get(&CaseLink { expires_s: 1_700_000_000, ..link }.path()).await;
    assert!(expired.text().contains("have links of their own"), "{}", expired.text());
    let of_case = shop.link(shop.ann).path().replace("/case/", "/group/");
    for path in ["/group/none", &of_case] {
        assert_eq!(shop.app.get(path).await.status, 404, "{path}");
    }
    assert_eq!(shop.app.count("cases WHERE state <> 'open'"), 0);
}
