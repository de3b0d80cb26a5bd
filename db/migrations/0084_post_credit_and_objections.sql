-- These read the tables while others write. The triggers come last, because making them stops writers.
ALTER TABLE credit_account VALIDATE CONSTRAINT credit_account_ended_as_check;
ALTER TABLE credit_account VALIDATE CONSTRAINT credit_account_ended_is_whole;
ALTER TABLE credit_account VALIDATE CONSTRAINT credit_account_objectable_when_confirmed;
ALTER TABLE restoration VALIDATE CONSTRAINT restoration_credit_account_id_fkey;

-- Every process asks for these rules before it writes, so PostgreSQL can hold them.
CREATE FUNCTION restoration_credit_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    instead credit_account;
BEGIN
    SELECT * INTO instead FROM credit_account c
        WHERE c.ack_no = NEW.ack_no AND c.confirmed_at IS NOT NULL AND c.ended_at IS NULL
        ORDER BY c.account_id DESC LIMIT 1;
    IF instead.account_id IS DISTINCT FROM NEW.credit_account_id THEN
        RAISE EXCEPTION 'the application of restoration % names another account', NEW.restoration_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'restoration_credit_account';
    END IF;
    IF instead.account_id IS NOT NULL AND coalesce(instead.object_until > present_moment(), true) THEN
        RAISE EXCEPTION 'the victim may still object to account %', instead.account_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'restoration_credit_account';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER restoration_credit_account BEFORE UPDATE OF approved_by ON restoration FOR EACH ROW
    WHEN (NEW.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by)
    EXECUTE FUNCTION restoration_credit_account();

CREATE FUNCTION objection_names_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.hold_id IS NULL AND NEW.by_whom IN ('holder', 'bank')
        AND (SELECT count(DISTINCT l.hold_id) FROM restoration_line l WHERE l.restoration_id = NEW.restoration_id) > 1
    THEN
        RAISE EXCEPTION 'an objection of a holder or a bank names one of several holds'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'objection_names_hold';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER objection_names_hold BEFORE INSERT ON objection FOR EACH ROW EXECUTE FUNCTION objection_names_hold();
