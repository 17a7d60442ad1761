-- What links in mails are signed with. `key_id` is made of the secret. Without `expires_at` a key signs; with it, the links it
-- signed count until then (Unix ms).
CREATE TABLE link_keys (
    key_id INTEGER NOT NULL PRIMARY KEY,
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
) STRICT;
