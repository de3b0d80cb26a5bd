-- A procedure may begin, or begin again, in a settled case. In other cases this is one look at a key. It comes after the
-- copy of 0049, because a procedure of a case that is being copied would wait for the end of the copy.
CREATE FUNCTION case_assignment_procedure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM case_assignment a WHERE a.case_no = NEW.case_no
        AND (a.look_at IS NOT NULL OR (a.io IS NOT NULL AND a.supervising IS NOT NULL)))
    THEN
        PERFORM look_for_officers(NEW.case_no);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER case_assignment_procedure AFTER INSERT OR UPDATE OF ended_at ON procedure
    FOR EACH ROW WHEN (NEW.ended_at IS NULL) EXECUTE FUNCTION case_assignment_procedure();
