-- Issued documents, copies of FIRs, orders of courts, waivers of account holders, and lines of returned money that cannot
-- be read are sealed under a key of their case, as messages to and from banks are (0052). A line of no known case has a key
-- of its bank. The digests stay: they are of the clear bytes, and the log has them. None of these refers to the key by a
-- foreign key, as in 0052.
ALTER TABLE document
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_facts bytea,
    ADD COLUMN sealed_pdf bytea,
    ADD COLUMN size_bytes integer,
    ADD COLUMN fir_no text,
    ADD COLUMN fir_copy_digest bytea,
    DROP CONSTRAINT document_check,
    ADD CONSTRAINT document_check CHECK (sealed_pdf IS NOT NULL OR digest = sha256(pdf)) NOT VALID,
    ADD CONSTRAINT document_sealed_is_whole CHECK (num_nulls(person_id, sealed_facts, sealed_pdf, size_bytes) IN (0, 4)
        AND (person_id IS NOT NULL OR num_nonnulls(fir_no, fir_copy_digest) = 0)) NOT VALID,
    ADD CONSTRAINT document_fir_is_named CHECK (fir_no <> '' AND octet_length(fir_copy_digest) = 32) NOT VALID;
COMMENT ON COLUMN document.person_id IS 'the key of the case that seals it; null in a row that the release before wrote';
COMMENT ON COLUMN document.sealed_facts IS 'the facts, sealed';
COMMENT ON COLUMN document.sealed_pdf IS 'the PDF, sealed';
COMMENT ON COLUMN document.size_bytes IS 'the size of the PDF';
COMMENT ON COLUMN document.fir_no IS 'the number of the FIR that it names';
COMMENT ON COLUMN document.fir_copy_digest IS 'SHA-256 of the copy of the FIR that goes with it';

ALTER TABLE fir_copy
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed bytea,
    DROP CONSTRAINT fir_copy_hashed,
    ADD CONSTRAINT fir_copy_hashed CHECK (sealed IS NOT NULL OR digest = sha256(document)) NOT VALID,
    ADD CONSTRAINT fir_copy_sealed_is_whole CHECK (num_nulls(person_id, sealed) IN (0, 2)) NOT VALID;
COMMENT ON COLUMN fir_copy.person_id IS 'the key of the case that seals it';
COMMENT ON COLUMN fir_copy.sealed IS 'the copy, sealed';

ALTER TABLE court_order
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_document bytea,
    DROP CONSTRAINT court_order_four_eyes,
    ADD CONSTRAINT court_order_four_eyes CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL)
        AND (confirmed_by IS NULL OR (confirmed_by <> taken_by AND document_digest IS NOT NULL))) NOT VALID,
    ADD CONSTRAINT court_order_sealed_is_whole CHECK (num_nulls(person_id, sealed_document) IN (0, 2)
        AND (document_digest IS NULL) = (num_nonnulls(document, sealed_document) = 0)) NOT VALID;
COMMENT ON COLUMN court_order.person_id IS 'the key of the case that seals its document';
COMMENT ON COLUMN court_order.sealed_document IS 'the document, sealed';

ALTER TABLE hearing_waiver
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_document bytea,
    DROP CONSTRAINT hearing_waiver_check,
    ADD CONSTRAINT hearing_waiver_check CHECK (sealed_document IS NOT NULL OR document_digest = sha256(document)) NOT VALID,
    DROP CONSTRAINT hearing_waiver_document_check,
    ADD CONSTRAINT hearing_waiver_document_check CHECK (sealed_document IS NOT NULL OR octet_length(document) > 0) NOT VALID,
    ADD CONSTRAINT hearing_waiver_sealed_is_whole CHECK (num_nulls(person_id, sealed_document) IN (0, 2)) NOT VALID;
COMMENT ON COLUMN hearing_waiver.person_id IS 'the key of the case that seals its document';
COMMENT ON COLUMN hearing_waiver.sealed_document IS 'the document, sealed';

ALTER TABLE returned_funds
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_unreadable bytea,
    ADD CONSTRAINT returned_funds_sealed_is_whole CHECK (num_nulls(person_id, sealed_unreadable) IN (0, 2)
        AND (sealed_unreadable IS NULL OR unreadable IS NOT NULL)) NOT VALID;
COMMENT ON COLUMN returned_funds.person_id IS 'the key of the case or of the bank that seals what could not be read';
COMMENT ON COLUMN returned_funds.sealed_unreadable IS 'what could not be read, sealed';
