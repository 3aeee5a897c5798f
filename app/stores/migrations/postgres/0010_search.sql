-- oldest application: 0.1.0
-- The newest turns that hold all words. The index alone decides which do, whatever the planner believes of the
-- words: a sequential scan would unpack the words of every turn there is, and compiling costs more than it saves.
CREATE FUNCTION exai.search_turns(args jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = '' SET enable_seqscan = off SET jit = off AS $$
DECLARE
    wanted bigint[] := exai.word_numbers(args ->> 'principal', args ->> 'project', args -> 'words');
BEGIN
    RETURN (
        WITH found AS MATERIALIZED (SELECT seq FROM exai.turn_words WHERE words @> wanted),
        newest AS MATERIALIZED (SELECT seq FROM found ORDER BY seq DESC LIMIT (args ->> 'most')::bigint)
        SELECT coalesce(jsonb_agg(to_jsonb(turns) || jsonb_build_object(
            'title', threads.title, 'project', threads.project) ORDER BY seq DESC), '[]')
        FROM newest JOIN exai.turns USING (seq) JOIN exai.threads ON threads.id = turns.thread
        WHERE threads.principal = args ->> 'principal'
    );
END
$$;

-- Turns that were written without their words, by a sweep, which cannot split text.
CREATE FUNCTION exai.unindexed_turns(args jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT coalesce(jsonb_agg(to_jsonb(kept)), '[]') FROM (
        SELECT seq, text FROM exai.turns WHERE NOT indexed ORDER BY seq LIMIT (args ->> 'most')::bigint
    ) kept
$$;

CREATE FUNCTION exai.index_turn(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    UPDATE exai.turns SET indexed = true WHERE seq = (args ->> 'seq')::bigint AND NOT indexed;
    IF FOUND THEN
        PERFORM exai.add_words((args ->> 'seq')::bigint, args -> 'words');
    END IF;
    RETURN 'null';
END
$$;

SELECT exai.protect();
