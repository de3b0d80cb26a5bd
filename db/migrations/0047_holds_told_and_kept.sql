-- What is on hold is told of, warned of and lapses by the time it came; a court keeps the sum it names; and a hold that a
-- bank claims on money that has gone has its clocks too.

ALTER TABLE account_hold
    ADD COLUMN lapses_from timestamptz, ADD COLUMN told_to timestamptz, ADD COLUMN tried_to timestamptz,
    ADD COLUMN late_to timestamptz, ADD COLUMN officer_told boolean NOT NULL DEFAULT true, ADD COLUMN warned_to timestamptz,
    ADD COLUMN released_told_paise bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN account_hold.lapses_at IS 'when the first of what is free lapses';
COMMENT ON COLUMN account_hold.lapses_from IS 'nothing lapses sooner: an order kept it until it could be warned of';
COMMENT ON COLUMN account_hold.told_to IS 'the holder was told of what came on hold until then';
COMMENT ON COLUMN account_hold.tried_to IS 'until when what came on hold was to be told, told or not';
COMMENT ON COLUMN account_hold.late_to IS 'the supervisor knows that the holder was not told of what came on hold until then';
COMMENT ON COLUMN account_hold.officer_told IS 'false: the holder was told before anybody answered for the case';
COMMENT ON COLUMN account_hold.warned_to IS 'the last warning that was due and given';
COMMENT ON COLUMN account_hold.released_told_paise IS 'what the holder was told that the bank has let go';
UPDATE account_hold a SET told_to = holder_told_at, tried_to = holder_told_at,
    warned_to = a.lapses_at - make_interval(secs => (
        SELECT w.secs::double precision FROM jsonb_array_elements_text(a.policy -> 'warn_days') WITH ORDINALITY AS d (days, n)
        JOIN jsonb_array_elements_text(a.policy -> 'warn_before_seconds') WITH ORDINALITY AS w (secs, n) USING (n)
        WHERE d.days::integer = a.warned_days)),
    released_told_paise = coalesce((
        SELECT sum(l.confirmed_paise) FROM bank_order_line l JOIN bank_order o USING (order_id)
        WHERE l.case_no = a.case_no AND l.hold_id = a.hold_id AND o.kind = 'release'), 0);
-- What was decided of a small hold before it began anew is no decision on what is on hold now.
UPDATE account_hold SET small_hold_decision = NULL, small_hold_decided_by = NULL, small_hold_decided_at = NULL, small_hold_reason = ''
WHERE small_hold_decided_at < first_held_at;

-- What of a hold the courts' orders that stand keep, in paise; null for all of it. An order that names no account keeps its
-- sum at each.
CREATE FUNCTION court_keeps(of_hold uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT CASE WHEN bool_or(c.amount_paise IS NULL) THEN NULL
                    ELSE coalesce(sum(greatest(0, c.amount_paise - home.paise)), 0)::bigint END
        FROM account_hold h JOIN court_order c ON c.case_no = h.case_no
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(CASE o.state WHEN 'cancelled' THEN l.confirmed_paise ELSE l.amount_paise END), 0) AS paise
            FROM bank_order o JOIN bank_order_line l USING (order_id)
            WHERE o.court_order_id = c.court_order_id AND o.kind = 'restore'
        ) AS home
        WHERE h.hold_id = of_hold AND c.effect IN ('keep_hold', 'restore') AND c.withdrawn_at IS NULL
          AND (c.account_key IS NULL OR (c.institution, c.account_key) = (h.institution, h.account_key))
          AND NOT EXISTS (SELECT FROM court_order r WHERE r.case_no = h.case_no AND r.effect = 'release'
              AND r.amount_paise IS NULL AND r.withdrawn_at IS NULL AND r.court_order_id > c.court_order_id
              AND (r.account_key IS NULL OR (r.institution, r.account_key) = (h.institution, h.account_key)))
    );
END $$;

-- A bank that says it holds money that has gone, by its own earlier word, holds somebody's money at our request.
CREATE OR REPLACE FUNCTION discrepancy_wakes_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wake_hold_of_hop(NEW.case_no, NEW.hop_no);
    INSERT INTO held_hop (case_no, hop_no, held_at)
    SELECT NEW.case_no, NEW.hop_no, NEW.opened_at FROM answer w JOIN hop h ON h.case_no = NEW.case_no AND h.hop_no = NEW.hop_no
    WHERE NEW.kind = 'held_and_gone' AND w.answer_id = NEW.answer_id AND w.kind = 'held' AND h.institution = NEW.institution
    ON CONFLICT (case_no, hop_no) DO UPDATE SET taken_up_at = NULL;
    RETURN NULL;
END $$;
DROP TRIGGER discrepancy_hold ON discrepancy;
CREATE TRIGGER discrepancy_hold AFTER INSERT ON discrepancy
    FOR EACH ROW WHEN (NEW.kind IN ('exceeds_disputed', 'held_and_gone')) EXECUTE FUNCTION discrepancy_wakes_hold();
CREATE OR REPLACE FUNCTION resolution_wakes_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wake_hold_of_hop(c.case_no, c.hop_no) FROM discrepancy c
    WHERE c.discrepancy_id = NEW.discrepancy_id AND c.kind IN ('exceeds_disputed', 'held_and_gone');
    RETURN NULL;
END $$;
