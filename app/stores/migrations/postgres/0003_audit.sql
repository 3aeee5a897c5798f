-- oldest application: 0.1.0
-- One chain a principal. `event` is the caller's id of the event, so that it is not recorded twice.
CREATE TABLE exai.audit (
    principal text NOT NULL,
    number bigint NOT NULL,
    event text NOT NULL,
    text text NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (principal, number)
);
CREATE UNIQUE INDEX audit_event ON exai.audit (principal, event);

-- The newest link of each chain, kept apart, so that a chain whose end was cut off is noticed.
CREATE TABLE exai.audit_heads (
    principal text PRIMARY KEY,
    number bigint NOT NULL,
    hash text NOT NULL
);

CREATE FUNCTION exai.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON exai.audit
    FOR EACH ROW EXECUTE FUNCTION exai.refuse_change();
CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON exai.audit
    FOR EACH STATEMENT EXECUTE FUNCTION exai.refuse_change();
CREATE TRIGGER audit_heads_only_advance BEFORE UPDATE ON exai.audit_heads FOR EACH ROW
    WHEN (NEW.number <> OLD.number + 1 OR NEW.principal <> OLD.principal)
    EXECUTE FUNCTION exai.refuse_change();
CREATE TRIGGER audit_heads_are_never_removed BEFORE DELETE ON exai.audit_heads
    FOR EACH ROW EXECUTE FUNCTION exai.refuse_change();
CREATE TRIGGER audit_heads_are_never_emptied BEFORE TRUNCATE ON exai.audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION exai.refuse_change();

-- Adds {event, facts, id}, where `facts` is canonical JSON as text, to a chain; the head's row is the chain's
-- lock, taken last in every transaction. The texts are those of app.stores.audit_chain, sign for sign.
CREATE FUNCTION exai.add_link(owner text, told jsonb) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    head exai.audit_heads;
    content text;
    link text;
BEGIN
    INSERT INTO exai.audit_heads VALUES (owner, 0, repeat('0', 64)) ON CONFLICT DO NOTHING;
    SELECT * INTO head FROM exai.audit_heads WHERE principal = owner FOR UPDATE;
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

CREATE FUNCTION exai.record(args jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
BEGIN
    PERFORM exai.add_link(args ->> 'principal', args -> 'audit');
    RETURN 'null';
END
$$;

CREATE FUNCTION exai.audit_entries(args jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT coalesce(jsonb_agg(to_jsonb(kept) ORDER BY number), '[]') FROM (
        SELECT principal, number, text, previous, hash FROM exai.audit
        WHERE principal = args ->> 'principal' AND number > (args ->> 'after')::bigint
        ORDER BY number LIMIT (args ->> 'most')::bigint
    ) kept
$$;

CREATE FUNCTION exai.audit_heads(args jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT coalesce(jsonb_object_agg(principal, jsonb_build_array(number, hash)), '{}') FROM (
        SELECT principal, number, hash FROM exai.audit_heads
        UNION ALL SELECT DISTINCT principal, 0, repeat('0', 64) FROM exai.audit
        WHERE principal NOT IN (SELECT principal FROM exai.audit_heads)
    ) heads
$$;

SELECT exai.protect();
