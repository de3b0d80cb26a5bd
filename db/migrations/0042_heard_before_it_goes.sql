-- No more of a hop goes home than its holder was heard about, and nothing of it that a court has refused.
ALTER TABLE restoration_line ADD COLUMN noticed_paise bigint CHECK (noticed_paise >= 0);
ALTER TABLE restoration_line ADD COLUMN court_order_id bigint REFERENCES court_order;
COMMENT ON COLUMN restoration_line.noticed_paise IS
    'what was on hold when the holder was given notice: more is the next round; null until then';
COMMENT ON COLUMN restoration_line.court_order_id IS 'the order by which a court refuses to give it back';
ALTER TABLE restoration_line ADD CONSTRAINT restoration_line_refused_is_not_due
    CHECK (coalesce(due_paise, 0) = 0 OR court_order_id IS NULL);

-- Whose holder has been heard already was heard about what is on hold now.
UPDATE restoration_line l SET noticed_paise = coalesce((
    SELECT b.balance_paise FROM ledger_balance b
    WHERE b.case_no = l.case_no AND b.hop_no = l.hop_no AND b.bucket = 'held'), 0)
FROM restoration r
WHERE r.restoration_id = l.restoration_id AND r.state = 'open' AND EXISTS (
    SELECT FROM restoration_step s WHERE s.restoration_id = l.restoration_id
      AND s.step IN ('holder_notice', 'show_cause') AND s.outcome IN ('done', 'skipped'));

-- The victim has a letter however it ends.
DROP TRIGGER restoration_letter ON restoration;
CREATE TRIGGER restoration_letter AFTER UPDATE OF state ON restoration
    FOR EACH ROW WHEN (NEW.state IN ('restored', 'refused', 'cancelled') AND OLD.state = 'open')
    EXECUTE FUNCTION restoration_asks_for_letter();
