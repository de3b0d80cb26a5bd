-- outside a transaction
-- The sweep finds the orders of courts that end by themselves, and a route counts the money of all complaints of a victim.
CREATE INDEX CONCURRENTLY IF NOT EXISTS court_order_clock ON court_order (counts_until) WHERE withdrawn_at IS NULL AND counts_until IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS victim_mobile ON victim (mobile);
