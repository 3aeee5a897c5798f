-- oldest application: 0.1.0
-- The schema's own bookkeeping: one row a migration, kept for ever.
CREATE TABLE exai_schema_version (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    oldest_application TEXT NOT NULL,
    applied_by TEXT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
