//! Cases on the command line.

use counterbell_tests::Backend;
use serde_json::json;

use super::{ANN, BEN_EMAIL, Shop};

#[tokio::test]
async fn case_is_worked_on_from_the_command_line() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let (number, response_id) = shop
            .unhappy(json!({
                "comment": "It came broken", "touchpoint": "till", "order_ref": "A-1001",
                "answers": { "reasons": { "choices": ["late"], "other": "no receipt" } }
            }))
            .await;
        let other = shop.case().await;
        let (one, two) = (number.to_string(), other.to_string());
        let as_ben = ["--as", BEN_EMAIL, "--json"];
        let act = |args: &[&str]| shop.cli(&[args, &as_ben].concat()).json();

        assert_eq!(act(&["acknowledge", &one])["case"]["owner"]["name"], "Ben Okoro", "{backend:?}");
        assert_eq!(act(&["acknowledge", &one])["changed"], false, "{backend:?}");
        act(&["note", &one, "--text", "Carrier rang", "--mention", counterbell_tests::sample::RECIPIENT]);
        act(&["spoke", &one]);
        let many = act(&["priority", &one, &two, "--to", "urgent"]);
        assert_eq!(many.as_array().unwrap().len(), 2, "{many}");
        let resolved = act(&["resolve", &one, "--root-cause", "product", "--action-taken", "Sent a new one"]);
        assert_eq!(resolved["case"]["state"], "resolved", "{backend:?}");
        let ended = act(&["nothing-to-do", &two, "--reason", "test", "--mark-spam"]);
        assert_eq!(ended["case"]["nothing_to_do"], "test", "{backend:?}");
        act(&["reopen", &one]);
        act(&["assign", &one, "--to", counterbell_tests::sample::RECIPIENT, "--reason", "You know them"]);
        act(&["assign", &one, "--to", BEN_EMAIL]);

        let entries = shop.cli(&["timeline", &one, "--json"]).json();
        let means: Vec<_> = entries.as_array().unwrap().iter().map(|entry| entry["means"].as_str().unwrap()).collect();
        assert!(means[0] == "server" && means[1..].iter().all(|means| *means == "cli"), "{means:?}");
        assert_eq!(shop.cli(&["show", &one, "--json"]).json(), shop.look(number).await, "{backend:?}");
        let shown = shop.cli(&["show", &one]).stdout;
        for words in [
            "It came broken",
            "Carrier rang",
            "Ben Okoro",
            "Sent a new one",
            &response_id,
            "order: A-1001",
            "reasons: late, \"no receipt\"",
        ] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        let timeline = shop.cli(&["timeline", &one]).stdout;
        for words in [
            "acknowledged  Ben Okoro by cli",
            "priority changed to urgent  Ben",
            "assigned to staff@shop.example  Ben Okoro by cli\n      You know them",
            "taken over from staff@shop.example  Ben",
        ] {
            assert!(timeline.contains(words), "{words}: {timeline}");
        }
        let listed = shop.cli(&["list"]).stdout;
        assert!(listed.lines().count() == 3 && listed.contains("urgent"), "{listed}");
        assert!(shop.cli(&["list", "--all", "--newest"]).stdout.contains("closed"), "{backend:?}");
        let of_ben = shop.cli(&["list", "--owner", BEN_EMAIL, "--json"]).json();
        assert_eq!(of_ben[0]["number"], number, "{of_ben}");
    }
}

#[tokio::test]
async fn refusals_are_one_line_that_names_the_argument() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let number = shop.case().await;
        let one = number.to_string();
        shop.act(number, ANN, json!({ "action": "acknowledge" })).await;
        for (args, told) in [
            (&["acknowledge", &one, "--as", BEN_EMAIL][..], "has had this case since"),
            (&["acknowledge", "99", "--as", BEN_EMAIL], "no case of this number"),
            (&["acknowledge", &one, "--as", "eve@elsewhere.example"], "--as is nobody"),
            (&["assign", &one, "--to", "eve@elsewhere.example", "--as", BEN_EMAIL], "--to is nobody"),
            (
                &["resolve", &one, "--root-cause", "none", "--action-taken", "x", "--as", BEN_EMAIL],
                "--root-cause is none of",
            ),
            (&["nothing-to-do", &one, "--reason", "boring", "--as", BEN_EMAIL], "--reason must be one of"),
            (&["priority", &one, "--to", "big", "--as", BEN_EMAIL], "--to must be one of"),
            (&["show", "99"], "no case 99"),
            (&["assign", &one, "--team", "none", "--as", BEN_EMAIL], "--team is no team"),
        ] {
            let refused = shop.cli(args);
            assert!(!refused.status.success() && refused.stderr.lines().count() == 1, "{args:?}: {refused:?}");
            assert!(refused.stderr.contains(told), "{told}: {}", refused.stderr);
        }
        let some = shop.cli(&["acknowledge", &one, "99", "--as", counterbell_tests::sample::RECIPIENT]);
        assert!(!some.status.success() && some.stderr.contains("1 of 2 cases"), "{some:?}");
        assert!(some.stdout.contains("as before") && some.stdout.contains("case 99: not done"), "{some:?}");
        let help = shop.app.cli(&["case", "--help"]).stdout;
        assert!(help.contains("acknowledge") && help.contains("nothing-to-do"), "{help}");
    }
}
