-- A wrong clock could make every hold lapse at once. So the releases that the engine orders by itself are counted. Above
-- the policy's number in an hour they wait until a supervisor continues them.
CREATE TABLE automatic_release (
    release_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hold_id uuid NOT NULL REFERENCES account_hold (hold_id),
    at timestamp with time zone NOT NULL,
    amount_paise bigint NOT NULL CHECK (amount_paise > 0)
);
CREATE INDEX automatic_release_at ON automatic_release (at);

CREATE TABLE release_brake (
    brake_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hold_id uuid NOT NULL REFERENCES account_hold (hold_id),
    braked_at timestamp with time zone NOT NULL,
    continued_at timestamp with time zone,
    continued_by text CHECK (continued_by LIKE 'officer:_%'),
    reason text CHECK (reason <> ''),
    CONSTRAINT release_brake_continued CHECK (
        (continued_at IS NULL) = (continued_by IS NULL) AND (continued_at IS NULL) = (reason IS NULL))
);
CREATE UNIQUE INDEX release_brake_one ON release_brake ((continued_at IS NULL)) WHERE continued_at IS NULL;
CREATE INDEX release_brake_continued_at ON release_brake (continued_at);

CREATE TABLE braked_release (
    hold_id uuid PRIMARY KEY REFERENCES account_hold (hold_id),
    brake_id bigint NOT NULL REFERENCES release_brake (brake_id),
    amount_paise bigint NOT NULL CHECK (amount_paise > 0),
    since timestamp with time zone NOT NULL
);
CREATE INDEX braked_release_brake ON braked_release (brake_id);

COMMENT ON TABLE automatic_release IS 'releases that the engine ordered by itself and counted';
COMMENT ON TABLE release_brake IS
    'times from which automatic releases waited for a supervisor; one at most is not continued';
COMMENT ON COLUMN release_brake.hold_id IS 'the hold whose release was the first to wait';
COMMENT ON COLUMN release_brake.continued_by IS 'the supervisor who continued the releases that waited';
COMMENT ON TABLE braked_release IS
    'releases that wait, or that a supervisor has continued and the engine has not ordered yet';

CREATE TRIGGER automatic_release_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON automatic_release
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER release_brake_kept BEFORE DELETE OR TRUNCATE ON release_brake
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER release_brake_continued_once BEFORE UPDATE ON release_brake
    FOR EACH ROW WHEN (OLD.continued_at IS NOT NULL) EXECUTE FUNCTION refuse_change();

CREATE FUNCTION brake_release(
    p_hold_id uuid, p_paise bigint, p_at timestamp with time zone,
    p_releases_max integer, p_paise_max bigint, p_window interval, p_valid interval,
    OUT braked boolean, OUT begun boolean, OUT waits_newly boolean, OUT releases bigint, OUT released_paise bigint
) LANGUAGE plpgsql AS $$
DECLARE
    open_brake bigint;
BEGIN
    braked := false; begun := false; waits_newly := false;
    -- One release is counted at a time. Each statement after this one sees what the transactions before have counted.
    PERFORM pg_advisory_xact_lock(hashtextextended('automatic_release', 0));
    DELETE FROM braked_release w USING release_brake b
    WHERE w.hold_id = p_hold_id AND b.brake_id = w.brake_id AND b.continued_at > p_at - p_valid
        AND w.amount_paise >= p_paise;
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT count(*), coalesce(sum(r.amount_paise), 0) INTO releases, released_paise FROM automatic_release r
    WHERE r.at > greatest(p_at - p_window, (SELECT max(b.continued_at) FROM release_brake b));
    SELECT b.brake_id INTO open_brake FROM release_brake b WHERE b.continued_at IS NULL;
    IF open_brake IS NULL AND releases < p_releases_max AND released_paise + p_paise <= p_paise_max THEN
        INSERT INTO automatic_release (hold_id, at, amount_paise) VALUES (p_hold_id, p_at, p_paise);
        RETURN;
    END IF;
    braked := true;
    IF open_brake IS NULL THEN
        begun := true;
        INSERT INTO release_brake (hold_id, braked_at) VALUES (p_hold_id, p_at)
        RETURNING release_brake.brake_id INTO open_brake;
    END IF;
    waits_newly := NOT EXISTS (SELECT FROM braked_release w WHERE w.hold_id = p_hold_id AND w.brake_id = open_brake);
    INSERT INTO braked_release (hold_id, brake_id, amount_paise, since) VALUES (p_hold_id, open_brake, p_paise, p_at)
    ON CONFLICT (hold_id) DO UPDATE SET brake_id = open_brake, amount_paise = p_paise,
        since = CASE WHEN waits_newly THEN p_at ELSE braked_release.since END;
END $$;

COMMENT ON FUNCTION brake_release(
    uuid, bigint, timestamp with time zone, integer, bigint, interval, interval
) IS 'Count a release that the engine is about to order; it is braked if it has to wait for a supervisor.';
