-- oldest application: 0.1.0
-- How a job starts, calls and ends. Every function here takes its locks in one order, so that none waits for
-- another in a circle: job, call, budget, spending, thread, head of the audit chain.
CREATE INDEX jobs_running ON exai.jobs (replica) WHERE status = 'running';

CREATE FUNCTION exai.open_call(for_job text, call jsonb, amount bigint) RETURNS void
LANGUAGE sql SECURITY INVOKER SET search_path = '' AS $$
    INSERT INTO exai.calls (id, job, principal, project, vendor, model, day, state, granted, input_cost,
        output_price, scopes, created, updated)
    SELECT call ->> 'id', id, principal, project, call ->> 'vendor', call ->> 'model', call ->> 'day', 'reserved',
        amount, (call ->> 'input_cost')::bigint, (call ->> 'output_price')::bigint,
        ARRAY(SELECT DISTINCT wanted ->> 'scope' FROM jsonb_array_elements(call -> 'limits') AS wanted),
        clock_timestamp(), clock_timestamp()
    FROM exai.jobs WHERE id = for_job
$$;

-- What a call was granted earlier; null when there is no such call.
CREATE FUNCTION exai.granted(call jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT jsonb_build_object('granted', granted, 'left', exai.left_of(call), 'refused', false)
    FROM exai.calls WHERE id = call ->> 'id'
$$;

-- Counts one exchange more in a job's thread, made if it is new; null where the job leaves none.
CREATE FUNCTION exai.begin_exchange(job jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    wanted text := job ->> 'thread';
    exchange bigint;
BEGIN
    IF wanted IS NULL OR (job ->> 'no_store')::boolean AND (job ->> 'new_thread')::boolean THEN
        RETURN NULL;
    END IF;
    IF (job ->> 'no_store')::boolean THEN
        PERFORM exai.thread(job);
        RETURN NULL;
    END IF;
    IF (job ->> 'new_thread')::boolean THEN
        INSERT INTO exai.threads (id, principal, project, title, created, updated)
        VALUES (wanted, job ->> 'principal', job ->> 'project', job ->> 'title', clock_timestamp(),
            clock_timestamp())
        ON CONFLICT (id) DO NOTHING;
    END IF;
    UPDATE exai.threads SET exchanges = exchanges + 1, updated = clock_timestamp()
        WHERE id = wanted AND principal = job ->> 'principal' RETURNING exchanges INTO exchange;
    IF exchange IS NULL THEN
        PERFORM exai.not_found('thread', wanted);
    END IF;
    RETURN exchange;
END
$$;

CREATE FUNCTION exai.start_job(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    job jsonb := args -> 'job';
    call jsonb := nullif(args -> 'call', 'null');
    prompt jsonb := nullif(args -> 'prompt', 'null');
    owner text := job ->> 'principal';
    key text := job ->> 'idempotency_key';
    earlier record;
    given jsonb := 'null';
    exchange bigint;
    time timestamptz;
BEGIN
    -- The same wish told twice at once, or two wishes with one key: the second waits here for the first.
    PERFORM pg_advisory_xact_lock(
        hashtextextended(owner || E'\n' || coalesce('key ' || key, 'id ' || (job ->> 'id')), 0));
    SELECT status, replica INTO earlier FROM exai.jobs WHERE id = job ->> 'id' AND principal = owner;
    IF FOUND THEN
        RETURN jsonb_build_object('fresh', earlier.status = 'running' AND earlier.replica = job ->> 'replica',
            'job', exai.as_job(job ->> 'id', true), 'grant', exai.granted(call));
    END IF;
    SELECT id, key_until INTO earlier FROM exai.jobs WHERE principal = owner AND idempotency_key = key;
    IF FOUND AND earlier.key_until > clock_timestamp() THEN
        RETURN jsonb_build_object('fresh', false, 'job', exai.as_job(earlier.id, true), 'grant', null);
    ELSIF FOUND THEN
        UPDATE exai.jobs SET idempotency_key = NULL WHERE id = earlier.id;
    END IF;
    IF call IS NOT NULL THEN
        given := exai.hold(call);
        IF (given ->> 'refused')::boolean THEN
            RETURN jsonb_build_object('fresh', false, 'job', null, 'grant', given);
        END IF;
    END IF;
    exchange := exai.begin_exchange(job);
    time := clock_timestamp();
    INSERT INTO exai.jobs (id, principal, tool, project, title, digest, status, replica, lease_until, created,
        updated, no_store, thread, number, idempotency_key, key_until)
    VALUES (job ->> 'id', owner, job ->> 'tool', job ->> 'project',
        CASE WHEN (job ->> 'no_store')::boolean THEN '' ELSE job ->> 'title' END, job ->> 'digest', 'running',
        job ->> 'replica', time + make_interval(secs => (job ->> 'lease_seconds')::double precision), time, time,
        (job ->> 'no_store')::boolean, CASE WHEN exchange IS NOT NULL THEN job ->> 'thread' END, exchange, key,
        time + make_interval(secs => (job ->> 'key_seconds')::double precision));
    IF call IS NOT NULL THEN
        PERFORM exai.open_call(job ->> 'id', call, (given ->> 'granted')::bigint);
    END IF;
    IF exchange IS NOT NULL AND prompt IS NOT NULL THEN
        PERFORM exai.add_turn(owner, job ->> 'thread', exchange, 'user', job ->> 'id', prompt, args -> 'words');
    END IF;
    PERFORM exai.add_link(owner, args -> 'audit');
    RETURN jsonb_build_object('fresh', true, 'job', exai.as_job(job ->> 'id', true), 'grant', given);
END
$$;

CREATE FUNCTION exai.reserve(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    call jsonb := args -> 'call';
    given jsonb;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('call ' || (call ->> 'id'), 0));
    given := exai.granted(call);
    IF given IS NOT NULL THEN
        RETURN given;
    END IF;
    PERFORM FROM exai.jobs WHERE id = args ->> 'job' AND status = 'running' FOR SHARE;
    IF NOT FOUND THEN
        PERFORM exai.not_found('running job', args ->> 'job');
    END IF;
    given := exai.hold(call);
    IF NOT (given ->> 'refused')::boolean THEN
        PERFORM exai.open_call(args ->> 'job', call, (given ->> 'granted')::bigint);
    END IF;
    RETURN given;
END
$$;

-- Settles calls whose jobs' rows the caller has locked.
CREATE FUNCTION exai.settle_calls(settlements jsonb) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    told jsonb;
    called exai.calls;
    paid bigint;
BEGIN
    FOR told IN SELECT one FROM jsonb_array_elements(settlements) AS one ORDER BY one ->> 'call' LOOP
        PERFORM FROM exai.calls WHERE id = told ->> 'call' FOR UPDATE;
        IF NOT FOUND THEN
            PERFORM exai.not_found('call', told ->> 'call');
        END IF;
    END LOOP;
    PERFORM FROM exai.budgets
        WHERE (scope, day) IN (SELECT unnest(scopes), calls.day FROM jsonb_array_elements(settlements) AS one
            JOIN exai.calls ON id = one ->> 'call')
        ORDER BY scope, day FOR UPDATE;
    FOR told IN
        SELECT one FROM jsonb_array_elements(settlements) AS one JOIN exai.calls ON id = one ->> 'call'
        WHERE state IN ('reserved', 'unknown') ORDER BY day, principal, project, vendor, model, id
    LOOP
        SELECT * INTO called FROM exai.calls WHERE id = told ->> 'call';
        IF told ->> 'state' = 'unknown' THEN
            -- Counted now, because the pieces may go with the end of the job.
            UPDATE exai.calls SET state = 'unknown', updated = clock_timestamp(), outcome = told ->> 'outcome',
                request_id = told ->> 'request_id', streamed = (SELECT coalesce(sum(bytes), 0) FROM exai.pieces
                    WHERE pieces.job = called.job AND pieces.call = called.id)
            WHERE id = called.id AND state = 'reserved';
            CONTINUE;
        END IF;
        paid := CASE told ->> 'state' WHEN 'released' THEN 0 ELSE (told ->> 'cost')::bigint END;
        UPDATE exai.calls SET state = told ->> 'state', updated = clock_timestamp(), outcome = told ->> 'outcome',
            request_id = coalesce(told ->> 'request_id', request_id), cost = paid,
            input_tokens = (told ->> 'input_tokens')::bigint, cached_tokens = (told ->> 'cached_tokens')::bigint,
            output_tokens = (told ->> 'output_tokens')::bigint,
            reasoning_tokens = (told ->> 'reasoning_tokens')::bigint
        WHERE id = called.id;
        UPDATE exai.budgets SET amount = amount + paid - called.granted
            WHERE scope = ANY (called.scopes) AND day = called.day;
        UPDATE exai.jobs SET cost = cost + paid WHERE id = called.job;
        IF told ->> 'state' <> 'released' THEN
            INSERT INTO exai.spending AS kept VALUES (called.day, called.principal, called.project, called.vendor,
                called.model, 1, (told ->> 'input_tokens')::bigint, (told ->> 'cached_tokens')::bigint,
                (told ->> 'output_tokens')::bigint, paid)
            ON CONFLICT (day, principal, project, vendor, model) DO UPDATE SET calls = kept.calls + 1,
                input_tokens = kept.input_tokens + excluded.input_tokens,
                cached_tokens = kept.cached_tokens + excluded.cached_tokens,
                output_tokens = kept.output_tokens + excluded.output_tokens, cost = kept.cost + excluded.cost;
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION exai.settle(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    PERFORM FROM exai.jobs WHERE id = (SELECT job FROM exai.calls WHERE id = args #>> '{settlement,call}')
        FOR UPDATE;
    PERFORM exai.settle_calls(jsonb_build_array(args -> 'settlement'));
    RETURN 'null';
END
$$;

-- Writes the end of a job whose row the caller has locked and whose money is settled.
CREATE FUNCTION exai.close_job(ended exai.jobs, told jsonb, words jsonb) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    UPDATE exai.jobs SET status = told ->> 'status', fault = told ->> 'fault', updated = clock_timestamp(),
        result = CASE WHEN NOT no_store THEN told ->> 'result' END,
        output_characters = (SELECT coalesce(sum(length(text)), 0) FROM exai.pieces WHERE job = ended.id)
    WHERE id = ended.id;
    IF told ->> 'result' IS NOT NULL THEN
        DELETE FROM exai.pieces WHERE job = ended.id;
    END IF;
    IF ended.thread IS NOT NULL THEN
        UPDATE exai.threads SET updated = clock_timestamp() WHERE id = ended.thread;
        IF jsonb_typeof(told -> 'answer') = 'object' THEN
            PERFORM exai.add_turn(
                ended.principal, ended.thread, ended.number, 'assistant', ended.id, told -> 'answer', words);
        END IF;
    END IF;
END
$$;

CREATE FUNCTION exai.finish_job(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    told jsonb := args -> 'finish';
    ended exai.jobs;
BEGIN
    SELECT * INTO ended FROM exai.jobs WHERE id = told ->> 'job' FOR UPDATE;
    IF ended.status IS DISTINCT FROM 'running' OR ended.replica <> told ->> 'replica' THEN
        -- The same end told again is no news, and no failure either.
        RETURN to_jsonb(coalesce(ended.status = told ->> 'status' AND ended.replica = told ->> 'replica', false));
    END IF;
    PERFORM exai.wait_for_appends(ended.id);
    PERFORM exai.settle_calls(told -> 'settlements');
    PERFORM exai.close_job(ended, told, nullif(args -> 'words', 'null'));
    IF jsonb_typeof(args -> 'audit') = 'object' THEN
        PERFORM exai.add_link(ended.principal, args -> 'audit');
    END IF;
    RETURN 'true';
END
$$;

-- Returns the jobs of a replica that are asked to stop.
CREATE FUNCTION exai.renew_leases(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    mine text[] := ARRAY(
        SELECT id FROM exai.jobs WHERE replica = args ->> 'replica' AND status = 'running'
        ORDER BY id FOR NO KEY UPDATE
    );
BEGIN
    UPDATE exai.jobs
        SET lease_until = clock_timestamp() + make_interval(secs => (args ->> 'lease_seconds')::double precision)
        WHERE id = ANY (mine);
    RETURN (SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') FROM exai.jobs
        WHERE id = ANY (mine) AND cancel_requested);
END
$$;

SELECT exai.protect();
