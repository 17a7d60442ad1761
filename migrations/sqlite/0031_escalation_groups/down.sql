-- Without their kind they would tell of alerts. Those that wait are told first: see server/src/db/revert.rs.
DELETE FROM timers WHERE kind = 'alert_group' AND EXISTS (
    SELECT 1 FROM alert_groups g WHERE g.site_id = timers.site_id AND g.group_id = timers.subject AND g.kind <> 'alert'
);
DELETE FROM alert_group_responses WHERE EXISTS (
    SELECT 1 FROM alert_groups g
    WHERE g.site_id = alert_group_responses.site_id AND g.group_id = alert_group_responses.group_id AND g.kind <> 'alert'
);
DELETE FROM alert_groups WHERE kind <> 'alert';
ALTER TABLE alert_groups DROP COLUMN kind;
