-- outside a transaction
-- Retention finds a victim by the key.
CREATE INDEX CONCURRENTLY IF NOT EXISTS victim_person ON victim (person_id);
-- Victims are found by the digests of their search terms. Without the pending list no complaint pays for others.
CREATE INDEX CONCURRENTLY IF NOT EXISTS victim_terms ON victim USING gin (terms) WITH (fastupdate = off);
