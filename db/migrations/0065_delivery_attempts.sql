-- One record of the attempts to deliver a hold request, an order or a cancellation to its bank.
-- No database has rows to keep.
DROP TABLE request_carriage, bank_order_carriage;

CREATE TABLE delivery_attempt (
    attempt_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_kind text NOT NULL CHECK (subject_kind IN ('hold_request', 'order', 'cancellation')),
    subject_id   uuid NOT NULL,
    channel      text NOT NULL CHECK (channel IN ('i4c', 'push', 'pull', 'iso20022', 'email')),
    at           timestamptz NOT NULL,
    outcome      text NOT NULL CHECK (outcome IN ('delivered', 'failed', 'refused', 'silent')),
    detail       text NOT NULL DEFAULT '',
    request_id   uuid GENERATED ALWAYS AS (CASE subject_kind WHEN 'hold_request' THEN subject_id END) STORED
        REFERENCES hold_request (request_id),
    order_id     uuid GENERATED ALWAYS AS (CASE WHEN subject_kind <> 'hold_request' THEN subject_id END) STORED
        REFERENCES bank_order (order_id)
);
COMMENT ON COLUMN delivery_attempt.subject_id IS 'the hold request or the order; of a cancellation, the cancelled order';
COMMENT ON COLUMN delivery_attempt.outcome IS 'silent: delivered, and not answered in time';
CREATE INDEX delivery_attempt_subject ON delivery_attempt (subject_id, attempt_id);

CREATE OR REPLACE FUNCTION request_delivered(p_request_id uuid, p_institution text, p_job_id text, p_channel text, p_round integer, p_at timestamp with time zone, p_actor text)
 RETURNS TABLE(case_opened_at timestamp with time zone, first_of_case boolean)
 LANGUAGE plpgsql
AS $function$
DECLARE
    the_case text;
    new_job boolean;
    first_time boolean;
    -- Before the case is locked.
    exchanged jsonb := bank_exchanges_bound('hold_request', p_request_id);
BEGIN
    SELECT c.case_no, c.opened_at, c.first_delivered_at IS NULL INTO the_case, case_opened_at, first_of_case
    FROM case_file c WHERE c.case_no = (SELECT r.case_no FROM hold_request r WHERE r.request_id = p_request_id)
    FOR NO KEY UPDATE;
    INSERT INTO request_job (institution, job_id, request_id) VALUES (p_institution, p_job_id, p_request_id)
    ON CONFLICT DO NOTHING;
    new_job := FOUND;
    -- An answer that came before this stays the later word.
    UPDATE hold_request SET job_id = coalesce(job_id, p_job_id), delivered_at = coalesce(delivered_at, p_at),
        channel = p_channel, round = p_round,
        state = CASE WHEN state IN ('sending', 'refused') THEN 'delivered' ELSE state END
    WHERE request_id = p_request_id AND (delivered_at IS NULL OR round < p_round);
    first_time := FOUND;
    IF NOT (new_job OR first_time) THEN
        RETURN;
    END IF;
    INSERT INTO delivery_attempt (subject_kind, subject_id, channel, at, outcome)
    VALUES ('hold_request', p_request_id, p_channel, p_at, 'delivered');
    UPDATE case_file c SET first_delivered_at = coalesce(c.first_delivered_at, p_at) WHERE c.case_no = the_case;
    INSERT INTO case_event (case_no, kind, at, actor, data) VALUES (the_case, 'request_delivered', p_at, p_actor,
        jsonb_build_object('request_id', p_request_id, 'institution', p_institution, 'job_id', p_job_id,
                           'channel', p_channel) || exchanged);
    RETURN NEXT;
END $function$;
