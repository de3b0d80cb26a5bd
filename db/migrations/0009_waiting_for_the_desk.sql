-- A hop that waits for the desk has a clock: since when it waits, whether the supervisor was told, and which state of the
-- directory it was last looked up in.

ALTER TABLE hop ADD COLUMN waiting_since timestamptz, ADD COLUMN reminded_at timestamptz, ADD COLUMN looked_up_at timestamptz;
UPDATE hop SET waiting_since = now(), looked_up_at = '-infinity' WHERE state IN ('correction', 'unroutable');
ALTER TABLE hop ADD CONSTRAINT hop_waiting_check
    CHECK ((state IN ('correction', 'unroutable')) = (waiting_since IS NOT NULL));
COMMENT ON COLUMN hop.waiting_since IS
    'since when the hop waits for the desk, counted anew with each revision; null when it does not wait';
COMMENT ON COLUMN hop.reminded_at IS 'when the supervisor was told that it waits';
COMMENT ON COLUMN hop.looked_up_at IS 'the state of the directory (its last change) in which no institution was found for it';

CREATE FUNCTION hop_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.reminded_at := NULL;
    IF NEW.state IN ('correction', 'unroutable') THEN
        NEW.waiting_since := now();
        NEW.looked_up_at := '-infinity';
    ELSE
        NEW.waiting_since := NULL;
        NEW.looked_up_at := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hop_waiting_new BEFORE INSERT ON hop
    FOR EACH ROW WHEN (NEW.state IN ('correction', 'unroutable')) EXECUTE FUNCTION hop_waiting();
CREATE TRIGGER hop_waiting_changed BEFORE UPDATE ON hop
    FOR EACH ROW WHEN ((NEW.state, NEW.revision) <> (OLD.state, OLD.revision)
        AND (NEW.state IN ('correction', 'unroutable') OR OLD.state IN ('correction', 'unroutable')))
    EXECUTE FUNCTION hop_waiting();

-- What the sweep looks for, each the oldest first.
CREATE INDEX hop_to_remind ON hop (waiting_since) WHERE waiting_since IS NOT NULL AND reminded_at IS NULL;
CREATE INDEX hop_to_write_off ON hop (waiting_since) WHERE waiting_since IS NOT NULL;
CREATE INDEX hop_to_look_up ON hop (looked_up_at, waiting_since) WHERE state = 'unroutable';
CREATE INDEX case_news_signalled ON case_news (signalled_at) WHERE signalled_at IS NOT NULL;

-- A request whose hops were all corrected or sent again before the bank said anything of them.
ALTER TABLE hold_request DROP CONSTRAINT hold_request_state_check;
ALTER TABLE hold_request ADD CONSTRAINT hold_request_state_check
    CHECK (state IN ('sending', 'delivered', 'refused', 'answered', 'stopped', 'superseded'));
