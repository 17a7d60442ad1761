//! Answers as people read them.

use counterbell_shared::Survey;
use counterbell_shared::answers::{Answer, Answers};
use counterbell_shared::survey::Choice;

/// Question and answer of each, in the language that suits `wanted` best, else in the survey's default one. What the survey
/// does not know, perhaps since it is another version, is told by its id.
pub fn labelled(answers: &Answers, survey: Option<&Survey>, wanted: &str) -> Vec<(String, String)> {
    let one = |(id, answer): (&str, &Answer)| {
        let known = survey.and_then(|survey| Some((survey, survey.choice(id)?)));
        let question = known.map_or(id, |(survey, choice)| choice.question.resolve(wanted, &survey.default_locale));
        (question.to_owned(), answer_text(answer, known, wanted))
    };
    answers.iter().map(one).collect()
}

fn answer_text(answer: &Answer, known: Option<(&Survey, &Choice)>, wanted: &str) -> String {
    let label = |id: &String| {
        let label = known.and_then(|(survey, choice)| {
            let found = choice.choices.iter().find(|one| one.id == *id)?;
            Some(found.label.resolve(wanted, &survey.default_locale))
        });
        label.unwrap_or(id).to_owned()
    };
    let mut parts: Vec<_> = answer.choices.iter().map(label).collect();
    parts.extend(answer.other.iter().map(|words| words.as_str().to_owned()));
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::template;
    use super::*;

    #[test]
    fn answers_are_told_by_labels_and_unknown_ones_by_ids() {
        let json = r#"{"mood":{"choices":["bad"]},"reasons":{"choices":["late","moon"],"other":"no bell"}}"#;
        let answers = Answers::from_json(json).unwrap();
        let survey = &template("csat").unwrap().survey;
        let told = labelled(&answers, Some(survey), "de-AT");
        assert_eq!(told[0], ("mood".to_owned(), "bad".to_owned()));
        assert_eq!(told[1].0, "Was ist schiefgelaufen?");
        assert_eq!(labelled(&answers, Some(survey), "nl")[1].0, "What went wrong?");
        assert!(told[1].1.ends_with("; moon; no bell") && !told[1].1.starts_with("late"), "{told:?}");
        assert_eq!(labelled(&answers, None, "de-AT")[1], ("reasons".to_owned(), "late; moon; no bell".to_owned()));
    }
}
