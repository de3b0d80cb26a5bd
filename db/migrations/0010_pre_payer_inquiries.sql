-- The victim's own bank is asked about the transfer too (policy payer_bank): its statements, and other transfers it names.

CREATE TABLE payer_inquiry (
    inquiry_id uuid NOT NULL,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    institution text,
    state text NOT NULL,
    near_seconds double precision NOT NULL,
    planned_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    channel text,
    job_id text,
    delivered_at timestamptz,
    answered_at timestamptz,
    closed_at timestamptz,
    reason text NOT NULL DEFAULT '',
    CONSTRAINT payer_inquiry_pkey PRIMARY KEY (inquiry_id),
    CONSTRAINT payer_inquiry_one_a_hop UNIQUE (case_no, hop_no),
    CONSTRAINT payer_inquiry_hop_fkey FOREIGN KEY (case_no, hop_no) REFERENCES hop (case_no, hop_no),
    CONSTRAINT payer_inquiry_state CHECK (state IN ('planned', 'delivered', 'answered', 'failed', 'skipped')),
    CONSTRAINT payer_inquiry_due CHECK ((due_at IS NOT NULL) = (state IN ('planned', 'delivered'))),
    CONSTRAINT payer_inquiry_closed CHECK ((closed_at IS NULL) = (due_at IS NOT NULL)),
    CONSTRAINT payer_inquiry_bank CHECK (institution IS NOT NULL OR state = 'skipped'),
    CONSTRAINT payer_inquiry_answered CHECK ((answered_at IS NOT NULL) = (state = 'answered')),
    CONSTRAINT payer_inquiry_counts CHECK (tries >= 0 AND near_seconds >= 0)
);
CREATE INDEX payer_inquiry_due_at ON payer_inquiry (due_at) WHERE due_at IS NOT NULL;

COMMENT ON TABLE payer_inquiry IS 'a question to the victim''s bank about the victim''s own transfer';
COMMENT ON COLUMN payer_inquiry.institution IS 'the bank as the directory resolves it; null if it is not known';
COMMENT ON COLUMN payer_inquiry.near_seconds IS 'a transfer as near as this to the told one is proposed to the desk';
COMMENT ON COLUMN payer_inquiry.due_at IS 'when it is sent next, or when a delivered one is given up';
COMMENT ON COLUMN payer_inquiry.reason IS 'why it failed or was skipped';

CREATE FUNCTION payer_inquiry_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state = 'skipped' OR (OLD.state = 'answered' AND NEW.state <> 'answered')
        OR (OLD.state = 'failed' AND NEW.state NOT IN ('failed', 'answered'))
        OR (OLD.state = 'delivered' AND NEW.state = 'planned')
        OR (NEW.inquiry_id, NEW.case_no, NEW.hop_no, NEW.institution, NEW.near_seconds, NEW.planned_at)
            IS DISTINCT FROM
            (OLD.inquiry_id, OLD.case_no, OLD.hop_no, OLD.institution, OLD.near_seconds, OLD.planned_at)
    THEN
        RAISE EXCEPTION 'an inquiry keeps what it asks, and its state goes only forward'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payer_inquiry_rules BEFORE UPDATE OR DELETE ON payer_inquiry
    FOR EACH ROW EXECUTE FUNCTION payer_inquiry_rules();

CREATE TABLE payer_statement (
    statement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    inquiry_id uuid NOT NULL REFERENCES payer_inquiry (inquiry_id),
    answer_id bigint NOT NULL REFERENCES answer (answer_id),
    kind text NOT NULL CHECK (kind IN ('confirmed', 'differs', 'denied')),
    differing text[] NOT NULL,
    amount_paise bigint NOT NULL CHECK (amount_paise >= 0),
    payer_key text NOT NULL,
    payee_institution text,
    payee_key text NOT NULL,
    payer_confirmed boolean NOT NULL,
    stated_at timestamptz NOT NULL,
    CONSTRAINT payer_statement_differs CHECK ((kind = 'differs') = (differing <> '{}'))
);
CREATE INDEX payer_statement_inquiry ON payer_statement (inquiry_id, statement_id);
CREATE TRIGGER payer_statement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payer_statement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

COMMENT ON COLUMN payer_statement.payer_confirmed IS 'whether the bank states the same debited account as the victim';
COMMENT ON TABLE payer_statement IS 'what the victim''s bank says of the victim''s own transfer; the newest counts';
COMMENT ON COLUMN payer_statement.payer_key IS 'the account debited as the bank states it; empty if it states none';
COMMENT ON COLUMN payer_statement.payee_key IS 'the account credited as the bank states it; empty if it states none';

CREATE TABLE payer_found_transfer (
    found_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    inquiry_id uuid NOT NULL REFERENCES payer_inquiry (inquiry_id),
    answer_id bigint NOT NULL REFERENCES answer (answer_id),
    payer_account text NOT NULL,
    payee_institution text,
    payee_institution_as_told text NOT NULL,
    payee_account text NOT NULL,
    payee_ifsc text,
    reference text NOT NULL CHECK (reference <> ''),
    reference_key text NOT NULL CHECK (reference_key <> ''),
    amount_paise bigint NOT NULL CHECK (amount_paise > 0),
    occurred_at timestamptz,
    is_near boolean NOT NULL,
    payer_differs boolean NOT NULL,
    found_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('taken', 'dismissed')),
    decided_by text,
    decided_at timestamptz,
    reason text,
    taken_hop_no integer,
    CONSTRAINT payer_found_transfer_once UNIQUE (inquiry_id, reference_key),
    CONSTRAINT payer_found_transfer_whole CHECK (num_nulls(decision, decided_by, decided_at, reason) IN (0, 4)),
    CONSTRAINT payer_found_transfer_taken CHECK ((taken_hop_no IS NOT NULL) = (decision IS NOT DISTINCT FROM 'taken'))
);

COMMENT ON TABLE payer_found_transfer IS 'another transfer that left the victim''s account; a person takes or dismisses it';
COMMENT ON COLUMN payer_found_transfer.payer_account IS 'the account debited as the bank states it';
COMMENT ON COLUMN payer_found_transfer.payer_differs IS 'whether the bank states another debited account than the victim';
COMMENT ON COLUMN payer_found_transfer.is_near IS 'whether it is near enough to the told transfer for a task';
COMMENT ON COLUMN payer_found_transfer.taken_hop_no IS 'the hop that it became';

CREATE FUNCTION payer_found_transfer_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.decision IS NOT NULL
        OR to_jsonb(NEW) - '{decision,decided_by,decided_at,reason,taken_hop_no}'::text[]
            IS DISTINCT FROM to_jsonb(OLD) - '{decision,decided_by,decided_at,reason,taken_hop_no}'::text[]
    THEN
        RAISE EXCEPTION 'of a found transfer only the decision is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payer_found_transfer_rules BEFORE UPDATE OR DELETE ON payer_found_transfer
    FOR EACH ROW EXECUTE FUNCTION payer_found_transfer_rules();

-- What passes on the wire belongs to the evidence of the case, as for a hold request.
ALTER TABLE bank_exchange ADD COLUMN inquiry_id uuid,
    DROP CONSTRAINT bank_exchange_about, DROP CONSTRAINT bank_exchange_about_check;
ALTER TABLE bank_exchange
    ADD CONSTRAINT bank_exchange_inquiry_id_fkey FOREIGN KEY (inquiry_id) REFERENCES payer_inquiry (inquiry_id) NOT VALID,
    ADD CONSTRAINT bank_exchange_about_check CHECK (about IN ('hold_request', 'order', 'cancellation', 'payer_inquiry'))
        NOT VALID,
    ADD CONSTRAINT bank_exchange_about CHECK ((request_id IS NOT NULL) = (about = 'hold_request')
        AND (inquiry_id IS NOT NULL) = (about = 'payer_inquiry')
        AND (order_id IS NOT NULL) = (about IN ('order', 'cancellation'))) NOT VALID;

CREATE OR REPLACE FUNCTION bank_exchanges_bound(p_about text, p_id uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    told jsonb;
    lines jsonb;
BEGIN
    WITH latest AS (
        (SELECT x.exchange_id, x.digest, x.reply FROM bank_exchange x
         WHERE x.request_id = p_id AND x.about = p_about ORDER BY x.exchange_id DESC LIMIT 20)
        UNION ALL
        (SELECT x.exchange_id, x.digest, x.reply FROM bank_exchange x
         WHERE x.order_id = p_id AND x.about = p_about ORDER BY x.exchange_id DESC LIMIT 20)
        UNION ALL
        (SELECT x.exchange_id, x.digest, x.reply FROM bank_exchange x
         WHERE x.inquiry_id = p_id AND x.about = p_about ORDER BY x.exchange_id DESC LIMIT 20)
    )
    SELECT jsonb_agg(jsonb_build_object('exchange_id', l.exchange_id, 'sent_sha256', encode(l.digest, 'hex'),
                                        'reply_sha256', encode(sha256(l.reply), 'hex')) ORDER BY l.exchange_id),
        (SELECT jsonb_agg(format('%s  banks/sent/%s/%s', encode(sha256(f.bytes), 'hex'),
                                 lpad(b.exchange_id::text, 10, '0'), f.name) ORDER BY b.exchange_id, f.name)
         FROM latest b, bank_exchange_files(b.exchange_id) f)
    INTO told, lines FROM latest l;
    RETURN CASE WHEN told IS NULL THEN '{}' ELSE jsonb_build_object('exchanges', told, 'bound', lines) END;
END $$;

CREATE OR REPLACE FUNCTION contested_transfers(of_restoration uuid)
RETURNS TABLE (hop_no integer, ack_no text, row_no integer) LANGUAGE plpgsql STABLE AS $$
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
        SELECT FROM payer_decision d
        WHERE d.case_no = t.case_no AND d.hop_no = t.hop_no AND d.agreed_at IS NOT NULL AND t.ack_no = ANY (d.among))
    UNION ALL
    -- The victim's bank debited another account than the victim told. Only its newest statement counts.
    SELECT h.hop_no, h.ack_no, 0 FROM up JOIN hop h USING (case_no, hop_no) JOIN payer_inquiry i USING (case_no, hop_no)
    CROSS JOIN LATERAL (SELECT s.differing, s.stated_at FROM payer_statement s WHERE s.inquiry_id = i.inquiry_id
        ORDER BY s.statement_id DESC LIMIT 1) AS s
    WHERE up.parent_hop_no IS NULL AND 'payer' = ANY (s.differing) AND NOT EXISTS (
        SELECT FROM payer_decision d WHERE d.case_no = h.case_no AND d.hop_no = h.hop_no AND d.agreed_at > s.stated_at)
    UNION ALL
    -- So does a transfer that it named and an officer took.
    SELECT h.hop_no, h.ack_no, 0 FROM up JOIN hop h USING (case_no, hop_no) JOIN payer_inquiry i ON i.case_no = h.case_no
    JOIN payer_found_transfer f ON f.inquiry_id = i.inquiry_id AND f.taken_hop_no = h.hop_no
    WHERE up.parent_hop_no IS NULL AND f.payer_differs AND NOT EXISTS (
        SELECT FROM payer_decision d WHERE d.case_no = h.case_no AND d.hop_no = h.hop_no AND d.agreed_at > f.decided_at)
    ORDER BY 1, 2, 3;
END $$;

COMMENT ON FUNCTION contested_transfers(uuid) IS
    'The transfers of this restoration whose payer a complaint or the victim''s bank names otherwise, and undecided.';
