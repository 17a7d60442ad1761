DROP TABLE outbox;
DROP TABLE alerts;
DROP TABLE responses;
DROP TABLE api_keys;
DROP TABLE alert_rules;
DROP TABLE site_recipients;
DROP TABLE site_origins;
DROP TABLE sites;
