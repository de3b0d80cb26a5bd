-- Addresses and texts of messages, and contacts of account holders, are sealed under the key of the person, so that
-- destroying the key destroys them too. A victim has a key already. An account holder gets one when it is first needed.
CREATE TABLE holder_key (
    person_id uuid PRIMARY KEY REFERENCES person_key (person_id),
    hold_id uuid NOT NULL REFERENCES account_hold (hold_id)
);
CREATE INDEX holder_key_hold ON holder_key (hold_id);
COMMENT ON TABLE holder_key IS 'The keys of account holders: whose hold each is of.';
CREATE TRIGGER holder_key_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON holder_key
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE person_key IS
    'The key that seals the personal data of one victim or account holder, itself sealed under the secret key.';

ALTER TABLE message
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_head bytea,
    ADD COLUMN sealed_body bytea,
    ADD CONSTRAINT message_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key (person_id) NOT VALID,
    ADD CONSTRAINT message_sealed_is_whole CHECK (num_nulls(person_id, sealed_head) IN (0, 2)
        AND (sealed_body IS NULL OR person_id IS NOT NULL)) NOT VALID;
COMMENT ON COLUMN message.person_id IS 'the victim or account holder whose key seals it; null for a message to an office';
COMMENT ON COLUMN message.sealed_head IS 'address and subject, sealed';
COMMENT ON COLUMN message.sealed_body IS 'text, sealed; null once it is blank';

-- The release before blanks only the text in clear.
CREATE FUNCTION message_blanked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.sealed_body := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER message_blanked BEFORE UPDATE OF body ON message FOR EACH ROW WHEN (NEW.body = '')
    EXECUTE FUNCTION message_blanked();

ALTER TABLE holder_contact
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed bytea,
    ADD CONSTRAINT holder_contact_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key (person_id) NOT VALID,
    ADD CONSTRAINT holder_contact_sealed_is_whole CHECK (num_nulls(person_id, sealed) IN (0, 2)) NOT VALID;
COMMENT ON COLUMN holder_contact.sealed IS 'phone and e-mail address, sealed under the key of the account holder';
ALTER TABLE holder_contact_change
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed bytea,
    ADD CONSTRAINT holder_contact_change_person_id_fkey
        FOREIGN KEY (person_id) REFERENCES person_key (person_id) NOT VALID,
    ADD CONSTRAINT holder_contact_change_sealed_is_whole CHECK (num_nulls(person_id, sealed) IN (0, 2)) NOT VALID;
COMMENT ON COLUMN holder_contact_change.sealed IS 'phone and e-mail address, sealed under the key of the account holder';

-- That a contact is sealed is no change of it.
CREATE OR REPLACE FUNCTION holder_contact_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.told_at <> OLD.told_at
        OR OLD.sealed IS NOT NULL AND NEW.sealed IS DISTINCT FROM OLD.sealed
        OR OLD.sealed IS NULL AND NEW.sealed IS NULL AND (NEW.phone, NEW.email) <> (OLD.phone, OLD.email)
    THEN
        INSERT INTO holder_contact_change (hold_id, phone, email, told_at, told_to, person_id, sealed)
            VALUES (NEW.hold_id, NEW.phone, NEW.email, NEW.told_at, NEW.told_to, NEW.person_id, NEW.sealed);
    END IF;
    RETURN NULL;
END $$;

-- The release before changes only the text in clear. What was sealed is then another contact.
CREATE FUNCTION holder_contact_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.person_id := NULL;
    NEW.sealed := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER holder_contact_changed BEFORE UPDATE ON holder_contact FOR EACH ROW
    WHEN ((NEW.phone, NEW.email) <> (OLD.phone, OLD.email) AND NEW.sealed = OLD.sealed)
    EXECUTE FUNCTION holder_contact_changed();

-- The name of an account to be credited is sealed under the key of the victim.
ALTER TABLE credit_account
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_name bytea,
    ADD CONSTRAINT credit_account_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key (person_id) NOT VALID,
    ADD CONSTRAINT credit_account_sealed_is_whole CHECK (num_nulls(person_id, sealed_name) IN (0, 2)) NOT VALID;
COMMENT ON COLUMN credit_account.sealed_name IS 'name of the holder, sealed under the key of the victim';

-- What an account holder says in a grievance is sealed under the key of the account holder.
ALTER TABLE grievance
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_text bytea,
    ADD COLUMN sealed_contact bytea,
    ADD CONSTRAINT grievance_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key (person_id) NOT VALID,
    ADD CONSTRAINT grievance_sealed_is_whole CHECK (num_nulls(person_id, sealed_text) IN (0, 2)
        AND (sealed_contact IS NULL OR person_id IS NOT NULL)) NOT VALID;
COMMENT ON COLUMN grievance.sealed_text IS 'the text, sealed under the key of the account holder';
COMMENT ON COLUMN grievance.sealed_contact IS 'the contact that the text names, sealed in the same way; null without one';
ALTER TABLE grievance_level
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_said bytea,
    ADD CONSTRAINT grievance_level_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key (person_id) NOT VALID,
    ADD CONSTRAINT grievance_level_sealed_is_whole CHECK (num_nulls(person_id, sealed_said) IN (0, 2)) NOT VALID;
COMMENT ON COLUMN grievance_level.sealed_said IS 'what the holder says, sealed under the key of the account holder';

-- What people say against a restoration or a release is sealed under the key of the account holder or of the victim.
ALTER TABLE objection
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_text bytea,
    ADD CONSTRAINT objection_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key (person_id) NOT VALID,
    ADD CONSTRAINT objection_sealed_is_whole CHECK (num_nulls(person_id, sealed_text) IN (0, 2)) NOT VALID;
COMMENT ON COLUMN objection.sealed_text IS
    'the text, sealed under the key of the account holder; of the victim, where that is who objects or no hold is named';
ALTER TABLE release_hearing
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_said bytea,
    ADD CONSTRAINT release_hearing_person_id_fkey FOREIGN KEY (person_id) REFERENCES person_key (person_id) NOT VALID,
    ADD CONSTRAINT release_hearing_sealed_is_whole CHECK (num_nulls(person_id, sealed_said) IN (0, 2)) NOT VALID;
COMMENT ON COLUMN release_hearing.sealed_said IS 'what the victim says, sealed under the key of the victim';
