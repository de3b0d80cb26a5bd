-- A victim reads the own complaint on a page, signs the application by a one-time code, and says how the police acted.
CREATE TABLE victim_code (
    code_id uuid PRIMARY KEY,
    ack_no text NOT NULL REFERENCES complaint (ack_no),
    purpose text NOT NULL CONSTRAINT victim_code_purpose_check CHECK (purpose IN ('enter', 'sign')),
    document_id uuid REFERENCES document (document_id),
    digest bytea NOT NULL CONSTRAINT victim_code_digest_check CHECK (octet_length(digest) = 32),
    mobile_end text NOT NULL CONSTRAINT victim_code_mobile_end_check CHECK (mobile_end ~ '^[0-9]{2}$'),
    mobile_since timestamptz,
    made_at timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    tries_by jsonb NOT NULL DEFAULT '{}' CONSTRAINT victim_code_tries_by_check CHECK (jsonb_typeof(tries_by) = 'object'),
    used_at timestamptz,
    visit_digest bytea CONSTRAINT victim_code_visit_digest_key UNIQUE
        CONSTRAINT victim_code_visit_digest_check CHECK (octet_length(visit_digest) = 32),
    visit_until timestamptz,
    CONSTRAINT victim_code_valid_check CHECK (made_at < valid_until),
    CONSTRAINT victim_code_signs_a_document CHECK ((purpose = 'sign') = (document_id IS NOT NULL)),
    CONSTRAINT victim_code_visit_is_whole CHECK (num_nulls(visit_digest, visit_until) IN (0, 2)),
    CONSTRAINT victim_code_visit_of_a_used_one CHECK (visit_digest IS NULL OR (purpose = 'enter' AND used_at IS NOT NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE victim_code IS
    'a one-time code to a victim''s mobile: to read the own complaint in a visit, or to sign one application';
COMMENT ON COLUMN victim_code.mobile_since IS 'when officers corrected the mobile it went to; null: as the complaint told it';
COMMENT ON COLUMN victim_code.mobile_end IS 'the last two digits of the mobile it went to';
CREATE INDEX victim_code_ack_no ON victim_code (ack_no, made_at);
CREATE INDEX victim_code_made_at ON victim_code (made_at);

CREATE TABLE application_signature (
    document_id uuid PRIMARY KEY REFERENCES document (document_id),
    restoration_id uuid NOT NULL REFERENCES restoration (restoration_id),
    visit_no integer NOT NULL,
    ack_no text NOT NULL REFERENCES complaint (ack_no),
    digest bytea NOT NULL CONSTRAINT application_signature_digest_check CHECK (octet_length(digest) = 32),
    code_id uuid NOT NULL CONSTRAINT application_signature_code_once UNIQUE,
    mobile_end text NOT NULL,
    address_class text NOT NULL CONSTRAINT application_signature_address_class_check
        CHECK (address_class IN ('ipv4', 'ipv6', 'private', 'unknown')),
    signed_at timestamptz NOT NULL,
    CONSTRAINT application_signature_once UNIQUE (restoration_id, visit_no)
);
COMMENT ON TABLE application_signature IS 'the victim''s signature by code under one application; none where it is on paper';
COMMENT ON COLUMN application_signature.digest IS 'SHA-256 of the PDF that the victim was shown';
COMMENT ON COLUMN application_signature.address_class IS 'kind of the address that the code was entered from';
CREATE TRIGGER application_signature_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON application_signature
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION application_signature_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM document d JOIN restoration r ON r.restoration_id = d.restoration_id
        WHERE d.document_id = NEW.document_id AND d.kind = 'restoration_application' AND d.digest = NEW.digest
            AND d.revision = NEW.visit_no AND r.restoration_id = NEW.restoration_id AND r.ack_no = NEW.ack_no
            AND r.state = 'open' AND r.step = 'application' AND r.visit_no = NEW.visit_no
    ) THEN
        RAISE EXCEPTION 'a signature is under the application of the open step, and names its digest'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'application_signature_of_the_step';
    END IF;
    IF NOT EXISTS (
        SELECT FROM victim_code c
        WHERE c.code_id = NEW.code_id AND c.document_id = NEW.document_id AND c.ack_no = NEW.ack_no
            AND c.mobile_end = NEW.mobile_end AND c.used_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a signature needs a code that was sent for this application and was used'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'application_signature_by_a_code';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER application_signature_rules BEFORE INSERT ON application_signature
    FOR EACH ROW EXECUTE FUNCTION application_signature_rules();

-- An officer who has a signed paper ends the step in the own name. The victim ends it by a signature alone.
CREATE FUNCTION restoration_step_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM application_signature s
        WHERE s.restoration_id = NEW.restoration_id AND s.visit_no = NEW.visit_no
    ) THEN
        RAISE EXCEPTION 'a victim ends the application by a signature'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'restoration_step_signed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER restoration_step_signed BEFORE UPDATE ON restoration_step FOR EACH ROW
    WHEN (NEW.step = 'application' AND NEW.outcome = 'done' AND NEW.ended_by = 'victim' AND OLD.ended_at IS NULL)
    EXECUTE FUNCTION restoration_step_signed();

ALTER TABLE document DROP CONSTRAINT document_kind,
    ADD CONSTRAINT document_kind CHECK (kind IN (
        'lien_notice', 'magistrate_report', 'follow_up', 'notice_94', 'notice_106', 'notice_107',
        'restoration_application', 'signed_application', 'restoration_order', 'release_order', 'holder_notice',
        'status_letter')) NOT VALID;
-- The text of a message with a code is taken away. The names of all kinds with a code end alike.
ALTER TABLE message DROP CONSTRAINT message_body_check,
    ADD CONSTRAINT message_body_check CHECK (body <> '' OR right(kind, 5) = '_code') NOT VALID;

-- What victims say of how the police acted. The first table has no number, so that figures name no one.
CREATE TABLE treatment_answer (
    answer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    answered_on date NOT NULL,
    district text NOT NULL,
    respected text NOT NULL CONSTRAINT treatment_answer_respected_check CHECK (respected IN ('yes', 'no', 'dont_know')),
    knows_next text NOT NULL CONSTRAINT treatment_answer_knows_next_check CHECK (knows_next IN ('yes', 'no', 'dont_know'))
);
COMMENT ON TABLE treatment_answer IS 'answers of victims to two questions on how they were treated, without their number';
COMMENT ON COLUMN treatment_answer.district IS 'key of the district of the complaint';
CREATE INDEX treatment_answer_answered_on ON treatment_answer (answered_on, district);
CREATE TRIGGER treatment_answer_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON treatment_answer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE treatment_report (
    ack_no text PRIMARY KEY REFERENCES complaint (ack_no),
    answered_on date NOT NULL,
    is_alarming boolean NOT NULL,
    sealed_text bytea
);
COMMENT ON TABLE treatment_report IS
    'that a victim has answered, and what the victim wrote for a supervisor; sealed under the key of the victim';
CREATE TRIGGER treatment_report_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON treatment_report
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
