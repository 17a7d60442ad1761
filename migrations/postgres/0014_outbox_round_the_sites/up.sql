-- Leases go round the sites: the sites with pending messages are found one after the other, and in each what is due first.
DROP INDEX outbox_due;
CREATE INDEX outbox_pending ON outbox (site_id, next_attempt_at) WHERE state = 'pending';
