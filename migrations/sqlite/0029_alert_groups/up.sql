-- How many alerts of a rule somebody was told in a window of time, and those that are told together when it ends. Times are Unix ms.
CREATE TABLE alert_groups (
    site_id INTEGER NOT NULL,
    group_id BLOB NOT NULL,
    person_id INTEGER NOT NULL,
    rule TEXT NOT NULL,
    -- Of all the responses that wait, when it is the same.
    touchpoint TEXT,
    opened_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    -- How many were told alone.
    told INTEGER NOT NULL,
    -- When the rest were told, if there were any.
    closed_at INTEGER,
    PRIMARY KEY (site_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_groups_by_person ON alert_groups (site_id, person_id, rule, ends_at);

CREATE TABLE alert_group_responses (
    site_id INTEGER NOT NULL,
    group_id BLOB NOT NULL,
    response_id BLOB NOT NULL,
    PRIMARY KEY (site_id, response_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_group_responses_by_group ON alert_group_responses (site_id, group_id);
