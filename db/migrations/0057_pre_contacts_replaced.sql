-- What was sent to a contact that officers have replaced is void: a victim's link to object, and a code of the appeal page.
-- The victim hears of the account again at the new contact and has the time to object again. A code that a bank passes on
-- to its customer went to no contact, so it stays.
ALTER TABLE credit_account
    ADD COLUMN object_again_until timestamptz,
    ADD CONSTRAINT credit_account_object_again CHECK (object_again_until IS NULL OR object_again_until >= object_until) NOT VALID;
COMMENT ON COLUMN credit_account.object_again_until IS
    'until when the victim may object after the contact was corrected; null if it was not corrected since the confirmation';

CREATE FUNCTION credit_account_object_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.object_until IS NULL OR NEW.object_again_until IS NULL OR NEW.object_again_until < OLD.object_again_until
        OR NEW.ended_at IS NOT NULL
    THEN
        RAISE EXCEPTION 'the time in which a victim may object is only made longer'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'credit_account_object_again';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER credit_account_object_again BEFORE UPDATE OF object_again_until ON credit_account FOR EACH ROW
    WHEN (NEW.object_again_until IS DISTINCT FROM OLD.object_again_until)
    EXECUTE FUNCTION credit_account_object_again();

ALTER TABLE appeal_code ADD COLUMN through_bank boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN appeal_code.through_bank IS 'whether the bank passes the code on, because no contact was known';
