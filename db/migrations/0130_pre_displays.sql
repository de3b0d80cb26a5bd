-- The supervisor's wall runs for weeks on a screen that is read from across the room. It must not run on an officer's session, so
-- a display has a token of its own, which shows the wall and nothing else. The token is exchanged once, on the display,
-- for a secret that stays in the browser there.

ALTER TABLE script_token ADD COLUMN display_digest bytea;
ALTER TABLE script_token ADD COLUMN placed_at timestamptz;
COMMENT ON COLUMN script_token.display_digest IS
    'SHA-256 of the secret in the browser of the display; null until the token was exchanged there';
COMMENT ON COLUMN script_token.placed_at IS 'when the token was exchanged on its display';

ALTER TABLE script_token ADD CONSTRAINT script_token_placed CHECK (
    (display_digest IS NULL) = (placed_at IS NULL)
    AND (display_digest IS NULL OR (length(display_digest) = 32 AND roles = ARRAY['display']))
) NOT VALID;
ALTER TABLE script_token DROP CONSTRAINT script_token_no_second_officer;
ALTER TABLE script_token ADD CONSTRAINT script_token_no_second_officer CHECK (
    cardinality(roles) > 0 AND (roles <@ ARRAY['intake', 'auditor'] OR roles = ARRAY['display'])
) NOT VALID;

CREATE OR REPLACE FUNCTION script_token_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.revoked_at IS DISTINCT FROM NEW.revoked_at AND OLD.revoked_at IS NOT NULL
        OR OLD.placed_at IS NOT NULL
            AND (NEW.placed_at, NEW.display_digest) IS DISTINCT FROM (OLD.placed_at, OLD.display_digest)
        OR (NEW.token_id, NEW.name, NEW.token_digest, NEW.roles, NEW.issued_by, NEW.issued_at, NEW.ends_at)
            IS DISTINCT FROM
            (OLD.token_id, OLD.name, OLD.token_digest, OLD.roles, OLD.issued_by, OLD.issued_at, OLD.ends_at)
    THEN
        RAISE EXCEPTION 'of a token only the revocation, once, its display, once, and the last use are written'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION script_token_placed_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO officer_event (at, actor, kind, data) VALUES (NEW.placed_at, 'script:' || NEW.name, 'display_placed',
        jsonb_build_object('token_id', NEW.token_id, 'name', NEW.name));
    RETURN NULL;
END $$;
CREATE TRIGGER script_token_placed AFTER UPDATE OF placed_at ON script_token
    FOR EACH ROW EXECUTE FUNCTION script_token_placed_told();
