-- Nothing: the words lie in a file of their own, as an FTS5 index without text.
SELECT 1;
