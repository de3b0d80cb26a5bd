-- outside a transaction
-- A bank reads what it has answered page by page, and finds an order by the reference that it has stated.
CREATE INDEX CONCURRENTLY IF NOT EXISTS feed_entry_answered ON feed_entry (institution, change_no) WHERE is_answered;
CREATE INDEX CONCURRENTLY IF NOT EXISTS bank_order_confirmed ON bank_order (institution, first_confirmed_at, order_id)
    WHERE first_confirmed_at IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS bank_confirmation_reference ON bank_confirmation (upper(reference))
    WHERE reference <> '';
