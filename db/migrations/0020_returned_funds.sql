-- What banks say they have sent back (pacs.004), as they said it: evidence for restoring the money to its owner.
CREATE TABLE returned_funds (
    returned_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution text NOT NULL REFERENCES institution (code),
    body_digest bytea NOT NULL CHECK (octet_length(body_digest) = 32),
    line_no integer NOT NULL CHECK (line_no >= 1),
    received_at timestamptz NOT NULL,
    message_id text NOT NULL,
    created_at timestamptz,
    case_no text REFERENCES case_file (case_no),
    hop_no integer,
    reference text NOT NULL DEFAULT '',
    returned_paise bigint CHECK (returned_paise >= 0),
    transfer_paise bigint CHECK (transfer_paise >= 0),
    settled_on date,
    return_id text NOT NULL DEFAULT '',
    reason_code text NOT NULL DEFAULT '',
    job_id text,
    remarks text NOT NULL DEFAULT '',
    unreadable jsonb,
    UNIQUE (institution, body_digest, line_no),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop (case_no, hop_no),
    CHECK ((returned_paise IS NULL) = (unreadable IS NOT NULL)),
    CHECK (hop_no IS NULL OR case_no IS NOT NULL)
);
CREATE INDEX returned_funds_case ON returned_funds (case_no) WHERE case_no IS NOT NULL;
CREATE TRIGGER returned_funds_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON returned_funds
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON COLUMN returned_funds.case_no IS 'null: it names no case that this bank has to do with';
COMMENT ON COLUMN returned_funds.created_at IS 'of the message, as the bank says';
COMMENT ON COLUMN returned_funds.unreadable IS 'the line as it came, where it could not be read';
