-- Versions of each survey; a version's document never changes. `published_at` is when it was last put in force: of a
-- name's versions the one with the latest is asked.
CREATE TABLE surveys (
    site_id BIGINT NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    published_at BIGINT,
    PRIMARY KEY (site_id, name, version)
);

-- Answers to a survey's further questions, as JSON.
ALTER TABLE responses ADD COLUMN answers TEXT;
