-- A read left no trace. Each read of a case, an account, a person or a document is now a row, written before the answer.

-- A branch for each kind, because a number of one kind cannot be read as one of another.
CREATE FUNCTION case_of_reference(named_by text, named text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF named_by = 'ack_no' THEN
        RETURN (SELECT case_no FROM complaint WHERE ack_no = named);
    ELSIF named_by = 'restoration_id' THEN
        RETURN (SELECT case_no FROM restoration WHERE restoration_id = named::uuid);
    ELSIF named_by = 'order_id' THEN
        RETURN (SELECT case_no FROM bank_order WHERE order_id = named::uuid);
    ELSIF named_by = 'account_hold_id' THEN
        RETURN (SELECT case_no FROM account_hold WHERE hold_id = named::uuid);
    ELSIF named_by = 'grievance_id' THEN
        RETURN (SELECT case_no FROM grievance WHERE grievance_id = named::uuid);
    ELSIF named_by = 'document_id' THEN
        RETURN (SELECT case_no FROM document WHERE document_id = named::uuid);
    ELSIF named_by = 'message_id' THEN
        RETURN (SELECT case_no FROM message WHERE message_id = named::uuid);
    ELSIF named_by = 'task_id' THEN
        RETURN (SELECT case_no FROM desk_task WHERE task_id = named::bigint);
    ELSIF named_by = 'discrepancy_id' THEN
        RETURN (SELECT case_no FROM discrepancy WHERE discrepancy_id = named::bigint);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION case_of_reference(text, text) IS
    'The case that a number in the path of a request belongs to; null where there is none.';

CREATE TABLE read_log (
    read_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    reader text NOT NULL CHECK (reader <> '' AND length(reader) <= 200),
    kind text NOT NULL CHECK (kind IN ('case', 'account', 'person', 'document', 'list')),
    subject text NOT NULL CHECK (length(subject) <= 400),
    case_no text,
    route text NOT NULL CHECK (route <> '' AND length(route) <= 200),
    address text NOT NULL CHECK (length(address) <= 64),
    session_id uuid,
    token_id bigint,
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
    outside boolean NOT NULL DEFAULT false,
    CONSTRAINT read_log_outside_has_a_reason CHECK (NOT outside OR reason <> '')
);
CREATE INDEX read_log_by_case ON read_log (case_no, read_id) WHERE case_no IS NOT NULL;
CREATE INDEX read_log_by_reader ON read_log (reader, read_id);
CREATE INDEX read_log_by_account ON read_log (subject, read_id) WHERE kind = 'account';
CREATE INDEX read_log_outside ON read_log (read_id) WHERE outside;
CREATE INDEX read_log_by_time ON read_log (at);
COMMENT ON TABLE read_log IS 'who read which case, account, person or document';
COMMENT ON COLUMN read_log.subject IS 'the number as it was asked for; of an account its bank and number';
COMMENT ON COLUMN read_log.case_no IS 'null where no such case exists, and for what belongs to no case';
COMMENT ON COLUMN read_log.outside IS 'whether the reader is not responsible for the case';

CREATE TRIGGER read_log_append_only BEFORE UPDATE OR TRUNCATE ON read_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Rules under the DPDP Act ask for a year at least. Older rows go by the policy.
CREATE TRIGGER read_log_kept_for_a_year BEFORE DELETE ON read_log
    FOR EACH ROW WHEN (OLD.at > present_moment() - interval '365 days') EXECUTE FUNCTION refuse_change();
