-- Times are Unix milliseconds (UTC). Keys begin with the site, so that a larger database can be spread by it.

CREATE TABLE sites (
    id INTEGER PRIMARY KEY NOT NULL,
    site_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE site_origins (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    origin TEXT NOT NULL,
    PRIMARY KEY (site_id, origin)
) STRICT, WITHOUT ROWID;

-- A preflight names an origin and no site.
CREATE INDEX site_origins_by_origin ON site_origins (origin);

CREATE TABLE site_recipients (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    email TEXT NOT NULL,
    PRIMARY KEY (site_id, email)
) STRICT, WITHOUT ROWID;

-- `bands` is a comma-separated list: a response in one of them fires the rule.
CREATE TABLE alert_rules (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    bands TEXT NOT NULL,
    PRIMARY KEY (site_id, name)
) STRICT, WITHOUT ROWID;

-- `site_id` NULL: the key covers every site. Only the secret's SHA-256 is kept.
CREATE TABLE api_keys (
    key_id TEXT PRIMARY KEY NOT NULL,
    site_id INTEGER REFERENCES sites (id),
    name TEXT NOT NULL,
    secret_sha256 BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- No foreign key to sites: the hot path has looked the site up already, and a site is never deleted under it.
CREATE TABLE responses (
    site_id INTEGER NOT NULL,
    response_id BLOB NOT NULL,
    touchpoint TEXT NOT NULL,
    survey TEXT NOT NULL,
    survey_version INTEGER NOT NULL,
    metric TEXT NOT NULL,
    score INTEGER NOT NULL,
    comment TEXT,
    order_ref TEXT,
    customer_ref TEXT,
    contact_email TEXT,
    locale TEXT,
    page_url TEXT,
    channel TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (site_id, response_id)
) STRICT, WITHOUT ROWID;

-- Newest first, page by page.
CREATE INDEX responses_by_time ON responses (site_id, created_at, response_id);

CREATE TABLE alerts (
    site_id INTEGER NOT NULL,
    response_id BLOB NOT NULL,
    rule TEXT NOT NULL,
    fired_at INTEGER NOT NULL,
    PRIMARY KEY (site_id, response_id, rule)
) STRICT, WITHOUT ROWID;

-- What must be delivered after the commit that made the row; one row per recipient. While a worker holds a message,
-- `next_attempt_at` is when its lease ends.
CREATE TABLE outbox (
    site_id INTEGER NOT NULL,
    message_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    response_id BLOB NOT NULL,
    rule TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (site_id, message_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE state = 'pending';
CREATE INDEX outbox_by_time ON outbox (site_id, created_at, message_id);
