-- When the last level was escalated: the wait for the next one counts from there, also in a workflow that is started anew.
ALTER TABLE hold_request ADD COLUMN level_at timestamptz;

-- The sweep looks after open cases whose workflow was not seen for a while: it may have been ended by mistake.
COMMENT ON COLUMN case_file.workflow_started_at IS
    'when the workflow was last started or seen, for the present opening; null is what the sweep starts at once';
CREATE INDEX case_file_look_after ON case_file (workflow_started_at) WHERE state = 'open';
