-- oldest application: 0.1.0
-- Who may do what, said again at the end of every step from here on. The owner, who migrates, may everything.
-- Where Supabase's roles are, service_role may use what is here, and anon and authenticated nothing: no right
-- is granted to them, and row-level security without any policy would show them no row if one were.
-- Everything below takes one jsonb and returns one, so that a function can learn more without a new signature
-- and the previous release still finds the one it knows.
CREATE FUNCTION exai.protect() RETURNS void LANGUAGE plpgsql SECURITY INVOKER SET search_path = '' AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_class
        WHERE relnamespace = 'exai'::regnamespace AND relkind IN ('r', 'p') AND NOT relrowsecurity
    LOOP
        EXECUTE format('ALTER TABLE exai.%I ENABLE ROW LEVEL SECURITY', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['public', 'anon', 'authenticated'] LOOP
        IF name = 'public' OR EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('REVOKE ALL ON SCHEMA exai FROM %s', name);
            EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA exai FROM %s', name);
            EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA exai FROM %s', name);
            EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA exai FROM %s', name);
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'service_role') THEN
        GRANT USAGE ON SCHEMA exai TO service_role;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA exai TO service_role;
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA exai TO service_role;
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA exai TO service_role;
        REVOKE ALL ON FUNCTION exai.protect() FROM service_role;
    END IF;
END
$$;

-- Returns [[version, oldest application], …]; also what a ping asks.
CREATE FUNCTION exai.applied_migrations(args jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = '' AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_array(version, oldest_application) ORDER BY version), '[]')
    FROM exai.schema_version
$$;

SELECT exai.protect();
