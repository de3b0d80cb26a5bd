-- outside a transaction
-- Runs that fail night after night are one work item.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS desk_task_once_nightly_run ON desk_task (subject_id)
    WHERE state = 'open' AND subject_kind = 'nightly_run';
