-- The number of a site that was deleted never comes again: a server that was stopped meanwhile may still hold responses of it, and
-- links name it.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE sites_before AS SELECT * FROM sites;
DROP TABLE sites;
CREATE TABLE sites (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    site_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    retention_days INTEGER,
    rate_limit INTEGER,
    daily_cap INTEGER,
    min_answer_ms INTEGER,
    purged_before INTEGER NOT NULL DEFAULT 0,
    theme TEXT,
    words TEXT,
    zone TEXT NOT NULL DEFAULT 'UTC',
    calendar TEXT
) STRICT;
INSERT INTO sites SELECT * FROM sites_before;
DROP TABLE sites_before;
