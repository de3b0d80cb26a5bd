-- The bank-call path in two statements. A case's row is its lock, and a batch asks many banks at once: what is done under
-- the lock must not wait for round trips.

-- Write a request and put every hop that still waits to be asked under it. No row when the request is there already;
-- `hop_nos` is empty, and nothing is written, when no hop waits any more.
CREATE FUNCTION request_plan(
    p_request_id uuid, p_case_no text, p_batch_no integer, p_institution text,
    p_hop_nos integer[], p_revisions integer[], p_at timestamptz, p_actor text
) RETURNS TABLE (case_opened_at timestamptz, first_of_case boolean, hop_nos integer[]) LANGUAGE plpgsql AS $$
DECLARE
    revisions integer[];
BEGIN
    SELECT c.opened_at, c.first_sent_at IS NULL INTO case_opened_at, first_of_case
    FROM case_file c WHERE c.case_no = p_case_no FOR NO KEY UPDATE;
    IF NOT FOUND OR EXISTS (SELECT FROM hold_request r WHERE r.request_id = p_request_id) THEN
        RETURN;
    END IF;
    WITH asked AS (
        UPDATE hop h SET state = 'asked' FROM unnest(p_hop_nos, p_revisions) AS w (hop_no, revision)
        WHERE h.case_no = p_case_no AND h.hop_no = w.hop_no AND h.revision = w.revision AND h.state = 'open'
          AND h.institution = p_institution
        RETURNING h.hop_no, h.revision
    )
    SELECT coalesce(array_agg(a.hop_no ORDER BY a.hop_no), '{}'), array_agg(a.revision ORDER BY a.hop_no)
    INTO hop_nos, revisions FROM asked a;
    IF hop_nos <> '{}' THEN
        UPDATE case_file c SET last_batch_no = greatest(c.last_batch_no, p_batch_no),
            first_sent_at = coalesce(c.first_sent_at, p_at) WHERE c.case_no = p_case_no;
        INSERT INTO hold_request (request_id, case_no, batch_no, institution, state, planned_at, sent_at)
        VALUES (p_request_id, p_case_no, p_batch_no, p_institution, 'sending', p_at, p_at);
        INSERT INTO request_hop (request_id, case_no, hop_no, revision)
        SELECT p_request_id, p_case_no, h, v FROM unnest(hop_nos, revisions) AS t (h, v);
        INSERT INTO case_event (case_no, kind, at, actor, data) VALUES (p_case_no, 'request_sent', p_at, p_actor,
            jsonb_build_object('request_id', p_request_id, 'batch_no', p_batch_no, 'institution', p_institution,
                               'hops', hop_nos));
    END IF;
    RETURN NEXT;
END $$;

-- The bank has a request under a job id. No row when another attempt has written the same.
CREATE FUNCTION request_delivered(
    p_request_id uuid, p_institution text, p_job_id text, p_at timestamptz, p_actor text
) RETURNS TABLE (case_opened_at timestamptz, first_of_case boolean) LANGUAGE plpgsql AS $$
DECLARE
    the_case text;
    new_job boolean;
    first_time boolean;
BEGIN
    SELECT c.case_no, c.opened_at, c.first_delivered_at IS NULL INTO the_case, case_opened_at, first_of_case
    FROM case_file c WHERE c.case_no = (SELECT r.case_no FROM hold_request r WHERE r.request_id = p_request_id)
    FOR NO KEY UPDATE;
    INSERT INTO request_job (institution, job_id, request_id) VALUES (p_institution, p_job_id, p_request_id)
    ON CONFLICT DO NOTHING;
    new_job := FOUND;
    -- An answer that came before this stays the later word.
    UPDATE hold_request SET job_id = coalesce(job_id, p_job_id), delivered_at = p_at,
        state = CASE WHEN state IN ('sending', 'refused') THEN 'delivered' ELSE state END
    WHERE request_id = p_request_id AND delivered_at IS NULL;
    first_time := FOUND;
    IF NOT (new_job OR first_time) THEN
        RETURN;
    END IF;
    UPDATE case_file c SET first_delivered_at = coalesce(c.first_delivered_at, p_at) WHERE c.case_no = the_case;
    INSERT INTO case_event (case_no, kind, at, actor, data) VALUES (the_case, 'request_delivered', p_at, p_actor,
        jsonb_build_object('request_id', p_request_id, 'institution', p_institution, 'job_id', p_job_id));
    RETURN NEXT;
END $$;
