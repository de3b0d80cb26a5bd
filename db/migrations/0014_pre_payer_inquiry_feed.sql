-- outside a transaction
-- A victim's bank reads its inquiries in its feed: what it fetched is stored once, and its list is found by bank.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS bank_exchange_inquiry_fetched ON bank_exchange (inquiry_id, digest)
    WHERE channel = 'pull' AND inquiry_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS payer_inquiry_waiting ON payer_inquiry (institution, planned_at, inquiry_id)
    WHERE due_at IS NOT NULL;
-- Of the inquiries about one hop at most one is not replaced.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS payer_inquiry_one_live ON payer_inquiry (case_no, hop_no)
    WHERE replaced_at IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS payer_inquiry_hop ON payer_inquiry (case_no, hop_no);
