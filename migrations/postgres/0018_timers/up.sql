-- What falls due, one row for each kind and subject of a site; `subject` is empty when that is the site itself. One that
-- failed ten times is parked.
CREATE TABLE timers (
    site_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject BYTEA NOT NULL,
    due_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    parked_at BIGINT,
    PRIMARY KEY (site_id, kind, subject)
);

CREATE INDEX timers_due ON timers (site_id, due_at) WHERE parked_at IS NULL;

-- Rows that are done go when they are old. What is made later gets these with the first row of its counter.
INSERT INTO timers (site_id, kind, subject, due_at, attempts)
SELECT id, kind, CAST('' AS BYTEA), CAST(extract(epoch FROM now()) * 1000 AS BIGINT), 0
FROM sites CROSS JOIN (SELECT 'expire_journal' AS kind UNION ALL SELECT 'expire_messages') AS kinds;
