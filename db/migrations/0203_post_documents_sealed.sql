-- Every process reads documents sealed. The database takes the clear bytes away once it has compared them with their digest,
-- and refuses a new row in clear. The columns stay for the release before.
CREATE FUNCTION document_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_pdf IS NULL THEN
        RAISE EXCEPTION 'an issued document is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_sealed';
    ELSIF NEW.pdf <> '' AND NEW.digest <> sha256(NEW.pdf) THEN
        RAISE EXCEPTION 'a document has another digest' USING ERRCODE = 'check_violation', CONSTRAINT = 'document_check';
    END IF;
    NEW.pdf := '';
    NEW.facts := '{}';
    RETURN NEW;
END $$;
CREATE TRIGGER document_sealed BEFORE INSERT OR UPDATE ON document FOR EACH ROW EXECUTE FUNCTION document_sealed();

CREATE FUNCTION fir_copy_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed IS NULL THEN
        RAISE EXCEPTION 'a copy of a FIR is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fir_copy_sealed';
    ELSIF NEW.document <> '' AND NEW.digest <> sha256(NEW.document) THEN
        RAISE EXCEPTION 'a copy of a FIR has another digest'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fir_copy_hashed';
    END IF;
    NEW.document := '';
    RETURN NEW;
END $$;
CREATE TRIGGER fir_copy_sealed BEFORE INSERT OR UPDATE ON fir_copy FOR EACH ROW EXECUTE FUNCTION fir_copy_sealed();

-- The copy stands in `fir_copy` alone.
CREATE FUNCTION fir_document_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a copy of a FIR is written into fir_copy'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'fir_document_elsewhere';
END $$;
DROP TRIGGER fir_copy_kept ON fir;
DROP FUNCTION fir_keeps_copy();
CREATE TRIGGER fir_document_elsewhere BEFORE INSERT OR UPDATE OF document ON fir FOR EACH ROW
    WHEN (NEW.document IS NOT NULL) EXECUTE FUNCTION fir_document_elsewhere();

-- An older order in clear is still worked on, until it is sealed.
CREATE FUNCTION court_order_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_document IS NOT NULL THEN
        IF NEW.document_digest <> sha256(NEW.document) THEN
            RAISE EXCEPTION 'the document of an order has another digest'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'court_order_check';
        END IF;
        NEW.document := NULL;
    ELSIF NEW.document IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.document IS DISTINCT FROM OLD.document) THEN
        RAISE EXCEPTION 'the document of an order is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'court_order_sealed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER court_order_sealed BEFORE INSERT OR UPDATE ON court_order FOR EACH ROW
    EXECUTE FUNCTION court_order_sealed();
CREATE TRIGGER court_order_sealed_once BEFORE UPDATE ON court_order FOR EACH ROW
    WHEN (OLD.sealed_document IS NOT NULL AND (
        NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.sealed_document IS DISTINCT FROM OLD.sealed_document
        OR NEW.document_digest IS DISTINCT FROM OLD.document_digest))
    EXECUTE FUNCTION sealed_once();

CREATE FUNCTION hearing_waiver_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_document IS NULL THEN
        RAISE EXCEPTION 'a waiver is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hearing_waiver_sealed';
    ELSIF NEW.document <> '' AND NEW.document_digest <> sha256(NEW.document) THEN
        RAISE EXCEPTION 'a waiver has another digest'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hearing_waiver_check';
    END IF;
    NEW.document := '';
    RETURN NEW;
END $$;
CREATE TRIGGER hearing_waiver_sealed BEFORE INSERT OR UPDATE ON hearing_waiver FOR EACH ROW
    EXECUTE FUNCTION hearing_waiver_sealed();

CREATE FUNCTION returned_funds_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.unreadable <> '{}' AND NEW.sealed_unreadable IS NULL THEN
        RAISE EXCEPTION 'what cannot be read of returned money is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'returned_funds_sealed';
    END IF;
    NEW.unreadable := CASE WHEN NEW.unreadable IS NOT NULL THEN '{}'::jsonb END;
    RETURN NEW;
END $$;
CREATE TRIGGER returned_funds_sealed BEFORE INSERT OR UPDATE ON returned_funds FOR EACH ROW
    EXECUTE FUNCTION returned_funds_sealed();

-- Of an older row only what is sealed is written, once, in place of what is clear.
DROP TRIGGER document_append_only ON document;
CREATE TRIGGER document_append_only BEFORE DELETE OR TRUNCATE ON document
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER document_kept BEFORE UPDATE OF document_id, number, kind, case_no, ack_no, institution, restoration_id,
    grievance_id, order_id, hold_id, request_id, language, template_version, facts, pdf, digest, issued_at, issued_by,
    subject, revision ON document FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER document_sealed_once BEFORE UPDATE ON document FOR EACH ROW
    WHEN (OLD.sealed_pdf IS NOT NULL AND (
        NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.sealed_facts IS DISTINCT FROM OLD.sealed_facts
        OR NEW.sealed_pdf IS DISTINCT FROM OLD.sealed_pdf OR NEW.size_bytes IS DISTINCT FROM OLD.size_bytes
        OR NEW.fir_no IS DISTINCT FROM OLD.fir_no OR NEW.fir_copy_digest IS DISTINCT FROM OLD.fir_copy_digest))
    EXECUTE FUNCTION sealed_once();

DROP TRIGGER fir_copy_append_only ON fir_copy;
CREATE TRIGGER fir_copy_append_only BEFORE DELETE OR TRUNCATE ON fir_copy
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fir_copy_unchanged BEFORE UPDATE OF case_no, digest, fir_id, document ON fir_copy
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fir_copy_sealed_once BEFORE UPDATE ON fir_copy FOR EACH ROW
    WHEN (OLD.sealed IS NOT NULL AND (
        NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.sealed IS DISTINCT FROM OLD.sealed))
    EXECUTE FUNCTION sealed_once();

DROP TRIGGER hearing_waiver_append_only ON hearing_waiver;
CREATE TRIGGER hearing_waiver_append_only BEFORE DELETE OR TRUNCATE ON hearing_waiver
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hearing_waiver_kept BEFORE UPDATE OF restoration_id, visit_no, hold_id, document, document_digest, reason,
    recorded_by, recorded_at, contradict_until ON hearing_waiver FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hearing_waiver_sealed_once BEFORE UPDATE ON hearing_waiver FOR EACH ROW
    WHEN (OLD.sealed_document IS NOT NULL AND (
        NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.sealed_document IS DISTINCT FROM OLD.sealed_document))
    EXECUTE FUNCTION sealed_once();

DROP TRIGGER returned_funds_append_only ON returned_funds;
CREATE TRIGGER returned_funds_append_only BEFORE DELETE OR TRUNCATE ON returned_funds
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER returned_funds_kept BEFORE UPDATE OF returned_id, institution, body_digest, line_no, received_at, message_id,
    created_at, case_no, hop_no, reference, returned_paise, transfer_paise, settled_on, return_id, reason_code, job_id,
    remarks, unreadable ON returned_funds FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER returned_funds_sealed_once BEFORE UPDATE ON returned_funds FOR EACH ROW
    WHEN (OLD.sealed_unreadable IS NOT NULL AND (
        NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.sealed_unreadable IS DISTINCT FROM OLD.sealed_unreadable))
    EXECUTE FUNCTION sealed_once();
