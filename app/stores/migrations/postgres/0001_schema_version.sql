-- oldest application: 0.1.0
-- A schema of our own, so that the server may share a database; every name is qualified, because a
-- transaction pooler does not keep a search_path.
CREATE SCHEMA IF NOT EXISTS exai;

-- The schema's own bookkeeping: one row a migration, kept for ever.
CREATE TABLE exai.schema_version (
    version integer PRIMARY KEY,
    name text NOT NULL,
    oldest_application text NOT NULL,
    applied_by text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
