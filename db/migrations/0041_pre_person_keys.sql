-- The personal data of a victim are sealed under a key of their own, so that destroying the key destroys the data.
CREATE TABLE person_key (
    person_id uuid PRIMARY KEY,
    wrapped bytea,
    made_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    destroyed_for text,
    CONSTRAINT person_key_destroyed_is_whole CHECK (num_nulls(destroyed_at, destroyed_for) IN (0, 2)),
    CONSTRAINT person_key_is_there_or_destroyed CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL)),
    CONSTRAINT person_key_destroyed_for_check CHECK (destroyed_for <> '')
);
COMMENT ON TABLE person_key IS 'The key that seals the personal data of one victim, itself sealed under the secret key.';
COMMENT ON COLUMN person_key.wrapped IS 'the sealed key; null once it is destroyed';
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
