-- What rules told of touchpoints, as long as it goes on: of each silence and each fall somebody hears once. Times are Unix ms,
-- days are counted from 1970-01-01, UTC.
CREATE TABLE touchpoint_alerts (
    site_id BIGINT NOT NULL,
    rule TEXT NOT NULL,
    touchpoint TEXT NOT NULL,
    -- Of a fall; of a silence it is empty.
    metric TEXT NOT NULL,
    -- On which the last response came, 0 if none did; of a fall the day on which it was seen.
    day INTEGER NOT NULL,
    fired_at BIGINT NOT NULL,
    -- NULL as long as others are looked for that are told in the same mail.
    told_at BIGINT,
    PRIMARY KEY (site_id, rule, touchpoint, metric)
);

-- Who has no rule wants to hear of nothing, and a rule of this name is somebody's own.
INSERT INTO alert_rules (site_id, name, version, document, created_at)
    SELECT id, 'silent', 1,
        '{"name":"silent","when":{"no_response":{"days":3}},"who":[{"team":"alerts"}],"how":["mail"],"soon":"now","urgent":false,"case":false}',
        CAST(extract(epoch FROM now()) * 1000 AS BIGINT)
    FROM sites
    WHERE EXISTS (SELECT 1 FROM alert_rules WHERE site_id = sites.id AND retired_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM alert_rules WHERE site_id = sites.id AND name = 'silent');
