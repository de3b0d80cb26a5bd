-- An order that retains holds is withdrawn by two people, because the holds lapse without it.
ALTER TABLE court_order
    ADD COLUMN withdrawal_asked_by text,
    ADD COLUMN withdrawal_asked_at timestamptz,
    ADD COLUMN withdrawal_asked_reason text NOT NULL DEFAULT '',
    ADD CONSTRAINT court_order_withdrawal_asked
        CHECK ((withdrawal_asked_by IS NULL) = (withdrawal_asked_at IS NULL)
            AND (withdrawal_asked_by IS NULL OR withdrawal_asked_reason <> '')) NOT VALID;

COMMENT ON COLUMN court_order.withdrawal_asked_by IS 'who asked to withdraw an order that retains holds; another officer confirms it';
