ALTER TABLE responses DROP COLUMN revision;
ALTER TABLE responses DROP COLUMN complete;
