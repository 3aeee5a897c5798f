-- oldest application: 0.1.0
-- What a call waits for before its vendor is asked, in PL/pgSQL: PostgreSQL plans the statements of a function
-- in plain SQL anew in each transaction, and those of one in PL/pgSQL once a session. Each function does what
-- it did.
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

SELECT exai.protect();
