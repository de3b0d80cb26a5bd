-- How often a stranger may try a door: token buckets as those of banks' calls, by a name of our making, for all processes.

CREATE TABLE try_bucket (
    name bytea PRIMARY KEY,
    full_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX try_bucket_full ON try_bucket (full_at);
COMMENT ON COLUMN try_bucket.name IS 'a keyed digest of what is tried and by whom: it leads back to nobody';
COMMENT ON COLUMN try_bucket.full_at IS 'a bucket that is full again is the same as none';
