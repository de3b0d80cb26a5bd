-- outside a transaction
-- The stages of a day are found by time. Rows come in the order of these times, so small block indexes suffice.
CREATE INDEX CONCURRENTLY IF NOT EXISTS restoration_opened ON restoration USING brin (opened_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS restoration_step_opened ON restoration_step USING brin (opened_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS bank_order_planned ON bank_order USING brin (planned_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS duty_opened ON duty USING brin (opened_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS desk_task_closed ON desk_task USING brin (closed_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS restoration_step_ended ON restoration_step USING brin (ended_at);
