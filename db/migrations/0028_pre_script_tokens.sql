-- A script called with a token that nobody could end. A script's token is now a row: named, with roles and an end.
-- What an officer comes in with can be ended too.

ALTER TABLE officer ADD COLUMN credentials_from timestamptz;
COMMENT ON COLUMN officer.credentials_from IS
    'what was issued to this officer before this time opens nothing; null if everything may';

CREATE TABLE script_token (
    token_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    token_digest bytea NOT NULL CHECK (length(token_digest) = 32),
    roles text[] NOT NULL,
    issued_by text NOT NULL CHECK (issued_by <> ''),
    issued_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by text,
    last_used_day date,
    CONSTRAINT script_token_name_is_plain CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,47}$'),
    CONSTRAINT script_token_no_second_officer CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['intake', 'auditor']),
    CONSTRAINT script_token_at_most_a_year CHECK (ends_at > issued_at AND ends_at <= issued_at + interval '8784 hours'),
    CONSTRAINT script_token_revoked_by_somebody CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE UNIQUE INDEX script_token_digest ON script_token (token_digest);
COMMENT ON COLUMN script_token.token_digest IS 'SHA-256 of the token, which itself is nowhere';
COMMENT ON COLUMN script_token.name IS 'stands in the case log as `script:<name>`; several tokens of one script have one name';

CREATE FUNCTION script_token_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.revoked_at IS DISTINCT FROM NEW.revoked_at AND OLD.revoked_at IS NOT NULL
        OR (NEW.token_id, NEW.name, NEW.token_digest, NEW.roles, NEW.issued_by, NEW.issued_at, NEW.ends_at)
            IS DISTINCT FROM
            (OLD.token_id, OLD.name, OLD.token_digest, OLD.roles, OLD.issued_by, OLD.issued_at, OLD.ends_at)
    THEN
        RAISE EXCEPTION 'of a script''s token only the revocation, once, and the last use are written'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER script_token_rules BEFORE DELETE OR UPDATE ON script_token
    FOR EACH ROW EXECUTE FUNCTION script_token_rules();

CREATE FUNCTION script_token_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO officer_event (at, actor, kind, data) VALUES (
        coalesce(NEW.revoked_at, NEW.issued_at), coalesce(NEW.revoked_by, NEW.issued_by),
        CASE TG_OP WHEN 'INSERT' THEN 'token_issued' ELSE 'token_revoked' END,
        jsonb_build_object('token_id', NEW.token_id, 'name', NEW.name, 'roles', NEW.roles, 'ends_at', NEW.ends_at));
    RETURN NULL;
END $$;
CREATE TRIGGER script_token_issued AFTER INSERT ON script_token FOR EACH ROW EXECUTE FUNCTION script_token_told();
CREATE TRIGGER script_token_revoked AFTER UPDATE OF revoked_at ON script_token
    FOR EACH ROW EXECUTE FUNCTION script_token_told();

CREATE OR REPLACE FUNCTION officer_told() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fields text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO officer_event (at, actor, kind, officer_id) VALUES (NEW.created_at, NEW.created_by, 'added', NEW.officer_id);
        RETURN NULL;
    END IF;
    IF (OLD.disabled_at IS NULL) <> (NEW.disabled_at IS NULL) THEN
        INSERT INTO officer_event (at, actor, kind, officer_id) VALUES (NEW.changed_at, NEW.changed_by,
            CASE WHEN NEW.disabled_at IS NULL THEN 'enabled' ELSE 'disabled' END, NEW.officer_id);
    END IF;
    IF NEW.credentials_from IS DISTINCT FROM OLD.credentials_from THEN
        INSERT INTO officer_event (at, actor, kind, officer_id)
        VALUES (NEW.changed_at, NEW.changed_by, 'reset', NEW.officer_id);
    END IF;
    SELECT array_agg(n.key ORDER BY n.key) INTO fields
    FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key)
    WHERE n.value IS DISTINCT FROM o.value
        AND n.key NOT IN ('changed_at', 'changed_by', 'disabled_at', 'disabled_by', 'credentials_from');
    IF fields IS NOT NULL THEN
        INSERT INTO officer_event (at, actor, kind, officer_id, data)
        VALUES (NEW.changed_at, NEW.changed_by, 'changed', NEW.officer_id, jsonb_build_object('fields', fields));
    END IF;
    RETURN NULL;
END $$;
