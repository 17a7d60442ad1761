DROP INDEX outbox_by_response;
