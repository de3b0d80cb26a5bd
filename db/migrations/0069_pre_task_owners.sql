-- A work item had no owner, so two officers worked on one. An item now has at most one owner, for a lease. These tables
-- stand beside `desk_task`, because the golden hour opens items: that insert gets no column, index or trigger more.

CREATE TABLE task_owner (
    task_id bigint PRIMARY KEY REFERENCES desk_task (task_id),
    version bigint NOT NULL CHECK (version >= 0),
    owner text REFERENCES officer (officer_id),
    since timestamptz NOT NULL,
    since_seq bigint,
    lease_ends_at timestamptz,
    snoozed_until timestamptz,
    snoozed_for text CHECK (snoozed_for ~ '^[a-z_]{1,64}$'),
    alarmed_at timestamptz,
    CONSTRAINT task_owner_has_a_lease CHECK ((owner IS NULL) = (lease_ends_at IS NULL)),
    CONSTRAINT task_owner_lease_ends_later CHECK (lease_ends_at > since),
    CONSTRAINT task_owner_is_awake CHECK (owner IS NULL OR snoozed_until IS NULL),
    CONSTRAINT task_owner_snooze_ends_later CHECK (snoozed_until > since),
    CONSTRAINT task_owner_snoozed_for_a_case CHECK (snoozed_for IS NULL OR (snoozed_until IS NOT NULL AND since_seq IS NOT NULL)),
    CONSTRAINT task_owner_ends_the_alarm CHECK (owner IS NULL OR alarmed_at IS NULL)
);
CREATE INDEX task_owner_of_officer ON task_owner (owner) WHERE owner IS NOT NULL;
COMMENT ON TABLE task_owner IS 'who has an open work item; an item without a row never had an owner';
COMMENT ON COLUMN task_owner.version IS 'grows by one when the owner or the snooze changes; a caller names the version that it saw';
COMMENT ON COLUMN task_owner.since IS 'when owner or snooze changed last';
COMMENT ON COLUMN task_owner.since_seq IS 'last event of the case then; null for an item about no case';
COMMENT ON COLUMN task_owner.lease_ends_at IS 'from then on the item has no owner, whatever stands in owner';
COMMENT ON COLUMN task_owner.snoozed_for IS 'kind of event of the case that ends the snooze before its time';
COMMENT ON COLUMN task_owner.alarmed_at IS 'when the supervisor was told that it has no owner for too long';

CREATE FUNCTION task_owner_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changes boolean := true;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        changes := (NEW.owner, NEW.since, NEW.snoozed_until, NEW.snoozed_for)
            IS DISTINCT FROM (OLD.owner, OLD.since, OLD.snoozed_until, OLD.snoozed_for);
        IF NEW.task_id <> OLD.task_id OR NEW.version NOT IN (OLD.version, OLD.version + 1)
            OR (changes AND NEW.version = OLD.version)
        THEN
            RAISE EXCEPTION 'work item % has another version', OLD.task_id
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'task_owner_version';
        END IF;
    END IF;
    IF changes AND (NEW.owner IS NOT NULL OR NEW.snoozed_until IS NOT NULL)
        AND NOT EXISTS (SELECT FROM desk_task t WHERE t.task_id = NEW.task_id AND t.state = 'open')
    THEN
        RAISE EXCEPTION 'work item % is closed', NEW.task_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'task_owner_of_open_item';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER task_owner_rules BEFORE INSERT OR UPDATE ON task_owner
    FOR EACH ROW EXECUTE FUNCTION task_owner_rules();

CREATE TABLE task_act (
    act_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES desk_task (task_id),
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL CHECK (actor <> '' AND length(actor) <= 200),
    kind text NOT NULL CHECK (kind IN ('claimed', 'passed_on', 'taken_over', 'released', 'snoozed')),
    owner text,
    former text,
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 500),
    UNIQUE (task_id, version)
);
CREATE INDEX task_act_to ON task_act (owner, act_id) WHERE owner IS NOT NULL;
CREATE INDEX task_act_from ON task_act (former, act_id) WHERE former IS NOT NULL;
CREATE INDEX task_act_by_time ON task_act (at);
COMMENT ON TABLE task_act IS 'who gave a work item to whom, and why; the case log has the same without the note';
COMMENT ON COLUMN task_act.owner IS 'who has the item since then; null for no officer';
COMMENT ON COLUMN task_act.former IS 'who had it before; null for no officer';
COMMENT ON COLUMN task_act.note IS 'of the officer, or why the engine ended a lease; rows go by the policy';
CREATE TRIGGER task_act_append_only BEFORE UPDATE OR TRUNCATE ON task_act
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE task_value (
    task_id bigint PRIMARY KEY REFERENCES desk_task (task_id),
    case_seq bigint NOT NULL,
    in_play_paise bigint NOT NULL CHECK (in_play_paise >= 0),
    rank_paise bigint NOT NULL CHECK (rank_paise >= 0),
    persons text[] NOT NULL,
    institution text,
    district text
);
COMMENT ON TABLE task_value IS 'what an open work item is worth, for lists; made again from the case at any time';
COMMENT ON COLUMN task_value.case_seq IS 'last event of the case when it was valued; 0 for an item about no case';
COMMENT ON COLUMN task_value.rank_paise IS 'what is in play, and what the policy adds for the victim; the largest comes first';
COMMENT ON COLUMN task_value.persons IS 'child, woman, senior: of the victims of the case';

CREATE TABLE task_filter (
    officer_id text NOT NULL REFERENCES officer (officer_id),
    place smallint NOT NULL CHECK (place BETWEEN 1 AND 20),
    name text NOT NULL CHECK (name <> '' AND length(name) <= 60),
    filter jsonb NOT NULL CHECK (pg_column_size(filter) <= 8192),
    saved_at timestamptz NOT NULL,
    PRIMARY KEY (officer_id, place)
);
CREATE UNIQUE INDEX task_filter_name ON task_filter (officer_id, lower(name));
COMMENT ON TABLE task_filter IS 'filters of work items that an officer saved; each has one of twenty places';
