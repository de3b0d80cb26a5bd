-- What a bank fetches from its feed, and how much it may call.

-- One row a hold request. A change takes its number (change_no) away; whoever reads the feed next gives out numbers, one
-- bank at a time and only to what is committed. So a change that commits late never stands before one that was read.
CREATE TABLE feed_entry (
    request_id uuid PRIMARY KEY REFERENCES hold_request,
    -- the request's own
    institution text NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'answered', 'stopped')),
    changed_at timestamptz NOT NULL,
    change_no bigint CHECK (change_no > 0),
    version integer NOT NULL DEFAULT 0 CHECK (version >= 0),
    acknowledged_at timestamptz,
    CHECK (change_no IS NULL OR version > 0)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX feed_entry_order ON feed_entry (institution, change_no);
CREATE INDEX feed_entry_by_status ON feed_entry (institution, status, change_no);
CREATE INDEX feed_entry_to_number ON feed_entry (institution, changed_at) WHERE change_no IS NULL;
COMMENT ON COLUMN feed_entry.change_no IS 'its place in the bank''s feed; null until a change that is committed is numbered';
COMMENT ON COLUMN feed_entry.version IS 'counts the states that a reader of the feed can have seen';

CREATE TABLE feed_counter (
    institution text PRIMARY KEY REFERENCES institution,
    last_change_no bigint NOT NULL
);

CREATE FUNCTION feed_status(p_state text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_state WHEN 'answered' THEN 'answered' WHEN 'stopped' THEN 'stopped' WHEN 'superseded' THEN 'stopped'
        ELSE 'open' END
$$;

INSERT INTO feed_entry (request_id, institution, status, changed_at)
SELECT request_id, institution, feed_status(state), coalesce(closed_at, first_answered_at, sent_at) FROM hold_request;

CREATE FUNCTION feed_request_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed_entry (request_id, institution, status, changed_at)
    VALUES (NEW.request_id, NEW.institution, feed_status(NEW.state), now())
    ON CONFLICT (request_id) DO UPDATE SET status = EXCLUDED.status, changed_at = EXCLUDED.changed_at, change_no = NULL;
    PERFORM pg_notify('bank_feed', NEW.institution);
    RETURN NULL;
END $$;

CREATE FUNCTION feed_hops_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM changed) THEN
        RETURN NULL;
    END IF;
    UPDATE feed_entry f SET changed_at = now(), change_no = NULL
    WHERE f.request_id IN (SELECT request_id FROM changed);
    PERFORM pg_notify('bank_feed', institution)
    FROM (SELECT DISTINCT institution FROM hold_request WHERE request_id IN (SELECT request_id FROM changed)) AS told;
    RETURN NULL;
END $$;

CREATE TRIGGER feed_request_new AFTER INSERT ON hold_request FOR EACH ROW EXECUTE FUNCTION feed_request_changed();
-- Written by every answer, the first or not: what of the hops is open may be another sum.
CREATE TRIGGER feed_request_answered AFTER UPDATE OF first_answered_at ON hold_request
    FOR EACH ROW EXECUTE FUNCTION feed_request_changed();
CREATE TRIGGER feed_request_state AFTER UPDATE OF state ON hold_request
    FOR EACH ROW WHEN (feed_status(OLD.state) <> feed_status(NEW.state)) EXECUTE FUNCTION feed_request_changed();
CREATE TRIGGER feed_hops AFTER UPDATE ON request_hop REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION feed_hops_changed();

-- A token bucket, told by the moment at which it is full again: one column, and nothing to refill.
CREATE TABLE rate_bucket (
    institution text NOT NULL REFERENCES institution,
    policy text NOT NULL,
    full_at timestamptz NOT NULL,
    PRIMARY KEY (institution, policy)
) WITH (fillfactor = 50);

-- What a bank sent under an Idempotency-Key of its own, and the reply it got.
CREATE TABLE feed_key (
    institution text NOT NULL REFERENCES institution,
    idempotency_key text NOT NULL,
    body_digest bytea NOT NULL,
    seen_at timestamptz NOT NULL,
    reply jsonb,
    PRIMARY KEY (institution, idempotency_key)
);
COMMENT ON COLUMN feed_key.reply IS 'null while the body is being taken';
