-- One table for the links in letters to banks and one for the forms that come back, whatever the letter is about.
-- No database has rows to keep.
DROP TABLE answer_link_form, answer_link, order_link_form, order_link;
DROP FUNCTION answer_link_goes(), answer_link_rules(), order_link_rules();

CREATE TABLE reply_link (
    link_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_kind text NOT NULL CHECK (subject_kind IN ('hold_request', 'order')),
    subject_id   uuid NOT NULL,
    token_digest bytea NOT NULL UNIQUE CHECK (octet_length(token_digest) = 32),
    institution  text NOT NULL REFERENCES institution (code),
    sent_to      text NOT NULL,
    issued_at    timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz,
    request_id   uuid GENERATED ALWAYS AS (CASE subject_kind WHEN 'hold_request' THEN subject_id END) STORED
        REFERENCES hold_request (request_id),
    order_id     uuid GENERATED ALWAYS AS (CASE subject_kind WHEN 'order' THEN subject_id END) STORED
        REFERENCES bank_order (order_id),
    CHECK (issued_at < expires_at)
);
COMMENT ON COLUMN reply_link.subject_id IS 'the hold request or the order that the link replies to';
COMMENT ON COLUMN reply_link.token_digest IS 'SHA-256 of the token; the token itself is not kept';
CREATE INDEX reply_link_subject ON reply_link (subject_id);
CREATE INDEX reply_link_unused ON reply_link (expires_at) WHERE used_at IS NULL;

CREATE FUNCTION reply_link_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.used_at IS NOT NULL OR NOT EXISTS (
            SELECT FROM hold_request r
            WHERE NEW.subject_kind = 'hold_request' AND r.request_id = NEW.subject_id AND r.institution = NEW.institution
            UNION ALL SELECT FROM bank_order o
            WHERE NEW.subject_kind = 'order' AND o.order_id = NEW.subject_id AND o.institution = NEW.institution
        ) THEN
            RAISE EXCEPTION 'a new link is unused and of the bank that its subject is for'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'reply_link_of_the_bank';
        END IF;
    ELSIF OLD.used_at IS NOT NULL OR NEW.used_at IS NULL
        OR (NEW.link_id, NEW.subject_kind, NEW.subject_id, NEW.token_digest, NEW.institution, NEW.sent_to,
            NEW.issued_at, NEW.expires_at)
            IS DISTINCT FROM
            (OLD.link_id, OLD.subject_kind, OLD.subject_id, OLD.token_digest, OLD.institution, OLD.sent_to,
             OLD.issued_at, OLD.expires_at)
    THEN
        RAISE EXCEPTION 'of a link only the use is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- A link with a form is evidence: it is used, or the foreign key of the form keeps it.
CREATE FUNCTION reply_link_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.used_at IS NOT NULL OR OLD.expires_at > now() THEN
        RAISE EXCEPTION 'a row of reply_link is deleted only after the link has ended unused'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER reply_link_rules BEFORE INSERT OR UPDATE ON reply_link
    FOR EACH ROW EXECUTE FUNCTION reply_link_rules();
CREATE TRIGGER reply_link_deletion BEFORE DELETE ON reply_link FOR EACH ROW EXECUTE FUNCTION reply_link_deletion();
CREATE TRIGGER reply_link_kept BEFORE TRUNCATE ON reply_link FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE reply_form (
    form_id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link_id             bigint NOT NULL REFERENCES reply_link (link_id),
    received_at         timestamptz NOT NULL,
    officer_name        text NOT NULL CHECK (officer_name <> ''),
    officer_designation text NOT NULL CHECK (officer_designation <> ''),
    form                jsonb NOT NULL CHECK (jsonb_typeof(form) = 'object'),
    digest              bytea NOT NULL CHECK (octet_length(digest) = 32),
    body                bytea,
    UNIQUE (link_id, digest)
);
COMMENT ON COLUMN reply_form.digest IS 'equal for two forms that are filled in alike';
COMMENT ON COLUMN reply_form.body IS 'the form as it was posted';
CREATE TRIGGER reply_form_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reply_form
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
