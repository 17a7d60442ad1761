//! What somebody may do on a site.

use strum::Display;

/// Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display)]
#[strum(serialize_all = "snake_case")]
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
