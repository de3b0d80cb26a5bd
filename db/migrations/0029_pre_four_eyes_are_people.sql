-- "Ravi" and "ravi", and "officer:ravi" and "ravi", passed as two officers. Where two officers are needed, two people are.
CREATE FUNCTION same_person(one text, other text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(regexp_replace(one, '^[a-z]+:', '')) = lower(regexp_replace(other, '^[a-z]+:', ''))
$$;

COMMENT ON FUNCTION same_person(text, text) IS 'Whether two names of the case log, or officers'' ids, are one person.';

ALTER TABLE bank_confirmation DROP CONSTRAINT bank_confirmation_four_eyes, ADD CONSTRAINT bank_confirmation_four_eyes
    CHECK (via <> 'officer' OR applied_paise = 0 OR (proposed_by IS NOT NULL AND NOT same_person(proposed_by, source)))
    NOT VALID;
ALTER TABLE confirmation_proposal DROP CONSTRAINT confirmation_proposal_four_eyes,
    ADD CONSTRAINT confirmation_proposal_four_eyes CHECK (NOT same_person(agreed_by, proposed_by)) NOT VALID;
ALTER TABLE court_order DROP CONSTRAINT court_order_four_eyes, ADD CONSTRAINT court_order_four_eyes
    CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL) AND (confirmed_by IS NULL
        OR (effect = 'release' AND NOT same_person(confirmed_by, taken_by) AND document IS NOT NULL))) NOT VALID;
ALTER TABLE credit_account DROP CONSTRAINT credit_account_four_eyes,
    ADD CONSTRAINT credit_account_four_eyes CHECK (NOT same_person(confirmed_by, told_by)) NOT VALID;
ALTER TABLE discrepancy_resolution DROP CONSTRAINT discrepancy_resolution_four_eyes,
    ADD CONSTRAINT discrepancy_resolution_four_eyes
    CHECK (NOT from_held OR (proposed_by IS NOT NULL AND NOT same_person(proposed_by, settled_by))) NOT VALID;
ALTER TABLE payer_decision DROP CONSTRAINT payer_decision_four_eyes,
    ADD CONSTRAINT payer_decision_four_eyes CHECK (NOT same_person(agreed_by, proposed_by)) NOT VALID;
ALTER TABLE restoration DROP CONSTRAINT restoration_four_eyes, ADD CONSTRAINT restoration_four_eyes
    CHECK (approved_by IS NULL OR (prepared_by IS NOT NULL AND NOT same_person(prepared_by, approved_by))) NOT VALID;
ALTER TABLE withdrawal DROP CONSTRAINT withdrawal_four_eyes, ADD CONSTRAINT withdrawal_four_eyes
    CHECK (decision IS DISTINCT FROM 'agreed' OR NOT same_person(decided_by, proposed_by)) NOT VALID;

-- Nobody makes themselves the officer of a case.
ALTER TABLE case_officer ADD CONSTRAINT case_officer_four_eyes CHECK (NOT same_person(assigned_by, subject)) NOT VALID;

CREATE OR REPLACE FUNCTION attachment_needs_other_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF same_person(NEW.approved_by, (SELECT subject FROM case_officer WHERE case_no = NEW.case_no AND duty = 'io'
                                     ORDER BY assignment_no DESC LIMIT 1)) THEN
        RAISE EXCEPTION 'who investigates case % does not approve its application', NEW.case_no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attachment_needs_other_eyes';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION grievance_level_other_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM grievance_level g WHERE g.grievance_id = NEW.grievance_id AND g.level <> NEW.level
               AND g.outcome = 'decided' AND same_person(g.ended_by, NEW.ended_by)) THEN
        RAISE EXCEPTION 'this officer decided grievance % at another level', NEW.grievance_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grievance_level_other_people';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grievance_level_other_people BEFORE INSERT OR UPDATE OF outcome, ended_by ON grievance_level
    FOR EACH ROW WHEN (NEW.outcome = 'decided') EXECUTE FUNCTION grievance_level_other_people();
