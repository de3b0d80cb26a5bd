-- These read the tables while others write. The triggers come last, because making them stops writers.
ALTER TABLE court_order VALIDATE CONSTRAINT court_order_four_eyes;
ALTER TABLE court_order VALIDATE CONSTRAINT court_order_ended_as;
ALTER TABLE court_order VALIDATE CONSTRAINT court_order_counts_for_a_time;
ALTER TABLE order_cancellation VALIDATE CONSTRAINT order_cancellation_four_eyes;
ALTER TABLE order_cancellation VALIDATE CONSTRAINT order_cancellation_first_word;

-- A keep of before has no end, and no one asked again: it counts 180 days more, as a new one does by the packaged policy.
UPDATE court_order SET counts_until = now() + interval '180 days'
WHERE effect = 'keep_hold' AND withdrawn_at IS NULL AND counts_until IS NULL;

-- The release before orders releases without a proposal, so these rules come when every process is on this one.
CREATE FUNCTION release_was_proposed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz;
    proposed bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM bank_order o WHERE o.order_id = NEW.order_id AND o.reason IN ('grievance', 'micro')) THEN
        RETURN NULL;
    END IF;
    SELECT min(p.proposed_at), coalesce(sum(p.paise) FILTER (WHERE p.state = 'ordered'), 0) INTO since, proposed
    FROM release_proposal p WHERE p.hold_id = NEW.hold_id;
    IF proposed < (
        SELECT coalesce(sum(CASE o.state WHEN 'cancelled' THEN l.confirmed_paise ELSE l.amount_paise END), 0)
        FROM bank_order_line l JOIN bank_order o USING (order_id)
        WHERE l.case_no = NEW.case_no AND l.hold_id = NEW.hold_id AND o.reason IN ('grievance', 'micro') AND (since IS NULL OR o.planned_at >= since)
    ) THEN
        RAISE EXCEPTION 'more of hold % is ordered to be released than officers have confirmed', NEW.hold_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'release_was_proposed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER release_was_proposed AFTER INSERT ON bank_order_line FOR EACH ROW EXECUTE FUNCTION release_was_proposed();

-- An order to a bank under an order of a court, whether it releases or restores, waits for the second officer.
CREATE OR REPLACE FUNCTION court_order_lets_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM court_order c WHERE c.court_order_id = NEW.court_order_id AND c.confirmed_at IS NULL
               AND (c.effect = 'release' OR c.second_needed)) THEN
        RAISE EXCEPTION 'court order % is not confirmed', NEW.court_order_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'court_order_confirmed';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER bank_order_by_court ON bank_order;
CREATE TRIGGER bank_order_by_court BEFORE INSERT ON bank_order FOR EACH ROW WHEN (NEW.court_order_id IS NOT NULL)
    EXECUTE FUNCTION court_order_lets_go();

-- One officer alone recorded an objection of a holder, upheld it, and so released the money. A row of before may break
-- this rule, so a trigger holds it for what is written from now on.
CREATE TRIGGER objection_four_eyes BEFORE INSERT OR UPDATE OF decision, decided_by, received_by, by_whom ON objection
    FOR EACH ROW WHEN (NEW.decision = 'upheld' AND NEW.by_whom IN ('holder', 'bank')
        AND NOT is_second_officer(NEW.decided_by, NEW.received_by)) EXECUTE FUNCTION two_persons();
