-- Any kind of message about any kind of subject. A lane has its own senders, so that a slow receiver delays only itself.
-- `payload` is JSON that the kind understands. Of messages with one `dedupe_key` there is one, ever. `due_at` is when the
-- message is to be sent or, while it is `leased`, when its lease ends. `attempts` counts on when the message is sent again;
-- `resent_after` is how many were made before that.
CREATE TABLE messages (
    site_id INTEGER NOT NULL,
    message_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    lane TEXT NOT NULL,
    destination TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    payload TEXT NOT NULL,
    dedupe_key TEXT,
    state TEXT NOT NULL,
    leased INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    resent_after INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (site_id, message_id)
) STRICT, WITHOUT ROWID;

INSERT INTO messages (site_id, message_id, kind, lane, destination, subject_kind, subject_id, payload, dedupe_key, state,
    leased, attempts, resent_after, due_at, last_error, created_at, finished_at)
SELECT site_id, message_id, kind, 'mail', recipient, 'response', response_id, json_object('rule', rule),
    CASE WHEN NOT EXISTS (
        SELECT 1 FROM outbox AS first
        WHERE first.site_id = outbox.site_id AND first.response_id = outbox.response_id AND first.kind = outbox.kind
            AND first.recipient = outbox.recipient AND first.message_id < outbox.message_id
    ) THEN kind || '/' || lower(hex(response_id)) || '/' || recipient END,
    state, 0, attempts, 0, next_attempt_at, last_error, created_at, finished_at
FROM outbox;

DROP TABLE outbox;
ALTER TABLE messages RENAME TO outbox;

CREATE INDEX outbox_by_time ON outbox (site_id, created_at, message_id);
CREATE INDEX outbox_parked ON outbox (site_id, created_at, message_id) WHERE state = 'parked';
CREATE INDEX outbox_by_subject ON outbox (site_id, subject_kind, subject_id);
CREATE INDEX outbox_due ON outbox (lane, site_id, due_at) WHERE state = 'pending';
CREATE UNIQUE INDEX outbox_once ON outbox (site_id, dedupe_key);

-- Every try to deliver a message, from 1. `outcome` is `delivered`, `retry` or `parked`.
CREATE TABLE attempts (
    site_id INTEGER NOT NULL,
    message_id BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    error TEXT,
    PRIMARY KEY (site_id, message_id, attempt)
) STRICT, WITHOUT ROWID;
