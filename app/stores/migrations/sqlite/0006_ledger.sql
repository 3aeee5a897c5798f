-- oldest application: 0.1.0
-- Money is whole nano-USD. `amount` is what is spent and held in a scope on a UTC day.
CREATE TABLE budgets (
    scope TEXT NOT NULL,
    day TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (scope, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE spending (
    day TEXT NOT NULL,
    principal TEXT NOT NULL,
    project TEXT NOT NULL,
    vendor TEXT NOT NULL,
    model TEXT NOT NULL,
    calls INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    PRIMARY KEY (day, principal, project, vendor, model)
) STRICT, WITHOUT ROWID;
