-- An officer was a name on a token. Officers, their roles, districts and teams are now rows, and these rows are what counts.

CREATE TABLE officer (
    officer_id text PRIMARY KEY,
    name text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    rank text NOT NULL DEFAULT '' CHECK (length(rank) <= 200),
    station text NOT NULL DEFAULT '' CHECK (length(station) <= 200),
    mobile text NOT NULL DEFAULT '' CHECK (length(mobile) <= 20),
    email text NOT NULL DEFAULT '' CHECK (length(email) <= 254),
    language text NOT NULL DEFAULT 'en' CHECK (language ~ '^[a-z]{2,3}$'),
    state text NOT NULL DEFAULT '' CHECK (length(state) <= 200),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL CHECK (created_by <> ''),
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL CHECK (changed_by <> ''),
    disabled_at timestamptz,
    disabled_by text,
    CONSTRAINT officer_id_is_folded CHECK (officer_id ~ '^[a-z0-9._@-]{1,64}$'),
    CONSTRAINT officer_disabled_by_somebody CHECK ((disabled_at IS NULL) = (disabled_by IS NULL))
);
COMMENT ON COLUMN officer.officer_id IS 'service number or e-mail address, in lower case; stands wherever two officers are compared';
COMMENT ON COLUMN officer.disabled_at IS 'from when on the officer has no role and no way in';

CREATE TABLE officer_role (
    officer_id text NOT NULL REFERENCES officer (officer_id),
    role text NOT NULL CHECK (role IN ('intake', 'desk', 'supervisor', 'auditor', 'admin', 'io', 'dy_sp', 'sp',
        'district_gro', 'state_gro')),
    from_at timestamptz NOT NULL,
    until_at timestamptz,
    given_by text NOT NULL CHECK (given_by <> ''),
    given_at timestamptz NOT NULL,
    ended_by text,
    PRIMARY KEY (officer_id, role, from_at),
    CONSTRAINT officer_role_ends_after_its_start CHECK (until_at >= from_at),
    CONSTRAINT officer_role_ended_at_a_time CHECK (ended_by IS NULL OR until_at IS NOT NULL)
);
CREATE UNIQUE INDEX officer_role_open ON officer_role (officer_id, role) WHERE until_at IS NULL;

CREATE TABLE officer_district (
    officer_id text NOT NULL REFERENCES officer (officer_id),
    district text NOT NULL CHECK (district <> '' AND length(district) <= 200),
    from_at timestamptz NOT NULL,
    until_at timestamptz,
    given_by text NOT NULL CHECK (given_by <> ''),
    ended_by text,
    PRIMARY KEY (officer_id, district, from_at),
    CONSTRAINT officer_district_ended_by_somebody CHECK ((until_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX officer_district_open ON officer_district (officer_id, lower(district)) WHERE until_at IS NULL;
CREATE INDEX officer_district_by_district ON officer_district (lower(district)) WHERE until_at IS NULL;
COMMENT ON TABLE officer_district IS 'the districts that an officer answers for';

CREATE TABLE officer_absence (
    officer_id text NOT NULL REFERENCES officer (officer_id),
    first_day date NOT NULL,
    last_day date NOT NULL,
    written_by text NOT NULL CHECK (written_by <> ''),
    written_at timestamptz NOT NULL,
    PRIMARY KEY (officer_id, first_day),
    CONSTRAINT officer_absence_ends_after_its_start CHECK (last_day >= first_day AND last_day <= first_day + 1098)
);

CREATE TABLE team (
    team_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    lead text REFERENCES officer (officer_id),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL CHECK (created_by <> ''),
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT team_ended_by_somebody CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX team_open ON team (lower(name)) WHERE ended_at IS NULL;
CREATE INDEX team_lead ON team (lead);

CREATE TABLE team_district (
    team_id bigint NOT NULL REFERENCES team (team_id) ON DELETE CASCADE,
    district text NOT NULL CHECK (district <> '' AND length(district) <= 200),
    PRIMARY KEY (team_id, district)
);
CREATE INDEX team_district_by_district ON team_district (lower(district));

CREATE TABLE team_member (
    team_id bigint NOT NULL REFERENCES team (team_id) ON DELETE CASCADE,
    officer_id text NOT NULL REFERENCES officer (officer_id),
    PRIMARY KEY (team_id, officer_id)
);
CREATE INDEX team_member_by_officer ON team_member (officer_id);

CREATE TABLE team_shift (
    team_id bigint NOT NULL REFERENCES team (team_id) ON DELETE CASCADE,
    day_no integer NOT NULL CHECK (day_no BETWEEN 1 AND 7),
    starts_minute integer NOT NULL CHECK (starts_minute >= 0),
    ends_minute integer NOT NULL CHECK (ends_minute <= 1440),
    CONSTRAINT team_shift_ends_after_its_start CHECK (starts_minute < ends_minute),
    CONSTRAINT team_shift_no_overlap EXCLUDE USING gist (int8range(
        team_id * 10080 + (day_no - 1) * 1440 + starts_minute, team_id * 10080 + (day_no - 1) * 1440 + ends_minute) WITH &&)
);
CREATE INDEX team_shift_by_team ON team_shift (team_id);
COMMENT ON COLUMN team_shift.day_no IS 'of the week, 1 is Monday';

-- Whatever is done to an officer or a team is an event, by trigger or in the same transaction.
CREATE TABLE officer_event (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL CHECK (actor <> '' AND length(actor) <= 200),
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,64}$'),
    officer_id text REFERENCES officer (officer_id),
    team_id bigint,
    data jsonb NOT NULL DEFAULT '{}' CHECK (pg_column_size(data) <= 8192)
);
CREATE INDEX officer_event_by_officer ON officer_event (officer_id, event_id);
CREATE TRIGGER officer_event_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON officer_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION officer_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR (NEW.officer_id, NEW.created_at, NEW.created_by) IS DISTINCT FROM (OLD.officer_id, OLD.created_at, OLD.created_by)
    THEN
        RAISE EXCEPTION 'an officer stays, under the same name' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER officer_rules BEFORE DELETE OR UPDATE ON officer FOR EACH ROW EXECUTE FUNCTION officer_rules();

CREATE FUNCTION officer_told() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fields text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO officer_event (at, actor, kind, officer_id) VALUES (NEW.created_at, NEW.created_by, 'added', NEW.officer_id);
        RETURN NULL;
    END IF;
    IF (OLD.disabled_at IS NULL) <> (NEW.disabled_at IS NULL) THEN
        INSERT INTO officer_event (at, actor, kind, officer_id) VALUES (NEW.changed_at, NEW.changed_by,
            CASE WHEN NEW.disabled_at IS NULL THEN 'enabled' ELSE 'disabled' END, NEW.officer_id);
    END IF;
    SELECT array_agg(n.key ORDER BY n.key) INTO fields
    FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key)
    WHERE n.value IS DISTINCT FROM o.value AND n.key NOT IN ('changed_at', 'changed_by', 'disabled_at', 'disabled_by');
    IF fields IS NOT NULL THEN
        INSERT INTO officer_event (at, actor, kind, officer_id, data)
        VALUES (NEW.changed_at, NEW.changed_by, 'changed', NEW.officer_id, jsonb_build_object('fields', fields));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER officer_told AFTER INSERT OR UPDATE ON officer FOR EACH ROW EXECUTE FUNCTION officer_told();

CREATE FUNCTION officer_role_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.ended_by IS NOT NULL OR NEW.ended_by IS NULL OR NEW.until_at > OLD.until_at
        OR (NEW.officer_id, NEW.role, NEW.from_at, NEW.given_by, NEW.given_at)
            IS DISTINCT FROM (OLD.officer_id, OLD.role, OLD.from_at, OLD.given_by, OLD.given_at)
    THEN
        RAISE EXCEPTION 'of a role that was given only an earlier end is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER officer_role_rules BEFORE DELETE OR UPDATE ON officer_role
    FOR EACH ROW EXECUTE FUNCTION officer_role_rules();

CREATE FUNCTION officer_role_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO officer_event (at, actor, kind, officer_id, data) VALUES (
        CASE TG_OP WHEN 'INSERT' THEN NEW.given_at ELSE present_moment() END,
        CASE TG_OP WHEN 'INSERT' THEN NEW.given_by ELSE NEW.ended_by END,
        CASE TG_OP WHEN 'INSERT' THEN 'role_given' ELSE 'role_ended' END, NEW.officer_id,
        jsonb_build_object('role', NEW.role, 'from_at', NEW.from_at, 'until_at', NEW.until_at));
    RETURN NULL;
END $$;
CREATE TRIGGER officer_role_told AFTER INSERT OR UPDATE ON officer_role FOR EACH ROW EXECUTE FUNCTION officer_role_told();

CREATE FUNCTION officer_district_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.until_at IS NOT NULL OR NEW.until_at IS NULL
        OR (NEW.officer_id, NEW.district, NEW.from_at, NEW.given_by)
            IS DISTINCT FROM (OLD.officer_id, OLD.district, OLD.from_at, OLD.given_by)
    THEN
        RAISE EXCEPTION 'of a district that was given only the end is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER officer_district_rules BEFORE DELETE OR UPDATE ON officer_district
    FOR EACH ROW EXECUTE FUNCTION officer_district_rules();

CREATE FUNCTION officer_district_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO officer_event (at, actor, kind, officer_id, data) VALUES (
        coalesce(NEW.until_at, NEW.from_at), coalesce(NEW.ended_by, NEW.given_by),
        CASE TG_OP WHEN 'INSERT' THEN 'district_given' ELSE 'district_ended' END, NEW.officer_id,
        jsonb_build_object('district', NEW.district));
    RETURN NULL;
END $$;
CREATE TRIGGER officer_district_told AFTER INSERT OR UPDATE ON officer_district
    FOR EACH ROW EXECUTE FUNCTION officer_district_told();
