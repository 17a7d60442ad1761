ALTER TABLE responses DROP COLUMN answers;
DROP TABLE surveys;
