DROP FUNCTION counterbell_none_erased(BIGINT[], BYTEA[]);
