-- outside a transaction
-- The list of a day of a court reads the orders that were made on that day. The list of orders that wait for a second
-- officer reads those alone, and not the orders of all years.
CREATE INDEX CONCURRENTLY IF NOT EXISTS court_order_made_on ON court_order (made_on, case_no) WHERE withdrawn_at IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS court_order_for_second ON court_order (court_order_id)
    WHERE withdrawn_at IS NULL AND (confirmed_at IS NULL OR withdrawal_asked_at IS NOT NULL);
