-- The engine verifies all cases and anchors the ends of their logs every night by itself. One row for each such run says
-- when it began, when it ended, and how.
CREATE TABLE nightly_run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work text NOT NULL CHECK (work IN ('verify', 'anchor')),
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    outcome text CHECK (outcome IN ('clean', 'broken', 'failed', 'interrupted')),
    cases bigint CHECK (cases >= 0),
    violations bigint CHECK (violations > 0),
    first_case text,
    unopened bigint CHECK (unopened > 0),
    digest text CHECK (digest ~ '^[0-9a-f]{64}$'),
    failure text CHECK (length(failure) BETWEEN 1 AND 200),
    CONSTRAINT nightly_run_ended CHECK (
        (ended_at IS NULL) = (outcome IS NULL) AND ended_at >= started_at),
    CONSTRAINT nightly_run_clean CHECK ((cases IS NOT NULL) = (outcome IS NOT NULL AND outcome IN ('clean', 'broken'))),
    CONSTRAINT nightly_run_broken CHECK (
        (violations IS NOT NULL) = (outcome IS NOT NULL AND outcome = 'broken')
        AND (first_case IS NOT NULL) = (violations IS NOT NULL) AND (violations IS NULL OR work = 'verify')),
    CONSTRAINT nightly_run_unopened CHECK (unopened IS NULL OR violations IS NOT NULL),
    CONSTRAINT nightly_run_failed CHECK ((failure IS NOT NULL) = (outcome IS NOT NULL AND outcome = 'failed')),
    CONSTRAINT nightly_run_anchored CHECK (
        (digest IS NOT NULL) = (work = 'anchor' AND outcome IS NOT NULL AND outcome = 'clean'))
);
CREATE UNIQUE INDEX nightly_run_one ON nightly_run (work) WHERE ended_at IS NULL;
CREATE INDEX nightly_run_newest ON nightly_run (work, run_id);
CREATE INDEX nightly_run_clean_at ON nightly_run (work, ended_at) WHERE outcome = 'clean';

COMMENT ON TABLE nightly_run IS 'nightly verifications and anchors; one at most of each is under way';
COMMENT ON COLUMN nightly_run.outcome IS
    'clean; broken: a rule is violated in a case; failed: an error ended it; interrupted: its process ended first';
COMMENT ON COLUMN nightly_run.first_case IS 'the first case in which a rule is violated';
COMMENT ON COLUMN nightly_run.unopened IS 'messages to and from banks that no key of the worker opened';
COMMENT ON COLUMN nightly_run.digest IS 'SHA-256 of the list of last hashes that an anchor wrote';
COMMENT ON COLUMN nightly_run.failure IS 'name of the error';

CREATE TRIGGER nightly_run_kept BEFORE DELETE OR TRUNCATE ON nightly_run
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER nightly_run_ended_once BEFORE UPDATE ON nightly_run
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_change();
