DROP INDEX comment_words_by_word;
ALTER TABLE comment_words ALTER COLUMN words TYPE TSVECTOR USING CAST(words AS TSVECTOR);
CREATE INDEX comment_words_by_word ON comment_words USING gin (words);
