-- One transfer is reference and bank, every complaint's statement is kept, and corrections keep what stood before.

ALTER TABLE disputed_transfer ADD COLUMN reference_key text;

-- The keys of the release before also name the amount. Where several become one key, the oldest hop keeps it.
INSERT INTO disputed_transfer (transfer_key, case_no, hop_no, reference_key)
SELECT regexp_replace(t.transfer_key, '^(.*)\|[0-9]+\|(.*)$', '\1|\2'), t.case_no, t.hop_no,
    substring(t.transfer_key from '^(.*)\|[0-9]+\|')
FROM disputed_transfer t JOIN hop h USING (case_no, hop_no)
WHERE t.transfer_key ~ '^.*\|[0-9]+\|.*$'
ORDER BY h.opened_at, t.case_no, t.hop_no
ON CONFLICT DO NOTHING;

CREATE FUNCTION disputed_transfer_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO disputed_transfer (transfer_key, case_no, hop_no, reference_key)
    SELECT regexp_replace(NEW.transfer_key, '^(.*)\|[0-9]+\|(.*)$', '\1|\2'), NEW.case_no, NEW.hop_no,
        substring(NEW.transfer_key from '^(.*)\|[0-9]+\|')
    WHERE NEW.transfer_key ~ '^.*\|[0-9]+\|.*$'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER disputed_transfer_renamed AFTER INSERT ON disputed_transfer
    FOR EACH ROW WHEN (NEW.reference_key IS NULL) EXECUTE FUNCTION disputed_transfer_renamed();

COMMENT ON FUNCTION disputed_transfer_renamed() IS
    'Registers a transfer by reference and bank too, where a process of the release before named its amount.';
COMMENT ON COLUMN disputed_transfer.reference_key IS
    'reference of the transfer; null in a row of the release before, whose key also names the amount';

CREATE TABLE complaint_transfer (
    ack_no text NOT NULL REFERENCES complaint (ack_no),
    row_no integer NOT NULL CHECK (row_no > 0),
    payer_institution text NOT NULL,
    payer_kind text NOT NULL CHECK (payer_kind IN ('account', 'vpa', 'wallet')),
    payer_holder text NOT NULL CHECK (payer_holder <> ''),
    payer_ifsc text,
    payee_institution text NOT NULL,
    payee_kind text NOT NULL CHECK (payee_kind IN ('account', 'vpa', 'wallet')),
    payee_holder text NOT NULL CHECK (payee_holder <> ''),
    payee_ifsc text,
    rrn text,
    utr text,
    mode text NOT NULL,
    amount_paise bigint NOT NULL CHECK (amount_paise > 0),
    transferred_at timestamptz NOT NULL,
    time_missing boolean NOT NULL,
    case_no text,
    hop_no integer,
    differing text[] NOT NULL,
    PRIMARY KEY (ack_no, row_no),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop (case_no, hop_no),
    CHECK ((case_no IS NULL) = (hop_no IS NULL)),
    CHECK (rrn IS NOT NULL OR utr IS NOT NULL)
);

CREATE INDEX complaint_transfer_hop ON complaint_transfer (case_no, hop_no);

CREATE TRIGGER complaint_transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON complaint_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

COMMENT ON TABLE complaint_transfer IS 'each transfer as each complaint states it';
COMMENT ON COLUMN complaint_transfer.row_no IS 'its place in the complaint, from 1';
COMMENT ON COLUMN complaint_transfer.hop_no IS 'the hop that it opened, or that was this transfer already';
COMMENT ON COLUMN complaint_transfer.differing IS
    'what it tells otherwise than the hop did when the complaint was taken: payer, account, bank, amount, date';

CREATE TABLE hop_correction (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    corrected_at timestamptz NOT NULL,
    corrected_by text NOT NULL,
    ack_no text,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    PRIMARY KEY (case_no, hop_no, revision),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop (case_no, hop_no),
    FOREIGN KEY (case_no, ack_no) REFERENCES complaint (case_no, ack_no) DEFERRABLE INITIALLY DEFERRED
);

CREATE TRIGGER hop_correction_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON hop_correction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

COMMENT ON TABLE hop_correction IS 'each correction of a hop: the changed columns before and after it';
COMMENT ON COLUMN hop_correction.revision IS 'revision of the hop after the correction';
COMMENT ON COLUMN hop_correction.ack_no IS 'the complaint that corrected it; null for an officer''s correction';

CREATE TABLE payer_decision (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    ack_no text NOT NULL,
    among text[] NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    agreed_by text,
    agreed_at timestamptz,
    CONSTRAINT payer_decision_four_eyes CHECK (agreed_by <> proposed_by),
    CONSTRAINT payer_decision_agreed CHECK ((agreed_by IS NULL) = (agreed_at IS NULL)),
    CONSTRAINT payer_decision_among CHECK (ack_no = ANY (among)),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop (case_no, hop_no),
    FOREIGN KEY (case_no, ack_no) REFERENCES complaint (case_no, ack_no)
);

CREATE INDEX payer_decision_hop ON payer_decision (case_no, hop_no);

COMMENT ON TABLE payer_decision IS 'which complaint is right about who paid a transfer; two officers decide';
COMMENT ON COLUMN payer_decision.ack_no IS 'the complaint that is right';
COMMENT ON COLUMN payer_decision.among IS 'the complaints that were compared';

CREATE FUNCTION payer_decision_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.agreed_at IS NOT NULL
        OR (NEW.decision_id, NEW.case_no, NEW.hop_no, NEW.ack_no, NEW.among, NEW.reason, NEW.proposed_by, NEW.proposed_at)
            IS DISTINCT FROM
            (OLD.decision_id, OLD.case_no, OLD.hop_no, OLD.ack_no, OLD.among, OLD.reason, OLD.proposed_by, OLD.proposed_at)
    THEN
        RAISE EXCEPTION 'of a decision about a payer only the agreement is written, once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER payer_decision_rules BEFORE UPDATE OR DELETE ON payer_decision
    FOR EACH ROW EXECUTE FUNCTION payer_decision_rules();

CREATE FUNCTION contested_transfers(of_restoration uuid) RETURNS TABLE (hop_no integer, ack_no text, row_no integer)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH RECURSIVE up AS (
        SELECT h.case_no, h.hop_no, h.parent_hop_no FROM restoration_line l JOIN hop h USING (case_no, hop_no)
        WHERE l.restoration_id = of_restoration AND l.objection_id IS NULL
            AND (l.excluded_at IS NULL OR l.reopened_at IS NOT NULL)
        UNION
        SELECT h.case_no, h.hop_no, h.parent_hop_no
        FROM up JOIN hop h ON h.case_no = up.case_no AND h.hop_no = up.parent_hop_no
    )
    SELECT t.hop_no, t.ack_no, t.row_no FROM up JOIN complaint_transfer t USING (case_no, hop_no)
    WHERE up.parent_hop_no IS NULL AND 'payer' = ANY (t.differing) AND NOT EXISTS (
        SELECT FROM payer_decision d
        WHERE d.case_no = t.case_no AND d.hop_no = t.hop_no AND d.agreed_at IS NOT NULL AND t.ack_no = ANY (d.among))
    ORDER BY t.hop_no, t.ack_no, t.row_no;
END $$;

COMMENT ON FUNCTION contested_transfers(uuid) IS
    'The told transfers that name another payer than the victim of this restoration, and that are not decided.';

CREATE FUNCTION restoration_not_contested() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM contested_transfers(NEW.restoration_id)) THEN
        RAISE EXCEPTION 'two complainants claim a transfer of this restoration' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER restoration_not_contested BEFORE UPDATE OF approved_by ON restoration FOR EACH ROW
    WHEN (NEW.approved_by IS NOT NULL AND OLD.approved_by IS NULL) EXECUTE FUNCTION restoration_not_contested();
