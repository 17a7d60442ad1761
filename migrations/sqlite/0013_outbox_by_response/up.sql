-- Whoever deletes a response looks for its messages.
CREATE INDEX outbox_by_response ON outbox (site_id, response_id);
