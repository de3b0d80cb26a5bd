-- The officers of each institution and when they work; the days on which banks have closed; banks under a sponsor's codes.

CREATE TABLE nodal_officer (
    officer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution text NOT NULL REFERENCES institution (code) ON DELETE CASCADE,
    call_order integer NOT NULL CHECK (call_order > 0),
    name text NOT NULL DEFAULT '',
    role text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    mobile text NOT NULL DEFAULT '',
    works_on_holidays boolean NOT NULL DEFAULT false,
    UNIQUE (institution, call_order),
    CHECK (name <> '' OR email <> '' OR mobile <> '')
);

-- Minutes since midnight by clocks in India. One without any can be asked at all hours.
CREATE TABLE officer_shift (
    officer_id bigint NOT NULL REFERENCES nodal_officer ON DELETE CASCADE,
    day_no integer NOT NULL CHECK (day_no BETWEEN 1 AND 7),
    starts_minute integer NOT NULL CHECK (starts_minute >= 0),
    ends_minute integer NOT NULL CHECK (ends_minute <= 1440),
    CHECK (starts_minute < ends_minute),
    -- No two shifts of one officer overlap. Every officer has a week of minutes on one line, so a range says it all.
    CONSTRAINT officer_shift_no_overlap EXCLUDE USING gist (
        int8range(officer_id * 10080 + (day_no - 1) * 1440 + starts_minute,
                  officer_id * 10080 + (day_no - 1) * 1440 + ends_minute) WITH &&
    )
);
COMMENT ON COLUMN officer_shift.day_no IS 'of the week, 1 is Monday';

CREATE TABLE officer_leave (
    officer_id bigint NOT NULL REFERENCES nodal_officer ON DELETE CASCADE,
    first_day date NOT NULL,
    last_day date NOT NULL,
    PRIMARY KEY (officer_id, first_day, last_day),
    CHECK (first_day <= last_day)
);

CREATE TABLE bank_holiday (
    institution text REFERENCES institution (code) ON DELETE CASCADE,
    day date NOT NULL,
    name text NOT NULL,
    source text NOT NULL
);
COMMENT ON COLUMN bank_holiday.institution IS 'null: every institution has closed';
CREATE UNIQUE INDEX bank_holiday_once ON bank_holiday (coalesce(institution, ''), day);

INSERT INTO nodal_officer (institution, call_order, name, email, mobile)
SELECT code, 1, nodal_name, nodal_email, nodal_mobile FROM institution
WHERE nodal_name <> '' OR nodal_email <> '' OR nodal_mobile <> '';

ALTER TABLE institution
    DROP COLUMN nodal_name, DROP COLUMN nodal_email, DROP COLUMN nodal_mobile,
    ADD COLUMN sponsor text REFERENCES institution (code),
    ADD COLUMN account_prefixes text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT institution_not_its_own_sponsor CHECK (sponsor <> code),
    ADD CONSTRAINT institution_accounts_at_a_sponsor CHECK (sponsor IS NOT NULL OR account_prefixes = '{}');

-- Who keeps the directory in memory has the officers and the holidays with it.
CREATE TRIGGER officer_written BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON nodal_officer
    FOR EACH STATEMENT EXECUTE FUNCTION directory_written();
CREATE TRIGGER shift_written BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON officer_shift
    FOR EACH STATEMENT EXECUTE FUNCTION directory_written();
CREATE TRIGGER leave_written BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON officer_leave
    FOR EACH STATEMENT EXECUTE FUNCTION directory_written();
CREATE TRIGGER holiday_written BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON bank_holiday
    FOR EACH STATEMENT EXECUTE FUNCTION directory_written();
