-- A bank may want that no person of it answers alone: one fills in the reply, another one checks it and sends it.

ALTER TABLE institution ADD COLUMN answers_by_two boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN institution.answers_by_two IS 'whether a reply in the inbox needs two people of the bank; a hold alone needs one';

CREATE TABLE bank_reply_check (
    check_id uuid PRIMARY KEY,
    institution text NOT NULL REFERENCES institution (code),
    kind text NOT NULL CONSTRAINT bank_reply_check_kind CHECK (kind IN ('hold', 'further', 'order', 'table')),
    subject_id uuid,
    evidence_id bigint NOT NULL REFERENCES bank_evidence (evidence_id),
    made_by uuid NOT NULL REFERENCES bank_person (person_id),
    made_at timestamptz NOT NULL,
    outcome text CONSTRAINT bank_reply_check_outcome CHECK (outcome IN ('sent', 'returned')),
    decided_by uuid REFERENCES bank_person (person_id),
    decided_at timestamptz,
    note text,
    CONSTRAINT bank_reply_check_note CHECK (note IS NULL OR (outcome = 'returned' AND length(note) BETWEEN 1 AND 300)),
    CONSTRAINT bank_reply_check_of_one CHECK ((kind = 'table') = (subject_id IS NULL)),
    CONSTRAINT bank_reply_check_decided CHECK (num_nulls(outcome, decided_by, decided_at) IN (0, 3)),
    CONSTRAINT bank_reply_check_by_two CHECK (outcome IS DISTINCT FROM 'sent' OR decided_by <> made_by)
);
CREATE UNIQUE INDEX bank_reply_check_open ON bank_reply_check (institution, kind, subject_id)
    WHERE outcome IS NULL AND subject_id IS NOT NULL;
CREATE INDEX bank_reply_check_subject ON bank_reply_check (subject_id, made_at) WHERE subject_id IS NOT NULL;
CREATE INDEX bank_reply_check_made_by ON bank_reply_check (made_by);
CREATE INDEX bank_reply_check_decided_by ON bank_reply_check (decided_by) WHERE decided_by IS NOT NULL;
CREATE INDEX bank_reply_check_waits ON bank_reply_check (institution, made_at) WHERE outcome IS NULL;
COMMENT ON TABLE bank_reply_check IS 'a reply that one person of a bank has filled in, and another one sends or gives back';
COMMENT ON COLUMN bank_reply_check.note IS 'what the second person wants corrected, for the first one; null if nothing was written';
COMMENT ON COLUMN bank_reply_check.evidence_id IS 'the form as the first person sent it';

-- A bank adds its people by itself, so only those whom the police have confirmed count as two. Each table has many rows.
CREATE FUNCTION bank_reply_check_asked() RETURNS trigger LANGUAGE plpgsql AS $$
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
END $$;
CREATE TRIGGER bank_reply_check_asked BEFORE INSERT ON bank_reply_check
    FOR EACH ROW EXECUTE FUNCTION bank_reply_check_asked();

CREATE FUNCTION bank_reply_check_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM bank_person WHERE person_id = NEW.decided_by AND institution = NEW.institution
            AND ended_at IS NULL AND confirmed_at IS NOT NULL)
        OR NOT EXISTS (SELECT FROM bank_person WHERE person_id = NEW.made_by AND confirmed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'another confirmed person of the bank sends a reply by two'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_reply_check_of_confirmed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bank_reply_check_sent AFTER INSERT OR UPDATE OF outcome ON bank_reply_check
    FOR EACH ROW WHEN (NEW.outcome = 'sent') EXECUTE FUNCTION bank_reply_check_sent();

CREATE TRIGGER bank_reply_check_append_only BEFORE DELETE OR TRUNCATE ON bank_reply_check
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_reply_check_kept BEFORE UPDATE OF check_id, institution, kind, subject_id, evidence_id, made_by, made_at
    ON bank_reply_check FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION bank_reply_check_decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.outcome IS NOT NULL THEN
        RAISE EXCEPTION 'a reply of a bank is decided once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_reply_check_decided_once BEFORE UPDATE ON bank_reply_check
    FOR EACH ROW EXECUTE FUNCTION bank_reply_check_decided_once();
