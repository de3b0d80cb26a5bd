-- The Superintendent or Commissioner approves that the court is asked to attach what is on hold (BNSS 107): an act of
-- their own, and never of the officer who investigates.
CREATE TABLE attachment_approval (
    hold_id uuid PRIMARY KEY REFERENCES account_hold,
    case_no text NOT NULL REFERENCES case_file,
    -- the name on the officer's token
    approved_by text NOT NULL CHECK (approved_by <> ''),
    approved_at timestamptz NOT NULL,
    reason text NOT NULL CHECK (reason <> '')
);
CREATE INDEX attachment_approval_of_case ON attachment_approval (case_no);
CREATE TRIGGER attachment_approval_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON attachment_approval
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION attachment_needs_other_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.approved_by = (SELECT subject FROM case_officer WHERE case_no = NEW.case_no AND duty = 'io'
                          ORDER BY assignment_no DESC LIMIT 1) THEN
        RAISE EXCEPTION 'who investigates case % does not approve its application', NEW.case_no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attachment_needs_other_eyes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attachment_needs_other_eyes BEFORE INSERT ON attachment_approval
    FOR EACH ROW EXECUTE FUNCTION attachment_needs_other_eyes();
-- What waits for the approval, or for the court's order, looks again.
CREATE TRIGGER attachment_approval_wakes_documents AFTER INSERT ON attachment_approval
    FOR EACH ROW EXECUTE FUNCTION due_documents_wake();
CREATE TRIGGER court_order_wakes_documents AFTER INSERT ON court_order
    FOR EACH ROW EXECUTE FUNCTION due_documents_wake();

-- Who orders or decides in a case is named on its documents, without answering for it.
ALTER TABLE case_officer DROP CONSTRAINT case_officer_duty_check;
ALTER TABLE case_officer ADD CONSTRAINT case_officer_duty_check CHECK (duty IN ('io', 'supervising', 'deciding'));
CREATE INDEX case_officer_by_subject ON case_officer (subject, assigned_at);
