-- "Ravi" and "ravi", and "officer:ravi" and "ravi", passed as two officers. Where two officers are needed, two people are.
CREATE FUNCTION person_of(actor text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(btrim(regexp_replace(actor, '^(officer|import):', '')))
$$;
COMMENT ON FUNCTION person_of(text) IS
    'The person behind the name of an actor, by which two officers are told apart: one person with two roles is one.';

CREATE FUNCTION is_second_officer(actor text, first_officer text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT person_of(actor) <> person_of(first_officer) AND actor !~ '^(script|bank|victim|command):'
$$;
COMMENT ON FUNCTION is_second_officer(text, text) IS
    'Whether an actor is an officer, and another person than the first; null while one of them is not known.';

-- A row of before may break these rules, and stays, so triggers hold them for what is written from now on.
CREATE FUNCTION two_persons() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'one person is no second officer: %', TG_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END $$;
-- A change of the first officer is looked at like one of the second.
CREATE TRIGGER court_order_four_eyes BEFORE INSERT OR UPDATE OF confirmed_by, taken_by ON court_order
    FOR EACH ROW WHEN (NOT is_second_officer(NEW.confirmed_by, NEW.taken_by)) EXECUTE FUNCTION two_persons();
CREATE TRIGGER confirmation_proposal_four_eyes BEFORE INSERT OR UPDATE OF agreed_by, proposed_by ON confirmation_proposal
    FOR EACH ROW WHEN (NOT is_second_officer(NEW.agreed_by, NEW.proposed_by)) EXECUTE FUNCTION two_persons();
CREATE TRIGGER bank_confirmation_four_eyes BEFORE INSERT OR UPDATE OF via, applied_paise, source, proposed_by
    ON bank_confirmation FOR EACH ROW WHEN (NEW.via = 'officer' AND NEW.applied_paise > 0
        AND NOT is_second_officer(NEW.source, NEW.proposed_by)) EXECUTE FUNCTION two_persons();
CREATE TRIGGER discrepancy_resolution_four_eyes BEFORE INSERT ON discrepancy_resolution
    FOR EACH ROW WHEN (NEW.from_held AND NOT is_second_officer(NEW.settled_by, NEW.proposed_by))
    EXECUTE FUNCTION two_persons();
CREATE TRIGGER credit_account_four_eyes BEFORE INSERT OR UPDATE OF confirmed_by, told_by ON credit_account
    FOR EACH ROW WHEN (NOT is_second_officer(NEW.confirmed_by, NEW.told_by)) EXECUTE FUNCTION two_persons();
CREATE TRIGGER payer_decision_four_eyes BEFORE INSERT OR UPDATE OF agreed_by, proposed_by ON payer_decision
    FOR EACH ROW WHEN (NOT is_second_officer(NEW.agreed_by, NEW.proposed_by)) EXECUTE FUNCTION two_persons();
CREATE TRIGGER withdrawal_four_eyes BEFORE INSERT OR UPDATE OF decision, decided_by, proposed_by ON withdrawal
    FOR EACH ROW WHEN (NEW.decision = 'agreed' AND NOT is_second_officer(NEW.decided_by, NEW.proposed_by))
    EXECUTE FUNCTION two_persons();
CREATE TRIGGER restoration_four_eyes BEFORE INSERT OR UPDATE OF approved_by, prepared_by ON restoration
    FOR EACH ROW WHEN (NOT is_second_officer(NEW.approved_by, NEW.prepared_by)) EXECUTE FUNCTION two_persons();

-- Nobody makes themselves the officer of a case.
ALTER TABLE case_officer ADD CONSTRAINT case_officer_four_eyes CHECK (person_of(assigned_by) <> person_of(subject)) NOT VALID;

CREATE OR REPLACE FUNCTION attachment_needs_other_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF person_of(NEW.approved_by) = (SELECT person_of(subject) FROM case_officer WHERE case_no = NEW.case_no AND duty = 'io'
                                     ORDER BY assignment_no DESC LIMIT 1) THEN
        RAISE EXCEPTION 'who investigates case % does not approve its application', NEW.case_no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attachment_needs_other_eyes';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION grievance_level_other_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM grievance_level g WHERE g.grievance_id = NEW.grievance_id AND g.level <> NEW.level
               AND g.outcome = 'decided' AND person_of(g.ended_by) = person_of(NEW.ended_by)) THEN
        RAISE EXCEPTION 'this officer decided grievance % at another level', NEW.grievance_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grievance_level_other_people';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grievance_level_other_people BEFORE INSERT OR UPDATE OF outcome, ended_by ON grievance_level
    FOR EACH ROW WHEN (NEW.outcome = 'decided') EXECUTE FUNCTION grievance_level_other_people();
