-- Tables of the peers: the least that makes each step of a case durable. One call is one round trip and one commit.

CREATE TABLE complaint (
    complaint_no bigint PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE hop (
    reference text PRIMARY KEY,
    complaint_no bigint NOT NULL REFERENCES complaint,
    bank integer NOT NULL,
    account text NOT NULL,
    paise bigint NOT NULL CHECK (paise > 0)
);

CREATE TABLE hold_request (
    request_id text PRIMARY KEY,
    reference text NOT NULL UNIQUE REFERENCES hop,
    planned_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz
);

CREATE TABLE answer (
    request_id text PRIMARY KEY REFERENCES hold_request,
    held boolean NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION open_hops(no bigint, hops jsonb) RETURNS text[] LANGUAGE sql AS $$
    WITH named AS (
        SELECT * FROM jsonb_to_recordset(hops) AS one (reference text, bank integer, account text, paise bigint)
    ), opened AS (
        INSERT INTO hop (reference, complaint_no, bank, account, paise)
        SELECT reference, no, bank, account, paise FROM named ON CONFLICT DO NOTHING
    ), planned AS (
        INSERT INTO hold_request (request_id, reference)
        SELECT 'r' || reference, reference FROM named ON CONFLICT DO NOTHING
    )
    SELECT coalesce(array_agg('r' || reference ORDER BY reference), '{}') FROM named
$$;

CREATE FUNCTION take_complaint(no bigint, hops jsonb) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO complaint (complaint_no) VALUES (no) ON CONFLICT DO NOTHING;
    RETURN open_hops(no, hops);
END $$;

CREATE FUNCTION take_answer(request text, is_held boolean, hops jsonb) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO answer (request_id, held) VALUES (request, is_held) ON CONFLICT DO NOTHING;
    IF is_held THEN
        RETURN '{}';
    END IF;
    RETURN open_hops((SELECT h.complaint_no FROM hold_request AS r JOIN hop AS h USING (reference)
                      WHERE r.request_id = request), hops);
END $$;
