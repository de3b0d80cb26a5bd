-- Nothing takes money off hold that a bank is ordered to give back or let go, but the bank's own word under its order.

CREATE FUNCTION held_under_orders() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ordered bigint;
    held bigint;
BEGIN
    SELECT coalesce(sum(l.amount_paise - l.confirmed_paise), 0) INTO ordered
    FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = NEW.case_no AND l.hop_no = NEW.hop_no AND NOT l.excess AND o.state IN ('planned', 'delivered', 'refused');
    -- At the end of the transaction: what it has booked since counts too.
    SELECT b.balance_paise INTO held
    FROM ledger_balance b WHERE b.case_no = NEW.case_no AND b.hop_no = NEW.hop_no AND b.bucket = 'held';
    IF ordered > held THEN
        RAISE EXCEPTION 'orders about hop % of case % ask for % paise of % held', NEW.hop_no, NEW.case_no, ordered, held
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balance_under_orders';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_balance_under_orders AFTER UPDATE ON ledger_balance DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.bucket = 'held' AND NEW.balance_paise < OLD.balance_paise)
    EXECUTE FUNCTION held_under_orders();

-- Whatever takes the last rupee of a hop off hold, the hold's clocks look again, and those of its victim's restoration.
CREATE OR REPLACE FUNCTION hold_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO procedure_news (workflow_id, created_at)
    SELECT p.workflow_id, now() FROM hop h
    JOIN account_hold a ON a.case_no = h.case_no AND a.institution = h.institution AND a.account_key = h.account_key
    JOIN procedure p ON p.kind = 'hold' AND p.subject = a.hold_id::text
    WHERE h.case_no = NEW.case_no AND h.hop_no = NEW.hop_no AND a.state = 'held'
    UNION ALL
    SELECT p.workflow_id, now() FROM restoration_line l JOIN restoration r USING (restoration_id)
    JOIN procedure p ON p.kind = 'restoration' AND p.subject = r.restoration_id::text
    WHERE l.case_no = NEW.case_no AND l.hop_no = NEW.hop_no AND r.state = 'open';
    RETURN NULL;
END $$;
