-- outside a transaction
-- The key of a case or of a bank is found by its owner, and the bodies under a bank's key by that key.
CREATE INDEX CONCURRENTLY IF NOT EXISTS person_key_case ON person_key (case_no) WHERE case_no IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS person_key_bank ON person_key (institution, made_at) WHERE institution IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS bank_body_of_bank ON bank_body (person_id) WHERE of_bank;
