-- outside a transaction
-- Runs that fail night after night are one work item.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS desk_task_once_nightly_run ON desk_task (subject_id)
    WHERE state = 'open' AND subject_kind = 'nightly_run';
-- An alarm that an item about a bank has no owner is one for each item, and keeps no other item of the supervisor away.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS desk_task_once_alarm ON desk_task ((facts->>'task_id'))
    WHERE state = 'open' AND case_no IS NULL AND cause = 'task_unowned';
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS desk_task_once_bank ON desk_task (institution, kind)
    WHERE state = 'open' AND case_no IS NULL AND cause <> 'task_unowned';
DROP INDEX CONCURRENTLY IF EXISTS desk_task_once_institution;
