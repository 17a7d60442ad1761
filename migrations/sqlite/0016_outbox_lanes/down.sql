DROP TABLE attempts;

CREATE TABLE messages (
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

INSERT INTO messages SELECT site_id, message_id, kind, destination, subject_id, COALESCE(payload ->> 'rule', ''), state,
    attempts - resent_after, due_at, last_error, created_at, finished_at
FROM outbox;

DROP TABLE outbox;
ALTER TABLE messages RENAME TO outbox;

CREATE INDEX outbox_by_time ON outbox (site_id, created_at, message_id);
CREATE INDEX outbox_parked ON outbox (site_id, created_at, message_id) WHERE state = 'parked';
CREATE INDEX outbox_by_response ON outbox (site_id, response_id);
CREATE INDEX outbox_pending ON outbox (site_id, next_attempt_at) WHERE state = 'pending';
