DROP TABLE search_queue;
DROP TABLE score_days;
DROP INDEX responses_held;
ALTER TABLE responses DROP COLUMN held;
ALTER TABLE sites DROP COLUMN purged_before;
ALTER TABLE sites DROP COLUMN min_answer_ms;
ALTER TABLE sites DROP COLUMN daily_cap;
ALTER TABLE sites DROP COLUMN rate_limit;
ALTER TABLE sites DROP COLUMN retention_days;
