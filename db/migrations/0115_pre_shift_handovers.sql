-- At the end of a shift an officer told the next one by mouth what is open. The engine now writes it down, and gives what the
-- officer still has to an officer on shift, or back to the list.

CREATE TABLE shift_handover (
    handover_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team_id bigint NOT NULL REFERENCES team (team_id),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    written_at timestamptz NOT NULL,
    CONSTRAINT shift_handover_ends_after_its_start CHECK (starts_at < ends_at AND ends_at <= written_at),
    UNIQUE (team_id, ends_at)
);
CREATE INDEX shift_handover_by_time ON shift_handover (ends_at);
COMMENT ON TABLE shift_handover IS 'what a team did in a shift, and what it left; the engine writes it once, after the shift''s end';

CREATE TABLE shift_handover_officer (
    handover_id bigint NOT NULL REFERENCES shift_handover (handover_id) ON DELETE CASCADE,
    officer_id text NOT NULL REFERENCES officer (officer_id),
    acts jsonb NOT NULL CONSTRAINT shift_handover_officer_acts_size CHECK (pg_column_size(acts) <= 8192),
    person_id uuid REFERENCES person_key (person_id),
    sealed_note bytea,
    noted_at timestamptz,
    PRIMARY KEY (handover_id, officer_id),
    CONSTRAINT shift_handover_officer_note_is_whole CHECK (num_nulls(person_id, sealed_note, noted_at) IN (0, 3))
);
CREATE INDEX shift_handover_officer_of ON shift_handover_officer (officer_id, handover_id);
CREATE INDEX shift_handover_officer_person ON shift_handover_officer (person_id) WHERE person_id IS NOT NULL;
COMMENT ON COLUMN shift_handover_officer.acts IS 'how often the officer did what in the shift, by kind of act';
COMMENT ON COLUMN shift_handover_officer.sealed_note IS 'what the officer adds, sealed under a key of its own';

-- The record is written after the end of the shift. An officer writes the note while the shift runs.
CREATE TABLE shift_note (
    team_id bigint NOT NULL REFERENCES team (team_id),
    officer_id text NOT NULL REFERENCES officer (officer_id),
    ends_at timestamptz NOT NULL,
    person_id uuid NOT NULL REFERENCES person_key (person_id),
    sealed_note bytea NOT NULL,
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (team_id, officer_id, ends_at)
);
CREATE INDEX shift_note_of ON shift_note (officer_id);
CREATE INDEX shift_note_by_time ON shift_note (noted_at);
CREATE UNIQUE INDEX shift_note_person ON shift_note (person_id);
COMMENT ON TABLE shift_note IS 'what officers add to the record of a shift before it is written; the record takes it';
COMMENT ON COLUMN shift_note.ends_at IS 'end of the shift when the note was written';
COMMENT ON COLUMN shift_note.sealed_note IS 'what the officer adds, sealed under a key of its own';

CREATE TABLE shift_handover_item (
    handover_id bigint NOT NULL,
    officer_id text NOT NULL,
    state text NOT NULL CONSTRAINT shift_handover_item_state_check
        CHECK (state IN ('closed', 'passed_on', 'snoozed', 'open', 'kept', 'returned', 'given')),
    task_id bigint NOT NULL REFERENCES desk_task (task_id),
    case_no text,
    to_officer text,
    in_play_paise bigint NOT NULL CONSTRAINT shift_handover_item_in_play_check CHECK (in_play_paise >= 0),
    deadline_at timestamptz,
    PRIMARY KEY (handover_id, officer_id, task_id, state),
    FOREIGN KEY (handover_id, officer_id) REFERENCES shift_handover_officer (handover_id, officer_id) ON DELETE CASCADE,
    CONSTRAINT shift_handover_item_goes_to_an_officer CHECK ((to_officer IS NOT NULL) = (state IN ('passed_on', 'given')))
);
CREATE INDEX shift_handover_item_task ON shift_handover_item (task_id);
CREATE INDEX shift_handover_item_open ON shift_handover_item (handover_id, task_id) WHERE state = 'open';
COMMENT ON COLUMN shift_handover_item.state IS
    'closed, passed on or snoozed in the shift; open at its end, and then kept, returned to the list or given to an officer on shift';

CREATE TABLE shift_handover_draft (
    handover_id bigint NOT NULL,
    officer_id text NOT NULL,
    draft_id uuid NOT NULL REFERENCES draft (draft_id),
    made_at timestamptz NOT NULL,
    saved_at timestamptz NOT NULL,
    ack_no text,
    PRIMARY KEY (handover_id, officer_id, draft_id),
    FOREIGN KEY (handover_id, officer_id) REFERENCES shift_handover_officer (handover_id, officer_id) ON DELETE CASCADE
);
CREATE INDEX shift_handover_draft_of ON shift_handover_draft (draft_id);
COMMENT ON TABLE shift_handover_draft IS 'calls that were half done at the end of a shift; any officer who takes calls may take them over';
