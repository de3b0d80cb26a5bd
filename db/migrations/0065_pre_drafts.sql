-- An operator saves a complaint while the caller tells it, asks the banks with the first four facts, and adds the rest. What
-- is typed is personal data, so it is sealed under a key of its own, and forgotten with that key.
CREATE TABLE draft (
    draft_id uuid PRIMARY KEY,
    source text NOT NULL CONSTRAINT draft_source_check CHECK (source IN ('call', 'missed_call')),
    owner text,
    revision integer NOT NULL CONSTRAINT draft_revision_check CHECK (revision > 0),
    person_id uuid NOT NULL REFERENCES person_key (person_id),
    sealed bytea,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    saved_at timestamptz NOT NULL,
    sent_by text,
    ack_no text REFERENCES complaint (ack_no),
    sent_at timestamptz,
    awaited text[] NOT NULL DEFAULT '{}',
    caller bytea,
    calls integer NOT NULL DEFAULT 0,
    last_call_at timestamptz,
    ended_at timestamptz,
    ended_as text CONSTRAINT draft_ended_as_check CHECK (ended_as IN ('done', 'discarded', 'forgotten')),
    ended_by text,
    CONSTRAINT draft_made_by_check CHECK (made_by <> ''),
    CONSTRAINT draft_owner_check CHECK (owner <> ''),
    CONSTRAINT draft_sent_is_whole CHECK (num_nulls(ack_no, sent_at) IN (0, 2) AND (ack_no IS NULL OR sent_by IS NOT NULL)),
    CONSTRAINT draft_awaited_is_of_a_complaint CHECK (awaited = '{}' OR ack_no IS NOT NULL),
    CONSTRAINT draft_awaited_check CHECK (awaited <@ ARRAY['name', 'mobile', 'email', 'district', 'language', 'woman', 'child',
        'senior', 'category']),
    CONSTRAINT draft_calls_are_whole CHECK ((source = 'missed_call') = (calls > 0) AND (calls > 0) = (last_call_at IS NOT NULL)),
    CONSTRAINT draft_ended_is_whole CHECK (num_nulls(ended_at, ended_as, ended_by) IN (0, 3)),
    CONSTRAINT draft_ended_is_forgotten CHECK ((ended_at IS NULL) = (sealed IS NOT NULL) AND (ended_at IS NULL OR caller IS NULL)),
    CONSTRAINT draft_of_caller_waits CHECK (owner IS NULL OR caller IS NULL),
    CONSTRAINT draft_done_is_sent CHECK (ended_as IS DISTINCT FROM 'done' OR ack_no IS NOT NULL)
);
CREATE INDEX draft_of_owner ON draft (owner, made_at) WHERE ended_at IS NULL;
CREATE INDEX draft_waits ON draft (made_at) WHERE ended_at IS NULL AND owner IS NULL;
CREATE INDEX draft_to_forget ON draft (saved_at) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX draft_of_caller ON draft (caller) WHERE caller IS NOT NULL;
CREATE UNIQUE INDEX draft_of_complaint ON draft (ack_no) WHERE ack_no IS NOT NULL;
COMMENT ON TABLE draft IS 'a complaint while it is typed: its content is sealed under a key of its own, which ends with it';
COMMENT ON COLUMN draft.owner IS 'id of the officer whose it is; null for a missed call that no officer has taken';
COMMENT ON COLUMN draft.revision IS 'counts what was saved; a save names the one that it replaces';
COMMENT ON COLUMN draft.sent_by IS 'the officer in whose name the complaint is taken, however often it is sent';
COMMENT ON COLUMN draft.awaited IS 'facts that the complaint does not have yet; each is filled in once';
COMMENT ON COLUMN draft.caller IS 'keyed digest of the number of a missed call, by which further calls are counted until an officer takes it';
COMMENT ON COLUMN draft.ended_as IS 'done: its complaint is sent and complete; discarded by its officer; forgotten by the policy';

CREATE FUNCTION draft_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL OR NEW.revision < OLD.revision
        OR (NEW.draft_id, NEW.source, NEW.person_id, NEW.made_at, NEW.made_by)
            IS DISTINCT FROM (OLD.draft_id, OLD.source, OLD.person_id, OLD.made_at, OLD.made_by)
        OR (OLD.sent_by IS NOT NULL AND NEW.sent_by IS DISTINCT FROM OLD.sent_by)
        OR (OLD.ack_no IS NOT NULL AND (NEW.ack_no, NEW.sent_at) IS DISTINCT FROM (OLD.ack_no, OLD.sent_at))
        OR (OLD.ack_no IS NOT NULL AND NOT NEW.awaited <@ OLD.awaited)
    THEN
        RAISE EXCEPTION 'a draft keeps its beginning and its complaint, and an ended one never changes'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'draft_rules';
    END IF;
    IF OLD.ack_no IS NULL AND NEW.ack_no IS NOT NULL AND NOT EXISTS (
        SELECT FROM complaint c WHERE c.ack_no = NEW.ack_no AND c.taken_by = NEW.sent_by
            AND c.idempotency_key = 'draft-' || NEW.draft_id)
    THEN
        RAISE EXCEPTION 'complaint % was not taken from draft %', NEW.ack_no, NEW.draft_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'draft_of_its_complaint';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER draft_rules BEFORE UPDATE OR DELETE ON draft FOR EACH ROW EXECUTE FUNCTION draft_rules();
CREATE TRIGGER draft_kept BEFORE TRUNCATE ON draft FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE draft_handover (
    handover_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    draft_id uuid NOT NULL REFERENCES draft (draft_id),
    from_officer text,
    to_officer text NOT NULL CONSTRAINT draft_handover_to_check CHECK (to_officer <> '' AND to_officer <> from_officer),
    at timestamptz NOT NULL,
    sealed_note bytea
);
CREATE INDEX draft_handover_draft ON draft_handover (draft_id, handover_id);
CREATE TRIGGER draft_handover_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON draft_handover FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE draft_handover IS 'from which officer a draft went to which; from none when a missed call is taken';
COMMENT ON COLUMN draft_handover.sealed_note IS 'what the next officer has to know, sealed under the key of the draft';

CREATE TABLE complaint_story (
    ack_no text NOT NULL REFERENCES complaint (ack_no),
    story_no integer NOT NULL CONSTRAINT complaint_story_no_check CHECK (story_no > 0),
    person_id uuid NOT NULL REFERENCES person_key (person_id),
    sealed bytea NOT NULL,
    consent boolean,
    told_at timestamptz NOT NULL,
    told_by text NOT NULL CONSTRAINT complaint_story_told_by_check CHECK (told_by <> ''),
    PRIMARY KEY (ack_no, story_no)
);
CREATE INDEX complaint_story_person ON complaint_story (person_id);
CREATE TRIGGER complaint_story_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON complaint_story FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE complaint_story IS 'what a victim told of what happened; a later statement stands beside the earlier one';
COMMENT ON COLUMN complaint_story.sealed IS 'the text, sealed under the key of the victim';
COMMENT ON COLUMN complaint_story.consent IS 'whether the victim agrees to its use; null: not asked';

-- What a complaint of a draft does not state is filled in once, by the officer who takes the call. What it states is changed
-- by two officers, as before. A day is the longest time that a policy can give for it.
CREATE OR REPLACE FUNCTION victim_corrected() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.person_id IS DISTINCT FROM OLD.person_id OR NOT EXISTS (
        SELECT FROM victim_correction c WHERE c.victim_id = NEW.victim_id AND c.decision = 'agreed'
            AND c.before = OLD.sealed AND c.after = NEW.sealed
        UNION ALL SELECT FROM draft d JOIN complaint c USING (ack_no)
        WHERE c.victim_id = NEW.victim_id AND d.ended_at IS NULL
            AND c.received_at > present_moment() - interval '1 day' AND d.awaited && ARRAY['name', 'mobile', 'email'])
    THEN
        RAISE EXCEPTION 'two officers change the personal data of victim %', NEW.victim_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'victim_corrected';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION complaint_filled_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.category <> 'not stated' OR (OLD.marked AND NEW.marked IS NOT TRUE) THEN
        RAISE EXCEPTION 'the category of complaint % is stated, or its mark would go', NEW.ack_no
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'complaint_filled_in';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER complaint_filled_in BEFORE UPDATE OF category ON complaint FOR EACH ROW
    WHEN (NEW.category <> OLD.category) EXECUTE FUNCTION complaint_filled_in();
