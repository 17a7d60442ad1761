-- The work of putting unhappy responses right. Times are Unix ms. What no query asks for is in `details`, a document.
CREATE TABLE cases (
    site_id INTEGER NOT NULL,
    case_id BLOB NOT NULL,
    -- What people call it by.
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    owner_id INTEGER,
    team TEXT,
    priority TEXT NOT NULL,
    -- The rule that opened it, in the version that fired.
    rule TEXT NOT NULL,
    rule_version INTEGER NOT NULL,
    -- Of the response it was opened for: they stay when that is deleted.
    touchpoint TEXT NOT NULL,
    metric TEXT NOT NULL,
    score INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    acknowledged_at INTEGER,
    first_acknowledged_at INTEGER,
    acknowledge_by INTEGER,
    first_answer_at INTEGER,
    answer_by INTEGER,
    waiting_since INTEGER,
    customer_answered_at INTEGER,
    resolved_at INTEGER,
    first_resolved_at INTEGER,
    closed_at INTEGER,
    root_cause TEXT,
    action_taken TEXT,
    nothing_to_do TEXT,
    response_count INTEGER NOT NULL,
    merged_into INTEGER,
    version INTEGER NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (site_id, case_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX cases_by_number ON cases (site_id, number);
CREATE INDEX cases_by_state ON cases (site_id, state, opened_at);
CREATE INDEX cases_by_time ON cases (site_id, opened_at, number);

-- Which responses belong to which case.
CREATE TABLE case_responses (
    site_id INTEGER NOT NULL,
    response_id BLOB NOT NULL,
    case_id BLOB NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (site_id, response_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX case_responses_by_case ON case_responses (site_id, case_id, joined_at);

-- What staff wrote on a case.
CREATE TABLE case_notes (
    site_id INTEGER NOT NULL,
    note_id BLOB NOT NULL,
    case_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    person_id INTEGER,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (site_id, note_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX case_notes_by_case ON case_notes (site_id, case_id, at);

-- From a customer to their responses that triage looked at. A key is half the SHA-256 of an address, an order or a customer
-- reference: it leads to responses, and from none of them back.
CREATE TABLE customer_keys (
    site_id INTEGER NOT NULL,
    customer_key BLOB NOT NULL,
    response_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (site_id, customer_key, response_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX customer_keys_by_response ON customer_keys (site_id, response_id);

-- Why customers are unhappy: what a case can be resolved with.
CREATE TABLE root_causes (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER,
    PRIMARY KEY (site_id, name)
) STRICT, WITHOUT ROWID;

INSERT INTO root_causes (site_id, name, label, created_at)
    SELECT s.id, c.column1, c.column2, s.created_at FROM sites s, (VALUES
        ('product', 'Product'), ('delivery', 'Delivery'), ('price', 'Price'), ('payment', 'Payment'), ('website', 'Website'),
        ('service', 'Service'), ('waiting', 'Waiting time'), ('returns', 'Returns'), ('other', 'Something else')) c;

ALTER TABLE site_counters ADD COLUMN case_number INTEGER NOT NULL DEFAULT 0;

CREATE INDEX journal_by_subject ON journal (site_id, subject, seq);
