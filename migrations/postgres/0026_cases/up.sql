-- The work of putting unhappy responses right. Times are Unix ms. What no query asks for is in `details`, a document.
CREATE TABLE cases (
    site_id BIGINT NOT NULL,
    case_id BYTEA NOT NULL,
    -- What people call it by.
    number BIGINT NOT NULL,
    state TEXT NOT NULL,
    owner_id BIGINT,
    team TEXT,
    priority TEXT NOT NULL,
    -- The rule that opened it, in the version that fired.
    rule TEXT NOT NULL,
    rule_version INTEGER NOT NULL,
    -- Of the response it was opened for: they stay when that is deleted.
    touchpoint TEXT NOT NULL,
    metric TEXT NOT NULL,
    score INTEGER NOT NULL,
    opened_at BIGINT NOT NULL,
    acknowledged_at BIGINT,
    first_acknowledged_at BIGINT,
    acknowledge_by BIGINT,
    first_answer_at BIGINT,
    answer_by BIGINT,
    waiting_since BIGINT,
    customer_answered_at BIGINT,
    resolved_at BIGINT,
    first_resolved_at BIGINT,
    closed_at BIGINT,
    root_cause TEXT,
    action_taken TEXT,
    nothing_to_do TEXT,
    response_count BIGINT NOT NULL,
    merged_into BIGINT,
    version BIGINT NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (site_id, case_id)
);

CREATE UNIQUE INDEX cases_by_number ON cases (site_id, number);
CREATE INDEX cases_by_state ON cases (site_id, state, opened_at);
CREATE INDEX cases_by_time ON cases (site_id, opened_at, number);

-- Which responses belong to which case.
CREATE TABLE case_responses (
    site_id BIGINT NOT NULL,
    response_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (site_id, response_id)
);

CREATE INDEX case_responses_by_case ON case_responses (site_id, case_id, joined_at);

-- What staff wrote on a case.
CREATE TABLE case_notes (
    site_id BIGINT NOT NULL,
    note_id BYTEA NOT NULL,
    case_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    person_id BIGINT,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (site_id, note_id)
);

CREATE INDEX case_notes_by_case ON case_notes (site_id, case_id, at);

-- From a customer to their responses that triage looked at. A key is half the SHA-256 of an address, an order or a customer
-- reference: it leads to responses, and from none of them back.
CREATE TABLE customer_keys (
    site_id BIGINT NOT NULL,
    customer_key BYTEA NOT NULL,
    response_id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (site_id, customer_key, response_id)
);

CREATE INDEX customer_keys_by_response ON customer_keys (site_id, response_id);

-- Why customers are unhappy: what a case can be resolved with.
CREATE TABLE root_causes (
    site_id BIGINT NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT,
    PRIMARY KEY (site_id, name)
);

INSERT INTO root_causes (site_id, name, label, created_at)
    SELECT s.id, c.name, c.label, s.created_at FROM sites s, (VALUES
        ('product', 'Product'), ('delivery', 'Delivery'), ('price', 'Price'), ('payment', 'Payment'), ('website', 'Website'),
        ('service', 'Service'), ('waiting', 'Waiting time'), ('returns', 'Returns'), ('other', 'Something else')) AS c (name, label);

ALTER TABLE site_counters ADD COLUMN case_number BIGINT NOT NULL DEFAULT 0;

CREATE INDEX journal_by_subject ON journal (site_id, subject, seq);
