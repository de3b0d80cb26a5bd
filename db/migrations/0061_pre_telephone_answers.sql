-- A bank that answers a hold request by telephone is heard by an officer. The officer enters the answer line by line, with
-- who said it, when and on which number. It is an answer as over a channel; what it books, the bank may state again over
-- a channel, and that books nothing a second time.

CREATE TABLE telephone_answer (
    telephone_answer_id uuid PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file (case_no),
    request_id uuid NOT NULL REFERENCES hold_request (request_id),
    institution text NOT NULL REFERENCES institution (code),
    update_id bigint UNIQUE REFERENCES status_update (update_id),
    told_at timestamptz NOT NULL,
    number_is_known boolean NOT NULL,
    calls_back_at timestamptz,
    entered_by text NOT NULL CHECK (entered_by <> ''),
    entered_at timestamptz NOT NULL,
    person_id uuid NOT NULL REFERENCES person_key (person_id),
    sealed_speaker bytea NOT NULL,
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 200),
    body_digest bytea NOT NULL CHECK (length(body_digest) = 32),
    reply jsonb NOT NULL,
    CONSTRAINT telephone_answer_says CHECK (update_id IS NOT NULL OR calls_back_at IS NOT NULL),
    CONSTRAINT telephone_answer_told_before CHECK (told_at <= entered_at),
    CONSTRAINT telephone_answer_calls_later CHECK (calls_back_at > told_at),
    CONSTRAINT telephone_answer_once UNIQUE (case_no, entered_by, idempotency_key)
);
CREATE INDEX telephone_answer_case ON telephone_answer (case_no, entered_at);
CREATE INDEX telephone_answer_request ON telephone_answer (request_id);
CREATE INDEX telephone_answer_person ON telephone_answer (person_id);
COMMENT ON TABLE telephone_answer IS 'What a bank said by telephone about a hold request, as an officer entered it; never changed.';
COMMENT ON COLUMN telephone_answer.update_id IS 'the answer with its lines; null if the bank only said that it calls back';
COMMENT ON COLUMN telephone_answer.number_is_known IS 'the directory has the number as one of the bank''s nodal officers';
COMMENT ON COLUMN telephone_answer.sealed_speaker IS
    'name, designation and number of who spoke for the bank, sealed under the key of the victim';
COMMENT ON COLUMN telephone_answer.body_digest IS 'SHA-256 of what was entered, without who spoke';
CREATE TRIGGER telephone_answer_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON telephone_answer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE telephone_booking (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('held', 'withdrawn', 'spent', 'moved')),
    booked_paise bigint NOT NULL CHECK (booked_paise > 0),
    confirmed_paise bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (case_no, hop_no, kind),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop (case_no, hop_no),
    CONSTRAINT telephone_booking_confirmed CHECK (confirmed_paise BETWEEN 0 AND booked_paise)
);
COMMENT ON TABLE telephone_booking IS
    'Money of a hop that telephone answers booked, and how much of it the bank has stated over a channel since.';
COMMENT ON COLUMN telephone_booking.kind IS 'where the money is; `moved` is of the hop that it moved to';

CREATE FUNCTION telephone_booking_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.booked_paise < OLD.booked_paise OR NEW.confirmed_paise < OLD.confirmed_paise THEN
        RAISE EXCEPTION 'what a bank said by telephone or confirmed is not taken back'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'telephone_booking_grows';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER telephone_booking_grows BEFORE DELETE OR UPDATE ON telephone_booking
    FOR EACH ROW EXECUTE FUNCTION telephone_booking_grows();

CREATE TABLE call_back (
    call_back_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file (case_no),
    request_id uuid NOT NULL REFERENCES hold_request (request_id),
    telephone_answer_id uuid NOT NULL UNIQUE REFERENCES telephone_answer (telephone_answer_id),
    due_at timestamptz NOT NULL,
    missed_at timestamptz,
    ended_at timestamptz,
    ended_as text CHECK (ended_as IN ('called', 'answered', 'missed')),
    CONSTRAINT call_back_ended CHECK ((ended_at IS NULL) = (ended_as IS NULL)),
    CONSTRAINT call_back_missed_first CHECK (ended_as IS DISTINCT FROM 'missed' OR missed_at IS NOT NULL)
);
CREATE UNIQUE INDEX call_back_waits ON call_back (request_id) WHERE ended_at IS NULL;
CREATE INDEX call_back_due ON call_back (due_at) WHERE ended_at IS NULL;
CREATE INDEX call_back_case ON call_back (case_no);
COMMENT ON TABLE call_back IS 'A time at which a bank said that it calls back about a hold request.';
COMMENT ON COLUMN call_back.missed_at IS 'when the desk was asked to telephone, because the bank did not call';
COMMENT ON COLUMN call_back.ended_as IS
    '`called`: it said more by telephone; `answered`: the request needs no answer any more; `missed`: a supervisor was told';

CREATE FUNCTION call_back_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL OR (OLD.missed_at IS NOT NULL AND NEW.missed_at IS DISTINCT FROM OLD.missed_at)
        OR (to_jsonb(NEW) - '{missed_at,ended_at,ended_as}'::text[])
            IS DISTINCT FROM (to_jsonb(OLD) - '{missed_at,ended_at,ended_as}'::text[])
    THEN
        RAISE EXCEPTION 'of a promised call only what became of it is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER call_back_rules BEFORE DELETE OR UPDATE ON call_back FOR EACH ROW EXECUTE FUNCTION call_back_rules();

-- An answer reads it behind the case's lock, in the statement that takes the lock. So it has a snapshot of its own.
CREATE FUNCTION telephone_stated(of_case text) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
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
END $$;
COMMENT ON FUNCTION telephone_stated(text) IS
    'By hop and kind: the money that telephone answers booked and no answer over a channel has stated since; null for none.';

-- Who alone told counts beside who alone imported: such an officer decides nothing about the money. What was told by
-- telephone stays the officer's until the bank has stated all of it over a channel.
CREATE OR REPLACE FUNCTION only_importers(of_case text, of_hop integer) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT unnest(CASE WHEN bool_and(s.importer IS NOT NULL) THEN array_agg(DISTINCT s.importer) END)
        FROM (
            SELECT CASE WHEN a.flags @> '[{"code": "from_workbook"}]'
                THEN coalesce(a.imported_by, a.raw ->> 'imported_by', '')
                ELSE (SELECT t.entered_by FROM telephone_answer t WHERE t.update_id = a.update_id) END AS importer
            FROM answer a WHERE a.case_no = of_case AND of_hop = ANY (a.hop_nos)
                AND a.kind IN ('held', 'withdrawn', 'spent', 'moved')
            UNION ALL
            SELECT CASE WHEN a.flags @> '[{"code": "from_workbook"}]'
                THEN coalesce(a.imported_by, a.raw ->> 'imported_by', '')
                ELSE (SELECT t.entered_by FROM telephone_answer t WHERE t.update_id = a.update_id) END
            FROM hop h JOIN answer a ON a.answer_id = h.opened_by_answer WHERE h.case_no = of_case AND h.hop_no = of_hop
            UNION ALL
            SELECT NULL FROM payer_inquiry i JOIN payer_statement w USING (inquiry_id)
            WHERE i.case_no = of_case AND i.hop_no = of_hop AND w.kind = 'confirmed'
        ) AS s
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
$$;

COMMENT ON FUNCTION only_importers(text, integer) IS
    'Who imported what alone says where the money of this hop is, or entered by telephone what the bank has not stated in full.';
