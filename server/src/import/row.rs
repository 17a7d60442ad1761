//! From a row of a file to a response.

use std::borrow::Cow;

use counterbell_shared::answers::NewAnswers;
use counterbell_shared::response::{Channel, NewResponse, Response};
use counterbell_shared::time::UnixMillis;
use counterbell_shared::{ResponseId, SiteKey, SurveyVersion, Touchpoint};
use sha2::{Digest, Sha256};

use super::mapping::Field;
use super::seen::Seen;
use super::{ImportError, ImportOptions};
use crate::db::sites::Site;

/// Reads rows that are laid out as one header says.
pub struct RowParser<'a> {
    site_key: &'a SiteKey,
    survey: &'a SurveyVersion,
    touchpoint: Option<&'a Touchpoint>,
    /// The site deletes what was created before.
    kept_from: UnixMillis,
    columns: Vec<(Field, usize)>,
    seen: Seen,
}

impl<'a> RowParser<'a> {
    /// For rows below `header`.
    ///
    /// # Errors
    /// [`ImportError::NoColumn`] when it lacks a column that the mapping names.
    pub fn new(
        site: &'a Site,
        options: &'a ImportOptions,
        kept_from: UnixMillis,
        header: &csv::ByteRecord,
    ) -> Result<Self, ImportError> {
        // A spreadsheet's byte order mark is no part of the first column's name.
        let names: Vec<_> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        let place = |(field, column): (Field, &str)| {
            let found = names.iter().position(|name| name == column);
            found.map(|place| (field, place)).ok_or_else(|| ImportError::NoColumn {
                column: column.to_owned(),
                field: field.into(),
                known: names.join(", "),
            })
        };
        let columns = options.mapping.columns().map(place).collect::<Result<_, _>>()?;
        Ok(Self {
            site_key: &site.site_key,
            survey: &options.survey,
            touchpoint: options.touchpoint.as_ref(),
            kept_from,
            columns,
            seen: Seen::new(),
        })
    }

    /// The row's response, or why it is none.
    ///
    /// # Errors
    /// The reason, for people.
    pub fn parse(&mut self, row: &csv::ByteRecord) -> Result<Response, String> {
        let mut new = NewResponse {
            site_key: self.site_key.as_str().into(),
            survey: Some(Cow::Borrowed(&self.survey.name)),
            channel: Some(Channel::Import.as_str().into()),
            ..NewResponse::default()
        };
        for (field, place) in &self.columns {
            let cell = std::str::from_utf8(row.get(*place).unwrap_or_default())
                .map_err(|_| format!("{field} is not UTF-8"))?
                .trim();
            let text = (!cell.is_empty()).then_some(Cow::Borrowed(cell));
            match field {
                Field::Score => {
                    new.score = cell.parse().map_err(|_| format!("score \"{}\" is not a whole number", shown(cell)))?;
                }
                Field::Comment => new.comment = text,
                Field::Answers => new.answers = text.map(|json| answers(&json)).transpose()?,
                Field::Touchpoint => new.touchpoint = text,
                Field::OrderRef => new.order_ref = text,
                Field::CustomerRef => new.customer_ref = text,
                Field::Locale => new.locale = text,
                Field::PageUrl => new.page_url = text,
                Field::CreatedAt => new.created_at = text,
                Field::ResponseId => new.response_id = text,
            }
        }
        if new.touchpoint.is_none() {
            new.touchpoint = self.touchpoint.map(|touchpoint| touchpoint.as_str().into());
        }
        // Nothing is left out: the row can be corrected, and a row with less in it would be another one.
        let mut response = new.parse_strictly(|_| Ok(self.survey.clone())).map_err(|errors| {
            let errors =
                errors.iter().map(|error| format!("{} {}", error.pointer.trim_start_matches('/'), error.detail));
            errors.collect::<Vec<_>>().join("; ")
        })?;
        // It would be deleted within the hour, and counted anew by the next import.
        if let Some(created_at) = response.created_at.filter(|created_at| *created_at < self.kept_from) {
            return Err(format!("created_at {created_at} is longer ago than the site keeps responses"));
        }
        if response.response_id.is_none() {
            response.response_id = Some(self.id_of(row, &response));
        }
        Ok(response)
    }

    /// The same for the same row of the same site and survey, wherever in the file it stands: a longer or re-sorted
    /// export adds only what is new. Rows alike to the last letter are told apart by counting them.
    fn id_of(&mut self, row: &csv::ByteRecord, response: &Response) -> ResponseId {
        let mut content = Sha256::new();
        for cell in [self.site_key.as_str().as_bytes(), self.survey.name.as_bytes()].into_iter().chain(row.iter()) {
            content.update((cell.len() as u64).to_be_bytes());
            content.update(cell);
        }
        let count = self.seen.count(&content.clone().finalize().into());
        content.update(count.to_be_bytes());
        let digest = content.finalize();
        let created_ms = response.created_at.and_then(|at| u64::try_from(at.0).ok()).unwrap_or(0);
        ResponseId::v8(created_ms, std::array::from_fn(|i| digest[i]))
    }
}

fn answers(json: &str) -> Result<NewAnswers, String> {
    serde_json::from_str(json)
        .map_err(|_| "answers is not JSON such as {\"reasons\":{\"choices\":[\"late\"]}}".to_owned())
}

/// Enough of a cell to recognise it; the whole row is in the rejects file.
fn shown(cell: &str) -> String {
    cell.chars().take(20).collect()
}
