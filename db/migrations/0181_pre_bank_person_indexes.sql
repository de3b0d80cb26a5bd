-- outside a transaction
-- When a person of a bank is deleted, PostgreSQL looks for what the person has sent.
CREATE INDEX CONCURRENTLY IF NOT EXISTS bank_evidence_of_person ON bank_evidence (bank_person_id) WHERE bank_person_id IS NOT NULL;
