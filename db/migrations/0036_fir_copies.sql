-- The report itself, as the police station has issued it: a notice to a bank goes out with its copy.
ALTER TABLE fir ADD COLUMN document bytea;
ALTER TABLE fir ADD CONSTRAINT fir_document CHECK (document IS NULL OR document_digest = sha256(document));
