-- outside a transaction
-- A complaint finds a transfer by its reference at every bank.
CREATE INDEX CONCURRENTLY IF NOT EXISTS disputed_transfer_reference ON disputed_transfer (reference_key);
