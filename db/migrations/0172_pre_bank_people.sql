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
    did_not_ask boolean NOT NULL DEFAULT false,
    password_hash text,
    code_digest bytea CONSTRAINT bank_person_code CHECK (octet_length(code_digest) = 32),
    code_until timestamptz,
    next_attempt_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    last_sign_in_at timestamptz,
    confirmed_at timestamptz,
    confirmed_proposal bigint REFERENCES administration_proposal (proposal_id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT bank_person_confirmed CHECK ((confirmed_at IS NULL) = (confirmed_proposal IS NULL)),
    CONSTRAINT bank_person_did_not_ask CHECK (NOT did_not_ask OR ended_at IS NOT NULL),
    CONSTRAINT bank_person_code_ends CHECK ((code_digest IS NULL) = (code_until IS NULL)),
    CONSTRAINT bank_person_ended_has_no_way_in CHECK (
        ended_at IS NULL OR num_nonnulls(password_hash, code_digest, next_attempt_at) = 0)
);
-- A bank occupies no mailbox that is not its person's own: only the code in the mailbox sets a password.
CREATE UNIQUE INDEX bank_person_email_of_bank ON bank_person (email, institution) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX bank_person_email_once ON bank_person (email) WHERE password_hash IS NOT NULL;
CREATE INDEX bank_person_to_forget ON bank_person (ended_at) WHERE last_sign_in_at IS NULL;
CREATE INDEX bank_person_of_bank ON bank_person (institution, added_at);
CREATE INDEX bank_person_due ON bank_person (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
COMMENT ON TABLE bank_person IS 'a person of a bank who has a login in its inbox; the bank itself adds and ends them';
COMMENT ON COLUMN bank_person.did_not_ask IS 'whether the person has ended the login with its code, without having asked for it';
COMMENT ON COLUMN bank_person.code_digest IS 'SHA-256 of the code with which the person sets a password; it is only in the letter to the person';
COMMENT ON COLUMN bank_person.confirmed_proposal IS
    'of the two admins who have confirmed that the login is of another person than the others; null: not confirmed';
COMMENT ON COLUMN bank_person.next_attempt_at IS 'when a new code is sent to the person, and the bank''s contacts are told; null: not any more';

-- Two requests of one bank cannot add the last person twice, because each locks the bank.
CREATE FUNCTION bank_person_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM institution WHERE code = NEW.institution FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM bank_person WHERE institution = NEW.institution AND ended_at IS NULL) >= 20 THEN
        RAISE EXCEPTION 'a bank has at most 20 people' USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_person_at_most';
    END IF;
    IF (SELECT count(*) FROM bank_person
            WHERE institution = NEW.institution AND added_at > NEW.added_at - interval '90 days') >= 100 THEN
        RAISE EXCEPTION 'a bank adds at most 100 people in 90 days'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_person_added_at_most';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_person_rules BEFORE INSERT ON bank_person FOR EACH ROW EXECUTE FUNCTION bank_person_rules();
CREATE TRIGGER bank_person_kept BEFORE UPDATE OF person_id, institution, email, name, designation, added_at ON bank_person
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_person_append_only BEFORE TRUNCATE ON bank_person FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A bank adds its people by itself, so it cannot also say that two of them are two. A rehearsal is undone before this is checked.
CREATE FUNCTION bank_person_confirmed_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM administration_proposal p WHERE p.proposal_id = NEW.confirmed_proposal
            AND p.kind = 'bank_people_confirmed' AND p.subject = NEW.institution AND p.decision = 'agreed'
            AND p.decided_at = NEW.confirmed_at AND p.asked -> 'confirmed' ? NEW.person_id::text) THEN
        RAISE EXCEPTION 'two admins confirm a person of a bank'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_person_confirmed_by_two';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bank_person_confirmed_by_two AFTER INSERT OR UPDATE OF confirmed_at, confirmed_proposal ON bank_person
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.confirmed_proposal IS NOT NULL)
    EXECUTE FUNCTION bank_person_confirmed_by_two();

-- The login of a bank and that of a person are found by the e-mail alone, so no e-mail is of both.
CREATE FUNCTION bank_login_email_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_email text := CASE TG_TABLE_NAME WHEN 'institution' THEN to_jsonb(NEW) ->> 'inbound_email' ELSE to_jsonb(NEW) ->> 'email' END;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(the_email, 31));
    IF TG_TABLE_NAME = 'institution' AND EXISTS (SELECT FROM bank_person WHERE email = the_email AND password_hash IS NOT NULL)
        OR TG_TABLE_NAME = 'bank_person' AND EXISTS (SELECT FROM institution WHERE inbound_email = the_email) THEN
        RAISE EXCEPTION 'an e-mail is the login of one bank or of one person'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'bank_login_email_once';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bank_person_email_is_no_bank AFTER UPDATE OF password_hash ON bank_person FOR EACH ROW
    WHEN (NEW.password_hash IS NOT NULL AND NEW.password_hash IS DISTINCT FROM OLD.password_hash)
    EXECUTE FUNCTION bank_login_email_once();
CREATE TRIGGER institution_login_is_no_person AFTER INSERT ON institution FOR EACH ROW
    WHEN (NEW.inbound_email IS NOT NULL) EXECUTE FUNCTION bank_login_email_once();
CREATE TRIGGER institution_new_login_is_no_person AFTER UPDATE OF inbound_email ON institution FOR EACH ROW
    WHEN (NEW.inbound_email IS NOT NULL AND NEW.inbound_email IS DISTINCT FROM OLD.inbound_email)
    EXECUTE FUNCTION bank_login_email_once();

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
