SET LOCAL citus.multi_shard_modify_mode = 'sequential';

DROP TABLE attempts;
DROP INDEX outbox_once;
DROP INDEX outbox_due;
DROP INDEX outbox_by_subject;
UPDATE outbox SET attempts = attempts - resent_after;
ALTER TABLE outbox DROP COLUMN dedupe_key;
ALTER TABLE outbox DROP COLUMN resent_after;
ALTER TABLE outbox DROP COLUMN leased;
ALTER TABLE outbox DROP COLUMN subject_kind;
ALTER TABLE outbox DROP COLUMN lane;
ALTER TABLE outbox RENAME COLUMN payload TO rule;
ALTER TABLE outbox ALTER COLUMN rule TYPE TEXT USING COALESCE(CAST(rule AS JSONB) ->> 'rule', '');
ALTER TABLE outbox RENAME COLUMN due_at TO next_attempt_at;
ALTER TABLE outbox RENAME COLUMN subject_id TO response_id;
ALTER TABLE outbox RENAME COLUMN destination TO recipient;
CREATE INDEX outbox_by_response ON outbox (site_id, response_id);
CREATE INDEX outbox_pending ON outbox (site_id, next_attempt_at) WHERE state = 'pending';
