-- A larger amount of a victim's transfer that a later complaint tells waits until the bank has the first request.
-- Else an invented amount would replace a request that was not sent, and a strict bank would refuse it.
CREATE TABLE hop_raise (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    ack_no text NOT NULL,
    amount_paise bigint NOT NULL,
    told_at timestamp with time zone NOT NULL,
    CONSTRAINT hop_raise_pkey PRIMARY KEY (case_no, hop_no),
    CONSTRAINT hop_raise_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no),
    CONSTRAINT hop_raise_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT hop_raise_amount_check CHECK (amount_paise > 0)
);

CREATE INDEX hop_raise_told ON hop_raise (told_at);

COMMENT ON TABLE hop_raise IS 'the largest amount told of a transfer whose bank does not have the first request yet';
COMMENT ON COLUMN hop_raise.ack_no IS 'the complaint that tells it';
