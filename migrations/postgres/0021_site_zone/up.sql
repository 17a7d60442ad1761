-- In which its times are shown: a name of the IANA list.
ALTER TABLE sites ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';
