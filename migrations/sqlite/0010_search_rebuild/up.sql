-- How far the queue of the search index has been filled again after the index was lost; one row while that goes on. It lies
-- beside the queue, so that both change in one commit. `newest` is when the last response was received that was stored
-- before: what came later was queued when it was stored.
CREATE TABLE search_rebuild (
    site_id INTEGER NOT NULL,
    response_id BLOB NOT NULL,
    newest INTEGER NOT NULL
) STRICT;

-- An index made before this kept that itself: it is made again.
PRAGMA user_version = 0;
