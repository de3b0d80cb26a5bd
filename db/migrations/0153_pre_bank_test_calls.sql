-- A bank could have its endpoint tested by the police alone. It now asks for one test event in its inbox; a worker sends it,
-- because the processes that banks reach send no requests.

CREATE TABLE bank_test_call (
    call_id uuid PRIMARY KEY,
    institution text NOT NULL REFERENCES institution (code) ON DELETE CASCADE,
    asked_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    done_at timestamptz,
    outcome text CONSTRAINT bank_test_call_outcome
        CHECK (outcome IN ('taken', 'refused', 'unreachable', 'closed', 'no_webhook')),
    took_seconds double precision,
    detail text NOT NULL DEFAULT '' CONSTRAINT bank_test_call_detail CHECK (length(detail) <= 500),
    CONSTRAINT bank_test_call_ends CHECK (
        num_nulls(outcome, done_at) IN (0, 2) AND (done_at IS NULL) = (next_attempt_at IS NOT NULL))
);
CREATE INDEX bank_test_call_of_bank ON bank_test_call (institution, asked_at);
CREATE INDEX bank_test_call_due ON bank_test_call (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX bank_test_call_by_time ON bank_test_call (asked_at);
COMMENT ON TABLE bank_test_call IS 'a test event to a bank''s webhook that the bank has asked for in its inbox';
COMMENT ON COLUMN bank_test_call.detail IS 'what the bank''s endpoint answered, or why it could not be reached';
