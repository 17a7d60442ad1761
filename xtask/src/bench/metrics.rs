//! What the server says of itself.

use anyhow::{Context, Result};

/// The text of `/metrics`.
pub struct Metrics(pub String);

impl Metrics {
    /// A metric without labels.
    ///
    /// # Errors
    /// There is no such metric.
    pub fn get(&self, name: &str) -> Result<f64> {
        self.find(name).with_context(|| format!("the server has no metric {name}"))
    }

    /// A metric without labels that servers of some versions do not have.
    pub fn find(&self, name: &str) -> Option<f64> {
        self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_is_found_by_its_whole_name() {
        let metrics = Metrics("# HELP a_pending\na_pending_ms 7\na_pending{x=\"y\"} 8\na_pending 9\n".to_owned());
        assert_eq!(metrics.get("a_pending").unwrap(), 9.0);
        assert_eq!(metrics.find("a"), None);
        assert!(metrics.get("b_pending").is_err());
    }
}
