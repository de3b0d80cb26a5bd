-- Officers and admins see who tried to sign in, and from where. The log is never changed.

CREATE TABLE sign_in_entry (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    officer_id text REFERENCES officer (officer_id),
    name_digest bytea CHECK (octet_length(name_digest) = 32),
    address text NOT NULL CHECK (length(address) <= 64),
    way text NOT NULL CHECK (way IN ('code', 'recovery_code', 'link', 'provider')),
    outcome text NOT NULL CHECK (outcome IN ('signed_in', 'wrong_password', 'wrong_code', 'code_used', 'too_many_codes',
        'no_credentials', 'disabled', 'unknown_name', 'credentials_set', 'password_changed')),
    session_id uuid,
    CONSTRAINT sign_in_entry_names_one CHECK ((officer_id IS NULL) = (name_digest IS NOT NULL)),
    CONSTRAINT sign_in_entry_unknown CHECK ((outcome = 'unknown_name') = (officer_id IS NULL)),
    CONSTRAINT sign_in_entry_session CHECK ((outcome = 'signed_in') = (session_id IS NOT NULL))
);
CREATE INDEX sign_in_entry_by_officer ON sign_in_entry (officer_id, entry_id);
CREATE INDEX sign_in_entry_addresses ON sign_in_entry (officer_id, address, at) WHERE outcome = 'signed_in';
CREATE TRIGGER sign_in_entry_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON sign_in_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON COLUMN sign_in_entry.name_digest IS 'keyed digest of an unknown name, which may be a password typed into the wrong field';
