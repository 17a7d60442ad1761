-- Rules are documents, as docs/ALERTS.md explains them. Versions are kept: what fired names one. The version of a name that is
-- in force is the one that is not retired.
ALTER TABLE alert_rules
    ADD COLUMN version INTEGER NOT NULL DEFAULT 1,
    ADD COLUMN document TEXT NOT NULL DEFAULT '',
    ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN retired_at BIGINT;

-- Bands that nobody could read make a document that nobody can read.
UPDATE alert_rules SET
    created_at = CAST(extract(epoch FROM now()) * 1000 AS BIGINT),
    document = CASE
        WHEN name = 'unhappy' AND bands IN ('dissatisfied,detractor', 'detractor,dissatisfied', 'dissatisfied', 'detractor')
        THEN '{"name":"unhappy","when":{"unhappy":true},"who":[{"team":"alerts"}],"how":["mail"],"soon":{"grouped":{"most":5,"in":"15m"}},"urgent":false,"acknowledge_within":"30m","steps":[{"after":"30m","who":[{"team":"alerts"}]},{"after":"2h","who":[{"manager":true}]}],"case":true}'
        ELSE '{"name":"' || name || '","when":{"bands":["' || replace(bands, ',', '","') || '"]},"who":[{"team":"alerts"}]}'
    END;

ALTER TABLE alert_rules
    ALTER COLUMN version DROP DEFAULT,
    ALTER COLUMN document DROP DEFAULT,
    ALTER COLUMN created_at DROP DEFAULT,
    DROP COLUMN bands,
    DROP CONSTRAINT alert_rules_pkey,
    ADD PRIMARY KEY (site_id, name, version);

CREATE UNIQUE INDEX alert_rules_in_force ON alert_rules (site_id, name) WHERE retired_at IS NULL;

-- Whose turn is next: a position in the order of the team's members.
ALTER TABLE teams ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
