-- outside a transaction
-- The procedure starter finds what is due, what runs unseen and what one case has, however many procedures run.
CREATE INDEX CONCURRENTLY IF NOT EXISTS procedure_due ON procedure (due_at)
    WHERE ended_at IS NULL AND kind IN ('hold', 'duties');
CREATE INDEX CONCURRENTLY IF NOT EXISTS procedure_unseen ON procedure (started_at)
    WHERE ended_at IS NULL AND kind NOT IN ('hold', 'duties');
CREATE INDEX CONCURRENTLY IF NOT EXISTS procedure_case ON procedure (case_no);
CREATE INDEX CONCURRENTLY IF NOT EXISTS procedure_news_waiting ON procedure_news (workflow_id) WHERE signalled_at IS NULL;
