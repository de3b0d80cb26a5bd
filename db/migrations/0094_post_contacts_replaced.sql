-- The rule of 0057 is checked for all rows, which reads the table while others write. And the database keeps the time that a
-- victim has after a correction, as it keeps the time after the confirmation.
ALTER TABLE credit_account VALIDATE CONSTRAINT credit_account_object_again;

CREATE OR REPLACE FUNCTION restoration_credit_account() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF instead.account_id IS NOT NULL
        AND coalesce(greatest(instead.object_until, instead.object_again_until) > present_moment(), true)
    THEN
        RAISE EXCEPTION 'the victim may still object to account %', instead.account_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'restoration_credit_account';
    END IF;
    RETURN NEW;
END $$;
