-- The day on which a court, a Lok Adalat or the District Magistrate hears a restoration. It was typed into no row, so that
-- no list was of a day, and no officer was told of it. A new day ends the row of the day before it.

CREATE TABLE court_hearing (
    court_hearing_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    restoration_id uuid NOT NULL REFERENCES restoration (restoration_id),
    case_no text NOT NULL REFERENCES case_file (case_no),
    held_on date NOT NULL,
    court text NOT NULL CONSTRAINT court_hearing_court_check CHECK (court <> ''),
    reason text NOT NULL CONSTRAINT court_hearing_reason_check CHECK (reason <> ''),
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    told_at timestamptz,
    ended_by text,
    ended_reason text,
    ended_at timestamptz,
    CONSTRAINT court_hearing_ended CHECK (num_nulls(ended_by, ended_reason, ended_at) IN (0, 3))
) WITH (fillfactor = 80);
COMMENT ON TABLE court_hearing IS 'the day on which a court hears a restoration; the rows that ended are its history';
COMMENT ON COLUMN court_hearing.told_at IS 'when the investigating officer was told of the day; null before that';
COMMENT ON COLUMN court_hearing.ended_at IS 'when another day, or none, took its place; null for the day that stands';
CREATE UNIQUE INDEX court_hearing_one_stands ON court_hearing (restoration_id) WHERE ended_at IS NULL;
CREATE INDEX court_hearing_restoration ON court_hearing (restoration_id, court_hearing_id);
CREATE INDEX court_hearing_case ON court_hearing (case_no);
CREATE INDEX court_hearing_untold ON court_hearing (held_on) WHERE ended_at IS NULL AND told_at IS NULL;

CREATE FUNCTION court_hearing_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) - '{told_at,ended_by,ended_reason,ended_at}'::text[]
        <> to_jsonb(NEW) - '{told_at,ended_by,ended_reason,ended_at}'::text[]
        OR OLD.ended_at IS NOT NULL OR (OLD.told_at IS NOT NULL AND OLD.told_at IS DISTINCT FROM NEW.told_at)
    THEN
        RAISE EXCEPTION 'a hearing is told of once and ends once, and nothing else of it changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'court_hearing_rules';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER court_hearing_rules BEFORE UPDATE ON court_hearing FOR EACH ROW EXECUTE FUNCTION court_hearing_rules();
CREATE TRIGGER court_hearing_stays BEFORE DELETE OR TRUNCATE ON court_hearing
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
