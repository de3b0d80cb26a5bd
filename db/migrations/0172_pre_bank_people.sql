-- All officers of a bank shared its login in the inbox, and each typed a name. A bank now gives its people logins of their own, so that
-- the engine knows who has answered.

CREATE TABLE bank_person (
    person_id uuid PRIMARY KEY,
    institution text NOT NULL REFERENCES institution (code) ON DELETE CASCADE,
    email text NOT NULL CONSTRAINT bank_person_email CHECK (length(email) >= 3 AND length(email) <= 200 AND email = lower(email)),
    name text NOT NULL CONSTRAINT bank_person_name CHECK (length(name) BETWEEN 1 AND 200),
    designation text NOT NULL CONSTRAINT bank_person_designation CHECK (length(designation) BETWEEN 1 AND 200),
    added_at timestamptz NOT NULL,
    ended_at timestamptz,
    password_hash text,
    code_digest bytea CONSTRAINT bank_person_code CHECK (octet_length(code_digest) = 32),
    code_until timestamptz,
    next_attempt_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    last_sign_in_at timestamptz,
    CONSTRAINT bank_person_code_ends CHECK ((code_digest IS NULL) = (code_until IS NULL)),
    CONSTRAINT bank_person_ended_has_no_way_in CHECK (
        ended_at IS NULL OR num_nonnulls(password_hash, code_digest, next_attempt_at) = 0)
);
CREATE UNIQUE INDEX bank_person_email_once ON bank_person (email) WHERE ended_at IS NULL;
CREATE INDEX bank_person_of_bank ON bank_person (institution, added_at);
CREATE INDEX bank_person_due ON bank_person (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
COMMENT ON TABLE bank_person IS 'a person of a bank who has a login in its inbox; the bank itself adds and ends them';
COMMENT ON COLUMN bank_person.code_digest IS 'SHA-256 of the code with which the person sets a password; it is only in the letter to the person';
COMMENT ON COLUMN bank_person.next_attempt_at IS 'when a new code is sent to the person, and the bank''s contacts are told; null: not any more';

-- Two requests of one bank cannot add the last person twice, because each locks the bank.
CREATE FUNCTION bank_person_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM institution WHERE code = NEW.institution FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM bank_person WHERE institution = NEW.institution AND ended_at IS NULL) >= 20 THEN
        RAISE EXCEPTION 'a bank has at most 20 people' USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_person_at_most';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_person_rules BEFORE INSERT ON bank_person FOR EACH ROW EXECUTE FUNCTION bank_person_rules();
CREATE TRIGGER bank_person_kept BEFORE UPDATE OF person_id, institution, email, name, designation, added_at ON bank_person
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_person_append_only BEFORE TRUNCATE ON bank_person FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE bank_session ADD COLUMN bank_person_id uuid REFERENCES bank_person (person_id) ON DELETE CASCADE;
COMMENT ON COLUMN bank_session.bank_person_id IS 'who has signed in; null for the login of the bank itself';

-- Who is ended, or sets another password, is signed out everywhere.
CREATE FUNCTION bank_person_ends_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The institution is named because sessions have an index by it.
    UPDATE bank_session SET ended_at = present_moment()
    WHERE institution = NEW.institution AND bank_person_id = NEW.person_id AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER bank_person_ends_sessions AFTER UPDATE OF password_hash, ended_at ON bank_person FOR EACH ROW
    WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash OR OLD.ended_at IS DISTINCT FROM NEW.ended_at)
    EXECUTE FUNCTION bank_person_ends_sessions();

-- What a person of a bank sends is stored as it came, which says no more than the browser did.
ALTER TABLE bank_evidence ADD COLUMN bank_person_id uuid REFERENCES bank_person (person_id);
COMMENT ON COLUMN bank_evidence.bank_person_id IS 'who was signed in; null for the login of the bank itself, and for its systems';
