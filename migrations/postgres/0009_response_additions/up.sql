-- What was sent for a response that could no longer be changed: kept beside it, and counted in no figure.
CREATE TABLE response_additions (
    site_id BIGINT NOT NULL,
    response_id BYTEA NOT NULL,
    revision INTEGER NOT NULL,
    survey_version INTEGER NOT NULL,
    score INTEGER NOT NULL,
    comment TEXT,
    answers TEXT,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (site_id, response_id, revision)
);
