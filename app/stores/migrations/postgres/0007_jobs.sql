-- oldest application: 0.1.0
-- `result` is JSON as it was given; `output_characters` is counted when a job ends.
CREATE TABLE exai.jobs (
    id text PRIMARY KEY,
    principal text NOT NULL,
    tool text NOT NULL,
    project text NOT NULL,
    title text NOT NULL,
    digest text NOT NULL,
    status text NOT NULL,
    replica text NOT NULL,
    lease_until timestamptz NOT NULL,
    created timestamptz NOT NULL,
    updated timestamptz NOT NULL,
    no_store boolean NOT NULL,
    thread text,
    number bigint,
    cancel_requested boolean NOT NULL DEFAULT false,
    result text,
    fault text,
    cost bigint NOT NULL DEFAULT 0,
    output_characters bigint NOT NULL DEFAULT 0,
    idempotency_key text,
    key_until timestamptz
);
CREATE UNIQUE INDEX jobs_by_key ON exai.jobs (principal, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_by_principal ON exai.jobs (principal, created);
CREATE INDEX jobs_by_thread ON exai.jobs (thread) WHERE thread IS NOT NULL;

-- What is streamed, piece by piece; of a job that keeps nothing, only how much it was. No foreign key: a
-- piece is written while its job cannot end, and to look the job up twice would cost as much as the row.
CREATE TABLE exai.pieces (
    job text NOT NULL,
    number bigint NOT NULL,
    call text NOT NULL,
    bytes bigint NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (job, number)
);

-- `scopes` are the budgets that hold what was granted. `streamed` is counted in bytes when nobody read the
-- usage.
CREATE TABLE exai.calls (
    id text PRIMARY KEY,
    job text NOT NULL REFERENCES exai.jobs (id) ON DELETE CASCADE,
    principal text NOT NULL,
    project text NOT NULL,
    vendor text NOT NULL,
    model text NOT NULL,
    day text NOT NULL,
    state text NOT NULL,
    granted bigint NOT NULL,
    input_cost bigint NOT NULL,
    output_price bigint NOT NULL,
    scopes text[] NOT NULL,
    streamed bigint NOT NULL DEFAULT 0,
    cost bigint NOT NULL DEFAULT 0,
    input_tokens bigint NOT NULL DEFAULT 0,
    cached_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    reasoning_tokens bigint NOT NULL DEFAULT 0,
    request_id text,
    outcome text NOT NULL DEFAULT '',
    created timestamptz NOT NULL,
    updated timestamptz NOT NULL
);
CREATE INDEX calls_by_job ON exai.calls (job);

-- A job as it stands; its result only when that is asked for.
CREATE FUNCTION exai.as_job(wanted text, with_result boolean) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT to_jsonb(kept) FROM (
        SELECT id, principal, tool, project, title, digest, status, replica, created, updated, no_store, thread,
            number, cancel_requested, fault, cost, CASE WHEN with_result THEN result END AS result,
            CASE status WHEN 'running'
                THEN (SELECT coalesce(sum(length(text)), 0) FROM exai.pieces WHERE job = jobs.id)
                ELSE output_characters END AS output_characters
        FROM exai.jobs WHERE id = wanted
    ) kept
$$;

CREATE FUNCTION exai.job(args jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    PERFORM FROM exai.jobs WHERE id = args ->> 'job' AND principal = args ->> 'principal';
    IF NOT FOUND THEN
        PERFORM exai.not_found('job', args ->> 'job');
    END IF;
    RETURN exai.as_job(args ->> 'job', true);
END
$$;

CREATE FUNCTION exai.jobs(args jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT coalesce(jsonb_agg(exai.as_job(id, false) ORDER BY created DESC), '[]') FROM (
        SELECT id, created FROM exai.jobs WHERE principal = args ->> 'principal'
            AND (args ->> 'status' IS NULL OR status = args ->> 'status')
            AND (args ->> 'project' IS NULL OR project = args ->> 'project')
        ORDER BY created DESC LIMIT (args ->> 'most')::bigint
    ) kept
$$;

CREATE FUNCTION exai.output(args jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    kept_nothing boolean;
BEGIN
    SELECT no_store INTO kept_nothing FROM exai.jobs
        WHERE id = args ->> 'job' AND principal = args ->> 'principal';
    IF NOT FOUND THEN
        PERFORM exai.not_found('job', args ->> 'job');
    END IF;
    RETURN (
        SELECT coalesce(jsonb_agg(to_jsonb(kept) ORDER BY number), '[]') FROM (
            SELECT number, text FROM exai.pieces
            WHERE job = args ->> 'job' AND number > (args ->> 'after')::bigint AND NOT kept_nothing
            ORDER BY number LIMIT (args ->> 'most')::bigint
        ) kept
    );
END
$$;

CREATE FUNCTION exai.request_cancel(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    UPDATE exai.jobs SET cancel_requested = true
        WHERE id = args ->> 'job' AND principal = args ->> 'principal' AND status = 'running';
    RETURN exai.job(args);
END
$$;

-- Between the look at its job and the writing of a piece the job must not end. Appends share a lock in
-- memory, which whoever ends a job waits for; a lock on the row would go to the disk with each piece.
CREATE FUNCTION exai.wait_for_appends(wanted text) RETURNS void
LANGUAGE sql SECURITY INVOKER SET search_path = '' AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('pieces ' || wanted, 0))
$$;

-- Appends of several jobs; returns how each one's job stands, in their order.
CREATE FUNCTION exai.append_outputs(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    answers jsonb;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('pieces ' || wanted.job, 0)) FROM (
        SELECT DISTINCT one ->> 'job' AS job FROM jsonb_array_elements(args -> 'appends') AS one ORDER BY 1
    ) wanted;
    WITH wanted AS (
        SELECT told.*, jobs.id IS NOT NULL AS ours, no_store, coalesce(cancel_requested, false) AS stop
        FROM ROWS FROM (jsonb_to_recordset(args -> 'appends')
            AS (job text, replica text, call text, number bigint, text text)
        ) WITH ORDINALITY AS told (job, replica, call, number, text, place)
        LEFT JOIN exai.jobs ON jobs.id = told.job AND jobs.replica = told.replica AND status = 'running'
    ), kept AS (
        INSERT INTO exai.pieces
        SELECT job, number, call, octet_length(text), CASE WHEN no_store THEN '' ELSE text END
        FROM wanted WHERE ours
        ON CONFLICT DO NOTHING
    )
    SELECT jsonb_agg(jsonb_build_object('ours', ours, 'cancel_requested', stop) ORDER BY place) INTO answers
    FROM wanted;
    RETURN answers;
END
$$;

SELECT exai.protect();
