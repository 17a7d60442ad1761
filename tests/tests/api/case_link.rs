//! Whom a link to a case lets in, and that nobody learns of it.

use counterbell_tests::{Backend, CaseForm, CaseLink, TestApp, texts};
use reqwest::Method;

use crate::case_page::Shop;

async fn status(shop: &Shop, path: &str) -> u16 {
    shop.app.get(path).await.status
}

#[tokio::test]
async fn forged_link_opens_a_page_that_says_nothing() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let link = shop.link(shop.ann);
        let whole = link.path();
        assert_eq!(status(&shop, &whole).await, 200);
        let mut forged = vec!["/case/none".to_owned(), "/case/%00".to_owned(), whole[..whole.len() - 1].to_owned()];
        // Signed for another purpose.
        forged.push(CaseLink { purpose: 2, ..link }.path().replace("/group/", "/case/"));
        let token = whole.strip_prefix("/case/").unwrap();
        for place in (0..token.len()).step_by(7) {
            let mut bytes = token.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            forged.push(format!("/case/{}", String::from_utf8(bytes).unwrap()));
        }
        let mut pages = Vec::new();
        for path in &forged {
            for method in [Method::GET, Method::POST] {
                let mut request = shop.app.request(method.clone(), path);
                if method == Method::POST {
                    let form = "application/x-www-form-urlencoded";
                    request = request.header("content-type", form).body("action=acknowledge");
                }
                let answer = shop.app.send(request).await;
                assert_eq!(answer.status, 404, "{backend:?}: {path}: {}", answer.text());
                assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
                assert_eq!(answer.header("cache-control"), Some("no-store"));
                pages.push(answer.text().to_owned());
            }
        }
        pages.dedup();
        assert_eq!(pages.len(), 1, "{pages:?}");
        for known in ["Case 1", "Ann", "shop.example", "Two hours", token] {
            assert!(!pages[0].contains(known), "{known}: {}", pages[0]);
        }
        assert_eq!(shop.app.texts(&["state"], "cases"), ["open"]);
    }
}

#[tokio::test]
async fn link_of_another_site_or_case_opens_nothing_of_this_one() {
    let shop = Shop::on(Backend::Sqlite).await;
    let link = shop.link(shop.ann);
    for link in [
        CaseLink { site_id: 2, ..link },
        CaseLink { subject_id: [7; 16], ..link },
        CaseLink { person_id: 999, ..link },
        CaseLink { generations: [1, 0], ..link },
        CaseLink { generations: [0, 1], ..link },
    ] {
        let answer = shop.app.get(&link.path()).await;
        assert_eq!(answer.status, 410, "{link:?}");
        assert!(!answer.text().contains("Two hours") && !answer.text().contains("<form"), "{}", answer.text());
    }
}

#[tokio::test]
async fn links_stop_at_once_for_who_left_and_when_somebody_stops_them() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let (ann, ben) = (shop.link(shop.ann).path(), shop.link(shop.ben).path());
        let open = shop.open(shop.ben, "").await;
        let removed = shop.app.cli(&["staff", "remove", "--site", &shop.app.site_key, "--email", "ben@shop.example"]);
        assert!(removed.status.success(), "{removed:?}");
        assert_eq!([status(&shop, &ann).await, status(&shop, &ben).await], [200, 410], "{backend:?}");
        assert_eq!(open.press("acknowledge", &[]).await.status, 410, "{backend:?}");

        let page = shop.open(shop.ann, "").await;
        let answer = page.press("revoke_links", &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(texts(&answer, "main").contains("no link to this case works any more"), "{}", answer.text());
        assert_eq!(status(&shop, &ann).await, 410, "{backend:?}");
        assert_eq!(page.press("acknowledge", &[]).await.status, 410);
        let new = CaseLink { generations: [0, 1], ..shop.link(shop.ann) };
        assert_eq!(status(&shop, &new.path()).await, 200, "{backend:?}");
        assert_eq!(shop.app.texts(&["state"], "cases"), ["open"]);
    }
}

#[tokio::test]
async fn expired_link_brings_a_new_one_to_the_stored_address_and_to_no_other() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let old = CaseLink { expires_s: 1_700_000_000, ..shop.link(shop.ann) };
        let page = CaseForm::open(&shop.app, &old.path()).await;
        assert_eq!(page.answer.status, 410, "{backend:?}");
        assert_eq!(texts(&page.answer, "button"), "Send me a new link");
        for secret in ["Two hours", "shop.example", "Ann"] {
            assert!(!page.answer.text().contains(secret), "{secret}: {}", page.answer.text());
        }
        let links = || shop.app.texts(&["destination"], "outbox WHERE payload LIKE '%\"link\"%'");
        assert!(links().is_empty(), "{backend:?}: looking sends nothing");
        for more in ["", "&to=eve@mail.example", ""] {
            let answer = page.send(format!("action=renew{more}")).await;
            assert_eq!(answer.status, 200, "{backend:?}: {}", answer.text());
            assert!(!answer.text().contains("shop.example"), "{}", answer.text());
        }
        assert_eq!(links(), ["ann@shop.example"], "{backend:?}");
        let past = "UPDATE outbox SET created_at = created_at - 300001 WHERE payload LIKE '%\"link\"%'";
        shop.app.execute(past);
        page.send("action=renew".to_owned()).await;
        assert_eq!(links().len(), 2, "{backend:?}: five minutes later");

        assert_eq!(page.send("action=acknowledge".to_owned()).await.status, 410);
        assert_eq!(shop.app.texts(&["state"], "cases"), ["open"]);
        // Of somebody who left nothing is sent.
        let ben = CaseLink { person_id: shop.ben, ..old };
        shop.app.cli(&["staff", "remove", "--site", &shop.app.site_key, "--email", "ben@shop.example"]);
        let page = CaseForm::open(&shop.app, &ben.path()).await;
        assert_eq!(page.send("action=renew".to_owned()).await.status, 410);
        assert_eq!(links().len(), 2, "{backend:?}");
    }
}

#[tokio::test]
async fn token_is_in_no_log_figure_or_error() {
    let shop = Shop::that_logs("trace").await;
    let (ann, ben) = (shop.link(shop.ann), shop.link(shop.ben));
    let old = CaseLink { expires_s: 1_700_000_000, ..ann };
    let forged = format!("{}A", ann.token());
    let tokens = [ann.token(), ben.token(), old.token(), forged.clone()];
    shop.open(shop.ann, "do=take").await.done("acknowledge", &[]).await;
    shop.open(shop.ben, "").await.press("note", &[]).await;
    for path in [format!("/case/{forged}"), format!("/case/{}/x", ann.token()), old.path()] {
        let answer = shop.app.get(&path).await;
        assert!(answer.status >= 400, "{path}");
        assert!(tokens.iter().all(|token| !answer.text().contains(token)), "{}", answer.text());
    }
    for (method, body) in [(Method::PUT, "x".to_owned()), (Method::POST, "x".repeat(400_000))] {
        let answer = shop.app.send(shop.app.request(method, &ann.path()).body(body)).await;
        assert!(answer.status >= 400 && !answer.text().contains(&tokens[0]), "{answer:?}");
    }
    CaseForm::open(&shop.app, &old.path()).await.send("action=renew".to_owned()).await;
    let metrics = shop.app.get("/metrics").await;
    let stored = shop.app.texts(&["payload", "dedupe_key"], "outbox");
    let log = shop.app.log();
    assert!(log.contains("/case/{token}"), "requests are in the log");
    for token in &tokens {
        // Not a part of it, either.
        let part = &token[20..60];
        assert!(!log.contains(part), "in the log: {:?}", log.lines().find(|line| line.contains(part)));
        assert!(!metrics.text().contains(part) && stored.iter().all(|row| !row.contains(part)));
    }
}

#[tokio::test]
async fn whoever_tries_many_links_is_held_up() {
    let app = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_RATE_LIMIT", "1").await;
    let mut last = app.get("/case/none").await;
    for _ in 0..2_000 {
        if last.status == 429 {
            break;
        }
        assert_eq!(last.status, 404);
        last = app.get("/case/none").await;
    }
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").is_some() && texts(&last, "h1").contains("Please try again"), "{}", last.text());
}
