-- The admin who agreed to a new or reset officer was shown the link to sign in, and could use it before the officer did. Such a link
-- now opens nothing without the code of its proposal, which the proposing admin alone was shown.

ALTER TABLE sign_in_link
    ADD COLUMN proposal_id bigint,
    ADD COLUMN code_digest bytea,
    ADD COLUMN wrong_codes integer NOT NULL DEFAULT 0,
    ADD COLUMN next_attempt_at timestamptz,
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN told_at timestamptz,
    ADD CONSTRAINT sign_in_link_proposal_id_fkey FOREIGN KEY (proposal_id) REFERENCES administration_proposal (proposal_id)
        NOT VALID,
    ADD CONSTRAINT sign_in_link_code_digest_check CHECK (octet_length(code_digest) = 32) NOT VALID,
    ADD CONSTRAINT sign_in_link_wrong_codes_check CHECK (wrong_codes BETWEEN 0 AND 5) NOT VALID,
    ADD CONSTRAINT sign_in_link_has_code CHECK ((proposal_id IS NULL) = (code_digest IS NULL)) NOT VALID,
    -- Only the command makes a link that needs no code.
    ADD CONSTRAINT sign_in_link_of_officers_has_code CHECK (code_digest IS NOT NULL OR made_by NOT LIKE 'officer:%') NOT VALID,
    ADD CONSTRAINT sign_in_link_used_after_few_codes CHECK (used_at IS NULL OR wrong_codes < 5) NOT VALID;
COMMENT ON COLUMN sign_in_link.proposal_id IS 'the proposal of two admins by which it was made; null for a link of the command';
COMMENT ON COLUMN sign_in_link.code_digest IS 'of the code without which the link opens nothing; null for a link of the command';
COMMENT ON COLUMN sign_in_link.wrong_codes IS 'wrong codes so far; the fifth ends the link';
COMMENT ON COLUMN sign_in_link.next_attempt_at IS 'when the officer is told of the link or of its use; null: not any more';

-- One admin was shown the link and another one the code. The database compares the two with the proposal.
CREATE FUNCTION sign_in_link_of_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM administration_proposal p WHERE p.proposal_id = NEW.proposal_id
            AND p.kind IN ('officer_added', 'officer_reset') AND p.about_officer = NEW.officer_id AND p.decision = 'agreed'
            AND p.decided_by = NEW.made_by AND p.code_digest = NEW.code_digest) THEN
        RAISE EXCEPTION 'the link of an officer comes of a proposal that two admins agreed to'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sign_in_link_of_two';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sign_in_link_of_two BEFORE INSERT ON sign_in_link FOR EACH ROW WHEN (NEW.proposal_id IS NOT NULL)
    EXECUTE FUNCTION sign_in_link_of_two();

CREATE OR REPLACE FUNCTION sign_in_link_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.digest, NEW.officer_id, NEW.made_at, NEW.made_by, NEW.valid_until, NEW.proposal_id, NEW.code_digest)
            IS DISTINCT FROM (OLD.digest, OLD.officer_id, OLD.made_at, OLD.made_by, OLD.valid_until, OLD.proposal_id,
                OLD.code_digest)
        OR NEW.wrong_codes < OLD.wrong_codes
        OR (OLD.used_at IS NOT NULL OR OLD.ended_at IS NOT NULL)
            AND (NEW.used_at, NEW.ended_at, NEW.wrong_codes) IS DISTINCT FROM (OLD.used_at, OLD.ended_at, OLD.wrong_codes)
    THEN
        RAISE EXCEPTION 'a link is used once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
