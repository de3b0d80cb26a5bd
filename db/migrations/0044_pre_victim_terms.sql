-- outside a transaction
-- Victims are found by the digests of their search terms. Without the pending list no complaint pays for others.
CREATE INDEX CONCURRENTLY IF NOT EXISTS victim_terms ON victim USING gin (terms) WITH (fastupdate = off);
