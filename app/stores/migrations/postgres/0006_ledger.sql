-- oldest application: 0.1.0
-- Money is whole nano-USD. `amount` is what is spent and held in a scope on a UTC day; its row is the lock
-- under which everything there is granted and settled.
CREATE TABLE exai.budgets (
    scope text NOT NULL,
    day text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (scope, day)
) WITH (fillfactor = 50);

CREATE TABLE exai.spending (
    day text NOT NULL,
    principal text NOT NULL,
    project text NOT NULL,
    vendor text NOT NULL,
    model text NOT NULL,
    calls bigint NOT NULL,
    input_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost bigint NOT NULL,
    PRIMARY KEY (day, principal, project, vendor, model)
);

CREATE FUNCTION exai.held(args jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT coalesce(jsonb_object_agg(wanted, coalesce(amount, 0)), '{}')
    FROM jsonb_array_elements_text(args -> 'scopes') AS wanted
    LEFT JOIN exai.budgets ON scope = wanted AND day = args ->> 'day'
$$;

CREATE FUNCTION exai.spending(args jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT coalesce(jsonb_agg(to_jsonb(kept) ORDER BY day, principal, project, vendor, model), '[]')
    FROM exai.spending kept
    WHERE day >= args ->> 'since' AND (args ->> 'principal' IS NULL OR principal = args ->> 'principal')
$$;

-- What is left of each limit of a call: {scope: nano-USD}, and never less than nothing.
CREATE FUNCTION exai.left_of(call jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT coalesce(jsonb_object_agg(
        wanted ->> 'scope', greatest(0, (wanted ->> 'nano_usd')::bigint - coalesce(amount, 0))
    ), '{}')
    FROM jsonb_array_elements(call -> 'limits') AS wanted
    LEFT JOIN exai.budgets ON scope = wanted ->> 'scope' AND day = call ->> 'day'
$$;

-- Takes the money of a call out of every limit, or out of none; the budgets are locked in one order.
CREATE FUNCTION exai.hold(call jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    scopes text[] := ARRAY(
        SELECT DISTINCT wanted ->> 'scope' FROM jsonb_array_elements(call -> 'limits') AS wanted ORDER BY 1
    );
    available jsonb;
    granted bigint;
BEGIN
    INSERT INTO exai.budgets SELECT wanted, call ->> 'day', 0 FROM unnest(scopes) AS wanted
        ON CONFLICT DO NOTHING;
    PERFORM FROM exai.budgets WHERE scope = ANY (scopes) AND day = call ->> 'day' ORDER BY scope FOR UPDATE;
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

SELECT exai.protect();
