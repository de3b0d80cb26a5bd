-- The admin who agreed to another login of a bank was shown its password, and the bank was not told. The bank now sets the password
-- itself, by a link that opens nothing without the code of the proposal, and its contacts are told of each change of its login.

CREATE TABLE bank_login_change (
    change_id uuid PRIMARY KEY,
    institution text NOT NULL REFERENCES institution (code) ON DELETE CASCADE,
    email text NOT NULL CONSTRAINT bank_login_change_email_check CHECK (length(email) BETWEEN 3 AND 320),
    made_at timestamptz NOT NULL,
    made_by text NOT NULL CONSTRAINT bank_login_change_made_by_check CHECK (length(made_by) BETWEEN 1 AND 200),
    proposal_id bigint REFERENCES administration_proposal (proposal_id),
    digest bytea CONSTRAINT bank_login_change_digest_check CHECK (octet_length(digest) = 32),
    code_digest bytea CONSTRAINT bank_login_change_code_digest_check CHECK (octet_length(code_digest) = 32),
    valid_until timestamptz,
    wrong_codes integer NOT NULL DEFAULT 0 CONSTRAINT bank_login_change_wrong_codes_check CHECK (wrong_codes BETWEEN 0 AND 5),
    used_at timestamptz,
    ended_at timestamptz,
    next_attempt_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    CONSTRAINT bank_login_change_has_link CHECK (num_nulls(proposal_id, digest, code_digest, valid_until) IN (0, 4)),
    -- Only the command sets a password, and an officer makes a link for the bank.
    CONSTRAINT bank_login_change_of_officers_has_code CHECK (code_digest IS NOT NULL OR made_by NOT LIKE 'officer:%'),
    CONSTRAINT bank_login_change_used_in_time CHECK (used_at IS NULL OR coalesce(used_at <= valid_until, false)),
    CONSTRAINT bank_login_change_used_or_ended CHECK (used_at IS NULL OR ended_at IS NULL),
    CONSTRAINT bank_login_change_used_after_few_codes CHECK (used_at IS NULL OR wrong_codes < 5)
);
CREATE UNIQUE INDEX bank_login_change_link ON bank_login_change (digest);
CREATE UNIQUE INDEX bank_login_change_open ON bank_login_change (institution)
    WHERE digest IS NOT NULL AND used_at IS NULL AND ended_at IS NULL;
CREATE INDEX bank_login_change_of_bank ON bank_login_change (institution, made_at);
CREATE INDEX bank_login_change_to_tell ON bank_login_change (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
COMMENT ON TABLE bank_login_change IS 'another login of a bank at our API, and the link by which the bank sets its password';
COMMENT ON COLUMN bank_login_change.digest IS 'of the link; null if the command set the password';
COMMENT ON COLUMN bank_login_change.code_digest IS 'of the code that the proposing admin alone was shown';
COMMENT ON COLUMN bank_login_change.wrong_codes IS 'wrong codes so far; the fifth ends the link';
COMMENT ON COLUMN bank_login_change.next_attempt_at IS 'when the bank''s contacts are told of it; null: not any more';

CREATE FUNCTION bank_login_change_of_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM administration_proposal p WHERE p.proposal_id = NEW.proposal_id
            AND p.kind = 'bank_login_replaced' AND p.subject = NEW.institution AND p.decision = 'agreed'
            AND p.decided_by = NEW.made_by AND p.code_digest = NEW.code_digest) THEN
        RAISE EXCEPTION 'the link of a bank comes of a proposal that two admins agreed to'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_login_change_of_two';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_login_change_of_two BEFORE INSERT ON bank_login_change FOR EACH ROW WHEN (NEW.proposal_id IS NOT NULL)
    EXECUTE FUNCTION bank_login_change_of_two();

CREATE FUNCTION bank_login_change_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.change_id, NEW.institution, NEW.email, NEW.made_at, NEW.made_by, NEW.proposal_id, NEW.digest, NEW.code_digest,
            NEW.valid_until) IS DISTINCT FROM (OLD.change_id, OLD.institution, OLD.email, OLD.made_at, OLD.made_by,
            OLD.proposal_id, OLD.digest, OLD.code_digest, OLD.valid_until)
        OR NEW.wrong_codes < OLD.wrong_codes
        OR (OLD.used_at IS NOT NULL OR OLD.ended_at IS NOT NULL)
            AND (NEW.used_at, NEW.ended_at, NEW.wrong_codes) IS DISTINCT FROM (OLD.used_at, OLD.ended_at, OLD.wrong_codes)
    THEN
        RAISE EXCEPTION 'a link is used once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_login_change_rules BEFORE UPDATE ON bank_login_change FOR EACH ROW EXECUTE FUNCTION bank_login_change_rules();

-- A token of a bank for our API lives for an hour. It names the login that it was made by, and ends with it.
ALTER TABLE institution ADD COLUMN login_no integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN institution.login_no IS 'number of its login at our API: one higher with each other e-mail or password';
CREATE FUNCTION institution_login_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.login_no := OLD.login_no + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER institution_login_counted BEFORE UPDATE OF inbound_email, inbound_password_hash ON institution FOR EACH ROW
    WHEN (OLD.inbound_email IS DISTINCT FROM NEW.inbound_email OR OLD.inbound_password_hash IS DISTINCT FROM NEW.inbound_password_hash)
    EXECUTE FUNCTION institution_login_counted();
