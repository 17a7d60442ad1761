DROP INDEX outbox_parked;
DROP INDEX responses_held;
CREATE INDEX responses_held ON responses (site_id, created_at, response_id) WHERE held IS NOT NULL;
