-- oldest application: 0.1.0
-- What a replica asks of the jobs it runs is found without reading those that are over.
CREATE INDEX jobs_running ON jobs (replica) WHERE status = 'running';
