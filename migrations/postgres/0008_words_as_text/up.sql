-- The words as text, each between spaces: a third fewer bytes in the table than as TSVECTOR, which only the index needs.
DROP INDEX comment_words_by_word;
ALTER TABLE comment_words ALTER COLUMN words TYPE TEXT USING ' ' || array_to_string(tsvector_to_array(words), ' ') || ' ';
CREATE INDEX comment_words_by_word ON comment_words USING gin (CAST(words AS TSVECTOR));

ANALYZE comment_words;
