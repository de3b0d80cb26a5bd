-- What does not go home though a part of its restoration has or may: who left it out, when and why. It is in no later
-- round until somebody has begun it anew.
ALTER TABLE restoration_line ADD COLUMN excluded_as text CHECK (excluded_as IN ('refused', 'cancelled'));
ALTER TABLE restoration_line ADD COLUMN excluded_at timestamptz;
ALTER TABLE restoration_line ADD COLUMN excluded_by text;
ALTER TABLE restoration_line ADD COLUMN excluded_reason text;
ALTER TABLE restoration_line ADD COLUMN reopened_at timestamptz;
ALTER TABLE restoration_line ADD CONSTRAINT restoration_line_left_out_is_whole
    CHECK (num_nulls(excluded_as, excluded_at, excluded_by, excluded_reason) IN (0, 4));
ALTER TABLE restoration_line ADD CONSTRAINT restoration_line_left_out_is_not_due
    CHECK (coalesce(due_paise, 0) = 0 OR excluded_at IS NULL);
ALTER TABLE restoration_line ADD CONSTRAINT restoration_line_reopened_was_left_out
    CHECK (reopened_at IS NULL OR excluded_at IS NOT NULL);
COMMENT ON COLUMN restoration_line.excluded_as IS 'refused by an SP or a court, or cancelled by an officer: on hold then';
COMMENT ON COLUMN restoration_line.excluded_by IS 'the officer, or the engine where an order of a court ended it';
COMMENT ON COLUMN restoration_line.reopened_at IS 'when it was begun anew; null while it stays out of every round';

-- What a court has refused already was refused when its order was taken in, and begun anew with the next line.
UPDATE restoration_line l SET excluded_as = 'refused', excluded_at = c.taken_at, excluded_by = c.taken_by,
    excluded_reason = 'court order ' || c.court_order_id,
    reopened_at = (SELECT min(n.opened_at) FROM restoration n JOIN restoration_line m USING (restoration_id)
                   WHERE m.case_no = l.case_no AND m.hop_no = l.hop_no AND n.ack_no = r.ack_no
                     AND n.round_no > r.round_no)
FROM court_order c, restoration r
WHERE c.court_order_id = l.court_order_id AND r.restoration_id = l.restoration_id;

CREATE FUNCTION restoration_line_not_left_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM restoration_line l WHERE l.case_no = NEW.case_no AND l.hop_no = NEW.hop_no
               AND l.excluded_at IS NOT NULL AND l.reopened_at IS NULL) THEN
        RAISE EXCEPTION 'hop % of case % was left out, and nobody has begun it anew', NEW.hop_no, NEW.case_no
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER restoration_line_not_left_out BEFORE INSERT ON restoration_line
    FOR EACH ROW EXECUTE FUNCTION restoration_line_not_left_out();
