ALTER TABLE teams DROP COLUMN turn;

CREATE TABLE rules (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    bands TEXT NOT NULL,
    PRIMARY KEY (site_id, name)
) STRICT, WITHOUT ROWID;

-- Of what else a rule says the version before knows nothing.
INSERT INTO rules (site_id, name, bands)
    SELECT site_id, name,
        CASE
            WHEN bands_and_more IS NULL THEN 'dissatisfied,detractor'
            ELSE replace(substr(bands_and_more, 1, instr(bands_and_more, ']') - 1), '"', '')
        END
    FROM (
        SELECT site_id, name,
            CASE
                WHEN document LIKE '%"when":{"bands":[%'
                THEN substr(document, instr(document, '"when":{"bands":[') + 17)
            END AS bands_and_more
        FROM alert_rules WHERE retired_at IS NULL
    )
    WHERE name = 'unhappy' OR bands_and_more IS NOT NULL;
DROP TABLE alert_rules;
ALTER TABLE rules RENAME TO alert_rules;
