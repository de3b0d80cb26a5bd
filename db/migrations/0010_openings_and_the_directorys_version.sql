-- Which opening of a case a workflow was started for: the mark of an earlier opening's start says nothing of this one.
ALTER TABLE case_file ADD COLUMN opening_no integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN case_file.opening_no IS 'counts the openings of the case: one, and one more each time it is reopened';

-- One row that is another whenever an institution was written: who keeps the directory in memory looks here every second.
CREATE TABLE directory_version (
    the_one boolean PRIMARY KEY DEFAULT true CHECK (the_one),
    written_by xid8 NOT NULL
);
COMMENT ON COLUMN directory_version.written_by IS 'the transaction that last wrote an institution';
INSERT INTO directory_version (written_by) VALUES (pg_current_xact_id());

-- Before the statement: whoever writes institutions waits here for another who does, before either holds any of them.
CREATE FUNCTION directory_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE directory_version SET written_by = pg_current_xact_id() WHERE written_by <> pg_current_xact_id();
    RETURN NULL;
END $$;
CREATE TRIGGER institution_written BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON institution
    FOR EACH STATEMENT EXECUTE FUNCTION directory_written();
