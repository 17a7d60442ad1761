-- What a site allows. NULL is no limit; `purged_before` (Unix ms) is how far old responses have been deleted.
ALTER TABLE sites ADD COLUMN retention_days INTEGER;
ALTER TABLE sites ADD COLUMN rate_limit INTEGER;
ALTER TABLE sites ADD COLUMN daily_cap INTEGER;
ALTER TABLE sites ADD COLUMN min_answer_ms INTEGER;
ALTER TABLE sites ADD COLUMN purged_before INTEGER NOT NULL DEFAULT 0;

-- Why a response is held back as suspected spam. Held ones are in no figure and fire no alert until they are released.
ALTER TABLE responses ADD COLUMN held TEXT;
CREATE INDEX responses_held ON responses (site_id, created_at, response_id) WHERE held IS NOT NULL;

-- Newest first, with what lists are filtered by: a quiet touchpoint is found in the index alone, and no other index has to
-- be kept up.
DROP INDEX responses_by_time;
CREATE INDEX responses_by_time ON responses (site_id, created_at, response_id, touchpoint, metric, score, held);

-- How many responses of a day (UTC, days since 1970-01-01) gave the score 0, 1 .. 10: what a summary reads. It changes
-- in the transaction that stores the response. The day comes before the touchpoint: today's rows lie side by side.
CREATE TABLE score_days (
    site_id INTEGER NOT NULL,
    metric TEXT NOT NULL,
    day INTEGER NOT NULL,
    touchpoint TEXT NOT NULL,
    n0 INTEGER NOT NULL,
    n1 INTEGER NOT NULL,
    n2 INTEGER NOT NULL,
    n3 INTEGER NOT NULL,
    n4 INTEGER NOT NULL,
    n5 INTEGER NOT NULL,
    n6 INTEGER NOT NULL,
    n7 INTEGER NOT NULL,
    n8 INTEGER NOT NULL,
    n9 INTEGER NOT NULL,
    n10 INTEGER NOT NULL,
    PRIMARY KEY (site_id, metric, day, touchpoint)
) STRICT, WITHOUT ROWID;

INSERT INTO score_days
SELECT site_id, metric, created_at / 86400000, touchpoint,
    count(*) FILTER (WHERE score = 0),
    count(*) FILTER (WHERE score = 1),
    count(*) FILTER (WHERE score = 2),
    count(*) FILTER (WHERE score = 3),
    count(*) FILTER (WHERE score = 4),
    count(*) FILTER (WHERE score = 5),
    count(*) FILTER (WHERE score = 6),
    count(*) FILTER (WHERE score = 7),
    count(*) FILTER (WHERE score = 8),
    count(*) FILTER (WHERE score = 9),
    count(*) FILTER (WHERE score = 10)
FROM responses
GROUP BY 1, 2, 3, 4;

-- Responses whose comment is still to be indexed for search; filled by the transaction that stores them. A `seq` is
-- never used twice: the index, a file beside this one, goes by it.
CREATE TABLE search_queue (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    site_id INTEGER NOT NULL,
    response_id BLOB NOT NULL
) STRICT;

INSERT INTO search_queue (site_id, response_id)
SELECT site_id, response_id FROM responses WHERE comment IS NOT NULL ORDER BY created_at, response_id;
