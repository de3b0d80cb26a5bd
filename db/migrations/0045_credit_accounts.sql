-- Where money goes home to: the IFSC that the victim named with the account, and another account in its place.

ALTER TABLE hop ADD COLUMN payer_ifsc text;

-- Another account of the victim's, where the one that paid is closed or cannot be credited. The newest confirmed one stands.
CREATE TABLE credit_account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ack_no text NOT NULL REFERENCES complaint,
    case_no text NOT NULL REFERENCES case_file,
    holder_name text NOT NULL CHECK (holder_name <> ''),
    account text NOT NULL CHECK (account ~ '^[0-9]{9,18}$'),
    ifsc text NOT NULL CHECK (ifsc ~ '^[A-Z]{4}0[A-Z0-9]{6}$'),
    institution text NOT NULL REFERENCES institution,
    reason text NOT NULL CHECK (reason <> ''),
    proof text NOT NULL CHECK (proof <> ''),
    same_name boolean NOT NULL,
    told_by text NOT NULL,
    told_at timestamptz NOT NULL,
    confirmed_by text,
    confirmed_at timestamptz,
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    CONSTRAINT credit_account_four_eyes CHECK (confirmed_by <> told_by)
);
CREATE INDEX credit_account_complaint ON credit_account (ack_no);
CREATE INDEX credit_account_case ON credit_account (case_no);
COMMENT ON COLUMN credit_account.same_name IS 'whether it is in the name of the victim, as the complaint writes it';
COMMENT ON COLUMN credit_account.proof IS 'what the officer has seen: a passbook, a letter of the bank';

-- What was told is changed by nothing but a second officer who confirms it, once.
CREATE FUNCTION credit_account_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.confirmed_at IS NOT NULL
        OR (NEW.account_id, NEW.ack_no, NEW.case_no, NEW.holder_name, NEW.account, NEW.ifsc, NEW.institution, NEW.reason,
            NEW.proof, NEW.same_name, NEW.told_by, NEW.told_at)
            IS DISTINCT FROM
            (OLD.account_id, OLD.ack_no, OLD.case_no, OLD.holder_name, OLD.account, OLD.ifsc, OLD.institution, OLD.reason,
            OLD.proof, OLD.same_name, OLD.told_by, OLD.told_at)
    THEN
        RAISE EXCEPTION 'of an account to credit only the confirmation is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER credit_account_rules BEFORE UPDATE OR DELETE ON credit_account
    FOR EACH ROW EXECUTE FUNCTION credit_account_rules();
