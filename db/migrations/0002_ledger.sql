-- The ledger: append-only double entries in paise. Held by the database, not by hope.

CREATE TABLE ledger_transaction (
    transaction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file,
    kind text NOT NULL,
    idempotency_key text NOT NULL UNIQUE,
    payload_digest bytea NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX ledger_transaction_case ON ledger_transaction (case_no, transaction_id);

CREATE TABLE ledger_entry (
    transaction_id bigint NOT NULL REFERENCES ledger_transaction,
    line_no integer NOT NULL,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    bucket text NOT NULL CHECK (bucket IN
        ('lost', 'in_play', 'held', 'withdrawn', 'spent', 'refused', 'untraced', 'restored', 'released')),
    amount_paise bigint NOT NULL CHECK (amount_paise <> 0),
    PRIMARY KEY (transaction_id, line_no),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop
);
CREATE INDEX ledger_entry_case ON ledger_entry (case_no);

-- The sum of the entries, kept by the trigger below and recomputed by `goldenhour verify`.
CREATE TABLE ledger_balance (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    bucket text NOT NULL,
    balance_paise bigint NOT NULL,
    PRIMARY KEY (case_no, hop_no, bucket),
    -- 'lost' is the contra account; no other bucket may fall below zero
    CONSTRAINT ledger_balance_sign CHECK (CASE WHEN bucket = 'lost' THEN balance_paise <= 0 ELSE balance_paise >= 0 END)
) WITH (fillfactor = 70);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Not one upsert: a check is tried on the proposed row too, and a proposed row may well be below zero.
    WITH delta AS (
        SELECT case_no, hop_no, bucket, sum(amount_paise) AS paise FROM entered GROUP BY case_no, hop_no, bucket
    ), changed AS (
        UPDATE ledger_balance b SET balance_paise = b.balance_paise + d.paise FROM delta d
        WHERE b.case_no = d.case_no AND b.hop_no = d.hop_no AND b.bucket = d.bucket
        RETURNING b.case_no, b.hop_no, b.bucket
    )
    INSERT INTO ledger_balance (case_no, hop_no, bucket, balance_paise)
    SELECT d.* FROM delta d WHERE NOT EXISTS (
        SELECT FROM changed c WHERE c.case_no = d.case_no AND c.hop_no = d.hop_no AND c.bucket = d.bucket
    );
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_check_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total numeric;
    cases integer;
BEGIN
    SELECT sum(amount_paise), count(DISTINCT e.case_no) INTO total, cases
    FROM ledger_entry e WHERE e.transaction_id = NEW.transaction_id;
    IF total <> 0 OR cases <> 1 THEN
        RAISE EXCEPTION 'ledger transaction % is off by % paise over % case(s)', NEW.transaction_id, total, cases
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balanced';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_entry_apply AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply();
CREATE CONSTRAINT TRIGGER ledger_balanced AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_balanced();
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_transaction_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Post one transaction. The same key with the same entries is the same posting; with others it is refused.
CREATE FUNCTION ledger_post(
    p_case_no text, p_kind text, p_key text, p_at timestamptz,
    p_hop_nos integer[], p_buckets text[], p_amounts bigint[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    digest bytea := sha256(convert_to(concat_ws('|', p_case_no, p_kind, p_hop_nos, p_buckets, p_amounts), 'UTF8'));
    known bytea;
    posted bigint;
BEGIN
    INSERT INTO ledger_transaction (case_no, kind, idempotency_key, payload_digest, at)
    VALUES (p_case_no, p_kind, p_key, digest, p_at)
    ON CONFLICT (idempotency_key) DO NOTHING RETURNING transaction_id INTO posted;
    IF posted IS NULL THEN
        SELECT payload_digest, transaction_id INTO known, posted
        FROM ledger_transaction WHERE idempotency_key = p_key;
        IF known IS DISTINCT FROM digest THEN
            RAISE EXCEPTION 'ledger key % was used with other entries', p_key
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'ledger_key_reused';
        END IF;
        RETURN posted;
    END IF;
    INSERT INTO ledger_entry (transaction_id, line_no, case_no, hop_no, bucket, amount_paise)
    SELECT posted, line_no, p_case_no, hop_no, bucket, amount
    FROM unnest(p_hop_nos, p_buckets, p_amounts) WITH ORDINALITY AS e (hop_no, bucket, amount, line_no);
    RETURN posted;
END $$;
