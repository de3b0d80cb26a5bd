-- Admins were not told that a proposal waits, nor its proposer that it was decided. Each is now a work item, about no case and no
-- institution, of which officers are told by their own setting.

-- Both checks allow more than before, so every row that is there obeys them.
ALTER TABLE desk_task
    DROP CONSTRAINT desk_task_about, ADD CONSTRAINT desk_task_about CHECK (
        case_no IS NOT NULL
        OR (hop_no IS NULL AND request_id IS NULL
            AND (institution IS NOT NULL OR subject_kind IN ('nightly_run', 'proposal')))) NOT VALID,
    DROP CONSTRAINT desk_task_subject_kind_check, ADD CONSTRAINT desk_task_subject_kind_check CHECK (
        subject_kind IN ('case', 'hop', 'request', 'institution', 'complaint', 'hold', 'order', 'restoration',
                         'grievance', 'court_order', 'credit_account', 'duty', 'nightly_run', 'proposal')) NOT VALID,
    ADD CONSTRAINT desk_task_of_proposal CHECK (
        subject_kind <> 'proposal' OR (case_no IS NULL AND institution IS NULL)) NOT VALID;
