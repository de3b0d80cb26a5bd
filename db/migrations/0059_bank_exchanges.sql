-- What leaves for a bank and what it replies, byte for byte, one row for each time that bytes leave: failed attempts too.
CREATE TABLE bank_exchange (
    exchange_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    about text NOT NULL CHECK (about IN ('hold_request', 'order', 'cancellation')),
    request_id uuid REFERENCES hold_request,
    order_id uuid REFERENCES bank_order,
    channel text NOT NULL CHECK (channel IN ('i4c', 'push', 'pull', 'iso20022', 'email')),
    at timestamptz NOT NULL,
    head text NOT NULL,
    body bytea NOT NULL,
    size_bytes integer NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    masked boolean NOT NULL,
    content bytea,
    reply_head text,
    reply bytea,
    reply_cut boolean NOT NULL,
    failure text NOT NULL,
    CONSTRAINT bank_exchange_about CHECK (
        (request_id IS NOT NULL) = (about = 'hold_request') AND (order_id IS NULL) = (about = 'hold_request')),
    CONSTRAINT bank_exchange_as_sent CHECK (masked OR size_bytes > octet_length(body) OR digest = sha256(body)),
    CONSTRAINT bank_exchange_reply CHECK ((reply_head IS NULL) = (reply IS NULL))
);
CREATE INDEX bank_exchange_request ON bank_exchange (request_id, exchange_id) WHERE request_id IS NOT NULL;
CREATE INDEX bank_exchange_order ON bank_exchange (order_id, about, exchange_id) WHERE order_id IS NOT NULL;
CREATE UNIQUE INDEX bank_exchange_fetched ON bank_exchange (coalesce(request_id, order_id), about, digest)
    WHERE channel = 'pull';
CREATE TRIGGER bank_exchange_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_exchange
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON COLUMN bank_exchange.at IS 'when the bytes began to leave; of what a bank fetched: when it was made';
COMMENT ON COLUMN bank_exchange.head IS 'how it went and where to, a line each; of our headers those that say something, and no secret';
COMMENT ON COLUMN bank_exchange.body IS 'what was sent, cut where it is shorter than size_bytes';
COMMENT ON COLUMN bank_exchange.digest IS 'SHA-256 of the whole as it was sent, where the body here is masked or cut';
COMMENT ON COLUMN bank_exchange.masked IS 'the token of a link is written over in the body, with as many letters x';
COMMENT ON COLUMN bank_exchange.content IS 'what the bank reads once it has opened its envelope; null where the body is that';
COMMENT ON COLUMN bank_exchange.reply_head IS 'the status, and of the headers those that say something; null where no reply came';
COMMENT ON COLUMN bank_exchange.failure IS 'what ended the attempt; empty where the bank has it';

-- What the evidence pack has of an exchange, a file each: this is what events bind.
CREATE FUNCTION bank_exchange_files(p_exchange_id bigint) RETURNS TABLE (name text, bytes bytea) LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN QUERY SELECT f.* FROM bank_exchange x CROSS JOIN LATERAL (VALUES
        ('request.txt', convert_to(x.head, 'UTF8')), ('body', x.body), ('content', x.content),
        ('reply.txt', convert_to(x.reply_head, 'UTF8')), ('reply', x.reply)) AS f (name, bytes)
    WHERE x.exchange_id = p_exchange_id AND f.bytes IS NOT NULL;
END $$;

-- What an event says of the exchanges about a request, an order or its end: the latest, twenty at most.
CREATE FUNCTION bank_exchanges_bound(p_about text, p_id uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    told jsonb;
    lines jsonb;
BEGIN
    WITH latest AS (
        (SELECT x.exchange_id, x.digest, x.reply FROM bank_exchange x
         WHERE x.request_id = p_id AND x.about = p_about ORDER BY x.exchange_id DESC LIMIT 20)
        UNION ALL
        (SELECT x.exchange_id, x.digest, x.reply FROM bank_exchange x
         WHERE x.order_id = p_id AND x.about = p_about ORDER BY x.exchange_id DESC LIMIT 20)
    )
    SELECT jsonb_agg(jsonb_build_object('exchange_id', l.exchange_id, 'sent_sha256', encode(l.digest, 'hex'),
                                        'reply_sha256', encode(sha256(l.reply), 'hex')) ORDER BY l.exchange_id),
        (SELECT jsonb_agg(format('%s  banks/sent/%s/%s', encode(sha256(f.bytes), 'hex'),
                                 lpad(b.exchange_id::text, 10, '0'), f.name) ORDER BY b.exchange_id, f.name)
         FROM latest b, bank_exchange_files(b.exchange_id) f)
    INTO told, lines FROM latest l;
    RETURN CASE WHEN told IS NULL THEN '{}' ELSE jsonb_build_object('exchanges', told, 'bound', lines) END;
END $$;

-- The bank has a request under a job id, over a channel, in a round. No row when another attempt has written the same.
CREATE OR REPLACE FUNCTION request_delivered(
    p_request_id uuid, p_institution text, p_job_id text, p_channel text, p_round integer, p_at timestamptz, p_actor text
) RETURNS TABLE (case_opened_at timestamptz, first_of_case boolean) LANGUAGE plpgsql AS $$
DECLARE
    the_case text;
    new_job boolean;
    first_time boolean;
    -- Before the case is locked.
    exchanged jsonb := bank_exchanges_bound('hold_request', p_request_id);
BEGIN
    SELECT c.case_no, c.opened_at, c.first_delivered_at IS NULL INTO the_case, case_opened_at, first_of_case
    FROM case_file c WHERE c.case_no = (SELECT r.case_no FROM hold_request r WHERE r.request_id = p_request_id)
    FOR NO KEY UPDATE;
    INSERT INTO request_job (institution, job_id, request_id) VALUES (p_institution, p_job_id, p_request_id)
    ON CONFLICT DO NOTHING;
    new_job := FOUND;
    -- An answer that came before this stays the later word.
    UPDATE hold_request SET job_id = coalesce(job_id, p_job_id), delivered_at = coalesce(delivered_at, p_at),
        channel = p_channel, round = p_round,
        state = CASE WHEN state IN ('sending', 'refused') THEN 'delivered' ELSE state END
    WHERE request_id = p_request_id AND (delivered_at IS NULL OR round < p_round);
    first_time := FOUND;
    IF NOT (new_job OR first_time) THEN
        RETURN;
    END IF;
    INSERT INTO request_carriage (request_id, channel, at, outcome) VALUES (p_request_id, p_channel, p_at, 'delivered');
    UPDATE case_file c SET first_delivered_at = coalesce(c.first_delivered_at, p_at) WHERE c.case_no = the_case;
    INSERT INTO case_event (case_no, kind, at, actor, data) VALUES (the_case, 'request_delivered', p_at, p_actor,
        jsonb_build_object('request_id', p_request_id, 'institution', p_institution, 'job_id', p_job_id,
                           'channel', p_channel) || exchanged);
    RETURN NEXT;
END $$;

-- A form as it was posted; null for those that came before it was kept.
ALTER TABLE answer_link_form ADD COLUMN body bytea;
ALTER TABLE order_link_form ADD COLUMN body bytea;
