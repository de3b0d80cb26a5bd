-- A supervisor assigned each officer by hand, and a case waited until then. The engine now assigns officers by itself. This
-- table says who has a case now, and which cases wait for an officer. 0049 copies the cases of before. This file locks
-- `case_file` against writers, so it reads no rows.

CREATE TABLE case_assignment (
    case_no text PRIMARY KEY REFERENCES case_file (case_no),
    io text,
    io_since timestamptz,
    supervising text,
    supervising_since timestamptz,
    look_at timestamptz,
    looked_at timestamptz,
    CONSTRAINT case_assignment_io_since CHECK ((io IS NULL) = (io_since IS NULL)),
    CONSTRAINT case_assignment_supervising_since CHECK ((supervising IS NULL) = (supervising_since IS NULL))
);
CREATE INDEX case_assignment_new ON case_assignment (look_at) WHERE look_at IS NOT NULL AND looked_at IS NULL;
CREATE INDEX case_assignment_again ON case_assignment (look_at) WHERE look_at IS NOT NULL AND looked_at IS NOT NULL;
CREATE INDEX case_assignment_io ON case_assignment (io) WHERE io IS NOT NULL;
CREATE INDEX case_assignment_supervising ON case_assignment (supervising) WHERE supervising IS NOT NULL;
COMMENT ON COLUMN case_assignment.io IS 'id of the investigating officer now; null without one';
COMMENT ON COLUMN case_assignment.look_at IS 'when the engine looks for officers next; null while it need not';
COMMENT ON COLUMN case_assignment.looked_at IS 'when the engine looked last and found no officer for a duty; null for a new look';

CREATE FUNCTION newest_officers(of_case text)
RETURNS TABLE (io text, io_since timestamptz, supervising text, supervising_since timestamptz) LANGUAGE sql STABLE AS $$
    SELECT lower(i.subject), i.assigned_at, lower(s.subject), s.assigned_at
    FROM (VALUES (of_case)) AS c (case_no)
    LEFT JOIN LATERAL (SELECT o.subject, o.assigned_at FROM case_officer o WHERE o.case_no = c.case_no AND o.duty = 'io'
        ORDER BY o.assignment_no DESC LIMIT 1) i ON true
    LEFT JOIN LATERAL (SELECT o.subject, o.assigned_at FROM case_officer o
        WHERE o.case_no = c.case_no AND o.duty = 'supervising' ORDER BY o.assignment_no DESC LIMIT 1) s ON true
$$;
COMMENT ON FUNCTION newest_officers(text) IS 'Whom `case_officer` names last for each duty of a case; always one row.';

CREATE FUNCTION case_assignment_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO case_assignment (case_no, look_at) VALUES (NEW.case_no, NEW.opened_at) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER case_assignment_begins AFTER INSERT ON case_file FOR EACH ROW EXECUTE FUNCTION case_assignment_begins();

-- A case that was settled before has no row until it is opened again, or until a procedure begins.
CREATE FUNCTION look_for_officers(of_case text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO case_assignment AS a (case_no, io, io_since, supervising, supervising_since, look_at)
    SELECT f.case_no, n.io, n.io_since, n.supervising, n.supervising_since,
        CASE WHEN n.io IS NULL OR n.supervising IS NULL THEN present_moment() END
    FROM case_file f CROSS JOIN LATERAL newest_officers(f.case_no) n WHERE f.case_no = of_case
    ON CONFLICT (case_no) DO UPDATE SET look_at = present_moment(), looked_at = NULL
    WHERE a.look_at IS NULL AND (a.io IS NULL OR a.supervising IS NULL)
$$;
COMMENT ON FUNCTION look_for_officers(text) IS
    'Lets the engine look for the officers of a case, if a duty has none and it does not look already.';

CREATE FUNCTION case_assignment_reopens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM look_for_officers(NEW.case_no);
    RETURN NULL;
END $$;
CREATE TRIGGER case_assignment_reopens AFTER UPDATE OF opening_no ON case_file
    FOR EACH ROW EXECUTE FUNCTION case_assignment_reopens();

CREATE FUNCTION role_of_duty(duty text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE duty WHEN 'io' THEN 'io' WHEN 'supervising' THEN 'sp' END
$$;
COMMENT ON FUNCTION role_of_duty(text) IS 'The role of the officers among whom the engine chooses one for a duty.';

CREATE FUNCTION has_role(of_officer text, of_role text, moment timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM officer o JOIN officer_role r USING (officer_id)
        WHERE o.officer_id = of_officer AND o.disabled_at IS NULL AND r.role = of_role
          AND r.from_at <= moment AND (r.until_at IS NULL OR r.until_at > moment))
$$;
COMMENT ON FUNCTION has_role(text, text, timestamptz) IS 'Whether an officer who is not disabled has this role at this moment.';

CREATE FUNCTION is_absent(of_officer text, moment timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM officer_absence a WHERE a.officer_id = of_officer
        AND (moment AT TIME ZONE 'Asia/Kolkata')::date BETWEEN a.first_day AND a.last_day)
$$;
COMMENT ON FUNCTION is_absent(text, timestamptz) IS 'Whether an officer is absent on this day in India.';

CREATE FUNCTION long_leave(of_officer text, moment timestamptz, leave_days integer) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT lower(l.days)
    FROM (SELECT unnest(range_agg(daterange(a.first_day, a.last_day, '[]'))) AS days
        FROM officer_absence a WHERE a.officer_id = of_officer) AS l
    WHERE l.days @> (moment AT TIME ZONE 'Asia/Kolkata')::date AND upper(l.days) - lower(l.days) > leave_days
$$;
COMMENT ON FUNCTION long_leave(text, timestamptz, integer) IS
    'The first day of an absence of more than so many days in a row that covers this day in India; null without one.';

CREATE FUNCTION left_duty(of_officer text, duty text, since timestamptz, moment timestamptz, leave_days integer)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN o.disabled_at > since THEN 'disabled'
        WHEN NOT has_role(o.officer_id, role_of_duty(duty), moment) AND EXISTS (
            SELECT FROM officer_role r WHERE r.officer_id = o.officer_id AND r.role = role_of_duty(duty)
                AND r.until_at > since AND r.until_at <= moment) THEN 'role_ended'
        WHEN long_leave(o.officer_id, moment, leave_days) > (since AT TIME ZONE 'Asia/Kolkata')::date
            OR (long_leave(o.officer_id, moment, leave_days) IS NOT NULL AND EXISTS (
                SELECT FROM officer_absence a WHERE a.officer_id = o.officer_id AND a.written_at > since)) THEN 'on_leave'
    END FROM officer o WHERE o.officer_id = of_officer
$$;
COMMENT ON FUNCTION left_duty(text, text, timestamptz, timestamptz, integer) IS
    'Why an officer who was assigned at `since` cannot go on at `moment`; null for an officer who can, or who is not on the roster.';

CREATE FUNCTION case_assignment_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO case_assignment AS a (case_no, io, io_since, supervising, supervising_since)
    SELECT NEW.case_no, n.io, n.io_since, n.supervising, n.supervising_since FROM newest_officers(NEW.case_no) n
    ON CONFLICT (case_no) DO UPDATE SET
        io = CASE NEW.duty WHEN 'io' THEN lower(NEW.subject) ELSE a.io END,
        io_since = CASE NEW.duty WHEN 'io' THEN NEW.assigned_at ELSE a.io_since END,
        supervising = CASE NEW.duty WHEN 'supervising' THEN lower(NEW.subject) ELSE a.supervising END,
        supervising_since = CASE NEW.duty WHEN 'supervising' THEN NEW.assigned_at ELSE a.supervising_since END;
    RETURN NULL;
END $$;
CREATE TRIGGER case_assignment_follows AFTER INSERT ON case_officer
    FOR EACH ROW WHEN (NEW.duty IN ('io', 'supervising')) EXECUTE FUNCTION case_assignment_follows();

CREATE FUNCTION case_officer_by_engine() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF has_role(NEW.subject, role_of_duty(NEW.duty), NEW.assigned_at) IS NOT TRUE OR is_absent(NEW.subject, NEW.assigned_at) THEN
        RAISE EXCEPTION 'the engine assigns only an officer who has the role now and is not absent'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_officer_by_engine';
    END IF;
    IF EXISTS (SELECT FROM case_assignment a WHERE a.case_no = NEW.case_no
        AND CASE NEW.duty WHEN 'io' THEN a.supervising ELSE a.io END = NEW.subject)
    THEN
        RAISE EXCEPTION 'the engine gives one officer one duty of a case'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_officer_one_duty';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_officer_by_engine BEFORE INSERT ON case_officer
    FOR EACH ROW WHEN (NEW.assigned_by = 'engine') EXECUTE FUNCTION case_officer_by_engine();
