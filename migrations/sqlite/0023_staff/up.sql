-- Staff. A person is one row of the installation, whichever sites name them, and stays when they leave: history names them.
CREATE TABLE people (
    -- No number comes a second time: links name it.
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL,
    language TEXT,
    zone TEXT,
    -- Raised when all links of the person are to stop.
    link_generation INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

-- One address is one person. `email_key` is the address in lower case (ASCII letters). Mail goes to the main one; whoever writes
-- from another is the same person.
CREATE TABLE person_addresses (
    email_key TEXT NOT NULL PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES people (id),
    email TEXT NOT NULL,
    main INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX person_addresses_main ON person_addresses (person_id) WHERE main;

-- What a person is on a site. Absence in Unix ms, from and up to.
CREATE TABLE members (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    person_id INTEGER NOT NULL REFERENCES people (id),
    manager_id INTEGER REFERENCES people (id),
    absent_from INTEGER,
    absent_to INTEGER,
    joined_at INTEGER NOT NULL,
    left_at INTEGER,
    PRIMARY KEY (site_id, person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE teams (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER,
    PRIMARY KEY (site_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE team_members (
    site_id INTEGER NOT NULL,
    team TEXT NOT NULL,
    person_id INTEGER NOT NULL REFERENCES people (id),
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (site_id, team, person_id),
    FOREIGN KEY (site_id, team) REFERENCES teams (site_id, name)
) STRICT, WITHOUT ROWID;

-- Touchpoints that somebody registered. Responses name others, too: those are listed as new.
CREATE TABLE touchpoints (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    owner_id INTEGER REFERENCES people (id),
    team TEXT,
    -- A document, as docs/STAFF.md explains it; without one the site's counts.
    calendar TEXT,
    zone TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (site_id, name)
) STRICT, WITHOUT ROWID;

ALTER TABLE sites ADD COLUMN calendar TEXT;

-- Those who were told of unhappy customers become staff, and the team "alerts".
INSERT INTO people (name, created_at) SELECT DISTINCT lower(email), CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM site_recipients ORDER BY 1;
INSERT INTO person_addresses (email_key, person_id, email, main)
    SELECT p.name, p.id, min(r.email), 1 FROM people p JOIN site_recipients r ON lower(r.email) = p.name GROUP BY p.id;
UPDATE people SET name = '';
INSERT INTO teams (site_id, name, label, created_at) SELECT id, 'alerts', 'Alerts', created_at FROM sites;
INSERT INTO members (site_id, person_id, joined_at)
    SELECT DISTINCT r.site_id, a.person_id, p.created_at
    FROM site_recipients r JOIN person_addresses a ON a.email_key = lower(r.email) JOIN people p ON p.id = a.person_id;
INSERT INTO team_members (site_id, team, person_id, joined_at) SELECT site_id, 'alerts', person_id, joined_at FROM members;
DROP TABLE site_recipients;
