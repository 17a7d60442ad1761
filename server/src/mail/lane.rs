//! The lane that mails take.

use super::mailer::{Mailer, SendError, delete_files};
pub use crate::db::outbox::MAIL_LANE;
use crate::outbox::{Lane, NotDelivered};

/// Mails sent side by side: a mail server takes a few connections of one sender.
const SENDING_MAX: usize = 16;

impl Lane for Mailer {
    fn name(&self) -> &'static str {
        MAIL_LANE
    }

    fn slots(&self) -> usize {
        SENDING_MAX
    }

    fn lease_ms(&self) -> i64 {
        self.limits().lease_ms()
    }

    fn rest(&self) {
        self.close_idle();
    }

    fn forget(&self, message_ids: &[Vec<u8>]) {
        delete_files(self.folder(), message_ids);
    }
}

impl From<SendError> for NotDelivered {
    fn from(error: SendError) -> Self {
        Self { is_permanent: error.is_permanent(), error: error.to_string() }
    }
}
