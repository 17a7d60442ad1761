//! Where a page ended, as an opaque text.

use data_encoding::HEXLOWER;
use serde::de::{Deserialize, Deserializer, Error as _};

use crate::db::case_lists::{CasePosition, Order};
use crate::db::outbox::OutboxPosition;
use crate::db::responses::ResponsePosition;

/// Where a page of found responses ended: their place in the order of storing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchPosition(pub i64);

/// Where a page of a summary's touchpoints ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchpointPosition {
    /// How many responses the touchpoint had.
    pub count: i64,
    /// Its name.
    pub touchpoint: String,
}

/// Where a page of what has a name ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePosition(pub String);

/// Where a page of cases ended, in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseCursor {
    /// Of the list.
    pub order: Order,
    /// In the list.
    pub position: CasePosition,
}

impl CaseCursor {
    /// The place in a list of this order.
    ///
    /// # Errors
    /// A reason, for the place in another.
    pub fn after(self, order: Order) -> Result<CasePosition, &'static str> {
        if self.order == order { Ok(self.position) } else { Err(INVALID) }
    }
}

/// Can be handed out as a cursor and read back.
pub trait Cursor: Sized {
    /// The text; opaque to the caller.
    fn encode(&self) -> String;
    /// # Errors
    /// A reason, for a text that `encode` did not make.
    fn decode(text: &str) -> Result<Self, &'static str>;
}

/// The parameter by which a page is asked for: the `next_cursor` of the one before.
#[derive(Clone, Debug)]
pub struct After<C>(pub C);

impl<'de, C: Cursor> Deserialize<'de> for After<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        C::decode(&text).map(Self).map_err(D::Error::custom)
    }
}

const INVALID: &str = "must be a \"next_cursor\" of an earlier answer";

impl Cursor for ResponsePosition {
    fn encode(&self) -> String {
        hex(&[&self.created_at.to_be_bytes(), &self.site_id.to_be_bytes(), &self.response_id])
    }

    fn decode(text: &str) -> Result<Self, &'static str> {
        let bytes = unhex_exactly::<32>(text)?;
        let (created_at, rest) = first_i64(&bytes)?;
        let (site_id, response_id) = first_i64(rest)?;
        Ok(Self { created_at, site_id, response_id: response_id.to_vec() })
    }
}

impl Cursor for OutboxPosition {
    fn encode(&self) -> String {
        hex(&[&self.created_at.to_be_bytes(), &self.message_id])
    }

    fn decode(text: &str) -> Result<Self, &'static str> {
        let bytes = unhex_exactly::<24>(text)?;
        let (created_at, message_id) = first_i64(&bytes)?;
        Ok(Self { created_at, message_id: message_id.to_vec() })
    }
}

impl Cursor for CaseCursor {
    fn encode(&self) -> String {
        let CasePosition { at, number, site_id } = self.position;
        let order = [u8::from(self.order == Order::Due)];
        hex(&[&order, &at.to_be_bytes(), &number.to_be_bytes(), &site_id.to_be_bytes()])
    }

    fn decode(text: &str) -> Result<Self, &'static str> {
        let bytes = unhex_exactly::<25>(text)?;
        let (order, rest) = bytes.split_first().ok_or(INVALID)?;
        let order = match order {
            0 => Order::Newest,
            1 => Order::Due,
            _ => return Err(INVALID),
        };
        let (at, rest) = first_i64(rest)?;
        let (number, rest) = first_i64(rest)?;
        let (site_id, _) = first_i64(rest)?;
        Ok(Self { order, position: CasePosition { at, number, site_id } })
    }
}

impl Cursor for SearchPosition {
    fn encode(&self) -> String {
        hex(&[&self.0.to_be_bytes()])
    }

    fn decode(text: &str) -> Result<Self, &'static str> {
        Ok(Self(i64::from_be_bytes(unhex_exactly::<8>(text)?)))
    }
}

impl Cursor for TouchpointPosition {
    fn encode(&self) -> String {
        hex(&[&self.count.to_be_bytes(), self.touchpoint.as_bytes()])
    }

    fn decode(text: &str) -> Result<Self, &'static str> {
        let bytes = unhex(text)?;
        let (count, name) = first_i64(&bytes)?;
        Ok(Self { count, touchpoint: stored_name(name)? })
    }
}

impl Cursor for NamePosition {
    fn encode(&self) -> String {
        hex(&[self.0.as_bytes()])
    }

    fn decode(text: &str) -> Result<Self, &'static str> {
        stored_name(&unhex(text)?).map(Self)
    }
}

fn hex(parts: &[&[u8]]) -> String {
    HEXLOWER.encode(&parts.concat())
}

fn unhex(text: &str) -> Result<Vec<u8>, &'static str> {
    HEXLOWER.decode(text.as_bytes()).map_err(|_| INVALID)
}

fn unhex_exactly<const N: usize>(text: &str) -> Result<[u8; N], &'static str> {
    unhex(text)?.try_into().map_err(|_| INVALID)
}

/// A text that is stored: not empty, and without NUL.
fn stored_name(bytes: &[u8]) -> Result<String, &'static str> {
    let name = str::from_utf8(bytes).ok().filter(|name| !name.is_empty() && !name.contains('\0'));
    name.map(ToOwned::to_owned).ok_or(INVALID)
}

fn first_i64(bytes: &[u8]) -> Result<(i64, &[u8]), &'static str> {
    let (first, rest) = bytes.split_first_chunk().ok_or(INVALID)?;
    Ok((i64::from_be_bytes(*first), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_reads_back() {
        let position = ResponsePosition { created_at: 1_795_269_900_000, site_id: 7, response_id: vec![0xab; 16] };
        assert_eq!(ResponsePosition::decode(&position.encode()), Ok(position));
        for bad in ["", "x", &"g".repeat(64), &"é".repeat(32), &"0".repeat(62)] {
            assert_eq!(ResponsePosition::decode(bad), Err(INVALID), "{bad}");
        }
        for order in [Order::Newest, Order::Due] {
            let cursor = CaseCursor { order, position: CasePosition { at: i64::MAX, number: 12, site_id: 7 } };
            assert_eq!(CaseCursor::decode(&cursor.encode()), Ok(cursor));
        }
        for bad in ["", "00", &"2".repeat(50), &"0".repeat(48), &"é".repeat(25)] {
            assert_eq!(CaseCursor::decode(bad), Err(INVALID), "{bad}");
        }
        let position = TouchpointPosition { count: 7, touchpoint: "caf\u{e9} 12".to_owned() };
        assert_eq!(TouchpointPosition::decode(&position.encode()), Ok(position));
        for bad in ["", "00", &"0".repeat(16), &"0".repeat(17), &format!("{}ff", "0".repeat(16)), &"é".repeat(20)] {
            assert_eq!(TouchpointPosition::decode(bad), Err(INVALID), "{bad}");
        }
        let position = NamePosition("K\u{e4}se/12".to_owned());
        assert_eq!(NamePosition::decode(&position.encode()), Ok(position));
        for bad in ["", "0", "00", "ff", "é"] {
            assert_eq!(NamePosition::decode(bad), Err(INVALID), "{bad}");
        }
    }
}
