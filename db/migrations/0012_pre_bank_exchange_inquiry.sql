-- outside a transaction
-- The exchanges of one inquiry are found by its id.
CREATE INDEX CONCURRENTLY IF NOT EXISTS bank_exchange_inquiry ON bank_exchange (inquiry_id, exchange_id)
    WHERE inquiry_id IS NOT NULL;
