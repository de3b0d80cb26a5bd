-- A victim, or another person for the victim, complains on a public page. No officer has such a draft: a code opens it again,
-- and a visit keeps it open. Until a one-time code confirms a mobile, no one has proven who complains.
ALTER TABLE draft
    DROP CONSTRAINT draft_source_check, ADD CONSTRAINT draft_source_check CHECK (
        source IN ('call', 'missed_call', 'public_form')) NOT VALID,
    ADD CONSTRAINT draft_of_public_form CHECK ((source = 'public_form') = (owner IS NOT DISTINCT FROM 'complainant')) NOT VALID;

CREATE TABLE public_draft (
    draft_id uuid PRIMARY KEY REFERENCES draft (draft_id),
    code_digest bytea NOT NULL CONSTRAINT public_draft_code UNIQUE,
    call_id uuid REFERENCES draft (draft_id),
    asked_paise bigint NOT NULL DEFAULT 0 CONSTRAINT public_draft_asked_check CHECK (asked_paise >= 0),
    confirmed_at timestamptz,
    confirmed_digest bytea,
    finished_at timestamptz,
    desk_told_at timestamptz,
    visit_digest bytea CONSTRAINT public_draft_visit UNIQUE,
    visit_began_at timestamptz,
    visit_until timestamptz,
    CONSTRAINT public_draft_confirmed_is_whole CHECK ((confirmed_at IS NULL) = (confirmed_digest IS NULL)),
    CONSTRAINT public_draft_visit_is_whole CHECK (num_nulls(visit_digest, visit_began_at, visit_until) IN (0, 3))
);
CREATE INDEX public_draft_of_call ON public_draft (call_id) WHERE call_id IS NOT NULL;
CREATE INDEX public_draft_unconfirmed ON public_draft (draft_id) WHERE asked_paise > 0 AND confirmed_at IS NULL AND desk_told_at IS NULL;
COMMENT ON TABLE public_draft IS 'a complaint that is filled in on the public page, beside its draft';
COMMENT ON COLUMN public_draft.code_digest IS 'keyed digest of the code that opens the draft again';
COMMENT ON COLUMN public_draft.call_id IS 'the draft of the missed call whose link began this one';
COMMENT ON COLUMN public_draft.asked_paise IS 'sum for which banks were asked before the mobile was confirmed';
COMMENT ON COLUMN public_draft.confirmed_at IS 'when a one-time code proved that the complainant has the mobile';
COMMENT ON COLUMN public_draft.confirmed_digest IS
    'keyed digest of the mobile that was confirmed; both are taken away when another number is given';
COMMENT ON COLUMN public_draft.finished_at IS 'when the complainant sent the whole complaint';
COMMENT ON COLUMN public_draft.desk_told_at IS 'when the desk got a work item, because the complaint was not confirmed';
COMMENT ON COLUMN public_draft.visit_digest IS 'digest of the token in the cookie of the visit that has the draft open';

CREATE FUNCTION public_draft_rules() RETURNS trigger LANGUAGE plpgsql AS $$
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
END $$;
CREATE TRIGGER public_draft_rules BEFORE UPDATE ON public_draft FOR EACH ROW EXECUTE FUNCTION public_draft_rules();
CREATE TRIGGER public_draft_kept BEFORE DELETE OR TRUNCATE ON public_draft FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A complaint states no more than its draft has noted, until a mobile is confirmed. Of several statements about one hop the
-- largest counts.
CREATE FUNCTION public_draft_asked() RETURNS trigger LANGUAGE plpgsql AS $$
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
END $$;
CREATE TRIGGER complaint_transfer_asked AFTER INSERT ON complaint_transfer FOR EACH ROW
    EXECUTE FUNCTION public_draft_asked();
CREATE TRIGGER draft_asked AFTER UPDATE OF ack_no ON draft FOR EACH ROW
    WHEN (NEW.source = 'public_form' AND NEW.ack_no IS NOT NULL) EXECUTE FUNCTION public_draft_asked();

CREATE TABLE complainant_message (
    message_id uuid PRIMARY KEY,
    draft_id uuid NOT NULL REFERENCES public_draft (draft_id),
    kind text NOT NULL CONSTRAINT complainant_message_kind_check CHECK (kind IN ('complaint_code', 'complaint_link')),
    language text NOT NULL CONSTRAINT complainant_message_language_check CHECK (language IN ('en', 'hi')),
    sealed bytea,
    written_at timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    next_attempt_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    sent_at timestamptz,
    failure text NOT NULL DEFAULT '',
    code_digest bytea,
    mobile_digest bytea,
    tries integer NOT NULL DEFAULT 0,
    used_at timestamptz,
    CONSTRAINT complainant_message_code_is_whole CHECK (
        (kind = 'complaint_code') = (code_digest IS NOT NULL) AND (code_digest IS NULL) = (mobile_digest IS NULL)),
    CONSTRAINT complainant_message_used_is_a_code CHECK (used_at IS NULL OR code_digest IS NOT NULL),
    CONSTRAINT complainant_message_sent_or_to_send CHECK (sent_at IS NULL OR next_attempt_at IS NULL),
    CONSTRAINT complainant_message_to_send_is_sealed CHECK (next_attempt_at IS NULL OR sealed IS NOT NULL)
);
CREATE INDEX complainant_message_draft ON complainant_message (draft_id, written_at);
CREATE INDEX complainant_message_due ON complainant_message (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
COMMENT ON TABLE complainant_message IS
    'a short message to a person who complains on the page, whose complaint may have no case yet; the row is the outbox';
COMMENT ON COLUMN complainant_message.sealed IS 'number and text, sealed under the key of the draft; empty once it is sent or over';
COMMENT ON COLUMN complainant_message.mobile_digest IS 'keyed digest of the number to which the code went';
COMMENT ON COLUMN complainant_message.used_at IS 'when the code was entered; a code is good once';

CREATE TABLE complaint_reach (
    ack_no text NOT NULL REFERENCES complaint (ack_no),
    reach_no integer NOT NULL CONSTRAINT complaint_reach_no_check CHECK (reach_no > 0),
    way text NOT NULL CONSTRAINT complaint_reach_way_check CHECK (way IN ('call', 'sms', 'email', 'none')),
    from_hour smallint CONSTRAINT complaint_reach_from_check CHECK (from_hour BETWEEN 0 AND 23),
    to_hour smallint CONSTRAINT complaint_reach_to_check CHECK (to_hour BETWEEN 1 AND 24),
    is_quiet boolean NOT NULL,
    wants_woman_officer boolean NOT NULL,
    person_id uuid REFERENCES person_key (person_id),
    sealed bytea,
    told_at timestamptz NOT NULL,
    told_by text NOT NULL CONSTRAINT complaint_reach_told_by_check CHECK (told_by <> ''),
    CONSTRAINT complaint_reach_sealed_is_whole CHECK (num_nulls(person_id, sealed) IN (0, 2)),
    PRIMARY KEY (ack_no, reach_no)
);
CREATE INDEX complaint_reach_person ON complaint_reach (person_id) WHERE person_id IS NOT NULL;
CREATE TRIGGER complaint_reach_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON complaint_reach FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE complaint_reach IS
    'how a victim can be reached without danger; the newest statement counts, and earlier ones stay beside it';
COMMENT ON COLUMN complaint_reach.is_quiet IS 'no message and no call says what it is about';
COMMENT ON COLUMN complaint_reach.sealed IS 'the person who complained for the victim, sealed under the key of the victim';

-- A case that only unconfirmed complaints of the page tell is a stranger's word. Its holds end early. A case that is
-- merged with one of another complaint is told by that one too.
CREATE FUNCTION unconfirmed_since(of_case text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT min(c.received_at) FILTER (WHERE c.case_no = of_case) FROM complaint c
    WHERE c.case_no = ANY (merged_with(of_case) || of_case)
    HAVING count(*) = count(*) FILTER (WHERE EXISTS (
        SELECT FROM draft d JOIN public_draft p USING (draft_id) WHERE d.ack_no = c.ack_no AND p.confirmed_at IS NULL))
$$;
COMMENT ON FUNCTION unconfirmed_since(text) IS
    'when a case began that it and those merged with it have from unconfirmed complaints of the public page alone; else null';
