-- Documents that come by themselves. The database writes the due with what it follows from, so that none is forgotten:
-- money on hold asks for the bank's lien notice, a hearing for the holder's notice, a step of a restoration for a letter
-- to its victim. The two reports of the law are an officer's to issue: their dues only say whether they can be.
CREATE TABLE due_document (
    due_document_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file,
    kind text NOT NULL CHECK (kind IN ('lien_notice', 'magistrate_report', 'follow_up', 'notice_107', 'holder_notice',
        'status_letter')),
    -- what the document is about, as in `document`; a follow-up's due is about the case and all its banks
    subject text NOT NULL,
    -- tells apart what is asked for anew; '' where it is one due that is taken up again
    occasion text NOT NULL DEFAULT '',
    -- the visit_no of a step whose time runs from the document
    restoration_id uuid,
    step text,
    visit_no integer,
    opened_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'lacking', 'ready', 'failed', 'issued', 'served',
        'overtaken')),
    -- the fields that its law requires and nobody has told
    lacking text[] NOT NULL DEFAULT '{}',
    failure text NOT NULL DEFAULT '',
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at timestamptz,
    ended_at timestamptz,
    UNIQUE (case_no, kind, subject, occasion),
    FOREIGN KEY (restoration_id, step, visit_no) REFERENCES restoration_step MATCH FULL,
    CONSTRAINT due_document_ended CHECK ((state IN ('issued', 'served', 'overtaken')) = (ended_at IS NOT NULL)),
    CONSTRAINT due_document_waits CHECK ((ended_at IS NULL) = (next_attempt_at IS NOT NULL)),
    CONSTRAINT due_document_lacking CHECK ((state = 'lacking') = (cardinality(lacking) > 0))
) WITH (fillfactor = 80);
CREATE INDEX due_document_due ON due_document (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX due_document_of_visit ON due_document (restoration_id) WHERE ended_at IS NULL;

-- One due for each bank of a case: whatever comes on hold there, it is looked at whether the last notice says it all.
CREATE FUNCTION ask_for_lien_notice(of_case text, bank text, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO due_document (case_no, kind, subject, opened_at, next_attempt_at)
    VALUES (of_case, 'lien_notice', bank, at, at)
    ON CONFLICT (case_no, kind, subject, occasion) DO UPDATE
    SET state = 'waiting', lacking = '{}', failure = '', attempts = 0, next_attempt_at = excluded.next_attempt_at,
        ended_at = NULL;
END $$;

CREATE FUNCTION held_hop_asks_for_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ask_for_lien_notice(h.case_no, h.institution, NEW.taken_up_at)
    FROM hop h WHERE h.case_no = NEW.case_no AND h.hop_no = NEW.hop_no AND h.institution IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER held_hop_notice AFTER UPDATE OF taken_up_at ON held_hop
    FOR EACH ROW WHEN (NEW.taken_up_at IS NOT NULL) EXECUTE FUNCTION held_hop_asks_for_notice();

-- Something that documents of the case waited for may be there.
CREATE FUNCTION due_documents_look_again(of_case text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE due_document SET next_attempt_at = opened_at WHERE case_no = of_case AND next_attempt_at > opened_at;
END $$;
CREATE FUNCTION due_documents_wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM due_documents_look_again(NEW.case_no);
    RETURN NULL;
END $$;
CREATE TRIGGER case_officer_wakes_documents AFTER INSERT ON case_officer
    FOR EACH ROW EXECUTE FUNCTION due_documents_wake();
CREATE TRIGGER document_wakes_documents AFTER INSERT ON document
    FOR EACH ROW EXECUTE FUNCTION due_documents_wake();

CREATE FUNCTION fir_asks_for_notices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM due_documents_look_again(NEW.case_no);
    PERFORM ask_for_lien_notice(NEW.case_no, a.institution, NEW.registered_at)
    FROM (SELECT DISTINCT institution FROM account_hold WHERE case_no = NEW.case_no AND state = 'held') a;
    RETURN NULL;
END $$;
CREATE TRIGGER fir_notices AFTER INSERT OR UPDATE OF state, document_digest ON fir
    FOR EACH ROW WHEN (NEW.state IN ('registered', 'signed')) EXECUTE FUNCTION fir_asks_for_notices();

CREATE FUNCTION duty_asks_for_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO due_document (case_no, kind, subject, opened_at, next_attempt_at)
    VALUES (NEW.case_no, NEW.kind, NEW.case_no, NEW.opened_at, NEW.opened_at) ON CONFLICT DO NOTHING;
    PERFORM due_documents_look_again(NEW.case_no);
    RETURN NULL;
END $$;
CREATE TRIGGER duty_document AFTER INSERT OR UPDATE OF done_at ON duty
    FOR EACH ROW WHEN (NEW.kind IN ('magistrate_report', 'follow_up')) EXECUTE FUNCTION duty_asks_for_document();

-- The holders are given notice, and their time runs from it; the victim has a letter when it is opened, approved, over.
CREATE FUNCTION restoration_step_asks_for_documents() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    going record;
    turn_of text := format('%s.%s.%s', NEW.restoration_id, NEW.step, NEW.visit_no);
BEGIN
    SELECT * INTO going FROM restoration WHERE restoration_id = NEW.restoration_id;
    IF NEW.step IN ('holder_notice', 'show_cause') THEN
        INSERT INTO due_document (case_no, kind, subject, occasion, restoration_id, step, visit_no, opened_at, next_attempt_at)
        SELECT DISTINCT going.case_no, CASE NEW.step WHEN 'show_cause' THEN 'notice_107' ELSE 'holder_notice' END,
            l.hold_id::text, turn_of, NEW.restoration_id, NEW.step, NEW.visit_no, NEW.opened_at, NEW.opened_at
        FROM restoration_line l WHERE l.restoration_id = NEW.restoration_id
        ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO due_document (case_no, kind, subject, occasion, opened_at, next_attempt_at)
        VALUES (going.case_no, 'status_letter', going.ack_no, turn_of, NEW.opened_at, NEW.opened_at)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER restoration_step_documents AFTER INSERT ON restoration_step
    FOR EACH ROW WHEN (NEW.step IN ('collecting', 'holder_notice', 'show_cause', 'credit'))
    EXECUTE FUNCTION restoration_step_asks_for_documents();

CREATE FUNCTION restoration_asks_for_letter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO due_document (case_no, kind, subject, occasion, opened_at, next_attempt_at)
    VALUES (NEW.case_no, 'status_letter', NEW.ack_no, format('%s.%s', NEW.restoration_id, NEW.state), NEW.closed_at,
        NEW.closed_at) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER restoration_letter AFTER UPDATE OF state ON restoration
    FOR EACH ROW WHEN (NEW.state IN ('restored', 'refused') AND OLD.state = 'open')
    EXECUTE FUNCTION restoration_asks_for_letter();

-- The documents that go with a message, in order.
CREATE TABLE message_document (
    message_id uuid NOT NULL REFERENCES message,
    place integer NOT NULL CHECK (place > 0),
    document_id uuid NOT NULL REFERENCES document,
    PRIMARY KEY (message_id, place)
);
ALTER TABLE message DROP COLUMN document_id;
