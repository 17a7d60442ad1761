//! The widget on a retailer's page, in a real browser.
