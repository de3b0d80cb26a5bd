-- An officer signs in with a password and a code of an authenticator. What an officer knows and has stands here, sealed
-- or as a digest; each use of a code is good once.

CREATE TABLE officer_password (
    officer_id text PRIMARY KEY REFERENCES officer (officer_id),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%' AND length(password_hash) <= 400),
    set_at timestamptz NOT NULL
);
COMMENT ON TABLE officer_password IS 'the password of an officer, as its Argon2id hash; without a row there is no sign-in';

CREATE TABLE officer_totp (
    officer_id text PRIMARY KEY REFERENCES officer (officer_id),
    sealed_secret bytea NOT NULL CHECK (octet_length(sealed_secret) BETWEEN 29 AND 400),
    last_step bigint NOT NULL,
    set_at timestamptz NOT NULL
);
COMMENT ON COLUMN officer_totp.last_step IS 'the last time step whose code was used; only a later one is good';

CREATE FUNCTION officer_totp_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.officer_id <> OLD.officer_id OR (NEW.last_step <= OLD.last_step AND NEW.sealed_secret = OLD.sealed_secret) THEN
        RAISE EXCEPTION 'a code was used before' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER officer_totp_rules BEFORE UPDATE OF officer_id, last_step, set_at ON officer_totp
    FOR EACH ROW EXECUTE FUNCTION officer_totp_rules();

CREATE TABLE recovery_code (
    officer_id text NOT NULL REFERENCES officer (officer_id),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    made_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (officer_id, digest)
);
COMMENT ON TABLE recovery_code IS 'codes in place of the authenticator, each good once';

CREATE FUNCTION recovery_code_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.used_at IS NOT NULL OR NEW.used_at IS NULL
        OR (NEW.officer_id, NEW.digest, NEW.made_at) IS DISTINCT FROM (OLD.officer_id, OLD.digest, OLD.made_at)
    THEN
        RAISE EXCEPTION 'a recovery code is used once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER recovery_code_rules BEFORE UPDATE ON recovery_code
    FOR EACH ROW EXECUTE FUNCTION recovery_code_rules();

CREATE TABLE sign_in_link (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    officer_id text NOT NULL REFERENCES officer (officer_id),
    made_at timestamptz NOT NULL,
    made_by text NOT NULL CHECK (made_by <> ''),
    valid_until timestamptz NOT NULL,
    used_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT sign_in_link_ends CHECK (valid_until > made_at AND valid_until <= made_at + interval '7 days'),
    CONSTRAINT sign_in_link_used_in_time CHECK (used_at <= valid_until),
    CONSTRAINT sign_in_link_used_or_ended CHECK (used_at IS NULL OR ended_at IS NULL)
);
CREATE UNIQUE INDEX sign_in_link_open ON sign_in_link (officer_id) WHERE used_at IS NULL AND ended_at IS NULL;
COMMENT ON TABLE sign_in_link IS 'links by which an officer sets password and authenticator, each good once';

CREATE FUNCTION sign_in_link_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.used_at IS NOT NULL OR OLD.ended_at IS NOT NULL
        OR (NEW.digest, NEW.officer_id, NEW.made_at, NEW.made_by, NEW.valid_until)
            IS DISTINCT FROM (OLD.digest, OLD.officer_id, OLD.made_at, OLD.made_by, OLD.valid_until)
    THEN
        RAISE EXCEPTION 'a link is used once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sign_in_link_rules BEFORE UPDATE ON sign_in_link FOR EACH ROW EXECUTE FUNCTION sign_in_link_rules();

CREATE FUNCTION sign_in_link_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO officer_event (at, actor, kind, officer_id, data) VALUES (NEW.made_at, NEW.made_by, 'link_made',
            NEW.officer_id, jsonb_build_object('valid_until', NEW.valid_until));
    ELSE
        INSERT INTO officer_event (at, actor, kind, officer_id)
        VALUES (NEW.used_at, 'officer:' || NEW.officer_id, 'link_used', NEW.officer_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sign_in_link_made AFTER INSERT ON sign_in_link FOR EACH ROW EXECUTE FUNCTION sign_in_link_told();
CREATE TRIGGER sign_in_link_used AFTER UPDATE OF used_at ON sign_in_link FOR EACH ROW
    WHEN (NEW.used_at IS NOT NULL) EXECUTE FUNCTION sign_in_link_told();
