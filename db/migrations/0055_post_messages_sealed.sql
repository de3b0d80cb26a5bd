-- Every process reads messages sealed. What is sealed is not in clear any more: a sign stands there, because an empty text
-- means a message that was blanked. The columns stay for messages to offices, and for the release before.
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
ALTER TABLE message VALIDATE CONSTRAINT message_sealed_is_whole;
ALTER TABLE message VALIDATE CONSTRAINT message_person_id_fkey;
