-- outside a transaction
-- Officers read the open steps of restorations by their deadline.
CREATE INDEX CONCURRENTLY IF NOT EXISTS restoration_step_due ON restoration_step (due_at) WHERE ended_at IS NULL;
