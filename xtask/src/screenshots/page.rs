//! `docs/SCREENSHOTS.md`.

use super::mails::{MAILS, MailScene};
use super::scene::Scene;

const HEAD: &str = "# Screenshots\n\n\
    The widget on the demo's shop, in Chromium. An unhappy customer walks through every step of the survey `csat`.\n\
    `cargo xtask screenshots` takes the pictures and writes this page; please change neither by hand.\n\n";

/// A table with a row a step and a column a scene.
pub fn render(taken: &[(Scene, Vec<String>)]) -> String {
    let mut page = HEAD.to_owned();
    let titles: Vec<_> = taken.iter().map(|(scene, _)| scene.title).collect();
    page.push_str(&format!("| step | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(titles.len())));
    // Scenes differ in their looks, not in their steps; a scene without a step has an empty cell.
    let steps = taken.iter().map(|(_, steps)| steps).max_by_key(|steps| steps.len());
    for step in steps.into_iter().flatten() {
        let words = step.split_once('-').map_or(step.as_str(), |(_, words)| words).replace('-', " ");
        page.push_str(&format!("| {words} |"));
        for (scene, steps) in taken {
            if steps.contains(step) {
                let alternative = format!("{}, {words}", scene.title);
                page.push_str(&format!(" ![{alternative}](images/{}) |", scene.file(step)));
            } else {
                page.push_str(" |");
            }
        }
        page.push('\n');
    }
    page + &mails()
}

/// The mails, beside each other.
fn mails() -> String {
    let names: Vec<_> = MAILS.iter().map(|mail| mail.name.replace('-', " ")).collect();
    let picture = |mail: &MailScene| format!("![mail, {}](images/{})", mail.name.replace('-', " "), mail.file());
    let pictures: Vec<_> = MAILS.iter().map(picture).collect();
    format!(
        "\n## Mails\n\nWhat staff get ([Mails](MAILS.md)), as the files of `server/tests/mails` have it.\n\n| {} |\n|{}\n| {} |\n",
        names.join(" | "),
        "---|".repeat(names.len()),
        pictures.join(" | ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screenshots::scene::SCENES;

    #[test]
    fn table_has_a_row_a_step_and_an_empty_cell_for_a_step_a_scene_lacks() {
        let steps = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let taken = [(SCENES[0], steps(&["1-score", "2-thanks"])), (SCENES[1], steps(&["1-score"]))];
        let page = render(&taken);
        let table = page.strip_prefix(HEAD).and_then(|page| page.strip_suffix(&mails())).unwrap();
        assert_eq!(
            table,
            "| step | light | dark |\n|---|---|---|\n\
             | score | ![light, score](images/widget-light-1-score.png) | ![dark, score](images/widget-dark-1-score.png) |\n\
             | thanks | ![light, thanks](images/widget-light-2-thanks.png) | |\n"
        );
    }
}
