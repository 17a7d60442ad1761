//! What a lane and a kind of message have to be able to do. Each lives with its subject; `startup` registers it.

use std::pin::Pin;

use diesel::result::QueryResult;

use super::handover::Handover;
use crate::db::AnyConnection;
use crate::db::outbox::OutboxRow;

/// A way out, with its own senders: a slow receiver delays only what goes the same way.
pub trait Lane: Send + Sync {
    /// The name in the database, in metrics and in the log.
    fn name(&self) -> &'static str;

    /// Most messages sent side by side.
    fn slots(&self) -> usize;

    /// How long a message is leased for, in ms. While it is being sent its lease is renewed.
    fn lease_ms(&self) -> i64;

    /// A round is over: connections that nobody needs can end.
    fn rest(&self) {}

    /// These messages were deleted: what is left of them, such as files, is to go.
    fn forget(&self, _message_ids: &[Vec<u8>]) {}
}

/// One kind of message.
pub trait Deliver: Send + Sync {
    /// The name in the database.
    fn kind(&self) -> &'static str;

    /// Reads what messages of this kind are made of; for each what is to be done with it, in the same order.
    ///
    /// # Errors
    /// What the database says; then the messages are tried again soon.
    fn prepare(&self, conn: &mut AnyConnection, messages: &[&OutboxRow]) -> QueryResult<Vec<ToDo>>;
}

/// What is to be done with a message that is due.
pub enum ToDo {
    /// This sends it.
    Send(Delivery),
    /// Nobody wants it any more: what it was to tell of is over. It goes, with its tries, and the journal says so.
    Withdraw,
}

/// Sends one message. It says when it begins to hand it over, and ends by itself.
pub type Delivery = Box<dyn FnOnce(Handover) -> Sending + Send>;

/// A message being sent.
pub type Sending = Pin<Box<dyn Future<Output = Result<(), NotDelivered>>>>;

/// A message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotDelivered {
    /// Why, in one line without any address.
    pub error: String,
    /// Whether another attempt would end the same way.
    pub is_permanent: bool,
}
