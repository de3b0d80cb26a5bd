-- How each institution can be reached, the best way first, and how each way does.

CREATE TABLE institution_channel (
    institution text NOT NULL REFERENCES institution (code),
    channel text NOT NULL CHECK (channel IN ('i4c', 'push', 'pull', 'iso20022', 'email')),
    position integer NOT NULL CHECK (position >= 0),
    sealed bytea,
    PRIMARY KEY (institution, channel),
    UNIQUE (institution, position) DEFERRABLE INITIALLY DEFERRED
);

INSERT INTO institution_channel (institution, channel, position, sealed)
SELECT code, 'i4c', 0, wire_sealed FROM institution WHERE wire_sealed IS NOT NULL;

ALTER TABLE institution DROP COLUMN wire_sealed;

-- A row only for a channel that has failed or was met with silence: one that works has none to read.
CREATE TABLE channel_health (
    institution text NOT NULL REFERENCES institution (code),
    channel text NOT NULL CHECK (channel IN ('i4c', 'push', 'pull', 'iso20022', 'email')),
    state text NOT NULL CHECK (state IN ('closed', 'open', 'half_open')),
    failures integer NOT NULL CHECK (failures >= 0),
    silences integer NOT NULL CHECK (silences >= 0),
    probe_at timestamptz,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (institution, channel),
    CHECK ((state = 'closed') = (probe_at IS NULL)),
    CHECK (failures + silences > 0)
) WITH (fillfactor = 80);

-- Which channel carried a request, or could not. A request goes over another channel under the same id; `round` counts
-- the times that silence sent it on its way again.
ALTER TABLE hold_request ADD COLUMN channel text, ADD COLUMN round integer NOT NULL DEFAULT 0;

CREATE TABLE request_carriage (
    carriage_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES hold_request (request_id),
    channel text NOT NULL CHECK (channel IN ('i4c', 'push', 'pull', 'iso20022', 'email')),
    at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('delivered', 'failed', 'refused', 'silent')),
    detail text NOT NULL DEFAULT ''
);

CREATE INDEX request_carriage_request ON request_carriage (request_id, carriage_id);

-- The bank has a request under a job id, over a channel, in a round. No row when another attempt has written the same.
DROP FUNCTION request_delivered (uuid, text, text, timestamptz, text);

CREATE FUNCTION request_delivered(
    p_request_id uuid, p_institution text, p_job_id text, p_channel text, p_round integer, p_at timestamptz, p_actor text
) RETURNS TABLE (case_opened_at timestamptz, first_of_case boolean) LANGUAGE plpgsql AS $$
DECLARE
    the_case text;
    new_job boolean;
    first_time boolean;
BEGIN
    SELECT c.case_no, c.opened_at, c.first_delivered_at IS NULL INTO the_case, case_opened_at, first_of_case
    FROM case_file c WHERE c.case_no = (SELECT r.case_no FROM hold_request r WHERE r.request_id = p_request_id)
    FOR NO KEY UPDATE;
    INSERT INTO request_job (institution, job_id, request_id) VALUES (p_institution, p_job_id, p_request_id)
    ON CONFLICT DO NOTHING;
    new_job := FOUND;
    -- An answer that came before this stays the later word.
    UPDATE hold_request SET job_id = coalesce(job_id, p_job_id), delivered_at = coalesce(delivered_at, p_at),
        channel = p_channel, round = p_round,
        state = CASE WHEN state IN ('sending', 'refused') THEN 'delivered' ELSE state END
    WHERE request_id = p_request_id AND (delivered_at IS NULL OR round < p_round);
    first_time := FOUND;
    IF NOT (new_job OR first_time) THEN
        RETURN;
    END IF;
    INSERT INTO request_carriage (request_id, channel, at, outcome) VALUES (p_request_id, p_channel, p_at, 'delivered');
    UPDATE case_file c SET first_delivered_at = coalesce(c.first_delivered_at, p_at) WHERE c.case_no = the_case;
    INSERT INTO case_event (case_no, kind, at, actor, data) VALUES (the_case, 'request_delivered', p_at, p_actor,
        jsonb_build_object('request_id', p_request_id, 'institution', p_institution, 'job_id', p_job_id,
                           'channel', p_channel));
    RETURN NEXT;
END $$;
