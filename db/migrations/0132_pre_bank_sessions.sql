-- A bank without an API had only the links in letters. Its nodal officer now signs in with the bank's login, and the session
-- is a row, so that it has an end that does not depend on the browser.

CREATE TABLE bank_session (
    session_id uuid PRIMARY KEY,
    token_digest bytea NOT NULL CHECK (length(token_digest) = 32),
    institution text NOT NULL REFERENCES institution (code) ON DELETE CASCADE,
    began_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    address text NOT NULL,
    ended_at timestamptz,
    subject_id uuid,
    opened_at timestamptz,
    CONSTRAINT bank_session_opened CHECK ((subject_id IS NULL) = (opened_at IS NULL)),
    CONSTRAINT bank_session_in_order CHECK (began_at <= last_seen_at AND began_at < ends_at)
);
CREATE UNIQUE INDEX bank_session_token ON bank_session (token_digest);
CREATE INDEX bank_session_of_bank ON bank_session (institution);
CREATE INDEX bank_session_ends ON bank_session (ends_at);
COMMENT ON COLUMN bank_session.token_digest IS 'SHA-256 of the token in the browser, which itself is nowhere';
COMMENT ON COLUMN bank_session.ended_at IS 'when the bank signed out, or got another login; null for a session that ends by its time';
COMMENT ON COLUMN bank_session.subject_id IS 'the hold request or order whose form was opened last; colleagues see that it is open';

-- Another login of a bank ends what was begun with the one before.
CREATE FUNCTION bank_login_ends_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE bank_session SET ended_at = present_moment() WHERE institution = NEW.code AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER bank_login_ends_sessions AFTER UPDATE OF inbound_password_hash ON institution FOR EACH ROW
    WHEN (OLD.inbound_password_hash IS DISTINCT FROM NEW.inbound_password_hash)
    EXECUTE FUNCTION bank_login_ends_sessions();
