-- An order may name several accounts, each with its sum: a row for each, under the same court, number and effect.
DROP INDEX court_order_once;
CREATE UNIQUE INDEX court_order_once ON court_order (case_no, court, order_no, effect, institution, account_key)
    NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

-- What went home under an order, whichever of its rows the restoration goes by: at the account that this row names.
CREATE FUNCTION court_order_lines(of_order bigint)
RETURNS TABLE (restoration_id uuid, state text, amount_paise bigint, confirmed_paise bigint) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT o.restoration_id, o.state, l.amount_paise, l.confirmed_paise
    FROM court_order c
    JOIN court_order s ON (s.case_no, s.court, s.order_no, s.effect) = (c.case_no, c.court, c.order_no, c.effect)
    JOIN bank_order o ON o.court_order_id = s.court_order_id AND o.kind = 'restore'
    JOIN bank_order_line l ON l.order_id = o.order_id
    JOIN hop h ON h.case_no = l.case_no AND h.hop_no = l.hop_no
    WHERE c.court_order_id = of_order
      AND (c.account_key IS NULL OR (h.institution, h.account_key) = (c.institution, c.account_key));
END $$;

-- No bank lets go on one officer's word, nor without the order itself.
ALTER TABLE court_order ADD COLUMN confirmed_by text;
ALTER TABLE court_order ADD COLUMN confirmed_at timestamptz;
UPDATE court_order SET confirmed_by = 'engine', confirmed_at = taken_at
WHERE effect = 'release' AND withdrawn_at IS NULL AND document IS NOT NULL AND taken_by <> 'engine';
ALTER TABLE court_order ADD CONSTRAINT court_order_four_eyes CHECK (
    (confirmed_at IS NULL) = (confirmed_by IS NULL)
    AND (confirmed_by IS NULL OR (effect = 'release' AND confirmed_by <> taken_by AND document IS NOT NULL))
);
CREATE FUNCTION court_order_lets_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM court_order WHERE court_order_id = NEW.court_order_id AND effect = 'release'
               AND confirmed_at IS NULL) THEN
        RAISE EXCEPTION 'court order % is not confirmed', NEW.court_order_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'court_order_confirmed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_order_by_court BEFORE INSERT ON bank_order
    FOR EACH ROW WHEN (NEW.kind = 'release' AND NEW.court_order_id IS NOT NULL) EXECUTE FUNCTION court_order_lets_go();
