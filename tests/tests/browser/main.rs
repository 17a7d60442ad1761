//! The widget on a retailer's page of another origin, in a real browser.

mod accessible;
mod failure;
mod host_page;
mod journey;
mod keyboard;
mod shop;
