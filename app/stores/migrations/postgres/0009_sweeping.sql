-- oldest application: 0.1.0
-- What time makes due, in portions, and what is removed on request.
CREATE INDEX jobs_over ON exai.jobs (updated) WHERE status <> 'running';
CREATE INDEX jobs_keys ON exai.jobs (key_until) WHERE idempotency_key IS NOT NULL;
CREATE INDEX calls_unknown ON exai.calls (updated) WHERE state = 'unknown';
CREATE INDEX files_expiring ON exai.files (expires) WHERE expires IS NOT NULL;

-- Jobs whose lease has ended, with what was streamed as their exchange's partial answer.
CREATE FUNCTION exai.interrupt_expired(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    -- Those that somebody else has in hand are left to them.
    expired text[] := ARRAY(
        SELECT id FROM exai.jobs WHERE status = 'running' AND lease_until <= clock_timestamp()
        ORDER BY id LIMIT (args ->> 'most')::bigint FOR UPDATE SKIP LOCKED
    );
    ended exai.jobs;
    called exai.calls;
    answer jsonb;
    streamed text;
BEGIN
    PERFORM exai.wait_for_appends(id) FROM unnest(expired) AS id;
    PERFORM exai.settle_calls((SELECT coalesce(jsonb_agg(jsonb_build_object(
        'call', id, 'state', 'unknown', 'outcome', 'interrupted', 'request_id', request_id)), '[]')
        FROM exai.calls WHERE job = ANY (expired) AND state = 'reserved'));
    FOR ended IN SELECT * FROM exai.jobs WHERE id = ANY (expired) ORDER BY thread, id LOOP
        answer := NULL;
        SELECT string_agg(text, '' ORDER BY number) INTO streamed FROM exai.pieces WHERE job = ended.id;
        IF streamed <> '' THEN
            SELECT * INTO called FROM exai.calls WHERE job = ended.id ORDER BY created DESC LIMIT 1;
            answer := jsonb_build_object('text', streamed, 'model', called.model, 'tool', ended.tool, 'files',
                '[]'::jsonb, 'partial', true, 'input_tokens', 0, 'output_tokens', 0, 'cost', 0);
        END IF;
        PERFORM exai.close_job(ended, jsonb_build_object(
            'status', 'interrupted', 'fault', args ->> 'fault', 'answer', answer), NULL);
    END LOOP;
    FOR ended IN SELECT * FROM exai.jobs WHERE id = ANY (expired) ORDER BY principal, id LOOP
        PERFORM exai.add_link(ended.principal, jsonb_build_object('event', args ->> 'audit_event', 'facts',
            format('{"job":%s,"replica":%s,"tool":%s}',
                to_json(ended.id), to_json(ended.replica), to_json(ended.tool)),
            'id', replace(gen_random_uuid()::text, '-', '')));
    END LOOP;
    RETURN (SELECT coalesce(jsonb_agg(exai.as_job(id, true) ORDER BY id), '[]') FROM unnest(expired) AS id);
END
$$;

-- Books calls that nobody learned the cost of at their estimate; returns how many.
CREATE FUNCTION exai.book_unknown(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    cutoff timestamptz :=
        clock_timestamp() - make_interval(secs => (args ->> 'unknown_seconds')::double precision);
    owners text[] := ARRAY(
        SELECT id FROM exai.jobs WHERE id IN (
            SELECT job FROM exai.calls WHERE state = 'unknown' AND updated <= cutoff
            LIMIT (args ->> 'most')::bigint)
        ORDER BY id FOR UPDATE SKIP LOCKED
    );
    due jsonb;
BEGIN
    SELECT coalesce(jsonb_agg(jsonb_build_object('call', id, 'state', 'estimated', 'outcome', outcome,
        'cost', least(granted, input_cost + output_price * streamed),
        'input_tokens', 0, 'cached_tokens', 0, 'output_tokens', 0, 'reasoning_tokens', 0)), '[]') INTO due
    FROM exai.calls WHERE job = ANY (owners) AND state = 'unknown' AND updated <= cutoff;
    PERFORM exai.settle_calls(due);
    RETURN to_jsonb(jsonb_array_length(due));
END
$$;

-- Removes files that no turn refers to any more; one that is being referred to at this moment stays.
CREATE FUNCTION exai.remove_unreferred(owner text, wanted text[]) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY wanted LOOP
        BEGIN
            DELETE FROM exai.files WHERE principal = owner AND id = one
                AND NOT EXISTS (SELECT FROM exai.turn_files WHERE principal = owner AND file = one);
        EXCEPTION WHEN foreign_key_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;

-- A thread goes with all its content; a job of it that still runs keeps nothing from now on.
CREATE FUNCTION exai.delete_thread(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    gone text := args ->> 'thread';
    owner text := args ->> 'principal';
    theirs text[];
    named text[];
BEGIN
    PERFORM exai.thread(args);
    -- Twice: a job that was being started while the first round waited is there for the second.
    FOR round IN 1..2 LOOP
        theirs := ARRAY(SELECT id FROM exai.jobs WHERE thread = gone ORDER BY id FOR UPDATE);
        PERFORM exai.wait_for_appends(id) FROM unnest(theirs) AS id;
        DELETE FROM exai.pieces WHERE job = ANY (theirs);
        UPDATE exai.jobs SET title = '', result = NULL, fault = NULL, no_store = true, output_characters = 0,
            thread = NULL, number = NULL WHERE id = ANY (theirs);
        PERFORM FROM exai.threads WHERE id = gone FOR UPDATE;
    END LOOP;
    named := ARRAY(SELECT DISTINCT file FROM exai.turn_files JOIN exai.turns ON turns.seq = turn_files.turn
        WHERE turns.thread = gone);
    DELETE FROM exai.threads WHERE id = gone AND principal = owner;
    PERFORM exai.remove_unreferred(owner, named);
    RETURN 'null';
END
$$;

-- What was not touched for the retention, has expired, or nobody can ask for any more.
CREATE FUNCTION exai.remove_old(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    cutoff timestamptz := clock_timestamp() - make_interval(days => (args ->> 'retention_days')::integer);
    most bigint := (args ->> 'most')::bigint;
    old record;
    gone text[];
    removed_threads bigint := 0;
    removed_files bigint;
BEGIN
    FOR old IN SELECT id, principal FROM exai.threads WHERE updated <= cutoff AND NOT EXISTS (
        SELECT FROM exai.jobs WHERE thread = threads.id AND status = 'running') ORDER BY id LIMIT most
        FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM exai.delete_thread(jsonb_build_object('thread', old.id, 'principal', old.principal));
        removed_threads := removed_threads + 1;
    END LOOP;
    gone := ARRAY(SELECT id FROM exai.jobs WHERE status <> 'running' AND updated <= cutoff
        AND (idempotency_key IS NULL OR key_until <= clock_timestamp())
        AND NOT EXISTS (SELECT FROM exai.calls WHERE job = jobs.id AND state IN ('reserved', 'unknown'))
        ORDER BY id LIMIT most FOR UPDATE SKIP LOCKED);
    DELETE FROM exai.pieces WHERE job = ANY (gone);
    DELETE FROM exai.jobs WHERE id = ANY (gone);
    DELETE FROM exai.files WHERE (principal, id) IN (
        SELECT principal, id FROM exai.files WHERE expires <= clock_timestamp()
        LIMIT most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS removed_files = ROW_COUNT;
    UPDATE exai.jobs SET idempotency_key = NULL WHERE id IN (
        SELECT id FROM exai.jobs WHERE idempotency_key IS NOT NULL AND key_until <= clock_timestamp()
        ORDER BY id LIMIT most FOR UPDATE SKIP LOCKED);
    RETURN jsonb_build_object(
        'threads', removed_threads, 'jobs', cardinality(gone), 'files', removed_files);
END
$$;

SELECT exai.protect();
