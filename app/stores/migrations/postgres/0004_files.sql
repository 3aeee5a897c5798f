-- oldest application: 0.1.0
-- Each content once a principal; `id` is its SHA-256.
CREATE TABLE exai.files (
    principal text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    size bigint NOT NULL,
    created timestamptz NOT NULL,
    expires timestamptz,
    content bytea NOT NULL,
    PRIMARY KEY (principal, id)
);

-- Raised with the kind of thing as its message and the id as its detail; app.stores.functions reads both.
CREATE FUNCTION exai.not_found(thing text, id text) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'EX404', MESSAGE = thing, DETAIL = id;
END
$$;

CREATE FUNCTION exai.put_file(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    given jsonb := args -> 'file';
    kept exai.files;
BEGIN
    INSERT INTO exai.files AS present VALUES (
        given ->> 'principal', given ->> 'id', given ->> 'name', given ->> 'media_type',
        (given ->> 'size')::bigint, (given ->> 'created')::timestamptz, (given ->> 'expires')::timestamptz,
        decode(given ->> 'content', 'base64')
    )
    ON CONFLICT (principal, id) DO UPDATE SET expires =
        CASE WHEN present.expires IS NULL OR excluded.expires IS NULL THEN NULL
        ELSE greatest(present.expires, excluded.expires) END
    RETURNING principal, id, name, media_type, size, created, expires, ''::bytea INTO kept;
    RETURN to_jsonb(kept) - 'content';
END
$$;

CREATE FUNCTION exai.file(args jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    wanted jsonb;
BEGIN
    SELECT jsonb_build_object('principal', principal, 'id', id, 'name', name, 'media_type', media_type,
        'size', size, 'created', created, 'expires', expires, 'content', encode(content, 'base64')) INTO wanted
    FROM exai.files
    WHERE principal = args ->> 'principal' AND id = args ->> 'file'
        AND (expires IS NULL OR expires > clock_timestamp());
    IF wanted IS NULL THEN
        PERFORM exai.not_found('file', args ->> 'file');
    END IF;
    RETURN wanted;
END
$$;

SELECT exai.protect();
