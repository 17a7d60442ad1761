-- Rules are documents, as docs/ALERTS.md explains them. Versions are kept: what fired names one. The version of a name that is
-- in force is the one that is not retired.
CREATE TABLE rules (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (site_id, name, version)
) STRICT, WITHOUT ROWID;

-- Bands that nobody could read make a document that nobody can read.
INSERT INTO rules (site_id, name, version, document, created_at)
    SELECT site_id, name, 1,
        CASE
            WHEN name = 'unhappy' AND bands IN ('dissatisfied,detractor', 'detractor,dissatisfied', 'dissatisfied', 'detractor')
            THEN '{"name":"unhappy","when":{"unhappy":true},"who":[{"team":"alerts"}],"how":["mail"],"soon":{"grouped":{"most":5,"in":"15m"}},"urgent":false,"acknowledge_within":"30m","steps":[{"after":"30m","who":[{"team":"alerts"}]},{"after":"2h","who":[{"manager":true}]}],"case":true}'
            ELSE '{"name":"' || name || '","when":{"bands":["' || replace(bands, ',', '","') || '"]},"who":[{"team":"alerts"}]}'
        END,
        CAST(unixepoch('subsec') * 1000 AS INTEGER)
    FROM alert_rules;
DROP TABLE alert_rules;
ALTER TABLE rules RENAME TO alert_rules;

CREATE UNIQUE INDEX alert_rules_in_force ON alert_rules (site_id, name) WHERE retired_at IS NULL;

-- Whose turn is next: a position in the order of the team's members.
ALTER TABLE teams ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
