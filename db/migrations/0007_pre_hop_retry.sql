-- A bank that does not find a victim's own transfer is asked again after some minutes. The time is a row that the
-- answer's transaction writes, so that no process has to remember it.
CREATE TABLE hop_retry (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    retries integer NOT NULL DEFAULT 0,
    due_at timestamp with time zone,
    CONSTRAINT hop_retry_pkey PRIMARY KEY (case_no, hop_no),
    CONSTRAINT hop_retry_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no),
    CONSTRAINT hop_retry_retries_check CHECK (retries >= 0)
);

CREATE INDEX hop_retry_due ON hop_retry (due_at) WHERE due_at IS NOT NULL;

COMMENT ON COLUMN hop_retry.retries IS 'how often the bank was asked again';
COMMENT ON COLUMN hop_retry.due_at IS 'when it is asked again; none is due if null';
