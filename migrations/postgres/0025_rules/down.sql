ALTER TABLE teams DROP COLUMN turn;

-- Of what else a rule says the version before knows nothing.
DELETE FROM alert_rules
    WHERE retired_at IS NOT NULL OR (name <> 'unhappy' AND document NOT LIKE '%"when":{"bands":[%');
DROP INDEX alert_rules_in_force;
ALTER TABLE alert_rules ADD COLUMN bands TEXT NOT NULL DEFAULT 'dissatisfied,detractor';
UPDATE alert_rules
    SET bands = replace(split_part(split_part(document, '"when":{"bands":[', 2), ']', 1), '"', '')
    WHERE document LIKE '%"when":{"bands":[%';

ALTER TABLE alert_rules
    ALTER COLUMN bands DROP DEFAULT,
    DROP CONSTRAINT alert_rules_pkey,
    ADD PRIMARY KEY (site_id, name),
    DROP COLUMN version,
    DROP COLUMN document,
    DROP COLUMN created_at,
    DROP COLUMN retired_at;
