-- The personal data of a victim are sealed under a key of their own, so that destroying the key destroys the data.
CREATE TABLE person_key (
    person_id uuid PRIMARY KEY,
    wrapped bytea,
    made_at timestamptz NOT NULL,
    looked_at timestamptz,
    destroyed_at timestamptz,
    destroyed_for text,
    CONSTRAINT person_key_destroyed_is_whole CHECK (num_nulls(destroyed_at, destroyed_for) IN (0, 2)),
    CONSTRAINT person_key_is_there_or_destroyed CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL)),
    CONSTRAINT person_key_destroyed_for_check CHECK (destroyed_for <> '')
);
CREATE INDEX person_key_to_look ON person_key (coalesce(looked_at, made_at)) WHERE wrapped IS NOT NULL;
COMMENT ON TABLE person_key IS 'The key that seals the personal data of one victim, itself sealed under the secret key.';
COMMENT ON COLUMN person_key.wrapped IS 'the sealed key; null once it is destroyed';
COMMENT ON COLUMN person_key.looked_at IS 'when it was last looked at whether the data are kept';
COMMENT ON COLUMN person_key.destroyed_for IS 'the rule of retention by which the key was destroyed';

CREATE FUNCTION person_key_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.destroyed_at IS NOT NULL
        OR (NEW.person_id, NEW.made_at) IS DISTINCT FROM (OLD.person_id, OLD.made_at)
    THEN
        RAISE EXCEPTION 'the key of a person is sealed anew or destroyed, and a destroyed key stays destroyed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER person_key_rules BEFORE UPDATE OR DELETE ON person_key FOR EACH ROW EXECUTE FUNCTION person_key_rules();
CREATE TRIGGER person_key_kept BEFORE TRUNCATE ON person_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE victim
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed bytea,
    ADD COLUMN terms bytea[],
    ADD COLUMN terms_key bytea,
    ADD CONSTRAINT victim_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key (person_id) NOT VALID,
    ADD CONSTRAINT victim_sealed_is_whole
        CHECK (num_nulls(person_id, sealed, terms, terms_key) IN (0, 4)) NOT VALID;
COMMENT ON COLUMN victim.sealed IS 'name, mobile and e-mail address, sealed under the person''s key';
COMMENT ON COLUMN victim.terms IS 'keyed digests of the terms that the victim is found by';
COMMENT ON COLUMN victim.terms_key IS 'the id of the secret key that the digests are made with';

-- A message to a victim goes to the number in the complaint. Two officers put a wrong one right.
CREATE TABLE victim_correction (
    correction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file (case_no),
    ack_no text NOT NULL REFERENCES complaint (ack_no),
    victim_id bigint NOT NULL REFERENCES victim (victim_id),
    fields text[] NOT NULL,
    before bytea NOT NULL,
    after bytea NOT NULL,
    reason bytea NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decision text,
    decided_by text,
    decided_at timestamptz,
    CONSTRAINT victim_correction_fields_check
        CHECK (cardinality(fields) > 0 AND fields <@ ARRAY['name', 'mobile', 'email']),
    CONSTRAINT victim_correction_decision_check CHECK (decision IN ('agreed', 'rejected')),
    CONSTRAINT victim_correction_is_whole CHECK (num_nulls(decision, decided_by, decided_at) IN (0, 3))
);
CREATE INDEX victim_correction_case ON victim_correction (case_no);
CREATE INDEX victim_correction_victim ON victim_correction (victim_id);
CREATE UNIQUE INDEX victim_correction_open ON victim_correction (victim_id) WHERE decision IS NULL;
COMMENT ON TABLE victim_correction IS 'Other personal data of a victim: one officer proposes them, and a second officer agrees.';
COMMENT ON COLUMN victim_correction.fields IS 'what changes';
COMMENT ON COLUMN victim_correction.before IS 'the sealed data at the proposal';
COMMENT ON COLUMN victim_correction.after IS 'the sealed data that are proposed';
COMMENT ON COLUMN victim_correction.reason IS 'why, sealed under the person''s key';

CREATE FUNCTION victim_correction_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.decision IS NOT NULL
        OR (NEW.correction_id, NEW.case_no, NEW.ack_no, NEW.victim_id, NEW.fields, NEW.before, NEW.after, NEW.reason,
            NEW.proposed_by, NEW.proposed_at)
            IS DISTINCT FROM
            (OLD.correction_id, OLD.case_no, OLD.ack_no, OLD.victim_id, OLD.fields, OLD.before, OLD.after, OLD.reason,
            OLD.proposed_by, OLD.proposed_at)
    THEN
        RAISE EXCEPTION 'of a correction of a victim only the decision is written, once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER victim_correction_rules BEFORE UPDATE OR DELETE ON victim_correction FOR EACH ROW
    EXECUTE FUNCTION victim_correction_rules();
CREATE TRIGGER victim_correction_four_eyes BEFORE INSERT OR UPDATE OF decision, decided_by, proposed_by ON victim_correction
    FOR EACH ROW WHEN (NEW.decision = 'agreed' AND NOT is_second_officer(NEW.decided_by, NEW.proposed_by))
    EXECUTE FUNCTION two_persons();

CREATE FUNCTION victim_corrected() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.person_id IS DISTINCT FROM OLD.person_id OR NOT EXISTS (
        SELECT FROM victim_correction c WHERE c.victim_id = NEW.victim_id AND c.decision = 'agreed'
            AND c.before = OLD.sealed AND c.after = NEW.sealed)
    THEN
        RAISE EXCEPTION 'two officers change the personal data of victim %', NEW.victim_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'victim_corrected';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER victim_corrected BEFORE UPDATE OF sealed, person_id ON victim FOR EACH ROW
    WHEN (OLD.sealed IS NOT NULL AND (OLD.sealed, OLD.person_id) IS DISTINCT FROM (NEW.sealed, NEW.person_id))
    EXECUTE FUNCTION victim_corrected();
