//! Faults that axe-core finds for people who cannot see, hear or point well.

use serde_json::{Value, json};

use crate::{Browser, environment};

/// WCAG 2.2 up to level AA, and what axe-core's authors advise beyond it.
const TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// Runs axe-core, which looks into open shadow roots too.
const RUN: &str = "const [tags] = arguments;
    return axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }).then((result) => ({
        rules: result.passes.length + result.violations.length,
        findings: result.violations.flatMap(({ id, help, nodes }) =>
            nodes.map(({ target, failureSummary }) => `${id}: ${help}\\n  ${target.flat().join(' > ')}\\n  ${failureSummary}`)),
    }))";

/// Looks for faults in what the page shows now.
///
/// # Panics
/// When there is one; the page is called `state` then.
pub(super) async fn must_be_clean(browser: &Browser, state: &str) {
    // Half faded in, words have half their contrast.
    if browser.run("return document.querySelector('counterbell-widget') != null").await == true {
        browser.widget().come_to_rest().await;
    }
    if browser.run("return typeof axe").await == "undefined" {
        browser.run(&environment::npm("axe-core@4.14.1/axe.min.js")).await;
    }
    let Value::Object(report) = browser.run_with(RUN, json!([TAGS])).await else { panic!("axe-core reported nothing") };
    assert!(report["rules"].as_u64().unwrap() > 10, "axe-core checked nothing: {report:?}");
    let findings: Vec<_> = report["findings"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(findings.is_empty(), "{state}: axe-core has {} findings\n{}", findings.len(), findings.join("\n"));
}
