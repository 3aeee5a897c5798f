-- oldest application: 0.1.0
-- The newest turns that hold all words. The index alone decides which do, whatever the planner believes of
-- the words: a sequential scan would unpack those of every turn, and compiling costs more than it saves.
CREATE FUNCTION exai.newest_with(wanted bigint[], most bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = '' SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN ARRAY(
        WITH hits AS MATERIALIZED (SELECT seq FROM exai.turn_words WHERE words @> wanted)
        SELECT seq FROM hits ORDER BY seq DESC LIMIT most
    );
END
$$;

-- The newest blocks of turns are searched first, each for itself: a word in every second turn has enough hits
-- there, and need not have all its others fetched only to be sorted.
CREATE FUNCTION exai.search_turns(args jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    wanted bigint[] := exai.word_numbers(args ->> 'principal', args ->> 'project', args -> 'words');
    most bigint := (args ->> 'most')::bigint;
    newest bigint := (SELECT max(seq) FROM exai.turn_words);
    hits bigint[] := '{}';
BEGIN
    FOR block IN 0..1 LOOP
        hits := hits || exai.newest_with(
            wanted || exai.block_number(newest - block * 8192), most - cardinality(hits));
        EXIT WHEN cardinality(hits) >= most;
    END LOOP;
    IF cardinality(hits) < most THEN
        hits := exai.newest_with(wanted, most);
    END IF;
    RETURN (
        SELECT coalesce(jsonb_agg(to_jsonb(turns) || jsonb_build_object(
            'title', threads.title, 'project', threads.project) ORDER BY seq DESC), '[]')
        FROM exai.turns JOIN exai.threads ON threads.id = turns.thread
        WHERE seq = ANY (hits) AND threads.principal = args ->> 'principal'
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
