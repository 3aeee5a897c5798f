-- oldest application: 0.1.0
CREATE TABLE exai.threads (
    id text PRIMARY KEY,
    principal text NOT NULL,
    project text NOT NULL,
    title text NOT NULL,
    created timestamptz NOT NULL,
    updated timestamptz NOT NULL,
    exchanges bigint NOT NULL DEFAULT 0,
    forked_from text,
    summary text,
    summary_through bigint NOT NULL DEFAULT 0
);
CREATE INDEX threads_by_principal ON exai.threads (principal, updated);

-- `files` is a JSON list, for reading; turn_files says the same, for finding out what is still referred to.
-- `indexed` is false while nobody has given the turn its words, which only the application can split.
CREATE TABLE exai.turns (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread text NOT NULL REFERENCES exai.threads (id) ON DELETE CASCADE,
    number bigint NOT NULL,
    role text NOT NULL,
    text text NOT NULL,
    created timestamptz NOT NULL,
    reasoning text,
    model text,
    tool text,
    job text,
    files text NOT NULL DEFAULT '[]',
    partial boolean NOT NULL DEFAULT false,
    input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    cost bigint NOT NULL DEFAULT 0,
    indexed boolean NOT NULL,
    UNIQUE (thread, number, role)
);
CREATE INDEX turns_unindexed ON exai.turns (seq) WHERE NOT indexed;

CREATE TABLE exai.turn_files (
    turn bigint NOT NULL REFERENCES exai.turns (seq) ON DELETE CASCADE,
    principal text NOT NULL,
    file text NOT NULL,
    PRIMARY KEY (turn, file),
    FOREIGN KEY (principal, file) REFERENCES exai.files (principal, id)
);
CREATE INDEX turn_files_by_file ON exai.turn_files (principal, file);

-- Words as numbers, which are short and tell nothing: those of app.threads.words, two that say whose the turn
-- is, and one for its block of 8192 turns. In a table of its own, so that a common word's rows lie close
-- together.
CREATE TABLE exai.turn_words (
    seq bigint PRIMARY KEY REFERENCES exai.turns (seq) ON DELETE CASCADE,
    words bigint[] NOT NULL
);
-- New entries wait in a list that every search reads: a short one.
CREATE INDEX turn_words_words ON exai.turn_words USING gin (words) WITH (gin_pending_list_limit = 256);

-- No word of a text begins with a colon.
CREATE FUNCTION exai.word_numbers(owner text, in_project text, words jsonb) RETURNS bigint[]
LANGUAGE sql IMMUTABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT array_agg(hashtextextended(word, 0)) FROM (
        SELECT ':' || owner || coalesce(E'\n' || in_project, '') AS word
        UNION ALL SELECT jsonb_array_elements_text(words)
    ) all_of_them
$$;

CREATE FUNCTION exai.block_number(of_turn bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT hashtextextended('::' || of_turn / 8192, 0)
$$;

CREATE FUNCTION exai.add_words(of_turn bigint, words jsonb) RETURNS void
LANGUAGE sql SECURITY INVOKER SET search_path = '' AS $$
    INSERT INTO exai.turn_words
    SELECT of_turn, ARRAY[hashtextextended(':' || principal, 0), exai.block_number(of_turn)]
        || exai.word_numbers(principal, project, words)
    FROM exai.turns JOIN exai.threads ON threads.id = turns.thread WHERE seq = of_turn
$$;

-- Adds a turn to a thread; its files stay from now on. The words may be absent.
CREATE FUNCTION exai.add_turn(
    owner text, in_thread text, exchange bigint, side text, for_job text, turn jsonb, words jsonb
) RETURNS void LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    new_seq bigint;
    wanted text;
BEGIN
    FOR wanted IN SELECT DISTINCT name FROM jsonb_array_elements_text(turn -> 'files') AS name ORDER BY name LOOP
        UPDATE exai.files SET expires = NULL
            WHERE principal = owner AND id = wanted AND expires > clock_timestamp();
        PERFORM FROM exai.files WHERE principal = owner AND id = wanted AND expires IS NULL;
        IF NOT FOUND THEN
            PERFORM exai.not_found('file', wanted);
        END IF;
    END LOOP;
    INSERT INTO exai.turns (thread, number, role, text, created, reasoning, model, tool, job, files, partial,
        input_tokens, output_tokens, cost, indexed)
    VALUES (in_thread, exchange, side, turn ->> 'text', clock_timestamp(), turn ->> 'reasoning',
        turn ->> 'model', turn ->> 'tool', for_job, turn ->> 'files', (turn ->> 'partial')::boolean,
        (turn ->> 'input_tokens')::bigint, (turn ->> 'output_tokens')::bigint, (turn ->> 'cost')::bigint,
        words IS NOT NULL)
    RETURNING seq INTO new_seq;
    INSERT INTO exai.turn_files
        SELECT DISTINCT new_seq, owner, name FROM jsonb_array_elements_text(turn -> 'files') AS name;
    IF words IS NOT NULL THEN
        PERFORM exai.add_words(new_seq, words);
    END IF;
END
$$;

CREATE FUNCTION exai.thread(args jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    wanted exai.threads;
BEGIN
    SELECT * INTO wanted FROM exai.threads WHERE id = args ->> 'thread' AND principal = args ->> 'principal';
    IF NOT FOUND THEN
        PERFORM exai.not_found('thread', args ->> 'thread');
    END IF;
    RETURN to_jsonb(wanted);
END
$$;

CREATE FUNCTION exai.threads(args jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT coalesce(jsonb_agg(to_jsonb(kept) ORDER BY updated DESC), '[]') FROM (
        SELECT * FROM exai.threads WHERE principal = args ->> 'principal'
            AND (args ->> 'project' IS NULL OR project = args ->> 'project')
            AND (args ->> 'before' IS NULL OR updated < (args ->> 'before')::timestamptz)
        ORDER BY updated DESC LIMIT (args ->> 'most')::bigint
    ) kept
$$;

CREATE FUNCTION exai.turns(args jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    PERFORM exai.thread(args);
    RETURN (
        SELECT coalesce(jsonb_agg(to_jsonb(kept) ORDER BY number, role DESC), '[]') FROM (
            SELECT * FROM exai.turns WHERE thread = args ->> 'thread' AND number > (args ->> 'after')::bigint
            ORDER BY number, role DESC LIMIT (args ->> 'most')::bigint
        ) kept
    );
END
$$;

CREATE FUNCTION exai.keep_summary(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    PERFORM exai.thread(args);
    UPDATE exai.threads SET summary = args ->> 'summary', summary_through = (args ->> 'through')::bigint
        WHERE id = args ->> 'thread' AND summary_through < (args ->> 'through')::bigint;
    RETURN 'null';
END
$$;

CREATE FUNCTION exai.fork_thread(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    old exai.threads;
    time timestamptz := clock_timestamp();
    last bigint;
    turn exai.turns;
    new_seq bigint;
BEGIN
    SELECT * INTO old FROM exai.threads WHERE id = args ->> 'thread' AND principal = args ->> 'principal';
    IF NOT FOUND THEN
        PERFORM exai.not_found('thread', args ->> 'thread');
    END IF;
    last := least((args ->> 'through')::bigint, old.exchanges);
    INSERT INTO exai.threads VALUES (args ->> 'new', old.principal, old.project, old.title, time, time, last,
        old.id,
        CASE WHEN old.summary_through <= last THEN old.summary END,
        CASE WHEN old.summary_through <= last THEN old.summary_through ELSE 0 END)
    ON CONFLICT (id) DO NOTHING;
    IF FOUND THEN
        FOR turn IN SELECT * FROM exai.turns WHERE thread = old.id AND number <= last
            ORDER BY number, role DESC
        LOOP
            INSERT INTO exai.turns (thread, number, role, text, created, reasoning, model, tool, job, files,
                partial, input_tokens, output_tokens, cost, indexed)
            VALUES (args ->> 'new', turn.number, turn.role, turn.text, turn.created, turn.reasoning, turn.model,
                turn.tool, turn.job, turn.files, turn.partial, turn.input_tokens, turn.output_tokens, turn.cost,
                turn.indexed)
            RETURNING seq INTO new_seq;
            INSERT INTO exai.turn_files
                SELECT new_seq, principal, file FROM exai.turn_files WHERE turn_files.turn = turn.seq;
            INSERT INTO exai.turn_words
                SELECT new_seq, array_remove(words, exai.block_number(turn.seq)) || exai.block_number(new_seq)
                FROM exai.turn_words WHERE seq = turn.seq;
        END LOOP;
    END IF;
    RETURN exai.thread(jsonb_build_object('principal', old.principal, 'thread', args ->> 'new'));
END
$$;

SELECT exai.protect();
