DROP TABLE alert_group_responses;
DROP TABLE alert_groups;
DELETE FROM timers WHERE kind = 'alert_group';
