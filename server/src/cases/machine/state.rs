use strum::{EnumString, IntoStaticStr, VariantArray};

/// How far a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// Nobody has said "I have this".
    Open,
    /// Its owner has it.
    InProgress,
    /// Its owner has it, and waits for the customer.
    Waiting,
    /// It was put right; the customer may still say otherwise.
    Resolved,
    /// Nothing more is expected.
    Closed,
}

/// How much a case matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the usual four")]
pub enum Priority {
    Low,
    Normal,
    High,
    Urgent,
}

/// Why there is nothing to do about a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum NothingToDo {
    /// Somebody tried the survey.
    Test,
    /// No customer wrote it.
    Spam,
    /// Another case is about the same.
    Duplicate,
    /// The customer complains of nothing.
    NoComplaint,
    /// The customer cannot be reached.
    Unreachable,
    /// Every response of it was deleted. The server alone says so.
    Erased,
}

impl State {
    /// As the journal and the API name it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the work is over.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }
}

impl Priority {
    /// As the journal and the API name it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl NothingToDo {
    /// Those that people can give.
    pub const OF_STAFF: [Self; 5] = [Self::Test, Self::Spam, Self::Duplicate, Self::NoComplaint, Self::Unreachable];

    /// As the journal and the API name it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
