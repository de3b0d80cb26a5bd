-- What a document is about, so that issuing it twice is issuing it once.

ALTER TABLE document
    ADD COLUMN subject text NOT NULL,
    ADD COLUMN revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
    ADD CONSTRAINT document_once UNIQUE (case_no, kind, subject, language, revision),
    ADD CONSTRAINT document_kind CHECK (kind IN ('lien_notice', 'magistrate_report', 'follow_up', 'notice_94', 'notice_106',
        'notice_107', 'restoration_application', 'restoration_order', 'release_order', 'holder_notice', 'status_letter'));
DROP INDEX document_case;
CREATE INDEX document_case ON document (case_no, issued_at DESC, document_id DESC);

-- The counter only escalates, by one: no number is given twice, and none is left out.
CREATE FUNCTION document_counter_escalates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.last_number <> (CASE TG_OP WHEN 'INSERT' THEN 1 ELSE OLD.last_number + 1 END) OR NEW.last_number IS NULL THEN
        RAISE EXCEPTION 'the counter of % escalates by one', NEW.series
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_counter_escalates';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER document_counter_escalates BEFORE INSERT OR UPDATE ON document_counter
    FOR EACH ROW EXECUTE FUNCTION document_counter_escalates();
CREATE TRIGGER document_counter_stays BEFORE DELETE ON document_counter FOR EACH ROW EXECUTE FUNCTION refuse_change();
