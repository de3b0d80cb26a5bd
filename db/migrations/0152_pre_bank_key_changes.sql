-- A bank could not ask for another key of its own: the police registered and ended keys by command, and its contacts did not
-- learn of it. A bank now asks in its inbox, the police confirm, and each change is told to the contacts.

ALTER TABLE bank_key ADD COLUMN last_used_at timestamptz;
COMMENT ON COLUMN bank_key.last_used_at IS 'when a signature by it was last accepted, to the hour; null: never, or not since this column exists';

-- The rules look at the validity of keys. The use of a key changes none of it, so it locks no institution.
DROP TRIGGER bank_key_rules ON bank_key;
CREATE TRIGGER bank_key_rules
    AFTER INSERT OR UPDATE OF key_id, institution, public_key, not_before, not_after, created_at ON bank_key
    FOR EACH ROW EXECUTE FUNCTION bank_key_rules();

CREATE TABLE bank_key_change (
    change_id uuid PRIMARY KEY,
    institution text NOT NULL REFERENCES institution (code),
    kind text NOT NULL CONSTRAINT bank_key_change_kind CHECK (kind IN ('add', 'end')),
    key_id text NOT NULL CONSTRAINT bank_key_change_key_id CHECK (key_id ~ '^[A-Za-z0-9._:-]{1,100}$'),
    public_key bytea NOT NULL CONSTRAINT bank_key_change_public_key CHECK (octet_length(public_key) = 32),
    asked_by text NOT NULL CONSTRAINT bank_key_change_asked_by CHECK (length(asked_by) BETWEEN 1 AND 200),
    asked_at timestamptz NOT NULL,
    outcome text CONSTRAINT bank_key_change_outcome CHECK (outcome IN ('done', 'refused', 'withdrawn', 'expired')),
    decided_by text CONSTRAINT bank_key_change_decided_by CHECK (length(decided_by) BETWEEN 1 AND 200),
    decided_at timestamptz,
    reason text NOT NULL DEFAULT '' CONSTRAINT bank_key_change_reason CHECK (length(reason) <= 1000),
    next_attempt_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    person_id uuid REFERENCES person_key (person_id),
    sealed_asker bytea,
    CONSTRAINT bank_key_change_asker_is_sealed CHECK ((person_id IS NULL) = (sealed_asker IS NULL)),
    CONSTRAINT bank_key_change_decided CHECK (num_nulls(outcome, decided_by, decided_at) IN (0, 3)),
    -- A bank alone neither gets a key nor ends one.
    CONSTRAINT bank_key_change_by_two CHECK (
        outcome IS NULL OR outcome IN ('withdrawn', 'expired') OR decided_by NOT LIKE 'bank:%')
);
CREATE UNIQUE INDEX bank_key_change_open ON bank_key_change (institution) WHERE outcome IS NULL;
CREATE INDEX bank_key_change_of_bank ON bank_key_change (institution, asked_at);
CREATE INDEX bank_key_change_to_tell ON bank_key_change (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX bank_key_change_person ON bank_key_change (person_id) WHERE person_id IS NOT NULL;
COMMENT ON COLUMN bank_key_change.sealed_asker IS
    'name and designation of who asked at the bank, sealed under a key of their own, which ends with the decision';
COMMENT ON TABLE bank_key_change IS 'a change of a bank''s keys that the bank has asked for, or that the police have made';
COMMENT ON COLUMN bank_key_change.asked_by IS 'the bank as "bank:CODE", or the command of the police';
COMMENT ON COLUMN bank_key_change.outcome IS 'null: it waits for the police; "done" changes the key';
COMMENT ON COLUMN bank_key_change.next_attempt_at IS 'when the bank''s contacts are told of it; null: not any more';

CREATE TRIGGER bank_key_change_append_only BEFORE DELETE OR TRUNCATE ON bank_key_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_key_change_kept BEFORE UPDATE OF change_id, institution, kind, key_id, public_key, asked_by, asked_at,
    person_id, sealed_asker ON bank_key_change FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION bank_key_change_decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.outcome IS NOT NULL AND (NEW.outcome, NEW.decided_by, NEW.decided_at, NEW.reason)
            IS DISTINCT FROM (OLD.outcome, OLD.decided_by, OLD.decided_at, OLD.reason) THEN
        RAISE EXCEPTION 'a change of a bank''s keys is decided once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_key_change_decided_once BEFORE UPDATE ON bank_key_change
    FOR EACH ROW EXECUTE FUNCTION bank_key_change_decided_once();
