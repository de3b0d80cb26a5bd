-- A failed nightly run is a work item of the supervisor, about no case and no institution.

-- Both checks allow more than before, so every row that is there obeys them.
ALTER TABLE desk_task
    DROP CONSTRAINT desk_task_about, ADD CONSTRAINT desk_task_about CHECK (
        case_no IS NOT NULL
        OR (hop_no IS NULL AND request_id IS NULL AND (institution IS NOT NULL OR subject_kind = 'nightly_run')))
        NOT VALID,
    DROP CONSTRAINT desk_task_subject_kind_check, ADD CONSTRAINT desk_task_subject_kind_check CHECK (
        subject_kind IN ('case', 'hop', 'request', 'institution', 'complaint', 'hold', 'order', 'restoration',
                         'grievance', 'court_order', 'credit_account', 'duty', 'nightly_run')) NOT VALID,
    ADD CONSTRAINT desk_task_of_nightly_run CHECK (
        subject_kind <> 'nightly_run' OR (case_no IS NULL AND institution IS NULL)) NOT VALID;
