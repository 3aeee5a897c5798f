-- oldest application: 0.1.0
CREATE TABLE threads (
    id TEXT PRIMARY KEY,
    principal TEXT NOT NULL,
    project TEXT NOT NULL,
    title TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    exchanges INTEGER NOT NULL DEFAULT 0,
    forked_from TEXT,
    summary TEXT,
    summary_through INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX threads_by_principal ON threads (principal, updated);

-- `files` is a JSON list, for reading; turn_files says the same, for finding out what is still referred to.
CREATE TABLE turns (
    seq INTEGER PRIMARY KEY,
    thread TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    created TEXT NOT NULL,
    reasoning TEXT,
    model TEXT,
    tool TEXT,
    job TEXT,
    files TEXT NOT NULL DEFAULT '[]',
    partial INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost INTEGER NOT NULL DEFAULT 0,
    UNIQUE (thread, number, role)
) STRICT;

CREATE TABLE turn_files (
    turn INTEGER NOT NULL REFERENCES turns (seq) ON DELETE CASCADE,
    principal TEXT NOT NULL,
    file TEXT NOT NULL,
    PRIMARY KEY (turn, file),
    FOREIGN KEY (principal, file) REFERENCES files (principal, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX turn_files_by_file ON turn_files (principal, file);
