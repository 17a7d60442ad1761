/// Who sends a command, and by which means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// Who it is.
    pub who: Who,
    /// How the command came.
    pub means: Means,
}

/// Who sends a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A member of staff, by the id of the person.
    Person(i64),
    /// The customer whose response it is.
    Customer,
    /// The server by itself, an operator, or an API key that names no person.
    System,
}

/// How a command came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the means")]
pub enum Means {
    Api,
    Chat,
    Cli,
    Console,
    Link,
    Mail,
    Server,
}

impl By {
    /// The server by itself.
    pub const SERVER: Self = Self { who: Who::System, means: Means::Server };

    /// A member of staff.
    pub fn person(person_id: i64, means: Means) -> Self {
        Self { who: Who::Person(person_id), means }
    }

    /// As the journal names it: `person/7`, `customer` or `server`.
    pub fn actor(&self) -> String {
        match self.who {
            Who::Person(person_id) => format!("person/{person_id}"),
            Who::Customer => "customer".to_owned(),
            Who::System => "server".to_owned(),
        }
    }

    /// The id of the member of staff, if it is one.
    pub fn person_id(&self) -> Option<i64> {
        match self.who {
            Who::Person(person_id) => Some(person_id),
            Who::Customer | Who::System => None,
        }
    }
}

impl Means {
    /// As the journal names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Chat => "chat",
            Self::Cli => "cli",
            Self::Console => "console",
            Self::Link => "link",
            Self::Mail => "mail",
            Self::Server => "server",
        }
    }
}
