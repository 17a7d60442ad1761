DROP TABLE touchpoint_alerts;
DELETE FROM timers WHERE kind = 'watch_touchpoints';
-- The version before reads rules of this kind, and nothing there looks after them.
DELETE FROM alert_rules WHERE name = 'silent' AND version = 1
    AND document = '{"name":"silent","when":{"no_response":{"days":3}},"who":[{"team":"alerts"}],"how":["mail"],"soon":"now","urgent":false,"case":false}';
