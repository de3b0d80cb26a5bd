-- The links in the letters to banks, and what was answered through them (docs/email-channel.md).

-- Of the token only the digest is kept: who reads this table can open no link.
CREATE TABLE answer_link (
    link_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_digest bytea NOT NULL UNIQUE CHECK (octet_length(token_digest) = 32),
    request_id uuid NOT NULL REFERENCES hold_request,
    institution text NOT NULL REFERENCES institution,
    sent_to text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CHECK (issued_at < expires_at)
);
CREATE INDEX answer_link_request ON answer_link (request_id);

-- A link is its request's bank's and nobody else's, and of it nothing changes but that it is used up, once.
CREATE FUNCTION answer_link_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.used_at IS NOT NULL OR NOT EXISTS (
            SELECT FROM hold_request r WHERE r.request_id = NEW.request_id AND r.institution = NEW.institution
        ) THEN
            RAISE EXCEPTION 'a new link is unused and of the bank that its request asks'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'answer_link_of_the_bank';
        END IF;
    ELSIF OLD.used_at IS NOT NULL OR NEW.used_at IS NULL
        OR (NEW.link_id, NEW.token_digest, NEW.request_id, NEW.institution, NEW.sent_to, NEW.issued_at, NEW.expires_at)
            IS DISTINCT FROM
            (OLD.link_id, OLD.token_digest, OLD.request_id, OLD.institution, OLD.sent_to, OLD.issued_at, OLD.expires_at)
    THEN
        RAISE EXCEPTION 'of a link only the use is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER answer_link_rules BEFORE INSERT OR UPDATE ON answer_link
    FOR EACH ROW EXECUTE FUNCTION answer_link_rules();
CREATE TRIGGER answer_link_kept BEFORE DELETE OR TRUNCATE ON answer_link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who answered, and the form as it was sent. One form is taken once, however often its button is pressed.
CREATE TABLE answer_link_form (
    form_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link_id bigint NOT NULL REFERENCES answer_link,
    received_at timestamptz NOT NULL,
    officer_name text NOT NULL CHECK (officer_name <> ''),
    officer_designation text NOT NULL CHECK (officer_designation <> ''),
    form jsonb NOT NULL CHECK (jsonb_typeof(form) = 'object'),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    UNIQUE (link_id, digest)
);
CREATE TRIGGER answer_link_form_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON answer_link_form
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
