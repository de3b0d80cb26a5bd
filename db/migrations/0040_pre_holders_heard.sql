-- Contacts of account holders have a history, and a hearing is waived with a document of each holder.
CREATE TABLE holder_contact_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hold_id uuid NOT NULL REFERENCES account_hold (hold_id),
    phone text NOT NULL,
    email text NOT NULL,
    told_at timestamptz NOT NULL,
    told_to text NOT NULL
);
CREATE INDEX holder_contact_change_hold ON holder_contact_change (hold_id);
COMMENT ON TABLE holder_contact_change IS 'Every contact of an account holder that an officer has entered.';
INSERT INTO holder_contact_change (hold_id, phone, email, told_at, told_to)
    SELECT hold_id, phone, email, told_at, told_to FROM holder_contact ORDER BY told_at, hold_id;
CREATE TRIGGER holder_contact_change_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON holder_contact_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION holder_contact_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO holder_contact_change (hold_id, phone, email, told_at, told_to)
        VALUES (NEW.hold_id, NEW.phone, NEW.email, NEW.told_at, NEW.told_to);
    RETURN NULL;
END $$;
CREATE TRIGGER holder_contact_kept AFTER INSERT OR UPDATE ON holder_contact FOR EACH ROW
    EXECUTE FUNCTION holder_contact_kept();

ALTER TABLE appeal_code ADD COLUMN contact_since timestamptz;
COMMENT ON COLUMN appeal_code.contact_since IS
    'when an officer entered the contact that the code went to; null for a contact that the bank gave';

ALTER TABLE message DROP CONSTRAINT message_body_check, ADD CONSTRAINT message_body_check
    CHECK (body <> '' OR kind IN ('grievance_code', 'appeal_code')) NOT VALID;

CREATE TABLE hearing_waiver (
    restoration_id uuid NOT NULL REFERENCES restoration (restoration_id),
    visit_no integer NOT NULL CHECK (visit_no > 0),
    hold_id uuid NOT NULL REFERENCES account_hold (hold_id),
    document bytea NOT NULL CHECK (octet_length(document) > 0),
    document_digest bytea NOT NULL CHECK (document_digest = sha256(document)),
    reason text NOT NULL CHECK (reason <> ''),
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    contradict_until timestamptz NOT NULL CHECK (contradict_until > recorded_at),
    PRIMARY KEY (restoration_id, visit_no, hold_id)
);
CREATE INDEX hearing_waiver_hold ON hearing_waiver (hold_id);
COMMENT ON TABLE hearing_waiver IS
    'Statements of account holders that they waive the rest of the time to object, for one visit of the holder''s notice.';
COMMENT ON COLUMN hearing_waiver.contradict_until IS 'until when the holder, who is told, can say that it is not so';
CREATE TRIGGER hearing_waiver_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON hearing_waiver
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION hearing_waiver_of_served() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM due_document d WHERE d.restoration_id = NEW.restoration_id AND d.step = 'holder_notice'
                   AND d.visit_no = NEW.visit_no AND d.subject = NEW.hold_id::text AND d.state IN ('issued', 'served'))
    THEN
        RAISE EXCEPTION 'the holder of hold % has no notice', NEW.hold_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hearing_waiver_of_served';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hearing_waiver_of_served BEFORE INSERT ON hearing_waiver FOR EACH ROW
    EXECUTE FUNCTION hearing_waiver_of_served();
