-- outside a transaction
-- The changes of all kinds are listed by time.
CREATE INDEX CONCURRENTLY IF NOT EXISTS officer_event_by_time ON officer_event (at, event_id);
