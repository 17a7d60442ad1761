-- A transaction that writes has the whole database: it asks before it inserts, and nobody deletes meanwhile.
SELECT 1;
