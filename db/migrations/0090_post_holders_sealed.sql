-- Every process reads messages and contacts sealed. What is sealed is not in clear any more: a sign stands there, because an
-- empty text means a message that was blanked. The columns stay for messages to offices, and for the release before.
CREATE FUNCTION message_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.address := '…';
    NEW.subject := '';
    IF NEW.body <> '' THEN
        NEW.body := '…';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER message_sealed BEFORE INSERT OR UPDATE ON message FOR EACH ROW WHEN (NEW.sealed_head IS NOT NULL)
    EXECUTE FUNCTION message_sealed();

-- A victim of the release before has no key until `goldenhour seal` has run.
CREATE FUNCTION message_is_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.to_whom = 'holder' OR NOT EXISTS (
        SELECT FROM complaint c JOIN victim v USING (victim_id) WHERE c.case_no = NEW.case_no AND v.sealed IS NULL)
    THEN
        RAISE EXCEPTION 'a message to a victim or an account holder is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'message_is_sealed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER message_is_sealed BEFORE INSERT ON message FOR EACH ROW
    WHEN (NEW.sealed_head IS NULL AND NEW.to_whom IN ('victim', 'holder'))
    EXECUTE FUNCTION message_is_sealed();

CREATE FUNCTION holder_contact_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed IS NULL THEN
        RAISE EXCEPTION 'the contact of an account holder is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'holder_contact_sealed';
    END IF;
    NEW.phone := CASE WHEN NEW.phone <> '' THEN '…' ELSE '' END;
    NEW.email := CASE WHEN NEW.email <> '' THEN '…' ELSE '' END;
    RETURN NEW;
END $$;
CREATE TRIGGER holder_contact_sealed BEFORE INSERT OR UPDATE ON holder_contact FOR EACH ROW
    EXECUTE FUNCTION holder_contact_sealed();
CREATE TRIGGER holder_contact_sealed BEFORE INSERT OR UPDATE ON holder_contact_change FOR EACH ROW
    EXECUTE FUNCTION holder_contact_sealed();

-- A contact in the history changes in one way: it is sealed. Whether that is the same contact, only the key could tell.
CREATE FUNCTION holder_contact_change_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a contact in the history is only sealed, once' USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER holder_contact_change_append_only ON holder_contact_change;
CREATE TRIGGER holder_contact_change_append_only BEFORE DELETE OR TRUNCATE ON holder_contact_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER holder_contact_change_kept BEFORE UPDATE OF change_id, hold_id, told_at, told_to ON holder_contact_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER holder_contact_change_rules BEFORE UPDATE ON holder_contact_change FOR EACH ROW
    WHEN (NEW.sealed IS NULL
        OR OLD.sealed IS NOT NULL AND (NEW.person_id, NEW.sealed) IS DISTINCT FROM (OLD.person_id, OLD.sealed))
    EXECUTE FUNCTION holder_contact_change_rules();

CREATE OR REPLACE FUNCTION credit_account_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- That the name is sealed, once, is no change of the account.
    IF TG_OP = 'UPDATE' AND (OLD.sealed_name IS NULL OR (NEW.person_id, NEW.sealed_name) = (OLD.person_id, OLD.sealed_name))
        AND to_jsonb(NEW) - '{person_id,sealed_name}'::text[] = to_jsonb(OLD) - '{person_id,sealed_name}'::text[]
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL
        OR (NEW.account_id, NEW.ack_no, NEW.case_no, NEW.holder_name, NEW.account, NEW.ifsc, NEW.institution, NEW.reason,
            NEW.proof, NEW.same_name, NEW.told_by, NEW.told_at, NEW.person_id, NEW.sealed_name)
            IS DISTINCT FROM
            (OLD.account_id, OLD.ack_no, OLD.case_no, OLD.holder_name, OLD.account, OLD.ifsc, OLD.institution, OLD.reason,
            OLD.proof, OLD.same_name, OLD.told_by, OLD.told_at, OLD.person_id, OLD.sealed_name)
        OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_by, NEW.confirmed_at, NEW.object_until)
            IS DISTINCT FROM (OLD.confirmed_by, OLD.confirmed_at, OLD.object_until))
    THEN
        RAISE EXCEPTION 'of an account to credit only the confirmation and the end are written, once each'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION credit_account_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_name IS NOT NULL THEN
        NEW.holder_name := '…';
    ELSIF TG_OP = 'INSERT' AND EXISTS (
        SELECT FROM complaint c JOIN victim v USING (victim_id) WHERE c.ack_no = NEW.ack_no AND v.sealed IS NOT NULL)
    THEN
        RAISE EXCEPTION 'the name of an account to be credited is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_account_sealed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER credit_account_sealed BEFORE INSERT OR UPDATE ON credit_account FOR EACH ROW
    EXECUTE FUNCTION credit_account_sealed();

CREATE FUNCTION grievance_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_text IS NOT NULL THEN
        NEW.text := '…';
        NEW.contact := CASE WHEN NEW.contact <> '' THEN '…' ELSE '' END;
    ELSIF TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'what an account holder says is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grievance_sealed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grievance_sealed BEFORE INSERT OR UPDATE ON grievance FOR EACH ROW EXECUTE FUNCTION grievance_sealed();

CREATE FUNCTION grievance_level_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_said IS NOT NULL THEN
        NEW.said := '…';
    ELSIF TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'what an account holder says is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grievance_level_sealed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grievance_level_sealed BEFORE INSERT OR UPDATE ON grievance_level FOR EACH ROW WHEN (NEW.said <> '')
    EXECUTE FUNCTION grievance_level_sealed();

CREATE FUNCTION objection_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_text IS NOT NULL THEN
        NEW.text := '…';
    ELSIF TG_OP = 'INSERT' AND (NEW.hold_id IS NOT NULL AND NEW.by_whom <> 'victim' OR EXISTS (
        SELECT FROM restoration r JOIN complaint c USING (ack_no) JOIN victim v USING (victim_id)
        WHERE r.restoration_id = NEW.restoration_id AND v.sealed IS NOT NULL))
    THEN
        RAISE EXCEPTION 'the text of an objection is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'objection_sealed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER objection_sealed BEFORE INSERT OR UPDATE ON objection FOR EACH ROW EXECUTE FUNCTION objection_sealed();

CREATE FUNCTION release_hearing_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_said IS NOT NULL THEN
        NEW.said := '…';
    ELSIF EXISTS (
        SELECT FROM complaint c JOIN victim v USING (victim_id) WHERE c.ack_no = NEW.ack_no AND v.sealed IS NOT NULL)
    THEN
        RAISE EXCEPTION 'what a victim says is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'release_hearing_sealed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER release_hearing_sealed BEFORE INSERT OR UPDATE ON release_hearing FOR EACH ROW
    EXECUTE FUNCTION release_hearing_sealed();
CREATE FUNCTION release_hearing_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what a victim has said is only sealed, once' USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER release_hearing_append_only ON release_hearing;
CREATE TRIGGER release_hearing_append_only BEFORE DELETE OR TRUNCATE ON release_hearing
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER release_hearing_kept BEFORE UPDATE OF hearing_id, proposal_id, ack_no, recorded_by, recorded_at ON release_hearing
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER release_hearing_rules BEFORE UPDATE ON release_hearing FOR EACH ROW
    WHEN (NEW.sealed_said IS NULL
        OR OLD.sealed_said IS NOT NULL AND (NEW.person_id, NEW.sealed_said) IS DISTINCT FROM (OLD.person_id, OLD.sealed_said))
    EXECUTE FUNCTION release_hearing_rules();
