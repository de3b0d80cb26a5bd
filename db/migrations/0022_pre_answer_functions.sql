-- A bank's answer is a few statements, because every one is a round trip while the case is locked. A function is used
-- where the order of the statements matters: each of them sees what the ones before it have written, and what other
-- transactions had committed when it began.

-- Locks the case that a number names, and reads all that its bank's answer is judged by. No row if the institution has
-- no part in the case.
CREATE FUNCTION answer_begin(p_ack_no text, p_institution text, p_digest bytea, p_job_id text, p_references text[],
    p_accounts text[], p_keys text[])
 RETURNS TABLE(case_no text, state text, last_hop_no integer, last_batch_no integer, opened_at timestamptz,
    first_answered_at timestamptz, first_held_at timestamptz, now timestamptz, given jsonb, positions jsonb,
    known jsonb, knows_job boolean, is_paused boolean, has_tasks boolean)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
DECLARE
    the_case text;
BEGIN
    SELECT c.case_no, c.case_no, c.state, c.last_hop_no, c.last_batch_no, c.opened_at, c.first_answered_at,
        c.first_held_at
    INTO the_case, case_no, state, last_hop_no, last_batch_no, opened_at, first_answered_at, first_held_at
    FROM case_file c
    WHERE c.case_no = (SELECT q.case_no FROM complaint q WHERE q.ack_no = p_ack_no)
        -- OFFSET 0 keeps it from reading the hops of the institution in all cases, by a plan made while there were few.
        AND (EXISTS (SELECT FROM (SELECT o.institution FROM hop o WHERE o.case_no = c.case_no OFFSET 0) AS h
                WHERE h.institution = p_institution)
            -- It was asked before the desk corrected the hop to another bank. Its answer still counts.
            OR EXISTS (SELECT FROM hold_request r WHERE r.case_no = c.case_no AND r.institution = p_institution)
            -- It was asked as the victim's bank.
            OR EXISTS (SELECT FROM payer_inquiry i WHERE i.case_no = c.case_no AND i.institution = p_institution
                AND i.state <> 'skipped'))
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- After the wait for the lock.
    now := present_moment();
    SELECT jsonb_build_object('reply', u.reply, 'said_again', u.said_again) INTO given
    FROM status_update u WHERE u.institution = p_institution AND u.body_digest = p_digest
    ORDER BY u.said_again DESC LIMIT 1;
    SELECT coalesce(jsonb_agg(to_jsonb(p) ORDER BY p.hop_no), '[]') INTO positions
    FROM answer_positions(the_case, p_institution, p_references, p_accounts, p_job_id) AS p;
    SELECT coalesce(jsonb_object_agg(k.natural_key, jsonb_build_object('is_stray', k.is_stray, 'hop_nos', k.hop_nos)),
        '{}') INTO known
    FROM answer_known_lines(the_case, p_institution, p_keys) AS k;
    SELECT p_job_id = ''
        OR EXISTS (SELECT FROM request_job j JOIN hold_request r USING (request_id)
            WHERE j.institution = p_institution AND j.job_id = p_job_id AND r.case_no = the_case)
        OR EXISTS (SELECT FROM hold_request r
            WHERE r.institution = p_institution AND r.case_no = the_case AND r.job_id IS NULL)
        OR EXISTS (SELECT FROM payer_inquiry i
            WHERE i.institution = p_institution AND i.case_no = the_case AND i.state <> 'skipped'
                AND (i.job_id IS NULL OR i.job_id = p_job_id OR i.inquiry_id::text = p_job_id))
    INTO knows_job;
    SELECT EXISTS (SELECT FROM complaint q JOIN request_pause p USING (ack_no)
        WHERE q.case_no = the_case AND p.ends_at > now) INTO is_paused;
    -- OFFSET 0 keeps it from reading the open work items of all cases, by a plan made while there were few.
    SELECT EXISTS (SELECT FROM (SELECT d.state FROM desk_task d WHERE d.case_no = the_case OFFSET 0) AS t
        WHERE t.state = 'open') INTO has_tasks;
    RETURN NEXT;
END $function$;

COMMENT ON FUNCTION answer_begin IS 'locks a case for the answer of a bank, and reads what the answer is judged by';

-- The hops that an answer with these references and accounts can be about. An answer also names the reference of a
-- transfer onward, and the desk may have entered that hop already.
CREATE FUNCTION answer_positions(p_case_no text, p_institution text, p_references text[], p_accounts text[],
    p_job_id text)
 RETURNS TABLE(hop_no integer, revision integer, parent_hop_no integer, institution text, sent_by text,
    reference_key text, account_key text, layer integer, source text, state text, amount_paise bigint,
    disputed_paise bigint, in_play_paise bigint, untraced_paise bigint, refused_paise bigint, held_paise bigint,
    withdrawn boolean, asked_anew integer, payer jsonb, in_job boolean, before_job boolean)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT h.hop_no, h.revision, h.parent_hop_no, h.institution, p.institution, h.reference_key, h.account_key, h.layer,
        h.source, h.state, h.amount_paise, h.disputed_paise,
        coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'in_play'), 0)::bigint,
        -- An answer places no money of a withdrawn hop.
        coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'untraced' AND w.hop_no IS NULL), 0)::bigint,
        coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'refused' AND w.hop_no IS NULL), 0)::bigint,
        coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket IN ('held', 'restored', 'released')), 0)::bigint,
        w.hop_no IS NOT NULL, coalesce(h.asked_anew, 0),
        CASE WHEN i.inquiry_id IS NOT NULL THEN jsonb_build_object('inquiry_id', i.inquiry_id,
            'holder', h.payer_holder, 'transferred_at', h.transferred_at, 'near_seconds', i.near_seconds) END,
        EXISTS (SELECT FROM request_job j JOIN request_hop a USING (request_id)
            WHERE j.institution = p_institution AND j.job_id = p_job_id AND a.case_no = h.case_no
                AND a.hop_no = h.hop_no),
        p_job_id <> '' AND EXISTS (SELECT FROM request_hop a JOIN hold_request r USING (request_id)
            WHERE a.case_no = h.case_no AND a.hop_no = h.hop_no AND a.live AND r.institution = p_institution
                AND r.job_id IS NULL AND r.state = 'sending')
    FROM hop h LEFT JOIN ledger_balance b USING (case_no, hop_no)
    LEFT JOIN withdrawn_hop w USING (case_no, hop_no)
    LEFT JOIN hop p ON p.case_no = h.case_no AND p.hop_no = h.parent_hop_no
    LEFT JOIN payer_inquiry i ON i.case_no = h.case_no AND i.hop_no = h.hop_no AND i.institution = p_institution
        AND i.state <> 'skipped' AND i.replaced_at IS NULL
    WHERE h.case_no = p_case_no
        AND (h.reference_key = ANY(p_references) OR (h.institution = p_institution AND h.account_key = ANY(p_accounts)))
    GROUP BY h.case_no, h.hop_no, p.institution, i.inquiry_id, w.hop_no
$function$;

COMMENT ON FUNCTION answer_positions IS 'the hops that an answer with these references and accounts can be about';

CREATE FUNCTION answer_known_lines(p_case_no text, p_institution text, p_keys text[])
 RETURNS TABLE(natural_key text, is_stray boolean, hop_nos jsonb)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT a.natural_key, bool_and(a.disposition = 'discrepancy' AND a.hop_nos = '{}'), jsonb_agg(a.hop_nos)
    FROM answer a
    WHERE a.case_no = p_case_no AND a.institution = p_institution AND a.natural_key = ANY(p_keys)
        AND a.disposition <> 'duplicate'
    GROUP BY a.natural_key
$function$;

COMMENT ON FUNCTION answer_known_lines IS 'which of these lines an institution has sent before, whether they named no hop, and the hops of each';
