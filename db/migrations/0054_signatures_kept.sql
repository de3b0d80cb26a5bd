-- What a bank's signature was made over is kept as it was judged: our public address, which goes into it, may change.
ALTER TABLE bank_evidence ADD COLUMN key_id text REFERENCES bank_key;
ALTER TABLE bank_evidence ADD COLUMN signature bytea;
ALTER TABLE bank_evidence ADD COLUMN signature_base bytea;
ALTER TABLE bank_evidence ADD CONSTRAINT bank_evidence_signed
    CHECK (num_nulls(key_id, signature, signature_base) IN (0, 3));
COMMENT ON COLUMN bank_evidence.signature_base IS 'what RFC 9421 has signed; null where a token stood for the bank';
