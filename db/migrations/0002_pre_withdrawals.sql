-- Two officers withdraw a false, mistaken or settled complaint; its hops then claim nothing, and their holds are released.

CREATE TABLE withdrawal (
    withdrawal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file (case_no),
    ack_no text NOT NULL REFERENCES complaint (ack_no),
    hop_no integer,
    kind text NOT NULL CHECK (kind IN ('false', 'mistaken', 'settled')),
    reason text NOT NULL CHECK (reason <> ''),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('agreed', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    decided_reason text,
    CONSTRAINT withdrawal_is_whole CHECK (num_nulls(decision, decided_by, decided_at, decided_reason) IN (0, 4)),
    CONSTRAINT withdrawal_four_eyes CHECK (decision IS DISTINCT FROM 'agreed' OR decided_by <> proposed_by),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop (case_no, hop_no)
);
CREATE INDEX withdrawal_case ON withdrawal (case_no);
CREATE UNIQUE INDEX withdrawal_open ON withdrawal (ack_no, coalesce(hop_no, 0)) WHERE decision IS NULL;
COMMENT ON COLUMN withdrawal.hop_no IS 'the one transfer that is withdrawn; null for the whole complaint';

CREATE TABLE withdrawn_hop (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    withdrawal_id bigint NOT NULL REFERENCES withdrawal (withdrawal_id),
    PRIMARY KEY (case_no, hop_no),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop (case_no, hop_no)
);
CREATE INDEX withdrawn_hop_withdrawal ON withdrawn_hop (withdrawal_id);

CREATE FUNCTION withdrawal_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.decision IS NOT NULL
        OR (NEW.withdrawal_id, NEW.case_no, NEW.ack_no, NEW.hop_no, NEW.kind, NEW.reason, NEW.proposed_by, NEW.proposed_at)
            IS DISTINCT FROM
            (OLD.withdrawal_id, OLD.case_no, OLD.ack_no, OLD.hop_no, OLD.kind, OLD.reason, OLD.proposed_by, OLD.proposed_at)
    THEN
        RAISE EXCEPTION 'of a withdrawal only the decision is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER withdrawal_rules BEFORE DELETE OR UPDATE ON withdrawal FOR EACH ROW EXECUTE FUNCTION withdrawal_rules();

CREATE FUNCTION withdrawn_hop_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM withdrawal w WHERE w.withdrawal_id = NEW.withdrawal_id AND w.case_no = NEW.case_no
                   AND w.decision = 'agreed') THEN
        RAISE EXCEPTION 'no second officer has agreed to withdrawal %', NEW.withdrawal_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawn_hop_agreed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER withdrawn_hop_agreed BEFORE INSERT ON withdrawn_hop FOR EACH ROW EXECUTE FUNCTION withdrawn_hop_agreed();
CREATE TRIGGER withdrawn_hop_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON withdrawn_hop
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE bank_order DROP CONSTRAINT bank_order_reason_check, ADD CONSTRAINT bank_order_reason_check
    CHECK (reason IN ('restoration', 'lapsed', 'grievance', 'objection', 'excess', 'court', 'leftover', 'micro',
                      'complaint_withdrawn')) NOT VALID;
