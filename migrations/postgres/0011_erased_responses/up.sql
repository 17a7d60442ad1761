-- Responses that staff deleted, by their ids alone: a page that still keeps one must not bring it back.
CREATE TABLE erased_responses (
    site_id BIGINT NOT NULL,
    response_id BYTEA NOT NULL,
    erased_at BIGINT NOT NULL,
    PRIMARY KEY (site_id, response_id)
);
