-- The keys with which banks sign what they send us, what they signed once, and the signed bytes as evidence.

CREATE TABLE bank_key (
    key_id text PRIMARY KEY CHECK (key_id ~ '^[A-Za-z0-9._:-]{1,100}$'),
    institution text NOT NULL REFERENCES institution,
    -- Ed25519; one key of two banks would leave open who signed
    public_key bytea NOT NULL UNIQUE CHECK (octet_length(public_key) = 32),
    not_before timestamptz NOT NULL,
    not_after timestamptz,
    created_at timestamptz NOT NULL,
    CHECK (not_before < not_after)
);
CREATE INDEX bank_key_institution ON bank_key (institution, not_before);

-- A key only ever gets an end: signatures of years ago must still be verified by it. At no moment has a bank more than
-- two, so that a key that was lost is not forgotten among others.
CREATE FUNCTION bank_key_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.key_id, NEW.institution, NEW.public_key, NEW.not_before, NEW.created_at)
            IS DISTINCT FROM (OLD.key_id, OLD.institution, OLD.public_key, OLD.not_before, OLD.created_at) THEN
        RAISE EXCEPTION 'of bank_key only the end changes' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM FROM institution WHERE code = NEW.institution FOR NO KEY UPDATE;
    -- The number of live keys only rises where one begins.
    IF EXISTS (
        SELECT FROM bank_key start
        WHERE start.institution = NEW.institution
          AND tstzrange(NEW.not_before, NEW.not_after) @> start.not_before
          AND (SELECT count(*) FROM bank_key k WHERE k.institution = NEW.institution
                 AND tstzrange(k.not_before, k.not_after) @> start.not_before) > 2
    ) OR (SELECT count(*) FROM bank_key k WHERE k.institution = NEW.institution
            AND tstzrange(k.not_before, k.not_after) @> NEW.not_before) > 2 THEN
        RAISE EXCEPTION '% would have three keys at once', NEW.institution
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_key_two_live';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bank_key_rules AFTER INSERT OR UPDATE ON bank_key FOR EACH ROW EXECUTE FUNCTION bank_key_rules();
CREATE TRIGGER bank_key_kept BEFORE DELETE OR TRUNCATE ON bank_key
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE bank_nonce (
    key_id text NOT NULL REFERENCES bank_key,
    nonce text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (key_id, nonce)
);
CREATE INDEX bank_nonce_seen ON bank_nonce (seen_at);

-- What a bank signed, byte for byte: with its key above, anybody can verify it again.
CREATE TABLE bank_evidence (
    evidence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution text NOT NULL REFERENCES institution,
    received_at timestamptz NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    headers jsonb NOT NULL CHECK (jsonb_typeof(headers) = 'array'),
    body bytea NOT NULL,
    digest bytea NOT NULL CHECK (digest = sha256(body))
);
CREATE INDEX bank_evidence_institution ON bank_evidence (institution, evidence_id);
CREATE TRIGGER bank_evidence_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON COLUMN bank_evidence.path IS 'raw, with its query';
COMMENT ON COLUMN bank_evidence.headers IS 'every line as [name, value], in the order they came';
