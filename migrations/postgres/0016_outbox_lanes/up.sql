-- A spread database changes several tables in one transaction only shard by shard. Elsewhere this means nothing.
SET LOCAL citus.multi_shard_modify_mode = 'sequential';

-- Any kind of message about any kind of subject. A lane has its own senders, so that a slow receiver delays only itself.
-- `payload` is JSON that the kind understands. Of messages with one `dedupe_key` there is one, ever. `due_at` is when the
-- message is to be sent or, while it is `leased`, when its lease ends. `attempts` counts on when the message is sent again;
-- `resent_after` is how many were made before that.
DROP INDEX outbox_pending;
DROP INDEX outbox_by_response;
ALTER TABLE outbox RENAME COLUMN recipient TO destination;
ALTER TABLE outbox RENAME COLUMN response_id TO subject_id;
ALTER TABLE outbox RENAME COLUMN next_attempt_at TO due_at;
ALTER TABLE outbox ALTER COLUMN rule TYPE TEXT USING CAST(jsonb_build_object('rule', rule) AS TEXT);
ALTER TABLE outbox RENAME COLUMN rule TO payload;
ALTER TABLE outbox ADD COLUMN lane TEXT NOT NULL DEFAULT 'mail';
ALTER TABLE outbox ALTER COLUMN lane DROP DEFAULT;
ALTER TABLE outbox ADD COLUMN subject_kind TEXT NOT NULL DEFAULT 'response';
ALTER TABLE outbox ALTER COLUMN subject_kind DROP DEFAULT;
ALTER TABLE outbox ADD COLUMN leased BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE outbox ALTER COLUMN leased DROP DEFAULT;
ALTER TABLE outbox ADD COLUMN resent_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ALTER COLUMN resent_after DROP DEFAULT;
ALTER TABLE outbox ADD COLUMN dedupe_key TEXT;

CREATE INDEX outbox_by_subject ON outbox (site_id, subject_kind, subject_id);

UPDATE outbox SET dedupe_key = kind || '/' || encode(subject_id, 'hex') || '/' || destination
WHERE NOT EXISTS (
    SELECT FROM outbox AS first
    WHERE first.site_id = outbox.site_id AND first.subject_kind = outbox.subject_kind
        AND first.subject_id = outbox.subject_id AND first.kind = outbox.kind
        AND first.destination = outbox.destination AND first.message_id < outbox.message_id
);

CREATE INDEX outbox_due ON outbox (lane, site_id, due_at) WHERE state = 'pending';
CREATE UNIQUE INDEX outbox_once ON outbox (site_id, dedupe_key);

-- Every try to deliver a message, from 1. `outcome` is `delivered`, `retry` or `parked`.
CREATE TABLE attempts (
    site_id BIGINT NOT NULL,
    message_id BYTEA NOT NULL,
    attempt INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    error TEXT,
    PRIMARY KEY (site_id, message_id, attempt)
);
