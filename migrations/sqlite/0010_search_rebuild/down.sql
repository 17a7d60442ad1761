DROP TABLE search_rebuild;
PRAGMA user_version = 0;
