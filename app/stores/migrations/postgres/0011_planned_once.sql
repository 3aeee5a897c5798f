-- oldest application: 0.1.0
-- What a call waits for before its vendor is asked. PostgreSQL plans the statements of a function in plain SQL
-- anew in each transaction, and those of one in PL/pgSQL once a session; and a statement that has nothing to
-- do takes as long as one that has. Each function does what it did.
CREATE OR REPLACE FUNCTION exai.left_of(call jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_object_agg(
            wanted ->> 'scope', greatest(0, (wanted ->> 'nano_usd')::bigint - coalesce(amount, 0))
        ), '{}')
        FROM jsonb_array_elements(call -> 'limits') AS wanted
        LEFT JOIN exai.budgets ON scope = wanted ->> 'scope' AND day = call ->> 'day'
    );
END
$$;

CREATE OR REPLACE FUNCTION exai.hold(call jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    scopes text[] := ARRAY(
        SELECT DISTINCT wanted ->> 'scope' FROM jsonb_array_elements(call -> 'limits') AS wanted ORDER BY 1
    );
    locked bigint;
    available jsonb;
    granted bigint;
BEGIN
    PERFORM FROM exai.budgets WHERE scope = ANY (scopes) AND day = call ->> 'day' ORDER BY scope FOR UPDATE;
    GET DIAGNOSTICS locked = ROW_COUNT;
    -- The first call of a day. A project's row never comes before its client's, so the order stays.
    IF locked < cardinality(scopes) THEN
        INSERT INTO exai.budgets SELECT wanted, call ->> 'day', 0 FROM unnest(scopes) AS wanted
            ON CONFLICT DO NOTHING;
        PERFORM FROM exai.budgets WHERE scope = ANY (scopes) AND day = call ->> 'day' ORDER BY scope FOR UPDATE;
    END IF;
    available := exai.left_of(call);
    SELECT least((call ->> 'most')::bigint, min(amount::bigint)) INTO granted
        FROM jsonb_each_text(available) AS rest (scope, amount);
    IF granted < (call ->> 'least')::bigint THEN
        RETURN jsonb_build_object('granted', 0, 'left', available, 'refused', true);
    END IF;
    UPDATE exai.budgets SET amount = amount + granted WHERE scope = ANY (scopes) AND day = call ->> 'day';
    RETURN jsonb_build_object('granted', granted, 'left', exai.left_of(call), 'refused', false);
END
$$;

CREATE OR REPLACE FUNCTION exai.granted(call jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object('granted', granted, 'left', exai.left_of(call), 'refused', false)
        FROM exai.calls WHERE id = call ->> 'id'
    );
END
$$;

CREATE OR REPLACE FUNCTION exai.open_call(for_job text, call jsonb, amount bigint) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    INSERT INTO exai.calls (id, job, principal, project, vendor, model, day, state, granted, input_cost,
        output_price, scopes, created, updated)
    SELECT call ->> 'id', jobs.id, jobs.principal, jobs.project, call ->> 'vendor', call ->> 'model',
        call ->> 'day', 'reserved', amount, (call ->> 'input_cost')::bigint, (call ->> 'output_price')::bigint,
        ARRAY(SELECT DISTINCT wanted ->> 'scope' FROM jsonb_array_elements(call -> 'limits') AS wanted),
        clock_timestamp(), clock_timestamp()
    FROM exai.jobs WHERE jobs.id = for_job;
END
$$;

CREATE OR REPLACE FUNCTION exai.word_numbers(owner text, in_project text, words jsonb) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    RETURN (
        SELECT array_agg(hashtextextended(word, 0)) FROM (
            SELECT ':' || owner || coalesce(E'\n' || in_project, '') AS word
            UNION ALL SELECT jsonb_array_elements_text(words)
        ) all_of_them
    );
END
$$;

CREATE OR REPLACE FUNCTION exai.block_number(of_turn bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    RETURN hashtextextended('::' || of_turn / 8192, 0);
END
$$;

CREATE OR REPLACE FUNCTION exai.add_words(of_turn bigint, words jsonb) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    INSERT INTO exai.turn_words
    SELECT of_turn, ARRAY[hashtextextended(':' || principal, 0), exai.block_number(of_turn)]
        || exai.word_numbers(principal, project, add_words.words)
    FROM exai.turns JOIN exai.threads ON threads.id = turns.thread WHERE seq = of_turn;
END
$$;

CREATE OR REPLACE FUNCTION exai.as_job(wanted text, with_result boolean) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    RETURN (
        SELECT to_jsonb(kept) FROM (
            SELECT id, principal, tool, project, title, digest, status, replica, created, updated, no_store,
                thread, number, cancel_requested, fault, cost, CASE WHEN with_result THEN result END AS result,
                CASE status WHEN 'running'
                    THEN (SELECT coalesce(sum(length(text)), 0) FROM exai.pieces WHERE job = jobs.id)
                    ELSE output_characters END AS output_characters
            FROM exai.jobs WHERE id = wanted
        ) kept
    );
END
$$;

CREATE OR REPLACE FUNCTION exai.add_link(owner text, told jsonb) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    head exai.audit_heads;
    content text;
    link text;
BEGIN
    SELECT * INTO head FROM exai.audit_heads WHERE principal = owner FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO exai.audit_heads VALUES (owner, 0, repeat('0', 64)) ON CONFLICT DO NOTHING;
        SELECT * INTO head FROM exai.audit_heads WHERE principal = owner FOR UPDATE;
    END IF;
    IF EXISTS (SELECT FROM exai.audit WHERE principal = owner AND event = told ->> 'id') THEN
        RETURN;
    END IF;
    content := format('{"event":%s,"facts":%s,"id":%s,"time":"%s"}',
        to_json(told ->> 'event'), told ->> 'facts', to_json(told ->> 'id'),
        to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US+00:00'));
    link := encode(sha256(convert_to(format(E'%s\n%s\n%s', head.hash, head.number + 1, content), 'UTF8')), 'hex');
    INSERT INTO exai.audit VALUES (owner, head.number + 1, told ->> 'id', content, head.hash, link);
    UPDATE exai.audit_heads SET number = head.number + 1, hash = link WHERE principal = owner;
END
$$;

CREATE OR REPLACE FUNCTION exai.add_turn(
    owner text, in_thread text, exchange bigint, side text, for_job text, turn jsonb, words jsonb
) RETURNS void LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    new_seq bigint;
    wanted text;
    with_files boolean;
BEGIN
    with_files := jsonb_array_length(turn -> 'files') > 0;
    IF with_files THEN
        FOR wanted IN
            SELECT DISTINCT name FROM jsonb_array_elements_text(turn -> 'files') AS name ORDER BY name
        LOOP
            UPDATE exai.files SET expires = NULL
                WHERE principal = owner AND id = wanted AND expires > clock_timestamp();
            PERFORM FROM exai.files WHERE principal = owner AND id = wanted AND expires IS NULL;
            IF NOT FOUND THEN
                PERFORM exai.not_found('file', wanted);
            END IF;
        END LOOP;
    END IF;
    INSERT INTO exai.turns (thread, number, role, text, created, reasoning, model, tool, job, files, partial,
        input_tokens, output_tokens, cost, indexed)
    VALUES (in_thread, exchange, side, turn ->> 'text', clock_timestamp(), turn ->> 'reasoning',
        turn ->> 'model', turn ->> 'tool', for_job, turn ->> 'files', (turn ->> 'partial')::boolean,
        (turn ->> 'input_tokens')::bigint, (turn ->> 'output_tokens')::bigint, (turn ->> 'cost')::bigint,
        words IS NOT NULL)
    RETURNING seq INTO new_seq;
    IF with_files THEN
        INSERT INTO exai.turn_files
            SELECT DISTINCT new_seq, owner, name FROM jsonb_array_elements_text(turn -> 'files') AS name;
    END IF;
    IF words IS NOT NULL THEN
        PERFORM exai.add_words(new_seq, words);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION exai.begin_exchange(job jsonb) RETURNS bigint
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
        INSERT INTO exai.threads (id, principal, project, title, created, updated, exchanges)
        VALUES (wanted, job ->> 'principal', job ->> 'project', job ->> 'title', clock_timestamp(),
            clock_timestamp(), 1)
        ON CONFLICT (id) DO NOTHING;
        IF FOUND THEN
            RETURN 1;
        END IF;
    END IF;
    UPDATE exai.threads SET exchanges = exchanges + 1, updated = clock_timestamp()
        WHERE id = wanted AND principal = job ->> 'principal' RETURNING exchanges INTO exchange;
    IF exchange IS NULL THEN
        PERFORM exai.not_found('thread', wanted);
    END IF;
    RETURN exchange;
END
$$;

CREATE OR REPLACE FUNCTION exai.start_job(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    job jsonb := args -> 'job';
    call jsonb := nullif(args -> 'call', 'null');
    prompt jsonb := nullif(args -> 'prompt', 'null');
    owner text := job ->> 'principal';
    key text := job ->> 'idempotency_key';
    earlier record;
    made exai.jobs;
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
    IF key IS NOT NULL THEN
        SELECT id, key_until INTO earlier FROM exai.jobs WHERE principal = owner AND idempotency_key = key;
        IF FOUND AND earlier.key_until > clock_timestamp() THEN
            RETURN jsonb_build_object('fresh', false, 'job', exai.as_job(earlier.id, true), 'grant', null);
        ELSIF FOUND THEN
            UPDATE exai.jobs SET idempotency_key = NULL WHERE id = earlier.id;
        END IF;
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
        time + make_interval(secs => (job ->> 'key_seconds')::double precision))
    RETURNING * INTO made;
    IF call IS NOT NULL THEN
        PERFORM exai.open_call(job ->> 'id', call, (given ->> 'granted')::bigint);
    END IF;
    IF exchange IS NOT NULL AND prompt IS NOT NULL THEN
        PERFORM exai.add_turn(owner, job ->> 'thread', exchange, 'user', job ->> 'id', prompt, args -> 'words');
    END IF;
    PERFORM exai.add_link(owner, args -> 'audit');
    RETURN jsonb_build_object('fresh', true, 'job', to_jsonb(made), 'grant', given);
END
$$;

SELECT exai.protect();
