-- Adding an officer, giving a role and changing the directory or the policy needed the command, on the machine. Two admins can now do it
-- over the API: one proposes, another one decides.

CREATE TABLE administration_proposal (
    proposal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CONSTRAINT administration_proposal_kind_check CHECK (kind IN ('officer_added', 'officer_changed', 'role_given',
        'role_ended', 'officer_enabled', 'officer_disabled', 'officer_reset', 'team_added', 'team_changed', 'member_moved',
        'institution_changed', 'nodal_officers_changed', 'bank_login_replaced', 'bank_key_added', 'bank_key_ended', 'bank_key_request_decided',
        'bank_people_confirmed', 'policy_changed')),
    subject text NOT NULL CONSTRAINT administration_proposal_subject_check CHECK (subject <> '' AND length(subject) <= 200),
    about_officer text CONSTRAINT administration_proposal_about_officer_check CHECK (about_officer ~ '^[a-z0-9._@-]{1,64}$'),
    asked jsonb NOT NULL CONSTRAINT administration_proposal_asked_check CHECK (pg_column_size(asked) <= 262144),
    changes jsonb NOT NULL CONSTRAINT administration_proposal_changes_check
        CHECK (jsonb_typeof(changes) = 'array' AND pg_column_size(changes) <= 262144),
    reason text NOT NULL CONSTRAINT administration_proposal_reason_check CHECK (reason <> '' AND length(reason) <= 1000),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    code_digest bytea CONSTRAINT administration_proposal_code_digest_check CHECK (octet_length(code_digest) = 32),
    decision text CONSTRAINT administration_proposal_decision_check
        CHECK (decision IN ('agreed', 'refused', 'withdrawn', 'expired')),
    decided_by text,
    decided_at timestamptz,
    decided_reason text CONSTRAINT administration_proposal_decided_reason_check
        CHECK (decided_reason <> '' AND length(decided_reason) <= 1000),
    CONSTRAINT administration_proposal_decided CHECK (num_nulls(decision, decided_by, decided_at, decided_reason) IN (0, 4)),
    CONSTRAINT administration_proposal_of_officers CHECK (proposed_by LIKE 'officer:%' AND decided_by LIKE 'officer:%'),
    CONSTRAINT administration_proposal_in_time CHECK (valid_until > proposed_at
        AND (decision IS DISTINCT FROM 'agreed' OR decided_at <= valid_until)
        AND (decision IS DISTINCT FROM 'expired' OR decided_at > valid_until)),
    CONSTRAINT administration_proposal_four_eyes CHECK (decision IS NULL OR decision IN ('withdrawn', 'expired')
        OR is_second_officer(decided_by, proposed_by)),
    CONSTRAINT administration_proposal_has_code
        CHECK ((code_digest IS NOT NULL) = (kind IN ('officer_added', 'officer_reset', 'bank_login_replaced'))),
    CONSTRAINT administration_proposal_not_of_oneself CHECK (decision IS DISTINCT FROM 'agreed' OR about_officer IS NULL
        OR person_of(decided_by) <> about_officer),
    CONSTRAINT administration_proposal_withdrawn_by_its_officer CHECK (decision IS DISTINCT FROM 'withdrawn'
        OR person_of(decided_by) = person_of(proposed_by))
);
CREATE UNIQUE INDEX administration_proposal_open ON administration_proposal (kind, subject) WHERE decision IS NULL;
CREATE INDEX administration_proposal_agreed ON administration_proposal (decided_at, proposal_id) WHERE decision = 'agreed';
COMMENT ON TABLE administration_proposal IS
    'a change of officers, teams, the directory or the policy that one admin proposes and another one decides';
COMMENT ON COLUMN administration_proposal.subject IS 'id of the officer, name of the team, code of the institution, or `policy`';
COMMENT ON COLUMN administration_proposal.about_officer IS 'the officer who may not agree to it, because it is about them';
COMMENT ON COLUMN administration_proposal.changes IS 'field, value before and value after, as the proposing officer saw them; no secret';
COMMENT ON COLUMN administration_proposal.valid_until IS 'nothing is agreed to after this time';
COMMENT ON COLUMN administration_proposal.code_digest IS
    'of the code that the proposing admin alone was shown; the link that the agreement makes opens nothing without it';
COMMENT ON COLUMN administration_proposal.decision IS
    'null: open; "expired" is written when another proposal takes the place of one whose time is over';

-- Both persons must be admins when it takes effect, so a disabled admin leaves nothing behind that another one could agree to unseen.
CREATE FUNCTION is_live_admin(person text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM officer o JOIN officer_role r USING (officer_id) CROSS JOIN present_moment() AS t
        WHERE o.officer_id = person AND o.disabled_at IS NULL AND r.role = 'admin' AND r.from_at <= t
            AND (r.until_at IS NULL OR r.until_at > t))
$$;
COMMENT ON FUNCTION is_live_admin(text) IS 'whether this officer is an admin now';

CREATE FUNCTION administration_proposal_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.decision IS NOT NULL OR NEW.decision IS NULL
        OR (NEW.proposal_id, NEW.kind, NEW.subject, NEW.about_officer, NEW.asked, NEW.changes, NEW.reason, NEW.proposed_by,
            NEW.proposed_at, NEW.valid_until, NEW.code_digest) IS DISTINCT FROM
           (OLD.proposal_id, OLD.kind, OLD.subject, OLD.about_officer, OLD.asked, OLD.changes, OLD.reason, OLD.proposed_by,
            OLD.proposed_at, OLD.valid_until, OLD.code_digest)
    THEN
        RAISE EXCEPTION 'of a proposal only the decision is written, once'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'administration_proposal_rules';
    END IF;
    IF NEW.decision = 'agreed' AND NOT (is_live_admin(person_of(NEW.proposed_by)) AND is_live_admin(person_of(NEW.decided_by))) THEN
        RAISE EXCEPTION 'a proposal takes effect by two admins'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'administration_proposal_by_admins';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER administration_proposal_rules BEFORE UPDATE OR DELETE ON administration_proposal
    FOR EACH ROW EXECUTE FUNCTION administration_proposal_rules();

-- What a proposal changed names it, also where a trigger writes the event.
ALTER TABLE officer_event ADD COLUMN proposal_id bigint DEFAULT nullif(current_setting('goldenhour.proposal_id', true), '')::bigint;
COMMENT ON COLUMN officer_event.proposal_id IS 'the proposal of two admins that this is an effect of; null for one person''s act';

-- An event of a team says all that the team has.
ALTER TABLE officer_event DROP CONSTRAINT officer_event_data_check,
    ADD CONSTRAINT officer_event_data_check CHECK (pg_column_size(data) <= 262144) NOT VALID;

CREATE TABLE directory_event (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL CONSTRAINT directory_event_actor_check CHECK (actor <> '' AND length(actor) <= 200),
    kind text NOT NULL CONSTRAINT directory_event_kind_check CHECK (kind ~ '^[a-z_]{1,64}$'),
    institution text NOT NULL CONSTRAINT directory_event_institution_check CHECK (institution <> '' AND length(institution) <= 20),
    changes jsonb NOT NULL CONSTRAINT directory_event_changes_check
        CHECK (jsonb_typeof(changes) = 'array' AND pg_column_size(changes) <= 262144),
    proposal_id bigint DEFAULT nullif(current_setting('goldenhour.proposal_id', true), '')::bigint
);
CREATE INDEX directory_event_by_time ON directory_event (at, event_id);
CREATE TRIGGER directory_event_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON directory_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE directory_event IS 'who changed what of an institution; no secret';
COMMENT ON COLUMN directory_event.institution IS 'its code, or `*` for the holidays of all; it may be removed since';
COMMENT ON COLUMN directory_event.changes IS 'field, value before and value after';

CREATE TABLE policy_version (
    number bigint PRIMARY KEY CONSTRAINT policy_version_number_check CHECK (number > 0),
    differences jsonb NOT NULL CONSTRAINT policy_version_differences_check
        CHECK (jsonb_typeof(differences) = 'object' AND pg_column_size(differences) <= 262144),
    proposal_id bigint NOT NULL REFERENCES administration_proposal (proposal_id) DEFERRABLE INITIALLY DEFERRED,
    agreed_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX policy_version_of_proposal ON policy_version (proposal_id);
CREATE TRIGGER policy_version_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON policy_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE policy_version IS 'versions of the policy that two admins agreed to; the newest one counts';
COMMENT ON COLUMN policy_version.differences IS 'by name each value that was ever agreed to, with its source';

CREATE FUNCTION policy_version_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM administration_proposal p WHERE p.proposal_id = NEW.proposal_id AND p.kind = 'policy_changed'
            AND p.decision = 'agreed') THEN
        RAISE EXCEPTION 'two admins agree to a version of the policy'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'policy_version_agreed';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER policy_version_agreed AFTER INSERT ON policy_version
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION policy_version_agreed();

-- These names act in the logs, and no person is behind them.
ALTER TABLE officer ADD CONSTRAINT officer_id_is_not_reserved
    CHECK (officer_id NOT IN ('complainant', 'engine', 'victim')) NOT VALID;

-- A change of an officer told which fields, and not what they were.
CREATE OR REPLACE FUNCTION officer_told() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fields text[];
    was jsonb;
    is_now jsonb;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO officer_event (at, actor, kind, officer_id) VALUES (NEW.created_at, NEW.created_by, 'added', NEW.officer_id);
        RETURN NULL;
    END IF;
    IF (OLD.disabled_at IS NULL) <> (NEW.disabled_at IS NULL) THEN
        INSERT INTO officer_event (at, actor, kind, officer_id) VALUES (NEW.changed_at, NEW.changed_by,
            CASE WHEN NEW.disabled_at IS NULL THEN 'enabled' ELSE 'disabled' END, NEW.officer_id);
    END IF;
    IF NEW.credentials_from IS DISTINCT FROM OLD.credentials_from THEN
        INSERT INTO officer_event (at, actor, kind, officer_id)
        VALUES (NEW.changed_at, NEW.changed_by, 'reset', NEW.officer_id);
    END IF;
    SELECT array_agg(n.key ORDER BY n.key), jsonb_object_agg(n.key, o.value), jsonb_object_agg(n.key, n.value)
    INTO fields, was, is_now
    FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key)
    WHERE n.value IS DISTINCT FROM o.value
        AND n.key NOT IN ('changed_at', 'changed_by', 'disabled_at', 'disabled_by', 'credentials_from');
    IF fields IS NOT NULL THEN
        INSERT INTO officer_event (at, actor, kind, officer_id, data) VALUES (NEW.changed_at, NEW.changed_by, 'changed',
            NEW.officer_id, jsonb_build_object('fields', fields, 'before', was, 'after', is_now));
    END IF;
    RETURN NULL;
END $$;
