-- Who of a bank was signed in belongs to what the bank sent, and never changes.

DROP TRIGGER bank_evidence_kept ON bank_evidence;
CREATE TRIGGER bank_evidence_kept BEFORE UPDATE OF evidence_id, institution, received_at, method, path, headers, body,
    digest, about, key_id, signature, signature_base, bank_person_id ON bank_evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
