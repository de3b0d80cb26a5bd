-- outside a transaction
-- A display comes in by its secret. The wall counts the complaints of today, which are the last rows of the table: a
-- block range index finds them, and costs an intake next to nothing.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS script_token_display ON script_token (display_digest) WHERE display_digest IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS complaint_received ON complaint USING brin (received_at);
