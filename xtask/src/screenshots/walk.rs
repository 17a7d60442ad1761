//! The way through the card, whatever steps it has.

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;

/// An unhappy score: what follows is asked of those.
const SCORE: &str = "2";
/// More steps than a survey may have.
const STEPS_MAX: usize = 25;

/// A customer who is somewhere in the card.
pub struct Walk<'a> {
    browser: &'a Browser,
    comment: &'static str,
    /// Steps behind the customer.
    done: usize,
    /// There is nothing left to press.
    ended: bool,
}

impl<'a> Walk<'a> {
    /// Opens the card.
    ///
    /// # Errors
    /// The card does not open.
    pub fn open(browser: &'a Browser, comment: &'static str) -> Result<Self> {
        let walk = Self { browser, comment, done: 0, ended: false };
        walk.tap("button.launcher")?;
        walk.call("place", json!(["input[name=score]"]))?;
        walk.come_to_rest()?;
        Ok(walk)
    }

    /// What this step is called in files' names.
    pub fn step_name(&self) -> String {
        match (self.done, self.ended) {
            (0, _) => "1-score".to_owned(),
            (done, false) => format!("{}-follow-up", done + 1),
            (done, true) => format!("{}-thanks", done + 1),
        }
    }

    /// Moves to a score, as with the keyboard: a tap would lead on.
    ///
    /// # Errors
    /// The card asks for none.
    pub fn move_to_score(&self) -> Result<()> {
        self.call("moveToScore", json!([SCORE]))?;
        self.come_to_rest()
    }

    /// Leaves an address, and agrees to be written to.
    ///
    /// # Errors
    /// The step asks for none.
    pub fn leave_address(&self, address: &str) -> Result<()> {
        self.call("leaveAddress", json!([address]))?;
        self.come_to_rest()
    }

    /// Goes on; false when this was the last step.
    ///
    /// # Errors
    /// The card does not go on, or never ends.
    pub fn next(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let before = self.call("card", json!([]))?;
        if self.done == 0 {
            self.tap(&format!("label:has(> input[name=score][value='{SCORE}'])"))?;
            self.fill_in()?;
        }
        // A tap on a score may have led on already.
        if self.done > 0 || self.call("isRating", json!([]))? == true {
            self.tap("button.next, button.send")?;
        }
        let after = self.call("changed", json!([before]))?;
        if let Some(words) = after["alert"].as_str() {
            bail!("the card does not go on: {words}");
        }
        self.ended = after["ended"] == true;
        self.done += 1;
        ensure!(self.done < STEPS_MAX, "the card has no end");
        self.fill_in()?;
        Ok(true)
    }

    /// Answers what is asked, where there is something to write or to choose, and takes the pointer away.
    fn fill_in(&self) -> Result<()> {
        self.call("fillIn", json!([self.comment]))?;
        self.come_to_rest()
    }

    fn come_to_rest(&self) -> Result<()> {
        self.browser.point_at_nothing()?;
        self.call("rest", json!([])).map(|_| ())
    }

    fn tap(&self, css: &str) -> Result<()> {
        let place = self.call("place", json!([css]))?;
        self.browser.tap(&place)
    }

    fn call(&self, name: &str, arguments: Value) -> Result<Value> {
        let script = format!("{}\nreturn {name}(...arguments[0]);", include_str!("walk.js"));
        self.browser.run(&script, json!([arguments]))
    }
}
