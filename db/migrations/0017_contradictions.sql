-- Answers are checked: against what the bank said of its account, against other banks' words and other cases; and what
-- was found is settled by a person.

ALTER TABLE answer ADD COLUMN reference_key text NOT NULL DEFAULT '', ADD COLUMN root_reference_key text NOT NULL DEFAULT '',
    ADD COLUMN balance_paise bigint;
COMMENT ON COLUMN answer.reference_key IS 'of the line''s own transaction; empty on lines taken before this column was there';
COMMENT ON COLUMN answer.root_reference_key IS 'of the transfer that the line is about';
COMMENT ON COLUMN answer.balance_paise IS 'what the account has by this line, what is on hold included; null where it says nothing';
ALTER TABLE hop ADD COLUMN asked_anew integer;
COMMENT ON COLUMN hop.asked_anew IS 'how often a resolution put money of it back in play; null for never';

CREATE INDEX answer_reference ON answer (reference_key, institution) WHERE reference_key <> '';
CREATE INDEX answer_held ON answer (root_reference_key) WHERE kind = 'held' AND root_reference_key <> '';
CREATE INDEX hop_reference ON hop (reference_key) WHERE reference_key <> '' AND parent_hop_no IS NOT NULL;
CREATE INDEX hop_account ON hop (institution, account_key) WHERE institution IS NOT NULL;

-- The last resolution of a discrepancy is the one that stands; each names the one before it, so there is no gap.
CREATE TABLE discrepancy_resolution (
    discrepancy_id bigint NOT NULL REFERENCES discrepancy,
    resolution_no integer NOT NULL CHECK (resolution_no > 0),
    replaces integer CHECK (replaces IS NOT DISTINCT FROM nullif(resolution_no - 1, 0)),
    decision text NOT NULL CHECK (decision IN ('upheld_bank', 'upheld_other', 'corrected', 'noted')),
    reason text NOT NULL,
    settled_by text NOT NULL,
    settled_at timestamptz NOT NULL,
    transaction_id bigint REFERENCES ledger_transaction,
    from_held boolean NOT NULL,
    proposed_by text,
    PRIMARY KEY (discrepancy_id, resolution_no),
    FOREIGN KEY (discrepancy_id, replaces) REFERENCES discrepancy_resolution,
    CONSTRAINT discrepancy_resolution_four_eyes
        CHECK (NOT from_held OR (proposed_by IS NOT NULL AND proposed_by <> settled_by)),
    CHECK (NOT from_held OR transaction_id IS NOT NULL)
);
COMMENT ON COLUMN discrepancy_resolution.from_held IS 'whether it took money out of held, for which it takes two persons';
CREATE TRIGGER discrepancy_resolution_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON discrepancy_resolution
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE resolution_proposal (
    discrepancy_id bigint NOT NULL REFERENCES discrepancy,
    resolution_no integer NOT NULL CHECK (resolution_no > 0),
    decision text NOT NULL CHECK (decision IN ('upheld_bank', 'upheld_other', 'corrected', 'noted')),
    proposed_by text NOT NULL,
    reason text NOT NULL,
    proposed_at timestamptz NOT NULL,
    PRIMARY KEY (discrepancy_id, resolution_no, decision, proposed_by)
);
CREATE TRIGGER resolution_proposal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON resolution_proposal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
