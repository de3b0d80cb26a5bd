-- outside a transaction
-- An open call to a bank kept the next one away, though that told of something else. Each cause with its facts is now an item of its own.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS desk_task_once_bank_call ON desk_task (institution, cause, facts)
    WHERE state = 'open' AND case_no IS NULL AND kind = 'phone_bank';
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS desk_task_once_bank_work ON desk_task (institution, kind)
    WHERE state = 'open' AND case_no IS NULL AND kind <> 'phone_bank' AND cause <> 'task_unowned';
DROP INDEX CONCURRENTLY IF EXISTS desk_task_once_bank;
