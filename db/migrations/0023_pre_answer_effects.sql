-- What an answer changes is written by one statement, and the news of it by another, in the order that triggers need.

CREATE FUNCTION hops_leave(p_case_no text, p_hop_nos integer[], p_state text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF p_hop_nos <> '{}' THEN
        UPDATE request_hop SET live = false WHERE case_no = p_case_no AND hop_no = ANY(p_hop_nos) AND live;
        UPDATE hop SET state = p_state WHERE case_no = p_case_no AND hop_no = ANY(p_hop_nos);
    END IF;
END $function$;

COMMENT ON FUNCTION hops_leave IS 'gives hops a state in which no request asks about them';

-- The sending bank may have named no account. A hop with a hold is not changed.
CREATE FUNCTION hops_name_account(p_case_no text, p_accounts jsonb)
 RETURNS void
 LANGUAGE sql
AS $function$
    UPDATE hop h SET payee_holder = t.account, account_key = t.account_key
    FROM (
        SELECT DISTINCT ON (a.hop_no) a.hop_no, a.account, a.account_key
        FROM jsonb_to_recordset(p_accounts) AS a (place integer, hop_no integer, account text, account_key text)
        ORDER BY a.hop_no, a.place
    ) AS t
    WHERE h.case_no = p_case_no AND h.hop_no = t.hop_no AND starts_with(h.account_key, 'NOTSTATED|')
        AND NOT EXISTS (SELECT FROM held_hop u WHERE u.case_no = h.case_no AND u.hop_no = h.hop_no)
$function$;

COMMENT ON FUNCTION hops_name_account IS 'writes the accounts of hops where none was stated before';

CREATE FUNCTION hops_confirm(p_case_no text, p_confirmed jsonb, p_again integer[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF p_confirmed <> '[]' THEN
        UPDATE request_hop SET live = false WHERE case_no = p_case_no AND hop_no = ANY(p_again) AND live;
        UPDATE hop h SET revision = t.revision, state = t.state, amount_paise = t.amount_paise,
            disputed_paise = t.disputed_paise, flags = h.flags || (SELECT coalesce(jsonb_agg(f), '[]')
                FROM jsonb_array_elements(t.flags) AS f WHERE NOT h.flags @> jsonb_build_array(f))
        FROM jsonb_to_recordset(p_confirmed) AS t (hop_no integer, revision integer, state text, amount_paise bigint,
            disputed_paise bigint, flags jsonb)
        WHERE h.case_no = p_case_no AND h.hop_no = t.hop_no;
    END IF;
END $function$;

COMMENT ON FUNCTION hops_confirm IS 'writes a bank''s data to hops; those in p_again leave their live request';

-- The statement goes from the case's requests to their hops, because hops that are no longer live have no index by case.
CREATE FUNCTION requests_answered(p_case_no text, p_institution text, p_hop_nos integer[], p_at timestamptz)
 RETURNS uuid[]
 LANGUAGE sql
AS $function$
    WITH written AS (
        UPDATE hold_request r SET first_answered_at = coalesce(r.first_answered_at, p_at),
            state = CASE WHEN t.empty AND r.closed_at IS NULL THEN 'answered' ELSE r.state END,
            closed_at = CASE WHEN t.empty THEN coalesce(r.closed_at, p_at) ELSE r.closed_at END
        FROM (
            SELECT q.request_id,
                NOT EXISTS (SELECT FROM request_hop h WHERE h.request_id = q.request_id AND h.live) AS empty
            FROM hold_request q
            WHERE q.case_no = p_case_no AND q.institution = p_institution AND EXISTS (
                SELECT FROM request_hop h WHERE h.request_id = q.request_id AND h.hop_no = ANY(p_hop_nos))
        ) AS t
        WHERE r.request_id = t.request_id
        RETURNING r.request_id, t.empty AND old.closed_at IS NULL AS done
    )
    SELECT coalesce(array_agg(request_id) FILTER (WHERE done), '{}') FROM written
$function$;

COMMENT ON FUNCTION requests_answered IS
    'writes an answer about these hops; closes and returns the requests without a live hop';

CREATE FUNCTION transfers_register(p_case_no text, p_keys text[], p_hop_nos integer[], p_references text[])
 RETURNS TABLE(hop_no integer, other_case_no text, other_hop_no integer)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
DECLARE
    written integer[];
BEGIN
    WITH new AS (
        INSERT INTO disputed_transfer (transfer_key, case_no, hop_no, reference_key)
        SELECT t.k, p_case_no, t.h, t.r FROM unnest(p_keys, p_hop_nos, p_references) AS t (k, h, r)
        ORDER BY t.k COLLATE "C", t.h
        ON CONFLICT DO NOTHING RETURNING hop_no
    )
    SELECT coalesce(array_agg(new.hop_no), '{}') INTO written FROM new;
    -- A separate statement, because it then sees what the insert had to wait for.
    RETURN QUERY SELECT t.h, d.case_no, d.hop_no
        FROM unnest(p_keys, p_hop_nos) AS t (k, h) JOIN disputed_transfer d ON d.transfer_key = t.k
        WHERE t.h <> ALL(written) AND (d.case_no, d.hop_no) IS DISTINCT FROM (p_case_no, t.h);
    IF EXISTS (SELECT FROM unnest(p_keys, p_hop_nos) AS t (k, h) LEFT JOIN disputed_transfer d ON d.transfer_key = t.k
            WHERE t.h <> ALL(written) AND d.transfer_key IS NULL) THEN
        RAISE serialization_failure USING MESSAGE = 'a transfer was taken from another case meanwhile';
    END IF;
END $function$;

COMMENT ON FUNCTION transfers_register IS
    'registers transfers in the order of their keys; returns the places of those that are registered already';

CREATE FUNCTION answer_effects(p_case_no text, p_institution text, p_update_id bigint, p_at timestamptz, p_hops jsonb,
    p_accounts jsonb, p_last_hop_no integer, p_is_held boolean, p_entry_hops integer[], p_buckets text[],
    p_amounts bigint[], p_closed integer[], p_parked integer[], p_confirmed jsonb, p_again integer[],
    p_touched integer[], p_keys text[], p_key_hops integer[], p_key_references text[], p_answer_ids bigint[])
 RETURNS TABLE(finished uuid[], others jsonb, accounts text[])
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF p_hops <> '[]' THEN
        INSERT INTO hop SELECT * FROM jsonb_populate_recordset(NULL::hop, p_hops);
    END IF;
    IF p_accounts <> '[]' THEN
        PERFORM hops_name_account(p_case_no, p_accounts);
    END IF;
    IF p_last_hop_no IS NOT NULL THEN
        UPDATE case_file SET last_hop_no = p_last_hop_no, first_answered_at = coalesce(first_answered_at, p_at),
            first_held_at = CASE WHEN p_is_held THEN coalesce(first_held_at, p_at) ELSE first_held_at END
        WHERE case_no = p_case_no;
    END IF;
    IF p_entry_hops <> '{}' THEN
        PERFORM ledger_post(p_case_no, 'answer', 'answer|' || p_update_id, p_at, p_entry_hops, p_buckets, p_amounts);
    END IF;
    PERFORM hops_leave(p_case_no, p_closed, 'closed');
    PERFORM hops_leave(p_case_no, p_parked, 'correction');
    PERFORM hops_confirm(p_case_no, p_confirmed, p_again);
    finished := '{}';
    IF p_touched <> '{}' THEN
        finished := requests_answered(p_case_no, p_institution, p_touched, p_at);
    END IF;
    others := '{}';
    IF p_keys <> '{}' THEN
        SELECT coalesce(jsonb_object_agg(o.hop_no, o.other_case_no), '{}') INTO others
        FROM transfers_register(p_case_no, p_keys, p_key_hops, p_key_references) AS o
        WHERE o.other_case_no <> p_case_no;
    END IF;
    -- OFFSET 0 keeps it from reading the hops of the institution in all cases, by a plan made while there were few.
    SELECT coalesce(array_agg(DISTINCT h.account_key), '{}') INTO accounts
    FROM answer a CROSS JOIN LATERAL (
        SELECT p.institution, p.account_key FROM hop p WHERE p.case_no = a.case_no AND p.hop_no = a.hop_nos[1] OFFSET 0
    ) AS h
    WHERE a.answer_id = ANY(p_answer_ids) AND (a.applied_paise > 0 AND a.kind = 'held' OR a.balance_paise IS NOT NULL)
        AND h.institution = a.institution AND NOT starts_with(h.account_key, 'NOTSTATED|');
    RETURN NEXT;
END $function$;

COMMENT ON FUNCTION answer_effects IS
    'writes what an answer changes: hops, ledger, requests, registered transfers; returns the finished requests, the other cases that have a transfer, and the accounts with a hold or a balance';

-- The news goes in with the requests that it tells of, and after the events that come before them in the log.
CREATE FUNCTION case_tell(p_case_no text, p_at timestamptz, p_actor text, p_kinds text[], p_data jsonb[],
    p_requests jsonb, p_news jsonb)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
    one record;
    planned integer[];
    told bigint;
BEGIN
    INSERT INTO case_event (case_no, kind, at, actor, data)
    SELECT p_case_no, e.kind, p_at, p_actor, e.data FROM unnest(p_kinds, p_data) WITH ORDINALITY AS e (kind, data, n)
    ORDER BY e.n;
    FOR one IN SELECT * FROM jsonb_to_recordset(p_requests) AS t (request_id uuid, batch_no integer, institution text,
        hop_nos integer[], revisions integer[])
    LOOP
        SELECT p.hop_nos INTO planned FROM request_plan(one.request_id, p_case_no, one.batch_no, one.institution,
            one.hop_nos, one.revisions, p_at, 'engine') AS p;
        IF planned IS NULL OR NOT (planned @> one.hop_nos AND planned <@ one.hop_nos) THEN
            RAISE EXCEPTION 'request % cannot ask about all its hops', one.request_id
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'request_asks_of_all';
        END IF;
    END LOOP;
    INSERT INTO case_news (case_no, body, created_at) VALUES (p_case_no, p_news, p_at) RETURNING news_id INTO told;
    RETURN told;
END $function$;

COMMENT ON FUNCTION case_tell IS
    'writes events, requests and the news that tells of them, and returns the id of the news';
