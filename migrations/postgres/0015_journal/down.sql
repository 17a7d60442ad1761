DROP TABLE journal_epoch;
DROP TABLE site_counters;
DROP TABLE journal;
