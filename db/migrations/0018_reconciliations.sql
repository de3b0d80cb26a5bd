-- What a bank believes to hold for us, laid beside the ledger. It changes no ledger: a difference is for a person.

CREATE TABLE reconciliation (
    reconciliation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution text NOT NULL REFERENCES institution,
    -- SHA-256 of the bank's list as it came
    list_digest bytea NOT NULL CHECK (octet_length(list_digest) = 32),
    taken_at timestamptz NOT NULL,
    taken_by text NOT NULL,
    rows_in integer NOT NULL CHECK (rows_in >= 0),
    rows_matched integer NOT NULL CHECK (rows_matched >= 0),
    rows_differing integer NOT NULL CHECK (rows_differing >= 0),
    -- transfers of which we hold something and the list says nothing
    missing integer NOT NULL CHECK (missing >= 0),
    bank_paise bigint NOT NULL CHECK (bank_paise >= 0),
    our_paise bigint NOT NULL CHECK (our_paise >= 0),
    CONSTRAINT reconciliation_rows_add_up CHECK (rows_in = rows_matched + rows_differing)
);
CREATE INDEX reconciliation_institution ON reconciliation (institution, reconciliation_id);

CREATE TABLE reconciliation_difference (
    reconciliation_id bigint NOT NULL REFERENCES reconciliation,
    difference_no integer NOT NULL CHECK (difference_no > 0),
    -- of the bank's list; null for what it does not have
    row_no integer,
    reason text NOT NULL CHECK (reason IN
        ('unreadable', 'unknown_case', 'unknown_reference', 'not_held_by_us', 'amount_differs', 'missing_at_bank')),
    detail text NOT NULL DEFAULT '',
    -- as the list has it: it may be no number of ours
    ack_no text NOT NULL,
    reference text NOT NULL,
    bank_paise bigint,
    our_paise bigint,
    PRIMARY KEY (reconciliation_id, difference_no),
    CHECK ((reason = 'missing_at_bank') = (row_no IS NULL))
);

CREATE TRIGGER reconciliation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reconciliation_difference_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation_difference
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
