//! What was aimed at.

use std::fmt;

use serde::Serialize;

/// A figure, and what it may be at most.
#[derive(Serialize)]
pub struct Target {
    /// What is measured.
    pub what: &'static str,
    /// What came out, in words.
    pub measured: String,
    /// What it may be at most, in words.
    pub limit: String,
    /// Whether it is.
    pub met: bool,
    /// Whether it says something of this machine, and not only of the widget.
    pub about_time: bool,
}

impl Target {
    /// One that depends on the machine.
    pub fn of_time(what: &'static str, measured: String, limit: String, met: bool) -> Self {
        Self { what, measured, limit, met, about_time: true }
    }

    /// One that must be met anywhere.
    pub fn of_widget(what: &'static str, measured: String, limit: String, met: bool) -> Self {
        Self { what, measured, limit, met, about_time: false }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.met { "met" } else { "NOT MET" };
        write!(f, "{:<44} {:>12}  {:<18} {verdict}", self.what, self.measured, self.limit)
    }
}
