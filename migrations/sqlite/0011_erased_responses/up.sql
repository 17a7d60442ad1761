-- Responses that staff deleted, by their ids alone: a page that still keeps one must not bring it back.
CREATE TABLE erased_responses (
    site_id INTEGER NOT NULL,
    response_id BLOB NOT NULL,
    erased_at INTEGER NOT NULL,
    PRIMARY KEY (site_id, response_id)
) STRICT, WITHOUT ROWID;
