-- Few, among the many that were delivered.
CREATE INDEX outbox_parked ON outbox (site_id, created_at, message_id) WHERE state = 'parked';

-- Lists read the index alone where a vacuum has seen the rows. Once a fifth of the table is new, as PostgreSQL would have
-- it, is too seldom for millions of rows.
ALTER TABLE responses SET (autovacuum_vacuum_insert_scale_factor = 0.01);
