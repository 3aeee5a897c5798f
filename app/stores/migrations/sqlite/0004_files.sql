-- oldest application: 0.1.0
-- Each content once a principal; `id` is its SHA-256. Times are ISO 8601 in UTC with microseconds, all of one
-- length, so that they sort as text.
CREATE TABLE files (
    principal TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    created TEXT NOT NULL,
    expires TEXT,
    content BLOB NOT NULL,
    PRIMARY KEY (principal, id)
) STRICT;
