-- oldest application: 0.1.0
-- What time makes due is found without reading everything.
CREATE INDEX jobs_over ON jobs (updated) WHERE status <> 'running';
CREATE INDEX jobs_keys ON jobs (key_until) WHERE idempotency_key IS NOT NULL;
CREATE INDEX calls_unknown ON calls (updated) WHERE state = 'unknown';
CREATE INDEX files_expiring ON files (expires) WHERE expires IS NOT NULL;
