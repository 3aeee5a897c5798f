-- oldest application: 0.1.0
-- One chain a principal. `event` is the caller's id of the event, so that it is not recorded twice.
CREATE TABLE audit (
    principal TEXT NOT NULL,
    number INTEGER NOT NULL,
    event TEXT NOT NULL,
    text TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (principal, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX audit_event ON audit (principal, event);

-- The newest link of each chain, kept apart, so that a chain whose end was cut off is noticed.
CREATE TABLE audit_heads (
    principal TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_heads_only_advance BEFORE UPDATE ON audit_heads
WHEN NEW.number <> OLD.number + 1 OR NEW.principal <> OLD.principal BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_heads_are_never_removed BEFORE DELETE ON audit_heads BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
