-- The victim hears of another account to be credited and can object to it; the application names the account, and what a
-- bank is ordered to credit never changes.
ALTER TABLE credit_account
    ADD COLUMN object_until timestamptz,
    ADD COLUMN ended_as text,
    ADD COLUMN ended_by text,
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN ended_reason text,
    ADD CONSTRAINT credit_account_ended_as_check CHECK (ended_as IN ('objected', 'withdrawn')) NOT VALID,
    ADD CONSTRAINT credit_account_ended_is_whole
        CHECK (num_nulls(ended_as, ended_by, ended_at, ended_reason) IN (0, 4)) NOT VALID,
    ADD CONSTRAINT credit_account_objectable_when_confirmed
        CHECK (object_until IS NULL OR object_until >= confirmed_at) NOT VALID;
COMMENT ON COLUMN credit_account.object_until IS
    'until when the victim may object after the confirmation; null before it, and where the release before confirmed it';
COMMENT ON COLUMN credit_account.ended_as IS 'why it is not credited any more: the victim objected, or an officer withdrew it';

CREATE OR REPLACE FUNCTION credit_account_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL
        OR (NEW.account_id, NEW.ack_no, NEW.case_no, NEW.holder_name, NEW.account, NEW.ifsc, NEW.institution, NEW.reason,
            NEW.proof, NEW.same_name, NEW.told_by, NEW.told_at)
            IS DISTINCT FROM
            (OLD.account_id, OLD.ack_no, OLD.case_no, OLD.holder_name, OLD.account, OLD.ifsc, OLD.institution, OLD.reason,
            OLD.proof, OLD.same_name, OLD.told_by, OLD.told_at)
        OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_by, NEW.confirmed_at, NEW.object_until)
            IS DISTINCT FROM (OLD.confirmed_by, OLD.confirmed_at, OLD.object_until))
    THEN
        RAISE EXCEPTION 'of an account to credit only the confirmation and the end are written, once each'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TABLE credit_account_link (
    token_digest bytea PRIMARY KEY CHECK (octet_length(token_digest) = 32),
    account_id bigint NOT NULL REFERENCES credit_account (account_id),
    made_at timestamptz NOT NULL
);
CREATE INDEX credit_account_link_account ON credit_account_link (account_id);
CREATE TRIGGER credit_account_link_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON credit_account_link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE credit_account_link IS 'Links in messages to a victim, by which the victim objects to an account.';

ALTER TABLE restoration ADD COLUMN credit_account_id bigint;
ALTER TABLE restoration ADD CONSTRAINT restoration_credit_account_id_fkey
    FOREIGN KEY (credit_account_id) REFERENCES credit_account (account_id) NOT VALID;
COMMENT ON COLUMN restoration.credit_account_id IS
    'the other account that the received application names; null for the account that paid';

CREATE TRIGGER bank_order_line_beneficiary_kept
    BEFORE UPDATE OF beneficiary_institution, beneficiary_holder, beneficiary_ifsc ON bank_order_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION hop_payer_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        WITH RECURSIVE down AS (
            SELECT NEW.hop_no
            UNION ALL SELECT h.hop_no FROM down d JOIN hop h ON h.case_no = NEW.case_no AND h.parent_hop_no = d.hop_no
        )
        SELECT FROM down JOIN bank_order_line l ON l.case_no = NEW.case_no AND l.hop_no = down.hop_no
        JOIN bank_order o USING (order_id)
        WHERE o.kind = 'restore' AND (o.state IN ('planned', 'delivered', 'refused') OR l.confirmed_paise > 0)
    ) THEN
        RAISE EXCEPTION 'a bank is ordered to credit money of hop % of case % to its payer', NEW.hop_no, NEW.case_no
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'hop_payer_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hop_payer_kept BEFORE UPDATE OF payer_holder, payer_ifsc, payer_institution_as_told ON hop
    FOR EACH ROW
    WHEN (NEW.payer_holder IS DISTINCT FROM OLD.payer_holder OR NEW.payer_ifsc IS DISTINCT FROM OLD.payer_ifsc
        OR NEW.payer_institution_as_told IS DISTINCT FROM OLD.payer_institution_as_told)
    EXECUTE FUNCTION hop_payer_kept();
