//! Input as from a customer's hand: it goes through all of the browser, not only the page's scripts.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Browser;

impl Browser {
    /// Taps at a point, `{ x, y }` in CSS pixels from the window's upper left corner. A finger does not hover first.
    ///
    /// # Errors
    /// `point` is none, or the browser is gone.
    pub fn tap(&self, point: &Value) -> Result<()> {
        let (x, y) = (number(point, "x")?, number(point, "y")?);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.devtools("Input.dispatchMouseEvent", event)?;
        }
        Ok(())
    }

    /// Moves the mouse to the window's corner, so that nothing looks hovered.
    ///
    /// # Errors
    /// The browser is gone.
    pub fn point_at_nothing(&self) -> Result<()> {
        let event = json!({ "type": "mouseMoved", "x": 0, "y": 0 });
        self.devtools("Input.dispatchMouseEvent", event).map(|_| ())
    }
}

fn number(point: &Value, name: &str) -> Result<f64> {
    point[name].as_f64().with_context(|| format!("no place to tap: {point}"))
}
