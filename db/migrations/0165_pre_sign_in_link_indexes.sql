-- outside a transaction
-- A worker looks every second for officers who are to be told of a link.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sign_in_link_to_tell ON sign_in_link (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
