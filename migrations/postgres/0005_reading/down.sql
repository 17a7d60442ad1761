ALTER TABLE responses RESET (autovacuum_vacuum_insert_scale_factor);
DROP INDEX outbox_parked;
