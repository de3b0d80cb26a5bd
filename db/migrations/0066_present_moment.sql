-- One clock: the first statement of a transaction on a case reads the present moment here.
CREATE TABLE clock_setting (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    movable boolean NOT NULL
);
COMMENT ON TABLE clock_setting IS 'empty outside tests; only the owner of the tables may write it';
COMMENT ON COLUMN clock_setting.movable IS 'whether a session may set its own present moment';

CREATE FUNCTION present_moment() RETURNS timestamptz
LANGUAGE plpgsql
AS $$
BEGIN
    IF EXISTS (SELECT FROM clock_setting WHERE movable) THEN
        RETURN coalesce(
            nullif(current_setting('goldenhour.present_moment', true), '')::timestamptz, clock_timestamp());
    END IF;
    RETURN clock_timestamp();
END $$;
COMMENT ON FUNCTION present_moment() IS 'the present moment of this database; tests may set it for their session';
