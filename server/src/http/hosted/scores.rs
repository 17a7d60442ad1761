//! How each score is drawn and read out.

use counterbell_shared::Scale;
use counterbell_shared::survey::ScoreDisplay;
use counterbell_shared::widget_config::{WidgetConfig, WidgetSurvey};

/// One radio button.
pub struct ScoreView<'a> {
    /// The score.
    pub value: u8,
    /// What it means, where the survey says so.
    pub label: Option<&'a str>,
    /// It was picked.
    pub checked: bool,
    /// What stands for it.
    pub picture: Picture,
}

impl ScoreView<'_> {
    /// What stands for it can be read as well as seen.
    pub fn is_number(&self) -> bool {
        matches!(self.picture, Picture::Number)
    }
}

/// What stands for a score; drawn in the template.
pub enum Picture {
    /// A star.
    Star,
    /// A face: the line of its mouth, in a box of 40 by 40.
    Face(String),
    /// Its number.
    Number,
    /// A thumb, up or down.
    Thumb {
        /// Up.
        up: bool,
    },
}

/// The scores to offer, lowest first.
pub fn scores<'a>(config: &'a WidgetConfig<'_>, picked: Option<i64>) -> Vec<ScoreView<'a>> {
    let survey = &config.survey;
    let scale = survey.scale;
    let offered = scale.scores().filter(|score| {
        // Two thumbs are no more than the ends of the scale.
        survey.display != ScoreDisplay::Thumbs || *score == scale.min || *score == scale.max
    });
    let view = |value: u8| ScoreView {
        value,
        label: match value {
            _ if value == scale.min => Some(survey.low_label),
            _ if value == scale.max => Some(survey.high_label),
            _ => None,
        },
        checked: picked == Some(value.into()),
        picture: picture(survey, value),
    };
    offered.map(view).collect()
}

fn picture(survey: &WidgetSurvey<'_>, value: u8) -> Picture {
    match survey.display {
        ScoreDisplay::Stars => Picture::Star,
        ScoreDisplay::Numbers => Picture::Number,
        ScoreDisplay::Thumbs => Picture::Thumb { up: value == survey.scale.max },
        ScoreDisplay::Faces => Picture::Face(mouth(f32::from(value - survey.scale.min), survey.scale)),
    }
}

/// From corners that hang to corners that are drawn up.
fn mouth(place: f32, scale: Scale) -> String {
    let gladness = 4.0 * place / f32::from(scale.max - scale.min) - 2.0;
    let (corner, middle) = (27.0 - gladness, 27.0 + 3.0 * gladness);
    format!("M12 {corner}Q20 {middle} 28 {corner}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_go_from_sad_to_glad() {
        let scale = Scale { min: 1, max: 3 };
        let mouths: Vec<_> = [0.0, 1.0, 2.0].map(|place| mouth(place, scale)).into();
        assert_eq!(mouths, ["M12 29Q20 21 28 29", "M12 27Q20 27 28 27", "M12 25Q20 33 28 25"]);
    }
}
