//! The widget on a retailer's page of another origin, in a real browser.
#![expect(clippy::unwrap_used, reason = "a step of a test that cannot be done fails the test")]

mod accessible;
mod case_page;
mod demo;
mod everyone;
mod failure;
mod frameworks;
mod host_page;
mod hosted;
mod hostile;
mod journey;
mod kept;
mod keyboard;
mod page_api;
mod shop;
mod steps;
