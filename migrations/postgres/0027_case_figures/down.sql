DROP INDEX cases_unfinished;
ALTER TABLE cases DROP COLUMN answer_late_ms;
ALTER TABLE cases DROP COLUMN acknowledge_late_ms;
