-- What courts keep of a hold: an order to let go counts once a second officer has confirmed it, and what went home under
-- an order counts at the account that its row names, whichever of its rows the restoration goes by.
CREATE OR REPLACE FUNCTION court_keeps(of_hold uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT CASE WHEN bool_or(c.amount_paise IS NULL) THEN NULL
                    ELSE coalesce(sum(greatest(0, c.amount_paise - home.paise)), 0)::bigint END
        FROM account_hold h JOIN court_order c ON c.case_no = h.case_no
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(CASE l.state WHEN 'cancelled' THEN l.confirmed_paise ELSE l.amount_paise END), 0) AS paise
            FROM court_order_lines(c.court_order_id) l
        ) AS home
        WHERE h.hold_id = of_hold AND c.effect IN ('keep_hold', 'restore') AND c.withdrawn_at IS NULL
          AND (c.account_key IS NULL OR (c.institution, c.account_key) = (h.institution, h.account_key))
          AND NOT EXISTS (SELECT FROM court_order r WHERE r.case_no = h.case_no AND r.effect = 'release'
              AND r.amount_paise IS NULL AND r.withdrawn_at IS NULL AND r.confirmed_at IS NOT NULL
              AND r.court_order_id > c.court_order_id
              AND (r.account_key IS NULL OR (r.institution, r.account_key) = (h.institution, h.account_key)))
    );
END $$;
