-- These read the table while others write. The trigger comes last, because making it stops writers.
ALTER TABLE victim VALIDATE CONSTRAINT victim_sealed_is_whole;
ALTER TABLE victim VALIDATE CONSTRAINT victim_person_id_fkey;

-- Every process seals the personal data of victims and reads them sealed, so no clear text is stored any more. The
-- columns stay for the release before, which the programs of this release still write for.
CREATE FUNCTION victim_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed IS NULL THEN
        RAISE EXCEPTION 'the personal data of a victim are written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'victim_sealed';
    END IF;
    NEW.name := '';
    NEW.mobile := '';
    NEW.email := '';
    RETURN NEW;
END $$;
CREATE TRIGGER victim_sealed BEFORE INSERT OR UPDATE ON victim FOR EACH ROW EXECUTE FUNCTION victim_sealed();
