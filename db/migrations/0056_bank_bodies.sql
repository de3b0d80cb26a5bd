-- What banks send on the I4C wire and in ISO 20022 files, byte for byte, before anything is made of it: refused ones too.
-- The same bytes again are kept once.
CREATE TABLE bank_body (
    body_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution text NOT NULL REFERENCES institution,
    channel text NOT NULL CHECK (channel IN ('i4c', 'iso20022')),
    received_at timestamptz NOT NULL,
    headers jsonb NOT NULL CHECK (jsonb_typeof(headers) = 'array'),
    body bytea NOT NULL,
    digest bytea NOT NULL CHECK (digest = sha256(body)),
    UNIQUE (institution, digest)
);
CREATE TRIGGER bank_body_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_body
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON COLUMN bank_body.headers IS 'every line as [name, value], in the order they came, but for the token; empty for a file';
