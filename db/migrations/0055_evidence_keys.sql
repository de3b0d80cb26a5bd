-- Every key that has ever signed evidence, so that what was signed before the secret changed still has somebody's word.
CREATE TABLE evidence_key (
    key_sha256 text PRIMARY KEY CHECK (key_sha256 = encode(sha256(convert_to(pem, 'UTF8')), 'hex')),
    pem text NOT NULL,
    first_signed_at timestamptz NOT NULL
);
CREATE TRIGGER evidence_key_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_key
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON COLUMN evidence_key.key_sha256 IS 'SHA-256 of the key as openssl reads it, the fingerprint that is compared';
