-- What a bank has said over its own API is found by what it speaks of: the evidence of a case holds it.
ALTER TABLE bank_evidence ADD COLUMN about uuid;
CREATE INDEX bank_evidence_about ON bank_evidence (about, evidence_id) WHERE about IS NOT NULL;
COMMENT ON COLUMN bank_evidence.about IS 'the hold request or the order that it speaks of; null for one that speaks of neither';
