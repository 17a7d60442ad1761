-- What was sent for a response that could no longer be changed: kept beside it, and counted in no figure.
CREATE TABLE response_additions (
    site_id INTEGER NOT NULL,
    response_id BLOB NOT NULL,
    revision INTEGER NOT NULL,
    survey_version INTEGER NOT NULL,
    score INTEGER NOT NULL,
    comment TEXT,
    answers TEXT,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (site_id, response_id, revision)
) STRICT, WITHOUT ROWID;
