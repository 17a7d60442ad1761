//! Whoever reads a mail: in which language and zone, who else got it, and what it keeps to itself.

use counterbell_tests::{Backend, Delivery, Mail, Smtp, TestApp, sample};
use serde_json::json;

const ANN: &str = "ann@shop.example";
const BOB: &str = "bob@shop.example";

fn mail_to<'d>(deliveries: &'d [Delivery], address: &str) -> &'d Mail {
    let delivery = deliveries.iter().find(|delivery| delivery.to == [address]);
    &delivery.unwrap_or_else(|| panic!("no mail to {address}")).mail
}

/// An unhappy response with everything in it.
async fn respond(app: &TestApp) {
    let members = json!({ "touchpoint": "till", "comment": "Broken bell", "order_ref": "A-1001", "customer_ref": "C-77",
        "answers": { "reasons": { "choices": ["late"], "other": "Cold soup" } },
        "page_url": "https://shop.example/private",
        "contact": { "email": "emily@example.com", "consent": true } });
    app.respond(&sample::with(sample::response(1), members)).await.expect(201);
}

fn run(app: &TestApp, args: &[&str]) {
    let output = app.cli(args);
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn everybody_reads_their_own_language_and_zone_and_who_else_was_told() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).recipients(&[ANN, BOB]).await;
        let key = app.site_key.clone();
        let german = ["--language", "de-AT", "--zone", "America/New_York", "--name", "Ann Müller"];
        run(&app, &[&["staff", "set", "--site", &key, "--email", ANN], &german[..]].concat());
        run(&app, &["touchpoint", "set", "--site", &key, "till", "--label", "Kasse 1"]);

        respond(&app).await;

        let deliveries = smtp.wait_for(2).await;
        let (ann, bob) = (mail_to(&deliveries, ANN), mail_to(&deliveries, BOB));
        assert_eq!(ann.subject(), "Unzufriedene Rückmeldung (Kasse 1): 1 von 5 [Shop]", "{backend:?}");
        assert_eq!(bob.subject(), "Unhappy customer at Kasse 1: 1 out of 5 [Shop]");
        let german =
            ["Antworten Sie einfach auf diese Mail.", "Was ist schiefgelaufen?", "(UTC-0", "Ebenfalls benachrichtigt"];
        let english = ["Just reply to this mail.", "What went wrong?", " UTC", "Also told: Ann Müller", "not proven"];
        for (mail, words) in [(ann, &german[..]), (bob, &english[..])] {
            for part in [mail.text(), mail.html_words()] {
                for words in words {
                    assert!(part.contains(words), "{backend:?}: no {words} in {part}");
                }
            }
            assert_eq!(mail.header("Reply-To"), Some("emily@example.com"));
        }
        assert!(ann.html().contains("<html lang=\"de\" dir=\"ltr\">"));
    }
}

#[tokio::test]
async fn site_can_keep_personal_data_out_of_its_mails() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).recipients(&[ANN]).await;
        let key = app.site_key.clone();
        let site = app.cli(&["site", "set", &key, "--mail-personal", "no", "--json"]).json();
        assert_eq!(site["mail_personal"], false, "{backend:?}");

        respond(&app).await;

        let mail = &smtp.wait_for(1).await[0].mail;
        for part in [mail.text(), mail.html(), mail.subject().to_owned()] {
            assert!(part.contains("1 out of 5"), "{backend:?}: {part}");
            for private in ["Broken", "Cold", "A-1001", "C-77", "emily", "private"] {
                assert!(!part.contains(private), "{backend:?}: {private} in {part}");
            }
        }
        assert!(mail.text().contains("keeps what people write out of mails"), "{}", mail.text());
        assert_eq!(mail.header("Reply-To"), None);

        run(&app, &["site", "set", &key, "--mail-personal", "yes"]);
        respond(&app).await;
        assert!(smtp.wait_for(2).await[1].mail.text().contains("Broken bell"), "{backend:?}");
        assert!(!app.cli(&["site", "set", &key, "--mail-personal", "maybe"]).status.success());
    }
}
