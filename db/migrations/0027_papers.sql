-- What a paper is about, so that issuing it twice is issuing it once.

ALTER TABLE paper
    ADD COLUMN subject text NOT NULL,
    ADD COLUMN revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
    ADD CONSTRAINT paper_once UNIQUE (case_no, kind, subject, language, revision),
    ADD CONSTRAINT paper_kind CHECK (kind IN ('lien_notice', 'magistrate_report', 'follow_up', 'notice_94', 'notice_106',
        'notice_107', 'restoration_application', 'restoration_order', 'release_order', 'holder_notice', 'status_letter'));
DROP INDEX paper_case;
CREATE INDEX paper_case ON paper (case_no, issued_at DESC, paper_id DESC);

-- The counter only escalates, by one: no number is given twice, and none is left out.
CREATE FUNCTION paper_counter_escalates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.last_number <> (CASE TG_OP WHEN 'INSERT' THEN 1 ELSE OLD.last_number + 1 END) OR NEW.last_number IS NULL THEN
        RAISE EXCEPTION 'the counter of % escalates by one', NEW.series
            USING ERRCODE = 'check_violation', CONSTRAINT = 'paper_counter_escalates';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER paper_counter_escalates BEFORE INSERT OR UPDATE ON paper_counter
    FOR EACH ROW EXECUTE FUNCTION paper_counter_escalates();
CREATE TRIGGER paper_counter_stays BEFORE DELETE ON paper_counter FOR EACH ROW EXECUTE FUNCTION refuse_change();
