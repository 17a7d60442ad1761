-- What happened, per site, append-only. `seq` has no gap and follows the order of the commits: it is taken from the site's
-- row in `site_counters`, which stays locked until the commit. What belongs to no site stands under site 0. `data` is JSON
-- and holds no customer's words and no secret: it refers to rows.
CREATE TABLE journal (
    site_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    means TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (site_id, seq)
);

-- The last number given in a site's journal, and the lowest that is still kept. Whoever changes anything of a site behind
-- ingest locks this row first, and makes it when it is not there yet.
CREATE TABLE site_counters (
    site_id BIGINT PRIMARY KEY NOT NULL,
    journal_seq BIGINT NOT NULL,
    journal_oldest BIGINT NOT NULL
);

-- One row: since when (Unix ms) positions in the journals count. A restored or copied database begins anew.
CREATE TABLE journal_epoch (
    epoch BIGINT PRIMARY KEY NOT NULL
);

INSERT INTO journal_epoch (epoch) SELECT CAST(extract(epoch FROM now()) * 1000 AS BIGINT);
