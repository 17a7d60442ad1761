//! What somebody may do on a site.

/// Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Works on what customers said.
    Agent,
    /// Decides what is asked, and who is told.
    Manager,
    /// Changes and deletes everything of the site.
    Admin,
}

impl Role {
    /// The name in the document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

/// A role as a type: an extractor with it is a permission that a handler cannot forget to ask for.
pub trait AtLeast: 'static {
    /// The role.
    const ROLE: Role;
}

macro_rules! roles {
    ($($name:ident)*) => {
        $(
            #[doc = concat!("At least [`Role::", stringify!($name), "`].")]
            pub struct $name;

            impl AtLeast for $name {
                const ROLE: Role = Role::$name;
            }
        )*
    };
}

roles! { Viewer Agent Manager Admin }
