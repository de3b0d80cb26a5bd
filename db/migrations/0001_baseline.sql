-- The whole schema: functions, then each table with its indexes and comments, then what joins the tables.
-- A function stands before the tables that call it, so bodies are not checked here.
SET LOCAL check_function_bodies = off;

-- A clear value in a column of these types is refused: each begins with the mark of its kind of key (AES-256-GCM).
CREATE DOMAIN sealed_value AS bytea
    CONSTRAINT sealed_value_is_sealed CHECK (octet_length(VALUE) >= 30 AND substr(VALUE, 1, 2) = '\x7001');
COMMENT ON DOMAIN sealed_value IS 'a value under the key of a person, a case or a bank (activities/privacy/person_keys.py)';
CREATE DOMAIN sealed_under_secret_key AS bytea
    CONSTRAINT sealed_under_secret_key_is_sealed CHECK (octet_length(VALUE) >= 39 AND substr(VALUE, 1, 3) = '\x676801');
COMMENT ON DOMAIN sealed_under_secret_key IS 'a value under a key of the process, which it names (activities/secrets.py)';

CREATE FUNCTION allocation_check_whole()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    off bigint;
BEGIN
    SELECT a.pot_paise - coalesce(sum(s.share_paise), 0) INTO off
    FROM allocation a LEFT JOIN allocation_share s USING (allocation_id)
    WHERE a.allocation_id = NEW.allocation_id GROUP BY a.allocation_id;
    IF off <> 0 THEN
        RAISE EXCEPTION 'allocation % is off by % paise', NEW.allocation_id, off
            USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_whole';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION answer_begin(p_ack_no text, p_institution text, p_digest bytea, p_job_id text, p_references text[], p_accounts text[], p_keys text[])
 RETURNS TABLE(case_no text, state text, last_hop_no integer, last_batch_no integer, opened_at timestamp with time zone, first_answered_at timestamp with time zone, first_held_at timestamp with time zone, now timestamp with time zone, given jsonb, positions jsonb, known jsonb, knows_job boolean, is_paused boolean, has_tasks boolean)
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
COMMENT ON FUNCTION answer_begin(text,text,bytea,text,text[],text[],text[]) IS 'locks a case for the answer of a bank, and reads what the answer is judged by';

CREATE FUNCTION answer_effects(p_case_no text, p_institution text, p_update_id bigint, p_at timestamp with time zone, p_hops jsonb, p_accounts jsonb, p_last_hop_no integer, p_is_held boolean, p_entry_hops integer[], p_buckets text[], p_amounts bigint[], p_closed integer[], p_parked integer[], p_confirmed jsonb, p_again integer[], p_touched integer[], p_keys text[], p_key_hops integer[], p_key_references text[], p_answer_ids bigint[])
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
COMMENT ON FUNCTION answer_effects(text,text,bigint,timestamp with time zone,jsonb,jsonb,integer,boolean,integer[],text[],bigint[],integer[],integer[],jsonb,integer[],integer[],text[],integer[],text[],bigint[]) IS 'writes what an answer changes: hops, ledger, requests, registered transfers; returns the finished requests, the other cases that have a transfer, and the accounts with a hold or a balance';

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
COMMENT ON FUNCTION answer_known_lines(text,text,text[]) IS 'which of these lines an institution has sent before, whether they named no hop, and the hops of each';

CREATE FUNCTION answer_positions(p_case_no text, p_institution text, p_references text[], p_accounts text[], p_job_id text)
 RETURNS TABLE(hop_no integer, revision integer, parent_hop_no integer, institution text, sent_by text, reference_key text, account_key text, layer integer, source text, state text, amount_paise bigint, disputed_paise bigint, in_play_paise bigint, untraced_paise bigint, refused_paise bigint, held_paise bigint, withdrawn boolean, asked_anew integer, payer jsonb, in_job boolean, before_job boolean)
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
COMMENT ON FUNCTION answer_positions(text,text,text[],text[],text) IS 'the hops that an answer with these references and accounts can be about';

CREATE FUNCTION application_signature_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (
        SELECT FROM document d JOIN restoration r ON r.restoration_id = d.restoration_id
        WHERE d.document_id = NEW.document_id AND d.kind = 'restoration_application' AND d.digest = NEW.digest
            AND d.revision = NEW.visit_no AND r.restoration_id = NEW.restoration_id AND r.ack_no = NEW.ack_no
            AND r.state = 'open' AND r.step = 'application' AND r.visit_no = NEW.visit_no
    ) THEN
        RAISE EXCEPTION 'a signature is under the application of the open step, and names its digest'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'application_signature_of_the_step';
    END IF;
    IF NOT EXISTS (
        SELECT FROM proof p
        WHERE p.proof_id = NEW.code_id AND p.document_id = NEW.document_id AND p.ack_no = NEW.ack_no
            AND p.contact_end = NEW.mobile_end AND p.used_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a signature needs a code that was sent for this application and was used'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'application_signature_by_a_code';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION ask_for_lien_notice(of_case text, bank text, at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO due_document (case_no, kind, subject, opened_at)
    VALUES (of_case, 'lien_notice', bank, at)
    ON CONFLICT (case_no, kind, subject, occasion) DO UPDATE
    SET state = 'waiting', lacking = '{}', failure = '', ended_at = NULL;
END $function$;

CREATE FUNCTION attachment_needs_other_eyes()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF person_of(NEW.approved_by) = (SELECT person_of(subject) FROM case_officer WHERE case_no = NEW.case_no AND duty = 'io'
                                     ORDER BY assignment_no DESC LIMIT 1) THEN
        RAISE EXCEPTION 'who investigates case % does not approve its application', NEW.case_no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attachment_needs_other_eyes';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION bank_exchange_digests(p_exchange_id bigint)
 RETURNS TABLE(name text, digest bytea)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT f.* FROM bank_exchange x CROSS JOIN LATERAL (VALUES
        ('request.txt', sha256(convert_to(x.head, 'UTF8'))), ('body', x.body_digest), ('content', x.content_digest),
        ('reply.txt', sha256(convert_to(x.reply_head, 'UTF8'))), ('reply', x.reply_digest)
    ) AS f (name, digest)
    WHERE x.exchange_id = p_exchange_id AND f.digest IS NOT NULL
$function$;
COMMENT ON FUNCTION bank_exchange_digests(bigint) IS 'the SHA-256 of each file of an exchange, of its clear bytes';

CREATE FUNCTION bank_exchanges_bound(p_about text, p_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
AS $function$
DECLARE
    told jsonb;
    lines jsonb;
BEGIN
    WITH latest AS (
        (SELECT x.exchange_id, x.digest, x.reply_digest FROM bank_exchange x
         WHERE x.request_id = p_id AND x.about = p_about ORDER BY x.exchange_id DESC LIMIT 20)
        UNION ALL
        (SELECT x.exchange_id, x.digest, x.reply_digest FROM bank_exchange x
         WHERE x.order_id = p_id AND x.about = p_about ORDER BY x.exchange_id DESC LIMIT 20)
        UNION ALL
        (SELECT x.exchange_id, x.digest, x.reply_digest FROM bank_exchange x
         WHERE x.inquiry_id = p_id AND x.about = p_about ORDER BY x.exchange_id DESC LIMIT 20)
    )
    SELECT jsonb_agg(jsonb_build_object('exchange_id', l.exchange_id, 'sent_sha256', encode(l.digest, 'hex'),
                                        'reply_sha256', encode(l.reply_digest, 'hex')) ORDER BY l.exchange_id),
        (SELECT jsonb_agg(format('%s  banks/sent/%s/%s', encode(f.digest, 'hex'),
                                 lpad(b.exchange_id::text, 10, '0'), f.name) ORDER BY b.exchange_id, f.name)
         FROM latest b, bank_exchange_digests(b.exchange_id) f)
    INTO told, lines FROM latest l;
    RETURN CASE WHEN told IS NULL THEN '{}' ELSE jsonb_build_object('exchanges', told, 'bound', lines) END;
END $function$;

CREATE FUNCTION bank_key_change_decided_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF OLD.outcome IS NOT NULL AND (NEW.outcome, NEW.decided_by, NEW.decided_at, NEW.reason)
            IS DISTINCT FROM (OLD.outcome, OLD.decided_by, OLD.decided_at, OLD.reason) THEN
        RAISE EXCEPTION 'a change of a bank''s keys is decided once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION bank_key_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.key_id, NEW.institution, NEW.public_key, NEW.not_before, NEW.created_at)
            IS DISTINCT FROM (OLD.key_id, OLD.institution, OLD.public_key, OLD.not_before, OLD.created_at) THEN
        RAISE EXCEPTION 'of bank_key only the end changes' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM FROM institution WHERE code = NEW.institution FOR NO KEY UPDATE;
    -- The number of live keys only rises where one begins.
    IF EXISTS (
        SELECT FROM bank_key start
        WHERE start.institution = NEW.institution
          AND tstzrange(NEW.not_before, NEW.not_after) @> start.not_before
          AND (SELECT count(*) FROM bank_key k WHERE k.institution = NEW.institution
                 AND tstzrange(k.not_before, k.not_after) @> start.not_before) > 2
    ) OR (SELECT count(*) FROM bank_key k WHERE k.institution = NEW.institution
            AND tstzrange(k.not_before, k.not_after) @> NEW.not_before) > 2 THEN
        RAISE EXCEPTION '% would have three keys at once', NEW.institution
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_key_two_live';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION bank_login_email_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    the_email text := CASE TG_TABLE_NAME WHEN 'institution' THEN to_jsonb(NEW) ->> 'inbound_email' ELSE to_jsonb(NEW) ->> 'email' END;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(the_email, 31));
    IF TG_TABLE_NAME = 'institution' AND EXISTS (SELECT FROM bank_person WHERE email = the_email AND password_hash IS NOT NULL)
        OR TG_TABLE_NAME = 'bank_person' AND EXISTS (SELECT FROM institution WHERE inbound_email = the_email) THEN
        RAISE EXCEPTION 'an e-mail is the login of one bank or of one person'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'bank_login_email_once';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION bank_login_ends_sessions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE session SET ended_at = present_moment() WHERE institution = NEW.code AND ended_at IS NULL;
    RETURN NULL;
END $function$;

CREATE FUNCTION bank_order_cancelled()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO order_cancellation (order_id, cancelled_at) VALUES (NEW.order_id, NEW.ended_at);
    RETURN NULL;
END $function$;

CREATE FUNCTION bank_order_confirmed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE bank_order SET first_confirmed_at = NEW.received_at WHERE order_id = NEW.order_id AND first_confirmed_at IS NULL;
    RETURN NULL;
END $function$;

CREATE FUNCTION bank_order_line_covered()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    ordered bigint;
    held bigint;
BEGIN
    PERFORM FROM case_file WHERE case_no = NEW.case_no FOR NO KEY UPDATE;
    SELECT coalesce(sum(l.amount_paise - l.confirmed_paise), 0) INTO ordered
    FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = NEW.case_no AND l.hop_no = NEW.hop_no AND NOT l.excess AND o.state IN ('planned', 'delivered', 'refused');
    SELECT coalesce(sum(b.balance_paise), 0) INTO held
    FROM ledger_balance b WHERE b.case_no = NEW.case_no AND b.hop_no = NEW.hop_no AND b.bucket = 'held';
    IF ordered > held THEN
        RAISE EXCEPTION 'orders about hop % of case % ask for % paise of % held', NEW.hop_no, NEW.case_no, ordered, held
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_order_line_covered';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION bank_order_told()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_notify('bank_feed', NEW.institution);
    RETURN NULL;
END $function$;

CREATE FUNCTION bank_order_tried()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.tried_at := coalesce(OLD.tried_at, NEW.tried_at, NEW.delivered_at);
    IF OLD.tried_at IS NOT NULL OR NEW.tried_at IS NULL THEN
        RETURN NEW;
    END IF;
    PERFORM FROM case_file WHERE case_no = NEW.case_no FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM bank_order_line mine JOIN bank_order_line other USING (case_no, hop_no)
        JOIN order_cancellation c ON c.order_id = other.order_id
        WHERE mine.order_id = NEW.order_id AND other.order_id <> NEW.order_id AND c.settled_at IS NULL
    ) THEN
        RAISE EXCEPTION 'order % waits: the bank has not said that it does an earlier one no more', NEW.order_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_order_waits';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION bank_person_confirmed_by_two()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM proposal p WHERE p.proposal_id = NEW.confirmed_proposal
            AND p.kind = 'administration' AND p.matter = 'bank_people_confirmed' AND p.subject = NEW.institution AND p.decision = 'agreed'
            AND p.decided_at = NEW.confirmed_at AND p.body #> '{asked,confirmed}' ? NEW.person_id::text) THEN
        RAISE EXCEPTION 'two admins confirm a person of a bank'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_person_confirmed_by_two';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION bank_person_ends_sessions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- The institution is named because sessions have an index by it.
    UPDATE session SET ended_at = present_moment()
    WHERE institution = NEW.institution AND bank_person_id = NEW.person_id AND ended_at IS NULL;
    RETURN NULL;
END $function$;

CREATE FUNCTION bank_person_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM FROM institution WHERE code = NEW.institution FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM bank_person WHERE institution = NEW.institution AND ended_at IS NULL) >= 20 THEN
        RAISE EXCEPTION 'a bank has at most 20 people' USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_person_at_most';
    END IF;
    IF (SELECT count(*) FROM bank_person
            WHERE institution = NEW.institution AND added_at > NEW.added_at - interval '90 days') >= 100 THEN
        RAISE EXCEPTION 'a bank adds at most 100 people in 90 days'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_person_added_at_most';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION bank_reply_check_asked()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM bank_person WHERE person_id = NEW.made_by AND institution = NEW.institution
            AND ended_at IS NULL AND confirmed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a confirmed person of the bank fills in a reply by two'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_reply_check_of_confirmed';
    END IF;
    PERFORM FROM institution WHERE code = NEW.institution FOR NO KEY UPDATE;
    IF NEW.kind = 'table' AND (SELECT count(*) FROM bank_reply_check
            WHERE institution = NEW.institution AND kind = 'table' AND outcome IS NULL) >= 20 THEN
        RAISE EXCEPTION 'at most 20 tables of a bank wait for a second person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_reply_check_tables_at_most';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION bank_reply_check_decided_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF OLD.outcome IS NOT NULL THEN
        RAISE EXCEPTION 'a reply of a bank is decided once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION bank_reply_check_sent()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM bank_person WHERE person_id = NEW.decided_by AND institution = NEW.institution
            AND ended_at IS NULL AND confirmed_at IS NOT NULL)
        OR NOT EXISTS (SELECT FROM bank_person WHERE person_id = NEW.made_by AND confirmed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'another confirmed person of the bank sends a reply by two'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_reply_check_of_confirmed';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION brake_release(p_hold_id uuid, p_paise bigint, p_at timestamp with time zone, p_releases_max integer, p_paise_max bigint, p_window interval, p_valid interval, OUT braked boolean, OUT begun boolean, OUT waits_newly boolean, OUT releases bigint, OUT released_paise bigint)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
DECLARE
    open_brake bigint;
BEGIN
    braked := false; begun := false; waits_newly := false;
    -- One release is counted at a time. Each statement after this one sees what the transactions before have counted.
    PERFORM pg_advisory_xact_lock(hashtextextended('automatic_release', 0));
    DELETE FROM braked_release w USING release_brake b
    WHERE w.hold_id = p_hold_id AND b.brake_id = w.brake_id AND b.continued_at > p_at - p_valid
        AND w.amount_paise >= p_paise;
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT count(*), coalesce(sum(r.amount_paise), 0) INTO releases, released_paise FROM automatic_release r
    WHERE r.at > greatest(p_at - p_window, (SELECT max(b.continued_at) FROM release_brake b));
    SELECT b.brake_id INTO open_brake FROM release_brake b WHERE b.continued_at IS NULL;
    IF open_brake IS NULL AND releases < p_releases_max AND released_paise + p_paise <= p_paise_max THEN
        INSERT INTO automatic_release (hold_id, at, amount_paise) VALUES (p_hold_id, p_at, p_paise);
        RETURN;
    END IF;
    braked := true;
    IF open_brake IS NULL THEN
        begun := true;
        INSERT INTO release_brake (hold_id, braked_at) VALUES (p_hold_id, p_at)
        RETURNING release_brake.brake_id INTO open_brake;
    END IF;
    waits_newly := NOT EXISTS (SELECT FROM braked_release w WHERE w.hold_id = p_hold_id AND w.brake_id = open_brake);
    INSERT INTO braked_release (hold_id, brake_id, amount_paise, since) VALUES (p_hold_id, open_brake, p_paise, p_at)
    ON CONFLICT (hold_id) DO UPDATE SET brake_id = open_brake, amount_paise = p_paise,
        since = CASE WHEN waits_newly THEN p_at ELSE braked_release.since END;
END $function$;
COMMENT ON FUNCTION brake_release(uuid,bigint,timestamp with time zone,integer,bigint,interval,interval) IS 'Count a release that the engine is about to order; it is braked if it has to wait for a supervisor.';

CREATE FUNCTION call_back_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL OR (OLD.missed_at IS NOT NULL AND NEW.missed_at IS DISTINCT FROM OLD.missed_at)
        OR (to_jsonb(NEW) - '{missed_at,ended_at,ended_as}'::text[])
            IS DISTINCT FROM (to_jsonb(OLD) - '{missed_at,ended_at,ended_as}'::text[])
    THEN
        RAISE EXCEPTION 'of a promised call only what became of it is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION case_assignment_begins()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO case_assignment (case_no, look_at) VALUES (NEW.case_no, NEW.opened_at) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $function$;

CREATE FUNCTION case_assignment_follows()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO case_assignment AS a (case_no, io, io_since, supervising, supervising_since)
    SELECT NEW.case_no, n.io, n.io_since, n.supervising, n.supervising_since FROM newest_officers(NEW.case_no) n
    ON CONFLICT (case_no) DO UPDATE SET
        io = CASE NEW.duty WHEN 'io' THEN lower(NEW.subject) ELSE a.io END,
        io_since = CASE NEW.duty WHEN 'io' THEN NEW.assigned_at ELSE a.io_since END,
        supervising = CASE NEW.duty WHEN 'supervising' THEN lower(NEW.subject) ELSE a.supervising END,
        supervising_since = CASE NEW.duty WHEN 'supervising' THEN NEW.assigned_at ELSE a.supervising_since END;
    RETURN NULL;
END $function$;

CREATE FUNCTION case_assignment_procedure()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM case_assignment a WHERE a.case_no = NEW.case_no
        AND (a.look_at IS NOT NULL OR (a.io IS NOT NULL AND a.supervising IS NOT NULL)))
    THEN
        PERFORM look_for_officers(NEW.case_no);
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION case_assignment_reopens()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM look_for_officers(NEW.case_no);
    RETURN NULL;
END $function$;

CREATE FUNCTION case_event_chain()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- The case's row is the lock: events of one case are written one after the other.
    SELECT event_seq + 1, event_hash INTO NEW.seq, NEW.previous_hash
    FROM case_file WHERE case_no = NEW.case_no FOR NO KEY UPDATE;
    NEW.hash := sha256(NEW.previous_hash || convert_to(concat_ws(E'\n',
        NEW.case_no, NEW.seq, NEW.kind, (extract(epoch FROM NEW.at) * 1000000)::bigint, NEW.actor, NEW.data::text), 'UTF8'));
    UPDATE case_file SET event_seq = NEW.seq, event_hash = NEW.hash WHERE case_no = NEW.case_no;
    PERFORM pg_notify('case_event', NEW.case_no);
    RETURN NEW;
END $function$;

CREATE FUNCTION case_merge_no_chain()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM FROM case_file c WHERE c.case_no IN (NEW.primary_case_no, NEW.merged_case_no)
        ORDER BY c.case_no FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM case_merge m WHERE m.undone_at IS NULL AND m.decision IS DISTINCT FROM 'rejected'
            AND (m.primary_case_no = NEW.merged_case_no OR m.merged_case_no = NEW.primary_case_no)) THEN
        RAISE EXCEPTION 'case % or % is part of another merge', NEW.primary_case_no, NEW.merged_case_no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_merge_no_chain';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION case_merge_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.undone_at IS NOT NULL
        OR (OLD.merge_id, OLD.primary_case_no, OLD.merged_case_no, OLD.reason, OLD.victims_agree,
            OLD.same_transfers, OLD.proposed_by, OLD.proposed_at) IS DISTINCT FROM
           (NEW.merge_id, NEW.primary_case_no, NEW.merged_case_no, NEW.reason, NEW.victims_agree,
            NEW.same_transfers, NEW.proposed_by, NEW.proposed_at)
        OR (OLD.decision IS NOT NULL AND
            (OLD.decision, OLD.needs_second, OLD.decided_by, OLD.decided_at, OLD.decided_reason) IS DISTINCT FROM
            (NEW.decision, NEW.needs_second, NEW.decided_by, NEW.decided_at, NEW.decided_reason))
    THEN
        RAISE EXCEPTION 'of a merge only the decision and its undo are written, once'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'case_merge_rules';
    END IF;
    IF NEW.undone_at IS NOT NULL
        AND EXISTS (SELECT FROM same_transfer s WHERE s.merge_id = NEW.merge_id AND s.ended_at IS NULL)
    THEN
        RAISE EXCEPTION 'a transfer of merge % is set aside', NEW.merge_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_merge_put_back';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION case_of_reference(named_by text, named text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
AS $function$
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
END $function$;
COMMENT ON FUNCTION case_of_reference(text,text) IS 'The case that a number in the path of a request belongs to; null where there is none.';

CREATE FUNCTION case_officer_by_engine()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF has_role(NEW.subject, role_of_duty(NEW.duty), NEW.assigned_at) IS NOT TRUE OR is_absent(NEW.subject, NEW.assigned_at) THEN
        RAISE EXCEPTION 'the engine assigns only an officer who has the role now and is not absent'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_officer_by_engine';
    END IF;
    IF EXISTS (SELECT FROM case_assignment a WHERE a.case_no = NEW.case_no
        AND CASE NEW.duty WHEN 'io' THEN a.supervising ELSE a.io END = NEW.subject)
    THEN
        RAISE EXCEPTION 'the engine gives one officer one duty of a case'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_officer_one_duty';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION case_tell(p_case_no text, p_at timestamp with time zone, p_actor text, p_kinds text[], p_data jsonb[], p_requests jsonb, p_news jsonb)
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
COMMENT ON FUNCTION case_tell(text,timestamp with time zone,text,text[],jsonb[],jsonb,jsonb) IS 'writes events, requests and the news that tells of them, and returns the id of the news';

CREATE FUNCTION complaint_filled_in()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF OLD.category <> 'not stated' OR (OLD.marked AND NOT NEW.marked) THEN
        RAISE EXCEPTION 'the category of complaint % is stated, or its mark would go', NEW.ack_no
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'complaint_filled_in';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION contested_transfers(of_restoration uuid)
 RETURNS TABLE(hop_no integer, ack_no text, row_no integer)
 LANGUAGE plpgsql
 STABLE
AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH RECURSIVE up AS (
        SELECT h.case_no, h.hop_no, h.parent_hop_no FROM restoration_line l JOIN hop h USING (case_no, hop_no)
        WHERE l.restoration_id = of_restoration AND l.objection_id IS NULL
            AND (l.excluded_at IS NULL OR l.reopened_at IS NOT NULL)
        UNION
        SELECT h.case_no, h.hop_no, h.parent_hop_no
        FROM up JOIN hop h ON h.case_no = up.case_no AND h.hop_no = up.parent_hop_no
    )
    SELECT t.hop_no, t.ack_no, t.row_no FROM up JOIN complaint_transfer t USING (case_no, hop_no)
    WHERE up.parent_hop_no IS NULL AND 'payer' = ANY (t.differing) AND NOT EXISTS (
        SELECT FROM proposal d WHERE d.kind = 'payer' AND d.case_no = t.case_no AND d.hop_no = t.hop_no
            AND d.decision = 'agreed' AND d.body -> 'among' ? t.ack_no)
    UNION ALL
    -- The victim's bank debited another account than the victim told. Only its newest statement counts.
    SELECT h.hop_no, h.ack_no, 0 FROM up JOIN hop h USING (case_no, hop_no) JOIN payer_inquiry i USING (case_no, hop_no)
    CROSS JOIN LATERAL (SELECT s.differing, s.stated_at FROM payer_statement s WHERE s.inquiry_id = i.inquiry_id
        ORDER BY s.statement_id DESC LIMIT 1) AS s
    WHERE up.parent_hop_no IS NULL AND i.replaced_at IS NULL AND 'payer' = ANY (s.differing) AND NOT EXISTS (
        SELECT FROM proposal d WHERE d.kind = 'payer' AND d.case_no = h.case_no AND d.hop_no = h.hop_no
            AND d.decision = 'agreed' AND d.decided_at > s.stated_at)
    UNION ALL
    -- So does a transfer that it named and an officer took.
    SELECT h.hop_no, h.ack_no, 0 FROM up JOIN hop h USING (case_no, hop_no) JOIN payer_inquiry i ON i.case_no = h.case_no
    JOIN payer_found_transfer f ON f.inquiry_id = i.inquiry_id AND f.taken_hop_no = h.hop_no
    WHERE up.parent_hop_no IS NULL AND f.payer_differs AND NOT EXISTS (
        SELECT FROM proposal d WHERE d.kind = 'payer' AND d.case_no = h.case_no AND d.hop_no = h.hop_no
            AND d.decision = 'agreed' AND d.decided_at > f.decided_at)
    ORDER BY 1, 2, 3;
END $function$;
COMMENT ON FUNCTION contested_transfers(uuid) IS 'The transfers of this restoration whose payer a complaint or the victim''s bank names otherwise, and undecided.';

CREATE FUNCTION court_hearing_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF to_jsonb(OLD) - '{told_at,ended_by,ended_reason,ended_at}'::text[]
        <> to_jsonb(NEW) - '{told_at,ended_by,ended_reason,ended_at}'::text[]
        OR OLD.ended_at IS NOT NULL OR (OLD.told_at IS NOT NULL AND OLD.told_at IS DISTINCT FROM NEW.told_at)
    THEN
        RAISE EXCEPTION 'a hearing is told of once and ends once, and nothing else of it changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'court_hearing_rules';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION court_keeps(of_hold uuid)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
AS $function$
BEGIN
    RETURN (
        SELECT CASE WHEN bool_or(c.amount_paise IS NULL) THEN NULL
                    ELSE coalesce(sum(greatest(0, c.amount_paise - home.paise)), 0)::bigint END
        FROM account_hold h JOIN court_order c ON c.case_no = h.case_no
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(CASE l.state WHEN 'cancelled' THEN l.confirmed_paise ELSE l.amount_paise END), 0) AS paise
            FROM court_order_lines(c.court_order_id) l
        ) AS home
        WHERE h.hold_id = of_hold AND court_order_retains(c, h.institution, h.account_key)
          AND NOT EXISTS (SELECT FROM court_order r WHERE r.case_no = h.case_no AND r.effect = 'release'
              AND r.amount_paise IS NULL AND r.withdrawn_at IS NULL AND r.confirmed_at IS NOT NULL
              AND r.court_order_id > c.court_order_id
              AND (r.account_key IS NULL OR (r.institution, r.account_key) = (h.institution, h.account_key)))
    );
END $function$;

CREATE FUNCTION court_order_lets_go()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (SELECT FROM court_order c WHERE c.court_order_id = NEW.court_order_id AND c.confirmed_at IS NULL) THEN
        RAISE EXCEPTION 'court order % is not confirmed', NEW.court_order_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'court_order_confirmed';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION court_order_lines(of_order bigint)
 RETURNS TABLE(restoration_id uuid, state text, amount_paise bigint, confirmed_paise bigint)
 LANGUAGE plpgsql
 STABLE
AS $function$
BEGIN
    RETURN QUERY SELECT o.restoration_id, o.state, l.amount_paise, l.confirmed_paise
    FROM court_order c
    JOIN court_order s ON (s.case_no, s.court, s.order_no, s.effect) = (c.case_no, c.court, c.order_no, c.effect)
    JOIN bank_order o ON o.court_order_id = s.court_order_id AND o.kind = 'restore'
    JOIN bank_order_line l ON l.order_id = o.order_id
    JOIN hop h ON h.case_no = l.case_no AND h.hop_no = l.hop_no
    WHERE c.court_order_id = of_order
      AND (c.account_key IS NULL OR (h.institution, h.account_key) = (c.institution, c.account_key));
END $function$;

CREATE FUNCTION court_order_withdrawn_by_two()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.ended_as IS NULL AND (NEW.confirmed_at IS NOT NULL
            OR (NEW.effect IN ('keep_hold', 'restore') AND person_of(NEW.withdrawn_by) <> person_of(NEW.taken_by)))
        AND (OLD.withdrawal_asked_by IS NULL OR person_of(NEW.withdrawn_by) = person_of(OLD.withdrawal_asked_by)) THEN
        RAISE EXCEPTION 'two people withdraw an order that counts or retains holds'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'court_order_withdrawn_by_two';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION credit_account_object_again()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.object_until IS NULL OR NEW.object_again_until IS NULL OR NEW.object_again_until < OLD.object_again_until
        OR NEW.ended_at IS NOT NULL
    THEN
        RAISE EXCEPTION 'the time in which a victim may object is only made longer'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'credit_account_object_again';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION credit_account_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL
        OR (NEW.account_id, NEW.ack_no, NEW.case_no, NEW.account, NEW.ifsc, NEW.institution, NEW.reason,
            NEW.proof, NEW.same_name, NEW.told_by, NEW.told_at, NEW.person_id, NEW.sealed_name)
            IS DISTINCT FROM
            (OLD.account_id, OLD.ack_no, OLD.case_no, OLD.account, OLD.ifsc, OLD.institution, OLD.reason,
            OLD.proof, OLD.same_name, OLD.told_by, OLD.told_at, OLD.person_id, OLD.sealed_name)
        OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_by, NEW.confirmed_at, NEW.object_until)
            IS DISTINCT FROM (OLD.confirmed_by, OLD.confirmed_at, OLD.object_until))
    THEN
        RAISE EXCEPTION 'of an account to credit only the confirmation and the end are written, once each'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION directory_written()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE directory_version SET written_by = pg_current_xact_id() WHERE written_by <> pg_current_xact_id();
    RETURN NULL;
END $function$;

CREATE FUNCTION discrepancy_wakes_hold()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM wake_hold_of_hop(NEW.case_no, NEW.hop_no);
    INSERT INTO held_hop (case_no, hop_no, held_at)
    SELECT NEW.case_no, NEW.hop_no, NEW.opened_at FROM answer w JOIN hop h ON h.case_no = NEW.case_no AND h.hop_no = NEW.hop_no
    WHERE NEW.kind = 'held_and_gone' AND w.answer_id = NEW.answer_id AND w.kind = 'held' AND h.institution = NEW.institution
    ON CONFLICT (case_no, hop_no) DO UPDATE SET hold_opened_at = NULL;
    RETURN NULL;
END $function$;

CREATE FUNCTION document_counter_escalates()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.last_number <> (CASE TG_OP WHEN 'INSERT' THEN 1 ELSE OLD.last_number + 1 END) OR NEW.last_number IS NULL THEN
        RAISE EXCEPTION 'the counter of % escalates by one', NEW.series
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_counter_escalates';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION draft_notifies()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_notify('draft', json_build_array(NEW.draft_id, CASE TG_OP WHEN 'UPDATE' THEN OLD.owner END)::text);
    RETURN NULL;
END $function$;

CREATE FUNCTION draft_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL OR NEW.revision < OLD.revision
        OR (NEW.draft_id, NEW.source, NEW.person_id, NEW.made_at, NEW.made_by)
            IS DISTINCT FROM (OLD.draft_id, OLD.source, OLD.person_id, OLD.made_at, OLD.made_by)
        OR (OLD.sent_by IS NOT NULL AND NEW.sent_by IS DISTINCT FROM OLD.sent_by)
        OR (OLD.ack_no IS NOT NULL AND (NEW.ack_no, NEW.sent_at) IS DISTINCT FROM (OLD.ack_no, OLD.sent_at))
        OR (OLD.ack_no IS NOT NULL AND NOT NEW.awaited <@ OLD.awaited)
    THEN
        RAISE EXCEPTION 'a draft keeps its beginning and its complaint, and an ended one never changes'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'draft_rules';
    END IF;
    IF OLD.ack_no IS NULL AND NEW.ack_no IS NOT NULL AND NOT EXISTS (
        SELECT FROM complaint c WHERE c.ack_no = NEW.ack_no AND c.taken_by = NEW.sent_by
            AND c.idempotency_key = 'draft-' || NEW.draft_id)
    THEN
        RAISE EXCEPTION 'complaint % was not taken from draft %', NEW.ack_no, NEW.draft_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'draft_of_its_complaint';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION due_documents_read_again(of_case text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO outgoing (kind, subject, next_attempt_at)
    SELECT 'due_document', of_case, min(opened_at) FROM due_document WHERE case_no = of_case AND ended_at IS NULL
    HAVING count(*) > 0
    ON CONFLICT (kind, subject) DO UPDATE
    SET outgoing_id = DEFAULT, attempts = 0, next_attempt_at = excluded.next_attempt_at, ended_at = NULL,
        outcome = NULL, failure = ''
    WHERE outgoing.next_attempt_at IS DISTINCT FROM excluded.next_attempt_at;
END $function$;

CREATE FUNCTION due_documents_wake()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM due_documents_read_again(NEW.case_no);
    RETURN NULL;
END $function$;

CREATE FUNCTION duty_asks_for_document()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO due_document AS e (case_no, kind, subject, opened_at)
    VALUES (NEW.case_no, NEW.kind, NEW.case_no, NEW.opened_at)
    ON CONFLICT (case_no, kind, subject, occasion) DO UPDATE
    SET state = 'waiting', lacking = '{}', failure = '', opened_at = excluded.opened_at, ended_at = NULL
    WHERE e.ended_at IS NOT NULL AND NEW.done_at IS NULL;
    PERFORM due_documents_read_again(NEW.case_no);
    RETURN NULL;
END $function$;

CREATE FUNCTION entered_sent(of_case text, of_hop integer, OUT entered_paise bigint, OUT stated_paise bigint)
 RETURNS record
 LANGUAGE sql
 STABLE
AS $function$
    SELECT greatest(b.booked_paise, d.paise)::bigint,
           CASE WHEN b.booked_paise >= d.paise THEN b.confirmed_paise ELSE 0 END::bigint
    FROM (
        SELECT coalesce(sum(b.booked_paise), 0) AS booked_paise, coalesce(sum(b.confirmed_paise), 0) AS confirmed_paise
        FROM telephone_booking b WHERE b.case_no = of_case AND b.hop_no = of_hop AND b.kind = 'moved'
    ) AS b CROSS JOIN (
        -- An answer about the hop above confirmed the transfer that the complaint tells.
        SELECT coalesce(CASE WHEN bool_and(a.flags @> '[{"code": "from_workbook"}]' OR t.update_id IS NOT NULL)
            THEN sum(a.applied_paise) END, 0) AS paise
        FROM hop h JOIN answer a ON a.case_no = h.case_no AND a.kind = 'moved' AND a.reference_key = h.reference_key
        LEFT JOIN telephone_answer t ON t.update_id = a.update_id
        WHERE h.case_no = of_case AND h.hop_no = of_hop AND h.source = 'desk'
    ) AS d
$function$;
COMMENT ON FUNCTION entered_sent(text,integer) IS 'Of what was sent to this hop, all that officers entered (by telephone and, of a transfer that the complaint tells, by a workbook too), and how much of it the bank has stated since.';

CREATE FUNCTION feed_hold_kept()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE feed_entry f SET changed_at = present_moment(), change_no = NULL
    WHERE f.request_id IN (
        SELECT r.request_id FROM hold_request r JOIN request_hop q USING (request_id)
        JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no
        WHERE r.case_no = NEW.case_no AND r.institution = NEW.institution AND h.account_key = NEW.account_key);
    PERFORM pg_notify('bank_feed', NEW.institution);
    RETURN NULL;
END $function$;

CREATE FUNCTION feed_hops_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM changed) THEN
        RETURN NULL;
    END IF;
    UPDATE feed_entry f SET changed_at = now(), change_no = NULL
    WHERE f.request_id IN (SELECT request_id FROM changed);
    PERFORM pg_notify('bank_feed', institution)
    FROM (SELECT DISTINCT institution FROM hold_request WHERE request_id IN (SELECT request_id FROM changed)) AS told;
    RETURN NULL;
END $function$;

CREATE FUNCTION feed_request_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO feed_entry (request_id, institution, status, changed_at, is_answered)
    VALUES (NEW.request_id, NEW.institution, feed_status(NEW.state), now(), NEW.first_answered_at IS NOT NULL)
    ON CONFLICT (request_id) DO UPDATE SET status = EXCLUDED.status, changed_at = EXCLUDED.changed_at, change_no = NULL,
        is_answered = EXCLUDED.is_answered;
    PERFORM pg_notify('bank_feed', NEW.institution);
    RETURN NULL;
END $function$;

CREATE FUNCTION feed_status(p_state text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT CASE p_state WHEN 'answered' THEN 'answered' WHEN 'stopped' THEN 'stopped' WHEN 'superseded' THEN 'stopped'
        ELSE 'open' END
$function$;

CREATE FUNCTION fir_asks_for_notices()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.state = 'lapsed' AND OLD.state = 'lapsed' THEN
        RETURN NULL;
    END IF;
    PERFORM due_documents_read_again(NEW.case_no);
    PERFORM ask_for_lien_notice(NEW.case_no, a.institution, NEW.registered_at)
    FROM (SELECT DISTINCT institution FROM account_hold WHERE case_no = NEW.case_no AND state = 'held') a;
    RETURN NULL;
END $function$;

CREATE FUNCTION fir_goes_out()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO outgoing (kind, subject, next_attempt_at) VALUES ('fir', NEW.fir_id::text, NEW.requested_at);
    RETURN NULL;
END $function$;

CREATE FUNCTION grievance_level_other_people()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (SELECT FROM grievance_level g WHERE g.grievance_id = NEW.grievance_id AND g.level <> NEW.level
               AND g.outcome = 'decided' AND person_of(g.ended_by) = person_of(NEW.ended_by)) THEN
        RAISE EXCEPTION 'this officer decided grievance % at another level', NEW.grievance_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grievance_level_other_people';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION has_role(of_officer text, of_role text, moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT EXISTS (SELECT FROM officer o JOIN officer_role r USING (officer_id)
        WHERE o.officer_id = of_officer AND o.disabled_at IS NULL AND r.role = of_role
          AND r.from_at <= moment AND (r.until_at IS NULL OR r.until_at > moment))
$function$;
COMMENT ON FUNCTION has_role(text,text,timestamp with time zone) IS 'Whether an officer who is not disabled has this role at this moment.';

CREATE FUNCTION hearing_waiver_of_served()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM due_document d WHERE d.restoration_id = NEW.restoration_id AND d.step = 'holder_notice'
                   AND d.visit_no = NEW.visit_no AND d.subject = NEW.hold_id::text AND d.state IN ('issued', 'served'))
    THEN
        RAISE EXCEPTION 'the holder of hold % has no notice', NEW.hold_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hearing_waiver_of_served';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION held_hop_asks_for_notice()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM ask_for_lien_notice(h.case_no, h.institution, NEW.hold_opened_at)
    FROM hop h WHERE h.case_no = NEW.case_no AND h.hop_no = NEW.hop_no AND h.institution IS NOT NULL;
    PERFORM due_documents_read_again(NEW.case_no);
    RETURN NULL;
END $function$;

CREATE FUNCTION held_under_orders()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    ordered bigint;
    held bigint;
BEGIN
    SELECT coalesce(sum(l.amount_paise - l.confirmed_paise), 0) INTO ordered
    FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = NEW.case_no AND l.hop_no = NEW.hop_no AND NOT l.excess AND o.state IN ('planned', 'delivered', 'refused');
    -- At the end of the transaction: what it has booked since counts too.
    SELECT b.balance_paise INTO held
    FROM ledger_balance b WHERE b.case_no = NEW.case_no AND b.hop_no = NEW.hop_no AND b.bucket = 'held';
    IF ordered > held THEN
        RAISE EXCEPTION 'orders about hop % of case % ask for % paise of % held', NEW.hop_no, NEW.case_no, ordered, held
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balance_under_orders';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION hold_emptied()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO procedure_news (workflow_id, created_at)
    SELECT p.workflow_id, now() FROM hop h
    JOIN account_hold a ON a.case_no = h.case_no AND a.institution = h.institution AND a.account_key = h.account_key
    JOIN procedure p ON p.kind = 'hold' AND p.subject = a.hold_id::text
    WHERE h.case_no = NEW.case_no AND h.hop_no = NEW.hop_no AND a.state = 'held'
    UNION ALL
    SELECT p.workflow_id, now() FROM restoration_line l JOIN restoration r USING (restoration_id)
    JOIN procedure p ON p.kind = 'restoration' AND p.subject = r.restoration_id::text
    WHERE l.case_no = NEW.case_no AND l.hop_no = NEW.hop_no AND r.state = 'open';
    RETURN NULL;
END $function$;

CREATE FUNCTION holder_contact_kept()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.told_at <> OLD.told_at OR NEW.sealed <> OLD.sealed THEN
        INSERT INTO holder_contact_change (hold_id, told_at, told_to, person_id, sealed)
            VALUES (NEW.hold_id, NEW.told_at, NEW.told_to, NEW.person_id, NEW.sealed);
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION hop_asks_payers_bank_again()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF (NEW.payer_holder, NEW.payer_institution_as_told)
        IS DISTINCT FROM (OLD.payer_holder, OLD.payer_institution_as_told)
    THEN
        -- Another bank may be the victim's now. The caller plans the next inquiry, because it knows the directory.
        PERFORM payer_inquiry_replace(NEW.case_no, NEW.hop_no);
        RETURN NULL;
    END IF;
    INSERT INTO payer_inquiry (inquiry_id, case_no, hop_no, institution, state, near_seconds, planned_at, due_at,
        closed_at, reason)
    SELECT gen_random_uuid(), NEW.case_no, NEW.hop_no, r.institution,
        CASE WHEN s.reason = '' THEN 'planned' ELSE 'skipped' END, r.near_seconds, r.at,
        CASE WHEN s.reason = '' THEN r.at END, CASE WHEN s.reason <> '' THEN r.at END, s.reason
    FROM payer_inquiry_replace(NEW.case_no, NEW.hop_no) AS r
    CROSS JOIN LATERAL (SELECT CASE
        WHEN r.institution IS NULL THEN 'the directory does not know the bank'
        WHEN r.institution = NEW.institution THEN 'the bank has both accounts'
        WHEN NEW.reference = '' THEN 'the transfer has no reference'
        ELSE '' END AS reason) AS s;
    RETURN NULL;
END $function$;

CREATE FUNCTION hop_complaint()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    SELECT ack_no INTO NEW.ack_no FROM hop WHERE case_no = NEW.case_no AND hop_no = NEW.parent_hop_no;
    RETURN NEW;
END $function$;

CREATE FUNCTION hop_live_in_one_case()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    others text[] := merged_with(NEW.case_no);
    other record;
BEGIN
    IF others = '{}' THEN
        RETURN NULL;
    END IF;
    SELECT o.case_no, o.hop_no INTO other
    FROM hop h JOIN hop o ON o.reference_key = h.reference_key AND o.institution = h.institution
    WHERE h.case_no = NEW.case_no AND h.hop_no = NEW.hop_no AND h.state NOT IN ('closed', 'correction') AND h.reference_key <> ''
        AND o.case_no = ANY (others) AND o.state NOT IN ('closed', 'correction')
        AND h.disputed_paise + o.disputed_paise > greatest(h.amount_paise, o.amount_paise)
    LIMIT 1;
    IF FOUND THEN
        RAISE serialization_failure USING
            MESSAGE = format('the transfer of hop %s is live in case %s', NEW.hop_no, other.case_no),
            CONSTRAINT = 'hop_live_in_one_case';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION hop_payer_kept()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (
        WITH RECURSIVE down AS (
            SELECT NEW.hop_no
            UNION ALL SELECT h.hop_no FROM down d JOIN hop h ON h.case_no = NEW.case_no AND h.parent_hop_no = d.hop_no
        )
        SELECT FROM down JOIN bank_order_line l ON l.case_no = NEW.case_no AND l.hop_no = down.hop_no
        JOIN bank_order o USING (order_id)
        WHERE o.kind = 'restore' AND (o.state IN ('planned', 'delivered', 'refused') OR l.confirmed_paise > 0)
    ) THEN
        RAISE EXCEPTION 'a bank is ordered to credit money of hop % of case % to its payer', NEW.hop_no, NEW.case_no
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'hop_payer_kept';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION hop_waiting()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.reminded_at := NULL;
    IF NEW.state IN ('correction', 'unroutable') THEN
        NEW.waiting_since := now();
        NEW.looked_up_at := '-infinity';
    ELSE
        NEW.waiting_since := NULL;
        NEW.looked_up_at := NULL;
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION hop_within_transfer()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    larger record;
BEGIN
    SELECT min(h.case_no) AS case_no, min(h.hop_no) AS hop_no, a.amount_paise INTO larger
    FROM opened h JOIN answer a ON a.answer_id = h.opened_by_answer
    GROUP BY a.answer_id, a.amount_paise, a.within_paise
    HAVING max(h.amount_paise) > a.amount_paise OR sum(h.disputed_paise) > a.within_paise
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'hop % of case % is larger than its transfer of % paise', larger.hop_no, larger.case_no,
            larger.amount_paise USING ERRCODE = 'check_violation', CONSTRAINT = 'hop_within_transfer';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION hop_without_account()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.account_key := 'NOTSTATED|' || NEW.case_no || '|' || NEW.hop_no;
    RETURN NEW;
END $function$;

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
COMMENT ON FUNCTION hops_confirm(text,jsonb,integer[]) IS 'writes a bank''s data to hops; those in p_again leave their live request';

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
COMMENT ON FUNCTION hops_leave(text,integer[],text) IS 'gives hops a state in which no request asks about them';

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
COMMENT ON FUNCTION hops_name_account(text,jsonb) IS 'writes the accounts of hops where none was stated before';

CREATE FUNCTION importer_of(of_restoration uuid, officer text)
 RETURNS integer
 LANGUAGE sql
 STABLE
AS $function$
    SELECT min(l.hop_no) FROM restoration_line l
    CROSS JOIN LATERAL unnest(only_importers(l.case_no, l.hop_no)) AS importer
    WHERE l.restoration_id = of_restoration AND l.objection_id IS NULL
        AND (l.excluded_at IS NULL OR l.reopened_at IS NOT NULL)
        AND lower(regexp_replace(importer, '^[a-z]+:', '')) = lower(officer)
$function$;
COMMENT ON FUNCTION importer_of(uuid,text) IS 'A hop of this restoration whose money only a workbook confirms that this officer imported; null without one.';

CREATE FUNCTION importers_alone(of_case text, of_hop integer)
 RETURNS text[]
 LANGUAGE sql
 STABLE
AS $function$
    SELECT CASE WHEN bool_and(s.importer IS NOT NULL) THEN array_agg(DISTINCT s.importer) END
    FROM (
        SELECT CASE WHEN a.flags @> '[{"code": "from_workbook"}]'
            THEN coalesce(a.imported_by, '')
            ELSE (SELECT t.entered_by FROM telephone_answer t WHERE t.update_id = a.update_id) END AS importer
        FROM answer a WHERE a.case_no = of_case AND of_hop = ANY (a.hop_nos)
            AND a.kind IN ('held', 'withdrawn', 'spent', 'moved')
        UNION ALL
        SELECT CASE WHEN a.flags @> '[{"code": "from_workbook"}]'
            THEN coalesce(a.imported_by, '')
            ELSE (SELECT t.entered_by FROM telephone_answer t WHERE t.update_id = a.update_id) END
        FROM hop h JOIN answer a ON a.answer_id = h.opened_by_answer WHERE h.case_no = of_case AND h.hop_no = of_hop
        UNION ALL
        SELECT NULL FROM payer_inquiry i JOIN payer_statement w USING (inquiry_id)
        WHERE i.case_no = of_case AND i.hop_no = of_hop AND w.kind = 'confirmed'
    ) AS s
$function$;
COMMENT ON FUNCTION importers_alone(text,integer) IS 'Who imported or entered by telephone all that is stated of the money of this hop; null if a bank has stated some of it.';

CREATE FUNCTION institution_login_counted()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.login_no := OLD.login_no + 1;
    RETURN NEW;
END $function$;

CREATE FUNCTION is_absent(of_officer text, moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT EXISTS (SELECT FROM officer_absence a WHERE a.officer_id = of_officer
        AND (moment AT TIME ZONE 'Asia/Kolkata')::date BETWEEN a.first_day AND a.last_day)
$function$;
COMMENT ON FUNCTION is_absent(text,timestamp with time zone) IS 'Whether an officer is absent on this day in India.';

CREATE FUNCTION is_live_admin(person text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT EXISTS (SELECT FROM officer o JOIN officer_role r USING (officer_id) CROSS JOIN present_moment() AS t
        WHERE o.officer_id = person AND o.disabled_at IS NULL AND r.role = 'admin' AND r.from_at <= t
            AND (r.until_at IS NULL OR r.until_at > t))
$function$;
COMMENT ON FUNCTION is_live_admin(text) IS 'whether this officer is an admin now';

CREATE FUNCTION is_second_officer(actor text, first_officer text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT person_of(actor) <> person_of(first_officer) AND actor !~ '^(script|bank|victim|command):'
$function$;
COMMENT ON FUNCTION is_second_officer(text,text) IS 'Whether an actor is an officer, and another person than the first; null while one of them is not known.';

CREATE FUNCTION ledger_apply()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- Not one upsert: a check is tried on the proposed row too, and a proposed row may well be below zero.
    WITH delta AS (
        SELECT case_no, hop_no, bucket, sum(amount_paise) AS paise FROM entered GROUP BY case_no, hop_no, bucket
    ), changed AS (
        UPDATE ledger_balance b SET balance_paise = b.balance_paise + d.paise FROM delta d
        WHERE b.case_no = d.case_no AND b.hop_no = d.hop_no AND b.bucket = d.bucket
        RETURNING b.case_no, b.hop_no, b.bucket
    )
    INSERT INTO ledger_balance (case_no, hop_no, bucket, balance_paise)
    SELECT d.* FROM delta d WHERE NOT EXISTS (
        SELECT FROM changed c WHERE c.case_no = d.case_no AND c.hop_no = d.hop_no AND c.bucket = d.bucket
    );
    INSERT INTO held_hop AS u (case_no, hop_no, held_at)
    SELECT e.case_no, e.hop_no, min(t.at) FROM entered e JOIN ledger_transaction t USING (transaction_id)
    WHERE e.bucket = 'held' AND e.amount_paise > 0 GROUP BY e.case_no, e.hop_no
    ON CONFLICT (case_no, hop_no) DO UPDATE SET hold_opened_at = NULL, held_at = CASE
        WHEN (SELECT b.balance_paise FROM ledger_balance b
              WHERE b.case_no = u.case_no AND b.hop_no = u.hop_no AND b.bucket = 'held')
           = (SELECT sum(e.amount_paise) FROM entered e
              WHERE e.case_no = u.case_no AND e.hop_no = u.hop_no AND e.bucket = 'held')
        THEN EXCLUDED.held_at ELSE u.held_at END;
    RETURN NULL;
END $function$;

CREATE FUNCTION ledger_check_balanced()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    total numeric;
    cases integer;
BEGIN
    SELECT sum(amount_paise), count(DISTINCT e.case_no) INTO total, cases
    FROM ledger_entry e WHERE e.transaction_id = NEW.transaction_id;
    IF total <> 0 OR cases <> 1 THEN
        RAISE EXCEPTION 'ledger transaction % is off by % paise over % case(s)', NEW.transaction_id, total, cases
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balanced';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION ledger_post(p_case_no text, p_kind text, p_key text, p_at timestamp with time zone, p_hop_nos integer[], p_buckets text[], p_amounts bigint[])
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
    digest bytea := sha256(convert_to(concat_ws('|', p_case_no, p_kind, p_hop_nos, p_buckets, p_amounts), 'UTF8'));
    known bytea;
    posted bigint;
BEGIN
    INSERT INTO ledger_transaction (case_no, kind, idempotency_key, payload_digest, at)
    VALUES (p_case_no, p_kind, p_key, digest, p_at)
    ON CONFLICT (idempotency_key) DO NOTHING RETURNING transaction_id INTO posted;
    IF posted IS NULL THEN
        SELECT payload_digest, transaction_id INTO known, posted
        FROM ledger_transaction WHERE idempotency_key = p_key;
        IF known IS DISTINCT FROM digest THEN
            RAISE EXCEPTION 'ledger key % was used with other entries', p_key
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'ledger_key_reused';
        END IF;
        RETURN posted;
    END IF;
    INSERT INTO ledger_entry (transaction_id, line_no, case_no, hop_no, bucket, amount_paise)
    SELECT posted, line_no, p_case_no, hop_no, bucket, amount
    FROM unnest(p_hop_nos, p_buckets, p_amounts) WITH ORDINALITY AS e (hop_no, bucket, amount, line_no);
    RETURN posted;
END $function$;

CREATE FUNCTION left_duty(of_officer text, duty text, since timestamp with time zone, moment timestamp with time zone, leave_days integer)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT CASE
        WHEN o.disabled_at > since THEN 'disabled'
        WHEN NOT has_role(o.officer_id, role_of_duty(duty), moment) AND EXISTS (
            SELECT FROM officer_role r WHERE r.officer_id = o.officer_id AND r.role = role_of_duty(duty)
                AND r.until_at > since AND r.until_at <= moment) THEN 'role_ended'
        WHEN long_leave(o.officer_id, moment, leave_days) > (since AT TIME ZONE 'Asia/Kolkata')::date
            OR (long_leave(o.officer_id, moment, leave_days) IS NOT NULL AND EXISTS (
                SELECT FROM officer_absence a WHERE a.officer_id = o.officer_id AND a.written_at > since)) THEN 'on_leave'
    END FROM officer o WHERE o.officer_id = of_officer
$function$;
COMMENT ON FUNCTION left_duty(text,text,timestamp with time zone,timestamp with time zone,integer) IS 'Why an officer who was assigned at `since` cannot go on at `moment`; null for an officer who can, or who is not on the roster.';

CREATE FUNCTION long_leave(of_officer text, moment timestamp with time zone, leave_days integer)
 RETURNS date
 LANGUAGE sql
 STABLE
AS $function$
    SELECT lower(l.days)
    FROM (SELECT unnest(range_agg(daterange(a.first_day, a.last_day, '[]'))) AS days
        FROM officer_absence a WHERE a.officer_id = of_officer) AS l
    WHERE l.days @> (moment AT TIME ZONE 'Asia/Kolkata')::date AND upper(l.days) - lower(l.days) > leave_days
$function$;
COMMENT ON FUNCTION long_leave(text,timestamp with time zone,integer) IS 'The first day of an absence of more than so many days in a row that covers this day in India; null without one.';

CREATE FUNCTION look_for_officers(of_case text)
 RETURNS void
 LANGUAGE sql
AS $function$
    INSERT INTO case_assignment AS a (case_no, io, io_since, supervising, supervising_since, look_at)
    SELECT f.case_no, n.io, n.io_since, n.supervising, n.supervising_since,
        CASE WHEN n.io IS NULL OR n.supervising IS NULL THEN present_moment() END
    FROM case_file f CROSS JOIN LATERAL newest_officers(f.case_no) n WHERE f.case_no = of_case
    ON CONFLICT (case_no) DO UPDATE SET look_at = present_moment(), looked_at = NULL
    WHERE a.look_at IS NULL AND (a.io IS NULL OR a.supervising IS NULL)
$function$;
COMMENT ON FUNCTION look_for_officers(text) IS 'Lets the engine look for the officers of a case, if a duty has none and it does not look already.';

CREATE FUNCTION merged_with(of_case text)
 RETURNS text[]
 LANGUAGE sql
 STABLE
AS $function$
    WITH head AS (
        SELECT coalesce((SELECT m.primary_case_no FROM case_merge m WHERE m.merged_case_no = of_case
            AND m.decision = 'agreed' AND m.undone_at IS NULL), of_case) AS case_no
    )
    SELECT coalesce(array_agg(x.case_no ORDER BY x.case_no) FILTER (WHERE x.case_no <> of_case), '{}')
    FROM head h CROSS JOIN LATERAL (
        SELECT h.case_no
        UNION ALL
        SELECT m.merged_case_no FROM case_merge m
        WHERE m.primary_case_no = h.case_no AND m.decision = 'agreed' AND m.undone_at IS NULL
    ) AS x
$function$;
COMMENT ON FUNCTION merged_with(text) IS 'the other cases of the merges in force of a case';

CREATE FUNCTION newest_officers(of_case text)
 RETURNS TABLE(io text, io_since timestamp with time zone, supervising text, supervising_since timestamp with time zone)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT lower(i.subject), i.assigned_at, lower(s.subject), s.assigned_at
    FROM (VALUES (of_case)) AS c (case_no)
    LEFT JOIN LATERAL (SELECT o.subject, o.assigned_at FROM case_officer o WHERE o.case_no = c.case_no AND o.duty = 'io'
        ORDER BY o.assignment_no DESC LIMIT 1) i ON true
    LEFT JOIN LATERAL (SELECT o.subject, o.assigned_at FROM case_officer o
        WHERE o.case_no = c.case_no AND o.duty = 'supervising' ORDER BY o.assignment_no DESC LIMIT 1) s ON true
$function$;
COMMENT ON FUNCTION newest_officers(text) IS 'Whom `case_officer` names last for each duty of a case; always one row.';

CREATE FUNCTION officer_credentials_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    of_officer text := coalesce(NEW.officer_id, OLD.officer_id);
BEGIN
    PERFORM officer_sessions_end(of_officer, 'officer:' || of_officer, 'credentials_changed', '');
    RETURN NULL;
END $function$;

CREATE FUNCTION officer_disabled_ends_sessions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM officer_sessions_end(NEW.officer_id, NEW.disabled_by, 'disabled', '');
    UPDATE proof SET ended_at = present_moment()
    WHERE purpose = 'sign_in_link' AND subject = NEW.officer_id AND used_at IS NULL AND ended_at IS NULL;
    RETURN NULL;
END $function$;

CREATE FUNCTION officer_district_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.until_at IS NOT NULL OR NEW.until_at IS NULL
        OR (NEW.officer_id, NEW.district, NEW.from_at, NEW.given_by)
            IS DISTINCT FROM (OLD.officer_id, OLD.district, OLD.from_at, OLD.given_by)
    THEN
        RAISE EXCEPTION 'of a district that was given only the end is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION officer_district_told()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO officer_event (at, actor, kind, officer_id, data) VALUES (
        coalesce(NEW.until_at, NEW.from_at), coalesce(NEW.ended_by, NEW.given_by),
        CASE TG_OP WHEN 'INSERT' THEN 'district_given' ELSE 'district_ended' END, NEW.officer_id,
        jsonb_build_object('district', NEW.district));
    RETURN NULL;
END $function$;

CREATE FUNCTION officer_reset_takes_credentials()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM officer_sessions_end(NEW.officer_id, NEW.changed_by, 'credentials_changed', '');
    DELETE FROM officer_password WHERE officer_id = NEW.officer_id;
    DELETE FROM officer_totp WHERE officer_id = NEW.officer_id;
    DELETE FROM recovery_code WHERE officer_id = NEW.officer_id;
    UPDATE proof SET ended_at = present_moment()
    WHERE purpose = 'sign_in_link' AND subject = NEW.officer_id AND used_at IS NULL AND ended_at IS NULL;
    RETURN NULL;
END $function$;

CREATE FUNCTION officer_role_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.ended_by IS NOT NULL OR NEW.ended_by IS NULL OR NEW.until_at > OLD.until_at
        OR (NEW.officer_id, NEW.role, NEW.from_at, NEW.given_by, NEW.given_at)
            IS DISTINCT FROM (OLD.officer_id, OLD.role, OLD.from_at, OLD.given_by, OLD.given_at)
    THEN
        RAISE EXCEPTION 'of a role that was given only an earlier end is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION officer_role_told()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO officer_event (at, actor, kind, officer_id, data) VALUES (
        CASE TG_OP WHEN 'INSERT' THEN NEW.given_at ELSE present_moment() END,
        CASE TG_OP WHEN 'INSERT' THEN NEW.given_by ELSE NEW.ended_by END,
        CASE TG_OP WHEN 'INSERT' THEN 'role_given' ELSE 'role_ended' END, NEW.officer_id,
        jsonb_build_object('role', NEW.role, 'from_at', NEW.from_at, 'until_at', NEW.until_at));
    RETURN NULL;
END $function$;

CREATE FUNCTION officer_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE'
        OR (NEW.officer_id, NEW.created_at, NEW.created_by) IS DISTINCT FROM (OLD.officer_id, OLD.created_at, OLD.created_by)
    THEN
        RAISE EXCEPTION 'an officer stays, under the same name' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION officer_session_told()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO officer_event (at, actor, kind, officer_id, data) VALUES (NEW.ended_at, NEW.ended_by, 'session_ended',
        NEW.officer_id, jsonb_build_object('session_id', NEW.session_id, 'reason', NEW.end_reason, 'note', NEW.end_note));
    RETURN NULL;
END $function$;

CREATE FUNCTION officer_sessions_end(of_officer text, by_whom text, why text, note text)
 RETURNS bigint
 LANGUAGE sql
AS $function$
    WITH ended AS (
        UPDATE session SET ended_at = present_moment(), ended_by = by_whom, end_reason = why, end_note = note
        WHERE officer_id = of_officer AND ended_at IS NULL AND ends_at > present_moment() RETURNING session_id
    )
    SELECT count(*) FROM ended
$function$;
COMMENT ON FUNCTION officer_sessions_end(text,text,text,text) IS 'ends every session of an officer; returns how many';

CREATE FUNCTION officer_told()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    fields text[];
    was jsonb;
    is_now jsonb;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO officer_event (at, actor, kind, officer_id) VALUES (NEW.created_at, NEW.created_by, 'added', NEW.officer_id);
        RETURN NULL;
    END IF;
    IF (OLD.disabled_at IS NULL) <> (NEW.disabled_at IS NULL) THEN
        INSERT INTO officer_event (at, actor, kind, officer_id) VALUES (NEW.changed_at, NEW.changed_by,
            CASE WHEN NEW.disabled_at IS NULL THEN 'enabled' ELSE 'disabled' END, NEW.officer_id);
    END IF;
    IF NEW.credentials_from IS DISTINCT FROM OLD.credentials_from THEN
        INSERT INTO officer_event (at, actor, kind, officer_id)
        VALUES (NEW.changed_at, NEW.changed_by, 'reset', NEW.officer_id);
    END IF;
    SELECT array_agg(n.key ORDER BY n.key), jsonb_object_agg(n.key, o.value), jsonb_object_agg(n.key, n.value)
    INTO fields, was, is_now
    FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key)
    WHERE n.value IS DISTINCT FROM o.value
        AND n.key NOT IN ('changed_at', 'changed_by', 'disabled_at', 'disabled_by', 'credentials_from');
    IF fields IS NOT NULL THEN
        INSERT INTO officer_event (at, actor, kind, officer_id, data) VALUES (NEW.changed_at, NEW.changed_by, 'changed',
            NEW.officer_id, jsonb_build_object('fields', fields, 'before', was, 'after', is_now));
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION officer_totp_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.officer_id <> OLD.officer_id OR (NEW.last_step <= OLD.last_step AND NEW.sealed_secret = OLD.sealed_secret) THEN
        RAISE EXCEPTION 'a code was used before' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION only_importers(of_case text, of_hop integer)
 RETURNS text[]
 LANGUAGE sql
 STABLE
AS $function$
    SELECT ARRAY(
        SELECT unnest(importers_alone(of_case, of_hop))
        UNION
        SELECT t.entered_by
        FROM telephone_booking b JOIN hop h ON h.case_no = b.case_no AND h.hop_no = b.hop_no
        -- A line about what moved names the hop above.
        JOIN answer a ON a.case_no = b.case_no AND a.kind = b.kind AND (a.answer_id = h.opened_by_answer
            OR CASE b.kind WHEN 'moved' THEN h.parent_hop_no = ANY (a.hop_nos) AND a.reference_key = h.reference_key
                ELSE b.hop_no = ANY (a.hop_nos) END)
        JOIN telephone_answer t ON t.update_id = a.update_id
        WHERE b.case_no = of_case AND b.confirmed_paise < b.booked_paise
            AND (b.hop_no = of_hop OR (b.kind = 'moved' AND h.parent_hop_no = of_hop))
        ORDER BY 1
    )
$function$;
COMMENT ON FUNCTION only_importers(text,integer) IS 'Who imported what alone says where the money of this hop is, or entered by telephone what the bank has not stated in full.';

CREATE FUNCTION order_cancellation_settled_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'the cancellation of order % is settled', OLD.order_id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'order_cancellation_settled_once';
END $function$;

CREATE FUNCTION payer_found_transfer_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.decision IS NOT NULL
        OR (OLD.followed_hop_no IS NOT NULL AND NEW.followed_hop_no IS DISTINCT FROM OLD.followed_hop_no)
        OR (NEW.taken_hop_no IS NOT NULL AND NEW.followed_hop_no IS NOT NULL AND NEW.taken_hop_no <> NEW.followed_hop_no)
        OR to_jsonb(NEW) - '{decision,decided_by,decided_at,reason,taken_hop_no,followed_hop_no}'::text[]
            IS DISTINCT FROM
            to_jsonb(OLD) - '{decision,decided_by,decided_at,reason,taken_hop_no,followed_hop_no}'::text[]
    THEN
        RAISE EXCEPTION 'of a found transfer only its hop and the decision are written, once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION payer_inquiry_replace(of_case text, of_hop integer)
 RETURNS TABLE(institution text, near_seconds double precision, at timestamp with time zone)
 LANGUAGE sql
AS $function$
    UPDATE payer_inquiry i SET replaced_at = t.at, due_at = NULL, closed_at = coalesce(i.closed_at, t.at),
        state = CASE WHEN i.due_at IS NULL THEN i.state ELSE 'failed' END,
        reason = CASE WHEN i.due_at IS NULL THEN i.reason ELSE 'the transfer was corrected' END
    FROM (SELECT present_moment() AS at) AS t
    WHERE i.case_no = of_case AND i.hop_no = of_hop AND i.replaced_at IS NULL
    RETURNING i.institution, i.near_seconds, t.at
$function$;
COMMENT ON FUNCTION payer_inquiry_replace(text,integer) IS 'End the inquiry about a hop, because its transfer was corrected; return what it asked.';

CREATE FUNCTION payer_inquiry_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.state = 'skipped' AND NEW.state <> 'skipped')
        OR (OLD.state = 'answered' AND NEW.state <> 'answered')
        OR (OLD.state = 'failed' AND NEW.state NOT IN ('failed', 'answered'))
        OR (OLD.state = 'delivered' AND NEW.state = 'planned')
        OR (OLD.replaced_at IS NOT NULL AND NEW.replaced_at IS DISTINCT FROM OLD.replaced_at)
        OR (NEW.inquiry_id, NEW.case_no, NEW.hop_no, NEW.institution, NEW.near_seconds, NEW.planned_at)
            IS DISTINCT FROM
            (OLD.inquiry_id, OLD.case_no, OLD.hop_no, OLD.institution, OLD.near_seconds, OLD.planned_at)
    THEN
        RAISE EXCEPTION 'an inquiry keeps what it asks, and its state goes only forward'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION person_key_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.destroyed_at IS NOT NULL
        OR (NEW.person_id, NEW.made_at, NEW.case_no, NEW.institution)
            IS DISTINCT FROM (OLD.person_id, OLD.made_at, OLD.case_no, OLD.institution)
    THEN
        RAISE EXCEPTION 'a key is sealed again or destroyed, and a destroyed key stays destroyed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION person_of(actor text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT lower(btrim(regexp_replace(actor, '^(officer|import):', '')))
$function$;
COMMENT ON FUNCTION person_of(text) IS 'The person behind the name of an actor, by which two officers are told apart: one person with two roles is one.';

CREATE FUNCTION policy_version_agreed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM proposal p WHERE p.proposal_id = NEW.proposal_id AND p.kind = 'administration' AND p.matter = 'policy_changed'
            AND p.decision = 'agreed') THEN
        RAISE EXCEPTION 'two admins agree to a version of the policy'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'policy_version_agreed';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION present_moment()
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (SELECT FROM public.clock_setting WHERE movable) THEN
        RETURN coalesce(
            nullif(current_setting('goldenhour.present_moment', true), '')::timestamptz, clock_timestamp());
    END IF;
    RETURN clock_timestamp();
END $function$;
COMMENT ON FUNCTION present_moment() IS 'the present moment of this database; tests may set it for their session';

CREATE FUNCTION procedure_starter_needed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_notify('procedure_starter', '');
    RETURN NULL;
END $function$;

CREATE FUNCTION proof_of_two()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM proposal p WHERE p.proposal_id = NEW.proposal_id AND p.kind = 'administration'
            AND p.decision = 'agreed' AND p.decided_by = NEW.made_by AND p.code_digest = NEW.code_digest
            AND CASE NEW.purpose WHEN 'sign_in_link'
                THEN p.matter IN ('officer_added', 'officer_reset') AND p.about_officer = NEW.subject
                ELSE NEW.purpose = 'bank_login_link' AND p.matter = 'bank_login_replaced' AND p.subject = NEW.subject END) THEN
        RAISE EXCEPTION 'a link with a code comes of a proposal that two admins agreed to'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proof_of_two';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION proof_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF (NEW.proof_id, NEW.purpose, NEW.subject, NEW.document_id, NEW.digest, NEW.code_digest, NEW.proposal_id, NEW.made_at,
            NEW.made_by, NEW.valid_until, NEW.contact_name, NEW.contact_end, NEW.contact_since, NEW.through_bank)
        IS DISTINCT FROM (OLD.proof_id, OLD.purpose, OLD.subject, OLD.document_id, OLD.digest, OLD.code_digest,
            OLD.proposal_id, OLD.made_at, OLD.made_by, OLD.valid_until, OLD.contact_name, OLD.contact_end,
            OLD.contact_since, OLD.through_bank)
        OR OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at
        OR OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at
        OR OLD.is_link AND (NEW.tries < OLD.tries OR (OLD.used_at IS NOT NULL OR OLD.ended_at IS NOT NULL)
            AND (NEW.used_at, NEW.ended_at, NEW.tries) IS DISTINCT FROM (OLD.used_at, OLD.ended_at, OLD.tries))
    THEN
        RAISE EXCEPTION 'a code or a link is used once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.used_at IS NOT NULL AND OLD.used_at IS NULL AND NEW.purpose IN ('appeal', 'my_case')
        AND NOT EXISTS (SELECT FROM session WHERE proof_id = NEW.proof_id)
    THEN
        RAISE EXCEPTION 'a code that admits somebody begins a session'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'proof_begins_session';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION proposed_transfers(of_restoration uuid)
 RETURNS TABLE(hop_no integer)
 LANGUAGE plpgsql
 STABLE
AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH RECURSIVE up AS (
        SELECT h.case_no, h.hop_no, h.parent_hop_no FROM restoration_line l JOIN hop h USING (case_no, hop_no)
        WHERE l.restoration_id = of_restoration AND l.objection_id IS NULL
            AND (l.excluded_at IS NULL OR l.reopened_at IS NOT NULL)
        UNION
        SELECT h.case_no, h.hop_no, h.parent_hop_no
        FROM up JOIN hop h ON h.case_no = up.case_no AND h.hop_no = up.parent_hop_no
    )
    SELECT b.hop_no FROM up JOIN ledger_balance b USING (case_no, hop_no)
    WHERE up.parent_hop_no IS NULL AND b.bucket = 'proposed' AND b.balance_paise < 0 ORDER BY 1;
END $function$;
COMMENT ON FUNCTION proposed_transfers(uuid) IS 'The transfers of this restoration that only the victim''s bank names, and that no officer has accepted.';

CREATE FUNCTION public_draft_asked()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (
        SELECT FROM draft d JOIN public_draft p USING (draft_id)
        WHERE d.ack_no = NEW.ack_no AND p.confirmed_at IS NULL AND p.asked_paise < (
            SELECT sum(h.paise) FROM (
                SELECT max(t.amount_paise) AS paise FROM complaint_transfer t WHERE t.ack_no = NEW.ack_no
                GROUP BY t.case_no, t.hop_no) h))
    THEN
        RAISE EXCEPTION 'complaint % of the public page is not confirmed, and states more than its draft', NEW.ack_no
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'public_draft_asked';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION proposal_release_counted()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    of_hold bigint;
    of_day bigint;
    asked bigint := (NEW.body -> 'paise')::bigint;
BEGIN
    IF person_of(NEW.proposed_by) IN (SELECT told_about_hold(NEW.subject::uuid)) THEN
        RAISE EXCEPTION 'this officer told a thing about the hold'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proposal_release_told';
    END IF;
    -- Two proposals of one officer at once would not see each other.
    PERFORM pg_advisory_xact_lock(hashtextextended('proposal:release:' || person_of(NEW.proposed_by), 0));
    SELECT coalesce(sum((p.body -> 'paise')::bigint), 0) INTO of_hold FROM proposal p
    WHERE p.kind = 'release' AND p.subject = NEW.subject AND coalesce(p.decision, 'agreed') = 'agreed';
    SELECT coalesce(sum((p.body -> 'paise')::bigint), 0) INTO of_day FROM proposal p
    WHERE p.kind = 'release' AND person_of(p.proposed_by) = person_of(NEW.proposed_by)
      AND coalesce(p.decision, 'agreed') = 'agreed'
      AND p.proposed_at >= date_trunc('day', NEW.proposed_at, 'Asia/Kolkata')
      AND p.proposed_at < date_trunc('day', NEW.proposed_at, 'Asia/Kolkata') + interval '1 day';
    NEW.needs_second := of_hold + asked > (NEW.body -> 'hold_limit_paise')::bigint
        OR of_day + asked > (NEW.body -> 'day_limit_paise')::bigint;
    RETURN NEW;
END $function$;

CREATE FUNCTION proposal_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.decision IS NOT NULL OR NEW.decision IS NULL
        -- What is generated is not there yet.
        OR to_jsonb(NEW) - '{decision,decided_by,decided_at,decided_reason,given_to,ack_no,discrepancy_id,grievance_id,hold_id,hop_no,order_id,victim_id}'::text[]
            IS DISTINCT FROM
            to_jsonb(OLD) - '{decision,decided_by,decided_at,decided_reason,given_to,ack_no,discrepancy_id,grievance_id,hold_id,hop_no,order_id,victim_id}'::text[]
    THEN
        RAISE EXCEPTION 'of a proposal only the decision is written, once'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'proposal_rules';
    END IF;
    IF NEW.kind = 'administration' AND NEW.decision = 'agreed'
        AND NOT (is_live_admin(person_of(NEW.proposed_by)) AND is_live_admin(person_of(NEW.decided_by))) THEN
        RAISE EXCEPTION 'a proposal takes effect by two admins'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proposal_by_admins';
    END IF;
    IF NEW.kind = 'release' AND NEW.decision = 'agreed'
        AND person_of(NEW.decided_by) IN (SELECT told_about_hold(NEW.subject::uuid)) THEN
        RAISE EXCEPTION 'this officer told a thing about the hold'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proposal_release_told';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION public_draft_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.draft_id <> OLD.draft_id OR NEW.call_id IS DISTINCT FROM OLD.call_id OR NEW.asked_paise < OLD.asked_paise
        OR (OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS NOT NULL
            AND (NEW.confirmed_at <> OLD.confirmed_at OR NEW.confirmed_digest <> OLD.confirmed_digest))
        OR (OLD.finished_at IS NOT NULL AND NEW.finished_at IS DISTINCT FROM OLD.finished_at)
    THEN
        RAISE EXCEPTION 'what a public draft has proven and asked for is kept'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'public_draft_rules';
    END IF;
    IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM complainant_message m WHERE m.draft_id = NEW.draft_id AND m.used_at IS NOT NULL
            AND m.mobile_digest = NEW.confirmed_digest)
    THEN
        RAISE EXCEPTION 'no code of draft % was used', NEW.draft_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'public_draft_confirmed_by_code';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION recovery_code_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF OLD.used_at IS NOT NULL OR NEW.used_at IS NULL
        OR (NEW.officer_id, NEW.digest, NEW.made_at) IS DISTINCT FROM (OLD.officer_id, OLD.digest, OLD.made_at)
    THEN
        RAISE EXCEPTION 'a recovery code is used once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $function$;

CREATE FUNCTION release_was_proposed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    since timestamptz;
    proposed bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM bank_order o WHERE o.order_id = NEW.order_id AND o.reason IN ('grievance', 'micro', 'objection')) THEN
        RETURN NULL;
    END IF;
    SELECT min(p.proposed_at), coalesce(sum((p.body -> 'paise')::bigint) FILTER (WHERE p.decision = 'agreed'), 0)
    INTO since, proposed FROM proposal p WHERE p.kind = 'release' AND p.subject = NEW.hold_id::text;
    IF proposed < (
        SELECT coalesce(sum(CASE o.state WHEN 'cancelled' THEN l.confirmed_paise ELSE l.amount_paise END), 0)
        FROM bank_order_line l JOIN bank_order o USING (order_id)
        WHERE l.case_no = NEW.case_no AND l.hold_id = NEW.hold_id AND o.reason IN ('grievance', 'micro', 'objection') AND (since IS NULL OR o.planned_at >= since)
    ) THEN
        RAISE EXCEPTION 'more of hold % is ordered to be released than officers have confirmed', NEW.hold_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'release_was_proposed';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION reply_link_deletion()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF OLD.used_at IS NOT NULL OR OLD.expires_at > present_moment() THEN
        RAISE EXCEPTION 'a row of reply_link is deleted only after the link has ended unused'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $function$;

CREATE FUNCTION reply_link_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.used_at IS NOT NULL OR NEW.replaced_at IS NOT NULL OR NOT EXISTS (
            SELECT FROM hold_request r
            WHERE NEW.subject_kind = 'hold_request' AND r.request_id = NEW.subject_id AND r.institution = NEW.institution
            UNION ALL SELECT FROM bank_order o
            WHERE NEW.subject_kind = 'order' AND o.order_id = NEW.subject_id AND o.institution = NEW.institution
        ) THEN
            RAISE EXCEPTION 'a new link is unused and of the bank that its subject is for'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'reply_link_of_the_bank';
        END IF;
    ELSIF OLD.used_at IS NOT NULL OR (NEW.used_at IS NULL) = (NEW.replaced_at IS NOT DISTINCT FROM OLD.replaced_at)
        OR (OLD.replaced_at IS NOT NULL AND NEW.replaced_at IS DISTINCT FROM OLD.replaced_at)
        OR (NEW.link_id, NEW.subject_kind, NEW.subject_id, NEW.token_digest, NEW.institution, NEW.sent_to,
            NEW.issued_at, NEW.expires_at)
            IS DISTINCT FROM
            (OLD.link_id, OLD.subject_kind, OLD.subject_id, OLD.token_digest, OLD.institution, OLD.sent_to,
             OLD.issued_at, OLD.expires_at)
    THEN
        RAISE EXCEPTION 'of a link only the use is written, or its replacement, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION request_delivered(p_request_id uuid, p_institution text, p_job_id text, p_channel text, p_round integer, p_at timestamp with time zone, p_actor text)
 RETURNS TABLE(case_opened_at timestamp with time zone, first_of_case boolean, at timestamp with time zone)
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
    -- After the wait for the lock.
    at := coalesce(p_at, present_moment());
    INSERT INTO request_job (institution, job_id, request_id) VALUES (p_institution, p_job_id, p_request_id)
    ON CONFLICT DO NOTHING;
    new_job := FOUND;
    -- An answer that came before this stays the later state.
    UPDATE hold_request SET job_id = coalesce(job_id, p_job_id), delivered_at = coalesce(delivered_at, request_delivered.at),
        channel = p_channel, round = p_round,
        state = CASE WHEN state IN ('sending', 'refused') THEN 'delivered' ELSE state END
    WHERE request_id = p_request_id AND (delivered_at IS NULL OR round < p_round);
    first_time := FOUND;
    IF NOT (new_job OR first_time) THEN
        RETURN;
    END IF;
    INSERT INTO delivery_attempt (subject_kind, subject_id, channel, at, outcome)
    VALUES ('hold_request', p_request_id, p_channel, request_delivered.at, 'delivered');
    UPDATE case_file c SET first_delivered_at = coalesce(c.first_delivered_at, request_delivered.at) WHERE c.case_no = the_case;
    INSERT INTO case_event (case_no, kind, at, actor, data) VALUES (the_case, 'request_delivered', request_delivered.at, p_actor,
        jsonb_build_object('request_id', p_request_id, 'institution', p_institution, 'job_id', p_job_id,
                           'channel', p_channel) || exchanged);
    RETURN NEXT;
END $function$;

CREATE FUNCTION request_plan(p_request_id uuid, p_case_no text, p_batch_no integer, p_institution text, p_hop_nos integer[], p_revisions integer[], p_at timestamp with time zone, p_actor text)
 RETURNS TABLE(case_opened_at timestamp with time zone, first_of_case boolean, hop_nos integer[], at timestamp with time zone)
 LANGUAGE plpgsql
AS $function$
DECLARE
    revisions integer[];
BEGIN
    SELECT c.opened_at, c.first_sent_at IS NULL INTO case_opened_at, first_of_case
    FROM case_file c WHERE c.case_no = p_case_no FOR NO KEY UPDATE;
    -- After the wait for the lock.
    at := coalesce(p_at, present_moment());
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
            first_sent_at = coalesce(c.first_sent_at, request_plan.at) WHERE c.case_no = p_case_no;
        INSERT INTO hold_request (request_id, case_no, batch_no, institution, state, planned_at, sent_at)
        VALUES (p_request_id, p_case_no, p_batch_no, p_institution, 'sending', request_plan.at, request_plan.at);
        INSERT INTO request_hop (request_id, case_no, hop_no, revision)
        SELECT p_request_id, p_case_no, h, v FROM unnest(hop_nos, revisions) AS t (h, v);
        INSERT INTO case_event (case_no, kind, at, actor, data) VALUES (p_case_no, 'request_sent', request_plan.at, p_actor,
            jsonb_build_object('request_id', p_request_id, 'batch_no', p_batch_no, 'institution', p_institution,
                               'hops', hop_nos));
    END IF;
    RETURN NEXT;
END $function$;

CREATE FUNCTION requests_answered(p_case_no text, p_institution text, p_hop_nos integer[], p_at timestamp with time zone)
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
COMMENT ON FUNCTION requests_answered(text,text,integer[],timestamp with time zone) IS 'writes an answer about these hops; closes and returns the requests without a live hop';

CREATE FUNCTION resolution_wakes_hold()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM wake_hold_of_hop(c.case_no, c.hop_no) FROM discrepancy c
    WHERE c.discrepancy_id = NEW.discrepancy_id AND c.kind IN ('exceeds_disputed', 'held_and_gone');
    -- A notice to a holder waits while the account is in doubt.
    PERFORM due_documents_read_again(c.case_no) FROM discrepancy c
    WHERE c.discrepancy_id = NEW.discrepancy_id AND c.kind IN ('unasked_hop', 'another_banks_hop');
    RETURN NULL;
END $function$;

CREATE FUNCTION restoration_asks_for_letter()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO due_document (case_no, kind, subject, occasion, opened_at)
    VALUES (NEW.case_no, 'status_letter', NEW.ack_no, format('%s.%s', NEW.restoration_id, NEW.state), NEW.closed_at)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $function$;

CREATE FUNCTION restoration_credit_account()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    instead credit_account;
BEGIN
    SELECT * INTO instead FROM credit_account c
        WHERE c.ack_no = NEW.ack_no AND c.confirmed_at IS NOT NULL AND c.ended_at IS NULL
        ORDER BY c.account_id DESC LIMIT 1;
    IF instead.account_id IS DISTINCT FROM NEW.credit_account_id THEN
        RAISE EXCEPTION 'the application of restoration % names another account', NEW.restoration_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'restoration_credit_account';
    END IF;
    IF instead.account_id IS NOT NULL
        AND coalesce(greatest(instead.object_until, instead.object_again_until) > present_moment(), true)
    THEN
        RAISE EXCEPTION 'the victim may still object to account %', instead.account_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'restoration_credit_account';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION restoration_line_not_excluded()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (SELECT FROM restoration_line l WHERE l.case_no = NEW.case_no AND l.hop_no = NEW.hop_no
               AND l.excluded_at IS NOT NULL AND l.reopened_at IS NULL) THEN
        RAISE EXCEPTION 'hop % of case % is excluded and not reopened', NEW.hop_no, NEW.case_no
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION restoration_not_by_importer()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF (NEW.prepared_by IS DISTINCT FROM OLD.prepared_by
            AND importer_of(NEW.restoration_id, NEW.prepared_by) IS NOT NULL)
        OR (NEW.approved_by IS DISTINCT FROM OLD.approved_by
            AND importer_of(NEW.restoration_id, NEW.approved_by) IS NOT NULL)
    THEN
        RAISE EXCEPTION 'this officer imported the workbook that alone confirms the money'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION restoration_not_contested()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (SELECT FROM contested_transfers(NEW.restoration_id)) THEN
        RAISE EXCEPTION 'two complainants claim a transfer of this restoration' USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT FROM proposed_transfers(NEW.restoration_id)) THEN
        RAISE EXCEPTION 'no person has accepted a transfer of this restoration' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION restoration_step_asks_for_documents()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    going record;
    visit_of text := format('%s.%s.%s', NEW.restoration_id, NEW.step, NEW.visit_no);
BEGIN
    SELECT * INTO going FROM restoration WHERE restoration_id = NEW.restoration_id;
    IF NEW.step IN ('holder_notice', 'show_cause') THEN
        INSERT INTO due_document (case_no, kind, subject, occasion, restoration_id, step, visit_no, opened_at)
        SELECT DISTINCT going.case_no, CASE NEW.step WHEN 'show_cause' THEN 'notice_107' ELSE 'holder_notice' END,
            l.hold_id::text, visit_of, NEW.restoration_id, NEW.step, NEW.visit_no, NEW.opened_at
        FROM restoration_line l WHERE l.restoration_id = NEW.restoration_id
        ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO due_document (case_no, kind, subject, occasion, opened_at)
        VALUES (going.case_no, 'status_letter', going.ack_no, visit_of, NEW.opened_at)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION restoration_step_signed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (
        SELECT FROM application_signature s
        WHERE s.restoration_id = NEW.restoration_id AND s.visit_no = NEW.visit_no
    ) THEN
        RAISE EXCEPTION 'a victim ends the application by a signature'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'restoration_step_signed';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION role_of_duty(duty text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT CASE duty WHEN 'io' THEN 'io' WHEN 'supervising' THEN 'sp' END
$function$;
COMMENT ON FUNCTION role_of_duty(text) IS 'The role of the officers among whom the engine chooses one for a duty.';

CREATE FUNCTION same_transfer_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND (OLD.ended_at IS NOT NULL OR OLD.merge_id <> NEW.merge_id
        OR NEW.ended_at IS NOT NULL AND EXISTS (
            SELECT FROM set_aside_hop s WHERE s.pair_id = NEW.pair_id AND s.put_back_at IS NULL)))
    THEN
        RAISE EXCEPTION 'a pair of transfers ends once, when its money is put back'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'same_transfer_rules';
    END IF;
    IF NOT EXISTS (SELECT FROM case_merge m WHERE m.merge_id = NEW.merge_id AND m.decision = 'agreed'
            AND m.undone_at IS NULL
            AND NEW.aside_case_no = ANY (merged_with(m.primary_case_no) || m.primary_case_no)
            AND NEW.counted_case_no = ANY (merged_with(m.primary_case_no) || m.primary_case_no))
    THEN
        RAISE EXCEPTION 'merge % is not in force for both cases', NEW.merge_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'same_transfer_of_merge';
    END IF;
    IF NEW.ended_at IS NULL AND (
        EXISTS (SELECT FROM withdrawn_hop w WHERE w.case_no = NEW.counted_case_no AND w.hop_no = NEW.counted_hop_no)
        OR EXISTS (SELECT FROM set_aside_hop s WHERE s.case_no = NEW.counted_case_no
            AND s.hop_no = NEW.counted_hop_no AND s.put_back_at IS NULL))
    THEN
        RAISE EXCEPTION 'hop % of case % has left its case', NEW.counted_hop_no, NEW.counted_case_no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'same_transfer_counts';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION script_token_placed_told()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO officer_event (at, actor, kind, data) VALUES (NEW.placed_at, 'script:' || NEW.name, 'display_placed',
        jsonb_build_object('token_id', NEW.token_id, 'name', NEW.name));
    RETURN NULL;
END $function$;

CREATE FUNCTION script_token_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.revoked_at IS DISTINCT FROM NEW.revoked_at AND OLD.revoked_at IS NOT NULL
        OR OLD.placed_at IS NOT NULL
            AND (NEW.placed_at, NEW.display_digest) IS DISTINCT FROM (OLD.placed_at, OLD.display_digest)
        OR (NEW.token_id, NEW.name, NEW.token_digest, NEW.roles, NEW.issued_by, NEW.issued_at, NEW.ends_at)
            IS DISTINCT FROM
            (OLD.token_id, OLD.name, OLD.token_digest, OLD.roles, OLD.issued_by, OLD.issued_at, OLD.ends_at)
    THEN
        RAISE EXCEPTION 'of a token only the revocation, once, its display, once, and the last use are written'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION script_token_told()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO officer_event (at, actor, kind, data) VALUES (
        coalesce(NEW.revoked_at, NEW.issued_at), coalesce(NEW.revoked_by, NEW.issued_by),
        CASE TG_OP WHEN 'INSERT' THEN 'token_issued' ELSE 'token_revoked' END,
        jsonb_build_object('token_id', NEW.token_id, 'name', NEW.name, 'roles', NEW.roles, 'ends_at', NEW.ends_at));
    RETURN NULL;
END $function$;

CREATE FUNCTION session_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- The lock makes an end of the officer wait, which then ends this session too. What is generated is not there yet.
        IF NEW.kind = 'officer'
            AND (SELECT disabled_at <= present_moment() FROM officer WHERE officer_id = NEW.subject FOR SHARE) THEN
            RAISE EXCEPTION 'this officer is disabled' USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF OLD.ended_at IS NOT NULL OR NEW.last_seen_at < OLD.last_seen_at
        OR (NEW.session_id, NEW.kind, NEW.subject, NEW.token_digest, NEW.began_at, NEW.ends_at, NEW.address, NEW.browser,
                NEW.way, NEW.bank_person_id, NEW.signature)
            IS DISTINCT FROM (OLD.session_id, OLD.kind, OLD.subject, OLD.token_digest, OLD.began_at, OLD.ends_at, OLD.address,
                OLD.browser, OLD.way, OLD.bank_person_id, OLD.signature)
    THEN
        RAISE EXCEPTION 'of a session only its use and its end change, and it ends once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.proved_at > NEW.began_at
        OR TG_OP = 'UPDATE' AND coalesce(NEW.proved_at < coalesce(OLD.proved_at, OLD.began_at), OLD.proved_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'no proof is of later than its session, and each comes after the proof before' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION set_aside_hop_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.put_back_at IS NOT NULL OR NEW.put_back_at IS NULL
        OR (OLD.set_aside_id, OLD.pair_id, OLD.case_no, OLD.hop_no, OLD.state, OLD.in_play_paise, OLD.refused_paise,
            OLD.untraced_paise, OLD.contra, OLD.set_aside_at) IS DISTINCT FROM
           (NEW.set_aside_id, NEW.pair_id, NEW.case_no, NEW.hop_no, NEW.state, NEW.in_play_paise, NEW.refused_paise,
            NEW.untraced_paise, NEW.contra, NEW.set_aside_at)
    THEN
        RAISE EXCEPTION 'of a hop that is set aside only the moment is written when it is put back'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'set_aside_hop_rules';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION sign_in_link_told()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO officer_event (at, actor, kind, officer_id, data) VALUES (NEW.made_at, NEW.made_by, 'link_made',
            NEW.officer_id, jsonb_build_object('valid_until', NEW.valid_until));
    ELSE
        INSERT INTO officer_event (at, actor, kind, officer_id)
        VALUES (NEW.used_at, 'officer:' || NEW.officer_id, 'link_used', NEW.officer_id);
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION task_notice_notifies()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_notify('task_notice', officer_id) FROM written GROUP BY officer_id;
    RETURN NULL;
END $function$;

CREATE FUNCTION task_owner_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    changes boolean := true;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        changes := (NEW.owner, NEW.since, NEW.snoozed_until, NEW.snoozed_for)
            IS DISTINCT FROM (OLD.owner, OLD.since, OLD.snoozed_until, OLD.snoozed_for);
        IF NEW.task_id <> OLD.task_id OR NEW.version NOT IN (OLD.version, OLD.version + 1)
            OR (changes AND NEW.version = OLD.version)
        THEN
            RAISE EXCEPTION 'work item % has another version', OLD.task_id
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'task_owner_version';
        END IF;
    END IF;
    IF changes AND (NEW.owner IS NOT NULL OR NEW.snoozed_until IS NOT NULL)
        AND NOT EXISTS (SELECT FROM desk_task t WHERE t.task_id = NEW.task_id AND t.state = 'open')
    THEN
        RAISE EXCEPTION 'work item % is closed', NEW.task_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'task_owner_of_open_item';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION telephone_booking_grows()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.booked_paise < OLD.booked_paise OR NEW.confirmed_paise < OLD.confirmed_paise THEN
        RAISE EXCEPTION 'what a bank said by telephone or confirmed is not taken back'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'telephone_booking_grows';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION telephone_stated(of_case text)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
BEGIN
    RETURN (
        SELECT jsonb_object_agg(of_hop.hop_no, of_hop.stated) FROM (
            SELECT b.hop_no, jsonb_object_agg(b.kind, least(b.booked_paise - b.confirmed_paise, there.paise)) AS stated
            FROM telephone_booking b CROSS JOIN LATERAL (
                SELECT CASE WHEN b.kind = 'moved' THEN (
                    SELECT h.disputed_paise FROM hop h WHERE h.case_no = b.case_no AND h.hop_no = b.hop_no)
                ELSE (
                    SELECT coalesce(sum(l.balance_paise), 0)::bigint FROM ledger_balance l
                    WHERE l.case_no = b.case_no AND l.hop_no = b.hop_no
                        AND (l.bucket = b.kind OR (b.kind = 'held' AND l.bucket IN ('restored', 'released'))))
                END AS paise
            ) AS there
            WHERE b.case_no = of_case AND b.confirmed_paise < b.booked_paise GROUP BY b.hop_no
        ) AS of_hop
    );
END $function$;
COMMENT ON FUNCTION telephone_stated(text) IS 'By hop and kind: the money that telephone answers booked and no answer over a channel has stated since; null for none.';

CREATE FUNCTION told_about_hold(of_hold uuid)
 RETURNS SETOF text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT person_of(g.filed_by) FROM grievance g WHERE g.hold_id = of_hold AND g.filed_by IS NOT NULL
    UNION
    SELECT person_of(t.who) FROM grievance g JOIN grievance_level l USING (grievance_id)
    CROSS JOIN LATERAL (
        VALUES (l.opened_by), (CASE WHEN l.outcome = 'reported' THEN l.ended_by END)
    ) AS t (who) WHERE g.hold_id = of_hold AND t.who IS NOT NULL
    UNION
    SELECT person_of(c.told_to) FROM holder_contact_change c WHERE c.hold_id = of_hold
    UNION
    SELECT person_of(c.made_by) FROM proof c WHERE c.hold_id = of_hold
    UNION
    SELECT person_of(o.received_by) FROM objection o WHERE o.hold_id = of_hold AND o.by_whom IN ('holder', 'bank')
    UNION
    SELECT person_of(w.recorded_by) FROM proposal p JOIN release_hearing w USING (proposal_id)
    WHERE p.kind = 'release' AND p.subject = of_hold::text
    UNION
    SELECT person_of(importer) FROM account_hold a
    JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
    CROSS JOIN LATERAL unnest(only_importers(h.case_no, h.hop_no)) AS importer WHERE a.hold_id = of_hold
$function$;
COMMENT ON FUNCTION told_about_hold(uuid) IS 'Who filed a grievance about the hold or recorded its holder''s or bank''s objection, reported on it, gave its holder''s contact or code, heard a victim about it, or imported it.';

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
COMMENT ON FUNCTION transfers_register(text,text[],integer[],text[]) IS 'registers transfers in the order of their keys; returns the places of those that are registered already';

CREATE FUNCTION two_persons()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'one person is no second officer: %', TG_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END $function$;

CREATE FUNCTION unconfirmed_since(of_case text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
    SELECT min(c.received_at) FILTER (WHERE c.case_no = of_case) FROM complaint c
    WHERE c.case_no = ANY (merged_with(of_case) || of_case)
    HAVING count(*) = count(*) FILTER (WHERE EXISTS (
        SELECT FROM draft d JOIN public_draft p USING (draft_id) WHERE d.ack_no = c.ack_no AND p.confirmed_at IS NULL))
$function$;
COMMENT ON FUNCTION unconfirmed_since(text) IS 'when a case began that it and those merged with it have from unconfirmed complaints of the public page alone; else null';

CREATE FUNCTION victim_corrected()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.person_id IS DISTINCT FROM OLD.person_id OR NOT EXISTS (
        SELECT FROM proposal c WHERE c.kind = 'victim_correction' AND c.subject = NEW.victim_id::text AND c.decision = 'agreed'
            AND c.body ->> 'before' = encode(OLD.sealed, 'hex') AND c.body ->> 'after' = encode(NEW.sealed, 'hex')
        UNION ALL SELECT FROM draft d JOIN complaint c USING (ack_no)
        WHERE c.victim_id = NEW.victim_id AND d.ended_at IS NULL
            AND c.received_at > present_moment() - interval '1 day' AND d.awaited && ARRAY['name', 'mobile', 'email'])
    THEN
        RAISE EXCEPTION 'two officers change the personal data of victim %', NEW.victim_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'victim_corrected';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION wake_hold_of_hop(of_case text, of_hop integer)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO procedure_news (workflow_id, created_at)
    SELECT p.workflow_id, now() FROM hop h
    JOIN account_hold a ON a.case_no = h.case_no AND a.institution = h.institution AND a.account_key = h.account_key
    JOIN procedure p ON p.kind = 'hold' AND p.subject = a.hold_id::text
    WHERE h.case_no = of_case AND h.hop_no = of_hop AND a.state = 'held';
END $function$;

CREATE FUNCTION withdrawal_rules()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.decision IS NOT NULL
        OR (NEW.withdrawal_id, NEW.case_no, NEW.ack_no, NEW.hop_no, NEW.kind, NEW.reason, NEW.proposed_by, NEW.proposed_at)
            IS DISTINCT FROM
            (OLD.withdrawal_id, OLD.case_no, OLD.ack_no, OLD.hop_no, OLD.kind, OLD.reason, OLD.proposed_by, OLD.proposed_at)
    THEN
        RAISE EXCEPTION 'of a withdrawal only the decision is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION withdrawn_hop_agreed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM withdrawal w WHERE w.withdrawal_id = NEW.withdrawal_id AND w.case_no = NEW.case_no
                   AND w.decision = 'agreed') THEN
        RAISE EXCEPTION 'no second officer has agreed to withdrawal %', NEW.withdrawal_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawn_hop_agreed';
    END IF;
    RETURN NEW;
END $function$;

CREATE FUNCTION work_item_notifies()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_notify('work_item', NEW.task_id::text);
    RETURN NULL;
END $function$;

CREATE SEQUENCE ack_serial AS bigint MINVALUE 5000000 MAXVALUE 9999999 START 5000000 INCREMENT 1 CYCLE;

CREATE TABLE account_hold (
    hold_id uuid NOT NULL,
    case_no text NOT NULL,
    institution text NOT NULL,
    account_key text NOT NULL,
    reference text NOT NULL,
    state text NOT NULL,
    first_held_at timestamp with time zone NOT NULL,
    lapses_at timestamp with time zone NOT NULL,
    holder_told_at timestamp with time zone,
    warned_days integer,
    small boolean NOT NULL DEFAULT false,
    policy jsonb NOT NULL,
    ended_at timestamp with time zone,
    small_hold_decision text,
    small_hold_decided_by text,
    small_hold_decided_at timestamp with time zone,
    small_hold_reason text NOT NULL DEFAULT ''::text,
    lapses_from timestamp with time zone,
    told_to timestamp with time zone,
    tried_to timestamp with time zone,
    late_to timestamp with time zone,
    officer_told boolean NOT NULL DEFAULT true,
    warned_to timestamp with time zone,
    released_told_paise bigint NOT NULL DEFAULT 0,
    retained_by_kind text,
    retained_by_id text,
    CONSTRAINT account_hold_case_no_institution_account_key_key UNIQUE (case_no, institution, account_key),
    CONSTRAINT account_hold_reference_key UNIQUE (reference),
    CONSTRAINT account_hold_pkey PRIMARY KEY (hold_id),
    CONSTRAINT account_hold_check CHECK (((state = 'ended'::text) = (ended_at IS NOT NULL))),
    CONSTRAINT account_hold_check1 CHECK ((first_held_at < lapses_at)),
    CONSTRAINT account_hold_reference_check CHECK ((reference ~ '^[A-Z0-9]{10}$'::text)),
    CONSTRAINT account_hold_retained_by CHECK (((retained_by_kind IS NULL) = (retained_by_id IS NULL))),
    CONSTRAINT account_hold_retained_by_kind_check CHECK ((retained_by_kind = ANY (ARRAY['court_order'::text, 'restoration'::text]))),
    CONSTRAINT account_hold_small_decided CHECK ((((small_hold_decision IS NULL) = (small_hold_decided_by IS NULL)) AND ((small_hold_decision IS NULL) = (small_hold_decided_at IS NULL)))),
    CONSTRAINT account_hold_small_hold_decision_check CHECK ((small_hold_decision = ANY (ARRAY['keep'::text, 'release'::text]))),
    CONSTRAINT account_hold_state_check CHECK ((state = ANY (ARRAY['held'::text, 'ended'::text])))
) WITH (fillfactor=80);
COMMENT ON COLUMN account_hold.lapses_at IS 'when the first of what is free lapses';
COMMENT ON COLUMN account_hold.lapses_from IS 'nothing lapses sooner: an order kept it until it could be warned of';
COMMENT ON COLUMN account_hold.late_to IS 'the supervisor knows that the holder was not told of what came on hold until then';
COMMENT ON COLUMN account_hold.officer_told IS 'false: the holder was told before anybody answered for the case';
COMMENT ON COLUMN account_hold.released_told_paise IS 'the amount that the holder was told is released';
COMMENT ON COLUMN account_hold.told_to IS 'the holder was told of what came on hold until then';
COMMENT ON COLUMN account_hold.tried_to IS 'until when what came on hold was to be told, told or not';
COMMENT ON COLUMN account_hold.warned_to IS 'the last warning that was due and given';
CREATE INDEX account_hold_account_case ON account_hold (institution, account_key, case_no);
CREATE INDEX account_hold_lapsing ON account_hold (lapses_at) WHERE (state = 'held'::text);

CREATE TABLE allocation (
    allocation_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    institution text NOT NULL,
    account_key text NOT NULL,
    rule text NOT NULL,
    pot_paise bigint NOT NULL,
    claims_paise bigint NOT NULL,
    policy_version text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    CONSTRAINT allocation_pkey PRIMARY KEY (allocation_id),
    CONSTRAINT allocation_check CHECK ((claims_paise >= pot_paise)),
    CONSTRAINT allocation_pot_paise_check CHECK ((pot_paise > 0)),
    CONSTRAINT allocation_rule_check CHECK ((rule = ANY (ARRAY['pro_rata'::text, 'fifo'::text, 'lifo'::text])))
);

CREATE TABLE allocation_share (
    allocation_id bigint NOT NULL,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    ack_no text NOT NULL,
    claim_paise bigint NOT NULL,
    held_before_paise bigint NOT NULL,
    share_paise bigint NOT NULL,
    gone_home_paise bigint NOT NULL,
    CONSTRAINT allocation_share_pkey PRIMARY KEY (allocation_id, case_no, hop_no),
    CONSTRAINT allocation_share_check CHECK (((share_paise >= 0) AND (share_paise <= claim_paise))),
    CONSTRAINT allocation_share_claim_paise_check CHECK ((claim_paise > 0)),
    CONSTRAINT allocation_share_gone_home_paise_check CHECK ((gone_home_paise >= 0)),
    CONSTRAINT allocation_share_held_before_paise_check CHECK ((held_before_paise >= 0))
);
COMMENT ON COLUMN allocation_share.gone_home_paise IS 'restored and released of the hop before: what of the share is still to go home is told by what has gone since';
CREATE INDEX allocation_share_hop ON allocation_share (case_no, hop_no, allocation_id);

CREATE TABLE answer (
    answer_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    update_id bigint NOT NULL,
    line_no integer NOT NULL,
    case_no text NOT NULL,
    institution text NOT NULL,
    natural_key text NOT NULL,
    hop_nos integer[] NOT NULL,
    kind text NOT NULL,
    disposition text NOT NULL,
    status_code text NOT NULL,
    amount_paise bigint NOT NULL,
    claim_paise bigint NOT NULL,
    applied_paise bigint NOT NULL,
    remarks text NOT NULL,
    flags jsonb NOT NULL,
    received_at timestamp with time zone NOT NULL,
    occurred_at timestamp with time zone,
    reference_key text NOT NULL DEFAULT ''::text,
    root_reference_key text NOT NULL DEFAULT ''::text,
    balance_paise bigint,
    balance_is_free boolean NOT NULL DEFAULT false,
    within_paise bigint NOT NULL,
    person_id uuid NOT NULL,
    sealed_raw sealed_value NOT NULL,
    imported_by text,
    balance_on_wire boolean NOT NULL DEFAULT false,
    CONSTRAINT answer_pkey PRIMARY KEY (answer_id),
    CONSTRAINT answer_check CHECK (((applied_paise >= 0) AND (applied_paise <= claim_paise)))
);
COMMENT ON COLUMN answer.balance_is_free IS 'whether balance_paise leaves out what is on hold in the account';
COMMENT ON COLUMN answer.balance_on_wire IS 'whether it has a balance in the field of the I4C wire';
COMMENT ON COLUMN answer.balance_paise IS 'what the account has by this line; null where it says nothing';
COMMENT ON COLUMN answer.imported_by IS 'who imported the workbook that it is from; null for a line of a bank';
COMMENT ON COLUMN answer.occurred_at IS 'when the bank says that it happened; null where it gave no time, or none that can be read';
COMMENT ON COLUMN answer.person_id IS 'the key of the case that seals what was received';
COMMENT ON COLUMN answer.reference_key IS 'of the line''s own transaction; empty where it states none';
COMMENT ON COLUMN answer.root_reference_key IS 'of the transfer that the line is about';
COMMENT ON COLUMN answer.sealed_raw IS 'every field as the bank wrote it, sealed';
COMMENT ON COLUMN answer.within_paise IS 'what of the claim is within its transfer';
CREATE INDEX answer_balance ON answer (case_no, (hop_nos[1])) WHERE (balance_paise IS NOT NULL);
CREATE INDEX answer_case ON answer (case_no, answer_id);
CREATE INDEX answer_first_hop ON answer (case_no, (hop_nos[1]));
CREATE INDEX answer_held ON answer (root_reference_key) WHERE ((kind = 'held'::text) AND (root_reference_key <> ''::text));
CREATE UNIQUE INDEX answer_once ON answer (case_no, institution, natural_key) WHERE ((disposition <> 'duplicate'::text) AND (hop_nos <> '{}'::integer[]));
CREATE INDEX answer_received ON answer USING brin (received_at);
CREATE INDEX answer_reference ON answer (reference_key, institution) WHERE (reference_key <> ''::text);

CREATE TABLE application_signature (
    document_id uuid NOT NULL,
    restoration_id uuid NOT NULL,
    visit_no integer NOT NULL,
    ack_no text NOT NULL,
    digest bytea NOT NULL,
    code_id uuid NOT NULL,
    mobile_end text NOT NULL,
    address_class text NOT NULL,
    signed_at timestamp with time zone NOT NULL,
    CONSTRAINT application_signature_code_once UNIQUE (code_id),
    CONSTRAINT application_signature_once UNIQUE (restoration_id, visit_no),
    CONSTRAINT application_signature_pkey PRIMARY KEY (document_id),
    CONSTRAINT application_signature_address_class_check CHECK ((address_class = ANY (ARRAY['ipv4'::text, 'ipv6'::text, 'private'::text, 'unknown'::text]))),
    CONSTRAINT application_signature_digest_check CHECK ((octet_length(digest) = 32))
);
COMMENT ON TABLE application_signature IS 'the victim''s signature by code under one application; none where it is on paper';
COMMENT ON COLUMN application_signature.address_class IS 'kind of the address that the code was entered from';
COMMENT ON COLUMN application_signature.digest IS 'SHA-256 of the PDF that the victim was shown';
COMMENT ON COLUMN application_signature.mobile_end IS 'the last digits of the mobile that the code went to; empty for the e-mail address';

CREATE TABLE attachment_approval (
    hold_id uuid NOT NULL,
    case_no text NOT NULL,
    approved_by text NOT NULL,
    approved_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    CONSTRAINT attachment_approval_pkey PRIMARY KEY (hold_id),
    CONSTRAINT attachment_approval_approved_by_check CHECK ((approved_by <> ''::text)),
    CONSTRAINT attachment_approval_reason_check CHECK ((reason <> ''::text))
);
CREATE INDEX attachment_approval_of_case ON attachment_approval (case_no);

CREATE TABLE automatic_release (
    release_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    hold_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    amount_paise bigint NOT NULL,
    CONSTRAINT automatic_release_pkey PRIMARY KEY (release_id),
    CONSTRAINT automatic_release_amount_paise_check CHECK ((amount_paise > 0))
);
COMMENT ON TABLE automatic_release IS 'releases that the engine ordered by itself and counted';
CREATE INDEX automatic_release_at ON automatic_release (at);

CREATE TABLE bank_body (
    body_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    institution text NOT NULL,
    channel text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    headers jsonb NOT NULL,
    digest bytea NOT NULL,
    person_id uuid NOT NULL,
    sealed sealed_value NOT NULL,
    of_bank boolean NOT NULL DEFAULT false,
    CONSTRAINT bank_body_institution_digest_key UNIQUE (institution, digest),
    CONSTRAINT bank_body_pkey PRIMARY KEY (body_id),
    CONSTRAINT bank_body_channel_check CHECK ((channel = ANY (ARRAY['i4c'::text, 'iso20022'::text]))),
    CONSTRAINT bank_body_headers_check CHECK ((jsonb_typeof(headers) = 'array'::text))
);
COMMENT ON COLUMN bank_body.headers IS 'every line as [name, value], in the order they came, but for the token; empty for a file';
COMMENT ON COLUMN bank_body.of_bank IS 'whether a key of the bank seals it, because it was of no known case or of several';
COMMENT ON COLUMN bank_body.person_id IS 'the key of the case or of the bank that seals it';
COMMENT ON COLUMN bank_body.sealed IS 'the body, sealed';
CREATE INDEX bank_body_of_bank ON bank_body (person_id) WHERE of_bank;

CREATE TABLE bank_confirmation (
    confirmation_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    order_id uuid NOT NULL,
    line_no integer,
    natural_key text NOT NULL,
    amount_paise bigint NOT NULL,
    applied_paise bigint NOT NULL,
    done_at timestamp with time zone,
    reference text NOT NULL DEFAULT ''::text,
    credited_institution text NOT NULL DEFAULT ''::text,
    credited_holder text NOT NULL DEFAULT ''::text,
    disposition text NOT NULL,
    flags jsonb NOT NULL DEFAULT '[]'::jsonb,
    received_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    transaction_id bigint,
    note text NOT NULL DEFAULT ''::text,
    via text NOT NULL DEFAULT ''::text,
    proposed_by text,
    CONSTRAINT bank_confirmation_pkey PRIMARY KEY (confirmation_id),
    CONSTRAINT bank_confirmation_amount_paise_check CHECK ((amount_paise > 0)),
    CONSTRAINT bank_confirmation_check CHECK (((applied_paise >= 0) AND (applied_paise <= amount_paise))),
    CONSTRAINT bank_confirmation_disposition_check CHECK ((disposition = ANY (ARRAY['applied'::text, 'discrepancy'::text, 'duplicate'::text]))),
    CONSTRAINT bank_confirmation_four_eyes CHECK (((via <> 'officer'::text) OR (applied_paise = 0) OR ((proposed_by IS NOT NULL) AND (proposed_by <> source)))),
    CONSTRAINT bank_confirmation_via_check CHECK ((via = ANY (ARRAY[''::text, 'door'::text, 'file'::text, 'letter'::text, 'officer'::text])))
);
COMMENT ON COLUMN bank_confirmation.note IS 'by an officer who wrote down what the bank said: who said it, and how';
COMMENT ON COLUMN bank_confirmation.proposed_by IS 'the officer who recorded the statement first; another one agreed to it';
CREATE INDEX bank_confirmation_credited ON bank_confirmation (received_at) WHERE (applied_paise > 0);
CREATE UNIQUE INDEX bank_confirmation_once ON bank_confirmation (order_id, natural_key) WHERE (disposition <> 'duplicate'::text);
CREATE INDEX bank_confirmation_order ON bank_confirmation (order_id);
CREATE INDEX bank_confirmation_reference ON bank_confirmation (upper(reference)) WHERE (reference <> ''::text);

CREATE TABLE bank_evidence (
    evidence_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    institution text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    headers jsonb NOT NULL,
    digest bytea NOT NULL,
    about uuid,
    key_id text,
    signature bytea,
    signature_base bytea,
    person_id uuid NOT NULL,
    sealed sealed_value NOT NULL,
    bank_person_id uuid,
    CONSTRAINT bank_evidence_pkey PRIMARY KEY (evidence_id),
    CONSTRAINT bank_evidence_headers_check CHECK ((jsonb_typeof(headers) = 'array'::text)),
    CONSTRAINT bank_evidence_signed CHECK ((num_nulls(key_id, signature, signature_base) = ANY (ARRAY[0, 3])))
);
COMMENT ON COLUMN bank_evidence.about IS 'the hold request or the order that it speaks of; null for one that speaks of neither';
COMMENT ON COLUMN bank_evidence.bank_person_id IS 'who was signed in; null for the login of the bank itself, and for its systems';
COMMENT ON COLUMN bank_evidence.headers IS 'every line as [name, value], in the order they came';
COMMENT ON COLUMN bank_evidence.path IS 'raw, with its query';
COMMENT ON COLUMN bank_evidence.person_id IS 'the key of the case or of the bank that seals it';
COMMENT ON COLUMN bank_evidence.sealed IS 'the body, sealed';
COMMENT ON COLUMN bank_evidence.signature_base IS 'what RFC 9421 has signed; null where a token stood for the bank';
CREATE INDEX bank_evidence_about ON bank_evidence (about, evidence_id) WHERE (about IS NOT NULL);
CREATE INDEX bank_evidence_institution ON bank_evidence (institution, evidence_id);
CREATE INDEX bank_evidence_of_person ON bank_evidence (bank_person_id) WHERE (bank_person_id IS NOT NULL);

CREATE TABLE bank_exchange (
    exchange_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    about text NOT NULL,
    request_id uuid,
    order_id uuid,
    channel text NOT NULL,
    at timestamp with time zone NOT NULL,
    head text NOT NULL,
    size_bytes integer NOT NULL,
    digest bytea NOT NULL,
    masked boolean NOT NULL,
    reply_head text,
    reply_cut boolean NOT NULL,
    failure text NOT NULL,
    inquiry_id uuid,
    person_id uuid NOT NULL,
    sealed_body sealed_value NOT NULL,
    sealed_content sealed_value,
    sealed_reply sealed_value,
    body_digest bytea NOT NULL,
    content_digest bytea,
    reply_digest bytea,
    CONSTRAINT bank_exchange_pkey PRIMARY KEY (exchange_id),
    CONSTRAINT bank_exchange_about CHECK ((((request_id IS NOT NULL) = (about = 'hold_request'::text)) AND ((inquiry_id IS NOT NULL) = (about = 'payer_inquiry'::text)) AND ((order_id IS NOT NULL) = (about = ANY (ARRAY['order'::text, 'cancellation'::text]))))),
    CONSTRAINT bank_exchange_about_check CHECK ((about = ANY (ARRAY['hold_request'::text, 'order'::text, 'cancellation'::text, 'payer_inquiry'::text]))),
    CONSTRAINT bank_exchange_as_sent CHECK ((masked OR (size_bytes > (octet_length(sealed_body) - 30)) OR (digest = body_digest))),
    CONSTRAINT bank_exchange_channel_check CHECK ((channel = ANY (ARRAY['i4c'::text, 'push'::text, 'pull'::text, 'iso20022'::text, 'email'::text]))),
    CONSTRAINT bank_exchange_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT bank_exchange_reply CHECK (((reply_head IS NULL) = (sealed_reply IS NULL))),
    CONSTRAINT bank_exchange_sealed_is_whole CHECK (((num_nulls(sealed_content, content_digest) = ANY (ARRAY[0, 2])) AND (num_nulls(sealed_reply, reply_digest) = ANY (ARRAY[0, 2]))))
);
COMMENT ON COLUMN bank_exchange.at IS 'when the bytes began to leave; of what a bank fetched: when it was made';
COMMENT ON COLUMN bank_exchange.body_digest IS 'SHA-256 of the body as it is kept here, before it is sealed';
COMMENT ON COLUMN bank_exchange.digest IS 'SHA-256 of the whole as it was sent, where the body here is masked or cut';
COMMENT ON COLUMN bank_exchange.failure IS 'what ended the attempt; empty where the bank has it';
COMMENT ON COLUMN bank_exchange.head IS 'how it went and where to, a line each; of our headers those that say something, and no secret';
COMMENT ON COLUMN bank_exchange.masked IS 'the token of a link is written over in the body, with as many letters x';
COMMENT ON COLUMN bank_exchange.person_id IS 'the key of the case that seals it';
COMMENT ON COLUMN bank_exchange.reply_head IS 'the status, and of the headers those that say something; null where no reply came';
COMMENT ON COLUMN bank_exchange.sealed_body IS 'what was sent, sealed; cut where it is shorter than size_bytes';
COMMENT ON COLUMN bank_exchange.sealed_content IS 'what the bank reads once it has opened its envelope, sealed; null where the body is that';
CREATE UNIQUE INDEX bank_exchange_fetched ON bank_exchange (COALESCE(request_id, order_id), about, digest) WHERE (channel = 'pull'::text);
CREATE INDEX bank_exchange_inquiry ON bank_exchange (inquiry_id, exchange_id) WHERE (inquiry_id IS NOT NULL);
CREATE UNIQUE INDEX bank_exchange_inquiry_fetched ON bank_exchange (inquiry_id, digest) WHERE ((channel = 'pull'::text) AND (inquiry_id IS NOT NULL));
CREATE INDEX bank_exchange_order ON bank_exchange (order_id, about, exchange_id) WHERE (order_id IS NOT NULL);
CREATE INDEX bank_exchange_request ON bank_exchange (request_id, exchange_id) WHERE (request_id IS NOT NULL);

CREATE TABLE bank_holiday (
    institution text,
    day date NOT NULL,
    name text NOT NULL,
    source text NOT NULL
);
COMMENT ON COLUMN bank_holiday.institution IS 'null: every institution has closed';
CREATE UNIQUE INDEX bank_holiday_once ON bank_holiday (COALESCE(institution, ''::text), day);

CREATE TABLE bank_key (
    key_id text NOT NULL,
    institution text NOT NULL,
    public_key bytea NOT NULL,
    not_before timestamp with time zone NOT NULL,
    not_after timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    CONSTRAINT bank_key_public_key_key UNIQUE (public_key),
    CONSTRAINT bank_key_pkey PRIMARY KEY (key_id),
    CONSTRAINT bank_key_check CHECK ((not_before < not_after)),
    CONSTRAINT bank_key_key_id_check CHECK ((key_id ~ '^[A-Za-z0-9._:-]{1,100}$'::text)),
    CONSTRAINT bank_key_public_key_check CHECK ((octet_length(public_key) = 32))
);
COMMENT ON COLUMN bank_key.last_used_at IS 'when a signature by it was last accepted, to the hour; null: never';
CREATE INDEX bank_key_institution ON bank_key (institution, not_before);

CREATE TABLE bank_key_change (
    change_id uuid NOT NULL,
    institution text NOT NULL,
    kind text NOT NULL,
    key_id text NOT NULL,
    public_key bytea NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    outcome text,
    decided_by text,
    decided_at timestamp with time zone,
    reason text NOT NULL DEFAULT ''::text,
    person_id uuid,
    sealed_asker sealed_value,
    CONSTRAINT bank_key_change_pkey PRIMARY KEY (change_id),
    CONSTRAINT bank_key_change_asked_by CHECK (((length(asked_by) >= 1) AND (length(asked_by) <= 200))),
    CONSTRAINT bank_key_change_asker_is_sealed CHECK (((person_id IS NULL) = (sealed_asker IS NULL))),
    CONSTRAINT bank_key_change_by_two CHECK (((outcome IS NULL) OR (outcome = ANY (ARRAY['withdrawn'::text, 'expired'::text])) OR (decided_by !~~ 'bank:%'::text))),
    CONSTRAINT bank_key_change_decided CHECK ((num_nulls(outcome, decided_by, decided_at) = ANY (ARRAY[0, 3]))),
    CONSTRAINT bank_key_change_decided_by CHECK (((length(decided_by) >= 1) AND (length(decided_by) <= 200))),
    CONSTRAINT bank_key_change_key_id CHECK ((key_id ~ '^[A-Za-z0-9._:-]{1,100}$'::text)),
    CONSTRAINT bank_key_change_kind CHECK ((kind = ANY (ARRAY['add'::text, 'end'::text]))),
    CONSTRAINT bank_key_change_outcome CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text, 'withdrawn'::text, 'expired'::text]))),
    CONSTRAINT bank_key_change_public_key CHECK ((octet_length(public_key) = 32)),
    CONSTRAINT bank_key_change_reason CHECK ((length(reason) <= 1000))
);
COMMENT ON TABLE bank_key_change IS 'a change of a bank''s keys that the bank has asked for, or that the police have made';
COMMENT ON COLUMN bank_key_change.asked_by IS 'the bank as "bank:CODE", or the command of the police';
COMMENT ON COLUMN bank_key_change.outcome IS 'null: it waits for the police; "done" changes the key';
COMMENT ON COLUMN bank_key_change.sealed_asker IS 'name and designation of who asked at the bank, sealed under a key of their own, which ends with the decision';
CREATE INDEX bank_key_change_of_bank ON bank_key_change (institution, asked_at);
CREATE UNIQUE INDEX bank_key_change_open ON bank_key_change (institution) WHERE (outcome IS NULL);
CREATE INDEX bank_key_change_person ON bank_key_change (person_id) WHERE (person_id IS NOT NULL);

CREATE TABLE bank_login (
    institution text NOT NULL,
    address text NOT NULL,
    mark bytea NOT NULL,
    first_at timestamp with time zone NOT NULL,
    verified_at timestamp with time zone NOT NULL,
    login_id uuid NOT NULL DEFAULT gen_random_uuid(),
    CONSTRAINT bank_login_pkey PRIMARY KEY (institution, address),
    CONSTRAINT bank_login_login_id UNIQUE (login_id),
    CONSTRAINT bank_login_address_check CHECK (((length(address) >= 1) AND (length(address) <= 100))),
    CONSTRAINT bank_login_mark_check CHECK ((octet_length(mark) = 32))
);
COMMENT ON TABLE bank_login IS 'an address from which a bank has logged in at our API';
COMMENT ON COLUMN bank_login.mark IS 'keyed digest of the password and its hash, so that a repeated login is cheap';
CREATE INDEX bank_login_verified_at ON bank_login (verified_at);

CREATE TABLE bank_login_change (
    change_id uuid NOT NULL,
    institution text NOT NULL,
    email text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    proof_id uuid,
    CONSTRAINT bank_login_change_proof_id_key UNIQUE (proof_id),
    CONSTRAINT bank_login_change_pkey PRIMARY KEY (change_id),
    CONSTRAINT bank_login_change_email_check CHECK (((length(email) >= 3) AND (length(email) <= 320))),
    CONSTRAINT bank_login_change_made_by_check CHECK (((length(made_by) >= 1) AND (length(made_by) <= 200))),
    CONSTRAINT bank_login_change_of_officers_has_link CHECK (((proof_id IS NOT NULL) OR (made_by !~~ 'officer:%'::text)))
);
COMMENT ON TABLE bank_login_change IS 'another login of a bank at our API';
COMMENT ON COLUMN bank_login_change.proof_id IS 'the link by which the bank sets the password; null if the command set it';
CREATE INDEX bank_login_change_of_bank ON bank_login_change (institution, made_at);

CREATE TABLE bank_nonce (
    key_id text NOT NULL,
    nonce text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    CONSTRAINT bank_nonce_pkey PRIMARY KEY (key_id, nonce)
);
CREATE INDEX bank_nonce_seen ON bank_nonce (seen_at);

CREATE TABLE bank_order (
    order_id uuid NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    case_no text NOT NULL,
    institution text NOT NULL,
    restoration_id uuid,
    grievance_id uuid,
    court_order_id bigint,
    state text NOT NULL,
    ordered_by text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    delivered_at timestamp with time zone,
    channel text,
    job_id text,
    round integer NOT NULL DEFAULT 0,
    level text,
    level_at timestamp with time zone,
    refusal_code text,
    refusal_message text,
    ended_at timestamp with time zone,
    ended_reason text NOT NULL DEFAULT ''::text,
    policy jsonb NOT NULL,
    acknowledged_at timestamp with time zone,
    tried_at timestamp with time zone,
    level_times integer NOT NULL DEFAULT 0,
    first_confirmed_at timestamp with time zone,
    CONSTRAINT bank_order_pkey PRIMARY KEY (order_id),
    CONSTRAINT bank_order_check CHECK (((kind = 'restore'::text) = (reason = 'restoration'::text))),
    CONSTRAINT bank_order_check1 CHECK (((reason = 'restoration'::text) = (restoration_id IS NOT NULL))),
    CONSTRAINT bank_order_check2 CHECK (((reason = 'grievance'::text) = (grievance_id IS NOT NULL))),
    CONSTRAINT bank_order_check3 CHECK (((state = ANY (ARRAY['confirmed'::text, 'cancelled'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT bank_order_kind_check CHECK ((kind = ANY (ARRAY['restore'::text, 'release'::text]))),
    CONSTRAINT bank_order_level_times_check CHECK ((level_times >= 0)),
    CONSTRAINT bank_order_reason_check CHECK ((reason = ANY (ARRAY['restoration'::text, 'lapsed'::text, 'grievance'::text, 'objection'::text, 'excess'::text, 'court'::text, 'leftover'::text, 'micro'::text, 'complaint_withdrawn'::text]))),
    CONSTRAINT bank_order_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'delivered'::text, 'refused'::text, 'confirmed'::text, 'cancelled'::text])))
) WITH (fillfactor=80);
COMMENT ON COLUMN bank_order.acknowledged_at IS 'the bank has said that it has the order';
COMMENT ON COLUMN bank_order.first_confirmed_at IS 'when the bank first stated that a part of the order is done';
COMMENT ON COLUMN bank_order.tried_at IS 'since when the bank may know of the order: written before it is first put before it';
CREATE INDEX bank_order_by_bank ON bank_order (institution, planned_at, order_id);
CREATE INDEX bank_order_by_due ON bank_order (due_at, order_id);
CREATE INDEX bank_order_case ON bank_order (case_no);
CREATE INDEX bank_order_confirmed ON bank_order (institution, first_confirmed_at, order_id) WHERE (first_confirmed_at IS NOT NULL);
CREATE INDEX bank_order_live ON bank_order (institution, due_at) WHERE (state = ANY (ARRAY['planned'::text, 'delivered'::text, 'refused'::text]));
CREATE INDEX bank_order_planned ON bank_order USING brin (planned_at);
CREATE INDEX bank_order_restoration ON bank_order (restoration_id) WHERE (restoration_id IS NOT NULL);

CREATE TABLE bank_order_line (
    order_id uuid NOT NULL,
    line_no integer NOT NULL,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    hold_id uuid NOT NULL,
    amount_paise bigint NOT NULL,
    excess boolean NOT NULL DEFAULT false,
    ack_no text,
    beneficiary_institution text NOT NULL DEFAULT ''::text,
    beneficiary_holder text NOT NULL DEFAULT ''::text,
    beneficiary_ifsc text NOT NULL DEFAULT ''::text,
    confirmed_paise bigint NOT NULL DEFAULT 0,
    CONSTRAINT bank_order_line_pkey PRIMARY KEY (order_id, line_no),
    CONSTRAINT bank_order_line_amount_paise_check CHECK ((amount_paise > 0)),
    CONSTRAINT bank_order_line_check CHECK (((confirmed_paise >= 0) AND (confirmed_paise <= amount_paise))),
    CONSTRAINT bank_order_line_line_no_check CHECK ((line_no > 0))
) WITH (fillfactor=80);
CREATE INDEX bank_order_line_hop ON bank_order_line (case_no, hop_no);

CREATE TABLE bank_person (
    person_id uuid NOT NULL,
    institution text NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    designation text NOT NULL,
    added_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    did_not_ask boolean NOT NULL DEFAULT false,
    password_hash text,
    code_digest bytea,
    code_until timestamp with time zone,
    last_sign_in_at timestamp with time zone,
    confirmed_at timestamp with time zone,
    confirmed_proposal bigint,
    CONSTRAINT bank_person_pkey PRIMARY KEY (person_id),
    CONSTRAINT bank_person_code CHECK ((octet_length(code_digest) = 32)),
    CONSTRAINT bank_person_code_ends CHECK (((code_digest IS NULL) = (code_until IS NULL))),
    CONSTRAINT bank_person_confirmed CHECK (((confirmed_at IS NULL) = (confirmed_proposal IS NULL))),
    CONSTRAINT bank_person_designation CHECK (((length(designation) >= 1) AND (length(designation) <= 200))),
    CONSTRAINT bank_person_did_not_ask CHECK (((NOT did_not_ask) OR (ended_at IS NOT NULL))),
    CONSTRAINT bank_person_email CHECK (((length(email) >= 3) AND (length(email) <= 200) AND (email = lower(email)))),
    CONSTRAINT bank_person_ended_has_no_way_in CHECK (((ended_at IS NULL) OR (num_nonnulls(password_hash, code_digest) = 0))),
    CONSTRAINT bank_person_name CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
COMMENT ON TABLE bank_person IS 'a person of a bank who has a login in its inbox; the bank itself adds and ends them';
COMMENT ON COLUMN bank_person.code_digest IS 'SHA-256 of the code with which the person sets a password; it is only in the letter to the person';
COMMENT ON COLUMN bank_person.confirmed_proposal IS 'of the two admins who have confirmed that the login is of another person than the others; null: not confirmed';
COMMENT ON COLUMN bank_person.did_not_ask IS 'whether the person has ended the login with its code, without having asked for it';
CREATE UNIQUE INDEX bank_person_email_of_bank ON bank_person (email, institution) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX bank_person_email_once ON bank_person (email) WHERE (password_hash IS NOT NULL);
CREATE INDEX bank_person_of_bank ON bank_person (institution, added_at);
CREATE INDEX bank_person_to_forget ON bank_person (ended_at) WHERE (last_sign_in_at IS NULL);

CREATE TABLE bank_reply_check (
    check_id uuid NOT NULL,
    institution text NOT NULL,
    kind text NOT NULL,
    subject_id uuid,
    evidence_id bigint NOT NULL,
    made_by uuid NOT NULL,
    made_at timestamp with time zone NOT NULL,
    outcome text,
    decided_by uuid,
    decided_at timestamp with time zone,
    note text,
    CONSTRAINT bank_reply_check_pkey PRIMARY KEY (check_id),
    CONSTRAINT bank_reply_check_by_two CHECK (((outcome IS DISTINCT FROM 'sent'::text) OR (decided_by <> made_by))),
    CONSTRAINT bank_reply_check_decided CHECK ((num_nulls(outcome, decided_by, decided_at) = ANY (ARRAY[0, 3]))),
    CONSTRAINT bank_reply_check_kind CHECK ((kind = ANY (ARRAY['hold'::text, 'further'::text, 'order'::text, 'table'::text]))),
    CONSTRAINT bank_reply_check_note CHECK (((note IS NULL) OR ((outcome = 'returned'::text) AND ((length(note) >= 1) AND (length(note) <= 300))))),
    CONSTRAINT bank_reply_check_of_one CHECK (((kind = 'table'::text) = (subject_id IS NULL))),
    CONSTRAINT bank_reply_check_outcome CHECK ((outcome = ANY (ARRAY['sent'::text, 'returned'::text])))
);
COMMENT ON TABLE bank_reply_check IS 'a reply that one person of a bank has filled in, and another one sends or gives back';
COMMENT ON COLUMN bank_reply_check.evidence_id IS 'the form as the first person sent it';
COMMENT ON COLUMN bank_reply_check.note IS 'what the second person wants corrected, for the first one; null if nothing was written';
CREATE INDEX bank_reply_check_decided_by ON bank_reply_check (decided_by) WHERE (decided_by IS NOT NULL);
CREATE INDEX bank_reply_check_made_by ON bank_reply_check (made_by);
CREATE UNIQUE INDEX bank_reply_check_open ON bank_reply_check (institution, kind, subject_id) WHERE ((outcome IS NULL) AND (subject_id IS NOT NULL));
CREATE INDEX bank_reply_check_subject ON bank_reply_check (subject_id, made_at) WHERE (subject_id IS NOT NULL);
CREATE INDEX bank_reply_check_waits ON bank_reply_check (institution, made_at) WHERE (outcome IS NULL);

CREATE TABLE bank_test_call (
    call_id uuid NOT NULL,
    institution text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    outcome text,
    took_seconds double precision,
    detail text NOT NULL DEFAULT ''::text,
    CONSTRAINT bank_test_call_pkey PRIMARY KEY (call_id),
    CONSTRAINT bank_test_call_detail CHECK ((length(detail) <= 500)),
    CONSTRAINT bank_test_call_ends CHECK ((num_nulls(outcome, done_at) = ANY (ARRAY[0, 2]))),
    CONSTRAINT bank_test_call_outcome CHECK ((outcome = ANY (ARRAY['taken'::text, 'refused'::text, 'unreachable'::text, 'closed'::text, 'no_webhook'::text])))
);
COMMENT ON TABLE bank_test_call IS 'a test event to a bank''s webhook that the bank has asked for in its inbox';
COMMENT ON COLUMN bank_test_call.detail IS 'what the bank''s endpoint answered, or why it could not be reached';
CREATE INDEX bank_test_call_by_time ON bank_test_call (asked_at);
CREATE INDEX bank_test_call_of_bank ON bank_test_call (institution, asked_at);

CREATE TABLE braked_release (
    hold_id uuid NOT NULL,
    brake_id bigint NOT NULL,
    amount_paise bigint NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT braked_release_pkey PRIMARY KEY (hold_id),
    CONSTRAINT braked_release_amount_paise_check CHECK ((amount_paise > 0))
);
COMMENT ON TABLE braked_release IS 'releases that wait, or that a supervisor has continued and the engine has not ordered yet';
CREATE INDEX braked_release_brake ON braked_release (brake_id);

CREATE TABLE call_back (
    call_back_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    case_no text NOT NULL,
    request_id uuid NOT NULL,
    telephone_answer_id uuid NOT NULL,
    due_at timestamp with time zone NOT NULL,
    missed_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_as text,
    CONSTRAINT call_back_telephone_answer_id_key UNIQUE (telephone_answer_id),
    CONSTRAINT call_back_pkey PRIMARY KEY (call_back_id),
    CONSTRAINT call_back_ended CHECK (((ended_at IS NULL) = (ended_as IS NULL))),
    CONSTRAINT call_back_ended_as_check CHECK ((ended_as = ANY (ARRAY['called'::text, 'answered'::text, 'missed'::text]))),
    CONSTRAINT call_back_missed_first CHECK (((ended_as IS DISTINCT FROM 'missed'::text) OR (missed_at IS NOT NULL)))
);
COMMENT ON TABLE call_back IS 'A time at which a bank said that it calls back about a hold request.';
COMMENT ON COLUMN call_back.ended_as IS '`called`: it said more by telephone; `answered`: the request needs no answer any more; `missed`: a supervisor was told';
COMMENT ON COLUMN call_back.missed_at IS 'when the desk was asked to telephone, because the bank did not call';
CREATE INDEX call_back_case ON call_back (case_no);
CREATE INDEX call_back_due ON call_back (due_at) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX call_back_waits ON call_back (request_id) WHERE (ended_at IS NULL);

CREATE TABLE case_assignment (
    case_no text NOT NULL,
    io text,
    io_since timestamp with time zone,
    supervising text,
    supervising_since timestamp with time zone,
    look_at timestamp with time zone,
    looked_at timestamp with time zone,
    CONSTRAINT case_assignment_pkey PRIMARY KEY (case_no),
    CONSTRAINT case_assignment_io_since CHECK (((io IS NULL) = (io_since IS NULL))),
    CONSTRAINT case_assignment_supervising_since CHECK (((supervising IS NULL) = (supervising_since IS NULL)))
);
COMMENT ON COLUMN case_assignment.io IS 'id of the investigating officer now; null without one';
COMMENT ON COLUMN case_assignment.look_at IS 'when the engine looks for officers next; null while it need not';
COMMENT ON COLUMN case_assignment.looked_at IS 'when the engine looked last and found no officer for a duty; null for a new look';
CREATE INDEX case_assignment_again ON case_assignment (look_at) WHERE ((look_at IS NOT NULL) AND (looked_at IS NOT NULL));
CREATE INDEX case_assignment_io ON case_assignment (io) WHERE (io IS NOT NULL);
CREATE INDEX case_assignment_new ON case_assignment (look_at) WHERE ((look_at IS NOT NULL) AND (looked_at IS NULL));
CREATE INDEX case_assignment_supervising ON case_assignment (supervising) WHERE (supervising IS NOT NULL);

CREATE TABLE case_event (
    case_no text NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    data jsonb NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT case_event_pkey PRIMARY KEY (case_no, seq)
);

CREATE TABLE case_file (
    case_no text NOT NULL,
    state text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    workflow_started_at timestamp with time zone,
    policy jsonb NOT NULL,
    first_sent_at timestamp with time zone,
    first_delivered_at timestamp with time zone,
    first_answered_at timestamp with time zone,
    first_held_at timestamp with time zone,
    last_hop_no integer NOT NULL DEFAULT 0,
    last_batch_no integer NOT NULL DEFAULT 0,
    event_seq bigint NOT NULL DEFAULT 0,
    event_hash bytea NOT NULL DEFAULT decode(repeat('00'::text, 32), 'hex'::text),
    opening_no integer NOT NULL DEFAULT 1,
    CONSTRAINT case_file_pkey PRIMARY KEY (case_no),
    CONSTRAINT case_file_case_no_check CHECK ((case_no ~ '^\d{14}$'::text)),
    CONSTRAINT case_file_check CHECK (((state = 'settled'::text) = (settled_at IS NOT NULL))),
    CONSTRAINT case_file_state_check CHECK ((state = ANY (ARRAY['open'::text, 'settled'::text])))
) WITH (fillfactor=70);
COMMENT ON COLUMN case_file.opening_no IS 'counts the openings of the case: one, and one more each time it is reopened';
COMMENT ON COLUMN case_file.workflow_started_at IS 'when the workflow was last started or seen, for the present opening; null is what the sweep starts at once';
CREATE INDEX case_file_by_state ON case_file (state, opened_at DESC, case_no DESC);
CREATE INDEX case_file_look_after ON case_file (workflow_started_at) WHERE (state = 'open'::text);
CREATE INDEX case_file_not_started ON case_file (opened_at) WHERE ((workflow_started_at IS NULL) AND (state = 'open'::text));
CREATE INDEX case_file_opened ON case_file (opened_at DESC, case_no DESC);

CREATE TABLE case_merge (
    merge_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    primary_case_no text NOT NULL,
    merged_case_no text NOT NULL,
    reason text NOT NULL,
    victims_agree boolean NOT NULL,
    same_transfers jsonb NOT NULL,
    needs_second boolean NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    decided_reason text,
    undo_reason text,
    undo_proposed_by text,
    undo_proposed_at timestamp with time zone,
    undone_by text,
    undone_at timestamp with time zone,
    undone_reason text,
    CONSTRAINT case_merge_pkey PRIMARY KEY (merge_id),
    CONSTRAINT case_merge_decided CHECK ((num_nulls(decision, decided_by, decided_at, decided_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT case_merge_decision_check CHECK ((decision = ANY (ARRAY['agreed'::text, 'rejected'::text]))),
    CONSTRAINT case_merge_four_eyes CHECK (((decision IS DISTINCT FROM 'agreed'::text) OR (NOT needs_second) OR is_second_officer(decided_by, proposed_by))),
    CONSTRAINT case_merge_of_two_cases CHECK ((primary_case_no <> merged_case_no)),
    CONSTRAINT case_merge_reason_check CHECK (((reason <> ''::text) AND (length(reason) <= 1000))),
    CONSTRAINT case_merge_undo_four_eyes CHECK (((undone_by IS NULL) OR is_second_officer(undone_by, undo_proposed_by))),
    CONSTRAINT case_merge_undo_proposed CHECK (((num_nulls(undo_reason, undo_proposed_by, undo_proposed_at) = ANY (ARRAY[0, 3])) AND ((undo_reason IS NULL) OR ((decision = 'agreed'::text) AND (decision IS NOT NULL))))),
    CONSTRAINT case_merge_undo_reason_check CHECK (((undo_reason <> ''::text) AND (length(undo_reason) <= 1000))),
    CONSTRAINT case_merge_undone CHECK (((num_nulls(undone_by, undone_at, undone_reason) = ANY (ARRAY[0, 3])) AND ((undone_by IS NULL) OR (undo_reason IS NOT NULL))))
);
COMMENT ON TABLE case_merge IS 'two cases that officers found to be one; in force once it is agreed, until it is undone';
COMMENT ON COLUMN case_merge.needs_second IS 'the victims are two persons, or money on hold may change whom it goes to';
COMMENT ON COLUMN case_merge.same_transfers IS 'hops of both cases that the officer names as one transfer';
COMMENT ON COLUMN case_merge.undo_reason IS 'of the officer who proposes the undo; null again when the undo is rejected';
CREATE INDEX case_merge_merged ON case_merge (merged_case_no);
CREATE UNIQUE INDEX case_merge_once ON case_merge (merged_case_no) WHERE ((undone_at IS NULL) AND (decision IS DISTINCT FROM 'rejected'::text));
CREATE INDEX case_merge_primary ON case_merge (primary_case_no);

CREATE TABLE case_news (
    news_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    case_no text NOT NULL,
    body jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    signalled_at timestamp with time zone,
    CONSTRAINT case_news_pkey PRIMARY KEY (news_id)
) WITH (fillfactor=80);
CREATE INDEX case_news_signalled ON case_news (signalled_at) WHERE (signalled_at IS NOT NULL);
CREATE INDEX case_news_unsignalled ON case_news (news_id) WHERE (signalled_at IS NULL);

CREATE TABLE case_officer (
    case_no text NOT NULL,
    duty text NOT NULL,
    assignment_no integer NOT NULL,
    subject text NOT NULL,
    name text NOT NULL,
    rank text NOT NULL,
    police_station text NOT NULL,
    district text NOT NULL,
    phone text NOT NULL,
    email text NOT NULL DEFAULT ''::text,
    assigned_by text NOT NULL,
    assigned_at timestamp with time zone NOT NULL,
    CONSTRAINT case_officer_pkey PRIMARY KEY (case_no, duty, assignment_no),
    CONSTRAINT case_officer_assignment_no_check CHECK ((assignment_no > 0)),
    CONSTRAINT case_officer_duty_check CHECK ((duty = ANY (ARRAY['io'::text, 'supervising'::text, 'deciding'::text]))),
    CONSTRAINT case_officer_four_eyes CHECK ((person_of(assigned_by) <> person_of(subject))),
    CONSTRAINT case_officer_name_check CHECK ((name <> ''::text)),
    CONSTRAINT case_officer_police_station_check CHECK ((police_station <> ''::text)),
    CONSTRAINT case_officer_rank_check CHECK ((rank <> ''::text))
);
CREATE INDEX case_officer_by_subject ON case_officer (subject, assigned_at);

CREATE TABLE channel_health (
    institution text NOT NULL,
    channel text NOT NULL,
    state text NOT NULL,
    failures integer NOT NULL,
    silences integer NOT NULL,
    probe_at timestamp with time zone,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT channel_health_pkey PRIMARY KEY (institution, channel),
    CONSTRAINT channel_health_channel_check CHECK ((channel = ANY (ARRAY['i4c'::text, 'push'::text, 'pull'::text, 'iso20022'::text, 'email'::text]))),
    CONSTRAINT channel_health_check CHECK (((state = 'closed'::text) = (probe_at IS NULL))),
    CONSTRAINT channel_health_check1 CHECK (((failures + silences) > 0)),
    CONSTRAINT channel_health_failures_check CHECK ((failures >= 0)),
    CONSTRAINT channel_health_silences_check CHECK ((silences >= 0)),
    CONSTRAINT channel_health_state_check CHECK ((state = ANY (ARRAY['closed'::text, 'open'::text, 'half_open'::text])))
) WITH (fillfactor=80);

CREATE TABLE clock_setting (
    one boolean NOT NULL DEFAULT true,
    movable boolean NOT NULL,
    CONSTRAINT clock_setting_pkey PRIMARY KEY (one),
    CONSTRAINT clock_setting_one_check CHECK (one)
);
COMMENT ON TABLE clock_setting IS 'empty outside tests; only the owner of the tables may write it';
COMMENT ON COLUMN clock_setting.movable IS 'whether a session may set its own present moment';

CREATE TABLE complainant_message (
    message_id uuid NOT NULL,
    draft_id uuid NOT NULL,
    kind text NOT NULL,
    language text NOT NULL,
    sealed sealed_value,
    written_at timestamp with time zone NOT NULL,
    valid_until timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    code_digest bytea,
    mobile_digest bytea,
    tries integer NOT NULL DEFAULT 0,
    used_at timestamp with time zone,
    CONSTRAINT complainant_message_pkey PRIMARY KEY (message_id),
    CONSTRAINT complainant_message_code_is_whole CHECK ((((kind = 'complaint_code'::text) = (code_digest IS NOT NULL)) AND ((code_digest IS NULL) = (mobile_digest IS NULL)))),
    CONSTRAINT complainant_message_kind_check CHECK ((kind = ANY (ARRAY['complaint_code'::text, 'complaint_link'::text]))),
    CONSTRAINT complainant_message_language_check CHECK ((language = ANY (ARRAY['en'::text, 'hi'::text]))),
    CONSTRAINT complainant_message_sent_has_no_text CHECK (((sent_at IS NULL) OR (sealed IS NULL))),
    CONSTRAINT complainant_message_used_is_a_code CHECK (((used_at IS NULL) OR (code_digest IS NOT NULL)))
);
COMMENT ON TABLE complainant_message IS 'a short message to a person who complains on the page, whose complaint may have no case yet';
COMMENT ON COLUMN complainant_message.mobile_digest IS 'keyed digest of the number to which the code went';
COMMENT ON COLUMN complainant_message.sealed IS 'number and text, sealed under the key of the draft; null once it is sent or over, and it is sent no more';
COMMENT ON COLUMN complainant_message.used_at IS 'when the code was entered; a code is good once';
CREATE INDEX complainant_message_draft ON complainant_message (draft_id, written_at);

CREATE TABLE complaint (
    ack_no text NOT NULL,
    case_no text NOT NULL,
    channel text NOT NULL,
    category text NOT NULL,
    victim_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    taken_by text NOT NULL,
    idempotency_key text NOT NULL,
    body_digest bytea NOT NULL,
    joined boolean NOT NULL,
    flags jsonb NOT NULL,
    marked boolean NOT NULL,
    portal_ack_no text,
    CONSTRAINT complaint_of_case UNIQUE (case_no, ack_no),
    CONSTRAINT complaint_taken_by_idempotency_key_key UNIQUE (taken_by, idempotency_key),
    CONSTRAINT complaint_pkey PRIMARY KEY (ack_no),
    CONSTRAINT complaint_ack_no_check CHECK ((ack_no ~ '^\d{14}$'::text))
);
COMMENT ON COLUMN complaint.marked IS 'whether the victim is a child, or the category is one of the protected matters';
COMMENT ON COLUMN complaint.portal_ack_no IS 'the number that the portal gave, where it lies in the half that is ours';
CREATE UNIQUE INDEX complaint_portal_ack_no ON complaint (portal_ack_no) WHERE (portal_ack_no IS NOT NULL);
CREATE INDEX complaint_received ON complaint USING brin (received_at);
CREATE INDEX complaint_victim ON complaint (victim_id);

CREATE TABLE complaint_reach (
    ack_no text NOT NULL,
    reach_no integer NOT NULL,
    way text,
    from_hour smallint,
    to_hour smallint,
    is_quiet jsonb,
    wants_woman_officer jsonb,
    person_id uuid,
    sealed sealed_value,
    told_at timestamp with time zone NOT NULL,
    told_by text NOT NULL,
    CONSTRAINT complaint_reach_pkey PRIMARY KEY (ack_no, reach_no),
    CONSTRAINT complaint_reach_from_check CHECK (((from_hour >= 0) AND (from_hour <= 23))),
    CONSTRAINT complaint_reach_no_check CHECK ((reach_no > 0)),
    CONSTRAINT complaint_reach_quiet_check CHECK ((is_quiet = ANY (ARRAY['true'::jsonb, 'false'::jsonb, '"dont_know"'::jsonb]))),
    CONSTRAINT complaint_reach_sealed_is_whole CHECK ((num_nulls(person_id, sealed) = ANY (ARRAY[0, 2]))),
    CONSTRAINT complaint_reach_to_check CHECK (((to_hour >= 1) AND (to_hour <= 24))),
    CONSTRAINT complaint_reach_told_by_check CHECK ((told_by <> ''::text)),
    CONSTRAINT complaint_reach_way_check CHECK ((way = ANY (ARRAY['call'::text, 'sms'::text, 'email'::text, 'none'::text]))),
    CONSTRAINT complaint_reach_woman_check CHECK ((wants_woman_officer = ANY (ARRAY['true'::jsonb, 'false'::jsonb, '"dont_know"'::jsonb])))
);
COMMENT ON TABLE complaint_reach IS 'how a victim can be reached without danger; the newest statement counts, and earlier ones stay beside it';
COMMENT ON COLUMN complaint_reach.is_quiet IS 'no message and no call says what it is about; null: not asked';
COMMENT ON COLUMN complaint_reach.sealed IS 'the person who complained for the victim, sealed under the key of the victim';
COMMENT ON COLUMN complaint_reach.way IS 'the only way that the victim wants; null: not asked';
CREATE INDEX complaint_reach_person ON complaint_reach (person_id) WHERE (person_id IS NOT NULL);

CREATE TABLE complaint_story (
    ack_no text NOT NULL,
    story_no integer NOT NULL,
    person_id uuid NOT NULL,
    sealed sealed_value NOT NULL,
    consent jsonb,
    told_at timestamp with time zone NOT NULL,
    told_by text NOT NULL,
    CONSTRAINT complaint_story_pkey PRIMARY KEY (ack_no, story_no),
    CONSTRAINT complaint_story_consent_check CHECK ((consent = ANY (ARRAY['true'::jsonb, 'false'::jsonb, '"dont_know"'::jsonb]))),
    CONSTRAINT complaint_story_no_check CHECK ((story_no > 0)),
    CONSTRAINT complaint_story_told_by_check CHECK ((told_by <> ''::text))
);
COMMENT ON TABLE complaint_story IS 'what a victim told of what happened; a later statement stands beside the earlier one';
COMMENT ON COLUMN complaint_story.consent IS 'whether the victim agrees to its use; null: not asked';
COMMENT ON COLUMN complaint_story.sealed IS 'the text, sealed under the key of the victim';
CREATE INDEX complaint_story_person ON complaint_story (person_id);

CREATE TABLE complaint_transfer (
    ack_no text NOT NULL,
    row_no integer NOT NULL,
    payer_institution text NOT NULL,
    payer_kind text NOT NULL,
    payer_holder text NOT NULL,
    payer_ifsc text,
    payee_institution text NOT NULL,
    payee_kind text NOT NULL,
    payee_holder text NOT NULL,
    payee_ifsc text,
    rrn text,
    utr text,
    mode text NOT NULL,
    amount_paise bigint NOT NULL,
    transferred_at timestamp with time zone NOT NULL,
    time_missing boolean NOT NULL,
    case_no text,
    hop_no integer,
    differing text[] NOT NULL,
    payer_vpa text,
    payee_vpa text,
    CONSTRAINT complaint_transfer_pkey PRIMARY KEY (ack_no, row_no),
    CONSTRAINT complaint_transfer_amount_paise_check CHECK ((amount_paise > 0)),
    CONSTRAINT complaint_transfer_check CHECK (((case_no IS NULL) = (hop_no IS NULL))),
    CONSTRAINT complaint_transfer_check1 CHECK (((rrn IS NOT NULL) OR (utr IS NOT NULL))),
    CONSTRAINT complaint_transfer_payee_holder_check CHECK ((payee_holder <> ''::text)),
    CONSTRAINT complaint_transfer_payee_kind_check CHECK ((payee_kind = ANY (ARRAY['account'::text, 'vpa'::text, 'wallet'::text]))),
    CONSTRAINT complaint_transfer_payer_holder_check CHECK ((payer_holder <> ''::text)),
    CONSTRAINT complaint_transfer_payer_kind_check CHECK ((payer_kind = ANY (ARRAY['account'::text, 'vpa'::text, 'wallet'::text]))),
    CONSTRAINT complaint_transfer_row_no_check CHECK ((row_no > 0))
);
COMMENT ON TABLE complaint_transfer IS 'each transfer as each complaint states it';
COMMENT ON COLUMN complaint_transfer.differing IS 'what it tells otherwise than the hop did when the complaint was taken: payer, account, bank, amount, date';
COMMENT ON COLUMN complaint_transfer.hop_no IS 'the hop that it opened, or that was this transfer already';
COMMENT ON COLUMN complaint_transfer.payee_vpa IS 'the VPA that is stated beside the account';
COMMENT ON COLUMN complaint_transfer.payer_vpa IS 'the VPA that is stated beside the account';
COMMENT ON COLUMN complaint_transfer.row_no IS 'its place in the complaint, from 1';
CREATE INDEX complaint_transfer_hop ON complaint_transfer (case_no, hop_no);
CREATE INDEX complaint_transfer_payee_vpa ON complaint_transfer (ltrim(upper(regexp_replace(payee_vpa, '[\s\-/]+'::text, ''::text, 'g'::text)), '0'::text)) WHERE (payee_vpa IS NOT NULL);
CREATE INDEX complaint_transfer_payer ON complaint_transfer (ltrim(upper(regexp_replace(payer_holder, '[\s\-/]+'::text, ''::text, 'g'::text)), '0'::text));
CREATE INDEX complaint_transfer_payer_vpa ON complaint_transfer (ltrim(upper(regexp_replace(payer_vpa, '[\s\-/]+'::text, ''::text, 'g'::text)), '0'::text)) WHERE (payer_vpa IS NOT NULL);
CREATE INDEX complaint_transfer_rrn ON complaint_transfer (upper(regexp_replace(rrn, '[\s\-/|]+'::text, ''::text, 'g'::text))) WHERE (rrn IS NOT NULL);
CREATE INDEX complaint_transfer_utr ON complaint_transfer (upper(regexp_replace(utr, '[\s\-/|]+'::text, ''::text, 'g'::text))) WHERE (utr IS NOT NULL);

CREATE TABLE court_hearing (
    court_hearing_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    restoration_id uuid NOT NULL,
    case_no text NOT NULL,
    held_on date NOT NULL,
    court text NOT NULL,
    reason text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    told_at timestamp with time zone,
    ended_by text,
    ended_reason text,
    ended_at timestamp with time zone,
    CONSTRAINT court_hearing_pkey PRIMARY KEY (court_hearing_id),
    CONSTRAINT court_hearing_court_check CHECK ((court <> ''::text)),
    CONSTRAINT court_hearing_ended CHECK ((num_nulls(ended_by, ended_reason, ended_at) = ANY (ARRAY[0, 3]))),
    CONSTRAINT court_hearing_reason_check CHECK ((reason <> ''::text))
) WITH (fillfactor=80);
COMMENT ON TABLE court_hearing IS 'the day on which a court hears a restoration; the rows that ended are its history';
COMMENT ON COLUMN court_hearing.ended_at IS 'when another day, or none, took its place; null for the day that stands';
COMMENT ON COLUMN court_hearing.told_at IS 'when the investigating officer was told of the day; null before that';
CREATE INDEX court_hearing_case ON court_hearing (case_no);
CREATE UNIQUE INDEX court_hearing_one_stands ON court_hearing (restoration_id) WHERE (ended_at IS NULL);
CREATE INDEX court_hearing_restoration ON court_hearing (restoration_id, court_hearing_id);
CREATE INDEX court_hearing_untold ON court_hearing (held_on) WHERE ((ended_at IS NULL) AND (told_at IS NULL));

CREATE TABLE court_order (
    court_order_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    case_no text NOT NULL,
    kind text NOT NULL,
    effect text NOT NULL,
    court text NOT NULL,
    order_no text NOT NULL,
    made_on date NOT NULL,
    amount_paise bigint,
    institution text,
    account_key text,
    document_digest bytea,
    taken_by text NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    reason text NOT NULL DEFAULT ''::text,
    withdrawn_at timestamp with time zone,
    withdrawn_by text,
    withdrawn_reason text NOT NULL DEFAULT ''::text,
    confirmed_by text,
    confirmed_at timestamp with time zone,
    withdrawal_asked_by text,
    withdrawal_asked_at timestamp with time zone,
    withdrawal_asked_reason text NOT NULL DEFAULT ''::text,
    ends_on date,
    counts_until timestamp with time zone,
    warned_at timestamp with time zone,
    ended_as text,
    person_id uuid,
    sealed_document sealed_value,
    CONSTRAINT court_order_pkey PRIMARY KEY (court_order_id),
    CONSTRAINT court_order_amount_paise_check CHECK ((amount_paise > 0)),
    CONSTRAINT court_order_check1 CHECK (((institution IS NULL) = (account_key IS NULL))),
    CONSTRAINT court_order_counts_for_a_time CHECK (((counts_until IS NOT NULL) OR ((confirmed_at IS NOT NULL) AND (effect <> 'keep_hold'::text)))),
    CONSTRAINT court_order_court_check CHECK ((court <> ''::text)),
    CONSTRAINT court_order_effect_check CHECK ((effect = ANY (ARRAY['restore'::text, 'release'::text, 'keep_hold'::text, 'refuse'::text]))),
    CONSTRAINT court_order_ended_as CHECK (((ended_as IS NULL) OR ((ended_as = ANY (ARRAY['void'::text, 'over'::text])) AND (withdrawn_at IS NOT NULL)))),
    CONSTRAINT court_order_four_eyes CHECK ((((confirmed_at IS NULL) = (confirmed_by IS NULL)) AND ((confirmed_by IS NULL) OR ((confirmed_by <> taken_by) AND (document_digest IS NOT NULL))))),
    CONSTRAINT court_order_kind_check CHECK ((kind = ANY (ARRAY['bnss_497'::text, 'bnss_503'::text, 'bnss_106'::text, 'bnss_107'::text, 'lok_adalat'::text, 'writ'::text]))),
    CONSTRAINT court_order_order_no_check CHECK ((order_no <> ''::text)),
    CONSTRAINT court_order_sealed_is_whole CHECK ((num_nulls(person_id, sealed_document, document_digest) = ANY (ARRAY[0, 3]))),
    CONSTRAINT court_order_withdrawal_asked CHECK ((((withdrawal_asked_by IS NULL) = (withdrawal_asked_at IS NULL)) AND ((withdrawal_asked_by IS NULL) OR (withdrawal_asked_reason <> ''::text)))),
    CONSTRAINT court_order_withdrawn CHECK (((withdrawn_at IS NULL) = (withdrawn_by IS NULL)))
);
COMMENT ON COLUMN court_order.counts_until IS 'when it ends by itself: without its document, without its second officer, or as a keep of a hold; null for no end';
COMMENT ON COLUMN court_order.ended_as IS 'why the engine withdrew it: `void` without document or second officer, `over` at its end';
COMMENT ON COLUMN court_order.ends_on IS 'the day until which a court keeps a hold, as the order says it';
COMMENT ON COLUMN court_order.person_id IS 'the key of the case that seals its document';
COMMENT ON COLUMN court_order.sealed_document IS 'the document, sealed';
COMMENT ON COLUMN court_order.withdrawal_asked_by IS 'who asked to withdraw an order that retains holds; another officer confirms it';
CREATE INDEX court_order_case ON court_order (case_no);
CREATE INDEX court_order_clock ON court_order (counts_until) WHERE ((withdrawn_at IS NULL) AND (counts_until IS NOT NULL));
CREATE INDEX court_order_for_second ON court_order (court_order_id) WHERE ((withdrawn_at IS NULL) AND ((confirmed_at IS NULL) OR (withdrawal_asked_at IS NOT NULL)));
CREATE INDEX court_order_made_on ON court_order (made_on, case_no) WHERE (withdrawn_at IS NULL);
CREATE UNIQUE INDEX court_order_once ON court_order (case_no, court, order_no, effect, institution, account_key) NULLS NOT DISTINCT WHERE (withdrawn_at IS NULL);

CREATE TABLE credit_account (
    account_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    ack_no text NOT NULL,
    case_no text NOT NULL,
    account text NOT NULL,
    ifsc text NOT NULL,
    institution text NOT NULL,
    reason text NOT NULL,
    proof text NOT NULL,
    same_name boolean NOT NULL,
    told_by text NOT NULL,
    told_at timestamp with time zone NOT NULL,
    confirmed_by text,
    confirmed_at timestamp with time zone,
    object_until timestamp with time zone,
    ended_as text,
    ended_by text,
    ended_at timestamp with time zone,
    ended_reason text,
    person_id uuid NOT NULL,
    sealed_name sealed_value NOT NULL,
    object_again_until timestamp with time zone,
    CONSTRAINT credit_account_pkey PRIMARY KEY (account_id),
    CONSTRAINT credit_account_account_check CHECK ((account ~ '^[0-9]{9,18}$'::text)),
    CONSTRAINT credit_account_check CHECK (((confirmed_by IS NULL) = (confirmed_at IS NULL))),
    CONSTRAINT credit_account_ended_as_check CHECK ((ended_as = ANY (ARRAY['objected'::text, 'withdrawn'::text]))),
    CONSTRAINT credit_account_ended_is_whole CHECK ((num_nulls(ended_as, ended_by, ended_at, ended_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT credit_account_four_eyes CHECK ((confirmed_by <> told_by)),
    CONSTRAINT credit_account_ifsc_check CHECK ((ifsc ~ '^[A-Z]{4}0[A-Z0-9]{6}$'::text)),
    CONSTRAINT credit_account_object_again CHECK (((object_again_until IS NULL) OR (object_again_until >= object_until))),
    CONSTRAINT credit_account_objectable_when_confirmed CHECK ((((object_until IS NULL) = (confirmed_at IS NULL)) AND (object_until >= confirmed_at))),
    CONSTRAINT credit_account_proof_check CHECK ((proof <> ''::text)),
    CONSTRAINT credit_account_reason_check CHECK ((reason <> ''::text))
);
COMMENT ON COLUMN credit_account.ended_as IS 'why it is not credited any more: the victim objected, or an officer withdrew it';
COMMENT ON COLUMN credit_account.object_again_until IS 'until when the victim may object after the contact was corrected; null if it was not corrected since the confirmation';
COMMENT ON COLUMN credit_account.object_until IS 'until when the victim may object after the confirmation; null before it';
COMMENT ON COLUMN credit_account.proof IS 'what the officer has seen: a passbook, a letter of the bank';
COMMENT ON COLUMN credit_account.same_name IS 'whether it is in the name of the victim, as the complaint writes it';
COMMENT ON COLUMN credit_account.sealed_name IS 'name of the holder, sealed under the key of the victim';
CREATE INDEX credit_account_case ON credit_account (case_no);
CREATE INDEX credit_account_complaint ON credit_account (ack_no);

CREATE TABLE credit_account_link (
    token_digest bytea NOT NULL,
    account_id bigint NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT credit_account_link_pkey PRIMARY KEY (token_digest),
    CONSTRAINT credit_account_link_token_digest_check CHECK ((octet_length(token_digest) = 32))
);
COMMENT ON TABLE credit_account_link IS 'Links in messages to a victim, by which the victim objects to an account.';
CREATE INDEX credit_account_link_account ON credit_account_link (account_id);

CREATE TABLE delivery_attempt (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    channel text NOT NULL,
    at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    detail text NOT NULL DEFAULT ''::text,
    request_id uuid GENERATED ALWAYS AS (
CASE subject_kind
    WHEN 'hold_request'::text THEN subject_id
    ELSE NULL::uuid
END) STORED,
    order_id uuid GENERATED ALWAYS AS (
CASE
    WHEN (subject_kind <> 'hold_request'::text) THEN subject_id
    ELSE NULL::uuid
END) STORED,
    CONSTRAINT delivery_attempt_pkey PRIMARY KEY (attempt_id),
    CONSTRAINT delivery_attempt_channel_check CHECK ((channel = ANY (ARRAY['i4c'::text, 'push'::text, 'pull'::text, 'iso20022'::text, 'email'::text]))),
    CONSTRAINT delivery_attempt_outcome_check CHECK ((outcome = ANY (ARRAY['delivered'::text, 'failed'::text, 'refused'::text, 'silent'::text]))),
    CONSTRAINT delivery_attempt_subject_kind_check CHECK ((subject_kind = ANY (ARRAY['hold_request'::text, 'order'::text, 'cancellation'::text])))
);
COMMENT ON COLUMN delivery_attempt.outcome IS 'silent: delivered, and not answered in time';
COMMENT ON COLUMN delivery_attempt.subject_id IS 'the hold request or the order; of a cancellation, the cancelled order';
CREATE INDEX delivery_attempt_subject ON delivery_attempt (subject_id, attempt_id);

CREATE TABLE desk_task (
    task_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    case_no text,
    hop_no integer,
    request_id uuid,
    institution text,
    kind text NOT NULL,
    state text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    closed_by text,
    reason text,
    reconciliation_id bigint,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    cause text NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}'::jsonb,
    caused_by text,
    CONSTRAINT desk_task_pkey PRIMARY KEY (task_id),
    CONSTRAINT desk_task_about CHECK (((case_no IS NOT NULL) OR ((hop_no IS NULL) AND (request_id IS NULL) AND ((institution IS NOT NULL) OR (subject_kind = ANY (ARRAY['nightly_run'::text, 'proposal'::text])))))),
    CONSTRAINT desk_task_check CHECK (((state = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT desk_task_of_its_case CHECK (((subject_kind <> 'case'::text) OR COALESCE((subject_id = case_no), false))),
    CONSTRAINT desk_task_of_its_hop CHECK (
CASE subject_kind
    WHEN 'hop'::text THEN COALESCE(((hop_no)::text = subject_id), false)
    ELSE (hop_no IS NULL)
END),
    CONSTRAINT desk_task_of_its_institution CHECK (((subject_kind <> 'institution'::text) OR COALESCE((subject_id = institution), false))),
    CONSTRAINT desk_task_of_its_request CHECK (
CASE subject_kind
    WHEN 'request'::text THEN COALESCE(((request_id)::text = subject_id), false)
    ELSE (request_id IS NULL)
END),
    CONSTRAINT desk_task_of_nightly_run CHECK (((subject_kind <> 'nightly_run'::text) OR ((case_no IS NULL) AND (institution IS NULL)))),
    CONSTRAINT desk_task_of_proposal CHECK (((subject_kind <> 'proposal'::text) OR ((case_no IS NULL) AND (institution IS NULL)))),
    CONSTRAINT desk_task_of_reconciliation CHECK (((reconciliation_id IS NULL) OR (case_no IS NULL))),
    CONSTRAINT desk_task_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text]))),
    CONSTRAINT desk_task_subject_id_check CHECK ((subject_id <> ''::text)),
    CONSTRAINT desk_task_subject_kind_check CHECK ((subject_kind = ANY (ARRAY['case'::text, 'hop'::text, 'request'::text, 'institution'::text, 'complaint'::text, 'hold'::text, 'order'::text, 'restoration'::text, 'grievance'::text, 'court_order'::text, 'credit_account'::text, 'duty'::text, 'nightly_run'::text, 'proposal'::text])))
);
COMMENT ON COLUMN desk_task.cause IS 'why it was opened; with subject and facts it makes the text that officers read';
COMMENT ON COLUMN desk_task.caused_by IS 'the officer whose act it is about; another person closes it';
COMMENT ON COLUMN desk_task.reason IS 'why it was closed, as the officer or the engine states it';
COMMENT ON COLUMN desk_task.reconciliation_id IS 'the comparison in which something differs';
CREATE INDEX desk_task_case ON desk_task (case_no);
CREATE INDEX desk_task_closed ON desk_task USING brin (closed_at);
CREATE UNIQUE INDEX desk_task_once ON desk_task (case_no, kind, subject_kind, subject_id, cause, facts) WHERE (state = 'open'::text);
CREATE UNIQUE INDEX desk_task_once_alarm ON desk_task (((facts ->> 'task_id'::text))) WHERE ((state = 'open'::text) AND (case_no IS NULL) AND (cause = 'task_unowned'::text));
CREATE UNIQUE INDEX desk_task_once_bank_call ON desk_task (institution, cause, facts) WHERE ((state = 'open'::text) AND (case_no IS NULL) AND (kind = 'phone_bank'::text));
CREATE UNIQUE INDEX desk_task_once_bank_work ON desk_task (institution, kind) WHERE ((state = 'open'::text) AND (case_no IS NULL) AND (kind <> 'phone_bank'::text) AND (cause <> 'task_unowned'::text));
CREATE UNIQUE INDEX desk_task_once_nightly_run ON desk_task (subject_id) WHERE ((state = 'open'::text) AND (subject_kind = 'nightly_run'::text));
CREATE UNIQUE INDEX desk_task_once_reconciliation ON desk_task (reconciliation_id);
CREATE INDEX desk_task_open ON desk_task (task_id) WHERE (state = 'open'::text);

CREATE TABLE directory_event (
    event_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    institution text NOT NULL,
    changes jsonb NOT NULL,
    proposal_id bigint DEFAULT (NULLIF(current_setting('goldenhour.proposal_id'::text, true), ''::text))::bigint,
    CONSTRAINT directory_event_pkey PRIMARY KEY (event_id),
    CONSTRAINT directory_event_actor_check CHECK (((actor <> ''::text) AND (length(actor) <= 200))),
    CONSTRAINT directory_event_changes_check CHECK (((jsonb_typeof(changes) = 'array'::text) AND (pg_column_size(changes) <= 262144))),
    CONSTRAINT directory_event_institution_check CHECK (((institution <> ''::text) AND (length(institution) <= 20))),
    CONSTRAINT directory_event_kind_check CHECK ((kind ~ '^[a-z_]{1,64}$'::text))
);
COMMENT ON TABLE directory_event IS 'who changed what of an institution; no secret';
COMMENT ON COLUMN directory_event.changes IS 'field, value before and value after';
COMMENT ON COLUMN directory_event.institution IS 'its code, or `*` for the holidays of all; it may be removed since';
CREATE INDEX directory_event_by_time ON directory_event (at, event_id);

CREATE TABLE directory_version (
    the_one boolean NOT NULL DEFAULT true,
    written_by xid8 NOT NULL,
    CONSTRAINT directory_version_pkey PRIMARY KEY (the_one),
    CONSTRAINT directory_version_the_one_check CHECK (the_one)
);
COMMENT ON COLUMN directory_version.written_by IS 'the transaction that last wrote an institution';

CREATE TABLE discrepancy (
    discrepancy_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    case_no text NOT NULL,
    hop_no integer,
    answer_id bigint,
    institution text NOT NULL,
    kind text NOT NULL,
    claimed_paise bigint NOT NULL,
    applied_paise bigint NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    CONSTRAINT discrepancy_pkey PRIMARY KEY (discrepancy_id)
);
CREATE INDEX discrepancy_case ON discrepancy (case_no);
CREATE INDEX discrepancy_institution ON discrepancy (institution, opened_at);

CREATE TABLE discrepancy_resolution (
    discrepancy_id bigint NOT NULL,
    resolution_no integer NOT NULL,
    replaces integer,
    decision text NOT NULL,
    reason text NOT NULL,
    settled_by text NOT NULL,
    settled_at timestamp with time zone NOT NULL,
    transaction_id bigint,
    from_held boolean NOT NULL,
    proposed_by text,
    CONSTRAINT discrepancy_resolution_pkey PRIMARY KEY (discrepancy_id, resolution_no),
    CONSTRAINT discrepancy_resolution_check CHECK ((NOT (replaces IS DISTINCT FROM NULLIF((resolution_no - 1), 0)))),
    CONSTRAINT discrepancy_resolution_check1 CHECK (((NOT from_held) OR (transaction_id IS NOT NULL))),
    CONSTRAINT discrepancy_resolution_decision_check CHECK ((decision = ANY (ARRAY['upheld_bank'::text, 'upheld_other'::text, 'corrected'::text, 'noted'::text]))),
    CONSTRAINT discrepancy_resolution_four_eyes CHECK (((NOT from_held) OR ((proposed_by IS NOT NULL) AND (proposed_by <> settled_by)))),
    CONSTRAINT discrepancy_resolution_resolution_no_check CHECK ((resolution_no > 0))
);
COMMENT ON COLUMN discrepancy_resolution.from_held IS 'whether it took money out of held, for which it takes two persons';

CREATE TABLE disputed_transfer (
    transfer_key text NOT NULL,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    reference_key text NOT NULL,
    CONSTRAINT disputed_transfer_pkey PRIMARY KEY (transfer_key)
);
CREATE INDEX disputed_transfer_reference ON disputed_transfer (reference_key);

CREATE TABLE document (
    document_id uuid NOT NULL,
    number text NOT NULL,
    kind text NOT NULL,
    case_no text NOT NULL,
    ack_no text,
    institution text,
    restoration_id uuid,
    grievance_id uuid,
    order_id uuid,
    hold_id uuid,
    request_id uuid,
    language text NOT NULL,
    template_version text NOT NULL,
    digest bytea NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    issued_by text NOT NULL,
    subject text NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    person_id uuid NOT NULL,
    sealed_facts sealed_value NOT NULL,
    sealed_pdf sealed_value NOT NULL,
    size_bytes integer NOT NULL,
    fir_no text,
    fir_copy_digest bytea,
    CONSTRAINT document_number_key UNIQUE (number),
    CONSTRAINT document_once UNIQUE (case_no, kind, subject, language, revision),
    CONSTRAINT document_pkey PRIMARY KEY (document_id),
    CONSTRAINT document_fir_is_named CHECK (((fir_no <> ''::text) AND (octet_length(fir_copy_digest) = 32))),
    CONSTRAINT document_kind CHECK ((kind = ANY (ARRAY['lien_notice'::text, 'magistrate_report'::text, 'follow_up'::text, 'notice_94'::text, 'notice_106'::text, 'notice_107'::text, 'restoration_application'::text, 'signed_application'::text, 'restoration_order'::text, 'release_order'::text, 'holder_notice'::text, 'status_letter'::text]))),
    CONSTRAINT document_language_check CHECK ((language = ANY (ARRAY['en'::text, 'hi'::text]))),
    CONSTRAINT document_revision_check CHECK ((revision > 0))
);
COMMENT ON COLUMN document.fir_copy_digest IS 'SHA-256 of the copy of the FIR that goes with it';
COMMENT ON COLUMN document.fir_no IS 'the number of the FIR that it names';
COMMENT ON COLUMN document.person_id IS 'the key of the case that seals it';
COMMENT ON COLUMN document.sealed_facts IS 'the facts, sealed';
COMMENT ON COLUMN document.sealed_pdf IS 'the PDF, sealed';
COMMENT ON COLUMN document.size_bytes IS 'the size of the PDF';
CREATE INDEX document_case ON document (case_no, issued_at DESC, document_id DESC);
CREATE INDEX document_complaint ON document (ack_no, issued_at DESC) WHERE (ack_no IS NOT NULL);

CREATE TABLE document_counter (
    series text NOT NULL,
    last_number bigint NOT NULL,
    CONSTRAINT document_counter_pkey PRIMARY KEY (series)
) WITH (fillfactor=50);

CREATE TABLE draft (
    draft_id uuid NOT NULL,
    source text NOT NULL,
    owner text,
    revision integer NOT NULL,
    person_id uuid NOT NULL,
    sealed sealed_value,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    sent_by text,
    ack_no text,
    sent_at timestamp with time zone,
    awaited text[] NOT NULL DEFAULT '{}'::text[],
    caller bytea,
    calls integer NOT NULL DEFAULT 0,
    last_call_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_as text,
    ended_by text,
    CONSTRAINT draft_pkey PRIMARY KEY (draft_id),
    CONSTRAINT draft_awaited_check CHECK ((awaited <@ ARRAY['name'::text, 'mobile'::text, 'email'::text, 'district'::text, 'language'::text, 'woman'::text, 'child'::text, 'senior'::text, 'category'::text])),
    CONSTRAINT draft_awaited_is_of_a_complaint CHECK (((awaited = '{}'::text[]) OR (ack_no IS NOT NULL))),
    CONSTRAINT draft_calls_are_whole CHECK ((((source = 'missed_call'::text) = (calls > 0)) AND ((calls > 0) = (last_call_at IS NOT NULL)))),
    CONSTRAINT draft_done_is_sent CHECK (((ended_as IS DISTINCT FROM 'done'::text) OR (ack_no IS NOT NULL))),
    CONSTRAINT draft_ended_as_check CHECK ((ended_as = ANY (ARRAY['done'::text, 'discarded'::text, 'forgotten'::text]))),
    CONSTRAINT draft_ended_is_forgotten CHECK ((((ended_at IS NULL) = (sealed IS NOT NULL)) AND ((ended_at IS NULL) OR (caller IS NULL)))),
    CONSTRAINT draft_ended_is_whole CHECK ((num_nulls(ended_at, ended_as, ended_by) = ANY (ARRAY[0, 3]))),
    CONSTRAINT draft_made_by_check CHECK ((made_by <> ''::text)),
    CONSTRAINT draft_of_caller_waits CHECK (((owner IS NULL) OR (caller IS NULL))),
    CONSTRAINT draft_of_public_form CHECK (((source = 'public_form'::text) = (NOT (owner IS DISTINCT FROM 'complainant'::text)))),
    CONSTRAINT draft_owner_check CHECK ((owner <> ''::text)),
    CONSTRAINT draft_revision_check CHECK ((revision > 0)),
    CONSTRAINT draft_sent_is_whole CHECK (((num_nulls(ack_no, sent_at) = ANY (ARRAY[0, 2])) AND ((ack_no IS NULL) OR (sent_by IS NOT NULL)))),
    CONSTRAINT draft_source_check CHECK ((source = ANY (ARRAY['call'::text, 'missed_call'::text, 'public_form'::text])))
);
COMMENT ON TABLE draft IS 'a complaint while it is typed: its content is sealed under a key of its own, which ends with it';
COMMENT ON COLUMN draft.awaited IS 'facts that the complaint does not have yet; each is filled in once';
COMMENT ON COLUMN draft.caller IS 'keyed digest of the number of a missed call, by which further calls are counted until an officer takes it';
COMMENT ON COLUMN draft.ended_as IS 'done: its complaint is sent and complete; discarded by its officer; forgotten by the policy';
COMMENT ON COLUMN draft.owner IS 'id of the officer whose it is; null for a missed call that no officer has taken';
COMMENT ON COLUMN draft.revision IS 'counts what was saved; a save names the one that it replaces';
COMMENT ON COLUMN draft.sent_by IS 'the officer in whose name the complaint is taken, however often it is sent';
CREATE UNIQUE INDEX draft_of_caller ON draft (caller) WHERE (caller IS NOT NULL);
CREATE UNIQUE INDEX draft_of_complaint ON draft (ack_no) WHERE (ack_no IS NOT NULL);
CREATE INDEX draft_of_owner ON draft (owner, made_at) WHERE (ended_at IS NULL);
CREATE INDEX draft_to_forget ON draft (saved_at) WHERE (ended_at IS NULL);
CREATE INDEX draft_waits ON draft (made_at) WHERE ((ended_at IS NULL) AND (owner IS NULL));

CREATE TABLE draft_handover (
    handover_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    draft_id uuid NOT NULL,
    from_officer text,
    to_officer text NOT NULL,
    at timestamp with time zone NOT NULL,
    sealed_note sealed_value,
    CONSTRAINT draft_handover_pkey PRIMARY KEY (handover_id),
    CONSTRAINT draft_handover_to_check CHECK (((to_officer <> ''::text) AND (to_officer <> from_officer)))
);
COMMENT ON TABLE draft_handover IS 'from which officer a draft went to which; from none when a missed call is taken';
COMMENT ON COLUMN draft_handover.sealed_note IS 'what the next officer has to know, sealed under the key of the draft';
CREATE INDEX draft_handover_draft ON draft_handover (draft_id, handover_id);

CREATE TABLE due_document (
    due_document_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    case_no text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    occasion text NOT NULL DEFAULT ''::text,
    restoration_id uuid,
    step text,
    visit_no integer,
    opened_at timestamp with time zone NOT NULL,
    state text NOT NULL DEFAULT 'waiting'::text,
    lacking text[] NOT NULL DEFAULT '{}'::text[],
    failure text NOT NULL DEFAULT ''::text,
    ended_at timestamp with time zone,
    CONSTRAINT due_document_case_no_kind_subject_occasion_key UNIQUE (case_no, kind, subject, occasion),
    CONSTRAINT due_document_pkey PRIMARY KEY (due_document_id),
    CONSTRAINT due_document_ended CHECK (((state = ANY (ARRAY['issued'::text, 'served'::text, 'overtaken'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT due_document_kind_check CHECK ((kind = ANY (ARRAY['lien_notice'::text, 'magistrate_report'::text, 'follow_up'::text, 'notice_107'::text, 'holder_notice'::text, 'status_letter'::text]))),
    CONSTRAINT due_document_lacking CHECK (((state = 'lacking'::text) = (cardinality(lacking) > 0))),
    CONSTRAINT due_document_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'lacking'::text, 'ready'::text, 'failed'::text, 'issued'::text, 'served'::text, 'overtaken'::text])))
) WITH (fillfactor=80);
CREATE INDEX due_document_of_visit ON due_document (restoration_id) WHERE (ended_at IS NULL);

CREATE TABLE duty (
    case_no text NOT NULL,
    kind text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    reminded_at timestamp with time zone,
    escalated_at timestamp with time zone,
    done_at timestamp with time zone,
    done_by text,
    document_id uuid,
    reason text NOT NULL DEFAULT ''::text,
    remind_at timestamp with time zone NOT NULL,
    escalate_at timestamp with time zone NOT NULL,
    issued_at timestamp with time zone,
    diary_no text,
    handed_in_at timestamp with time zone,
    CONSTRAINT duty_pkey PRIMARY KEY (case_no, kind),
    CONSTRAINT duty_diary_no_check CHECK ((diary_no <> ''::text)),
    CONSTRAINT duty_handed_in CHECK ((((diary_no IS NULL) = (handed_in_at IS NULL)) AND ((handed_in_at IS NULL) OR ((kind = 'magistrate_report'::text) AND (done_at IS NOT NULL))))),
    CONSTRAINT duty_in_order CHECK (((remind_at <= due_at) AND (due_at <= escalate_at))),
    CONSTRAINT duty_issued CHECK (((issued_at IS NULL) OR (document_id IS NOT NULL))),
    CONSTRAINT duty_kind_check CHECK ((kind = ANY (ARRAY['magistrate_report'::text, 'follow_up'::text, 'fir_signature'::text])))
) WITH (fillfactor=80);
CREATE INDEX duty_open ON duty (due_at) WHERE (done_at IS NULL);
CREATE INDEX duty_opened ON duty USING brin (opened_at);

CREATE TABLE evidence_key (
    key_sha256 text NOT NULL,
    pem text NOT NULL,
    first_signed_at timestamp with time zone NOT NULL,
    CONSTRAINT evidence_key_pkey PRIMARY KEY (key_sha256),
    CONSTRAINT evidence_key_check CHECK ((key_sha256 = encode(sha256(convert_to(pem, 'UTF8'::name)), 'hex'::text)))
);
COMMENT ON COLUMN evidence_key.key_sha256 IS 'SHA-256 of the key as openssl reads it, the fingerprint that is compared';

CREATE TABLE feed_counter (
    institution text NOT NULL,
    last_change_no bigint NOT NULL,
    CONSTRAINT feed_counter_pkey PRIMARY KEY (institution)
);

CREATE TABLE feed_entry (
    request_id uuid NOT NULL,
    institution text NOT NULL,
    status text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    change_no bigint,
    version integer NOT NULL DEFAULT 0,
    acknowledged_at timestamp with time zone,
    is_answered boolean NOT NULL DEFAULT false,
    CONSTRAINT feed_entry_pkey PRIMARY KEY (request_id),
    CONSTRAINT feed_entry_change_no_check CHECK ((change_no > 0)),
    CONSTRAINT feed_entry_check CHECK (((change_no IS NULL) OR (version > 0))),
    CONSTRAINT feed_entry_status_check CHECK ((status = ANY (ARRAY['open'::text, 'answered'::text, 'stopped'::text]))),
    CONSTRAINT feed_entry_version_check CHECK ((version >= 0))
) WITH (fillfactor=80);
COMMENT ON COLUMN feed_entry.change_no IS 'its place in the bank''s feed; null until a change that is committed is numbered';
COMMENT ON COLUMN feed_entry.is_answered IS 'whether the bank has answered the request, in full or in part';
COMMENT ON COLUMN feed_entry.version IS 'counts the states that a reader of the feed can have seen';
CREATE INDEX feed_entry_answered ON feed_entry (institution, change_no) WHERE is_answered;
CREATE INDEX feed_entry_by_status ON feed_entry (institution, status, change_no);
CREATE UNIQUE INDEX feed_entry_order ON feed_entry (institution, change_no);
CREATE INDEX feed_entry_to_number ON feed_entry (institution, changed_at) WHERE (change_no IS NULL);

CREATE TABLE feed_key (
    institution text NOT NULL,
    idempotency_key text NOT NULL,
    body_digest bytea NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    reply jsonb,
    CONSTRAINT feed_key_pkey PRIMARY KEY (institution, idempotency_key)
);
COMMENT ON COLUMN feed_key.reply IS 'null while the body is being taken';
CREATE INDEX feed_key_seen ON feed_key (seen_at);

CREATE TABLE fir (
    fir_id uuid NOT NULL,
    case_no text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    fir_no text,
    police_station text NOT NULL DEFAULT ''::text,
    sections text[] NOT NULL DEFAULT '{}'::text[],
    requested_at timestamp with time zone NOT NULL,
    requested_by text NOT NULL,
    registered_at timestamp with time zone,
    sign_by timestamp with time zone,
    signed_at timestamp with time zone,
    refusal text NOT NULL DEFAULT ''::text,
    document_digest bytea,
    CONSTRAINT fir_pkey PRIMARY KEY (fir_id),
    CONSTRAINT fir_check CHECK (((state = ANY (ARRAY['registered'::text, 'signed'::text, 'lapsed'::text])) = (fir_no IS NOT NULL))),
    CONSTRAINT fir_check1 CHECK (((fir_no IS NULL) = (registered_at IS NULL))),
    CONSTRAINT fir_check2 CHECK (((state = 'signed'::text) <= (signed_at IS NOT NULL))),
    CONSTRAINT fir_document_digest_check CHECK ((octet_length(document_digest) = 32)),
    CONSTRAINT fir_kind_check CHECK ((kind = ANY (ARRAY['fir'::text, 'zero_fir'::text, 'e_zero_fir'::text]))),
    CONSTRAINT fir_state_check CHECK ((state = ANY (ARRAY['requested'::text, 'registered'::text, 'signed'::text, 'lapsed'::text, 'refused'::text, 'cancelled'::text])))
) WITH (fillfactor=80);
CREATE INDEX fir_case ON fir (case_no);
CREATE UNIQUE INDEX fir_one_live ON fir (case_no) WHERE (state = ANY (ARRAY['requested'::text, 'registered'::text, 'signed'::text]));

CREATE TABLE fir_copy (
    case_no text NOT NULL,
    digest bytea NOT NULL,
    fir_id uuid NOT NULL,
    person_id uuid NOT NULL,
    sealed sealed_value NOT NULL,
    CONSTRAINT fir_copy_pkey PRIMARY KEY (case_no, digest)
);
COMMENT ON COLUMN fir_copy.person_id IS 'the key of the case that seals it';
COMMENT ON COLUMN fir_copy.sealed IS 'the copy, sealed';

CREATE TABLE grievance (
    grievance_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    case_no text NOT NULL,
    state text NOT NULL,
    level text NOT NULL,
    language text NOT NULL,
    policy jsonb NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    released_paise bigint,
    reason text NOT NULL DEFAULT ''::text,
    serial_no bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    filed_by text NOT NULL,
    person_id uuid NOT NULL,
    sealed_text sealed_value NOT NULL,
    sealed_contact sealed_value,
    CONSTRAINT grievance_serial_no_key UNIQUE (serial_no),
    CONSTRAINT grievance_pkey PRIMARY KEY (grievance_id),
    CONSTRAINT grievance_check CHECK (((state = 'open'::text) = (ended_at IS NULL))),
    CONSTRAINT grievance_check1 CHECK (((state = ANY (ARRAY['part_released'::text, 'released'::text])) = (released_paise IS NOT NULL))),
    CONSTRAINT grievance_language_check CHECK ((language = ANY (ARRAY['en'::text, 'hi'::text]))),
    CONSTRAINT grievance_level_check CHECK ((level = ANY (ARRAY['bank'::text, 'io'::text, 'dy_sp'::text, 'district_gro'::text, 'state_gro'::text]))),
    CONSTRAINT grievance_released_paise_check CHECK ((released_paise > 0)),
    CONSTRAINT grievance_state_check CHECK ((state = ANY (ARRAY['open'::text, 'upheld'::text, 'part_released'::text, 'released'::text, 'withdrawn'::text, 'overtaken'::text])))
) WITH (fillfactor=80);
COMMENT ON COLUMN grievance.filed_by IS 'who entered it: `holder`, or an officer';
COMMENT ON COLUMN grievance.sealed_contact IS 'the contact that the text names, sealed in the same way; null without one';
COMMENT ON COLUMN grievance.sealed_text IS 'the text, sealed under the key of the account holder';
COMMENT ON COLUMN grievance.serial_no IS 'what the holder is told as the number';
CREATE INDEX grievance_by_hold ON grievance (hold_id, opened_at);
CREATE INDEX grievance_case ON grievance (case_no);
CREATE UNIQUE INDEX grievance_one_open ON grievance (hold_id) WHERE (state = 'open'::text);
CREATE INDEX grievance_open ON grievance (opened_at, grievance_id) WHERE (state = 'open'::text);

CREATE TABLE grievance_level (
    grievance_id uuid NOT NULL,
    level text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    outcome text,
    finding text NOT NULL DEFAULT ''::text,
    kyc text,
    decision text,
    released_paise bigint,
    overdue_at timestamp with time zone,
    place bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    opened_by text,
    person_id uuid,
    sealed_said sealed_value,
    CONSTRAINT grievance_level_pkey PRIMARY KEY (grievance_id, level),
    CONSTRAINT grievance_level_check1 CHECK (((ended_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT grievance_level_decided CHECK (((outcome = 'decided'::text) = (decision IS NOT NULL))),
    CONSTRAINT grievance_level_decision_check CHECK ((decision = ANY (ARRAY['upheld'::text, 'part_released'::text, 'released'::text]))),
    CONSTRAINT grievance_level_in_order CHECK ((opened_at < due_at)),
    CONSTRAINT grievance_level_kyc_check CHECK ((kyc = ANY (ARRAY['genuine'::text, 'doubtful'::text, 'not_known'::text]))),
    CONSTRAINT grievance_level_let_go CHECK (((decision = ANY (ARRAY['part_released'::text, 'released'::text])) = (released_paise IS NOT NULL))),
    CONSTRAINT grievance_level_outcome_check CHECK ((outcome = ANY (ARRAY['reported'::text, 'decided'::text, 'escalated'::text, 'withdrawn'::text, 'overtaken'::text]))),
    CONSTRAINT grievance_level_released_paise_check CHECK ((released_paise > 0)),
    CONSTRAINT grievance_level_reported CHECK (((outcome = 'reported'::text) = (kyc IS NOT NULL))),
    CONSTRAINT grievance_level_sealed_is_whole CHECK ((num_nulls(person_id, sealed_said) = ANY (ARRAY[0, 2])))
) WITH (fillfactor=80);
COMMENT ON COLUMN grievance_level.opened_by IS 'who took the appeal to this level: `holder`, or an officer';
COMMENT ON COLUMN grievance_level.overdue_at IS 'when the supervisor was told that the highest level has let its time pass';
COMMENT ON COLUMN grievance_level.sealed_said IS 'what the holder says against the decision of the level below, sealed under the key of the account holder; null if nothing';
CREATE UNIQUE INDEX grievance_level_one_open ON grievance_level (grievance_id) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX grievance_level_other_eyes ON grievance_level (grievance_id, ended_by) WHERE (outcome = 'decided'::text);

CREATE TABLE grievance_officer (
    level text NOT NULL,
    district text NOT NULL,
    name text NOT NULL,
    phone text NOT NULL,
    email text NOT NULL,
    written_at timestamp with time zone NOT NULL,
    written_by text NOT NULL,
    CONSTRAINT grievance_officer_pkey PRIMARY KEY (level, district),
    CONSTRAINT grievance_officer_check CHECK (((level = 'state_gro'::text) = (district = ''::text))),
    CONSTRAINT grievance_officer_check1 CHECK (((phone <> ''::text) OR (email <> ''::text))),
    CONSTRAINT grievance_officer_level_check CHECK ((level = ANY (ARRAY['dy_sp'::text, 'district_gro'::text, 'state_gro'::text]))),
    CONSTRAINT grievance_officer_name_check CHECK ((name <> ''::text))
);

CREATE TABLE hearing_waiver (
    restoration_id uuid NOT NULL,
    visit_no integer NOT NULL,
    hold_id uuid NOT NULL,
    document_digest bytea NOT NULL,
    reason text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    contradict_until timestamp with time zone NOT NULL,
    person_id uuid NOT NULL,
    sealed_document sealed_value NOT NULL,
    CONSTRAINT hearing_waiver_pkey PRIMARY KEY (restoration_id, visit_no, hold_id),
    CONSTRAINT hearing_waiver_check1 CHECK ((contradict_until > recorded_at)),
    CONSTRAINT hearing_waiver_reason_check CHECK ((reason <> ''::text)),
    CONSTRAINT hearing_waiver_visit_no_check CHECK ((visit_no > 0))
);
COMMENT ON TABLE hearing_waiver IS 'Statements of account holders that they waive the rest of the time to object, for one visit of the holder''s notice.';
COMMENT ON COLUMN hearing_waiver.contradict_until IS 'until when the holder, who is told, can say that it is not so';
COMMENT ON COLUMN hearing_waiver.person_id IS 'the key of the case that seals its document';
COMMENT ON COLUMN hearing_waiver.sealed_document IS 'the document, sealed';
CREATE INDEX hearing_waiver_hold ON hearing_waiver (hold_id);

CREATE TABLE held_hop (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    held_at timestamp with time zone NOT NULL,
    hold_opened_at timestamp with time zone,
    reported_paise bigint NOT NULL DEFAULT 0,
    CONSTRAINT held_hop_pkey PRIMARY KEY (case_no, hop_no),
    CONSTRAINT held_hop_reported_paise_check CHECK ((reported_paise >= 0))
) WITH (fillfactor=80);
CREATE INDEX held_hop_not_taken_up ON held_hop (held_at) WHERE (hold_opened_at IS NULL);

CREATE TABLE hold_request (
    request_id uuid NOT NULL,
    case_no text NOT NULL,
    batch_no integer NOT NULL,
    institution text NOT NULL,
    state text NOT NULL,
    job_id text,
    level text,
    planned_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    delivered_at timestamp with time zone,
    first_answered_at timestamp with time zone,
    closed_at timestamp with time zone,
    refusal_code text,
    refusal_message text,
    level_at timestamp with time zone,
    channel text,
    round integer NOT NULL DEFAULT 0,
    CONSTRAINT hold_request_case_no_batch_no_institution_key UNIQUE (case_no, batch_no, institution),
    CONSTRAINT hold_request_pkey PRIMARY KEY (request_id),
    CONSTRAINT hold_request_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'delivered'::text, 'refused'::text, 'answered'::text, 'stopped'::text, 'superseded'::text])))
) WITH (fillfactor=80);
CREATE INDEX hold_request_planned ON hold_request (planned_at);
CREATE INDEX hold_request_sent ON hold_request (sent_at, institution);

CREATE TABLE holder_contact (
    hold_id uuid NOT NULL,
    told_at timestamp with time zone NOT NULL,
    told_to text NOT NULL,
    person_id uuid NOT NULL,
    sealed sealed_value NOT NULL,
    CONSTRAINT holder_contact_pkey PRIMARY KEY (hold_id)
);
COMMENT ON COLUMN holder_contact.sealed IS 'phone and e-mail address, sealed under the key of the account holder';

CREATE TABLE holder_contact_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    hold_id uuid NOT NULL,
    told_at timestamp with time zone NOT NULL,
    told_to text NOT NULL,
    person_id uuid NOT NULL,
    sealed sealed_value NOT NULL,
    CONSTRAINT holder_contact_change_pkey PRIMARY KEY (change_id)
);
COMMENT ON TABLE holder_contact_change IS 'Every contact of an account holder that an officer has entered.';
COMMENT ON COLUMN holder_contact_change.sealed IS 'phone and e-mail address, sealed under the key of the account holder';
CREATE INDEX holder_contact_change_hold ON holder_contact_change (hold_id);

CREATE TABLE holder_key (
    person_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    CONSTRAINT holder_key_pkey PRIMARY KEY (person_id)
);
COMMENT ON TABLE holder_key IS 'The keys of account holders: whose hold each is of.';
CREATE INDEX holder_key_hold ON holder_key (hold_id);

CREATE TABLE hop (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    revision integer NOT NULL DEFAULT 0,
    parent_hop_no integer,
    layer integer NOT NULL,
    source text NOT NULL,
    state text NOT NULL,
    institution text,
    payer_institution_as_told text NOT NULL,
    payer_holder text NOT NULL,
    payee_institution_as_told text NOT NULL,
    payee_holder text NOT NULL,
    payee_ifsc text,
    account_key text NOT NULL,
    reference text NOT NULL,
    reference_key text NOT NULL,
    mode text NOT NULL,
    amount_paise bigint NOT NULL,
    disputed_paise bigint NOT NULL,
    transferred_at timestamp with time zone NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    opened_by_answer bigint,
    flags jsonb NOT NULL DEFAULT '[]'::jsonb,
    ack_no text NOT NULL,
    waiting_since timestamp with time zone,
    reminded_at timestamp with time zone,
    looked_up_at timestamp with time zone,
    asked_anew integer,
    payer_ifsc text,
    CONSTRAINT hop_pkey PRIMARY KEY (case_no, hop_no),
    CONSTRAINT hop_amount_paise_check CHECK ((amount_paise > 0)),
    CONSTRAINT hop_check CHECK ((disputed_paise <= amount_paise)),
    CONSTRAINT hop_check1 CHECK (((state = 'unroutable'::text) <= (institution IS NULL))),
    CONSTRAINT hop_check2 CHECK (((parent_hop_no IS NULL) OR (parent_hop_no < hop_no))),
    CONSTRAINT hop_disputed_paise_check CHECK ((disputed_paise > 0)),
    CONSTRAINT hop_hop_no_check CHECK ((hop_no > 0)),
    CONSTRAINT hop_layer_check CHECK ((layer > 0)),
    CONSTRAINT hop_source_check CHECK ((source = ANY (ARRAY['complaint'::text, 'answer'::text, 'desk'::text]))),
    CONSTRAINT hop_state_check CHECK ((state = ANY (ARRAY['open'::text, 'asked'::text, 'correction'::text, 'unroutable'::text, 'closed'::text]))),
    CONSTRAINT hop_waiting_check CHECK (((state = ANY (ARRAY['correction'::text, 'unroutable'::text])) = (waiting_since IS NOT NULL)))
) WITH (fillfactor=80);
COMMENT ON COLUMN hop.ack_no IS 'the complaint whose money it is: that of the victim''s own transfer, and of every hop below it';
COMMENT ON COLUMN hop.asked_anew IS 'how often a resolution put money of it back in play; null for never';
COMMENT ON COLUMN hop.looked_up_at IS 'the state of the directory (its last change) in which no institution was found for it';
COMMENT ON COLUMN hop.reminded_at IS 'when the supervisor was told that it waits';
COMMENT ON COLUMN hop.waiting_since IS 'since when the hop waits for the desk, counted again with each revision; null when it does not wait';
CREATE INDEX hop_account_of_any_bank ON hop (account_key, institution, case_no, hop_no);
CREATE INDEX hop_reference ON hop (reference_key) WHERE ((reference_key <> ''::text) AND (parent_hop_no IS NOT NULL));
CREATE INDEX hop_to_look_up ON hop (looked_up_at, waiting_since) WHERE (state = 'unroutable'::text);
CREATE INDEX hop_to_remind ON hop (waiting_since) WHERE ((waiting_since IS NOT NULL) AND (reminded_at IS NULL));
CREATE INDEX hop_to_write_off ON hop (waiting_since) WHERE (waiting_since IS NOT NULL);

CREATE TABLE hop_correction (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    revision integer NOT NULL,
    corrected_at timestamp with time zone NOT NULL,
    corrected_by text NOT NULL,
    ack_no text,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    CONSTRAINT hop_correction_pkey PRIMARY KEY (case_no, hop_no, revision),
    CONSTRAINT hop_correction_revision_check CHECK ((revision > 0))
);
COMMENT ON TABLE hop_correction IS 'each correction of a hop: the changed columns before and after it';
COMMENT ON COLUMN hop_correction.ack_no IS 'the complaint that corrected it; null for an officer''s correction';
COMMENT ON COLUMN hop_correction.revision IS 'revision of the hop after the correction';

CREATE TABLE hop_raise (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    ack_no text NOT NULL,
    amount_paise bigint NOT NULL,
    told_at timestamp with time zone NOT NULL,
    CONSTRAINT hop_raise_pkey PRIMARY KEY (case_no, hop_no),
    CONSTRAINT hop_raise_amount_check CHECK ((amount_paise > 0))
);
COMMENT ON TABLE hop_raise IS 'the largest amount told of a transfer whose bank does not have the first request yet';
COMMENT ON COLUMN hop_raise.ack_no IS 'the complaint that tells it';
CREATE INDEX hop_raise_told ON hop_raise (told_at);

CREATE TABLE hop_retry (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    retries integer NOT NULL DEFAULT 0,
    due_at timestamp with time zone,
    CONSTRAINT hop_retry_pkey PRIMARY KEY (case_no, hop_no),
    CONSTRAINT hop_retry_retries_check CHECK ((retries >= 0))
);
COMMENT ON COLUMN hop_retry.due_at IS 'when it is asked again; none is due if null';
COMMENT ON COLUMN hop_retry.retries IS 'how often the bank was asked again';
CREATE INDEX hop_retry_due ON hop_retry (due_at) WHERE (due_at IS NOT NULL);

CREATE TABLE institution (
    code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    answer_class text NOT NULL,
    ifsc_prefixes text[] NOT NULL DEFAULT '{}'::text[],
    vpa_handles text[] NOT NULL DEFAULT '{}'::text[],
    aliases text[] NOT NULL DEFAULT '{}'::text[],
    desk_email text NOT NULL DEFAULT ''::text,
    inbound_email text,
    inbound_password_hash text,
    updated_at timestamp with time zone NOT NULL,
    sponsor text,
    account_prefixes text[] NOT NULL DEFAULT '{}'::text[],
    signature_only_from timestamp with time zone,
    calls_at_once integer,
    calls_a_second double precision,
    login_no integer NOT NULL DEFAULT 0,
    answers_by_two boolean NOT NULL DEFAULT false,
    CONSTRAINT institution_inbound_email_key UNIQUE (inbound_email),
    CONSTRAINT institution_pkey PRIMARY KEY (code),
    CONSTRAINT institution_accounts_at_a_sponsor CHECK (((sponsor IS NOT NULL) OR (account_prefixes = '{}'::text[]))),
    CONSTRAINT institution_calls_a_second CHECK (((calls_a_second > (0)::double precision) AND (calls_a_second <= (1000)::double precision))),
    CONSTRAINT institution_calls_at_once CHECK (((calls_at_once >= 1) AND (calls_at_once <= 1000))),
    CONSTRAINT institution_not_its_own_sponsor CHECK ((sponsor <> code))
);
COMMENT ON COLUMN institution.answers_by_two IS 'whether a reply in the inbox needs two people of the bank; a hold alone needs one';
COMMENT ON COLUMN institution.calls_a_second IS 'most calls of ours to this bank in a second; null: no limit of its own';
COMMENT ON COLUMN institution.calls_at_once IS 'most calls of ours to this bank at a time; null: no limit of its own';
COMMENT ON COLUMN institution.login_no IS 'number of its login at our API: one higher with each other e-mail or password';
COMMENT ON COLUMN institution.signature_only_from IS 'from this time a token does not open the feed to this bank; null: a token is enough';

CREATE TABLE institution_channel (
    institution text NOT NULL,
    channel text NOT NULL,
    "position" integer NOT NULL,
    sealed sealed_under_secret_key,
    CONSTRAINT institution_channel_institution_position_key UNIQUE (institution, "position") DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT institution_channel_pkey PRIMARY KEY (institution, channel),
    CONSTRAINT institution_channel_channel_check CHECK ((channel = ANY (ARRAY['i4c'::text, 'push'::text, 'pull'::text, 'iso20022'::text, 'email'::text]))),
    CONSTRAINT institution_channel_position_check CHECK (("position" >= 0))
);

CREATE TABLE ledger_balance (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    bucket text NOT NULL,
    balance_paise bigint NOT NULL,
    CONSTRAINT ledger_balance_pkey PRIMARY KEY (case_no, hop_no, bucket),
    CONSTRAINT ledger_balance_sign CHECK (
CASE
    WHEN (bucket = ANY (ARRAY['lost'::text, 'proposed'::text])) THEN (balance_paise <= 0)
    ELSE (balance_paise >= 0)
END)
) WITH (fillfactor=70);

CREATE TABLE ledger_entry (
    transaction_id bigint NOT NULL,
    line_no integer NOT NULL,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    bucket text NOT NULL,
    amount_paise bigint NOT NULL,
    CONSTRAINT ledger_entry_pkey PRIMARY KEY (transaction_id, line_no),
    CONSTRAINT ledger_entry_amount_paise_check CHECK ((amount_paise <> 0)),
    CONSTRAINT ledger_entry_bucket_check CHECK ((bucket = ANY (ARRAY['lost'::text, 'proposed'::text, 'in_play'::text, 'held'::text, 'withdrawn'::text, 'spent'::text, 'refused'::text, 'untraced'::text, 'restored'::text, 'released'::text])))
);
CREATE INDEX ledger_entry_case ON ledger_entry (case_no);

CREATE TABLE ledger_transaction (
    transaction_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    case_no text NOT NULL,
    kind text NOT NULL,
    idempotency_key text NOT NULL,
    payload_digest bytea NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT ledger_transaction_idempotency_key_key UNIQUE (idempotency_key),
    CONSTRAINT ledger_transaction_pkey PRIMARY KEY (transaction_id)
);
CREATE INDEX ledger_transaction_at ON ledger_transaction USING brin (at);
CREATE INDEX ledger_transaction_case ON ledger_transaction (case_no, transaction_id);

CREATE TABLE lien_inquiry (
    inquiry_id uuid NOT NULL,
    institution text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    asked_by text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    supervisor_at timestamp with time zone NOT NULL,
    way text,
    put_at timestamp with time zone,
    desk_told_at timestamp with time zone,
    supervisor_told_at timestamp with time zone,
    outcome text,
    closed_at timestamp with time zone,
    tried_at timestamp with time zone,
    CONSTRAINT lien_inquiry_pkey PRIMARY KEY (inquiry_id),
    CONSTRAINT lien_inquiry_check CHECK (((asked_at < due_at) AND (due_at < supervisor_at))),
    CONSTRAINT lien_inquiry_check1 CHECK (((way IS NULL) = (put_at IS NULL))),
    CONSTRAINT lien_inquiry_check2 CHECK (((outcome IS NULL) = (closed_at IS NULL))),
    CONSTRAINT lien_inquiry_outcome_check CHECK ((outcome = ANY (ARRAY['answered'::text, 'unanswered'::text]))),
    CONSTRAINT lien_inquiry_way_check CHECK ((way = ANY (ARRAY['push'::text, 'pull'::text, 'email'::text, 'phone'::text])))
);
COMMENT ON COLUMN lien_inquiry.tried_at IS 'when a round last took the inquiry to send it; null if none did';
CREATE INDEX lien_inquiry_institution ON lien_inquiry (institution, asked_at);
CREATE UNIQUE INDEX lien_inquiry_one_open ON lien_inquiry (institution) WHERE (closed_at IS NULL);
CREATE INDEX lien_inquiry_open ON lien_inquiry (due_at) WHERE (closed_at IS NULL);

CREATE TABLE lien_list (
    list_no bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    institution text NOT NULL,
    list_id text NOT NULL,
    inquiry_id uuid,
    as_of timestamp with time zone NOT NULL,
    pages integer NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    CONSTRAINT lien_list_institution_list_id_key UNIQUE (institution, list_id),
    CONSTRAINT lien_list_list_no_pages_key UNIQUE (list_no, pages),
    CONSTRAINT lien_list_pkey PRIMARY KEY (list_no),
    CONSTRAINT lien_list_list_id_check CHECK ((list_id <> ''::text)),
    CONSTRAINT lien_list_pages_check CHECK (((pages >= 1) AND (pages <= 200)))
);
CREATE INDEX lien_list_begun ON lien_list (begun_at);

CREATE TABLE lien_list_page (
    list_no bigint NOT NULL,
    page integer NOT NULL,
    pages integer NOT NULL,
    liens jsonb NOT NULL,
    digest bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT lien_list_page_pkey PRIMARY KEY (list_no, page),
    CONSTRAINT lien_list_page_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT lien_list_page_liens_check CHECK ((jsonb_typeof(liens) = 'array'::text)),
    CONSTRAINT lien_list_page_of_pages CHECK ((page <= pages)),
    CONSTRAINT lien_list_page_page_check CHECK ((page > 0))
);

CREATE TABLE lien_round (
    institution text NOT NULL,
    slot_at timestamp with time zone NOT NULL,
    CONSTRAINT lien_round_pkey PRIMARY KEY (institution)
) WITH (fillfactor=80);

CREATE TABLE message (
    message_id uuid NOT NULL,
    case_no text NOT NULL,
    kind text NOT NULL,
    to_whom text NOT NULL,
    medium text NOT NULL,
    address text NOT NULL,
    language text NOT NULL,
    subject text NOT NULL DEFAULT ''::text,
    body text NOT NULL,
    natural_key text NOT NULL,
    written_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    expires_at timestamp with time zone,
    person_id uuid,
    sealed_head sealed_value,
    sealed_body sealed_value,
    CONSTRAINT message_natural_key_key UNIQUE (natural_key),
    CONSTRAINT message_pkey PRIMARY KEY (message_id),
    CONSTRAINT message_address_check CHECK ((address <> ''::text)),
    CONSTRAINT message_body_check CHECK (((body <> ''::text) OR ("right"(kind, 5) = '_code'::text))),
    CONSTRAINT message_language_check CHECK ((language = ANY (ARRAY['en'::text, 'hi'::text]))),
    CONSTRAINT message_medium_check CHECK ((medium = ANY (ARRAY['sms'::text, 'email'::text]))),
    CONSTRAINT message_is_sealed CHECK (((sealed_head IS NOT NULL) OR (to_whom <> ALL (ARRAY['victim'::text, 'holder'::text])))),
    CONSTRAINT message_sealed_has_nothing_in_clear CHECK (((sealed_head IS NULL) OR ((address = '…'::text) AND (subject = ''::text) AND (body = CASE WHEN (sealed_body IS NULL) THEN ''::text ELSE '…'::text END)))),
    CONSTRAINT message_sealed_is_whole CHECK (((num_nulls(person_id, sealed_head) = ANY (ARRAY[0, 2])) AND ((sealed_body IS NULL) OR (person_id IS NOT NULL)))),
    CONSTRAINT message_to_whom_check CHECK ((to_whom = ANY (ARRAY['victim'::text, 'holder'::text, 'bank'::text, 'io'::text, 'officer'::text])))
) WITH (fillfactor=80);
COMMENT ON COLUMN message.body IS 'the text of a message to an office; … where it is sealed';
COMMENT ON COLUMN message.expires_at IS 'from then on it is sent no more, and its text is blank; null: it is kept';
COMMENT ON COLUMN message.person_id IS 'the victim or account holder whose key seals it; null for a message to an office';
COMMENT ON COLUMN message.sealed_body IS 'text, sealed; null once it is blank';
COMMENT ON COLUMN message.sealed_head IS 'address and subject, sealed';
CREATE INDEX message_by_time ON message (written_at, message_id);
CREATE INDEX message_case ON message (case_no);
CREATE INDEX message_to_expire ON message (expires_at) WHERE ((body <> ''::text) AND (expires_at IS NOT NULL));
CREATE INDEX message_unsent ON message (written_at) WHERE (sent_at IS NULL);

CREATE TABLE message_document (
    message_id uuid NOT NULL,
    place integer NOT NULL,
    document_id uuid NOT NULL,
    CONSTRAINT message_document_pkey PRIMARY KEY (message_id, place),
    CONSTRAINT message_document_place_check CHECK ((place > 0))
);

CREATE TABLE nightly_run (
    run_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    work text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    outcome text,
    cases bigint,
    violations bigint,
    first_case text,
    unopened bigint,
    digest text,
    failure text,
    CONSTRAINT nightly_run_pkey PRIMARY KEY (run_id),
    CONSTRAINT nightly_run_anchored CHECK (((digest IS NOT NULL) = ((work = 'anchor'::text) AND (outcome IS NOT NULL) AND (outcome = 'clean'::text)))),
    CONSTRAINT nightly_run_broken CHECK ((((violations IS NOT NULL) = ((outcome IS NOT NULL) AND (outcome = 'broken'::text))) AND ((first_case IS NOT NULL) = (violations IS NOT NULL)) AND ((violations IS NULL) OR (work = 'verify'::text)))),
    CONSTRAINT nightly_run_cases_check CHECK ((cases >= 0)),
    CONSTRAINT nightly_run_clean CHECK (((cases IS NOT NULL) = ((outcome IS NOT NULL) AND (outcome = ANY (ARRAY['clean'::text, 'broken'::text]))))),
    CONSTRAINT nightly_run_digest_check CHECK ((digest ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT nightly_run_ended CHECK ((((ended_at IS NULL) = (outcome IS NULL)) AND (ended_at >= started_at))),
    CONSTRAINT nightly_run_failed CHECK (((failure IS NOT NULL) = ((outcome IS NOT NULL) AND (outcome = 'failed'::text)))),
    CONSTRAINT nightly_run_failure_check CHECK (((length(failure) >= 1) AND (length(failure) <= 200))),
    CONSTRAINT nightly_run_outcome_check CHECK ((outcome = ANY (ARRAY['clean'::text, 'broken'::text, 'failed'::text, 'interrupted'::text]))),
    CONSTRAINT nightly_run_unopened CHECK (((unopened IS NULL) OR (violations IS NOT NULL))),
    CONSTRAINT nightly_run_unopened_check CHECK ((unopened > 0)),
    CONSTRAINT nightly_run_violations_check CHECK ((violations > 0)),
    CONSTRAINT nightly_run_work_check CHECK ((work = ANY (ARRAY['verify'::text, 'anchor'::text])))
);
COMMENT ON TABLE nightly_run IS 'nightly verifications and anchors; one at most of each is under way';
COMMENT ON COLUMN nightly_run.digest IS 'SHA-256 of the list of last hashes that an anchor wrote';
COMMENT ON COLUMN nightly_run.failure IS 'name of the error';
COMMENT ON COLUMN nightly_run.first_case IS 'the first case in which a rule is violated';
COMMENT ON COLUMN nightly_run.outcome IS 'clean; broken: a rule is violated in a case; failed: an error ended it; interrupted: its process ended first';
COMMENT ON COLUMN nightly_run.unopened IS 'messages to and from banks that no key of the worker opened';
CREATE INDEX nightly_run_clean_at ON nightly_run (work, ended_at) WHERE (outcome = 'clean'::text);
CREATE INDEX nightly_run_newest ON nightly_run (work, run_id);
CREATE UNIQUE INDEX nightly_run_one ON nightly_run (work) WHERE (ended_at IS NULL);

CREATE TABLE nodal_officer (
    officer_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    institution text NOT NULL,
    call_order integer NOT NULL,
    name text NOT NULL DEFAULT ''::text,
    role text NOT NULL DEFAULT ''::text,
    email text NOT NULL DEFAULT ''::text,
    mobile text NOT NULL DEFAULT ''::text,
    works_on_holidays boolean NOT NULL DEFAULT false,
    CONSTRAINT nodal_officer_institution_call_order_key UNIQUE (institution, call_order),
    CONSTRAINT nodal_officer_pkey PRIMARY KEY (officer_id),
    CONSTRAINT nodal_officer_call_order_check CHECK ((call_order > 0)),
    CONSTRAINT nodal_officer_check CHECK (((name <> ''::text) OR (email <> ''::text) OR (mobile <> ''::text)))
);

CREATE TABLE notice_seen (
    officer_id text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    CONSTRAINT notice_seen_pkey PRIMARY KEY (officer_id)
);
COMMENT ON TABLE notice_seen IS 'until when an officer has seen the notices of work items';

CREATE TABLE notice_setting (
    officer_id text NOT NULL,
    setting jsonb,
    person_id uuid,
    sealed_webhook sealed_value,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT notice_setting_pkey PRIMARY KEY (officer_id),
    CONSTRAINT notice_setting_changed_by_check CHECK ((changed_by <> ''::text)),
    CONSTRAINT notice_setting_size CHECK ((pg_column_size(setting) <= 8192)),
    CONSTRAINT notice_setting_webhook_is_sealed CHECK (((person_id IS NULL) = (sealed_webhook IS NULL)))
);
COMMENT ON TABLE notice_setting IS 'how an officer is told of work items';
COMMENT ON COLUMN notice_setting.sealed_webhook IS 'address and secret of the officer''s webhook, sealed under a key of their own';
COMMENT ON COLUMN notice_setting.setting IS 'null: the setting of the policy for the officer''s roles';
CREATE INDEX notice_setting_person ON notice_setting (person_id) WHERE (person_id IS NOT NULL);

CREATE TABLE objection (
    objection_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    restoration_id uuid NOT NULL,
    hold_id uuid,
    by_whom text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    received_by text NOT NULL,
    decision text,
    decided_at timestamp with time zone,
    decided_by text,
    reason text NOT NULL DEFAULT ''::text,
    person_id uuid NOT NULL,
    sealed_text sealed_value NOT NULL,
    CONSTRAINT objection_pkey PRIMARY KEY (objection_id),
    CONSTRAINT objection_by_whom_check CHECK ((by_whom = ANY (ARRAY['holder'::text, 'bank'::text, 'victim'::text, 'other'::text]))),
    CONSTRAINT objection_names_hold CHECK (((hold_id IS NOT NULL) OR (by_whom <> ALL (ARRAY['holder'::text, 'bank'::text])))),
    CONSTRAINT objection_decided CHECK ((num_nulls(decision, decided_by, decided_at) = ANY (ARRAY[0, 3]))),
    CONSTRAINT objection_decision_check CHECK ((decision = ANY (ARRAY['upheld'::text, 'dismissed'::text])))
);
COMMENT ON COLUMN objection.sealed_text IS 'the text, sealed under the key of the account holder; of the victim, where that is who objects or no hold is named';
CREATE INDEX objection_hold ON objection (hold_id) WHERE (hold_id IS NOT NULL);
CREATE INDEX objection_restoration ON objection (restoration_id);

CREATE TABLE officer (
    officer_id text NOT NULL,
    name text NOT NULL,
    rank text NOT NULL DEFAULT ''::text,
    station text NOT NULL DEFAULT ''::text,
    mobile text NOT NULL DEFAULT ''::text,
    email text NOT NULL DEFAULT ''::text,
    language text NOT NULL DEFAULT 'en'::text,
    state text NOT NULL DEFAULT ''::text,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    disabled_at timestamp with time zone,
    disabled_by text,
    credentials_from timestamp with time zone,
    CONSTRAINT officer_pkey PRIMARY KEY (officer_id),
    CONSTRAINT officer_changed_by_check CHECK ((changed_by <> ''::text)),
    CONSTRAINT officer_created_by_check CHECK ((created_by <> ''::text)),
    CONSTRAINT officer_disabled_by_somebody CHECK (((disabled_at IS NULL) = (disabled_by IS NULL))),
    CONSTRAINT officer_email_check CHECK ((length(email) <= 254)),
    CONSTRAINT officer_id_is_folded CHECK ((officer_id ~ '^[a-z0-9._@-]{1,64}$'::text)),
    CONSTRAINT officer_id_is_not_reserved CHECK ((officer_id <> ALL (ARRAY['complainant'::text, 'engine'::text, 'victim'::text]))),
    CONSTRAINT officer_language_check CHECK ((language ~ '^[a-z]{2,3}$'::text)),
    CONSTRAINT officer_mobile_check CHECK ((length(mobile) <= 20)),
    CONSTRAINT officer_name_check CHECK (((name <> ''::text) AND (length(name) <= 200))),
    CONSTRAINT officer_rank_check CHECK ((length(rank) <= 200)),
    CONSTRAINT officer_state_check CHECK ((length(state) <= 200)),
    CONSTRAINT officer_station_check CHECK ((length(station) <= 200))
);
COMMENT ON COLUMN officer.credentials_from IS 'what was issued to this officer before this time opens nothing; null if everything may';
COMMENT ON COLUMN officer.disabled_at IS 'from when on the officer has no role and no way in';
COMMENT ON COLUMN officer.officer_id IS 'service number or e-mail address, in lower case; stands wherever two officers are compared';

CREATE TABLE officer_absence (
    officer_id text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    written_by text NOT NULL,
    written_at timestamp with time zone NOT NULL,
    CONSTRAINT officer_absence_pkey PRIMARY KEY (officer_id, first_day),
    CONSTRAINT officer_absence_ends_after_its_start CHECK (((last_day >= first_day) AND (last_day <= (first_day + 1098)))),
    CONSTRAINT officer_absence_written_by_check CHECK ((written_by <> ''::text))
);

CREATE TABLE officer_district (
    officer_id text NOT NULL,
    district text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone,
    given_by text NOT NULL,
    ended_by text,
    CONSTRAINT officer_district_pkey PRIMARY KEY (officer_id, district, from_at),
    CONSTRAINT officer_district_district_check CHECK (((district <> ''::text) AND (length(district) <= 200))),
    CONSTRAINT officer_district_ended_by_somebody CHECK (((until_at IS NULL) = (ended_by IS NULL))),
    CONSTRAINT officer_district_given_by_check CHECK ((given_by <> ''::text))
);
COMMENT ON TABLE officer_district IS 'the districts that an officer answers for';
CREATE INDEX officer_district_by_district ON officer_district (lower(district)) WHERE (until_at IS NULL);
CREATE UNIQUE INDEX officer_district_open ON officer_district (officer_id, lower(district)) WHERE (until_at IS NULL);

CREATE TABLE officer_event (
    event_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    officer_id text,
    team_id bigint,
    data jsonb NOT NULL DEFAULT '{}'::jsonb,
    proposal_id bigint DEFAULT (NULLIF(current_setting('goldenhour.proposal_id'::text, true), ''::text))::bigint,
    CONSTRAINT officer_event_pkey PRIMARY KEY (event_id),
    CONSTRAINT officer_event_actor_check CHECK (((actor <> ''::text) AND (length(actor) <= 200))),
    CONSTRAINT officer_event_data_check CHECK ((pg_column_size(data) <= 262144)),
    CONSTRAINT officer_event_kind_check CHECK ((kind ~ '^[a-z_]{1,64}$'::text))
);
COMMENT ON COLUMN officer_event.proposal_id IS 'the proposal of two admins that this is an effect of; null for one person''s act';
CREATE INDEX officer_event_by_officer ON officer_event (officer_id, event_id);
CREATE INDEX officer_event_by_time ON officer_event (at, event_id);

CREATE TABLE officer_leave (
    officer_id bigint NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    CONSTRAINT officer_leave_pkey PRIMARY KEY (officer_id, first_day, last_day),
    CONSTRAINT officer_leave_check CHECK ((first_day <= last_day))
);

CREATE TABLE officer_password (
    officer_id text NOT NULL,
    password_hash text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT officer_password_pkey PRIMARY KEY (officer_id),
    CONSTRAINT officer_password_password_hash_check CHECK (((password_hash ~~ '$argon2id$%'::text) AND (length(password_hash) <= 400)))
);
COMMENT ON TABLE officer_password IS 'the password of an officer, as its Argon2id hash; without a row there is no sign-in';

CREATE TABLE officer_role (
    officer_id text NOT NULL,
    role text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone,
    given_by text NOT NULL,
    given_at timestamp with time zone NOT NULL,
    ended_by text,
    CONSTRAINT officer_role_pkey PRIMARY KEY (officer_id, role, from_at),
    CONSTRAINT officer_role_ended_at_a_time CHECK (((ended_by IS NULL) OR (until_at IS NOT NULL))),
    CONSTRAINT officer_role_ends_after_its_start CHECK ((until_at >= from_at)),
    CONSTRAINT officer_role_given_by_check CHECK ((given_by <> ''::text)),
    CONSTRAINT officer_role_role_check CHECK ((role = ANY (ARRAY['intake'::text, 'desk'::text, 'supervisor'::text, 'auditor'::text, 'admin'::text, 'io'::text, 'dy_sp'::text, 'sp'::text, 'district_gro'::text, 'state_gro'::text])))
);
CREATE UNIQUE INDEX officer_role_open ON officer_role (officer_id, role) WHERE (until_at IS NULL);

CREATE TABLE officer_shift (
    officer_id bigint NOT NULL,
    day_no integer NOT NULL,
    starts_minute integer NOT NULL,
    ends_minute integer NOT NULL,
    CONSTRAINT officer_shift_no_overlap EXCLUDE USING gist (int8range((((officer_id * 10080) + ((day_no - 1) * 1440)) + starts_minute), (((officer_id * 10080) + ((day_no - 1) * 1440)) + ends_minute)) WITH &&),
    CONSTRAINT officer_shift_check CHECK ((starts_minute < ends_minute)),
    CONSTRAINT officer_shift_day_no_check CHECK (((day_no >= 1) AND (day_no <= 7))),
    CONSTRAINT officer_shift_ends_minute_check CHECK ((ends_minute <= 1440)),
    CONSTRAINT officer_shift_starts_minute_check CHECK ((starts_minute >= 0))
);
COMMENT ON COLUMN officer_shift.day_no IS 'of the week, 1 is Monday';

CREATE TABLE officer_totp (
    officer_id text NOT NULL,
    sealed_secret sealed_under_secret_key NOT NULL,
    last_step bigint NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT officer_totp_pkey PRIMARY KEY (officer_id),
    CONSTRAINT officer_totp_sealed_secret_check CHECK ((octet_length(sealed_secret) <= 400))
);
COMMENT ON COLUMN officer_totp.last_step IS 'the last time step whose code was used; only a later one is good';

CREATE TABLE order_cancellation (
    order_id uuid NOT NULL,
    cancelled_at timestamp with time zone NOT NULL,
    told_at timestamp with time zone,
    channel text,
    level text,
    level_at timestamp with time zone,
    settled_at timestamp with time zone,
    settled_by text,
    note text NOT NULL DEFAULT ''::text,
    attested_by text,
    attested_note text NOT NULL DEFAULT ''::text,
    CONSTRAINT order_cancellation_pkey PRIMARY KEY (order_id),
    CONSTRAINT order_cancellation_attested CHECK (((settled_by IS NULL) OR (settled_by ~~ 'bank:%'::text) OR (note <> ''::text))),
    CONSTRAINT order_cancellation_check CHECK (((told_at IS NULL) = (channel IS NULL))),
    CONSTRAINT order_cancellation_check1 CHECK (((level IS NULL) = (level_at IS NULL))),
    CONSTRAINT order_cancellation_check2 CHECK (((settled_at IS NULL) = (settled_by IS NULL))),
    CONSTRAINT order_cancellation_first_word CHECK (((attested_by IS NULL) OR (attested_note <> ''::text))),
    CONSTRAINT order_cancellation_four_eyes CHECK (((attested_by IS NULL) OR (settled_by IS NULL) OR (settled_by ~~ 'bank:%'::text) OR is_second_officer(settled_by, attested_by))),
    CONSTRAINT order_cancellation_level_check CHECK ((level = ANY (ARRAY['desk_task'::text, 'supervisor'::text])))
) WITH (fillfactor=80);
COMMENT ON COLUMN order_cancellation.attested_by IS 'who first said that the bank knows; for an order to restore a second officer says it too';
COMMENT ON COLUMN order_cancellation.settled_at IS 'the bank has said that it does the order no more, or an officer that it was told';
CREATE INDEX order_cancellation_open ON order_cancellation (order_id) WHERE (settled_at IS NULL);

CREATE TABLE outgoing (
    outgoing_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamp with time zone,
    ended_at timestamp with time zone,
    outcome text,
    failure text NOT NULL DEFAULT ''::text,
    CONSTRAINT outgoing_pkey PRIMARY KEY (outgoing_id),
    CONSTRAINT outgoing_subject UNIQUE (kind, subject),
    CONSTRAINT outgoing_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT outgoing_due_until_end CHECK (((next_attempt_at IS NULL) = (ended_at IS NOT NULL))),
    CONSTRAINT outgoing_failure_check CHECK ((length(failure) <= 500)),
    CONSTRAINT outgoing_has_one_end CHECK (((ended_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT outgoing_outcome_check CHECK ((outcome = ANY (ARRAY['sent'::text, 'given_up'::text, 'over'::text])))
) WITH (fillfactor=80);
COMMENT ON TABLE outgoing IS 'something to send; it is tried until it is sent, given up, or over because its subject changed';
COMMENT ON COLUMN outgoing.failure IS 'why the last attempt failed; nothing of the content';
COMMENT ON COLUMN outgoing.next_attempt_at IS 'when it is tried, or when the lease of its sender ends; null: not any more';
COMMENT ON COLUMN outgoing.outgoing_id IS 'of this sending: the next one about the same subject has another';
COMMENT ON COLUMN outgoing.subject IS 'key of the row that it is about, in the table that the kind names; of due documents, their case';
CREATE INDEX outgoing_due ON outgoing (kind, next_attempt_at) WHERE (next_attempt_at IS NOT NULL);

CREATE TABLE payer_found_transfer (
    found_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    inquiry_id uuid NOT NULL,
    answer_id bigint NOT NULL,
    payer_account text NOT NULL,
    payee_institution text,
    payee_institution_as_told text NOT NULL,
    payee_account text NOT NULL,
    payee_ifsc text,
    reference text NOT NULL,
    reference_key text NOT NULL,
    amount_paise bigint NOT NULL,
    occurred_at timestamp with time zone,
    is_near boolean NOT NULL,
    payer_differs boolean NOT NULL,
    found_at timestamp with time zone NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    reason text,
    taken_hop_no integer,
    is_signed boolean NOT NULL DEFAULT false,
    followed_hop_no integer,
    CONSTRAINT payer_found_transfer_once UNIQUE (inquiry_id, reference_key),
    CONSTRAINT payer_found_transfer_pkey PRIMARY KEY (found_id),
    CONSTRAINT payer_found_transfer_amount_paise_check CHECK ((amount_paise > 0)),
    CONSTRAINT payer_found_transfer_decision_check CHECK ((decision = ANY (ARRAY['taken'::text, 'dismissed'::text]))),
    CONSTRAINT payer_found_transfer_reference_check CHECK ((reference <> ''::text)),
    CONSTRAINT payer_found_transfer_reference_key_check CHECK ((reference_key <> ''::text)),
    CONSTRAINT payer_found_transfer_taken CHECK (((taken_hop_no IS NOT NULL) = (NOT (decision IS DISTINCT FROM 'taken'::text)))),
    CONSTRAINT payer_found_transfer_whole CHECK ((num_nulls(decision, decided_by, decided_at, reason) = ANY (ARRAY[0, 4])))
);
COMMENT ON TABLE payer_found_transfer IS 'another transfer that left the victim''s account; a person takes or dismisses it';
COMMENT ON COLUMN payer_found_transfer.followed_hop_no IS 'the hop that was opened before a person decided';
COMMENT ON COLUMN payer_found_transfer.is_near IS 'whether it is near enough to the told transfer for a task';
COMMENT ON COLUMN payer_found_transfer.is_signed IS 'whether the bank signed or sealed the answer with its own key';
COMMENT ON COLUMN payer_found_transfer.payer_account IS 'the account debited as the bank states it';
COMMENT ON COLUMN payer_found_transfer.payer_differs IS 'whether the bank states another debited account than the victim';
COMMENT ON COLUMN payer_found_transfer.taken_hop_no IS 'the hop that it became';

CREATE TABLE payer_inquiry (
    inquiry_id uuid NOT NULL,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    institution text,
    state text NOT NULL,
    near_seconds double precision NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamp with time zone,
    channel text,
    job_id text,
    delivered_at timestamp with time zone,
    answered_at timestamp with time zone,
    closed_at timestamp with time zone,
    reason text NOT NULL DEFAULT ''::text,
    replaced_at timestamp with time zone,
    CONSTRAINT payer_inquiry_pkey PRIMARY KEY (inquiry_id),
    CONSTRAINT payer_inquiry_answered CHECK (((answered_at IS NOT NULL) = (state = 'answered'::text))),
    CONSTRAINT payer_inquiry_bank CHECK (((institution IS NOT NULL) OR (state = 'skipped'::text))),
    CONSTRAINT payer_inquiry_closed CHECK (((closed_at IS NULL) = (due_at IS NOT NULL))),
    CONSTRAINT payer_inquiry_counts CHECK (((tries >= 0) AND (near_seconds >= (0)::double precision))),
    CONSTRAINT payer_inquiry_due CHECK (((due_at IS NOT NULL) = (state = ANY (ARRAY['planned'::text, 'delivered'::text])))),
    CONSTRAINT payer_inquiry_state CHECK ((state = ANY (ARRAY['planned'::text, 'delivered'::text, 'answered'::text, 'failed'::text, 'skipped'::text])))
);
COMMENT ON TABLE payer_inquiry IS 'a question to the victim''s bank about the victim''s own transfer';
COMMENT ON COLUMN payer_inquiry.due_at IS 'when it is sent next, or when a delivered one is given up';
COMMENT ON COLUMN payer_inquiry.institution IS 'the bank as the directory resolves it; null if it is not known';
COMMENT ON COLUMN payer_inquiry.near_seconds IS 'a transfer as near as this to the told one is proposed to the desk';
COMMENT ON COLUMN payer_inquiry.reason IS 'why it failed or was skipped';
COMMENT ON COLUMN payer_inquiry.replaced_at IS 'since when a newer inquiry asks about the corrected transfer';
CREATE INDEX payer_inquiry_due_at ON payer_inquiry (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX payer_inquiry_hop ON payer_inquiry (case_no, hop_no);
CREATE UNIQUE INDEX payer_inquiry_one_live ON payer_inquiry (case_no, hop_no) WHERE (replaced_at IS NULL);
CREATE INDEX payer_inquiry_waiting ON payer_inquiry (institution, planned_at, inquiry_id) WHERE (due_at IS NOT NULL);

CREATE TABLE payer_statement (
    statement_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    inquiry_id uuid NOT NULL,
    answer_id bigint NOT NULL,
    kind text NOT NULL,
    differing text[] NOT NULL,
    amount_paise bigint NOT NULL,
    payer_key text NOT NULL,
    payee_institution text,
    payee_key text NOT NULL,
    payer_confirmed boolean NOT NULL,
    stated_at timestamp with time zone NOT NULL,
    CONSTRAINT payer_statement_pkey PRIMARY KEY (statement_id),
    CONSTRAINT payer_statement_amount_paise_check CHECK ((amount_paise >= 0)),
    CONSTRAINT payer_statement_differs CHECK (((kind = 'differs'::text) = (differing <> '{}'::text[]))),
    CONSTRAINT payer_statement_kind_check CHECK ((kind = ANY (ARRAY['confirmed'::text, 'differs'::text, 'denied'::text])))
);
COMMENT ON TABLE payer_statement IS 'what the victim''s bank says of the victim''s own transfer; the newest counts';
COMMENT ON COLUMN payer_statement.payee_key IS 'the account credited as the bank states it; empty if it states none';
COMMENT ON COLUMN payer_statement.payer_confirmed IS 'whether the bank states the same debited account as the victim';
COMMENT ON COLUMN payer_statement.payer_key IS 'the account debited as the bank states it; empty if it states none';
CREATE INDEX payer_statement_inquiry ON payer_statement (inquiry_id, statement_id);

CREATE TABLE person_key (
    person_id uuid NOT NULL,
    wrapped sealed_under_secret_key,
    made_at timestamp with time zone NOT NULL,
    looked_at timestamp with time zone,
    destroyed_at timestamp with time zone,
    destroyed_for text,
    case_no text,
    institution text,
    CONSTRAINT person_key_pkey PRIMARY KEY (person_id),
    CONSTRAINT person_key_destroyed_for_check CHECK ((destroyed_for <> ''::text)),
    CONSTRAINT person_key_destroyed_is_whole CHECK ((num_nulls(destroyed_at, destroyed_for) = ANY (ARRAY[0, 2]))),
    CONSTRAINT person_key_is_there_or_destroyed CHECK (((wrapped IS NULL) = (destroyed_at IS NOT NULL))),
    CONSTRAINT person_key_one_owner CHECK ((num_nonnulls(case_no, institution) <= 1))
);
COMMENT ON TABLE person_key IS 'A key, itself sealed under the secret key. It seals the data of one person, or bodies of one case or of one bank.';
COMMENT ON COLUMN person_key.case_no IS 'the case whose bodies it seals; null for a person and a bank';
COMMENT ON COLUMN person_key.destroyed_for IS 'the rule of retention by which the key was destroyed';
COMMENT ON COLUMN person_key.institution IS 'the bank whose bodies of no single case it seals; null for a person and a case';
COMMENT ON COLUMN person_key.looked_at IS 'when it was last looked at whether the data are kept';
COMMENT ON COLUMN person_key.wrapped IS 'the sealed key; null once it is destroyed';
CREATE INDEX person_key_bank ON person_key (institution, made_at) WHERE (institution IS NOT NULL);
CREATE INDEX person_key_case ON person_key (case_no) WHERE (case_no IS NOT NULL);
CREATE INDEX person_key_to_look ON person_key (COALESCE(looked_at, made_at)) WHERE (wrapped IS NOT NULL);

CREATE TABLE policy_version (
    number bigint NOT NULL,
    differences jsonb NOT NULL,
    proposal_id bigint NOT NULL,
    agreed_at timestamp with time zone NOT NULL,
    CONSTRAINT policy_version_pkey PRIMARY KEY (number),
    CONSTRAINT policy_version_differences_check CHECK (((jsonb_typeof(differences) = 'object'::text) AND (pg_column_size(differences) <= 262144))),
    CONSTRAINT policy_version_number_check CHECK ((number > 0))
);
COMMENT ON TABLE policy_version IS 'versions of the policy that two admins agreed to; the newest one counts';
COMMENT ON COLUMN policy_version.differences IS 'by name each value that was ever agreed to, with its source';
CREATE UNIQUE INDEX policy_version_of_proposal ON policy_version (proposal_id);

CREATE TABLE procedure (
    workflow_id text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    case_no text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    due_at timestamp with time zone DEFAULT now(),
    CONSTRAINT procedure_kind_subject_key UNIQUE (kind, subject),
    CONSTRAINT procedure_pkey PRIMARY KEY (workflow_id),
    CONSTRAINT procedure_kind_check CHECK ((kind = ANY (ARRAY['restoration'::text, 'hold'::text, 'grievance'::text, 'order'::text, 'duties'::text])))
) WITH (fillfactor=80);
COMMENT ON COLUMN procedure.created_at IS 'since when the work of the procedure waits: if it follows from other work that waited, since then';
COMMENT ON COLUMN procedure.due_at IS 'when the procedure starter attends to a hold or to duties next; at no time if null';
CREATE INDEX procedure_case ON procedure (case_no);
CREATE INDEX procedure_due ON procedure (due_at) WHERE ((ended_at IS NULL) AND (kind = ANY (ARRAY['hold'::text, 'duties'::text])));
CREATE INDEX procedure_not_started ON procedure (created_at) WHERE (started_at IS NULL);
CREATE INDEX procedure_running ON procedure (started_at) WHERE (ended_at IS NULL);
CREATE INDEX procedure_unseen ON procedure (started_at) WHERE ((ended_at IS NULL) AND (kind <> ALL (ARRAY['hold'::text, 'duties'::text])));

CREATE TABLE procedure_news (
    news_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    workflow_id text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    signalled_at timestamp with time zone,
    CONSTRAINT procedure_news_pkey PRIMARY KEY (news_id)
) WITH (fillfactor=80);
COMMENT ON COLUMN procedure_news.created_at IS 'since when the change waits: if it follows from other work that waited, since then';
CREATE INDEX procedure_news_signalled ON procedure_news (signalled_at) WHERE (signalled_at IS NOT NULL);
CREATE INDEX procedure_news_unsignalled ON procedure_news (news_id) WHERE (signalled_at IS NULL);
CREATE INDEX procedure_news_waiting ON procedure_news (workflow_id) WHERE (signalled_at IS NULL);

CREATE TABLE proof (
    proof_id uuid NOT NULL,
    purpose text NOT NULL,
    subject text NOT NULL,
    document_id uuid,
    digest bytea NOT NULL,
    code_digest bytea,
    proposal_id bigint,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    valid_until timestamp with time zone NOT NULL,
    contact_name text NOT NULL DEFAULT ''::text,
    contact_end text NOT NULL DEFAULT ''::text,
    contact_since timestamp with time zone,
    through_bank boolean NOT NULL DEFAULT false,
    tries integer NOT NULL DEFAULT 0,
    tries_by jsonb NOT NULL DEFAULT '{}'::jsonb,
    used_at timestamp with time zone,
    ended_at timestamp with time zone,
    ack_no text GENERATED ALWAYS AS (
CASE
    WHEN (purpose = ANY (ARRAY['my_case'::text, 'signature'::text])) THEN subject
    ELSE NULL::text
END) STORED,
    hold_id uuid GENERATED ALWAYS AS (
CASE purpose
    WHEN 'appeal'::text THEN (subject)::uuid
    ELSE NULL::uuid
END) STORED,
    institution text GENERATED ALWAYS AS (
CASE purpose
    WHEN 'bank_login_link'::text THEN subject
    ELSE NULL::text
END) STORED,
    is_link boolean GENERATED ALWAYS AS ((purpose = ANY (ARRAY['bank_login_link'::text, 'sign_in_link'::text]))) STORED,
    officer_id text GENERATED ALWAYS AS (
CASE purpose
    WHEN 'sign_in_link'::text THEN subject
    ELSE NULL::text
END) STORED,
    CONSTRAINT proof_of_bank UNIQUE (proof_id, institution, made_by),
    CONSTRAINT proof_begins_session UNIQUE (proof_id, purpose, used_at),
    CONSTRAINT proof_pkey PRIMARY KEY (proof_id),
    CONSTRAINT proof_contact_end_check CHECK (((ack_no IS NULL) OR (contact_end ~ '^([0-9]{2})?$'::text))),
    CONSTRAINT proof_bank_has_code CHECK (((institution IS NULL) OR (proposal_id IS NOT NULL))),
    CONSTRAINT proof_code_digest_check CHECK ((octet_length(code_digest) = 32)),
    CONSTRAINT proof_code_of_a_link CHECK (((proposal_id IS NULL) = (code_digest IS NULL)) AND (is_link OR (code_digest IS NULL))),
    CONSTRAINT proof_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT proof_link_ends CHECK (((officer_id IS NULL) OR (valid_until <= (made_at + '7 days'::interval)))),
    CONSTRAINT proof_link_of_officers_has_code CHECK (((NOT is_link) OR (code_digest IS NOT NULL) OR (made_by !~~ 'officer:%'::text))),
    CONSTRAINT proof_link_tries CHECK (((NOT is_link) OR (tries <= 5))),
    CONSTRAINT proof_link_used_in_time CHECK (((NOT is_link) OR (used_at IS NULL) OR ((used_at <= valid_until) AND (tries < 5) AND (ended_at IS NULL)))),
    CONSTRAINT proof_made_by_check CHECK ((made_by <> ''::text)),
    CONSTRAINT proof_purpose_check CHECK ((purpose = ANY (ARRAY['appeal'::text, 'bank_login_link'::text, 'my_case'::text, 'order_reply'::text, 'request_reply'::text, 'sign_in_link'::text, 'signature'::text]))),
    CONSTRAINT proof_signs_a_document CHECK (((purpose = 'signature'::text) = (document_id IS NOT NULL))),
    CONSTRAINT proof_tries_by_check CHECK ((jsonb_typeof(tries_by) = 'object'::text)),
    CONSTRAINT proof_tries_check CHECK ((tries >= 0)),
    CONSTRAINT proof_valid_check CHECK ((made_at < valid_until))
) WITH (fillfactor=80);
COMMENT ON TABLE proof IS 'a one-time code or link that admits somebody or confirms something';
COMMENT ON COLUMN proof.code_digest IS 'of the code without which a link opens nothing; null for a link of the command';
COMMENT ON COLUMN proof.contact_end IS 'the last digits of the mobile it went to; empty for an e-mail address';
COMMENT ON COLUMN proof.contact_name IS 'the officer of the bank it went to';
COMMENT ON COLUMN proof.contact_since IS 'when officers entered the contact it went to; null for a contact as first stated';
COMMENT ON COLUMN proof.document_id IS 'the application that it signs';
COMMENT ON COLUMN proof.ended_at IS 'when another one took its place, or it was refused or tried too often';
COMMENT ON COLUMN proof.proposal_id IS 'the proposal of two admins by which a link was made; null for a link of the command';
COMMENT ON COLUMN proof.subject IS 'the key of the row that the purpose is about';
COMMENT ON COLUMN proof.through_bank IS 'whether the bank passes the code on, because no contact was known';
COMMENT ON COLUMN proof.tries IS 'tries so far; of a link wrong codes alone, and the fifth ends it';
COMMENT ON COLUMN proof.tries_by IS 'tries by digest of the address that they came from';
CREATE INDEX proof_hold ON proof (hold_id) WHERE (hold_id IS NOT NULL);
CREATE UNIQUE INDEX proof_link ON proof (digest) WHERE is_link;
CREATE INDEX proof_made_at ON proof (made_at);
CREATE UNIQUE INDEX proof_open_link ON proof (purpose, subject) WHERE (is_link AND (used_at IS NULL) AND (ended_at IS NULL));
CREATE INDEX proof_subject ON proof (purpose, subject, made_at);

CREATE TABLE proposal (
    proposal_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    matter text NOT NULL DEFAULT ''::text,
    case_no text,
    body jsonb NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    valid_until timestamp with time zone,
    about_officer text,
    code_digest bytea,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    decided_reason text NOT NULL DEFAULT ''::text,
    needs_second boolean NOT NULL DEFAULT true,
    not_before timestamp with time zone,
    given_to text,
    ack_no text GENERATED ALWAYS AS ((body ->> 'ack_no'::text)) STORED,
    discrepancy_id bigint GENERATED ALWAYS AS (
CASE kind
    WHEN 'resolution'::text THEN (subject)::bigint
    ELSE NULL::bigint
END) STORED,
    grievance_id uuid GENERATED ALWAYS AS (((body ->> 'grievance_id'::text))::uuid) STORED,
    hold_id uuid GENERATED ALWAYS AS (
CASE kind
    WHEN 'release'::text THEN (subject)::uuid
    ELSE NULL::uuid
END) STORED,
    hop_no integer GENERATED ALWAYS AS (((body ->> 'hop_no'::text))::integer) STORED,
    order_id uuid GENERATED ALWAYS AS (
CASE kind
    WHEN 'order_statement'::text THEN (subject)::uuid
    ELSE NULL::uuid
END) STORED,
    victim_id bigint GENERATED ALWAYS AS (
CASE kind
    WHEN 'victim_correction'::text THEN (subject)::bigint
    ELSE NULL::bigint
END) STORED,
    CONSTRAINT proposal_pkey PRIMARY KEY (proposal_id),
    CONSTRAINT proposal_of_kind_key UNIQUE (proposal_id, kind),
    CONSTRAINT proposal_about_officer_check CHECK ((about_officer ~ '^[a-z0-9._@-]{1,64}$'::text)),
    CONSTRAINT proposal_administration CHECK (((kind <> 'administration'::text) OR (((matter = ANY (ARRAY['officer_added'::text, 'officer_changed'::text, 'role_given'::text, 'role_ended'::text, 'officer_enabled'::text, 'officer_disabled'::text, 'officer_reset'::text, 'team_added'::text, 'team_changed'::text, 'member_moved'::text, 'institution_changed'::text, 'nodal_officers_changed'::text, 'bank_login_replaced'::text, 'bank_key_added'::text, 'bank_key_ended'::text, 'bank_key_request_decided'::text, 'bank_people_confirmed'::text, 'policy_changed'::text])) AND (jsonb_typeof((body -> 'asked'::text)) = 'object'::text) AND (jsonb_typeof((body -> 'changes'::text)) = 'array'::text) AND (valid_until IS NOT NULL) AND (proposed_by ~~ 'officer:%'::text) AND ((decision IS NULL) OR ((decided_by ~~ 'officer:%'::text) AND (decided_reason <> ''::text)))) IS TRUE))),
    CONSTRAINT proposal_body_check CHECK ((pg_column_size(body) <= 524288)),
    CONSTRAINT proposal_case_check CHECK (((case_no IS NULL) = (kind = 'administration'::text))),
    CONSTRAINT proposal_code_digest_check CHECK ((octet_length(code_digest) = 32)),
    CONSTRAINT proposal_decided CHECK ((num_nulls(decision, decided_by, decided_at) = ANY (ARRAY[0, 3]))),
    CONSTRAINT proposal_decided_reason_check CHECK (((length(decided_reason) <= 1000) AND ((decision IS NOT NULL) OR (decided_reason = ''::text)))),
    CONSTRAINT proposal_decision_check CHECK ((decision = ANY (ARRAY['agreed'::text, 'refused'::text, 'withdrawn'::text, 'expired'::text, 'overtaken'::text]))),
    CONSTRAINT proposal_entered CHECK (((kind <> 'entered'::text) OR (((hop_no IS NOT NULL) AND (matter = proposed_by) AND (num_nulls((body -> 'sent_paise'::text), (body -> 'placed_paise'::text), (body -> 'entered_sent_paise'::text), (body -> 'entered_placed_paise'::text)) = 0)) IS TRUE))),
    CONSTRAINT proposal_given_to CHECK (((given_to IS NULL) OR ((kind = 'payer'::text) AND (decision = 'agreed'::text)))),
    CONSTRAINT proposal_has_code CHECK (((code_digest IS NOT NULL) = (matter = ANY (ARRAY['officer_added'::text, 'officer_reset'::text, 'bank_login_replaced'::text])))),
    CONSTRAINT proposal_heard CHECK (((decision IS DISTINCT FROM 'agreed'::text) OR (decided_at >= not_before))),
    CONSTRAINT proposal_in_time CHECK (((valid_until > proposed_at) AND ((decision IS DISTINCT FROM 'agreed'::text) OR (decided_at <= valid_until)) AND ((decision IS DISTINCT FROM 'expired'::text) OR (decided_at > valid_until)))),
    CONSTRAINT proposal_kind_check CHECK ((kind = ANY (ARRAY['administration'::text, 'entered'::text, 'order_statement'::text, 'payer'::text, 'release'::text, 'resolution'::text, 'victim_correction'::text]))),
    CONSTRAINT proposal_not_of_oneself CHECK (((decision IS DISTINCT FROM 'agreed'::text) OR (about_officer IS NULL) OR (person_of(decided_by) <> about_officer))),
    CONSTRAINT proposal_order_statement CHECK (((kind <> 'order_statement'::text) OR (((matter ~ '^[0-9a-f]{64}$'::text) AND (jsonb_typeof((body -> 'lines'::text)) = 'array'::text)) IS TRUE))),
    CONSTRAINT proposal_payer CHECK (((kind <> 'payer'::text) OR (((hop_no IS NOT NULL) AND ((body -> 'among'::text) ? ack_no)) IS TRUE))),
    CONSTRAINT proposal_reason_check CHECK ((((reason = ''::text) = (kind = 'victim_correction'::text)) AND (length(reason) <= 1000))),
    CONSTRAINT proposal_release CHECK (((kind <> 'release'::text) OR ((((body -> 'paise'::text))::bigint > 0) AND (jsonb_typeof((body -> 'whole'::text)) = 'boolean'::text) AND (num_nulls((body -> 'hold_limit_paise'::text), (body -> 'day_limit_paise'::text), (body -> 'policy'::text), not_before) = 0)) IS TRUE)),
    CONSTRAINT proposal_resolution CHECK (((kind <> 'resolution'::text) OR ((((body ->> 'decision'::text) = ANY (ARRAY['upheld_bank'::text, 'upheld_other'::text, 'corrected'::text, 'noted'::text])) AND (((body ->> 'resolution_no'::text))::integer > 0)) IS TRUE))),
    CONSTRAINT proposal_second CHECK ((needs_second OR (kind = 'release'::text))),
    CONSTRAINT proposal_subject_check CHECK (((subject <> ''::text) AND (length(subject) <= 200) AND (length(matter) <= 300))),
    CONSTRAINT proposal_victim_correction CHECK (((kind <> 'victim_correction'::text) OR ((((body -> 'fields'::text) <> '[]'::jsonb) AND ((body -> 'fields'::text) <@ '["name", "mobile", "email"]'::jsonb) AND (((body ->> 'before'::text) || (body ->> 'after'::text) || (body ->> 'reason'::text)) ~ '^[0-9a-f]+$'::text) AND (ack_no IS NOT NULL)) IS TRUE))),
    CONSTRAINT proposal_withdrawn_by_its_officer CHECK (((decision IS DISTINCT FROM 'withdrawn'::text) OR (person_of(decided_by) = person_of(proposed_by))))
);
COMMENT ON TABLE proposal IS 'what one person proposes and another one decides';
COMMENT ON COLUMN proposal.about_officer IS 'the officer who may not agree to it, because it is about them';
COMMENT ON COLUMN proposal.body IS 'what is asked for, as the kind has it; no secret. Of a correction of a victim the fields, and the sealed data before and after with the sealed reason, in hexadecimal digits';
COMMENT ON COLUMN proposal.code_digest IS 'of the code that the proposing admin alone was shown; the link that the agreement makes opens nothing without it';
COMMENT ON COLUMN proposal.decision IS 'null: open; "expired" is written when another proposal takes the place of one whose time is over, "overtaken" when a newer one or another act does';
COMMENT ON COLUMN proposal.case_no IS 'null: about no case';
COMMENT ON COLUMN proposal.given_to IS 'of a payer: the victim''s complaint in this case that owns the money, if the complaint that is right is in another case';
COMMENT ON COLUMN proposal.matter IS 'what of the subject it is about; only one proposal about it is open';
COMMENT ON COLUMN proposal.needs_second IS 'false of a release below the sums of the policy: the releases of this hold, and those that this officer proposed on this day in India';
COMMENT ON COLUMN proposal.not_before IS 'nothing is agreed to before this time: the victims are heard';
COMMENT ON COLUMN proposal.subject IS 'key of what it is about: of an administration id of the officer, name of the team, code of the institution, or `policy`; of what was entered and of a payer case and hop; of an order statement the order; of a release the hold; of a resolution the discrepancy; of a correction the victim';
COMMENT ON COLUMN proposal.valid_until IS 'nothing is agreed to after this time';
CREATE INDEX proposal_agreed ON proposal (kind, decided_at, proposal_id) WHERE (decision = 'agreed'::text);
CREATE INDEX proposal_case ON proposal (case_no, kind) WHERE (case_no IS NOT NULL);
CREATE INDEX proposal_of_kind ON proposal (kind, proposal_id);
CREATE INDEX proposal_release_officer ON proposal (person_of(proposed_by), proposed_at) WHERE (kind = 'release'::text);
CREATE INDEX proposal_subject ON proposal (kind, subject);
CREATE UNIQUE INDEX proposal_open ON proposal (kind, subject, matter) WHERE (decision IS NULL);

CREATE TABLE provider_identity (
    issuer text NOT NULL,
    officer_id text NOT NULL,
    subject text NOT NULL,
    bound_at timestamp with time zone NOT NULL,
    CONSTRAINT provider_identity_of_one_officer UNIQUE (issuer, subject),
    CONSTRAINT provider_identity_pkey PRIMARY KEY (issuer, officer_id),
    CONSTRAINT provider_identity_issuer_check CHECK (((issuer <> ''::text) AND (length(issuer) <= 400))),
    CONSTRAINT provider_identity_officer_id_check CHECK ((officer_id <> ''::text)),
    CONSTRAINT provider_identity_subject_check CHECK (((subject <> ''::text) AND (length(subject) <= 255)))
);
COMMENT ON TABLE provider_identity IS 'which person of an identity provider an officer is';
COMMENT ON COLUMN provider_identity.subject IS 'the name that the provider never gives to another person: its claim `sub`';

CREATE TABLE public_draft (
    draft_id uuid NOT NULL,
    code_digest bytea NOT NULL,
    call_id uuid,
    asked_paise bigint NOT NULL DEFAULT 0,
    confirmed_at timestamp with time zone,
    confirmed_digest bytea,
    finished_at timestamp with time zone,
    desk_told_at timestamp with time zone,
    network bytea,
    CONSTRAINT public_draft_code UNIQUE (code_digest),
    CONSTRAINT public_draft_pkey PRIMARY KEY (draft_id),
    CONSTRAINT public_draft_network_check CHECK ((octet_length(network) = 32)),
    CONSTRAINT public_draft_asked_check CHECK ((asked_paise >= 0)),
    CONSTRAINT public_draft_confirmed_is_whole CHECK (((confirmed_at IS NULL) = (confirmed_digest IS NULL)))
);
COMMENT ON TABLE public_draft IS 'a complaint that is filled in on the public page, beside its draft';
COMMENT ON COLUMN public_draft.asked_paise IS 'sum for which banks were asked before the mobile was confirmed';
COMMENT ON COLUMN public_draft.call_id IS 'the draft of the missed call whose link began this one';
COMMENT ON COLUMN public_draft.code_digest IS 'keyed digest of the code that opens the draft again';
COMMENT ON COLUMN public_draft.confirmed_at IS 'when a one-time code proved that the complainant has the mobile';
COMMENT ON COLUMN public_draft.confirmed_digest IS 'keyed digest of the mobile that was confirmed; both are taken away when another number is given';
COMMENT ON COLUMN public_draft.desk_told_at IS 'when the desk got a work item, because the complaint was not confirmed';
COMMENT ON COLUMN public_draft.finished_at IS 'when the complainant sent the whole complaint';
COMMENT ON COLUMN public_draft.network IS 'keyed digest of the network that began it; when the page is nearly full, drafts of the fullest network go first';
CREATE INDEX public_draft_of_call ON public_draft (call_id) WHERE (call_id IS NOT NULL);
CREATE INDEX public_draft_unconfirmed ON public_draft (draft_id) WHERE ((asked_paise > 0) AND (confirmed_at IS NULL) AND (desk_told_at IS NULL));

CREATE TABLE rate_bucket (
    institution text NOT NULL,
    policy text NOT NULL,
    full_at timestamp with time zone NOT NULL,
    CONSTRAINT rate_bucket_pkey PRIMARY KEY (institution, policy)
) WITH (fillfactor=50);

CREATE TABLE read_log (
    read_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    at timestamp with time zone NOT NULL,
    reader text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    case_no text,
    route text NOT NULL,
    address text NOT NULL,
    session_id uuid,
    token_id bigint,
    reason text NOT NULL DEFAULT ''::text,
    outside boolean NOT NULL DEFAULT false,
    CONSTRAINT read_log_pkey PRIMARY KEY (read_id),
    CONSTRAINT read_log_address_check CHECK ((length(address) <= 64)),
    CONSTRAINT read_log_kind_check CHECK ((kind = ANY (ARRAY['case'::text, 'account'::text, 'person'::text, 'document'::text, 'list'::text]))),
    CONSTRAINT read_log_outside_has_a_reason CHECK (((NOT outside) OR (reason <> ''::text))),
    CONSTRAINT read_log_reader_check CHECK (((reader <> ''::text) AND (length(reader) <= 200))),
    CONSTRAINT read_log_reason_check CHECK ((length(reason) <= 500)),
    CONSTRAINT read_log_route_check CHECK (((route <> ''::text) AND (length(route) <= 200))),
    CONSTRAINT read_log_subject_check CHECK ((length(subject) <= 400))
);
COMMENT ON TABLE read_log IS 'who read which case, account, person or document';
COMMENT ON COLUMN read_log.case_no IS 'null where no such case exists, and for what belongs to no case';
COMMENT ON COLUMN read_log.outside IS 'whether the reader is not responsible for the case';
COMMENT ON COLUMN read_log.subject IS 'the number as it was asked for; of an account its bank and number';
CREATE INDEX read_log_by_account ON read_log (subject, read_id) WHERE (kind = 'account'::text);
CREATE INDEX read_log_by_case ON read_log (case_no, read_id) WHERE (case_no IS NOT NULL);
CREATE INDEX read_log_by_reader ON read_log (reader, read_id);
CREATE INDEX read_log_by_time ON read_log (at);
CREATE INDEX read_log_outside ON read_log (read_id) WHERE outside;

CREATE TABLE reconciliation (
    reconciliation_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    institution text NOT NULL,
    list_digest bytea NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    taken_by text NOT NULL,
    rows_in integer NOT NULL,
    rows_matched integer NOT NULL,
    rows_differing integer NOT NULL,
    missing integer NOT NULL,
    bank_paise bigint NOT NULL,
    our_paise bigint NOT NULL,
    list_no bigint,
    inquiry_id uuid,
    as_of timestamp with time zone,
    CONSTRAINT reconciliation_list_no_key UNIQUE (list_no),
    CONSTRAINT reconciliation_pkey PRIMARY KEY (reconciliation_id),
    CONSTRAINT reconciliation_bank_paise_check CHECK ((bank_paise >= 0)),
    CONSTRAINT reconciliation_list_digest_check CHECK ((octet_length(list_digest) = 32)),
    CONSTRAINT reconciliation_missing_check CHECK ((missing >= 0)),
    CONSTRAINT reconciliation_our_paise_check CHECK ((our_paise >= 0)),
    CONSTRAINT reconciliation_rows_add_up CHECK ((rows_in = (rows_matched + rows_differing))),
    CONSTRAINT reconciliation_rows_differing_check CHECK ((rows_differing >= 0)),
    CONSTRAINT reconciliation_rows_in_check CHECK ((rows_in >= 0)),
    CONSTRAINT reconciliation_rows_matched_check CHECK ((rows_matched >= 0))
);
COMMENT ON COLUMN reconciliation.as_of IS 'when the bank drew the list up, as far as it says';
COMMENT ON COLUMN reconciliation.inquiry_id IS 'the question that the list answers';
COMMENT ON COLUMN reconciliation.list_no IS 'the list that the bank handed in; null for one that an officer had as a file';
CREATE INDEX reconciliation_institution ON reconciliation (institution, reconciliation_id);

CREATE TABLE reconciliation_difference (
    reconciliation_id bigint NOT NULL,
    difference_no integer NOT NULL,
    row_no integer,
    reason text NOT NULL,
    detail text NOT NULL DEFAULT ''::text,
    ack_no text NOT NULL,
    reference text NOT NULL,
    bank_paise bigint,
    our_paise bigint,
    CONSTRAINT reconciliation_difference_pkey PRIMARY KEY (reconciliation_id, difference_no),
    CONSTRAINT reconciliation_difference_check CHECK (((reason = 'missing_at_bank'::text) = (row_no IS NULL))),
    CONSTRAINT reconciliation_difference_difference_no_check CHECK ((difference_no > 0)),
    CONSTRAINT reconciliation_difference_reason_check CHECK ((reason = ANY (ARRAY['unreadable'::text, 'unknown_case'::text, 'unknown_reference'::text, 'not_held_by_us'::text, 'amount_differs'::text, 'missing_at_bank'::text])))
);

CREATE TABLE recovery_code (
    officer_id text NOT NULL,
    digest bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT recovery_code_pkey PRIMARY KEY (officer_id, digest),
    CONSTRAINT recovery_code_digest_check CHECK ((octet_length(digest) = 32))
);
COMMENT ON TABLE recovery_code IS 'codes in place of the authenticator, each good once';

CREATE TABLE refused_act (
    act_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    at timestamp with time zone NOT NULL,
    caller text,
    is_proven boolean NOT NULL,
    session_id uuid,
    token_id bigint,
    method text NOT NULL,
    route text NOT NULL,
    status smallint NOT NULL,
    code text NOT NULL,
    address text NOT NULL,
    times integer NOT NULL,
    CONSTRAINT refused_act_pkey PRIMARY KEY (act_id),
    CONSTRAINT refused_act_address_check CHECK ((length(address) <= 64)),
    CONSTRAINT refused_act_caller_check CHECK (((caller ~ '^(officer|script|bank):.'::text) AND (length(caller) <= 200))),
    CONSTRAINT refused_act_code_check CHECK (((code ~ '^[a-z0-9]+(_[a-z0-9]+)*$'::text) AND (length(code) <= 100))),
    CONSTRAINT refused_act_method_check CHECK ((method ~ '^[A-Z]{1,10}$'::text)),
    CONSTRAINT refused_act_proven_of_somebody CHECK (((NOT is_proven) OR (caller IS NOT NULL))),
    CONSTRAINT refused_act_route_check CHECK (((route <> ''::text) AND (length(route) <= 200))),
    CONSTRAINT refused_act_status_check CHECK (((status >= 400) AND (status <= 499))),
    CONSTRAINT refused_act_times_check CHECK ((times > 0))
);
COMMENT ON TABLE refused_act IS 'which acts of officers, scripts and banks were refused';
COMMENT ON COLUMN refused_act.caller IS 'null for the login of an e-mail that no bank has';
COMMENT ON COLUMN refused_act.is_proven IS 'whether the credential was genuine, even if it was over; else anybody may have named this caller';
COMMENT ON COLUMN refused_act.route IS 'the template of the route; a hyphen if there is none, an asterisk for the further lines of a caller in a minute';
COMMENT ON COLUMN refused_act.times IS 'such acts that were refused in the minute before';
CREATE INDEX refused_act_by_caller ON refused_act (caller, act_id);
CREATE INDEX refused_act_by_time ON refused_act (at);

CREATE TABLE release_brake (
    brake_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    hold_id uuid NOT NULL,
    braked_at timestamp with time zone NOT NULL,
    continued_at timestamp with time zone,
    continued_by text,
    reason text,
    CONSTRAINT release_brake_pkey PRIMARY KEY (brake_id),
    CONSTRAINT release_brake_continued CHECK ((((continued_at IS NULL) = (continued_by IS NULL)) AND ((continued_at IS NULL) = (reason IS NULL)))),
    CONSTRAINT release_brake_continued_by_check CHECK ((continued_by ~~ 'officer:_%'::text)),
    CONSTRAINT release_brake_reason_check CHECK ((reason <> ''::text))
);
COMMENT ON TABLE release_brake IS 'times from which automatic releases waited for a supervisor; one at most is not continued';
COMMENT ON COLUMN release_brake.continued_by IS 'the supervisor who continued the releases that waited';
COMMENT ON COLUMN release_brake.hold_id IS 'the hold whose release was the first to wait';
CREATE INDEX release_brake_continued_at ON release_brake (continued_at);
CREATE UNIQUE INDEX release_brake_one ON release_brake (((continued_at IS NULL))) WHERE (continued_at IS NULL);

CREATE TABLE release_hearing (
    hearing_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    proposal_id bigint NOT NULL,
    ack_no text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    person_id uuid NOT NULL,
    sealed_said sealed_value NOT NULL,
    kind text GENERATED ALWAYS AS ('release'::text) STORED NOT NULL,
    CONSTRAINT release_hearing_pkey PRIMARY KEY (hearing_id)
);
COMMENT ON TABLE release_hearing IS 'What a victim says to a proposed release, as an officer records it.';
COMMENT ON COLUMN release_hearing.kind IS 'of the proposal';
COMMENT ON COLUMN release_hearing.sealed_said IS 'what the victim says, sealed under the key of the victim';
CREATE INDEX release_hearing_proposal ON release_hearing (proposal_id);

CREATE TABLE reply_form (
    form_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    link_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    officer_name text NOT NULL,
    officer_designation text NOT NULL,
    digest bytea NOT NULL,
    confirmed_by text,
    person_id uuid NOT NULL,
    sealed_form sealed_value NOT NULL,
    sealed_body sealed_value NOT NULL,
    CONSTRAINT reply_form_link_id_digest_key UNIQUE (link_id, digest),
    CONSTRAINT reply_form_pkey PRIMARY KEY (form_id),
    CONSTRAINT reply_form_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT reply_form_officer_designation_check CHECK ((officer_designation <> ''::text)),
    CONSTRAINT reply_form_officer_name_check CHECK ((officer_name <> ''::text))
);
COMMENT ON COLUMN reply_form.confirmed_by IS 'the nodal officer at whose registered mobile a code confirmed the form; empty: the desk telephones; null: no code was needed';
COMMENT ON COLUMN reply_form.digest IS 'equal for two forms that are filled in alike';
COMMENT ON COLUMN reply_form.person_id IS 'the key of the case that seals it';
COMMENT ON COLUMN reply_form.sealed_body IS 'the form as it was posted, sealed';
COMMENT ON COLUMN reply_form.sealed_form IS 'the fields of the form, sealed';

CREATE TABLE reply_link (
    link_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    token_digest bytea NOT NULL,
    institution text NOT NULL,
    sent_to text NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    request_id uuid GENERATED ALWAYS AS (
CASE subject_kind
    WHEN 'hold_request'::text THEN subject_id
    ELSE NULL::uuid
END) STORED,
    order_id uuid GENERATED ALWAYS AS (
CASE subject_kind
    WHEN 'order'::text THEN subject_id
    ELSE NULL::uuid
END) STORED,
    replaced_at timestamp with time zone,
    CONSTRAINT reply_link_token_digest_key UNIQUE (token_digest),
    CONSTRAINT reply_link_pkey PRIMARY KEY (link_id),
    CONSTRAINT reply_link_check CHECK ((issued_at < expires_at)),
    CONSTRAINT reply_link_subject_kind_check CHECK ((subject_kind = ANY (ARRAY['hold_request'::text, 'order'::text]))),
    CONSTRAINT reply_link_token_digest_check CHECK ((octet_length(token_digest) = 32))
);
COMMENT ON COLUMN reply_link.replaced_at IS 'when a newer letter about the same subject was sent, with a link of its own';
COMMENT ON COLUMN reply_link.subject_id IS 'the hold request or the order that the link replies to';
COMMENT ON COLUMN reply_link.token_digest IS 'SHA-256 of the token; the token itself is not kept';
CREATE INDEX reply_link_subject ON reply_link (subject_id);
CREATE INDEX reply_link_unused ON reply_link (expires_at) WHERE (used_at IS NULL);

CREATE TABLE request_hop (
    request_id uuid NOT NULL,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    revision integer NOT NULL,
    live boolean NOT NULL DEFAULT true,
    CONSTRAINT request_hop_pkey PRIMARY KEY (request_id, hop_no)
) WITH (fillfactor=80);
CREATE INDEX request_hop_again ON request_hop (case_no, hop_no) WHERE (revision > 0);
CREATE UNIQUE INDEX request_hop_one_live ON request_hop (case_no, hop_no) WHERE live;

CREATE TABLE request_job (
    institution text NOT NULL,
    job_id text NOT NULL,
    request_id uuid NOT NULL,
    CONSTRAINT request_job_pkey PRIMARY KEY (institution, job_id)
);
CREATE INDEX request_job_request ON request_job (request_id);

CREATE TABLE request_pause (
    ack_no text NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    CONSTRAINT request_pause_pkey PRIMARY KEY (ack_no),
    CONSTRAINT request_pause_ack_no_check CHECK ((ack_no ~ '^\d{14}$'::text))
);
COMMENT ON TABLE request_pause IS 'numbers of a workbook that is being imported; after ends_at the pause is over';

CREATE TABLE restoration (
    restoration_id uuid NOT NULL,
    case_no text NOT NULL,
    ack_no text NOT NULL,
    round_no integer NOT NULL,
    state text NOT NULL,
    step text NOT NULL,
    visit_no integer NOT NULL DEFAULT 1,
    route text,
    route_reasons jsonb NOT NULL DEFAULT '[]'::jsonb,
    policy jsonb NOT NULL,
    first_held_at timestamp with time zone NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    prepared_by text,
    approved_by text,
    closed_at timestamp with time zone,
    closed_by text,
    reason text NOT NULL DEFAULT ''::text,
    court_order_id bigint,
    credit_account_id bigint,
    CONSTRAINT restoration_ack_no_round_no_key UNIQUE (ack_no, round_no),
    CONSTRAINT restoration_pkey PRIMARY KEY (restoration_id),
    CONSTRAINT restoration_check CHECK (((state = 'open'::text) = (closed_at IS NULL))),
    CONSTRAINT restoration_four_eyes CHECK (((approved_by IS NULL) OR ((prepared_by IS NOT NULL) AND (prepared_by <> approved_by)))),
    CONSTRAINT restoration_round_no_check CHECK ((round_no > 0)),
    CONSTRAINT restoration_route_check CHECK ((route = ANY (ARRAY['no_court'::text, 'court'::text, 'lok_adalat'::text, 'magistrate_107'::text]))),
    CONSTRAINT restoration_state_check CHECK ((state = ANY (ARRAY['open'::text, 'restored'::text, 'refused'::text, 'cancelled'::text]))),
    CONSTRAINT restoration_visit_no_check CHECK ((visit_no > 0))
) WITH (fillfactor=80);
COMMENT ON COLUMN restoration.credit_account_id IS 'the other account that the received application names; null for the account that paid';
CREATE INDEX restoration_case ON restoration (case_no);
CREATE INDEX restoration_open ON restoration (step, first_held_at) WHERE (state = 'open'::text);
CREATE INDEX restoration_opened ON restoration USING brin (opened_at);

CREATE TABLE restoration_line (
    restoration_id uuid NOT NULL,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    hold_id uuid NOT NULL,
    allocation_id bigint,
    due_paise bigint,
    objection_id bigint,
    noticed_paise bigint,
    court_order_id bigint,
    excluded_as text,
    excluded_at timestamp with time zone,
    excluded_by text,
    excluded_reason text,
    reopened_at timestamp with time zone,
    CONSTRAINT restoration_line_pkey PRIMARY KEY (restoration_id, hop_no),
    CONSTRAINT restoration_line_divided_before_due CHECK (((COALESCE(due_paise, (0)::bigint) = 0) OR ((allocation_id IS NOT NULL) AND (objection_id IS NULL)))),
    CONSTRAINT restoration_line_due_paise_check CHECK ((due_paise >= 0)),
    CONSTRAINT restoration_line_excluded_as_check CHECK ((excluded_as = ANY (ARRAY['refused'::text, 'cancelled'::text]))),
    CONSTRAINT restoration_line_excluded_is_not_due CHECK (((COALESCE(due_paise, (0)::bigint) = 0) OR (excluded_at IS NULL))),
    CONSTRAINT restoration_line_excluded_is_whole CHECK ((num_nulls(excluded_as, excluded_at, excluded_by, excluded_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT restoration_line_noticed_paise_check CHECK ((noticed_paise >= 0)),
    CONSTRAINT restoration_line_refused_is_not_due CHECK (((COALESCE(due_paise, (0)::bigint) = 0) OR (court_order_id IS NULL))),
    CONSTRAINT restoration_line_reopened_was_excluded CHECK (((reopened_at IS NULL) OR (excluded_at IS NOT NULL)))
);
COMMENT ON COLUMN restoration_line.court_order_id IS 'the order by which a court refuses to give it back';
COMMENT ON COLUMN restoration_line.due_paise IS 'what was made ready to go home; null until then';
COMMENT ON COLUMN restoration_line.excluded_as IS 'refused by an SP or a court, or cancelled by an officer: on hold then';
COMMENT ON COLUMN restoration_line.excluded_by IS 'the officer, or the engine where an order of a court ended it';
COMMENT ON COLUMN restoration_line.noticed_paise IS 'what was on hold when the holder was given notice: more is the next round; null until then';
COMMENT ON COLUMN restoration_line.objection_id IS 'the upheld objection by which it is released instead';
COMMENT ON COLUMN restoration_line.reopened_at IS 'when it was reopened; null while it stays out of every round';
CREATE INDEX restoration_line_hop ON restoration_line (case_no, hop_no);

CREATE TABLE restoration_step (
    restoration_id uuid NOT NULL,
    step text NOT NULL,
    visit_no integer NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    reminded_at timestamp with time zone,
    escalated_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_by text,
    outcome text,
    reason text NOT NULL DEFAULT ''::text,
    place bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    CONSTRAINT restoration_step_pkey PRIMARY KEY (restoration_id, step, visit_no),
    CONSTRAINT restoration_step_check CHECK (((ended_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT restoration_step_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text, 'sent_back'::text, 'cancelled'::text, 'skipped'::text]))),
    CONSTRAINT restoration_step_visit_no_check CHECK ((visit_no > 0))
) WITH (fillfactor=80);
CREATE INDEX restoration_step_due ON restoration_step (due_at) WHERE (ended_at IS NULL);
CREATE INDEX restoration_step_ended ON restoration_step USING brin (ended_at);
CREATE UNIQUE INDEX restoration_step_one_open ON restoration_step (restoration_id) WHERE (ended_at IS NULL);
CREATE INDEX restoration_step_opened ON restoration_step USING brin (opened_at);

CREATE TABLE returned_funds (
    returned_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    institution text NOT NULL,
    body_digest bytea NOT NULL,
    line_no integer NOT NULL,
    received_at timestamp with time zone NOT NULL,
    message_id text NOT NULL,
    created_at timestamp with time zone,
    case_no text,
    hop_no integer,
    reference text NOT NULL DEFAULT ''::text,
    returned_paise bigint,
    transfer_paise bigint,
    settled_on date,
    return_id text NOT NULL DEFAULT ''::text,
    reason_code text NOT NULL DEFAULT ''::text,
    job_id text,
    remarks text NOT NULL DEFAULT ''::text,
    person_id uuid,
    sealed_unreadable sealed_value,
    CONSTRAINT returned_funds_institution_body_digest_line_no_key UNIQUE (institution, body_digest, line_no),
    CONSTRAINT returned_funds_pkey PRIMARY KEY (returned_id),
    CONSTRAINT returned_funds_body_digest_check CHECK ((octet_length(body_digest) = 32)),
    CONSTRAINT returned_funds_check CHECK (((returned_paise IS NULL) = (sealed_unreadable IS NOT NULL))),
    CONSTRAINT returned_funds_check1 CHECK (((hop_no IS NULL) OR (case_no IS NOT NULL))),
    CONSTRAINT returned_funds_line_no_check CHECK ((line_no >= 1)),
    CONSTRAINT returned_funds_returned_paise_check CHECK ((returned_paise >= 0)),
    CONSTRAINT returned_funds_sealed_is_whole CHECK ((num_nulls(person_id, sealed_unreadable) = ANY (ARRAY[0, 2]))),
    CONSTRAINT returned_funds_transfer_paise_check CHECK ((transfer_paise >= 0))
);
COMMENT ON COLUMN returned_funds.case_no IS 'null: it names no case that this bank has to do with';
COMMENT ON COLUMN returned_funds.created_at IS 'of the message, as the bank says';
COMMENT ON COLUMN returned_funds.person_id IS 'the key of the case or of the bank that seals what could not be read';
COMMENT ON COLUMN returned_funds.sealed_unreadable IS 'the line as it came, sealed, where it could not be read';
CREATE INDEX returned_funds_case ON returned_funds (case_no) WHERE (case_no IS NOT NULL);

CREATE TABLE same_transfer (
    pair_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    merge_id bigint NOT NULL,
    counted_case_no text NOT NULL,
    counted_hop_no integer NOT NULL,
    aside_case_no text NOT NULL,
    aside_hop_no integer NOT NULL,
    found_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT same_transfer_pkey PRIMARY KEY (pair_id),
    CONSTRAINT same_transfer_of_two_cases CHECK ((counted_case_no <> aside_case_no))
);
COMMENT ON TABLE same_transfer IS 'a transfer that both cases of a merge tell; one hop counts, and the other is set aside';
CREATE UNIQUE INDEX same_transfer_aside ON same_transfer (aside_case_no, aside_hop_no) WHERE (ended_at IS NULL);
CREATE INDEX same_transfer_aside_case ON same_transfer (aside_case_no);
CREATE INDEX same_transfer_counted ON same_transfer (counted_case_no);
CREATE INDEX same_transfer_merge ON same_transfer (merge_id);

CREATE TABLE script_token (
    token_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    name text NOT NULL,
    token_digest bytea NOT NULL,
    roles text[] NOT NULL,
    issued_by text NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_by text,
    last_used_day date,
    display_digest bytea,
    placed_at timestamp with time zone,
    CONSTRAINT script_token_pkey PRIMARY KEY (token_id),
    CONSTRAINT script_token_at_most_a_year CHECK (((ends_at > issued_at) AND (ends_at <= (issued_at + '8784:00:00'::interval)))),
    CONSTRAINT script_token_issued_by_check CHECK ((issued_by <> ''::text)),
    CONSTRAINT script_token_name_is_plain CHECK ((name ~ '^[a-z0-9][a-z0-9._-]{0,47}$'::text)),
    CONSTRAINT script_token_no_second_officer CHECK (((cardinality(roles) > 0) AND ((roles <@ ARRAY['intake'::text, 'auditor'::text]) OR (roles = ARRAY['display'::text])))),
    CONSTRAINT script_token_placed CHECK ((((display_digest IS NULL) = (placed_at IS NULL)) AND ((display_digest IS NULL) OR ((length(display_digest) = 32) AND (roles = ARRAY['display'::text]))))),
    CONSTRAINT script_token_revoked_by_somebody CHECK (((revoked_at IS NULL) = (revoked_by IS NULL))),
    CONSTRAINT script_token_token_digest_check CHECK ((length(token_digest) = 32))
);
COMMENT ON COLUMN script_token.display_digest IS 'SHA-256 of the secret in the browser of the display; null until the token was exchanged there';
COMMENT ON COLUMN script_token.name IS 'stands in the case log as `script:<name>`; several tokens of one script have one name';
COMMENT ON COLUMN script_token.placed_at IS 'when the token was exchanged on its display';
COMMENT ON COLUMN script_token.token_digest IS 'SHA-256 of the token, which itself is nowhere';
CREATE UNIQUE INDEX script_token_digest ON script_token (token_digest);
CREATE UNIQUE INDEX script_token_display ON script_token (display_digest) WHERE (display_digest IS NOT NULL);

CREATE TABLE session (
    session_id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    token_digest bytea NOT NULL,
    began_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    address text,
    browser text NOT NULL DEFAULT ''::text,
    way text,
    proved_at timestamp with time zone,
    signature bytea,
    ended_by text,
    end_reason text,
    end_note text NOT NULL DEFAULT ''::text,
    bank_person_id uuid,
    opened_id uuid,
    opened_at timestamp with time zone,
    draft_id uuid GENERATED ALWAYS AS (
CASE kind
    WHEN 'public_form'::text THEN (subject)::uuid
    ELSE NULL::uuid
END) STORED,
    institution text GENERATED ALWAYS AS (
CASE kind
    WHEN 'bank'::text THEN subject
    ELSE NULL::text
END) STORED,
    officer_id text GENERATED ALWAYS AS (
CASE kind
    WHEN 'officer'::text THEN subject
    ELSE NULL::text
END) STORED,
    proof_id uuid GENERATED ALWAYS AS (
CASE
    WHEN (kind = ANY (ARRAY['appeal'::text, 'my_case'::text])) THEN (subject)::uuid
    ELSE NULL::uuid
END) STORED,
    CONSTRAINT session_token UNIQUE (token_digest),
    CONSTRAINT session_pkey PRIMARY KEY (session_id),
    CONSTRAINT session_address CHECK (((address IS NOT NULL) = (kind = ANY (ARRAY['bank'::text, 'officer'::text])))),
    CONSTRAINT session_address_check CHECK ((length(address) <= 64)),
    CONSTRAINT session_browser_check CHECK ((length(browser) <= 200)),
    CONSTRAINT session_end_note_check CHECK ((length(end_note) <= 500)),
    CONSTRAINT session_end_reason_check CHECK ((end_reason = ANY (ARRAY['signed_out'::text, 'ended_by_officer'::text, 'ended_by_admin'::text, 'signed_in_again'::text, 'too_many'::text, 'credentials_changed'::text, 'disabled'::text]))),
    CONSTRAINT session_ended_by_somebody CHECK (((kind <> 'officer'::text) OR (((ended_at IS NULL) = (ended_by IS NULL)) AND ((ended_at IS NULL) = (end_reason IS NULL))))),
    CONSTRAINT session_in_order CHECK (((began_at <= last_seen_at) AND (began_at < ends_at))),
    CONSTRAINT session_kind_check CHECK ((kind = ANY (ARRAY['appeal'::text, 'my_case'::text, 'public_form'::text, 'bank'::text, 'officer'::text]))),
    CONSTRAINT session_of_a_bank CHECK (((kind = 'bank'::text) OR (num_nonnulls(bank_person_id, opened_id) = 0))),
    CONSTRAINT session_of_an_officer CHECK (
CASE kind
    WHEN 'officer'::text THEN ((way IS NOT NULL) AND (ends_at <= (began_at + '24:00:00'::interval)))
    ELSE ((num_nonnulls(way, proved_at, signature, ended_by, end_reason) = 0) AND (browser = ''::text) AND (end_note = ''::text))
END),
    CONSTRAINT session_opened CHECK (((opened_id IS NULL) = (opened_at IS NULL))),
    CONSTRAINT session_signature_check CHECK ((octet_length(signature) = 64)),
    CONSTRAINT session_token_digest_check CHECK ((octet_length(token_digest) = 32)),
    CONSTRAINT session_way_check CHECK ((way = ANY (ARRAY['code'::text, 'recovery_code'::text, 'provider'::text])))
) WITH (fillfactor=80);
COMMENT ON TABLE session IS 'a time for which somebody is here, known by a token in a browser';
COMMENT ON COLUMN session.bank_person_id IS 'who has signed in; null for the login of the bank itself';
COMMENT ON COLUMN session.ended_at IS 'when it was ended before its time; null for a session that ends by its time';
COMMENT ON COLUMN session.ends_at IS 'when it is over, however often it is used';
COMMENT ON COLUMN session.opened_id IS 'the hold request or order whose form was opened last; colleagues see that it is open';
COMMENT ON COLUMN session.proved_at IS 'when the officer last gave a code in this session, or the proof at the identity provider before it; null while only the sign-in counts';
COMMENT ON COLUMN session.signature IS 'the signature of the process that signs officers in, over officer and token; a session without it opens nothing';
COMMENT ON COLUMN session.subject IS 'the key of the row that the session is about';
COMMENT ON COLUMN session.token_digest IS 'digest of the token in the cookie, which is stored nowhere';
COMMENT ON COLUMN session.way IS 'what the officer gave beside the password; `provider`: another system signed the officer in';
CREATE INDEX session_of_bank ON session (institution) WHERE (institution IS NOT NULL);
CREATE UNIQUE INDEX session_of_draft ON session (draft_id) WHERE ((draft_id IS NOT NULL) AND (ended_at IS NULL));
CREATE INDEX session_of_officer ON session (officer_id, began_at) WHERE (officer_id IS NOT NULL);
CREATE UNIQUE INDEX session_of_proof ON session (proof_id) WHERE (proof_id IS NOT NULL);
CREATE INDEX session_over ON session (ends_at);

CREATE TABLE set_aside_hop (
    set_aside_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    pair_id bigint NOT NULL,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    state text NOT NULL,
    in_play_paise bigint NOT NULL,
    refused_paise bigint NOT NULL,
    untraced_paise bigint NOT NULL,
    contra text NOT NULL,
    set_aside_at timestamp with time zone NOT NULL,
    put_back_at timestamp with time zone,
    CONSTRAINT set_aside_hop_pkey PRIMARY KEY (set_aside_id),
    CONSTRAINT set_aside_hop_contra_check CHECK ((contra = ANY (ARRAY['lost'::text, 'proposed'::text]))),
    CONSTRAINT set_aside_hop_has_money CHECK ((((in_play_paise + refused_paise) + untraced_paise) > 0)),
    CONSTRAINT set_aside_hop_in_play CHECK (((state = 'closed'::text) = (in_play_paise = 0))),
    CONSTRAINT set_aside_hop_in_play_paise_check CHECK ((in_play_paise >= 0)),
    CONSTRAINT set_aside_hop_refused_paise_check CHECK ((refused_paise >= 0)),
    CONSTRAINT set_aside_hop_state_check CHECK ((state = ANY (ARRAY['open'::text, 'asked'::text, 'correction'::text, 'unroutable'::text, 'closed'::text]))),
    CONSTRAINT set_aside_hop_untraced_paise_check CHECK ((untraced_paise >= 0))
);
COMMENT ON TABLE set_aside_hop IS 'a hop whose money counts in the other case of a merge, as it was, so that it can be put back';
COMMENT ON COLUMN set_aside_hop.contra IS 'bucket of the root that the money left and comes back to';
COMMENT ON COLUMN set_aside_hop.state IS 'of the hop before';
CREATE UNIQUE INDEX set_aside_hop_once ON set_aside_hop (case_no, hop_no) WHERE (put_back_at IS NULL);
CREATE INDEX set_aside_hop_pair ON set_aside_hop (pair_id);

CREATE TABLE shift_handover (
    handover_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    team_id bigint NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    written_at timestamp with time zone NOT NULL,
    CONSTRAINT shift_handover_team_id_ends_at_key UNIQUE (team_id, ends_at),
    CONSTRAINT shift_handover_pkey PRIMARY KEY (handover_id),
    CONSTRAINT shift_handover_ends_after_its_start CHECK (((starts_at < ends_at) AND (ends_at <= written_at)))
);
COMMENT ON TABLE shift_handover IS 'what a team did in a shift, and what it left; the engine writes it once, after the shift''s end';
CREATE INDEX shift_handover_by_time ON shift_handover (ends_at);

CREATE TABLE shift_handover_draft (
    handover_id bigint NOT NULL,
    officer_id text NOT NULL,
    draft_id uuid NOT NULL,
    made_at timestamp with time zone NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    ack_no text,
    CONSTRAINT shift_handover_draft_pkey PRIMARY KEY (handover_id, officer_id, draft_id)
);
COMMENT ON TABLE shift_handover_draft IS 'calls that were half done at the end of a shift; any officer who takes calls may take them over';
CREATE INDEX shift_handover_draft_of ON shift_handover_draft (draft_id);

CREATE TABLE shift_handover_item (
    handover_id bigint NOT NULL,
    officer_id text NOT NULL,
    state text NOT NULL,
    task_id bigint NOT NULL,
    case_no text,
    to_officer text,
    in_play_paise bigint NOT NULL,
    deadline_at timestamp with time zone,
    CONSTRAINT shift_handover_item_pkey PRIMARY KEY (handover_id, officer_id, task_id, state),
    CONSTRAINT shift_handover_item_goes_to_an_officer CHECK (((to_officer IS NOT NULL) = (state = ANY (ARRAY['passed_on'::text, 'given'::text])))),
    CONSTRAINT shift_handover_item_in_play_check CHECK ((in_play_paise >= 0)),
    CONSTRAINT shift_handover_item_state_check CHECK ((state = ANY (ARRAY['closed'::text, 'passed_on'::text, 'snoozed'::text, 'open'::text, 'kept'::text, 'returned'::text, 'given'::text])))
);
COMMENT ON COLUMN shift_handover_item.state IS 'closed, passed on or snoozed in the shift; open at its end, and then kept, returned to the list or given to an officer on shift';
CREATE INDEX shift_handover_item_open ON shift_handover_item (handover_id, task_id) WHERE (state = 'open'::text);
CREATE INDEX shift_handover_item_task ON shift_handover_item (task_id);

CREATE TABLE shift_handover_officer (
    handover_id bigint NOT NULL,
    officer_id text NOT NULL,
    acts jsonb NOT NULL,
    person_id uuid,
    sealed_note sealed_value,
    noted_at timestamp with time zone,
    CONSTRAINT shift_handover_officer_pkey PRIMARY KEY (handover_id, officer_id),
    CONSTRAINT shift_handover_officer_acts_size CHECK ((pg_column_size(acts) <= 8192)),
    CONSTRAINT shift_handover_officer_note_is_whole CHECK ((num_nulls(person_id, sealed_note, noted_at) = ANY (ARRAY[0, 3])))
);
COMMENT ON COLUMN shift_handover_officer.acts IS 'how often the officer did what in the shift, by kind of act';
COMMENT ON COLUMN shift_handover_officer.sealed_note IS 'what the officer adds, sealed under a key of its own';
CREATE INDEX shift_handover_officer_of ON shift_handover_officer (officer_id, handover_id);
CREATE INDEX shift_handover_officer_person ON shift_handover_officer (person_id) WHERE (person_id IS NOT NULL);

CREATE TABLE shift_note (
    team_id bigint NOT NULL,
    officer_id text NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    person_id uuid NOT NULL,
    sealed_note sealed_value NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    CONSTRAINT shift_note_pkey PRIMARY KEY (team_id, officer_id, ends_at)
);
COMMENT ON TABLE shift_note IS 'what officers add to the record of a shift before it is written; the record takes it';
COMMENT ON COLUMN shift_note.ends_at IS 'end of the shift when the note was written';
COMMENT ON COLUMN shift_note.sealed_note IS 'what the officer adds, sealed under a key of its own';
CREATE INDEX shift_note_by_time ON shift_note (noted_at);
CREATE INDEX shift_note_of ON shift_note (officer_id);
CREATE UNIQUE INDEX shift_note_person ON shift_note (person_id);

CREATE TABLE sign_in_entry (
    entry_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    at timestamp with time zone NOT NULL,
    officer_id text,
    name_digest bytea,
    address text NOT NULL,
    way text NOT NULL,
    outcome text NOT NULL,
    session_id uuid,
    CONSTRAINT sign_in_entry_pkey PRIMARY KEY (entry_id),
    CONSTRAINT sign_in_entry_address_check CHECK ((length(address) <= 64)),
    CONSTRAINT sign_in_entry_name_digest_check CHECK ((octet_length(name_digest) = 32)),
    CONSTRAINT sign_in_entry_names_one CHECK (((officer_id IS NULL) = (name_digest IS NOT NULL))),
    CONSTRAINT sign_in_entry_outcome_check CHECK ((outcome = ANY (ARRAY['signed_in'::text, 'wrong_password'::text, 'wrong_code'::text, 'code_used'::text, 'too_many_codes'::text, 'no_credentials'::text, 'disabled'::text, 'unknown_name'::text, 'credentials_set'::text, 'password_changed'::text, 'proved'::text]))),
    CONSTRAINT sign_in_entry_session CHECK (((outcome = ANY (ARRAY['signed_in'::text, 'proved'::text])) = (session_id IS NOT NULL))),
    CONSTRAINT sign_in_entry_unknown CHECK (((outcome = 'unknown_name'::text) = (officer_id IS NULL))),
    CONSTRAINT sign_in_entry_way_check CHECK ((way = ANY (ARRAY['code'::text, 'recovery_code'::text, 'link'::text, 'provider'::text])))
);
COMMENT ON COLUMN sign_in_entry.name_digest IS 'keyed digest of an unknown name, which may be a password typed into the wrong field';
CREATE INDEX sign_in_entry_addresses ON sign_in_entry (officer_id, address, at) WHERE (outcome = 'signed_in'::text);
CREATE INDEX sign_in_entry_by_officer ON sign_in_entry (officer_id, entry_id);

CREATE TABLE stage_count (
    "grouping" text NOT NULL,
    span text NOT NULL,
    starts_on date NOT NULL,
    key text NOT NULL,
    stage text NOT NULL,
    began integer NOT NULL,
    ended integer NOT NULL,
    waiting integer NOT NULL,
    in_policy integer NOT NULL,
    past_policy integer NOT NULL,
    in_legal integer NOT NULL,
    past_legal integer NOT NULL,
    buckets smallint[] NOT NULL,
    durations integer[] NOT NULL,
    CONSTRAINT stage_count_pkey PRIMARY KEY ("grouping", span, starts_on, key, stage),
    CONSTRAINT stage_count_adds_up CHECK (((LEAST(ended, waiting, in_policy, past_policy, in_legal, past_legal) >= 0) AND ((ended + waiting) <= began) AND (GREATEST(in_policy, in_legal) <= ended) AND (GREATEST(past_policy, past_legal) <= waiting))),
    CONSTRAINT stage_count_buckets_paired CHECK ((cardinality(buckets) = cardinality(durations))),
    CONSTRAINT stage_count_grouping_check CHECK (("grouping" = ANY (ARRAY['total'::text, 'district'::text, 'bank'::text, 'channel'::text, 'wire'::text, 'hour'::text, 'category'::text]))),
    CONSTRAINT stage_count_month_begins CHECK (((span = 'day'::text) OR (EXTRACT(day FROM starts_on) = (1)::numeric))),
    CONSTRAINT stage_count_span_check CHECK ((span = ANY (ARRAY['day'::text, 'month'::text])))
);
COMMENT ON COLUMN stage_count.buckets IS 'buckets of durations, eight to each doubling from a millisecond on';
COMMENT ON COLUMN stage_count.durations IS 'how many durations are in each of these buckets';
COMMENT ON COLUMN stage_count.in_legal IS 'ended within the time of the law';
COMMENT ON COLUMN stage_count.in_policy IS 'ended within the target of the policy';
COMMENT ON COLUMN stage_count.key IS 'the district, bank, channel, hour or category of the row; empty if unknown, and for a total';
COMMENT ON COLUMN stage_count.past_legal IS 'not ended, still expected, and past the time of the law when the day was counted';
COMMENT ON COLUMN stage_count.past_policy IS 'not ended, still expected, and past the target of the policy when the day was counted';

CREATE TABLE stage_day (
    day date NOT NULL,
    counted_at timestamp with time zone,
    CONSTRAINT stage_day_pkey PRIMARY KEY (day)
);
COMMENT ON COLUMN stage_day.counted_at IS 'when the stages of the day were counted last; null before the first count';
COMMENT ON COLUMN stage_day.day IS 'a day of Indian time, from the day of the first case on';

CREATE TABLE status_update (
    update_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    institution text NOT NULL,
    case_no text NOT NULL,
    job_id text NOT NULL,
    body_digest bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    reply jsonb NOT NULL,
    said_again integer NOT NULL DEFAULT 0,
    CONSTRAINT status_update_institution_body_digest_said_again_key UNIQUE (institution, body_digest, said_again),
    CONSTRAINT status_update_pkey PRIMARY KEY (update_id)
);

CREATE TABLE task_act (
    act_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    task_id bigint NOT NULL,
    version bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    owner text,
    former text,
    note text NOT NULL DEFAULT ''::text,
    CONSTRAINT task_act_task_id_version_key UNIQUE (task_id, version),
    CONSTRAINT task_act_pkey PRIMARY KEY (act_id),
    CONSTRAINT task_act_actor_check CHECK (((actor <> ''::text) AND (length(actor) <= 200))),
    CONSTRAINT task_act_kind_check CHECK ((kind = ANY (ARRAY['claimed'::text, 'passed_on'::text, 'taken_over'::text, 'released'::text, 'snoozed'::text]))),
    CONSTRAINT task_act_note_check CHECK ((length(note) <= 500))
);
COMMENT ON TABLE task_act IS 'who gave a work item to whom, and why; the case log has the same without the note';
COMMENT ON COLUMN task_act.former IS 'who had it before; null for no officer';
COMMENT ON COLUMN task_act.note IS 'of the officer, or why the engine ended a lease; rows go by the policy';
COMMENT ON COLUMN task_act.owner IS 'who has the item since then; null for no officer';
CREATE INDEX task_act_by_time ON task_act (at);
CREATE INDEX task_act_from ON task_act (former, act_id) WHERE (former IS NOT NULL);
CREATE INDEX task_act_to ON task_act (owner, act_id) WHERE (owner IS NOT NULL);

CREATE TABLE task_filter (
    officer_id text NOT NULL,
    place smallint NOT NULL,
    name text NOT NULL,
    filter jsonb NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    CONSTRAINT task_filter_pkey PRIMARY KEY (officer_id, place),
    CONSTRAINT task_filter_filter_check CHECK ((pg_column_size(filter) <= 8192)),
    CONSTRAINT task_filter_name_check CHECK (((name <> ''::text) AND (length(name) <= 60))),
    CONSTRAINT task_filter_place_check CHECK (((place >= 1) AND (place <= 20)))
);
COMMENT ON TABLE task_filter IS 'filters of work items that an officer saved; each has one of twenty places';
CREATE UNIQUE INDEX task_filter_name ON task_filter (officer_id, lower(name));

CREATE TABLE task_message (
    message_id uuid NOT NULL,
    officer_id text NOT NULL,
    medium text NOT NULL,
    written_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    withdrawn_at timestamp with time zone,
    given_up_at timestamp with time zone,
    CONSTRAINT task_message_pkey PRIMARY KEY (message_id),
    CONSTRAINT task_message_has_one_end CHECK ((num_nonnulls(sent_at, withdrawn_at, given_up_at) <= 1)),
    CONSTRAINT task_message_medium_check CHECK ((medium = ANY (ARRAY['sms'::text, 'email'::text, 'webhook'::text])))
);
COMMENT ON TABLE task_message IS 'one message to an officer about several work items; its text is made when it is sent';
COMMENT ON COLUMN task_message.withdrawn_at IS 'when none of its items waited any more';
CREATE INDEX task_message_by_time ON task_message (written_at);
CREATE INDEX task_message_of_officer ON task_message (officer_id, medium, written_at);
CREATE UNIQUE INDEX task_message_under_way ON task_message (officer_id, medium) WHERE ((sent_at IS NULL) AND (withdrawn_at IS NULL) AND (given_up_at IS NULL));

CREATE TABLE task_notice (
    officer_id text NOT NULL,
    task_id bigint NOT NULL,
    version bigint NOT NULL,
    reason text NOT NULL,
    medium text NOT NULL,
    written_at timestamp with time zone NOT NULL,
    message_id uuid,
    CONSTRAINT task_notice_pkey PRIMARY KEY (officer_id, task_id, version, reason, medium),
    CONSTRAINT task_notice_medium_check CHECK ((medium = ANY (ARRAY['stream'::text, 'sms'::text, 'email'::text, 'webhook'::text]))),
    CONSTRAINT task_notice_of_stream_is_not_sent CHECK (((medium <> 'stream'::text) OR (message_id IS NULL))),
    CONSTRAINT task_notice_reason_check CHECK ((reason = ANY (ARRAY['open'::text, 'passed_on'::text, 'lease_ends'::text, 'deadline'::text, 'unheard'::text]))),
    CONSTRAINT task_notice_version_check CHECK ((version >= 0))
);
COMMENT ON TABLE task_notice IS 'which officer is told of which work item; it holds while the item has the version at which it was written';
COMMENT ON COLUMN task_notice.message_id IS 'the message that states it; null: it waits for one, or is for the screen alone';
COMMENT ON COLUMN task_notice.version IS 'of the owner of the item; 0 before the first owner';
CREATE INDEX task_notice_by_time ON task_notice (written_at);
CREATE INDEX task_notice_newest ON task_notice (officer_id, written_at);
CREATE INDEX task_notice_of_message ON task_notice (message_id) WHERE (message_id IS NOT NULL);
CREATE INDEX task_notice_of_task ON task_notice (task_id);
CREATE INDEX task_notice_waits ON task_notice (officer_id, medium) WHERE ((message_id IS NULL) AND (medium <> 'stream'::text));

CREATE TABLE task_owner (
    task_id bigint NOT NULL,
    version bigint NOT NULL,
    owner text,
    since timestamp with time zone NOT NULL,
    since_seq bigint,
    lease_ends_at timestamp with time zone,
    snoozed_until timestamp with time zone,
    snoozed_for text,
    alarmed_at timestamp with time zone,
    CONSTRAINT task_owner_pkey PRIMARY KEY (task_id),
    CONSTRAINT task_owner_ends_the_alarm CHECK (((owner IS NULL) OR (alarmed_at IS NULL))),
    CONSTRAINT task_owner_has_a_lease CHECK (((owner IS NULL) = (lease_ends_at IS NULL))),
    CONSTRAINT task_owner_is_awake CHECK (((owner IS NULL) OR (snoozed_until IS NULL))),
    CONSTRAINT task_owner_lease_ends_later CHECK ((lease_ends_at > since)),
    CONSTRAINT task_owner_snooze_ends_later CHECK ((snoozed_until > since)),
    CONSTRAINT task_owner_snoozed_for_a_case CHECK (((snoozed_for IS NULL) OR ((snoozed_until IS NOT NULL) AND (since_seq IS NOT NULL)))),
    CONSTRAINT task_owner_snoozed_for_check CHECK ((snoozed_for ~ '^[a-z_]{1,64}$'::text)),
    CONSTRAINT task_owner_version_check CHECK ((version >= 0))
);
COMMENT ON TABLE task_owner IS 'who has an open work item; an item without a row never had an owner';
COMMENT ON COLUMN task_owner.alarmed_at IS 'when the supervisor was told that it has no owner for too long';
COMMENT ON COLUMN task_owner.lease_ends_at IS 'from then on the item has no owner, whatever stands in owner';
COMMENT ON COLUMN task_owner.since IS 'when owner or snooze changed last';
COMMENT ON COLUMN task_owner.since_seq IS 'last event of the case then; null for an item about no case';
COMMENT ON COLUMN task_owner.snoozed_for IS 'kind of event of the case that ends the snooze before its time';
COMMENT ON COLUMN task_owner.version IS 'grows by one when the owner or the snooze changes; a caller names the version that it saw';
CREATE INDEX task_owner_of_officer ON task_owner (owner) WHERE (owner IS NOT NULL);

CREATE TABLE task_value (
    task_id bigint NOT NULL,
    case_seq bigint NOT NULL,
    in_play_paise bigint NOT NULL,
    rank_paise bigint NOT NULL,
    persons text[] NOT NULL,
    institution text,
    district text,
    CONSTRAINT task_value_pkey PRIMARY KEY (task_id),
    CONSTRAINT task_value_in_play_paise_check CHECK ((in_play_paise >= 0)),
    CONSTRAINT task_value_rank_paise_check CHECK ((rank_paise >= 0))
);
COMMENT ON TABLE task_value IS 'what an open work item is worth, for lists; made again from the case at any time';
COMMENT ON COLUMN task_value.case_seq IS 'last event of the case when it was valued; 0 for an item about no case';
COMMENT ON COLUMN task_value.persons IS 'child, woman, senior: of the victims of the case';
COMMENT ON COLUMN task_value.rank_paise IS 'what is in play, and what the policy adds for the victim; the largest comes first';

CREATE TABLE team (
    team_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    name text NOT NULL,
    lead text,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    CONSTRAINT team_pkey PRIMARY KEY (team_id),
    CONSTRAINT team_created_by_check CHECK ((created_by <> ''::text)),
    CONSTRAINT team_ended_by_somebody CHECK (((ended_at IS NULL) = (ended_by IS NULL))),
    CONSTRAINT team_name_check CHECK (((name <> ''::text) AND (length(name) <= 200)))
);
CREATE INDEX team_lead ON team (lead);
CREATE UNIQUE INDEX team_open ON team (lower(name)) WHERE (ended_at IS NULL);

CREATE TABLE team_district (
    team_id bigint NOT NULL,
    district text NOT NULL,
    CONSTRAINT team_district_pkey PRIMARY KEY (team_id, district),
    CONSTRAINT team_district_district_check CHECK (((district <> ''::text) AND (length(district) <= 200)))
);
CREATE INDEX team_district_by_district ON team_district (lower(district));

CREATE TABLE team_member (
    team_id bigint NOT NULL,
    officer_id text NOT NULL,
    CONSTRAINT team_member_pkey PRIMARY KEY (team_id, officer_id)
);
CREATE INDEX team_member_by_officer ON team_member (officer_id);

CREATE TABLE team_shift (
    team_id bigint NOT NULL,
    day_no integer NOT NULL,
    starts_minute integer NOT NULL,
    ends_minute integer NOT NULL,
    CONSTRAINT team_shift_no_overlap EXCLUDE USING gist (int8range((((team_id * 10080) + ((day_no - 1) * 1440)) + starts_minute), (((team_id * 10080) + ((day_no - 1) * 1440)) + ends_minute)) WITH &&),
    CONSTRAINT team_shift_day_no_check CHECK (((day_no >= 1) AND (day_no <= 7))),
    CONSTRAINT team_shift_ends_after_its_start CHECK ((starts_minute < ends_minute)),
    CONSTRAINT team_shift_ends_minute_check CHECK ((ends_minute <= 1440)),
    CONSTRAINT team_shift_starts_minute_check CHECK ((starts_minute >= 0))
);
COMMENT ON COLUMN team_shift.day_no IS 'of the week, 1 is Monday';
CREATE INDEX team_shift_by_team ON team_shift (team_id);

CREATE TABLE telephone_answer (
    telephone_answer_id uuid NOT NULL,
    case_no text NOT NULL,
    request_id uuid NOT NULL,
    institution text NOT NULL,
    update_id bigint,
    told_at timestamp with time zone NOT NULL,
    number_is_known boolean NOT NULL,
    calls_back_at timestamp with time zone,
    entered_by text NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    person_id uuid NOT NULL,
    sealed_speaker sealed_value NOT NULL,
    idempotency_key text NOT NULL,
    body_digest bytea NOT NULL,
    reply jsonb NOT NULL,
    CONSTRAINT telephone_answer_once UNIQUE (case_no, entered_by, idempotency_key),
    CONSTRAINT telephone_answer_update_id_key UNIQUE (update_id),
    CONSTRAINT telephone_answer_pkey PRIMARY KEY (telephone_answer_id),
    CONSTRAINT telephone_answer_body_digest_check CHECK ((length(body_digest) = 32)),
    CONSTRAINT telephone_answer_calls_later CHECK ((calls_back_at > told_at)),
    CONSTRAINT telephone_answer_entered_by_check CHECK ((entered_by <> ''::text)),
    CONSTRAINT telephone_answer_idempotency_key_check CHECK (((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 200))),
    CONSTRAINT telephone_answer_says CHECK (((update_id IS NOT NULL) OR (calls_back_at IS NOT NULL))),
    CONSTRAINT telephone_answer_told_before CHECK ((told_at <= entered_at))
);
COMMENT ON TABLE telephone_answer IS 'What a bank said by telephone about a hold request, as an officer entered it; never changed.';
COMMENT ON COLUMN telephone_answer.body_digest IS 'SHA-256 of what was entered, without who spoke';
COMMENT ON COLUMN telephone_answer.number_is_known IS 'the directory has the number as one of the bank''s nodal officers';
COMMENT ON COLUMN telephone_answer.sealed_speaker IS 'name, designation and number of who spoke for the bank, sealed under the key of the victim';
COMMENT ON COLUMN telephone_answer.update_id IS 'the answer with its lines; null if the bank only said that it calls back';
CREATE INDEX telephone_answer_case ON telephone_answer (case_no, entered_at);
CREATE INDEX telephone_answer_person ON telephone_answer (person_id);
CREATE INDEX telephone_answer_request ON telephone_answer (request_id);

CREATE TABLE telephone_booking (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    kind text NOT NULL,
    booked_paise bigint NOT NULL,
    confirmed_paise bigint NOT NULL DEFAULT 0,
    CONSTRAINT telephone_booking_pkey PRIMARY KEY (case_no, hop_no, kind),
    CONSTRAINT telephone_booking_booked_paise_check CHECK ((booked_paise > 0)),
    CONSTRAINT telephone_booking_confirmed CHECK (((confirmed_paise >= 0) AND (confirmed_paise <= booked_paise))),
    CONSTRAINT telephone_booking_kind_check CHECK ((kind = ANY (ARRAY['held'::text, 'withdrawn'::text, 'spent'::text, 'moved'::text])))
);
COMMENT ON TABLE telephone_booking IS 'Money of a hop that telephone answers booked, and how much of it the bank has stated over a channel since.';
COMMENT ON COLUMN telephone_booking.kind IS 'where the money is; `moved` is of the hop that it moved to';

CREATE TABLE treatment_answer (
    answer_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    answered_on date NOT NULL,
    district text NOT NULL,
    respected text NOT NULL,
    knows_next text NOT NULL,
    CONSTRAINT treatment_answer_pkey PRIMARY KEY (answer_id),
    CONSTRAINT treatment_answer_knows_next_check CHECK ((knows_next = ANY (ARRAY['yes'::text, 'no'::text, 'dont_know'::text]))),
    CONSTRAINT treatment_answer_respected_check CHECK ((respected = ANY (ARRAY['yes'::text, 'no'::text, 'dont_know'::text])))
);
COMMENT ON TABLE treatment_answer IS 'answers of victims to two questions on how they were treated, without their number';
COMMENT ON COLUMN treatment_answer.district IS 'key of the district of the complaint';
CREATE INDEX treatment_answer_answered_on ON treatment_answer (answered_on, district);

CREATE TABLE treatment_report (
    ack_no text NOT NULL,
    answered_on date NOT NULL,
    is_alarming boolean NOT NULL,
    sealed_text sealed_value,
    CONSTRAINT treatment_report_pkey PRIMARY KEY (ack_no)
);
COMMENT ON TABLE treatment_report IS 'that a victim has answered, and what the victim wrote for a supervisor; sealed under the key of the victim';

CREATE TABLE try_bucket (
    name bytea NOT NULL,
    full_at timestamp with time zone NOT NULL,
    CONSTRAINT try_bucket_pkey PRIMARY KEY (name)
) WITH (fillfactor=50);
COMMENT ON COLUMN try_bucket.full_at IS 'a bucket that is full again is the same as none';
COMMENT ON COLUMN try_bucket.name IS 'a keyed digest of what is tried and by whom: it identifies no person';
CREATE INDEX try_bucket_full ON try_bucket (full_at);

CREATE TABLE victim (
    victim_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    district text NOT NULL,
    woman boolean NOT NULL,
    child boolean NOT NULL,
    senior boolean NOT NULL,
    language text NOT NULL DEFAULT 'hi'::text,
    district_as_told text NOT NULL DEFAULT ''::text,
    person_id uuid NOT NULL,
    sealed sealed_value NOT NULL,
    terms bytea[] NOT NULL,
    terms_key bytea NOT NULL,
    CONSTRAINT victim_pkey PRIMARY KEY (victim_id),
    CONSTRAINT victim_language_check CHECK ((language = ANY (ARRAY['en'::text, 'hi'::text])))
);
COMMENT ON COLUMN victim.sealed IS 'name, mobile and e-mail address, sealed under the person''s key';
COMMENT ON COLUMN victim.terms IS 'keyed digests of the terms that the victim is found by';
COMMENT ON COLUMN victim.terms_key IS 'the id of the secret key that the digests are made with';
CREATE INDEX victim_person ON victim (person_id);
CREATE INDEX victim_terms ON victim USING gin (terms) WITH (fastupdate=off);


CREATE TABLE withdrawal (
    withdrawal_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    case_no text NOT NULL,
    ack_no text NOT NULL,
    hop_no integer,
    kind text NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamp with time zone,
    decided_reason text,
    CONSTRAINT withdrawal_pkey PRIMARY KEY (withdrawal_id),
    CONSTRAINT withdrawal_decision_check CHECK ((decision = ANY (ARRAY['agreed'::text, 'rejected'::text]))),
    CONSTRAINT withdrawal_four_eyes CHECK (((decision IS DISTINCT FROM 'agreed'::text) OR (decided_by <> proposed_by))),
    CONSTRAINT withdrawal_is_whole CHECK ((num_nulls(decision, decided_by, decided_at, decided_reason) = ANY (ARRAY[0, 4]))),
    CONSTRAINT withdrawal_kind_check CHECK ((kind = ANY (ARRAY['false'::text, 'mistaken'::text, 'settled'::text]))),
    CONSTRAINT withdrawal_reason_check CHECK ((reason <> ''::text))
);
COMMENT ON COLUMN withdrawal.hop_no IS 'the one transfer that is withdrawn; null for the whole complaint';
CREATE INDEX withdrawal_case ON withdrawal (case_no);
CREATE UNIQUE INDEX withdrawal_open ON withdrawal (ack_no, COALESCE(hop_no, 0)) WHERE (decision IS NULL);

CREATE TABLE withdrawn_hop (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    withdrawal_id bigint NOT NULL,
    CONSTRAINT withdrawn_hop_pkey PRIMARY KEY (case_no, hop_no)
);
CREATE INDEX withdrawn_hop_withdrawal ON withdrawn_hop (withdrawal_id);

CREATE FUNCTION court_order_counts(c court_order)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT c.withdrawn_at IS NULL AND c.confirmed_at IS NOT NULL
$function$;
COMMENT ON FUNCTION court_order_counts(court_order) IS 'Whether an order moves money or a restoration. A keep of a hold counts before, but only for a limited time.';

CREATE FUNCTION court_order_retains(c court_order, of_institution text, of_account text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT c.effect IN ('keep_hold', 'restore') AND c.withdrawn_at IS NULL
        AND (c.account_key IS NULL OR (c.institution, c.account_key) = (of_institution, of_account))
        AND (c.confirmed_at IS NOT NULL OR NOT EXISTS (
            SELECT FROM court_order e WHERE e.case_no = c.case_no AND e.court_order_id < c.court_order_id
              AND e.effect IN ('keep_hold', 'restore') AND e.confirmed_at IS NULL
              AND person_of(e.taken_by) = person_of(c.taken_by)
              AND (e.account_key IS NULL OR (e.institution, e.account_key) = (of_institution, of_account))))
$function$;
COMMENT ON FUNCTION court_order_retains(court_order,text,text) IS 'Whether an order retains a hold at the account. A further one of an officer whose earlier one was not confirmed waits for its second officer.';

ALTER TABLE account_hold ADD CONSTRAINT account_hold_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE account_hold ADD CONSTRAINT account_hold_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE allocation_share ADD CONSTRAINT allocation_share_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE allocation_share ADD CONSTRAINT allocation_share_allocation_id_fkey FOREIGN KEY (allocation_id) REFERENCES allocation(allocation_id);
ALTER TABLE allocation_share ADD CONSTRAINT allocation_share_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE answer ADD CONSTRAINT answer_update_id_fkey FOREIGN KEY (update_id) REFERENCES status_update(update_id);
ALTER TABLE application_signature ADD CONSTRAINT application_signature_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE application_signature ADD CONSTRAINT application_signature_document_id_fkey FOREIGN KEY (document_id) REFERENCES document(document_id);
ALTER TABLE application_signature ADD CONSTRAINT application_signature_restoration_id_fkey FOREIGN KEY (restoration_id) REFERENCES restoration(restoration_id);
ALTER TABLE attachment_approval ADD CONSTRAINT attachment_approval_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE attachment_approval ADD CONSTRAINT attachment_approval_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE automatic_release ADD CONSTRAINT automatic_release_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE bank_body ADD CONSTRAINT bank_body_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE bank_confirmation ADD CONSTRAINT bank_confirmation_order_id_fkey FOREIGN KEY (order_id) REFERENCES bank_order(order_id);
ALTER TABLE bank_confirmation ADD CONSTRAINT bank_confirmation_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES ledger_transaction(transaction_id);
ALTER TABLE bank_evidence ADD CONSTRAINT bank_evidence_bank_person_id_fkey FOREIGN KEY (bank_person_id) REFERENCES bank_person(person_id);
ALTER TABLE bank_evidence ADD CONSTRAINT bank_evidence_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE bank_evidence ADD CONSTRAINT bank_evidence_key_id_fkey FOREIGN KEY (key_id) REFERENCES bank_key(key_id);
ALTER TABLE bank_exchange ADD CONSTRAINT bank_exchange_inquiry_id_fkey FOREIGN KEY (inquiry_id) REFERENCES payer_inquiry(inquiry_id);
ALTER TABLE bank_exchange ADD CONSTRAINT bank_exchange_order_id_fkey FOREIGN KEY (order_id) REFERENCES bank_order(order_id);
ALTER TABLE bank_exchange ADD CONSTRAINT bank_exchange_request_id_fkey FOREIGN KEY (request_id) REFERENCES hold_request(request_id);
ALTER TABLE bank_holiday ADD CONSTRAINT bank_holiday_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code) ON DELETE CASCADE;
ALTER TABLE bank_key ADD CONSTRAINT bank_key_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE bank_key_change ADD CONSTRAINT bank_key_change_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE bank_key_change ADD CONSTRAINT bank_key_change_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE bank_login ADD CONSTRAINT bank_login_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE bank_login_change ADD CONSTRAINT bank_login_change_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code) ON DELETE CASCADE;
ALTER TABLE bank_login_change ADD CONSTRAINT bank_login_change_proof_fkey FOREIGN KEY (proof_id, institution, made_by) REFERENCES proof(proof_id, institution, made_by) ON DELETE CASCADE;
ALTER TABLE bank_nonce ADD CONSTRAINT bank_nonce_key_id_fkey FOREIGN KEY (key_id) REFERENCES bank_key(key_id);
ALTER TABLE bank_order ADD CONSTRAINT bank_order_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE bank_order ADD CONSTRAINT bank_order_court_order_id_fkey FOREIGN KEY (court_order_id) REFERENCES court_order(court_order_id);
ALTER TABLE bank_order ADD CONSTRAINT bank_order_grievance_id_fkey FOREIGN KEY (grievance_id) REFERENCES grievance(grievance_id);
ALTER TABLE bank_order ADD CONSTRAINT bank_order_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE bank_order ADD CONSTRAINT bank_order_restoration_id_fkey FOREIGN KEY (restoration_id) REFERENCES restoration(restoration_id);
ALTER TABLE bank_order_line ADD CONSTRAINT bank_order_line_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE bank_order_line ADD CONSTRAINT bank_order_line_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE bank_order_line ADD CONSTRAINT bank_order_line_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE bank_order_line ADD CONSTRAINT bank_order_line_order_id_fkey FOREIGN KEY (order_id) REFERENCES bank_order(order_id);
ALTER TABLE bank_person ADD CONSTRAINT bank_person_confirmed_proposal_fkey FOREIGN KEY (confirmed_proposal) REFERENCES proposal(proposal_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE bank_person ADD CONSTRAINT bank_person_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code) ON DELETE CASCADE;
ALTER TABLE bank_reply_check ADD CONSTRAINT bank_reply_check_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES bank_person(person_id);
ALTER TABLE bank_reply_check ADD CONSTRAINT bank_reply_check_evidence_id_fkey FOREIGN KEY (evidence_id) REFERENCES bank_evidence(evidence_id);
ALTER TABLE bank_reply_check ADD CONSTRAINT bank_reply_check_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE bank_reply_check ADD CONSTRAINT bank_reply_check_made_by_fkey FOREIGN KEY (made_by) REFERENCES bank_person(person_id);
ALTER TABLE bank_test_call ADD CONSTRAINT bank_test_call_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code) ON DELETE CASCADE;
ALTER TABLE braked_release ADD CONSTRAINT braked_release_brake_id_fkey FOREIGN KEY (brake_id) REFERENCES release_brake(brake_id);
ALTER TABLE braked_release ADD CONSTRAINT braked_release_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE call_back ADD CONSTRAINT call_back_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE call_back ADD CONSTRAINT call_back_request_id_fkey FOREIGN KEY (request_id) REFERENCES hold_request(request_id);
ALTER TABLE call_back ADD CONSTRAINT call_back_telephone_answer_id_fkey FOREIGN KEY (telephone_answer_id) REFERENCES telephone_answer(telephone_answer_id);
ALTER TABLE case_assignment ADD CONSTRAINT case_assignment_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE case_event ADD CONSTRAINT case_event_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE case_merge ADD CONSTRAINT case_merge_merged_case_no_fkey FOREIGN KEY (merged_case_no) REFERENCES case_file(case_no);
ALTER TABLE case_merge ADD CONSTRAINT case_merge_primary_case_no_fkey FOREIGN KEY (primary_case_no) REFERENCES case_file(case_no);
ALTER TABLE case_news ADD CONSTRAINT case_news_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE case_officer ADD CONSTRAINT case_officer_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE channel_health ADD CONSTRAINT channel_health_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE complainant_message ADD CONSTRAINT complainant_message_draft_id_fkey FOREIGN KEY (draft_id) REFERENCES public_draft(draft_id);
ALTER TABLE complaint ADD CONSTRAINT complaint_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE complaint ADD CONSTRAINT complaint_victim_id_fkey FOREIGN KEY (victim_id) REFERENCES victim(victim_id);
ALTER TABLE complaint_reach ADD CONSTRAINT complaint_reach_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE complaint_reach ADD CONSTRAINT complaint_reach_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE complaint_story ADD CONSTRAINT complaint_story_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE complaint_story ADD CONSTRAINT complaint_story_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE complaint_transfer ADD CONSTRAINT complaint_transfer_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE complaint_transfer ADD CONSTRAINT complaint_transfer_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE court_hearing ADD CONSTRAINT court_hearing_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE court_hearing ADD CONSTRAINT court_hearing_restoration_id_fkey FOREIGN KEY (restoration_id) REFERENCES restoration(restoration_id);
ALTER TABLE court_order ADD CONSTRAINT court_order_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE court_order ADD CONSTRAINT court_order_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE credit_account ADD CONSTRAINT credit_account_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE credit_account ADD CONSTRAINT credit_account_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE credit_account ADD CONSTRAINT credit_account_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE credit_account ADD CONSTRAINT credit_account_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE credit_account_link ADD CONSTRAINT credit_account_link_account_id_fkey FOREIGN KEY (account_id) REFERENCES credit_account(account_id);
ALTER TABLE delivery_attempt ADD CONSTRAINT delivery_attempt_order_id_fkey FOREIGN KEY (order_id) REFERENCES bank_order(order_id);
ALTER TABLE delivery_attempt ADD CONSTRAINT delivery_attempt_request_id_fkey FOREIGN KEY (request_id) REFERENCES hold_request(request_id);
ALTER TABLE desk_task ADD CONSTRAINT desk_task_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE desk_task ADD CONSTRAINT desk_task_reconciliation_id_fkey FOREIGN KEY (reconciliation_id) REFERENCES reconciliation(reconciliation_id);
ALTER TABLE desk_task ADD CONSTRAINT desk_task_request_id_fkey FOREIGN KEY (request_id) REFERENCES hold_request(request_id);
ALTER TABLE discrepancy ADD CONSTRAINT discrepancy_answer_id_fkey FOREIGN KEY (answer_id) REFERENCES answer(answer_id);
ALTER TABLE discrepancy ADD CONSTRAINT discrepancy_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE discrepancy_resolution ADD CONSTRAINT discrepancy_resolution_discrepancy_id_fkey FOREIGN KEY (discrepancy_id) REFERENCES discrepancy(discrepancy_id);
ALTER TABLE discrepancy_resolution ADD CONSTRAINT discrepancy_resolution_discrepancy_id_replaces_fkey FOREIGN KEY (discrepancy_id, replaces) REFERENCES discrepancy_resolution(discrepancy_id, resolution_no);
ALTER TABLE discrepancy_resolution ADD CONSTRAINT discrepancy_resolution_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES ledger_transaction(transaction_id);
ALTER TABLE disputed_transfer ADD CONSTRAINT disputed_transfer_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE document ADD CONSTRAINT document_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE document ADD CONSTRAINT document_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE document ADD CONSTRAINT document_grievance_id_fkey FOREIGN KEY (grievance_id) REFERENCES grievance(grievance_id);
ALTER TABLE document ADD CONSTRAINT document_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE document ADD CONSTRAINT document_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE document ADD CONSTRAINT document_order_id_fkey FOREIGN KEY (order_id) REFERENCES bank_order(order_id);
ALTER TABLE document ADD CONSTRAINT document_request_id_fkey FOREIGN KEY (request_id) REFERENCES hold_request(request_id);
ALTER TABLE document ADD CONSTRAINT document_restoration_id_fkey FOREIGN KEY (restoration_id) REFERENCES restoration(restoration_id);
ALTER TABLE draft ADD CONSTRAINT draft_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE draft ADD CONSTRAINT draft_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE draft_handover ADD CONSTRAINT draft_handover_draft_id_fkey FOREIGN KEY (draft_id) REFERENCES draft(draft_id);
ALTER TABLE due_document ADD CONSTRAINT due_document_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE due_document ADD CONSTRAINT due_document_restoration_id_step_visit_no_fkey FOREIGN KEY (restoration_id, step, visit_no) REFERENCES restoration_step(restoration_id, step, visit_no) MATCH FULL;
ALTER TABLE duty ADD CONSTRAINT duty_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE duty ADD CONSTRAINT duty_document_id_fkey FOREIGN KEY (document_id) REFERENCES document(document_id);
ALTER TABLE feed_counter ADD CONSTRAINT feed_counter_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE feed_entry ADD CONSTRAINT feed_entry_request_id_fkey FOREIGN KEY (request_id) REFERENCES hold_request(request_id);
ALTER TABLE feed_key ADD CONSTRAINT feed_key_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE fir ADD CONSTRAINT fir_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE fir_copy ADD CONSTRAINT fir_copy_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE fir_copy ADD CONSTRAINT fir_copy_fir_id_fkey FOREIGN KEY (fir_id) REFERENCES fir(fir_id);
ALTER TABLE grievance ADD CONSTRAINT grievance_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE grievance ADD CONSTRAINT grievance_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE grievance ADD CONSTRAINT grievance_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE grievance_level ADD CONSTRAINT grievance_level_grievance_id_fkey FOREIGN KEY (grievance_id) REFERENCES grievance(grievance_id);
ALTER TABLE grievance_level ADD CONSTRAINT grievance_level_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE hearing_waiver ADD CONSTRAINT hearing_waiver_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE hearing_waiver ADD CONSTRAINT hearing_waiver_restoration_id_fkey FOREIGN KEY (restoration_id) REFERENCES restoration(restoration_id);
ALTER TABLE held_hop ADD CONSTRAINT held_hop_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE hold_request ADD CONSTRAINT hold_request_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE hold_request ADD CONSTRAINT hold_request_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE holder_contact ADD CONSTRAINT holder_contact_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE holder_contact ADD CONSTRAINT holder_contact_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE holder_contact_change ADD CONSTRAINT holder_contact_change_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE holder_contact_change ADD CONSTRAINT holder_contact_change_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE holder_key ADD CONSTRAINT holder_key_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE holder_key ADD CONSTRAINT holder_key_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE hop ADD CONSTRAINT hop_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE hop ADD CONSTRAINT hop_case_no_parent_hop_no_fkey FOREIGN KEY (case_no, parent_hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE hop ADD CONSTRAINT hop_complaint_fkey FOREIGN KEY (case_no, ack_no) REFERENCES complaint(case_no, ack_no) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE hop ADD CONSTRAINT hop_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE hop_correction ADD CONSTRAINT hop_correction_case_no_ack_no_fkey FOREIGN KEY (case_no, ack_no) REFERENCES complaint(case_no, ack_no) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE hop_correction ADD CONSTRAINT hop_correction_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE hop_raise ADD CONSTRAINT hop_raise_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE hop_raise ADD CONSTRAINT hop_raise_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE hop_retry ADD CONSTRAINT hop_retry_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE institution ADD CONSTRAINT institution_sponsor_fkey FOREIGN KEY (sponsor) REFERENCES institution(code);
ALTER TABLE institution_channel ADD CONSTRAINT institution_channel_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES ledger_transaction(transaction_id);
ALTER TABLE ledger_transaction ADD CONSTRAINT ledger_transaction_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE lien_inquiry ADD CONSTRAINT lien_inquiry_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE lien_list ADD CONSTRAINT lien_list_inquiry_id_fkey FOREIGN KEY (inquiry_id) REFERENCES lien_inquiry(inquiry_id);
ALTER TABLE lien_list ADD CONSTRAINT lien_list_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE lien_list_page ADD CONSTRAINT lien_list_page_list_no_pages_fkey FOREIGN KEY (list_no, pages) REFERENCES lien_list(list_no, pages);
ALTER TABLE lien_round ADD CONSTRAINT lien_round_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code) ON DELETE CASCADE;
ALTER TABLE message ADD CONSTRAINT message_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE message ADD CONSTRAINT message_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE message_document ADD CONSTRAINT message_document_document_id_fkey FOREIGN KEY (document_id) REFERENCES document(document_id);
ALTER TABLE message_document ADD CONSTRAINT message_document_message_id_fkey FOREIGN KEY (message_id) REFERENCES message(message_id);
ALTER TABLE nodal_officer ADD CONSTRAINT nodal_officer_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code) ON DELETE CASCADE;
ALTER TABLE notice_seen ADD CONSTRAINT notice_seen_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE notice_setting ADD CONSTRAINT notice_setting_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE notice_setting ADD CONSTRAINT notice_setting_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE objection ADD CONSTRAINT objection_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE objection ADD CONSTRAINT objection_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE objection ADD CONSTRAINT objection_restoration_id_fkey FOREIGN KEY (restoration_id) REFERENCES restoration(restoration_id);
ALTER TABLE officer_absence ADD CONSTRAINT officer_absence_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE officer_district ADD CONSTRAINT officer_district_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE officer_event ADD CONSTRAINT officer_event_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE officer_leave ADD CONSTRAINT officer_leave_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES nodal_officer(officer_id) ON DELETE CASCADE;
ALTER TABLE officer_password ADD CONSTRAINT officer_password_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE officer_role ADD CONSTRAINT officer_role_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE officer_shift ADD CONSTRAINT officer_shift_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES nodal_officer(officer_id) ON DELETE CASCADE;
ALTER TABLE officer_totp ADD CONSTRAINT officer_totp_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE order_cancellation ADD CONSTRAINT order_cancellation_order_id_fkey FOREIGN KEY (order_id) REFERENCES bank_order(order_id);
ALTER TABLE payer_found_transfer ADD CONSTRAINT payer_found_transfer_answer_id_fkey FOREIGN KEY (answer_id) REFERENCES answer(answer_id);
ALTER TABLE payer_found_transfer ADD CONSTRAINT payer_found_transfer_inquiry_id_fkey FOREIGN KEY (inquiry_id) REFERENCES payer_inquiry(inquiry_id);
ALTER TABLE payer_inquiry ADD CONSTRAINT payer_inquiry_hop_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE payer_statement ADD CONSTRAINT payer_statement_answer_id_fkey FOREIGN KEY (answer_id) REFERENCES answer(answer_id);
ALTER TABLE payer_statement ADD CONSTRAINT payer_statement_inquiry_id_fkey FOREIGN KEY (inquiry_id) REFERENCES payer_inquiry(inquiry_id);
ALTER TABLE person_key ADD CONSTRAINT person_key_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE person_key ADD CONSTRAINT person_key_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE policy_version ADD CONSTRAINT policy_version_proposal_id_fkey FOREIGN KEY (proposal_id) REFERENCES proposal(proposal_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE procedure ADD CONSTRAINT procedure_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE procedure_news ADD CONSTRAINT procedure_news_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES procedure(workflow_id);
ALTER TABLE proof ADD CONSTRAINT proof_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE proof ADD CONSTRAINT proof_document_id_fkey FOREIGN KEY (document_id) REFERENCES document(document_id);
ALTER TABLE proof ADD CONSTRAINT proof_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE proof ADD CONSTRAINT proof_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code) ON DELETE CASCADE;
ALTER TABLE proof ADD CONSTRAINT proof_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE proof ADD CONSTRAINT proof_proposal_id_fkey FOREIGN KEY (proposal_id) REFERENCES proposal(proposal_id);
ALTER TABLE proposal ADD CONSTRAINT proposal_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE proposal ADD CONSTRAINT proposal_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE proposal ADD CONSTRAINT proposal_discrepancy_id_fkey FOREIGN KEY (discrepancy_id) REFERENCES discrepancy(discrepancy_id);
ALTER TABLE proposal ADD CONSTRAINT proposal_given_to_fkey FOREIGN KEY (case_no, given_to) REFERENCES complaint(case_no, ack_no);
ALTER TABLE proposal ADD CONSTRAINT proposal_grievance_id_fkey FOREIGN KEY (grievance_id) REFERENCES grievance(grievance_id);
ALTER TABLE proposal ADD CONSTRAINT proposal_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE proposal ADD CONSTRAINT proposal_hop_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE proposal ADD CONSTRAINT proposal_order_id_fkey FOREIGN KEY (order_id) REFERENCES bank_order(order_id);
ALTER TABLE proposal ADD CONSTRAINT proposal_victim_id_fkey FOREIGN KEY (victim_id) REFERENCES victim(victim_id);
ALTER TABLE public_draft ADD CONSTRAINT public_draft_call_id_fkey FOREIGN KEY (call_id) REFERENCES draft(draft_id);
ALTER TABLE public_draft ADD CONSTRAINT public_draft_draft_id_fkey FOREIGN KEY (draft_id) REFERENCES draft(draft_id);
ALTER TABLE rate_bucket ADD CONSTRAINT rate_bucket_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE reconciliation ADD CONSTRAINT reconciliation_inquiry_id_fkey FOREIGN KEY (inquiry_id) REFERENCES lien_inquiry(inquiry_id);
ALTER TABLE reconciliation ADD CONSTRAINT reconciliation_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE reconciliation ADD CONSTRAINT reconciliation_list_no_fkey FOREIGN KEY (list_no) REFERENCES lien_list(list_no);
ALTER TABLE reconciliation_difference ADD CONSTRAINT reconciliation_difference_reconciliation_id_fkey FOREIGN KEY (reconciliation_id) REFERENCES reconciliation(reconciliation_id);
ALTER TABLE recovery_code ADD CONSTRAINT recovery_code_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE release_brake ADD CONSTRAINT release_brake_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE release_hearing ADD CONSTRAINT release_hearing_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE release_hearing ADD CONSTRAINT release_hearing_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE release_hearing ADD CONSTRAINT release_hearing_proposal_id_kind_fkey FOREIGN KEY (proposal_id, kind) REFERENCES proposal(proposal_id, kind);
ALTER TABLE reply_form ADD CONSTRAINT reply_form_link_id_fkey FOREIGN KEY (link_id) REFERENCES reply_link(link_id);
ALTER TABLE reply_link ADD CONSTRAINT reply_link_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE reply_link ADD CONSTRAINT reply_link_order_id_fkey FOREIGN KEY (order_id) REFERENCES bank_order(order_id);
ALTER TABLE reply_link ADD CONSTRAINT reply_link_request_id_fkey FOREIGN KEY (request_id) REFERENCES hold_request(request_id);
ALTER TABLE request_hop ADD CONSTRAINT request_hop_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE request_hop ADD CONSTRAINT request_hop_request_id_fkey FOREIGN KEY (request_id) REFERENCES hold_request(request_id);
ALTER TABLE request_job ADD CONSTRAINT request_job_request_id_fkey FOREIGN KEY (request_id) REFERENCES hold_request(request_id);
ALTER TABLE restoration ADD CONSTRAINT restoration_case_no_ack_no_fkey FOREIGN KEY (case_no, ack_no) REFERENCES complaint(case_no, ack_no);
ALTER TABLE restoration ADD CONSTRAINT restoration_court_order_id_fkey FOREIGN KEY (court_order_id) REFERENCES court_order(court_order_id);
ALTER TABLE restoration ADD CONSTRAINT restoration_credit_account_id_fkey FOREIGN KEY (credit_account_id) REFERENCES credit_account(account_id);
ALTER TABLE restoration_line ADD CONSTRAINT restoration_line_allocation_id_fkey FOREIGN KEY (allocation_id) REFERENCES allocation(allocation_id);
ALTER TABLE restoration_line ADD CONSTRAINT restoration_line_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE restoration_line ADD CONSTRAINT restoration_line_court_order_id_fkey FOREIGN KEY (court_order_id) REFERENCES court_order(court_order_id);
ALTER TABLE restoration_line ADD CONSTRAINT restoration_line_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES account_hold(hold_id);
ALTER TABLE restoration_line ADD CONSTRAINT restoration_line_objection_id_fkey FOREIGN KEY (objection_id) REFERENCES objection(objection_id);
ALTER TABLE restoration_line ADD CONSTRAINT restoration_line_restoration_id_fkey FOREIGN KEY (restoration_id) REFERENCES restoration(restoration_id);
ALTER TABLE restoration_step ADD CONSTRAINT restoration_step_restoration_id_fkey FOREIGN KEY (restoration_id) REFERENCES restoration(restoration_id);
ALTER TABLE returned_funds ADD CONSTRAINT returned_funds_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE returned_funds ADD CONSTRAINT returned_funds_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE returned_funds ADD CONSTRAINT returned_funds_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE same_transfer ADD CONSTRAINT same_transfer_aside_case_no_aside_hop_no_fkey FOREIGN KEY (aside_case_no, aside_hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE same_transfer ADD CONSTRAINT same_transfer_counted_case_no_counted_hop_no_fkey FOREIGN KEY (counted_case_no, counted_hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE same_transfer ADD CONSTRAINT same_transfer_merge_id_fkey FOREIGN KEY (merge_id) REFERENCES case_merge(merge_id);
ALTER TABLE session ADD CONSTRAINT session_bank_person_id_fkey FOREIGN KEY (bank_person_id) REFERENCES bank_person(person_id) ON DELETE CASCADE;
ALTER TABLE session ADD CONSTRAINT session_draft_id_fkey FOREIGN KEY (draft_id) REFERENCES public_draft(draft_id);
ALTER TABLE session ADD CONSTRAINT session_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code) ON DELETE CASCADE;
ALTER TABLE session ADD CONSTRAINT session_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE session ADD CONSTRAINT session_proof_fkey FOREIGN KEY (proof_id, kind, began_at) REFERENCES proof(proof_id, purpose, used_at) ON DELETE CASCADE;
ALTER TABLE set_aside_hop ADD CONSTRAINT set_aside_hop_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE set_aside_hop ADD CONSTRAINT set_aside_hop_pair_id_fkey FOREIGN KEY (pair_id) REFERENCES same_transfer(pair_id);
ALTER TABLE shift_handover ADD CONSTRAINT shift_handover_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(team_id);
ALTER TABLE shift_handover_draft ADD CONSTRAINT shift_handover_draft_draft_id_fkey FOREIGN KEY (draft_id) REFERENCES draft(draft_id);
ALTER TABLE shift_handover_draft ADD CONSTRAINT shift_handover_draft_handover_id_officer_id_fkey FOREIGN KEY (handover_id, officer_id) REFERENCES shift_handover_officer(handover_id, officer_id) ON DELETE CASCADE;
ALTER TABLE shift_handover_item ADD CONSTRAINT shift_handover_item_handover_id_officer_id_fkey FOREIGN KEY (handover_id, officer_id) REFERENCES shift_handover_officer(handover_id, officer_id) ON DELETE CASCADE;
ALTER TABLE shift_handover_item ADD CONSTRAINT shift_handover_item_task_id_fkey FOREIGN KEY (task_id) REFERENCES desk_task(task_id);
ALTER TABLE shift_handover_officer ADD CONSTRAINT shift_handover_officer_handover_id_fkey FOREIGN KEY (handover_id) REFERENCES shift_handover(handover_id) ON DELETE CASCADE;
ALTER TABLE shift_handover_officer ADD CONSTRAINT shift_handover_officer_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE shift_handover_officer ADD CONSTRAINT shift_handover_officer_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE shift_note ADD CONSTRAINT shift_note_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE shift_note ADD CONSTRAINT shift_note_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE shift_note ADD CONSTRAINT shift_note_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(team_id);
ALTER TABLE sign_in_entry ADD CONSTRAINT sign_in_entry_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE status_update ADD CONSTRAINT status_update_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE status_update ADD CONSTRAINT status_update_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE task_act ADD CONSTRAINT task_act_task_id_fkey FOREIGN KEY (task_id) REFERENCES desk_task(task_id);
ALTER TABLE task_filter ADD CONSTRAINT task_filter_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE task_message ADD CONSTRAINT task_message_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE task_notice ADD CONSTRAINT task_notice_message_id_fkey FOREIGN KEY (message_id) REFERENCES task_message(message_id);
ALTER TABLE task_notice ADD CONSTRAINT task_notice_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE task_notice ADD CONSTRAINT task_notice_task_id_fkey FOREIGN KEY (task_id) REFERENCES desk_task(task_id);
ALTER TABLE task_owner ADD CONSTRAINT task_owner_owner_fkey FOREIGN KEY (owner) REFERENCES officer(officer_id);
ALTER TABLE task_owner ADD CONSTRAINT task_owner_task_id_fkey FOREIGN KEY (task_id) REFERENCES desk_task(task_id);
ALTER TABLE task_value ADD CONSTRAINT task_value_task_id_fkey FOREIGN KEY (task_id) REFERENCES desk_task(task_id);
ALTER TABLE team ADD CONSTRAINT team_lead_fkey FOREIGN KEY (lead) REFERENCES officer(officer_id);
ALTER TABLE team_district ADD CONSTRAINT team_district_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(team_id) ON DELETE CASCADE;
ALTER TABLE team_member ADD CONSTRAINT team_member_officer_id_fkey FOREIGN KEY (officer_id) REFERENCES officer(officer_id);
ALTER TABLE team_member ADD CONSTRAINT team_member_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(team_id) ON DELETE CASCADE;
ALTER TABLE team_shift ADD CONSTRAINT team_shift_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(team_id) ON DELETE CASCADE;
ALTER TABLE telephone_answer ADD CONSTRAINT telephone_answer_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE telephone_answer ADD CONSTRAINT telephone_answer_institution_fkey FOREIGN KEY (institution) REFERENCES institution(code);
ALTER TABLE telephone_answer ADD CONSTRAINT telephone_answer_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE telephone_answer ADD CONSTRAINT telephone_answer_request_id_fkey FOREIGN KEY (request_id) REFERENCES hold_request(request_id);
ALTER TABLE telephone_answer ADD CONSTRAINT telephone_answer_update_id_fkey FOREIGN KEY (update_id) REFERENCES status_update(update_id);
ALTER TABLE telephone_booking ADD CONSTRAINT telephone_booking_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE treatment_report ADD CONSTRAINT treatment_report_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE victim ADD CONSTRAINT victim_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key(person_id);
ALTER TABLE withdrawal ADD CONSTRAINT withdrawal_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint(ack_no);
ALTER TABLE withdrawal ADD CONSTRAINT withdrawal_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file(case_no);
ALTER TABLE withdrawal ADD CONSTRAINT withdrawal_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE withdrawn_hop ADD CONSTRAINT withdrawn_hop_case_no_hop_no_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop(case_no, hop_no);
ALTER TABLE withdrawn_hop ADD CONSTRAINT withdrawn_hop_withdrawal_id_fkey FOREIGN KEY (withdrawal_id) REFERENCES withdrawal(withdrawal_id);

CREATE TRIGGER feed_hold_kept AFTER UPDATE OF retained_by_kind, lapses_at ON account_hold FOR EACH ROW WHEN ((((old.retained_by_kind IS NULL) <> (new.retained_by_kind IS NULL)) OR (old.lapses_at < new.lapses_at))) EXECUTE FUNCTION feed_hold_kept();
CREATE TRIGGER allocation_append_only BEFORE DELETE OR UPDATE ON allocation FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER allocation_whole AFTER INSERT ON allocation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION allocation_check_whole();
CREATE TRIGGER allocation_share_append_only BEFORE DELETE OR UPDATE ON allocation_share FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER allocation_share_whole AFTER INSERT ON allocation_share DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION allocation_check_whole();
CREATE TRIGGER answer_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON answer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER application_signature_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON application_signature FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER application_signature_rules BEFORE INSERT ON application_signature FOR EACH ROW EXECUTE FUNCTION application_signature_rules();
CREATE TRIGGER attachment_approval_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON attachment_approval FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER attachment_approval_wakes_documents AFTER INSERT ON attachment_approval FOR EACH ROW EXECUTE FUNCTION due_documents_wake();
CREATE TRIGGER attachment_needs_other_eyes BEFORE INSERT ON attachment_approval FOR EACH ROW EXECUTE FUNCTION attachment_needs_other_eyes();
CREATE TRIGGER automatic_release_unchanged BEFORE DELETE OR UPDATE OR TRUNCATE ON automatic_release FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_body_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON bank_body FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_confirmation_four_eyes BEFORE INSERT OR UPDATE OF via, applied_paise, source, proposed_by ON bank_confirmation FOR EACH ROW WHEN (((new.via = 'officer'::text) AND (new.applied_paise > 0) AND (NOT is_second_officer(new.source, new.proposed_by)))) EXECUTE FUNCTION two_persons();
CREATE TRIGGER bank_order_confirmed AFTER INSERT ON bank_confirmation FOR EACH ROW EXECUTE FUNCTION bank_order_confirmed();
CREATE TRIGGER bank_evidence_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON bank_evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_exchange_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON bank_exchange FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER holiday_written BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON bank_holiday FOR EACH STATEMENT EXECUTE FUNCTION directory_written();
CREATE TRIGGER bank_key_kept BEFORE DELETE OR TRUNCATE ON bank_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_key_rules AFTER INSERT OR UPDATE OF key_id, institution, public_key, not_before, not_after, created_at ON bank_key FOR EACH ROW EXECUTE FUNCTION bank_key_rules();
CREATE TRIGGER bank_key_change_append_only BEFORE DELETE OR TRUNCATE ON bank_key_change FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_key_change_decided_once BEFORE UPDATE ON bank_key_change FOR EACH ROW EXECUTE FUNCTION bank_key_change_decided_once();
CREATE TRIGGER bank_key_change_kept BEFORE UPDATE OF change_id, institution, kind, key_id, public_key, asked_by, asked_at, person_id, sealed_asker ON bank_key_change FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_login_change_kept BEFORE UPDATE ON bank_login_change FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_order_by_court BEFORE INSERT ON bank_order FOR EACH ROW WHEN ((new.court_order_id IS NOT NULL)) EXECUTE FUNCTION court_order_lets_go();
CREATE TRIGGER bank_order_cancelled AFTER UPDATE OF state ON bank_order FOR EACH ROW WHEN (((new.state = 'cancelled'::text) AND (old.state <> 'cancelled'::text) AND (new.tried_at IS NOT NULL))) EXECUTE FUNCTION bank_order_cancelled();
CREATE TRIGGER bank_order_told AFTER UPDATE OF state ON bank_order FOR EACH ROW WHEN (((new.state = 'delivered'::text) AND (old.state <> 'delivered'::text))) EXECUTE FUNCTION bank_order_told();
CREATE TRIGGER bank_order_tried BEFORE UPDATE ON bank_order FOR EACH ROW WHEN (((new.tried_at IS DISTINCT FROM old.tried_at) OR ((new.tried_at IS NULL) AND (new.delivered_at IS NOT NULL)))) EXECUTE FUNCTION bank_order_tried();
CREATE TRIGGER bank_order_line_beneficiary_kept BEFORE UPDATE OF beneficiary_institution, beneficiary_holder, beneficiary_ifsc ON bank_order_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER bank_order_line_covered AFTER INSERT ON bank_order_line DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bank_order_line_covered();
CREATE TRIGGER release_was_proposed AFTER INSERT ON bank_order_line FOR EACH ROW EXECUTE FUNCTION release_was_proposed();
CREATE TRIGGER bank_person_append_only BEFORE TRUNCATE ON bank_person FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER bank_person_confirmed_by_two AFTER INSERT OR UPDATE OF confirmed_at, confirmed_proposal ON bank_person DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.confirmed_proposal IS NOT NULL)) EXECUTE FUNCTION bank_person_confirmed_by_two();
CREATE TRIGGER bank_person_email_is_no_bank AFTER UPDATE OF password_hash ON bank_person FOR EACH ROW WHEN (((new.password_hash IS NOT NULL) AND (new.password_hash IS DISTINCT FROM old.password_hash))) EXECUTE FUNCTION bank_login_email_once();
CREATE TRIGGER bank_person_ends_sessions AFTER UPDATE OF password_hash, ended_at ON bank_person FOR EACH ROW WHEN (((old.password_hash IS DISTINCT FROM new.password_hash) OR (old.ended_at IS DISTINCT FROM new.ended_at))) EXECUTE FUNCTION bank_person_ends_sessions();
CREATE TRIGGER bank_person_kept BEFORE UPDATE OF person_id, institution, email, name, designation, added_at ON bank_person FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_person_rules BEFORE INSERT ON bank_person FOR EACH ROW EXECUTE FUNCTION bank_person_rules();
CREATE TRIGGER bank_reply_check_append_only BEFORE DELETE OR TRUNCATE ON bank_reply_check FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_reply_check_asked BEFORE INSERT ON bank_reply_check FOR EACH ROW EXECUTE FUNCTION bank_reply_check_asked();
CREATE TRIGGER bank_reply_check_decided_once BEFORE UPDATE ON bank_reply_check FOR EACH ROW EXECUTE FUNCTION bank_reply_check_decided_once();
CREATE TRIGGER bank_reply_check_kept BEFORE UPDATE OF check_id, institution, kind, subject_id, evidence_id, made_by, made_at ON bank_reply_check FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_reply_check_sent AFTER INSERT OR UPDATE OF outcome ON bank_reply_check FOR EACH ROW WHEN ((new.outcome = 'sent'::text)) EXECUTE FUNCTION bank_reply_check_sent();
CREATE TRIGGER call_back_rules BEFORE DELETE OR UPDATE ON call_back FOR EACH ROW EXECUTE FUNCTION call_back_rules();
CREATE TRIGGER case_event_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON case_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER case_event_chain BEFORE INSERT ON case_event FOR EACH ROW EXECUTE FUNCTION case_event_chain();
CREATE TRIGGER case_assignment_begins AFTER INSERT ON case_file FOR EACH ROW EXECUTE FUNCTION case_assignment_begins();
CREATE TRIGGER case_assignment_reopens AFTER UPDATE OF opening_no ON case_file FOR EACH ROW EXECUTE FUNCTION case_assignment_reopens();
CREATE TRIGGER case_merge_no_chain BEFORE INSERT ON case_merge FOR EACH ROW EXECUTE FUNCTION case_merge_no_chain();
CREATE TRIGGER case_merge_rules BEFORE DELETE OR UPDATE ON case_merge FOR EACH ROW EXECUTE FUNCTION case_merge_rules();
CREATE TRIGGER case_assignment_follows AFTER INSERT ON case_officer FOR EACH ROW WHEN ((new.duty = ANY (ARRAY['io'::text, 'supervising'::text]))) EXECUTE FUNCTION case_assignment_follows();
CREATE TRIGGER case_officer_by_engine BEFORE INSERT ON case_officer FOR EACH ROW WHEN ((new.assigned_by = 'engine'::text)) EXECUTE FUNCTION case_officer_by_engine();
CREATE TRIGGER case_officer_wakes_documents AFTER INSERT ON case_officer FOR EACH ROW EXECUTE FUNCTION due_documents_wake();
CREATE TRIGGER complaint_filled_in BEFORE UPDATE OF category ON complaint FOR EACH ROW WHEN ((new.category <> old.category)) EXECUTE FUNCTION complaint_filled_in();
CREATE TRIGGER complaint_reach_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON complaint_reach FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER complaint_story_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON complaint_story FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER complaint_transfer_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON complaint_transfer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER complaint_transfer_asked AFTER INSERT ON complaint_transfer FOR EACH ROW EXECUTE FUNCTION public_draft_asked();
CREATE TRIGGER court_hearing_rules BEFORE UPDATE ON court_hearing FOR EACH ROW EXECUTE FUNCTION court_hearing_rules();
CREATE TRIGGER court_hearing_stays BEFORE DELETE OR TRUNCATE ON court_hearing FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER court_order_document_kept BEFORE UPDATE ON court_order FOR EACH ROW WHEN (((old.sealed_document IS NOT NULL) AND ((new.person_id IS DISTINCT FROM old.person_id) OR (new.sealed_document IS DISTINCT FROM old.sealed_document) OR (new.document_digest IS DISTINCT FROM old.document_digest)))) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER court_order_four_eyes BEFORE INSERT OR UPDATE OF confirmed_by, taken_by ON court_order FOR EACH ROW WHEN ((NOT is_second_officer(new.confirmed_by, new.taken_by))) EXECUTE FUNCTION two_persons();
CREATE TRIGGER court_order_wakes_documents AFTER INSERT ON court_order FOR EACH ROW EXECUTE FUNCTION due_documents_wake();
CREATE TRIGGER court_order_withdrawn_by_two BEFORE UPDATE ON court_order FOR EACH ROW WHEN (((old.withdrawn_at IS NULL) AND (new.withdrawn_at IS NOT NULL))) EXECUTE FUNCTION court_order_withdrawn_by_two();
CREATE TRIGGER credit_account_four_eyes BEFORE INSERT OR UPDATE OF confirmed_by, told_by ON credit_account FOR EACH ROW WHEN ((NOT is_second_officer(new.confirmed_by, new.told_by))) EXECUTE FUNCTION two_persons();
CREATE TRIGGER credit_account_object_again BEFORE UPDATE OF object_again_until ON credit_account FOR EACH ROW WHEN ((new.object_again_until IS DISTINCT FROM old.object_again_until)) EXECUTE FUNCTION credit_account_object_again();
CREATE TRIGGER credit_account_rules BEFORE DELETE OR UPDATE ON credit_account FOR EACH ROW EXECUTE FUNCTION credit_account_rules();
CREATE TRIGGER credit_account_link_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON credit_account_link FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER desk_task_closed_by_another BEFORE INSERT OR UPDATE OF state, closed_by, caused_by ON desk_task FOR EACH ROW WHEN (((new.state = 'closed'::text) AND (new.closed_by <> 'engine'::text) AND (person_of(new.closed_by) = person_of(new.caused_by)))) EXECUTE FUNCTION two_persons();
CREATE TRIGGER desk_task_notifies AFTER INSERT OR UPDATE ON desk_task FOR EACH ROW WHEN ((new.case_no IS NULL)) EXECUTE FUNCTION work_item_notifies();
CREATE TRIGGER directory_event_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON directory_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER discrepancy_hold AFTER INSERT ON discrepancy FOR EACH ROW WHEN ((new.kind = ANY (ARRAY['exceeds_disputed'::text, 'held_and_gone'::text]))) EXECUTE FUNCTION discrepancy_wakes_hold();
CREATE TRIGGER discrepancy_resolution_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON discrepancy_resolution FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER discrepancy_resolution_four_eyes BEFORE INSERT ON discrepancy_resolution FOR EACH ROW WHEN ((new.from_held AND (NOT is_second_officer(new.settled_by, new.proposed_by)))) EXECUTE FUNCTION two_persons();
CREATE TRIGGER discrepancy_resolution_hold AFTER INSERT ON discrepancy_resolution FOR EACH ROW EXECUTE FUNCTION resolution_wakes_hold();
CREATE TRIGGER document_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON document FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER document_wakes_documents AFTER INSERT ON document FOR EACH ROW EXECUTE FUNCTION due_documents_wake();
CREATE TRIGGER document_counter_escalates BEFORE INSERT OR UPDATE ON document_counter FOR EACH ROW EXECUTE FUNCTION document_counter_escalates();
CREATE TRIGGER document_counter_stays BEFORE DELETE ON document_counter FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER draft_asked AFTER UPDATE OF ack_no ON draft FOR EACH ROW WHEN (((new.source = 'public_form'::text) AND (new.ack_no IS NOT NULL))) EXECUTE FUNCTION public_draft_asked();
CREATE TRIGGER draft_begun_notifies AFTER INSERT ON draft FOR EACH ROW WHEN ((new.owner IS NULL)) EXECUTE FUNCTION draft_notifies();
CREATE TRIGGER draft_given_notifies AFTER UPDATE ON draft FOR EACH ROW WHEN (((old.owner IS DISTINCT FROM new.owner) OR (old.ended_at IS DISTINCT FROM new.ended_at) OR (old.calls <> new.calls))) EXECUTE FUNCTION draft_notifies();
CREATE TRIGGER draft_kept BEFORE TRUNCATE ON draft FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER draft_rules BEFORE DELETE OR UPDATE ON draft FOR EACH ROW EXECUTE FUNCTION draft_rules();
CREATE TRIGGER draft_handover_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON draft_handover FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER due_document_goes_out AFTER INSERT OR UPDATE OF ended_at ON due_document FOR EACH ROW WHEN ((new.ended_at IS NULL)) EXECUTE FUNCTION due_documents_wake();
CREATE TRIGGER duty_document AFTER INSERT OR UPDATE OF done_at ON duty FOR EACH ROW WHEN ((new.kind = ANY (ARRAY['magistrate_report'::text, 'follow_up'::text]))) EXECUTE FUNCTION duty_asks_for_document();
CREATE TRIGGER evidence_key_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON evidence_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fir_goes_out AFTER INSERT ON fir FOR EACH ROW WHEN ((new.state = 'requested'::text)) EXECUTE FUNCTION fir_goes_out();
CREATE TRIGGER fir_notices AFTER INSERT OR UPDATE OF state, document_digest ON fir FOR EACH ROW WHEN ((new.state = ANY (ARRAY['registered'::text, 'signed'::text, 'lapsed'::text]))) EXECUTE FUNCTION fir_asks_for_notices();
CREATE TRIGGER fir_copy_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON fir_copy FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER grievance_level_other_people BEFORE INSERT OR UPDATE OF outcome, ended_by ON grievance_level FOR EACH ROW WHEN ((new.outcome = 'decided'::text)) EXECUTE FUNCTION grievance_level_other_people();
CREATE TRIGGER hearing_waiver_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON hearing_waiver FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hearing_waiver_of_served BEFORE INSERT ON hearing_waiver FOR EACH ROW EXECUTE FUNCTION hearing_waiver_of_served();
CREATE TRIGGER held_hop_notice AFTER UPDATE OF hold_opened_at ON held_hop FOR EACH ROW WHEN ((new.hold_opened_at IS NOT NULL)) EXECUTE FUNCTION held_hop_asks_for_notice();
CREATE TRIGGER held_hop_wakes_starter AFTER INSERT OR UPDATE OF hold_opened_at ON held_hop FOR EACH ROW WHEN ((new.hold_opened_at IS NULL)) EXECUTE FUNCTION procedure_starter_needed();
CREATE TRIGGER feed_request_answered AFTER UPDATE OF first_answered_at ON hold_request FOR EACH ROW EXECUTE FUNCTION feed_request_changed();
CREATE TRIGGER feed_request_new AFTER INSERT ON hold_request FOR EACH ROW EXECUTE FUNCTION feed_request_changed();
CREATE TRIGGER feed_request_state AFTER UPDATE OF state ON hold_request FOR EACH ROW WHEN ((feed_status(old.state) <> feed_status(new.state))) EXECUTE FUNCTION feed_request_changed();
CREATE TRIGGER holder_contact_kept AFTER INSERT OR UPDATE ON holder_contact FOR EACH ROW EXECUTE FUNCTION holder_contact_kept();
CREATE TRIGGER holder_contact_change_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON holder_contact_change FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER holder_key_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON holder_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hop_asks_payers_bank_again AFTER UPDATE OF reference_key, institution, payer_holder, payer_institution_as_told ON hop FOR EACH ROW WHEN (((new.parent_hop_no IS NULL) AND ((new.reference_key IS DISTINCT FROM old.reference_key) OR (new.institution IS DISTINCT FROM old.institution) OR (new.payer_holder IS DISTINCT FROM old.payer_holder) OR (new.payer_institution_as_told IS DISTINCT FROM old.payer_institution_as_told)))) EXECUTE FUNCTION hop_asks_payers_bank_again();
CREATE TRIGGER hop_complaint BEFORE INSERT ON hop FOR EACH ROW WHEN ((new.parent_hop_no IS NOT NULL)) EXECUTE FUNCTION hop_complaint();
CREATE CONSTRAINT TRIGGER hop_live_in_one_case AFTER INSERT OR UPDATE OF reference_key, institution ON hop DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.state <> ALL (ARRAY['closed'::text, 'correction'::text]))) EXECUTE FUNCTION hop_live_in_one_case();
CREATE TRIGGER hop_payer_kept BEFORE UPDATE OF payer_holder, payer_ifsc, payer_institution_as_told ON hop FOR EACH ROW WHEN (((new.payer_holder IS DISTINCT FROM old.payer_holder) OR (new.payer_ifsc IS DISTINCT FROM old.payer_ifsc) OR (new.payer_institution_as_told IS DISTINCT FROM old.payer_institution_as_told))) EXECUTE FUNCTION hop_payer_kept();
CREATE TRIGGER hop_waiting_changed BEFORE UPDATE ON hop FOR EACH ROW WHEN ((((new.state <> old.state) OR (new.revision <> old.revision)) AND ((new.state = ANY (ARRAY['correction'::text, 'unroutable'::text])) OR (old.state = ANY (ARRAY['correction'::text, 'unroutable'::text]))))) EXECUTE FUNCTION hop_waiting();
CREATE TRIGGER hop_waiting_new BEFORE INSERT ON hop FOR EACH ROW WHEN ((new.state = ANY (ARRAY['correction'::text, 'unroutable'::text]))) EXECUTE FUNCTION hop_waiting();
CREATE TRIGGER hop_within_transfer AFTER INSERT ON hop REFERENCING NEW TABLE AS opened FOR EACH STATEMENT EXECUTE FUNCTION hop_within_transfer();
CREATE TRIGGER hop_without_account BEFORE INSERT OR UPDATE OF account_key ON hop FOR EACH ROW WHEN ((new.account_key = ANY (ARRAY[''::text, 'NOTSTATED'::text]))) EXECUTE FUNCTION hop_without_account();
CREATE TRIGGER hop_correction_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON hop_correction FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_login_ends_sessions AFTER UPDATE OF inbound_password_hash ON institution FOR EACH ROW WHEN ((old.inbound_password_hash IS DISTINCT FROM new.inbound_password_hash)) EXECUTE FUNCTION bank_login_ends_sessions();
CREATE TRIGGER institution_login_counted BEFORE UPDATE OF inbound_email, inbound_password_hash ON institution FOR EACH ROW WHEN (((old.inbound_email IS DISTINCT FROM new.inbound_email) OR (old.inbound_password_hash IS DISTINCT FROM new.inbound_password_hash))) EXECUTE FUNCTION institution_login_counted();
CREATE TRIGGER institution_login_is_no_person AFTER INSERT ON institution FOR EACH ROW WHEN ((new.inbound_email IS NOT NULL)) EXECUTE FUNCTION bank_login_email_once();
CREATE TRIGGER institution_new_login_is_no_person AFTER UPDATE OF inbound_email ON institution FOR EACH ROW WHEN (((new.inbound_email IS NOT NULL) AND (new.inbound_email IS DISTINCT FROM old.inbound_email))) EXECUTE FUNCTION bank_login_email_once();
CREATE TRIGGER institution_written BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON institution FOR EACH STATEMENT EXECUTE FUNCTION directory_written();
CREATE TRIGGER ledger_balance_hold_emptied AFTER UPDATE OF balance_paise ON ledger_balance FOR EACH ROW WHEN (((new.bucket = 'held'::text) AND (new.balance_paise = 0) AND (old.balance_paise > 0))) EXECUTE FUNCTION hold_emptied();
CREATE CONSTRAINT TRIGGER ledger_balance_under_orders AFTER UPDATE ON ledger_balance DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.bucket = 'held'::text) AND (new.balance_paise < old.balance_paise))) EXECUTE FUNCTION held_under_orders();
CREATE CONSTRAINT TRIGGER ledger_balanced AFTER INSERT ON ledger_entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_balanced();
CREATE TRIGGER ledger_entry_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entry_apply AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply();
CREATE TRIGGER ledger_transaction_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger_transaction FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lien_list_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON lien_list FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lien_list_page_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON lien_list_page FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER nightly_run_ended_once BEFORE UPDATE ON nightly_run FOR EACH ROW WHEN ((old.ended_at IS NOT NULL)) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER nightly_run_kept BEFORE DELETE OR TRUNCATE ON nightly_run FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER officer_written BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON nodal_officer FOR EACH STATEMENT EXECUTE FUNCTION directory_written();
CREATE TRIGGER objection_four_eyes BEFORE INSERT OR UPDATE OF decision, decided_by, received_by, by_whom ON objection FOR EACH ROW WHEN (((new.decision = 'upheld'::text) AND (new.by_whom = ANY (ARRAY['holder'::text, 'bank'::text])) AND (NOT is_second_officer(new.decided_by, new.received_by)))) EXECUTE FUNCTION two_persons();
CREATE TRIGGER officer_disabled_ends_sessions AFTER UPDATE OF disabled_at ON officer FOR EACH ROW WHEN (((new.disabled_at IS NOT NULL) AND (old.disabled_at IS NULL))) EXECUTE FUNCTION officer_disabled_ends_sessions();
CREATE TRIGGER officer_reset_takes_credentials AFTER UPDATE OF credentials_from ON officer FOR EACH ROW WHEN ((new.credentials_from IS DISTINCT FROM old.credentials_from)) EXECUTE FUNCTION officer_reset_takes_credentials();
CREATE TRIGGER officer_rules BEFORE DELETE OR UPDATE ON officer FOR EACH ROW EXECUTE FUNCTION officer_rules();
CREATE TRIGGER officer_told AFTER INSERT OR UPDATE ON officer FOR EACH ROW EXECUTE FUNCTION officer_told();
CREATE TRIGGER officer_district_rules BEFORE DELETE OR UPDATE ON officer_district FOR EACH ROW EXECUTE FUNCTION officer_district_rules();
CREATE TRIGGER officer_district_told AFTER INSERT OR UPDATE ON officer_district FOR EACH ROW EXECUTE FUNCTION officer_district_told();
CREATE TRIGGER officer_event_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON officer_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER leave_written BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON officer_leave FOR EACH STATEMENT EXECUTE FUNCTION directory_written();
CREATE TRIGGER officer_password_changed AFTER INSERT OR DELETE OR UPDATE ON officer_password FOR EACH ROW EXECUTE FUNCTION officer_credentials_changed();
CREATE TRIGGER officer_role_rules BEFORE DELETE OR UPDATE ON officer_role FOR EACH ROW EXECUTE FUNCTION officer_role_rules();
CREATE TRIGGER officer_role_told AFTER INSERT OR UPDATE ON officer_role FOR EACH ROW EXECUTE FUNCTION officer_role_told();
CREATE TRIGGER shift_written BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON officer_shift FOR EACH STATEMENT EXECUTE FUNCTION directory_written();
CREATE TRIGGER officer_totp_rules BEFORE UPDATE OF officer_id, last_step, set_at ON officer_totp FOR EACH ROW EXECUTE FUNCTION officer_totp_rules();
CREATE TRIGGER order_cancellation_settled_once BEFORE DELETE OR UPDATE ON order_cancellation FOR EACH ROW WHEN ((old.settled_at IS NOT NULL)) EXECUTE FUNCTION order_cancellation_settled_once();
CREATE TRIGGER outgoing_ends_once BEFORE UPDATE ON outgoing FOR EACH ROW WHEN (((new.outgoing_id = old.outgoing_id) AND ((old.ended_at IS NOT NULL) OR (new.attempts < old.attempts) OR (new.subject <> old.subject) OR (new.kind <> old.kind)))) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER outgoing_kept_until_end BEFORE DELETE ON outgoing FOR EACH ROW WHEN ((old.ended_at IS NULL)) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payer_found_transfer_rules BEFORE DELETE OR UPDATE ON payer_found_transfer FOR EACH ROW EXECUTE FUNCTION payer_found_transfer_rules();
CREATE TRIGGER payer_inquiry_rules BEFORE DELETE OR UPDATE ON payer_inquiry FOR EACH ROW EXECUTE FUNCTION payer_inquiry_rules();
CREATE TRIGGER payer_statement_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payer_statement FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER person_key_kept BEFORE TRUNCATE ON person_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER person_key_rules BEFORE DELETE OR UPDATE ON person_key FOR EACH ROW EXECUTE FUNCTION person_key_rules();
CREATE CONSTRAINT TRIGGER policy_version_agreed AFTER INSERT ON policy_version DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION policy_version_agreed();
CREATE TRIGGER policy_version_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON policy_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER case_assignment_procedure AFTER INSERT OR UPDATE OF ended_at ON procedure FOR EACH ROW WHEN ((new.ended_at IS NULL)) EXECUTE FUNCTION case_assignment_procedure();
CREATE TRIGGER procedure_wakes_starter AFTER INSERT OR UPDATE OF started_at ON procedure FOR EACH ROW WHEN ((new.started_at IS NULL)) EXECUTE FUNCTION procedure_starter_needed();
CREATE TRIGGER procedure_news_wakes_starter AFTER INSERT ON procedure_news FOR EACH STATEMENT EXECUTE FUNCTION procedure_starter_needed();
CREATE TRIGGER proof_of_two BEFORE INSERT ON proof FOR EACH ROW WHEN ((new.proposal_id IS NOT NULL)) EXECUTE FUNCTION proof_of_two();
CREATE TRIGGER proof_rules BEFORE UPDATE ON proof FOR EACH ROW EXECUTE FUNCTION proof_rules();
CREATE TRIGGER sign_in_link_made AFTER INSERT ON proof FOR EACH ROW WHEN ((new.purpose = 'sign_in_link'::text)) EXECUTE FUNCTION sign_in_link_told();
CREATE TRIGGER sign_in_link_used AFTER UPDATE OF used_at ON proof FOR EACH ROW WHEN (((new.purpose = 'sign_in_link'::text) AND (new.used_at IS NOT NULL))) EXECUTE FUNCTION sign_in_link_told();
CREATE TRIGGER proposal_four_eyes BEFORE INSERT OR UPDATE OF decision, decided_by, proposed_by, kind, needs_second ON proposal FOR EACH ROW WHEN ((new.needs_second AND ((new.decision = 'agreed'::text) OR ((new.kind = 'administration'::text) AND (new.decision = 'refused'::text))) AND (NOT is_second_officer(new.decided_by, new.proposed_by)))) EXECUTE FUNCTION two_persons();
CREATE TRIGGER proposal_kept BEFORE TRUNCATE ON proposal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER proposal_release_counted BEFORE INSERT ON proposal FOR EACH ROW WHEN ((new.kind = 'release'::text)) EXECUTE FUNCTION proposal_release_counted();
CREATE TRIGGER proposal_rules BEFORE DELETE OR UPDATE ON proposal FOR EACH ROW EXECUTE FUNCTION proposal_rules();
CREATE TRIGGER provider_identity_kept BEFORE UPDATE OR TRUNCATE ON provider_identity FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER public_draft_kept BEFORE DELETE OR TRUNCATE ON public_draft FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER public_draft_rules BEFORE UPDATE ON public_draft FOR EACH ROW EXECUTE FUNCTION public_draft_rules();
CREATE TRIGGER read_log_append_only BEFORE UPDATE OR TRUNCATE ON read_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER read_log_kept_for_a_year BEFORE DELETE ON read_log FOR EACH ROW WHEN ((old.at > (present_moment() - '365 days'::interval))) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reconciliation_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON reconciliation FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reconciliation_difference_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON reconciliation_difference FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER recovery_code_rules BEFORE UPDATE ON recovery_code FOR EACH ROW EXECUTE FUNCTION recovery_code_rules();
CREATE TRIGGER refused_act_append_only BEFORE UPDATE OR TRUNCATE ON refused_act FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refused_act_kept_for_a_year BEFORE DELETE ON refused_act FOR EACH ROW WHEN ((old.at > (present_moment() - '365 days'::interval))) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER release_brake_continued_once BEFORE UPDATE ON release_brake FOR EACH ROW WHEN ((old.continued_at IS NOT NULL)) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER release_brake_kept BEFORE DELETE OR TRUNCATE ON release_brake FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER release_hearing_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON release_hearing FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reply_form_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON reply_form FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reply_link_deletion BEFORE DELETE ON reply_link FOR EACH ROW EXECUTE FUNCTION reply_link_deletion();
CREATE TRIGGER reply_link_kept BEFORE TRUNCATE ON reply_link FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reply_link_rules BEFORE INSERT OR UPDATE ON reply_link FOR EACH ROW EXECUTE FUNCTION reply_link_rules();
CREATE TRIGGER feed_hops AFTER UPDATE ON request_hop REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION feed_hops_changed();
CREATE TRIGGER restoration_credit_account BEFORE UPDATE OF approved_by ON restoration FOR EACH ROW WHEN (((new.approved_by IS NOT NULL) AND (new.approved_by IS DISTINCT FROM old.approved_by))) EXECUTE FUNCTION restoration_credit_account();
CREATE TRIGGER restoration_four_eyes BEFORE INSERT OR UPDATE OF approved_by, prepared_by ON restoration FOR EACH ROW WHEN ((NOT is_second_officer(new.approved_by, new.prepared_by))) EXECUTE FUNCTION two_persons();
CREATE TRIGGER restoration_letter AFTER UPDATE OF state ON restoration FOR EACH ROW WHEN (((new.state = ANY (ARRAY['restored'::text, 'refused'::text, 'cancelled'::text])) AND (old.state = 'open'::text))) EXECUTE FUNCTION restoration_asks_for_letter();
CREATE TRIGGER restoration_not_by_importer BEFORE UPDATE OF prepared_by, approved_by ON restoration FOR EACH ROW EXECUTE FUNCTION restoration_not_by_importer();
CREATE TRIGGER restoration_not_contested BEFORE UPDATE OF approved_by ON restoration FOR EACH ROW WHEN (((new.approved_by IS NOT NULL) AND (old.approved_by IS NULL))) EXECUTE FUNCTION restoration_not_contested();
CREATE TRIGGER restoration_line_not_excluded BEFORE INSERT ON restoration_line FOR EACH ROW EXECUTE FUNCTION restoration_line_not_excluded();
CREATE TRIGGER restoration_step_documents AFTER INSERT ON restoration_step FOR EACH ROW WHEN ((new.step = ANY (ARRAY['collecting'::text, 'holder_notice'::text, 'show_cause'::text, 'credit'::text]))) EXECUTE FUNCTION restoration_step_asks_for_documents();
CREATE TRIGGER restoration_step_signed BEFORE UPDATE ON restoration_step FOR EACH ROW WHEN (((new.step = 'application'::text) AND (new.outcome = 'done'::text) AND (new.ended_by = 'victim'::text) AND (old.ended_at IS NULL))) EXECUTE FUNCTION restoration_step_signed();
CREATE TRIGGER returned_funds_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON returned_funds FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER same_transfer_rules BEFORE INSERT OR DELETE OR UPDATE ON same_transfer FOR EACH ROW EXECUTE FUNCTION same_transfer_rules();
CREATE TRIGGER script_token_changed AFTER INSERT OR UPDATE OF revoked_at ON script_token FOR EACH ROW EXECUTE FUNCTION script_token_told();
CREATE TRIGGER script_token_placed AFTER UPDATE OF placed_at ON script_token FOR EACH ROW EXECUTE FUNCTION script_token_placed_told();
CREATE TRIGGER script_token_rules BEFORE DELETE OR UPDATE ON script_token FOR EACH ROW EXECUTE FUNCTION script_token_rules();
CREATE TRIGGER officer_session_told AFTER UPDATE OF ended_at ON session FOR EACH ROW WHEN ((new.end_reason = ANY (ARRAY['ended_by_admin'::text, 'credentials_changed'::text, 'disabled'::text]))) EXECUTE FUNCTION officer_session_told();
CREATE TRIGGER session_rules BEFORE INSERT OR UPDATE ON session FOR EACH ROW EXECUTE FUNCTION session_rules();
CREATE TRIGGER set_aside_hop_rules BEFORE DELETE OR UPDATE ON set_aside_hop FOR EACH ROW EXECUTE FUNCTION set_aside_hop_rules();
CREATE TRIGGER sign_in_entry_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON sign_in_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER task_act_append_only BEFORE UPDATE OR TRUNCATE ON task_act FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER task_notice_notifies AFTER INSERT ON task_notice REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION task_notice_notifies();
CREATE TRIGGER task_owner_notifies AFTER INSERT OR UPDATE ON task_owner FOR EACH ROW EXECUTE FUNCTION work_item_notifies();
CREATE TRIGGER task_owner_rules BEFORE INSERT OR UPDATE ON task_owner FOR EACH ROW EXECUTE FUNCTION task_owner_rules();
CREATE TRIGGER telephone_answer_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON telephone_answer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER telephone_booking_grows BEFORE DELETE OR UPDATE ON telephone_booking FOR EACH ROW EXECUTE FUNCTION telephone_booking_grows();
CREATE TRIGGER treatment_answer_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON treatment_answer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER treatment_report_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON treatment_report FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER victim_corrected BEFORE UPDATE OF sealed, person_id ON victim FOR EACH ROW WHEN (((old.sealed IS DISTINCT FROM new.sealed) OR (old.person_id IS DISTINCT FROM new.person_id))) EXECUTE FUNCTION victim_corrected();
CREATE TRIGGER withdrawal_four_eyes BEFORE INSERT OR UPDATE OF decision, decided_by, proposed_by ON withdrawal FOR EACH ROW WHEN (((new.decision = 'agreed'::text) AND (NOT is_second_officer(new.decided_by, new.proposed_by)))) EXECUTE FUNCTION two_persons();
CREATE TRIGGER withdrawal_rules BEFORE DELETE OR UPDATE ON withdrawal FOR EACH ROW EXECUTE FUNCTION withdrawal_rules();
CREATE TRIGGER withdrawn_hop_agreed BEFORE INSERT ON withdrawn_hop FOR EACH ROW EXECUTE FUNCTION withdrawn_hop_agreed();
CREATE TRIGGER withdrawn_hop_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON withdrawn_hop FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The directory begins empty, in its first version.
INSERT INTO directory_version (written_by) VALUES (pg_current_xact_id());
