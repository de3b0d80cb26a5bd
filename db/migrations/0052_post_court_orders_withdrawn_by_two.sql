-- A rule of the table would also judge orders that one officer withdrew before, so a trigger judges the withdrawal.
-- Whoever recorded an order may take it back alone, as long as no second officer has confirmed it.
CREATE FUNCTION court_order_withdrawn_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.ended_as IS NULL AND NEW.effect IN ('keep_hold', 'restore')
        AND NOT (NEW.second_needed AND NEW.confirmed_at IS NULL AND person_of(NEW.withdrawn_by) = person_of(NEW.taken_by))
        AND (OLD.withdrawal_asked_by IS NULL OR person_of(NEW.withdrawn_by) = person_of(OLD.withdrawal_asked_by)) THEN
        RAISE EXCEPTION 'two people withdraw an order that retains holds'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'court_order_withdrawn_by_two';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER court_order_withdrawn_by_two BEFORE UPDATE ON court_order
    FOR EACH ROW WHEN (OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL)
    EXECUTE FUNCTION court_order_withdrawn_by_two();

ALTER TABLE court_order VALIDATE CONSTRAINT court_order_withdrawal_asked;
