//! The widget on a retailer's page of another origin, in a real browser.

mod accessible;
mod everyone;
mod failure;
mod frameworks;
mod host_page;
mod hostile;
mod journey;
mod keyboard;
mod shop;
