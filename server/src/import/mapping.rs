//! Which column holds what.

use std::str::FromStr;

use strum::{Display, EnumString, IntoStaticStr, VariantNames};

/// A field of a response that a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Field {
    /// Needed.
    Score,
    /// The customer's own words.
    Comment,
    /// Answers to further questions, as JSON.
    Answers,
    /// Where in the customer's journey.
    Touchpoint,
    /// The retailer's name for the order.
    OrderRef,
    /// The retailer's name for the customer.
    CustomerRef,
    /// Language tag.
    Locale,
    /// Page it was asked on.
    PageUrl,
    /// RFC 3339 time or date.
    CreatedAt,
    /// UUID; without one, it is made from the row.
    ResponseId,
}

/// Fields and their columns, as in `score=Rating,comment="Review Text"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping(Vec<(Field, String)>);

impl Mapping {
    /// Fields and their columns' names.
    pub fn columns(&self) -> impl Iterator<Item = (Field, &str)> {
        self.0.iter().map(|(field, column)| (*field, column.as_str()))
    }
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut columns: Vec<(Field, String)> = Vec::new();
        for pair in split_outside_quotes(text) {
            let (name, column) = pair.split_once('=').ok_or_else(|| format!("\"{pair}\" is not field=column"))?;
            let name = name.trim();
            let field =
                name.parse().map_err(|_| format!("\"{name}\" is not a field: use {}", Field::VARIANTS.join(", ")))?;
            if columns.iter().any(|(known, _)| *known == field) {
                return Err(format!("{name} is given twice"));
            }
            let column = column.trim();
            let unquoted = column.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(column);
            columns.push((field, unquoted.to_owned()));
        }
        if !columns.iter().any(|(field, _)| *field == Field::Score) {
            return Err("name the column that holds the score: score=COLUMN".to_owned());
        }
        Ok(Self(columns))
    }
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_may_be_quoted() {
        let mapping: Mapping = r#"score=Rating, comment="Review, Text",touchpoint=Department Name"#.parse().unwrap();
        let columns: Vec<_> = mapping.columns().collect();
        assert_eq!(
            columns,
            [(Field::Score, "Rating"), (Field::Comment, "Review, Text"), (Field::Touchpoint, "Department Name")]
        );
    }

    #[test]
    fn bad_mappings_say_why() {
        for (text, reason) in [
            ("comment=a", "name the column that holds the score: score=COLUMN"),
            ("score", "\"score\" is not field=column"),
            ("score=a,score=b", "score is given twice"),
        ] {
            assert_eq!(text.parse::<Mapping>(), Err(reason.to_owned()));
        }
        assert!("rating=a".parse::<Mapping>().unwrap_err().starts_with("\"rating\" is not a field: use score,"));
    }
}
