-- oldest application: 0.1.0
-- `result` is JSON as it was given; `output_characters` is counted when a job ends.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    principal TEXT NOT NULL,
    tool TEXT NOT NULL,
    project TEXT NOT NULL,
    title TEXT NOT NULL,
    digest TEXT NOT NULL,
    status TEXT NOT NULL,
    replica TEXT NOT NULL,
    lease_until TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    no_store INTEGER NOT NULL,
    thread TEXT,
    number INTEGER,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    result TEXT,
    fault TEXT,
    cost INTEGER NOT NULL DEFAULT 0,
    output_characters INTEGER NOT NULL DEFAULT 0,
    idempotency_key TEXT,
    key_until TEXT
) STRICT;
CREATE UNIQUE INDEX jobs_by_key ON jobs (principal, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_by_principal ON jobs (principal, created);
CREATE INDEX jobs_by_thread ON jobs (thread) WHERE thread IS NOT NULL;

-- What is streamed, piece by piece; of a job that keeps nothing, only how much it was.
CREATE TABLE pieces (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    call TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;

-- `scopes` is a JSON list: the budgets that hold what was granted. `streamed` is counted in bytes when nobody
-- read the usage.
CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    principal TEXT NOT NULL,
    project TEXT NOT NULL,
    vendor TEXT NOT NULL,
    model TEXT NOT NULL,
    day TEXT NOT NULL,
    state TEXT NOT NULL,
    granted INTEGER NOT NULL,
    input_cost INTEGER NOT NULL,
    output_price INTEGER NOT NULL,
    scopes TEXT NOT NULL,
    streamed INTEGER NOT NULL DEFAULT 0,
    cost INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens INTEGER NOT NULL DEFAULT 0,
    request_id TEXT,
    outcome TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    updated TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX calls_by_job ON calls (job);
