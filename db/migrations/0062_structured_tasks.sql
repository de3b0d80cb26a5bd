-- A task is known by what it is about and why, never by its text, which is composed when it is shown.

DROP INDEX desk_task_once;
ALTER TABLE desk_task
    DROP COLUMN note,
    ADD COLUMN subject_kind text NOT NULL CHECK (subject_kind IN ('case', 'hop', 'request', 'institution', 'complaint',
        'hold', 'order', 'restoration', 'grievance', 'court_order', 'credit_account', 'duty')),
    ADD COLUMN subject_id text NOT NULL CHECK (subject_id <> ''),
    ADD COLUMN cause text NOT NULL,
    ADD COLUMN facts jsonb NOT NULL DEFAULT '{}',
    ADD CONSTRAINT desk_task_of_its_case CHECK (subject_kind <> 'case' OR coalesce(subject_id = case_no, false)),
    ADD CONSTRAINT desk_task_of_its_hop
        CHECK (CASE subject_kind WHEN 'hop' THEN coalesce(hop_no::text = subject_id, false) ELSE hop_no IS NULL END),
    ADD CONSTRAINT desk_task_of_its_request CHECK (
        CASE subject_kind WHEN 'request' THEN coalesce(request_id::text = subject_id, false)
        ELSE request_id IS NULL END),
    ADD CONSTRAINT desk_task_of_its_institution
        CHECK (subject_kind <> 'institution' OR coalesce(subject_id = institution, false));
COMMENT ON COLUMN desk_task.cause IS 'why it was opened; with subject and facts it makes the text that officers read';
COMMENT ON COLUMN desk_task.reason IS 'why it was closed, in the words of the officer or of the engine';
-- The same question is not put to the desk twice.
CREATE UNIQUE INDEX desk_task_once ON desk_task (case_no, kind, subject_kind, subject_id, cause, facts)
    WHERE state = 'open';

-- What keeps a hold from lapsing: an order of a court, or an approved restoration.
ALTER TABLE account_hold
    DROP COLUMN kept_by,
    ADD COLUMN retained_by_kind text CHECK (retained_by_kind IN ('court_order', 'restoration')),
    ADD COLUMN retained_by_id text,
    ADD CONSTRAINT account_hold_retained_by CHECK ((retained_by_kind IS NULL) = (retained_by_id IS NULL));
