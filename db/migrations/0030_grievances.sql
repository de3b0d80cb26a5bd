-- Appeals of account holders: their numbers, what each level decided, codes without an account, small holds.

ALTER TABLE grievance ADD COLUMN serial_no bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
COMMENT ON COLUMN grievance.serial_no IS 'what the holder is told as the number';
ALTER TABLE grievance DROP CONSTRAINT grievance_state_check;
ALTER TABLE grievance ADD CONSTRAINT grievance_state_check
    CHECK (state IN ('open', 'upheld', 'part_released', 'released', 'withdrawn', 'overtaken'));
CREATE INDEX grievance_by_hold ON grievance (hold_id, opened_at);
CREATE INDEX grievance_open ON grievance (opened_at, grievance_id) WHERE state = 'open';

ALTER TABLE grievance_level DROP CONSTRAINT grievance_level_outcome_check;
ALTER TABLE grievance_level ADD CONSTRAINT grievance_level_outcome_check
    CHECK (outcome IN ('reported', 'decided', 'escalated', 'withdrawn', 'overtaken'));
ALTER TABLE grievance_level ADD COLUMN kyc text CHECK (kyc IN ('genuine', 'doubtful', 'not_known'));
ALTER TABLE grievance_level ADD COLUMN decision text CHECK (decision IN ('upheld', 'part_released', 'released'));
ALTER TABLE grievance_level ADD COLUMN released_paise bigint CHECK (released_paise > 0);
ALTER TABLE grievance_level ADD COLUMN overdue_at timestamptz;
-- In which order levels were opened: clocks may stand still.
ALTER TABLE grievance_level ADD COLUMN place bigint GENERATED ALWAYS AS IDENTITY;
ALTER TABLE grievance_level ADD COLUMN said text NOT NULL DEFAULT '';
COMMENT ON COLUMN grievance_level.said IS 'what the holder says against the decision of the level below';
COMMENT ON COLUMN grievance_level.overdue_at IS 'when the supervisor was told that the highest level has let its time pass';
ALTER TABLE grievance_level ADD CONSTRAINT grievance_level_decided CHECK ((outcome = 'decided') = (decision IS NOT NULL)),
    ADD CONSTRAINT grievance_level_reported CHECK ((outcome = 'reported') = (kyc IS NOT NULL)),
    ADD CONSTRAINT grievance_level_let_go
        CHECK ((decision IN ('part_released', 'released')) = (released_paise IS NOT NULL));
ALTER TABLE grievance_level ADD CONSTRAINT grievance_level_in_order CHECK (opened_at < due_at);
CREATE UNIQUE INDEX grievance_level_one_open ON grievance_level (grievance_id) WHERE ended_at IS NULL;
-- Four eyes: nobody decides one grievance at two levels.
CREATE UNIQUE INDEX grievance_level_other_eyes ON grievance_level (grievance_id, ended_by) WHERE outcome = 'decided';

-- A small hold that a person has looked at, and the order that lets it go.
ALTER TABLE bank_order DROP CONSTRAINT bank_order_reason_check;
ALTER TABLE bank_order ADD CONSTRAINT bank_order_reason_check CHECK (reason IN
    ('restoration', 'lapsed', 'grievance', 'objection', 'excess', 'court', 'leftover', 'small_hold'));
ALTER TABLE account_hold ADD COLUMN small_hold_decision text CHECK (small_hold_decision IN ('keep', 'release'));
ALTER TABLE account_hold ADD COLUMN small_hold_decided_by text;
ALTER TABLE account_hold ADD COLUMN small_hold_decided_at timestamptz;
ALTER TABLE account_hold ADD COLUMN small_hold_reason text NOT NULL DEFAULT '';
ALTER TABLE account_hold ADD CONSTRAINT account_hold_small_decided
    CHECK ((small_hold_decision IS NULL) = (small_hold_decided_by IS NULL) AND (small_hold_decision IS NULL) = (small_hold_decided_at IS NULL));

-- A one-time code with which the holder of an account comes in, and the visit that it begins.
CREATE TABLE appeal_code (
    code_id uuid PRIMARY KEY,
    hold_id uuid NOT NULL REFERENCES account_hold,
    -- a keyed digest: the database never has the code
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    valid_until timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    used_at timestamptz,
    visit_digest bytea UNIQUE CHECK (octet_length(visit_digest) = 32),
    visit_until timestamptz,
    CHECK (made_at < valid_until),
    CHECK ((used_at IS NULL) = (visit_digest IS NULL) AND (used_at IS NULL) = (visit_until IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX appeal_code_hold ON appeal_code (hold_id, made_at);
CREATE INDEX appeal_code_old ON appeal_code (made_at);

-- Whatever takes the last rupee of a hop off hold, the hold's clocks look again.
CREATE FUNCTION hold_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO procedure_news (workflow_id, created_at)
    SELECT p.workflow_id, now() FROM hop h
    JOIN account_hold a ON a.case_no = h.case_no AND a.institution = h.institution AND a.account_key = h.account_key
    JOIN procedure p ON p.kind = 'hold' AND p.subject = a.hold_id::text
    WHERE h.case_no = NEW.case_no AND h.hop_no = NEW.hop_no AND a.state = 'held';
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_balance_hold_emptied AFTER UPDATE OF balance_paise ON ledger_balance
    FOR EACH ROW WHEN (NEW.bucket = 'held' AND NEW.balance_paise = 0 AND OLD.balance_paise > 0)
    EXECUTE FUNCTION hold_emptied();

-- A hop whose money went off hold and comes on hold again is held from then: its hold does not lapse by the old date.
CREATE OR REPLACE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Not one upsert: a check is tried on the proposed row too, and a proposed row may well be below zero.
    WITH delta AS (
        SELECT case_no, hop_no, bucket, sum(amount_paise) AS paise FROM entered GROUP BY case_no, hop_no, bucket
    ), changed AS (
        UPDATE ledger_balance b SET balance_paise = b.balance_paise + d.paise FROM delta d
        WHERE b.case_no = d.case_no AND b.hop_no = d.hop_no AND b.bucket = d.bucket
        RETURNING b.case_no, b.hop_no, b.bucket
    )
    INSERT INTO ledger_balance (case_no, hop_no, bucket, balance_paise)
    SELECT d.* FROM delta d WHERE NOT EXISTS (
        SELECT FROM changed c WHERE c.case_no = d.case_no AND c.hop_no = d.hop_no AND c.bucket = d.bucket
    );
    INSERT INTO held_hop AS u (case_no, hop_no, held_at)
    SELECT e.case_no, e.hop_no, min(t.at) FROM entered e JOIN ledger_transaction t USING (transaction_id)
    WHERE e.bucket = 'held' AND e.amount_paise > 0 GROUP BY e.case_no, e.hop_no
    ON CONFLICT (case_no, hop_no) DO UPDATE SET taken_up_at = NULL, held_at = CASE
        WHEN (SELECT b.balance_paise FROM ledger_balance b
              WHERE b.case_no = u.case_no AND b.hop_no = u.hop_no AND b.bucket = 'held')
           = (SELECT sum(e.amount_paise) FROM entered e
              WHERE e.case_no = u.case_no AND e.hop_no = u.hop_no AND e.bucket = 'held')
        THEN EXCLUDED.held_at ELSE u.held_at END;
    RETURN NULL;
END $$;
