-- Every process reads bodies and answers sealed. The database takes the clear bytes away once it has compared them with
-- their digest, and refuses a new row in clear. The columns stay for the release before.
CREATE FUNCTION body_is_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed IS NULL THEN
        RAISE EXCEPTION 'a body is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_sealed';
    ELSIF NEW.body <> '' AND NEW.digest <> sha256(NEW.body) THEN
        RAISE EXCEPTION 'a body has another digest' USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_check';
    END IF;
    NEW.body := '';
    RETURN NEW;
END $$;
CREATE TRIGGER bank_body_sealed BEFORE INSERT OR UPDATE ON bank_body FOR EACH ROW EXECUTE FUNCTION body_is_sealed();
CREATE TRIGGER bank_evidence_sealed BEFORE INSERT OR UPDATE ON bank_evidence FOR EACH ROW EXECUTE FUNCTION body_is_sealed();

CREATE FUNCTION bank_exchange_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_body IS NULL THEN
        RAISE EXCEPTION 'what passes between us and a bank is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_exchange_sealed';
    ELSIF NEW.body <> '' AND NEW.body_digest <> sha256(NEW.body)
        OR NEW.content <> '' AND NEW.content_digest <> sha256(NEW.content)
        OR NEW.reply <> '' AND NEW.reply_digest <> sha256(NEW.reply)
    THEN
        RAISE EXCEPTION 'what passed between us and a bank has another digest'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_exchange_digests';
    END IF;
    NEW.body := '';
    NEW.content := CASE WHEN NEW.content IS NOT NULL THEN ''::bytea END;
    NEW.reply := CASE WHEN NEW.reply IS NOT NULL THEN ''::bytea END;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_exchange_sealed BEFORE INSERT OR UPDATE ON bank_exchange FOR EACH ROW
    EXECUTE FUNCTION bank_exchange_sealed();

CREATE FUNCTION answer_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_raw IS NULL THEN
        RAISE EXCEPTION 'a line of an answer is written sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'answer_sealed';
    END IF;
    NEW.raw := '{}';
    RETURN NEW;
END $$;
CREATE TRIGGER answer_sealed BEFORE INSERT OR UPDATE ON answer FOR EACH ROW EXECUTE FUNCTION answer_sealed();

CREATE FUNCTION reply_form_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_form IS NULL THEN
        RAISE EXCEPTION 'a form is written sealed' USING ERRCODE = 'check_violation', CONSTRAINT = 'reply_form_sealed';
    END IF;
    NEW.form := '{}';
    NEW.body := CASE WHEN NEW.body IS NOT NULL THEN ''::bytea END;
    RETURN NEW;
END $$;
CREATE TRIGGER reply_form_sealed BEFORE INSERT OR UPDATE ON reply_form FOR EACH ROW EXECUTE FUNCTION reply_form_sealed();

-- Of an older row only what is sealed is written, once, in place of what is clear.
CREATE FUNCTION sealed_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % is append-only: it is only sealed, once', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

DROP TRIGGER bank_body_append_only ON bank_body;
CREATE TRIGGER bank_body_append_only BEFORE DELETE OR TRUNCATE ON bank_body
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_body_kept BEFORE UPDATE OF body_id, institution, channel, received_at, headers, body, digest ON bank_body
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_body_sealed_once BEFORE UPDATE ON bank_body FOR EACH ROW
    WHEN (OLD.sealed IS NOT NULL AND (
        NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.sealed IS DISTINCT FROM OLD.sealed
        OR NEW.of_bank IS DISTINCT FROM OLD.of_bank))
    EXECUTE FUNCTION sealed_once();

DROP TRIGGER bank_evidence_append_only ON bank_evidence;
CREATE TRIGGER bank_evidence_append_only BEFORE DELETE OR TRUNCATE ON bank_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_evidence_kept BEFORE UPDATE OF evidence_id, institution, received_at, method, path, headers, body,
    digest, about, key_id, signature, signature_base ON bank_evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_evidence_sealed_once BEFORE UPDATE ON bank_evidence FOR EACH ROW
    WHEN (OLD.sealed IS NOT NULL AND (
        NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.sealed IS DISTINCT FROM OLD.sealed))
    EXECUTE FUNCTION sealed_once();

DROP TRIGGER bank_exchange_append_only ON bank_exchange;
CREATE TRIGGER bank_exchange_append_only BEFORE DELETE OR TRUNCATE ON bank_exchange
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_exchange_kept BEFORE UPDATE OF exchange_id, about, request_id, order_id, inquiry_id, channel, at, head,
    body, size_bytes, digest, masked, content, reply_head, reply, reply_cut, failure ON bank_exchange
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_exchange_sealed_once BEFORE UPDATE ON bank_exchange FOR EACH ROW
    WHEN (OLD.sealed_body IS NOT NULL AND (
        NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.sealed_body IS DISTINCT FROM OLD.sealed_body
        OR NEW.sealed_content IS DISTINCT FROM OLD.sealed_content
        OR NEW.sealed_reply IS DISTINCT FROM OLD.sealed_reply
        OR NEW.body_digest IS DISTINCT FROM OLD.body_digest
        OR NEW.content_digest IS DISTINCT FROM OLD.content_digest
        OR NEW.reply_digest IS DISTINCT FROM OLD.reply_digest))
    EXECUTE FUNCTION sealed_once();

DROP TRIGGER reply_form_append_only ON reply_form;
CREATE TRIGGER reply_form_append_only BEFORE DELETE OR TRUNCATE ON reply_form
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reply_form_kept BEFORE UPDATE OF form_id, link_id, received_at, officer_name, officer_designation, form,
    digest, body, confirmed_by ON reply_form FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reply_form_sealed_once BEFORE UPDATE ON reply_form FOR EACH ROW
    WHEN (OLD.sealed_form IS NOT NULL AND (
        NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.sealed_form IS DISTINCT FROM OLD.sealed_form
        OR NEW.sealed_body IS DISTINCT FROM OLD.sealed_body))
    EXECUTE FUNCTION sealed_once();

DROP TRIGGER answer_append_only ON answer;
CREATE TRIGGER answer_append_only BEFORE DELETE OR TRUNCATE ON answer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER answer_kept BEFORE UPDATE OF answer_id, update_id, line_no, case_no, institution, natural_key, hop_nos, kind,
    disposition, status_code, amount_paise, claim_paise, applied_paise, remarks, flags, raw, occurred_at, received_at,
    reference_key, root_reference_key, balance_paise, balance_is_free, within_paise ON answer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER answer_sealed_once BEFORE UPDATE ON answer FOR EACH ROW
    WHEN (OLD.sealed_raw IS NOT NULL AND (
        NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.sealed_raw IS DISTINCT FROM OLD.sealed_raw
        OR NEW.imported_by IS DISTINCT FROM OLD.imported_by
        OR NEW.balance_on_wire IS DISTINCT FROM OLD.balance_on_wire))
    EXECUTE FUNCTION sealed_once();
