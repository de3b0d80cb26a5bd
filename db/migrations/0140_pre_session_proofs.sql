-- Some acts need a person who has just proved to be the officer. So far only a sign-in proved it. Now a code of the
-- authenticator proves an open session again.

ALTER TABLE officer_session ADD COLUMN proved_at timestamptz;
COMMENT ON COLUMN officer_session.proved_at IS 'when the officer last gave a code in this session, or the proof at the identity provider before it; null while only the sign-in counts';

CREATE OR REPLACE FUNCTION officer_session_rules() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF TG_OP = 'INSERT' AND NEW.proved_at > NEW.began_at
        OR TG_OP = 'UPDATE' AND coalesce(NEW.proved_at < coalesce(OLD.proved_at, OLD.began_at), OLD.proved_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'no proof is of later than its session, and each comes after the proof before' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- The log names each proof too, with its session: after a disputed act it says which code was given, and from where.
ALTER TABLE sign_in_entry DROP CONSTRAINT sign_in_entry_outcome_check,
    ADD CONSTRAINT sign_in_entry_outcome_check CHECK (outcome IN ('signed_in', 'wrong_password', 'wrong_code', 'code_used',
        'too_many_codes', 'no_credentials', 'disabled', 'unknown_name', 'credentials_set', 'password_changed', 'proved')) NOT VALID,
    DROP CONSTRAINT sign_in_entry_session,
    ADD CONSTRAINT sign_in_entry_session CHECK ((outcome IN ('signed_in', 'proved')) = (session_id IS NOT NULL)) NOT VALID;
