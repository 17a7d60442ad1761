-- With `held` in it, or SQLite prefers the index of all responses.
DROP INDEX responses_held;
CREATE INDEX responses_held ON responses (site_id, created_at, response_id, held) WHERE held IS NOT NULL;

-- Few, among the many that were delivered.
CREATE INDEX outbox_parked ON outbox (site_id, created_at, message_id) WHERE state = 'parked';
