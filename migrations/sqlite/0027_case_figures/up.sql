-- How late a case was first acknowledged, and first answered or resolved, in ms of open time: 0 is in time, NULL is that it was
-- not done, or that there was no time for it.
ALTER TABLE cases ADD COLUMN acknowledge_late_ms INTEGER;
ALTER TABLE cases ADD COLUMN answer_late_ms INTEGER;

-- What is still to be done, with its due times: lists by due time and figures for monitors read nothing else.
CREATE INDEX cases_unfinished ON cases (site_id, acknowledge_by, answer_by) WHERE closed_at IS NULL AND resolved_at IS NULL;
