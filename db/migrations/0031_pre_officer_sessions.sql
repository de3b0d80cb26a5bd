-- A session stands in the database, so that its end is known to every process within a second.

CREATE TABLE officer_session (
    session_id uuid PRIMARY KEY,
    token_digest bytea NOT NULL CHECK (octet_length(token_digest) = 32),
    officer_id text NOT NULL REFERENCES officer (officer_id),
    began_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    address text NOT NULL CHECK (length(address) <= 64),
    browser text NOT NULL DEFAULT '' CHECK (length(browser) <= 200),
    way text NOT NULL CHECK (way IN ('code', 'recovery_code', 'provider')),
    ended_at timestamptz,
    ended_by text,
    end_reason text CHECK (end_reason IN ('signed_out', 'ended_by_officer', 'ended_by_admin', 'signed_in_again',
        'too_many', 'credentials_changed', 'disabled')),
    end_note text NOT NULL DEFAULT '' CHECK (length(end_note) <= 500),
    CONSTRAINT officer_session_token UNIQUE (token_digest),
    CONSTRAINT officer_session_in_order CHECK (began_at <= last_seen_at AND began_at < ends_at
        AND ends_at <= began_at + interval '24 hours'),
    CONSTRAINT officer_session_ended_by_somebody CHECK (
        (ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX officer_session_by_officer ON officer_session (officer_id, began_at);
CREATE INDEX officer_session_over ON officer_session (ends_at);
COMMENT ON COLUMN officer_session.token_digest IS 'keyed digest of the token in the cookie, which is stored nowhere';
COMMENT ON COLUMN officer_session.way IS 'what the officer gave beside the password; `provider`: another system signed the officer in';

CREATE FUNCTION officer_session_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- The lock makes an end of the officer wait, which then ends this session too.
        IF (SELECT disabled_at <= present_moment() FROM officer WHERE officer_id = NEW.officer_id FOR SHARE) THEN
            RAISE EXCEPTION 'this officer is disabled' USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF OLD.ended_at IS NOT NULL OR NEW.last_seen_at < OLD.last_seen_at
        OR (NEW.session_id, NEW.token_digest, NEW.officer_id, NEW.began_at, NEW.ends_at, NEW.address, NEW.browser, NEW.way)
            IS DISTINCT FROM (OLD.session_id, OLD.token_digest, OLD.officer_id, OLD.began_at, OLD.ends_at, OLD.address,
                OLD.browser, OLD.way)
    THEN
        RAISE EXCEPTION 'of a session only its use and its end change, and it ends once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER officer_session_rules BEFORE INSERT OR UPDATE ON officer_session
    FOR EACH ROW EXECUTE FUNCTION officer_session_rules();

CREATE FUNCTION officer_session_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO officer_event (at, actor, kind, officer_id, data) VALUES (NEW.ended_at, NEW.ended_by, 'session_ended',
        NEW.officer_id, jsonb_build_object('session_id', NEW.session_id, 'reason', NEW.end_reason, 'note', NEW.end_note));
    RETURN NULL;
END $$;
CREATE TRIGGER officer_session_told AFTER UPDATE OF ended_at ON officer_session FOR EACH ROW
    WHEN (NEW.end_reason IN ('ended_by_admin', 'credentials_changed', 'disabled'))
    EXECUTE FUNCTION officer_session_told();

CREATE FUNCTION officer_sessions_end(of_officer text, by_whom text, why text, note text) RETURNS bigint LANGUAGE sql AS $$
    WITH ended AS (
        UPDATE officer_session SET ended_at = present_moment(), ended_by = by_whom, end_reason = why, end_note = note
        WHERE officer_id = of_officer AND ended_at IS NULL AND ends_at > present_moment() RETURNING session_id
    )
    SELECT count(*) FROM ended
$$;
COMMENT ON FUNCTION officer_sessions_end(text, text, text, text) IS 'ends every session of an officer; returns how many';

-- A new password and the end of an officer end the sessions by themselves.
CREATE FUNCTION officer_credentials_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_officer text := coalesce(NEW.officer_id, OLD.officer_id);
BEGIN
    PERFORM officer_sessions_end(of_officer, 'officer:' || of_officer, 'credentials_changed', '');
    RETURN NULL;
END $$;
CREATE TRIGGER officer_password_changed AFTER INSERT OR DELETE OR UPDATE ON officer_password
    FOR EACH ROW EXECUTE FUNCTION officer_credentials_changed();

CREATE FUNCTION officer_disabled_ends_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM officer_sessions_end(NEW.officer_id, NEW.disabled_by, 'disabled', '');
    UPDATE sign_in_link SET ended_at = present_moment()
    WHERE officer_id = NEW.officer_id AND used_at IS NULL AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER officer_disabled_ends_sessions AFTER UPDATE OF disabled_at ON officer FOR EACH ROW
    WHEN (NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL) EXECUTE FUNCTION officer_disabled_ends_sessions();

CREATE FUNCTION officer_reset_takes_credentials() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM officer_sessions_end(NEW.officer_id, NEW.changed_by, 'credentials_changed', '');
    DELETE FROM officer_password WHERE officer_id = NEW.officer_id;
    DELETE FROM officer_totp WHERE officer_id = NEW.officer_id;
    DELETE FROM recovery_code WHERE officer_id = NEW.officer_id;
    UPDATE sign_in_link SET ended_at = present_moment()
    WHERE officer_id = NEW.officer_id AND used_at IS NULL AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER officer_reset_takes_credentials AFTER UPDATE OF credentials_from ON officer FOR EACH ROW
    WHEN (NEW.credentials_from IS DISTINCT FROM OLD.credentials_from)
    EXECUTE FUNCTION officer_reset_takes_credentials();
