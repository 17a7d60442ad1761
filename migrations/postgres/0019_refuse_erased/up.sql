-- Fails when one of these responses was deleted. An insert that meets a response which is being deleted waits for that, and
-- then inserts it anew: only a query with a later snapshot sees that it is gone, and VOLATILE gives each query of a function one.
CREATE FUNCTION counterbell_none_erased(sites BIGINT[], ids BYTEA[]) RETURNS BOOLEAN LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF EXISTS (
        SELECT FROM unnest(sites, ids) AS new (site_id, response_id)
        JOIN erased_responses USING (site_id, response_id)
    ) THEN
        RAISE unique_violation USING CONSTRAINT = 'erased_responses', MESSAGE = 'a response was deleted';
    END IF;
    RETURN TRUE;
END
$$;
