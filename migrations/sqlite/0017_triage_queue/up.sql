-- Responses that a rule of their site could fire for, until triage has decided. `revision` is the one that was stored when
-- the row was written; `due_at` (Unix ms) is later than that for a response that is not complete. One that triage failed
-- at ten times is parked.
CREATE TABLE triage_queue (
    site_id INTEGER NOT NULL,
    response_id BLOB NOT NULL,
    revision INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    parked_at INTEGER,
    PRIMARY KEY (site_id, response_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX triage_due ON triage_queue (site_id, due_at) WHERE parked_at IS NULL;
