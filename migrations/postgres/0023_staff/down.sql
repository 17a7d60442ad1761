CREATE TABLE site_recipients (
    site_id BIGINT NOT NULL REFERENCES sites (id),
    email TEXT NOT NULL,
    PRIMARY KEY (site_id, email)
);

INSERT INTO site_recipients (site_id, email)
    SELECT t.site_id, a.email FROM team_members t JOIN person_addresses a ON a.person_id = t.person_id AND a.main
    WHERE t.team = 'alerts';
ALTER TABLE sites DROP COLUMN calendar;
DROP TABLE touchpoints;
DROP TABLE team_members;
DROP TABLE teams;
DROP TABLE members;
DROP TABLE person_addresses;
DROP TABLE people;
